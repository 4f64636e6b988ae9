"""The room of questionnaires: their versions, and what is different between two of them."""

import json
from typing import Any, Final

from flask import current_app, render_template, request

from questionnaires.refusal import Refusal
from survey_app.i18n import _, spoken
from survey_app.security import requires
from survey_app.services.plan.versions import Comparison, compared, versions_of
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


WORDS: Final = {  # what stands in a definition for a machine
    "true": _("có"),
    "false": _("không"),
    "single": _("chọn một"),
    "multiple": _("chọn nhiều"),
    "scale": _("thang đo"),
    "number": _("số"),
    "text": _("viết lời"),
    "note": _("lời dẫn"),
    "dont_know": _("không biết"),
    "no_answer": _("không trả lời"),
    "not_applicable": _("không áp dụng"),
    "draft": _("bản thảo"),
    "published": _("đã công bố"),
    "and": _("và"),
    "or": _("hoặc"),
    "not": _("không phải"),
    "in": _("thuộc"),
    "has": _("có chọn"),
}
CODED: Final = (
    *("required_changed", "sensitive_changed", "kind_changed", "wording_changed"),
    *("option_made_exclusive", "option_made_combinable", "option_meaning_changed"),
)
SIGNS: Final = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}


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
    return render_template("admin/questionnaires_compare.html", **in_words(comparison))


def in_words(comparison: Comparison) -> dict[str, Any]:
    """A comparison as its page and that of a wave's forms show it."""
    words = spoken(WORDS)
    listed = {
        severity: [
            (one, _told(one, one.before, words), _told(one, one.after, words)) for one in found
        ]
        for severity, found in comparison.found.items()
    }
    return {
        "listed": listed,
        "comparison": comparison,
        "severities": spoken(SEVERITIES),
        "meanings": spoken(MEANINGS),
        "kinds": spoken(KINDS),
    }


def told(refusal: Refusal) -> Refusal:
    """A refusal of two versions with the kinds of questions in words, where it names any."""
    words = spoken(WORDS)
    fields = {
        name: words.get(str(value), value) if name in ("before", "after") else value
        for name, value in refusal.fields.items()
    }
    return Refusal(refusal.template, **fields)


def _told(difference: Any, written: str | None, words: dict[str, str]) -> str | None:
    """What stood or stands there, as a person reads it; texts are shown as they are."""
    if written is None:
        return None
    if difference.kind in CODED:
        return words.get(written, written)
    if difference.kind == "routing_changed":
        return _rule(json.loads(written), words)
    if difference.kind == "headline_changed":
        return ", ".join(json.loads(written)) or "–"
    return written


def _rule(rule: Any, words: dict[str, str]) -> str:
    """A rule of routing with the codes of questions: staff ≠ 1 và (trips = 2 hoặc trips = 3)."""
    if not isinstance(rule, list):
        return str(rule)
    op, *parts = rule
    if op == "item":
        return str(parts[0])
    if op == "not":
        return f"{words[op]} ({_rule(parts[0], words)})"
    if op in ("and", "or"):
        inner = (_rule(part, words) for part in parts)
        nested = (
            f"({text})" if part[0] in ("and", "or") else text
            for part, text in zip(parts, inner, strict=True)
        )
        return f" {words[op]} ".join(nested)
    left, right = parts
    listed = op == "in"
    told = ", ".join(map(str, right)) if listed else _rule(right, words)
    return f"{_rule(left, words)} {words.get(op) or SIGNS.get(op, op)} {told}"
