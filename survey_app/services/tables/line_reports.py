"""Tables that staff bring: their columns found by name, and a report that answers line by line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.services.tables.csv_tables import unguarded
from survey_app.services.tables.sheets import ZIP, Sheet, plain, read_sheet

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
YEARS: Final = range(1945, 2101)  # of days that a table may say
MOST_LINES: Final = 20_000
VIETNAMESE_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
CODE: Final = re.compile(r"\w[\w.-]{0,63}")  # it stands in addresses


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


def day_in(given: str) -> date | None:
    """The day that a cell says, as 20/11/2026 or 2026-11-20; None when it says none."""
    match = VIETNAMESE_DAY.fullmatch(given)
    try:
        if match is None:
            return date.fromisoformat(given)
        day, month, year = (int(part) for part in match.groups())
        return date(year, month, day)
    except ValueError:
        return None


def day_told(column: str, given: str) -> date | None:
    """The day that a cell of a column says, None for none; raises `Refusal` naming the column."""
    found = day_in(given)
    if given and (found is None or found.year not in YEARS):
        template = "Cột «{column}»: ngày «{day}» chưa đúng. Ví dụ đúng: 01/07/2025."
        raise Refusal(template, column=column, day=given[:40])
    return found


def code_in(column: str, given: str) -> str:
    """The code that a cell of a column says; raises `Refusal` naming the column."""
    code = unguarded(given)
    if not CODE.fullmatch(code):
        template = (
            "Cột «{column}»: mã «{code}» chỉ được có chữ, số, dấu chấm, gạch ngang, gạch dưới, "
            "tối đa 64 ký tự, bắt đầu bằng chữ hoặc số."
        )
        raise Refusal(template, column=column, code=code[:64])
    return code


def name_in(column: str, given: str, most: int) -> str:
    """The name that a cell of a column says; raises `Refusal` naming the column."""
    name = plain(unguarded(given))
    if not name or len(name) > most or not name.isprintable():
        template = "Cột «{column}» phải có từ 1 đến {most} ký tự."
        raise Refusal(template, column=column, most=most)
    return name


def hold_table(session: Session, table: str) -> None:
    """Let nobody else change a table until this transaction ends; rows may name its rows.

    For a list that two people import at the same moment. On SQLite writers stand in one queue
    anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE'))
