"""Procedures (thủ tục hành chính) by their fields (lĩnh vực), as a list and as a table."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.waves import Procedure
from survey_app.services.plan.waves import exists_on
from survey_app.services.tables.csv_tables import CsvTable
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sorting import vietnamese

COLUMNS: Final = {
    "code": ("mã", "mã thủ tục", "code"),
    "name": ("tên", "tên thủ tục", "name"),
    "field": ("lĩnh vực", "field"),
    "valid_to": ("bãi bỏ từ ngày", "valid_to"),
}
TITLES: Final = {column: titles[0] for column, titles in COLUMNS.items()}


@dataclass(frozen=True)
class ProcedureLine:
    """A procedure in the list with its field (code, name); a field itself has none.

    `valid_to` is the first day on which it is no more.
    """

    code: str
    name: str
    field: tuple[str, str] | None
    valid_to: date | None = None


def procedures_of(session: Session, asked: Asked) -> Cut[ProcedureLine]:
    """A page of the list: each field, followed by its procedures."""
    return cut(all_procedures(session), _text_of, asked)


def all_procedures(session: Session) -> list[ProcedureLine]:
    """All fields by their names, each followed by its procedures by their codes."""
    rows = session.scalars(select(Procedure).order_by(Procedure.code)).all()
    named = {row.id: (row.code, row.name) for row in rows}
    lines = [
        ProcedureLine(
            row.code, row.name, named[row.parent_id] if row.parent_id else None, row.valid_to
        )
        for row in rows
    ]
    places = {field: (vietnamese(field[1]), field[0]) for field in set(map(_field_of, lines))}
    return sorted(lines, key=lambda line: (places[_field_of(line)], line.field is not None))


def choices(session: Session, day: date) -> list[tuple[str, str]]:
    """Code and name of each field and procedure of a day, for a field in which one is typed."""
    query = select(Procedure.code, Procedure.name).where(exists_on(day)).order_by(Procedure.code)
    return [(code, name) for code, name in session.execute(query)]


def procedure_named(session: Session, given: str, day: date) -> Procedure | None:
    """The procedure or field of a day that a code or a full name means; None for nothing given.

    Raises `Refusal` for none or several, and for one that was ended before.
    """
    text = unicodedata.normalize("NFC", given).strip()
    if not text:
        return None
    rows = session.scalars(select(Procedure)).all()
    named = [row for row in rows if row.code == text] or [
        row for row in rows if row.name.casefold() == text.casefold()
    ]
    living = set(session.scalars(select(Procedure.id).where(exists_on(day))))
    found = [row for row in named if row.id in living]
    ended = max((row.valid_to for row in named if row.valid_to), default=None)
    if ended and not found:
        template = "Thủ tục hoặc lĩnh vực «{procedure}» đã bãi bỏ từ ngày {day}."
        raise Refusal(template, procedure=text[:80], day=f"{ended:%d/%m/%Y}")
    if not found:
        template = "Không có thủ tục hoặc lĩnh vực «{procedure}». Xin ghi đúng mã hoặc tên đầy đủ."
        raise Refusal(template, procedure=text[:80])
    if len(found) > 1:
        raise Refusal("Có nhiều thủ tục tên «{procedure}». Xin ghi mã.", procedure=text[:80])
    return found[0]


def write_procedures(lines: Sequence[ProcedureLine], stream: TextIO) -> None:
    """Write the table that `procedure_imports` reads, a line for each field and procedure."""
    table = CsvTable(stream)
    table.write(*TITLES.values())
    for line in lines:
        ended = f"{line.valid_to:%d/%m/%Y}" if line.valid_to else None
        table.write(line.code, line.name, line.field[0] if line.field else None, ended)


def _field_of(line: ProcedureLine) -> tuple[str, str]:
    return line.field or (line.code, line.name)


def _text_of(line: ProcedureLine) -> str:
    return f"{line.code} {line.name} {line.field[1] if line.field else ''}"
