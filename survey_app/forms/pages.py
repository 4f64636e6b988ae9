"""Which questions stand together on a page, and where a person is on the way through them."""

from collections.abc import Mapping
from dataclasses import dataclass

from questionnaires.answers import CheckedAnswers, check_answers, outside_codes
from questionnaires.model import Item, QuestionnaireVersion, Section
from questionnaires.rules import Answer, holds, items_named


@dataclass(frozen=True)
class Page:
    """Some items of one section that are asked together; numbered from 1 through the form."""

    number: int
    section: Section
    section_number: int
    items: tuple[Item, ...]


def pages_of(version: QuestionnaireVersion) -> tuple[Page, ...]:
    """One section a page; a break precedes an item that depends on an item of the same page."""
    pages: list[Page] = []
    for position, section in enumerate(version.section, 1):
        groups: list[list[Item]] = [[]]
        for item in section.item:
            if set(items_named(item.asked_if)) & {other.code for other in groups[-1]}:
                groups.append([])
            groups[-1].append(item)
        for group in groups:
            pages.append(Page(len(pages) + 1, section, position, tuple(group)))
    return tuple(pages)


def numbers_of(version: QuestionnaireVersion) -> dict[str, int]:
    """The number of each question in the whole form, as on paper; notes have none."""
    asked = (item for item in version.items if item.kind != "note")
    return {item.code: number for number, item in enumerate(asked, 1)}


@dataclass(frozen=True)
class Route:
    """The way of one person: the pages of the form and what the answers so far say of them."""

    version: QuestionnaireVersion
    pages: tuple[Page, ...]
    checked: CheckedAnswers

    def items_on(self, page: Page) -> tuple[Item, ...]:
        """The items of a page that are on the path."""
        path, answers = set(self.checked.path), self.checked.answers
        outside = outside_codes(self.version)
        return tuple(
            item
            for item in page.items
            if item.code in path
            or (
                item.kind == "note"
                and (item.asked_if is None or holds(item.asked_if, answers, outside))
            )
        )

    @property
    def shown(self) -> tuple[Page, ...]:
        """The pages that have something to show."""
        return tuple(page for page in self.pages if self.items_on(page))

    @property
    def unfinished(self) -> Page | None:
        """The first page with a question that still needs an answer."""
        wanting = {problem.item for problem in self.checked.problems}
        found = (p for p in self.shown if any(item.code in wanting for item in p.items))
        return next(found, None)

    def page(self, number: int) -> Page | None:
        """A page by its number; None when there is none or nothing of it is asked."""
        return next((page for page in self.shown if page.number == number), None)

    def after(self, page: Page) -> Page | None:
        """The next page; None after the last one."""
        return next((other for other in self.shown if other.number > page.number), None)

    def before(self, page: Page) -> Page | None:
        """The page before; None before the first one."""
        earlier = [other for other in self.shown if other.number < page.number]
        return earlier[-1] if earlier else None


def route_of(version: QuestionnaireVersion, answers: Mapping[str, Answer]) -> Route:
    """The way through a form that the answers so far lead to."""
    return Route(version, pages_of(version), check_answers(version, answers))
