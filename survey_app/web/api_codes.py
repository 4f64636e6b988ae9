"""The door for one-stop systems: one-time codes for dossiers whose result is returned."""

from typing import Any

from flask import Blueprint, current_app, jsonify, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import NotAllowed
from survey_app.i18n import _
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.code_orders import MOST, issue_codes, read_requests
from survey_app.services.devices import device_of
from survey_app.web.batches import read_json

bp = Blueprint("api_codes", __name__, url_prefix="/api/v1")
SYSTEM = "system"
KEYS = {"wave", "items"}


@bp.post("/dossier-codes")
@public
def dossier_codes() -> ReadyPage:
    """Give a code and its address for each dossier; nothing of the request is kept or logged."""
    kind = _kind_of_sender()
    if kind is None:
        answer = current_app.make_response(error_page(401, _("Hệ thống chưa được đăng ký.")))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if kind != SYSTEM:
        raise NotAllowed("Chỉ hệ thống một cửa đã đăng ký được xin mã hồ sơ.")
    asked = _asked()
    if len(asked["items"]) > MOST:
        return error_page(413, _("Mỗi lần xin tối đa {n} mã hồ sơ.", n=MOST))
    requests = read_requests(asked["items"])
    with current_app.extensions["database"].writing() as session:
        codes = issue_codes(session, asked["wave"], requests, clock.now())
    return jsonify(codes=[{"code": code, "url": address_of_code(code)} for code in codes])


def address_of_code(code: str | None) -> str | None:
    """The address that a code opens, as it stands in a message or a QR code."""
    return f"{current_app.extensions['config'].address}/s/c/{code}" if code else None


def _kind_of_sender() -> str | None:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        return None
    with current_app.extensions["database"].reading() as session:
        device = device_of(session, given.token)
        return device.kind if device else None


def _asked() -> dict[str, Any]:
    shape = '{"wave": …, "items": [{"unit": …}]}'
    try:
        found = read_json(request.get_data(cache=False))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise Refusal("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=shape)
    for key in sorted(set(found) - KEYS):
        raise Refusal("Không nhận «{key}» khi xin mã hồ sơ.", key=key[:64])
    if not isinstance(found.get("wave"), str):
        raise Refusal("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=shape)
    return found
