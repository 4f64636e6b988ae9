"""The door for one-stop systems: one-time codes for dossiers whose result is returned."""

from typing import Any, Final

from flask import Response, current_app, jsonify

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.i18n import _
from survey_app.security import public
from survey_app.services.codes.code_orders import MOST, issue_codes, read_requests
from survey_app.web.batches import NotUnderstood, TooMuch, read_object
from survey_app.web.senders import check_system, machine_door

bp = machine_door("api_codes")
SHAPE: Final = '{"wave": …, "items": [{"unit": …}]}'
KEYS: Final = {"wave", "items"}


@bp.post("/dossier-codes")
@public
def dossier_codes() -> Response:
    """Give a code and its address for each dossier; nothing of the request is kept or logged."""
    check_system()
    asked = _asked()
    requests = read_requests(asked["items"])
    with current_app.extensions["database"].writing() as session:
        codes = issue_codes(session, asked["wave"], requests, clock.now())
    return jsonify(codes=[{"code": code, "url": address_of_code(code)} for code in codes])


def address_of_code(code: str | None) -> str | None:
    """The address that a code opens, as it stands in a message or a QR code."""
    return f"{current_app.extensions['config'].address}/s/c/{code}" if code else None


def _asked() -> dict[str, Any]:
    found = read_object(SHAPE)
    if not isinstance(found.get("items"), list) or not isinstance(found.get("wave"), str):
        raise NotUnderstood(SHAPE)
    for key in sorted(set(found) - KEYS):
        raise Refusal("Không nhận «{key}» khi xin mã hồ sơ.", key=key[:64])
    if len(found["items"]) > MOST:
        raise TooMuch(_("Mỗi lần xin tối đa {n} mã hồ sơ.", n=MOST))
    return found
