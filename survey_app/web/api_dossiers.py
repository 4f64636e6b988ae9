"""The door for one-stop systems: how many dossiers were returned at a counter on a day."""

import json
from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import NotAllowed
from survey_app.i18n import _, say
from survey_app.security import public
from survey_app.services.devices import device_of
from survey_app.services.dossier_counts import Entry, plan_counts, store_counts
from survey_app.services.line_reports import WRONG, LineReport
from survey_app.services.points import today_in_viet_nam

bp = Blueprint("api_dossiers", __name__, url_prefix="/api/v1")

SYSTEM: Final = "system"  # the kind of device that may say what the one-stop system knows
MOST: Final = 500
SHAPE: Final = '{"counts": [{"collection_point", "day", "unit", "field", "returned"}]}'
TEXTS: Final = ("collection_point", "day", "unit", "field")


class _NoToken(Exception):  # noqa: N818 - an answer, no error
    """The request carries no token of an enrolled system."""


@bp.put("/dossier-counts")
@public
def put_counts() -> tuple[Response, int]:
    """Take counts of dossiers returned, all or none; the same again changes nothing."""
    _require_system()
    entries = _entries(request.get_data(cache=False))
    with current_app.extensions["database"].writing() as session:
        plan = plan_counts(session, entries, today_in_viet_nam(clock.now()))
        if plan.report.is_clean:
            return jsonify(received=len(entries), changed=store_counts(session, plan)), 200
    return _refused(plan.report), 422


def _require_system() -> None:
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    with current_app.extensions["database"].reading() as session:
        device = device_of(session, token) if token else None
        kind = device.kind if device else None
    if kind is None:
        raise _NoToken
    if kind != SYSTEM:
        raise NotAllowed("Chỉ hệ thống một cửa được gửi số hồ sơ; máy này là thiết bị khác.")


def _entries(body: bytes) -> list[Entry]:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    counts = found.get("counts") if isinstance(found, dict) else None
    if not isinstance(counts, list) or not all(isinstance(count, dict) for count in counts):
        raise Refusal("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=SHAPE)
    if len(counts) > MOST:
        raise Refusal("Mỗi lần gửi tối đa {most} dòng.", most=MOST)
    return [_entry(number, count) for number, count in enumerate(counts, start=1)]


def _entry(number: int, count: dict[str, Any]) -> Entry:
    point, day, unit, field = texts = [count.get(name) or "" for name in TEXTS]
    returned = count.get("returned")
    if isinstance(returned, float) and returned.is_integer():
        returned = int(returned)  # in JSON 7.0 is the integer 7
    if not all(isinstance(text, str) for text in texts) or type(returned) is not int:
        raise Refusal("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=SHAPE)
    return Entry(number, point, day, unit, field, str(returned))


def _refused(report: LineReport) -> Response:
    problems = [
        {"row": line.number, "message": say(line.refusal)}
        for line in report.lines
        if line.status == WRONG and line.refusal
    ]
    wrong = _("Chưa lưu số liệu nào vì còn {n} dòng sai.", n=len(problems))
    return jsonify(error=wrong, problems=problems)


@bp.errorhandler(_NoToken)
def _on_no_token(_error: _NoToken) -> tuple[Response, int, dict[str, str]]:
    message = _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng.")
    return jsonify(error=message), 401, {"WWW-Authenticate": "Bearer"}
