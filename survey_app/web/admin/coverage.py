"""The room of coverage: answers against dossiers returned, and the import of those counts."""

import io
from typing import Final

from flask import current_app, g, render_template, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import NotFound, status_of
from survey_app.i18n import _, say
from survey_app.security import ReadyPage, requires
from survey_app.services import accounts, coverage, dossier_counts
from survey_app.services.line_reports import read_table
from survey_app.services.points import today_in_viet_nam
from survey_app.services.waves import wave_named
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import CSV, attached

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
        accounts.record(session, g.account.id, "download", f"{code} coverage", clock.now())
    heading = (
        *(_("Mã quầy"), _("Đơn vị"), _("Quầy"), _("Ngày")),
        *(_("Phiếu hoàn thành"), _("Phiếu dở dang"), _("Số hồ sơ trả"), _("Tỷ lệ trả lời (%)")),
        *(_("Chưa có số hồ sơ"), _("Phiếu nhiều hơn hồ sơ")),
    )
    stream = io.StringIO()
    coverage.write_coverage(found, heading, stream)
    return attached(stream.getvalue(), CSV, f"do-bao-phu-{code}.csv")


@bp.post(WAVE)
@requires("administrator")
def import_dossiers(code: str) -> ReadyPage:
    """Read a table of dossiers returned and answer every line; store it when asked and all good."""
    sent = request.files.get("file")
    trial = request.form.get("do") != "store"
    today = today_in_viet_nam(clock.now())
    try:
        sheet = read_table(sent.read() if sent else b"", (sent.filename if sent else "") or "CSV")
        entries = dossier_counts.entries_of(sheet)
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            plan = dossier_counts.plan_counts(session, entries, today)
            stored = not trial and plan.report.is_clean
            if stored:
                count = dossier_counts.store_counts(session, plan)
                subject = f"{code} {count}"
                accounts.record(session, g.account.id, "import_dossiers", subject, clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(code, say(refusal)), status_of(refusal)
    page = render_template(
        "admin/coverage_import.html", wave=wave, report=plan.report, stored=stored, say=say
    )
    return page, 200 if plan.report.is_clean else 422


def _page(code: str, message: str | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        found = coverage.coverage_of(session, wave_named(session, code), clock.now())
    shown = next((p for p in found.points if p.code == request.args.get("point")), None)
    return render_template("admin/coverage.html", found=found, shown=shown, message=message)
