"""The door for one-stop systems: how many dossiers were returned at a counter on a day."""

from typing import Any, Final

from flask import Response, current_app, jsonify

from survey_app import clock
from survey_app.days import day_of
from survey_app.i18n import _, say
from survey_app.security import public
from survey_app.services.counter.dossier_counts import Entry, plan_counts, store_counts
from survey_app.services.tables.line_reports import WRONG, LineReport
from survey_app.web.batches import NotUnderstood, TooMuch, read_object
from survey_app.web.senders import check_system, machine_door

bp = machine_door("api_dossiers")
MOST: Final = 500
SHAPE: Final = '{"counts": [{"collection_point", "day", "unit", "field", "returned"}]}'
TEXTS: Final = ("collection_point", "day", "unit", "field")


@bp.put("/dossier-counts")
@public
def put_counts() -> tuple[Response, int]:
    """Take counts of dossiers returned, all or none; the same again changes nothing."""
    check_system()
    entries = _entries()
    with current_app.extensions["database"].writing() as session:
        plan = plan_counts(session, entries, day_of(clock.now()))
        if plan.report.is_clean:
            return jsonify(received=len(entries), changed=store_counts(session, plan)), 200
    return _refused(plan.report), 422


def _entries() -> list[Entry]:
    counts = read_object(SHAPE).get("counts")
    if not isinstance(counts, list) or not all(isinstance(count, dict) for count in counts):
        raise NotUnderstood(SHAPE)
    if len(counts) > MOST:
        raise TooMuch(_("Mỗi lần gửi tối đa {most} dòng.", most=MOST))
    return [_entry(number, count) for number, count in enumerate(counts, start=1)]


def _entry(number: int, count: dict[str, Any]) -> Entry:
    point, day, unit, field = texts = [count.get(name) or "" for name in TEXTS]
    returned = count.get("returned")
    if isinstance(returned, float) and returned.is_integer():
        returned = int(returned)  # in JSON 7.0 is the integer 7
    if not all(isinstance(text, str) for text in texts) or type(returned) is not int:
        raise NotUnderstood(SHAPE)
    return Entry(number, point, day, unit, field, str(returned))


def _refused(report: LineReport) -> Response:
    problems = [
        {"row": line.number, "message": say(line.refusal)}
        for line in report.lines
        if line.status == WRONG and line.refusal
    ]
    wrong = _("Chưa lưu số liệu nào vì còn {n} dòng sai.", n=len(problems))
    return jsonify(error=wrong, problems=problems)
