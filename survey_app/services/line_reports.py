"""Tables that staff bring: their columns found by name, and a report that answers line by line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from questionnaires.refusal import Refusal
from survey_app.services.sheets import ZIP, Sheet, plain, read_sheet

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
MOST_LINES: Final = 20_000


@dataclass(frozen=True)
class Line:
    """What became, or would become, of one line: its number in the file, and why it is wrong."""

    number: int
    status: str
    text: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True)
class LineReport:
    """All lines of a table. Nothing of it is stored while one of them is wrong."""

    lines: tuple[Line, ...]

    def count(self, status: str) -> int:
        """How many lines have a status."""
        return sum(line.status == status for line in self.lines)

    @property
    def is_clean(self) -> bool:
        """Say whether no line is wrong."""
        return self.count(WRONG) == 0


def read_table(content: bytes, name: str) -> Sheet:
    """Read a CSV that was uploaded; raises `Refusal`. A workbook takes NumPy, so it is refused."""
    if content.startswith(ZIP):
        template = "Tệp {file} là bảng tính XLSX. Xin lưu lại thành CSV (UTF-8) rồi nhập."
        raise Refusal(template, file=name)
    sheet = read_sheet(content, name)
    if len(sheet.rows) > MOST_LINES:
        template = "Tệp {file} có hơn {most} dòng. Xin tách thành nhiều tệp rồi nhập lần lượt."
        raise Refusal(template, file=name, most=MOST_LINES)
    return sheet


def columns_of(
    sheet: Sheet, names: Mapping[str, Sequence[str]], required: Iterable[str]
) -> dict[str, int]:
    """The position of each column, found by any of its names; raises `Refusal`.

    A column of another name is refused too: it may be a known one with a slip in its name.
    """
    known = {title: column for column, titles in names.items() for title in titles}
    found: dict[str, int] = {}
    for position, title in enumerate(sheet.header):
        column = known.get(plain(title).casefold())
        if column is None or column in found:
            template = "Tệp {file}: không dùng được cột «{column}». Các cột được dùng: {known}."
            told = ", ".join(titles[0] for titles in names.values())
            raise Refusal(template, file=sheet.name, column=title, known=told)
        found[column] = position
    for column in required:
        if column not in found:
            template = "Tệp {file} thiếu cột «{column}»."
            raise Refusal(template, file=sheet.name, column=names[column][0])
    return found
