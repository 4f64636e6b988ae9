"""What a person has answered, in words, for the page before sending."""

from dataclasses import dataclass

from questionnaires.model import Item
from survey_app.forms.build import Say, name_of
from survey_app.forms.pages import Page, Route, numbers_of


@dataclass(frozen=True)
class Line:
    """One question with the words of its answer; none when it was left empty."""

    number: int
    page: int
    anchor: str
    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class SectionSummary:
    """The answered questions of a section."""

    title: str
    lines: tuple[Line, ...]


def summary_of(route: Route, say: Say) -> tuple[SectionSummary, ...]:
    """The questions on the path with their answers, by section; empty sections are left out."""
    found: dict[str, list[Line]] = {}
    for page in route.shown:
        lines = found.setdefault(say(page.section.title), [])
        lines += [_line(route, page, item, say) for item in route.items_on(page) if _asks(item)]
    return tuple(SectionSummary(title, tuple(lines)) for title, lines in found.items() if lines)


def _asks(item: Item) -> bool:
    return item.kind != "note"


def _line(route: Route, page: Page, item: Item, say: Say) -> Line:
    answer = route.checked.answers.get(item.code, ())
    codes = (answer,) if isinstance(answer, str) else answer
    labels = {option.code: say(option.label) for option in item.option}
    return Line(
        number=numbers_of(route.version)[item.code],
        page=page.number,
        anchor=name_of(item),
        text=say(item.text),
        words=tuple(labels.get(code, code) for code in codes),
    )
