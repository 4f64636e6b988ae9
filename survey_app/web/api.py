"""The door for devices: what to collect, batches of what was collected, visits, signs of life."""

import gzip
import hashlib

from flask import Response, current_app, json, jsonify, request

from survey_app import clock
from survey_app.db import Database
from survey_app.i18n import _
from survey_app.security import public
from survey_app.services.door.responses import SEND_AGAIN
from survey_app.services.door.sealing import make_public_key
from survey_app.services.door.signing import receipt_key
from survey_app.services.field.devices import touch
from survey_app.services.field.packages import package, waves_without_key
from survey_app.web.batches import (
    answer_json,
    answer_to,
    open_batch,
    read_batch,
    read_object,
    receipts_json,
    take_batch,
    take_visits,
)
from survey_app.web.openapi import DOCUMENT
from survey_app.web.senders import machine_door, sender, tablet
from survey_app.web.spoken import notice_in_all

bp = machine_door("api")
for _kind in SEND_AGAIN:
    bp.register_error_handler(_kind, answer_to)


@bp.post("/responses")
@public
def submit() -> Response:
    """Take a batch of responses; the receipts follow the commit."""
    device, batch = sender(), read_batch()
    with _database().writing() as session:
        opened = open_batch(session, batch.items)
        receipts = take_batch(session, opened, device.id, batch.sent_at)
        touch(session, device.id, batch.queue, batch.app, clock.now())
    return receipts_json(receipts)


@bp.post("/visits")
@public
def visits() -> Response:
    """Take a batch of visits from a tablet; the receipts follow the commit."""
    device, batch = tablet(), read_batch("visits")
    with _database().writing() as session:
        opened = open_batch(session, batch.items)
        receipts = take_visits(session, opened, device.id, batch.sent_at)
        touch(session, device.id, batch.queue, batch.app, clock.now())
    return receipts_json(receipts)


@bp.post("/contact")
@public
def contact() -> Response:
    """Hear that a device is alive, and tell it the time."""
    device, said, now = sender(), read_object(), clock.now()
    with _database().writing() as session:
        touch(session, device.id, said.get("queue"), said.get("app"), now)
    return jsonify(server_time=now.isoformat())


@bp.get("/package")
@public
def collectable() -> Response:
    """Give a device what it may collect now; a retired one gets nothing more."""
    device, now = sender(), clock.now()
    if device.is_retired:
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
        found = package(session, current_app.extensions["catalogue"], now, device.id)
    for wave in found["waves"]:
        wave["notice_points"] = notice_in_all(wave["notice_points"])
    found["device"] = {"name": device.name, "surveyor": device.surveyor}
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


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found
