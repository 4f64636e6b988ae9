"""The door for devices: what to collect, and batches of what was collected."""

import json
import logging
import re
from typing import Any, NoReturn

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.i18n import _, say
from survey_app.security import public
from survey_app.services.devices import device_of
from survey_app.services.packages import package
from survey_app.services.responses import (
    LONGEST_CODE,
    SEND_AGAIN,
    ProblemFound,
    Receipt,
    accept_batch,
)
from survey_app.web.openapi import DOCUMENT, LARGEST_BATCH

bp = Blueprint("api", __name__, url_prefix="/api/v1")
RETRY_AFTER = 2  # seconds
MOST_DRAINED = 64 * 1024 * 1024
PIECE = 64 * 1024
CODE = re.compile(rf"[\w.:/-]{{1,{LONGEST_CODE}}}")  # what an item may be called and said back


class _NoToken(Exception):  # noqa: N818 - an answer, no error
    """The request carries no token of an enrolled device."""


class _NotUnderstood(Exception):  # noqa: N818 - an answer, no error
    """The body is not what the interface describes."""


class _TooMuch(Exception):  # noqa: N818 - an answer, no error
    """The body is larger, or the batch longer, than one request may be."""


@bp.post("/responses")
@public
def submit() -> Response:
    """Take a batch of responses; the receipts follow the commit."""
    _require_device()
    responses = _responses(_body())
    with current_app.extensions["database"].writing() as session:
        catalogue = current_app.extensions["catalogue"]
        receipts = accept_batch(session, responses, clock.now(), catalogue)
    return jsonify(receipts=[_receipt(receipt) for receipt in receipts])


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


def read_json(body: bytes) -> Any:
    """Read a JSON text strictly; raises `ValueError` for anything that is not one.

    Refused too: another encoding than UTF-8, NaN and numbers too large to be held, a name that
    stands twice in an object, and nesting without end.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_float=_float,
        )
    except RecursionError:
        raise ValueError("too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("one name twice")
    return found


def _refuse_number(_text: str) -> NoReturn:
    raise ValueError("not a number")


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return found


def _require_device() -> None:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise _NoToken
    with current_app.extensions["database"].reading() as session:
        if device_of(session, given.token) is None:
            raise _NoToken


def _body() -> bytes:
    most = current_app.extensions["config"].max_body
    request.max_content_length = most + 1  # a body in chunks is cut there without a word
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    if body is None or len(body) > most:
        _drain()
        raise _TooMuch
    return body


def _drain() -> None:
    """Read on, so that a client that is still sending hears the answer; within bounds."""
    stream = request.environ["wsgi.input"]
    left = MOST_DRAINED
    if not request.environ.get("wsgi.input_terminated"):
        left = min(left, request.content_length or 0)
    while left > 0:
        piece = stream.read(min(PIECE, left))
        if not piece:
            return
        left -= len(piece)


def _responses(body: bytes) -> list[Any]:
    try:
        found = read_json(body)
    except ValueError:
        raise _NotUnderstood from None
    if not isinstance(found, dict) or not isinstance(found.get("responses"), list):
        raise _NotUnderstood
    responses: list[Any] = found["responses"]
    if len(responses) > LARGEST_BATCH:
        raise _TooMuch
    return responses


def _receipt(receipt: Receipt) -> dict[str, Any]:
    found: dict[str, Any] = {"id": receipt.id, "status": receipt.status}
    if receipt.receipt is not None and receipt.received_at is not None:
        found |= {"receipt": receipt.receipt, "received_at": receipt.received_at.isoformat()}
    return found | {"problems": [_problem(problem) for problem in receipt.problems]}


def _problem(problem: ProblemFound) -> dict[str, str]:
    """A problem with its sentence, in which nothing that the citizen entered is repeated."""
    fields = problem.refusal.fields
    item = problem.item if CODE.fullmatch(problem.item) else ""
    hidden = {name: "…" for name in ("value",) if name in fields}
    if problem.code == "unknown_item":
        hidden["item"] = item or "…"
    told = Refusal(problem.refusal.template, **fields | hidden)
    return {"item": item, "code": problem.code, "message": say(told)}


def _answer(status: int, message: str, **headers: str) -> Response:
    response = jsonify(error=message)
    response.status_code = status
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@bp.errorhandler(_NoToken)
def _on_no_token(_error: _NoToken) -> Response:
    _drain()
    message = _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng.")
    return _answer(401, message, WWW_Authenticate="Bearer")


@bp.errorhandler(_NotUnderstood)
def _on_not_understood(_error: _NotUnderstood) -> Response:
    shape = '{"responses": [...]}'
    return _answer(400, _("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=shape))


@bp.errorhandler(_TooMuch)
def _on_too_much(_error: _TooMuch) -> Response:
    message = _(
        "Nội dung gửi lên quá lớn: mỗi lần gửi tối đa {count} phiếu và {size} byte.",
        count=LARGEST_BATCH,
        size=current_app.extensions["config"].max_body,
    )
    return _answer(413, message)


def _on_busy(error: Exception) -> Response:
    # Its own words are not logged: they repeat the parameters, which are answers.
    logging.getLogger(__name__).warning("no turn at the database: %s", type(error).__name__)
    message = _("Hệ thống đang bận. Xin gửi lại sau vài giây; phiếu vẫn nằm trên thiết bị.")
    return _answer(503, message, Retry_After=str(RETRY_AFTER))


for _reason in SEND_AGAIN:
    bp.register_error_handler(_reason, _on_busy)
