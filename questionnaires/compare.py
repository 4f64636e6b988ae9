"""The machine-classified difference of two versions of a questionnaire."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Literal

from questionnaires.answers import DEFAULT_TEXT_LENGTH
from questionnaires.model import Category, Frozen, Item, QuestionnaireVersion
from questionnaires.refusal import Refusal

Severity = Literal["text", "additive", "breaking", "refused"]
Members = Mapping[str, tuple[str, str]]  # code: (its words, the section it stands in)

# Whoever joins waves reads one column per item code, so a difference is weighed by what it does to
# the answers given under that code. An empty answer is missing on either side.
KINDS: dict[Severity, tuple[str, ...]] = {
    # The same codes mean the same and nothing need be recoded. Words and order may still sway
    # people, so every such difference is listed for them who compare.
    "text": (
        *("text_changed", "legal_basis_changed", "source_changed", "note_changed"),
        *("wording_changed", "headline_changed", "section_added", "section_removed"),
        *("section_moved", "item_moved", "option_moved", "option_text_changed"),
        "sensitive_changed",
    ),
    # Every answer given before is still allowed; some could not be given before.
    "additive": (
        *("item_added", "option_added", "option_made_combinable"),
        *("required_changed", "bounds_widened"),
    ),
    # Answers given before are no longer allowed, or mean something else, or other people were
    # asked: shares stand side by side only after somebody has decided how.
    "breaking": (
        *("item_removed", "option_removed", "option_recoded", "option_meaning_changed"),
        *("option_made_exclusive", "bounds_narrowed", "routing_changed"),
    ),
    # The measure is another one, so the item needs a new code. A step added at the end of a scale
    # counts too: a mean score divides by its top, and six steps are not chosen from like five.
    "refused": ("kind_changed", "scale_changed"),
}
SEVERITY = {kind: severity for severity, kinds in KINDS.items() for kind in kinds}
OF_VERSION = {
    "title": "text_changed",
    "legal_basis": "legal_basis_changed",
    "source": "source_changed",
    "note": "note_changed",
}
OF_SECTION = {"title": "text_changed", "intro": "text_changed"}
OF_ITEM = {
    "text": "text_changed",
    "kind": "kind_changed",
    "asked_if": "routing_changed",
    "required": "required_changed",
    "headline": "headline_changed",
    "wording": "wording_changed",
    "sensitive": "sensitive_changed",
    "source": "source_changed",
}
BOUNDS = {  # the direction in which a bound widens, and what holds when none is given
    "min": (-1, Decimal("-Infinity")),
    "max": (1, Decimal("Infinity")),
    "max_length": (1, Decimal(DEFAULT_TEXT_LENGTH)),
}


@dataclass(frozen=True)
class Difference:
    """One difference: its kind (one of `KINDS`), its place, and what stood and stands there.

    `where` is the code of a section or an item, `item/option`, or empty for the whole version.
    """

    kind: str
    where: str
    before: str | None
    after: str | None

    @property
    def severity(self) -> Severity:
        """What the difference means for somebody who joins answers to both versions."""
        return SEVERITY[self.kind]


def differences(old: QuestionnaireVersion, new: QuestionnaireVersion) -> tuple[Difference, ...]:
    """List how a version differs from an older one, from the whole down to the options.

    Sections, items and options are matched by their codes. The names of shared scales are not
    compared: a respondent meets only the options that each item offers.
    """
    return tuple(_in_version(old, new))


def require_compatible(old: QuestionnaireVersion, new: QuestionnaireVersion) -> None:
    """Raise a `Refusal` when an item keeps its code although its kind or its scale has changed."""
    for found in differences(old, new):
        if found.severity == "refused":
            template = (
                "Phiếu {new} đổi thang đo hoặc loại câu của «{item}» so với phiếu {old} "
                "(trước: {before}; nay: {after}), nên câu hỏi này phải mang mã mới."
            )
            fields = {"item": found.where, "before": found.before, "after": found.after}
            raise Refusal(template, old=old.name, new=new.name, **fields)


def _in_version(old: QuestionnaireVersion, new: QuestionnaireVersion) -> Iterator[Difference]:
    yield from _in_fields("", old, new, OF_VERSION)
    was, now = ({s.code: s for s in side.section} for side in (old, new))
    titles, new_titles = ({c: (s.title, "") for c, s in side.items()} for side in (was, now))
    yield from _in_members("section", "", titles, new_titles)
    for code in _kept(was, now):
        yield from _in_fields(code, was[code], now[code], OF_SECTION)
    texts, new_texts = (
        {item.code: (item.text, section.code) for section in side.section for item in section.item}
        for side in (old, new)
    )
    yield from _in_members("item", "", texts, new_texts)
    items = {item.code: item for item in new.items}
    for item in old.items:
        if item.code in items:
            yield from _in_item(item, items[item.code])


def _in_item(old: Item, new: Item) -> Iterator[Difference]:
    yield from _in_fields(old.code, old, new, OF_ITEM)
    for name, (direction, unset) in BOUNDS.items():
        given = [getattr(item, name) for item in (old, new)]
        before, after = (direction * (unset if bound is None else bound) for bound in given)
        if before != after:
            kind = "bounds_widened" if after > before else "bounds_narrowed"
            yield Difference(kind, old.code, *map(_shown, given))
    was, now = ({option.code: option for option in item.option} for item in (old, new))
    recoded = _recoded(was, now)
    steps, new_steps = ([option.code for option in item.inside] for item in (old, new))
    if "scale" in (old.kind, new.kind) and (steps != new_steps or recoded & {*steps}):
        yield Difference("scale_changed", old.code, _listed(old), _listed(new))
    labels, new_labels = ({c: (o.label, "") for c, o in side.items()} for side in (was, now))
    yield from _in_members("option", f"{old.code}/", labels, new_labels)
    for code in _kept(was, now):
        of_option = {
            "label": "option_recoded" if code in recoded else "option_text_changed",
            "outside": "option_meaning_changed",
            "exclusive": f"option_made_{'exclusive' if now[code].exclusive else 'combinable'}",
        }
        yield from _in_fields(f"{old.code}/{code}", was[code], now[code], of_option)


def _recoded(was: Mapping[str, Category], now: Mapping[str, Category]) -> set[str]:
    """The codes whose words went to or came from another code: the digit now says another thing."""
    words, new_words = ({option.label for option in side.values()} for side in (was, now))
    return {
        code
        for code in _kept(was, now)
        if was[code].label != now[code].label
        and (was[code].label in new_words or now[code].label in words)
    }


def _in_fields(
    where: str, old: Frozen, new: Frozen, kinds: Mapping[str, str]
) -> Iterator[Difference]:
    for name, kind in kinds.items():
        before, after = _shown(getattr(old, name)), _shown(getattr(new, name))
        if before != after:
            yield Difference(kind, where, before, after)


def _in_members(noun: str, prefix: str, was: Members, now: Members) -> Iterator[Difference]:
    for code in was:
        if code not in now:
            yield Difference(f"{noun}_removed", prefix + code, was[code][0], None)
    for code in now:
        if code not in was:
            yield Difference(f"{noun}_added", prefix + code, None, now[code][0])
    before, after = _kept(was, now), _kept(now, was)
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    steady = {code for block in blocks for code in before[block.a : block.a + block.size]}
    for code in after:
        if code not in steady or was[code][1] != now[code][1]:
            places = [f"{side[code][1]} {[*side].index(code) + 1}".strip() for side in (was, now)]
            yield Difference(f"{noun}_moved", prefix + code, *places)


def _kept(was: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [code for code in was if code in now]


def _listed(item: Item) -> str:
    return ", ".join(f"{option.code} {option.label}" for option in item.inside)


def _shown(value: object) -> str | None:
    """Write a value as a person reads it; rules and lists as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
