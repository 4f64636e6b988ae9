"""The one validator of answers: which items are on the path, which values are allowed."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import Answer, holds, number
from questionnaires.text import tidy

DEFAULT_TEXT_LENGTH = 2000
UNSTORABLE = ("Cc", "Cs")  # control signs (a database refuses NUL) and halves of a surrogate pair


@dataclass(frozen=True)
class Problem:
    """What is wrong with one answer: the item, a stable code and the sentence for the person."""

    item: str
    code: str
    refusal: Refusal


@dataclass(frozen=True)
class CheckedAnswers:
    """The outcome of validation.

    `answers` holds the valid on-path answers by item code, `dropped` the items answered off the
    path, `path` the items that were to be asked, in order.
    """

    answers: dict[str, Answer]
    problems: tuple[Problem, ...]
    dropped: tuple[str, ...]
    path: tuple[str, ...]


def check_answers(version: QuestionnaireVersion, given: Mapping[str, Any]) -> CheckedAnswers:
    """Validate the answers to a questionnaire version and recompute its route.

    `given` maps item codes to a code, a list of codes (multiple choice) or a text. Nothing is
    raised: every problem is listed, and an answer with a problem is not among `answers`.
    """
    outside = outside_codes(version)
    answers: dict[str, Answer] = {}
    problems: list[Problem] = []
    dropped: list[str] = []
    path: list[str] = []
    for item in version.items:
        if item.kind == "note":
            continue
        raw = given.get(item.code)
        if item.asked_if is not None and not holds(item.asked_if, answers, outside):
            if _is_given(raw):
                dropped.append(item.code)
            continue
        path.append(item.code)
        try:
            answer = clean_answer(item, raw)
        except Refusal as refusal:
            code = str(refusal.fields.get("problem", "invalid"))
            problems.append(Problem(item.code, code, refusal))
            continue
        if answer is not None:
            answers[item.code] = answer
    known = {item.code for item in version.items if item.kind != "note"}
    for code in given:
        if code not in known:
            template = "Phiếu {version} không có câu hỏi «{item}»."
            unknown = Refusal(template, version=version.name, item=code, problem="unknown_item")
            problems.append(Problem(code, "unknown_item", unknown))
    return CheckedAnswers(answers, tuple(problems), tuple(dropped), tuple(path))


def outside_codes(version: QuestionnaireVersion) -> dict[str, frozenset[str]]:
    """The codes that lie outside the scale, by item."""
    return {
        item.code: frozenset(option.code for option in item.option if option.outside)
        for item in version.items
    }


def clean_answer(item: Item, raw: Any) -> Answer | None:
    """Return the canonical answer to one item, or None when it is validly left empty.

    Raises `Refusal` (field `problem` carries a stable code) when the value is not allowed.
    """
    if isinstance(raw, str):
        raw = tidy(raw)
    if not _is_given(raw):
        if item.required:
            raise _refusal(item, "required", "Vui lòng trả lời câu «{text}».")
        return None
    if item.kind == "multiple":
        return _clean_multiple(item, raw)
    if not isinstance(raw, str):
        raise _refusal(item, "not_text", "Câu «{text}» chỉ nhận một câu trả lời.")
    value = raw.replace("\r\n", "\n").strip()
    if any(unicodedata.category(sign) in UNSTORABLE and sign not in "\n\t" for sign in value):
        raise _refusal(item, "bad_character", "Câu «{text}»: câu trả lời có ký tự không dùng được.")
    if item.kind == "text":
        limit = item.max_length or DEFAULT_TEXT_LENGTH
        if len(value) > limit:
            template = "Câu «{text}»: vui lòng viết không quá {limit} ký tự."
            raise _refusal(item, "too_long", template, limit=limit)
        return value
    if item.kind == "number":
        return _clean_number(item, value)
    _require_option(item, value)
    return value


def _clean_multiple(item: Item, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple) or not all(isinstance(code, str) for code in raw):
        raise _refusal(item, "not_list", "Câu «{text}» nhận một danh sách phương án.")
    chosen = {code.strip() for code in raw}
    for code in sorted(chosen):
        _require_option(item, code)
    alone = [o for o in item.option if o.code in chosen and (o.exclusive or o.outside)]
    if alone and len(chosen) > 1:
        template = "Câu «{text}»: phương án «{label}» không chọn cùng phương án khác."
        raise _refusal(item, "exclusive", template, label=alone[0].label)
    return tuple(option.code for option in item.option if option.code in chosen)


def _clean_number(item: Item, value: str) -> str:
    if value in {option.code for option in item.option}:
        return value
    plain = number(value.replace(",", "."))
    if plain is None:
        raise _refusal(item, "not_number", "Câu «{text}»: vui lòng nhập một số.")
    if item.min is not None and plain < item.min:
        template = "Câu «{text}»: vui lòng nhập số từ {bound} trở lên."
        raise _refusal(item, "too_small", template, bound=item.min)
    if item.max is not None and plain > item.max:
        template = "Câu «{text}»: vui lòng nhập số không quá {bound}."
        raise _refusal(item, "too_large", template, bound=item.max)
    return format((plain + 0).normalize(), "f")  # adding 0 turns -0 into 0


def _require_option(item: Item, code: str) -> None:
    if code not in {option.code for option in item.option}:
        template = "Câu «{text}» ({item}) không có phương án «{value}»."
        raise _refusal(item, "unknown_option", template, value=code)


def _refusal(item: Item, problem: str, template: str, **fields: object) -> Refusal:
    return Refusal(template, problem=problem, item=item.code, text=item.text, **fields)


def _is_given(raw: Any) -> bool:
    if isinstance(raw, str):
        return bool(raw.strip())
    return raw is not None and raw != [] and raw != ()
