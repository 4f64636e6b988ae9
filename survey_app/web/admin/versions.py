"""The room of questionnaires: their versions, and what is different between two of them."""

from typing import Final

from flask import current_app, render_template, request

from survey_app.i18n import _, spoken
from survey_app.security import requires
from survey_app.services.versions import compared, versions_of
from survey_app.web.admin.door import READERS, bp

SEVERITIES: Final = {
    "refused": _("Không được dùng chung mã"),
    "breaking": _("Không so được ngay"),
    "additive": _("Thêm vào"),
    "text": _("Chỉ đổi lời hoặc thứ tự"),
}
MEANINGS: Final = {
    "refused": _(
        "Thang đo hoặc loại câu đã đổi, nên đây là phép đo khác: câu hỏi phải mang mã mới. Một đợt "
        "khảo sát không nhận phiên bản mới khi còn điểm này."
    ),
    "breaking": _(
        "Câu trả lời trước đây nay không còn được nhận, mang nghĩa khác, hoặc câu được hỏi những "
        "người khác. Phải có người quyết định cách ghép trước khi so sánh."
    ),
    "additive": _("Mọi câu trả lời trước đây vẫn hợp lệ; có điều trước đây chưa trả lời được."),
    "text": _("Mã vẫn mang nghĩa cũ. Lời và thứ tự vẫn có thể ảnh hưởng người trả lời."),
}
KINDS: Final = {
    "text_changed": _("đổi lời"),
    "legal_basis_changed": _("đổi căn cứ"),
    "source_changed": _("đổi nguồn"),
    "note_changed": _("đổi ghi chú"),
    "wording_changed": _("đổi tình trạng lời văn (chính thức hay dự thảo)"),
    "headline_changed": _("đổi các mức được cộng khi công bố"),
    "section_added": _("thêm phần"),
    "section_removed": _("bỏ phần"),
    "section_moved": _("dời phần"),
    "item_moved": _("dời câu"),
    "option_moved": _("dời phương án"),
    "option_text_changed": _("đổi lời phương án"),
    "sensitive_changed": _("đổi dấu dữ liệu nhạy cảm"),
    "item_added": _("thêm câu"),
    "option_added": _("thêm phương án"),
    "option_made_combinable": _("phương án nay chọn cùng phương án khác được"),
    "required_changed": _("đổi bắt buộc hay không"),
    "bounds_widened": _("nới giới hạn"),
    "item_removed": _("bỏ câu"),
    "option_removed": _("bỏ phương án"),
    "option_recoded": _("phương án đổi nghĩa cho nhau"),
    "option_meaning_changed": _("phương án ra ngoài hoặc vào trong thang"),
    "option_made_exclusive": _("phương án nay phải chọn một mình"),
    "bounds_narrowed": _("thu hẹp giới hạn"),
    "routing_changed": _("đổi điều kiện hỏi"),
    "kind_changed": _("đổi loại câu"),
    "scale_changed": _("đổi thang đo"),
}


@bp.get("/questionnaires")
@requires(*READERS)
def questionnaires() -> str:
    """Every questionnaire with its versions, and any two of them to be compared."""
    with current_app.extensions["database"].reading() as session:
        found = versions_of(session, current_app.extensions["catalogue"])
    return render_template("admin/questionnaires.html", questionnaires=found)


@bp.get("/questionnaires/<code>/compare")
@requires(*READERS)
def compare_versions(code: str) -> str:
    """What is different in a version, the gravest first; the two stand in the address."""
    pair = request.args.get("old", ""), request.args.get("new", "")
    comparison = compared(current_app.extensions["catalogue"], code, *pair)
    return render_template(
        "admin/questionnaires_compare.html",
        comparison=comparison,
        severities=spoken(SEVERITIES),
        meanings=spoken(MEANINGS),
        kinds=spoken(KINDS),
    )
