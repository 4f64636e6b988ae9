"""The door for devices: what to collect, batches of what was collected, visits, signs of life."""

import gzip
import hashlib
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, json, jsonify, request

from survey_app import clock
from survey_app.db import Database
from survey_app.i18n import _
from survey_app.security import public
from survey_app.services.devices import device_of, touch
from survey_app.services.packages import package, waves_without_key
from survey_app.services.sealing import make_public_key
from survey_app.services.signing import receipt_key
from survey_app.web.batches import (
    ERRORS,
    answer_json,
    answer_to,
    drain,
    read_batch,
    read_object,
    receipts_json,
    take_batch,
    take_visits,
)
from survey_app.web.openapi import DOCUMENT
from survey_app.web.spoken import notice_in_all

bp = Blueprint("api", __name__, url_prefix="/api/v1")
for _kind in ERRORS:
    bp.register_error_handler(_kind, answer_to)


class _NoToken(Exception):  # noqa: N818 - an answer, no error
    """The request carries no token of an enrolled device."""


@dataclass(frozen=True)
class _Sender:
    """The device that asks."""

    id: int
    name: str
    surveyor: str | None
    is_retired: bool


@bp.post("/responses")
@public
def submit() -> Response:
    """Take a batch of responses; the receipts follow the commit."""
    sender, batch = _require_device(), read_batch()
    with _database().writing() as session:
        receipts = take_batch(session, batch, sender.id)
        touch(session, sender.id, batch.queue, batch.app, clock.now())
    return receipts_json(receipts)


@bp.post("/visits")
@public
def visits() -> Response:
    """Take a batch of visits; the receipts follow the commit."""
    sender, batch = _require_device(), read_batch("visits")
    with _database().writing() as session:
        receipts = take_visits(session, batch, sender.id)
        touch(session, sender.id, batch.queue, batch.app, clock.now())
    return receipts_json(receipts)


@bp.post("/contact")
@public
def contact() -> Response:
    """Hear that a device is alive, and tell it the time."""
    sender, said = _require_device(), read_object()
    now = clock.now()
    with _database().writing() as session:
        touch(session, sender.id, said.get("queue"), said.get("app"), now)
    return jsonify(server_time=now.isoformat())


@bp.get("/package")
@public
def collectable() -> Response:
    """Give a device what it may collect now; a retired one gets nothing more."""
    sender, now = _require_device(), clock.now()
    if sender.is_retired:
        message = _("Máy này đã thôi dùng để khảo sát. Phiếu còn trên máy vẫn gửi được.")
        return answer_json(403, message)
    secret_key = current_app.extensions["config"].secret_key
    with _database().reading() as session:
        unsealable = waves_without_key(session, now)
    if unsealable:
        with _database().writing() as session:
            for wave_id in unsealable:
                make_public_key(session, wave_id, secret_key)
    with _database().reading() as session:
        found = package(session, current_app.extensions["catalogue"], now, sender.id)
    for wave in found["waves"]:
        wave["notice_points"] = notice_in_all(wave["notice_points"])
    found["device"] = {"name": sender.name, "surveyor": sender.surveyor}
    found["receipt_key"] = receipt_key(secret_key)
    same = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    answer = jsonify(found | {"server_time": now.isoformat()})
    answer.set_etag(same[:16], weak=True)  # the time in it is another each time
    # Packed: public words and what is the device's own, nothing a stranger could have put there.
    if request.accept_encodings["gzip"] > 0:
        answer.set_data(gzip.compress(answer.get_data(), mtime=0))
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.make_conditional(request)
    return answer


@bp.get("/openapi.json")
@public
def description() -> Response:
    """Describe this interface to machines."""
    return jsonify(DOCUMENT)


def _require_device() -> _Sender:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise _NoToken
    with _database().reading() as session:
        device = device_of(session, given.token)
        if device is None:
            raise _NoToken
        retired = device.retired_at is not None
        return _Sender(device.id, device.name, device.surveyor, retired)


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found


@bp.errorhandler(_NoToken)
def _on_no_token(_error: _NoToken) -> Response:
    drain()
    message = _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng.")
    return answer_json(401, message, WWW_Authenticate="Bearer")
