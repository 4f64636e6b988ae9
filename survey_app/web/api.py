"""The door for devices: what to collect, and batches of what was collected."""

from flask import Blueprint, Response, current_app, jsonify, request

from survey_app import clock
from survey_app.i18n import _
from survey_app.security import public
from survey_app.services.devices import device_of
from survey_app.services.packages import package
from survey_app.web.batches import (
    ERRORS,
    answer_json,
    answer_to,
    drain,
    open_batch,
    read_batch,
    receipts_json,
    take_batch,
)
from survey_app.web.openapi import DOCUMENT

bp = Blueprint("api", __name__, url_prefix="/api/v1")
for _kind in ERRORS:
    bp.register_error_handler(_kind, answer_to)


class _NoToken(Exception):  # noqa: N818 - an answer, no error
    """The request carries no token of an enrolled device."""


@bp.post("/responses")
@public
def submit() -> Response:
    """Take a batch of responses; the receipts follow the commit."""
    device_id = _require_device()
    responses = read_batch()
    with current_app.extensions["database"].writing() as session:
        receipts = take_batch(session, open_batch(session, responses), device_id)
    return receipts_json(receipts)


@bp.get("/package")
@public
def collectable() -> Response:
    """Give a device what it may collect now."""
    _require_device()
    with current_app.extensions["database"].reading() as session:
        found = package(session, current_app.extensions["catalogue"], clock.now())
    return jsonify(found)


@bp.get("/openapi.json")
@public
def description() -> Response:
    """Describe this interface to machines."""
    return jsonify(DOCUMENT)


def _require_device() -> int:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise _NoToken
    with current_app.extensions["database"].reading() as session:
        device = device_of(session, given.token)
    if device is None:
        raise _NoToken
    return device.id


@bp.errorhandler(_NoToken)
def _on_no_token(_error: _NoToken) -> Response:
    drain()
    message = _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng.")
    return answer_json(401, message, WWW_Authenticate="Bearer")
