"""Words that a page has in every language at once, to change language without a network."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import g

from survey_app.i18n import LANGUAGES, _, current_locale, translate, use_locale
from survey_app.services.door.consent import Point, Sentence


def in_every_language(words: Callable[[], dict[str, str]]) -> dict[str, dict[str, str]]:
    """Texts by language and key; the request speaks afterwards what it spoke before."""
    spoken = current_locale()
    found = {}
    for language in LANGUAGES:
        use_locale(language)
        found[language] = words()
    g.locale = spoken
    return found


def notice_in_all(points: Sequence[Point]) -> dict[str, list[dict[str, Any]]]:
    """The consent notice by language: each point as a question and its answer."""

    def told(sentence: Sentence, language: str) -> str:
        return translate(sentence.template, language, **sentence.fields)

    return {
        language: [
            {
                "question": told(point.question, language),
                "answer": " ".join(told(sentence, language) for sentence in point.answer),
            }
            for point in points
        ]
        for language in LANGUAGES
    }


def rated_label(is_procedure: bool) -> str:
    """What stands before the name of the procedure or field that a link is for."""
    return _("Thủ tục hành chính được đánh giá") if is_procedure else _("Lĩnh vực được đánh giá")


def asking() -> dict[str, str]:
    """What stands around a question, at a kiosk and on a tablet."""
    return {
        "progress": _("Câu {n} trong {total} câu"),
        "back": _("Quay lại"),
        "next": _("Tiếp tục"),
        "skip": _("Bỏ qua câu này"),
        "several": _("Ông/Bà có thể chọn nhiều câu trả lời."),
        "listen": _("Nghe câu hỏi"),
        "choose": _("Vui lòng chọn hoặc nhập câu trả lời."),
        "not_number": _("Vui lòng nhập một số."),
        "out_of_range": _("Số này nằm ngoài khoảng cho phép. Vui lòng xem lại."),
        "too_long": _("Vui lòng viết không quá {n} ký tự."),
        "bad_sign": _("Có ký tự không dùng được, vui lòng viết lại."),
    }
