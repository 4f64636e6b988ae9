"""The room of coverage: answers against dossiers returned, and the import of those counts."""

from functools import partial
from typing import Any, Final

from flask import current_app, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.days import day_of
from survey_app.i18n import _
from survey_app.security import ReadyPage, requires
from survey_app.services.counter import coverage, dossier_counts
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables.sheets import Sheet
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import Planned, csv_file, record, room_page, take_table

WAVE: Final = "/waves/<code>/coverage"


@bp.get(WAVE)
@requires(*READERS)
def wave_coverage(code: str) -> str:
    """The response rate of a wave at its counters: as a whole, per counter, per day."""
    return _page(code)


@bp.get(WAVE + "/coverage.csv")
@requires(*READERS)
def coverage_csv(code: str) -> ReadyPage:
    """A line per counter and day, as a file; who took it is recorded."""
    with current_app.extensions["database"].writing() as session:
        found = coverage.coverage_of(session, wave_named(session, code), clock.now())
        record(session, "download", f"{code} coverage")
    heading = (
        *(_("Mã quầy"), _("Đơn vị"), _("Quầy"), _("Ngày")),
        *(_("Phiếu hoàn thành"), _("Phiếu dở dang"), _("Số hồ sơ trả"), _("Tỷ lệ trả lời (%)")),
        *(_("Chưa có số hồ sơ"), _("Phiếu nhiều hơn hồ sơ")),
    )
    return csv_file(partial(coverage.write_coverage, found, heading), f"do-bao-phu-{code}.csv")


@bp.post(WAVE)
@requires("administrator")
def import_dossiers(code: str) -> ReadyPage:
    """Read a table of dossiers returned and answer every line; store it when asked and all good."""

    def plan(session: Any, _wave: Any, sheet: Sheet) -> Planned:
        today, entries = day_of(clock.now()), dossier_counts.entries_of(sheet)
        found = dossier_counts.plan_counts(session, entries, today)
        return found.report, partial(dossier_counts.store_counts, session, found)

    refused = partial(_page, code)
    return take_table(code, "import_dossiers", plan, "coverage_import.html", refused)


def _page(code: str, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        found = coverage.coverage_of(session, wave_named(session, code), clock.now())
    shown = next((p for p in found.points if p.code == request.args.get("point")), None)
    return room_page("coverage.html", refusal, found=found, shown=shown)
