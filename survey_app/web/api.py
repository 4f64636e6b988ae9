"""The door for devices: what to collect, and batches of what was collected."""

from flask import Response, current_app, jsonify

from survey_app import clock
from survey_app.security import public
from survey_app.services.packages import package
from survey_app.services.responses import SEND_AGAIN
from survey_app.web.batches import (
    answer_to,
    open_batch,
    read_batch,
    receipts_json,
    take_batch,
)
from survey_app.web.openapi import DOCUMENT
from survey_app.web.senders import machine_door, sender

bp = machine_door("api")
for _kind in SEND_AGAIN:
    bp.register_error_handler(_kind, answer_to)


@bp.post("/responses")
@public
def submit() -> Response:
    """Take a batch of responses; the receipts follow the commit."""
    device_id = sender().id
    responses = read_batch()
    with current_app.extensions["database"].writing() as session:
        receipts = take_batch(session, open_batch(session, responses), device_id)
    return receipts_json(receipts)


@bp.get("/package")
@public
def collectable() -> Response:
    """Give a device what it may collect now."""
    sender()
    with current_app.extensions["database"].reading() as session:
        found = package(session, current_app.extensions["catalogue"], clock.now())
    return jsonify(found)


@bp.get("/openapi.json")
@public
def description() -> Response:
    """Describe this interface to machines."""
    return jsonify(DOCUMENT)
