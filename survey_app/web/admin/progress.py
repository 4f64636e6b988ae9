"""The room of fieldwork: outcomes of households, rates, how interviews were held, as a file too."""

import io
from typing import Final

from flask import current_app, render_template

from survey_app.i18n import _
from survey_app.security import ReadyPage, requires
from survey_app.services.field import progress
from survey_app.services.plan.waves import wave_named
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import CSV, attached, record

WAVE: Final = "/waves/<code>/progress"


@bp.get(WAVE, endpoint="progress")
@requires(*READERS)
def see(code: str) -> str:
    """The fieldwork of a wave: as a whole, and per assignment."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        found = progress.progress_of(session, wave)
    return render_template("admin/progress.html", wave=wave, found=found)


@bp.get(WAVE + ".csv")
@requires(*READERS)
def progress_csv(code: str) -> ReadyPage:
    """A line per assignment, as a file; who took it is recorded."""
    with current_app.extensions["database"].writing() as session:
        found = progress.progress_of(session, wave_named(session, code))
        record(session, "download", f"{code} progress")
    heading = (
        *(_("Mã phân công"), _("Đơn vị"), _("Địa bàn"), _("Máy"), _("Điều tra viên")),
        *(_("Số hộ"), _("Hộ dự phòng"), _("Hộ đã đến"), _("Lần tiếp cận")),
        *(_("Hộ hoàn thành"), _("Hộ thay thế đã dùng"), _("Hộ còn dở"), _("Phiếu đã nhận")),
        *(_("Hộ hỏi khác bảng Kish"), _("Hộ báo nhiều số người khác nhau")),
        *(
            _("Lần tiếp cận báo hai nội dung"),
            _("Lần tiếp cận sai ngày"),
            _("Hộ ngoài số được giao"),
        ),
        *(_("Tỷ lệ trả lời RR1 (%)"), _("Tỷ lệ hợp tác COOP1 (%)")),
        *(_("Tỷ lệ từ chối REF1 (%)"), _("Tỷ lệ gặp được CON1 (%)")),
    )
    stream = io.StringIO()
    progress.write_progress(found, heading, stream)
    return attached(stream.getvalue(), CSV, f"tien-do-{code}.csv")
