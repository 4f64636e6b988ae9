"""Long lists: what is searched for, and the page of it that is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from survey_app.services.tables.sorting import holds

PAGE: Final = 50  # lines on a page
Row = TypeVar("Row")


@dataclass(frozen=True)
class Asked:
    """Which part of a list is asked for: words to look for, the page, and a kind (`only`)."""

    search: str = ""
    page: int = 1
    only: str = ""


@dataclass(frozen=True)
class Cut(Generic[Row]):
    """One page of a list; `total` counts all of it, `found` what was looked for."""

    lines: tuple[Row, ...]
    total: int
    found: int
    page: int
    pages: int


def cut(rows: Sequence[Row], text_of: Callable[[Row], str], asked: Asked) -> Cut[Row]:
    """The page asked for, or the nearest there is.

    The search reads a text of each row without accents or case, which no database does alike.
    """
    found = [row for row in rows if holds(text_of(row), asked.search)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(asked.page, 1), pages)
    lines = found[(page - 1) * PAGE : page * PAGE]
    return Cut(tuple(lines), len(rows), len(found), page, pages)
