"""Units of the administration: who is under whom and since when, as a list and as a table."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.units import Unit
from survey_app.services.tables.csv_tables import CsvTable
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sorting import vietnamese

LIVING, ENDED = "living", "ended"  # kinds of lines in the list
COLUMNS: Final = {
    "code": ("mã", "mã đơn vị", "code"),
    "name": ("tên", "tên đơn vị", "name"),
    "level": ("cấp", "level"),
    "parent": ("mã cấp trên", "parent"),
    "valid_from": ("từ ngày", "valid_from"),
    "valid_to": ("ngừng từ ngày", "valid_to"),
    "predecessor": ("mã đơn vị trước", "predecessor"),
}
LEVELS: Final = {  # as with titles, the first of the words is the one that is written
    "province": ("tỉnh", "thành phố", "province"),
    "department": ("sở", "ban", "ngành", "department"),
    "district": ("huyện", "district"),
    "commune": ("xã", "phường", "đặc khu", "commune"),
    "centre": ("trung tâm", "centre"),
}
TITLES: Final = {column: titles[0] for column, titles in COLUMNS.items()}
LEVEL_WORDS: Final = {level: words[0] for level, words in LEVELS.items()}


@dataclass(frozen=True)
class UnitLine:
    """A unit in the list; `parent` and `predecessor` are (code, name), `ended` the day it ceased.

    A day of ceasing that is still to come makes no ended unit.
    """

    code: str
    name: str
    level: str
    parent: tuple[str, str] | None
    predecessor: tuple[str, str] | None
    valid_from: date
    valid_to: date | None
    is_ended: bool


def has_units(session: Session) -> bool:
    """Say whether any unit is known; without one no counter can be made."""
    return session.scalar(select(Unit.id).limit(1)) is not None


def units_of(session: Session, asked: Asked, today: date) -> Cut[UnitLine]:
    """A page of the list, each unit followed by those under it; `only` is `LIVING` or `ENDED`."""
    lines = all_units(session, today)
    if asked.only:
        lines = [line for line in lines if line.is_ended == (asked.only == ENDED)]
    return cut(lines, _text_of, asked)


def all_units(session: Session, today: date) -> list[UnitLine]:
    """All units there ever were, each followed by those under it; living ones first."""
    units = {unit.id: unit for unit in session.scalars(select(Unit))}

    def named(identity: int | None) -> tuple[str, str] | None:
        return (units[identity].code, units[identity].name) if identity else None

    return [
        UnitLine(
            code=unit.code,
            name=unit.name,
            level=unit.level,
            parent=named(unit.parent_id),
            predecessor=named(unit.predecessor_id),
            valid_from=unit.valid_from,
            valid_to=unit.valid_to,
            is_ended=_has_ended(unit, today),
        )
        for unit in _in_tree_order(list(units.values()), today)
    ]


def write_units(lines: Sequence[UnitLine], stream: TextIO) -> None:
    """Write the table that `unit_imports` reads: the columns, and a line for each unit."""
    table = CsvTable(stream)
    table.write(*TITLES.values())
    for line in lines:
        table.write(
            line.code,
            line.name,
            LEVEL_WORDS.get(line.level, line.level),
            line.parent[0] if line.parent else None,
            f"{line.valid_from:%d/%m/%Y}",
            f"{line.valid_to:%d/%m/%Y}" if line.valid_to else None,
            line.predecessor[0] if line.predecessor else None,
        )


def _has_ended(unit: Unit, today: date) -> bool:
    return unit.valid_to is not None and unit.valid_to <= today


def _in_tree_order(units: Sequence[Unit], today: date) -> list[Unit]:
    below: dict[int | None, list[Unit]] = defaultdict(list)
    for unit in units:
        below[unit.parent_id].append(unit)
    for siblings in below.values():
        siblings.sort(key=lambda unit: vietnamese(unit.name), reverse=True)
        siblings.sort(key=lambda unit: not _has_ended(unit, today))
    found, waiting = [], list(below[None])
    while waiting:
        found.append(waiting.pop())
        waiting += below[found[-1].id]
    return found


def _text_of(line: UnitLine) -> str:
    above = line.parent or ("", "")
    return f"{line.code} {line.name} {above[0]} {above[1]}"
