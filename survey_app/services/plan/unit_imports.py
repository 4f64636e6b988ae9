"""Import of units from a table: new ones, changes, ends; every line is answered, all or nothing."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.units import Unit
from survey_app.services.plan.units import COLUMNS, LEVEL_WORDS, LEVELS, TITLES
from survey_app.services.tables.line_reports import (
    CHANGED,
    NEW,
    SAME,
    WRONG,
    Line,
    LineReport,
    code_in,
    columns_of,
    day_told,
    hold_table,
    name_in,
)
from survey_app.services.tables.sheets import Row, Sheet, plain

LONGEST_NAME: Final = 200
CHANGING: Final = ("name", "level", "parent", "valid_from", "valid_to", "predecessor")
LEVEL_OF: Final = {word: level for level, words in LEVELS.items() for word in words}


@dataclass(eq=False)
class Entry:
    """A unit as it will be: one that is stored (`row`), or one that a line asks for.

    `valid_to` is the first day on which it is no more.
    """

    code: str
    valid_from: date
    name: str = ""
    level: str = ""
    valid_to: date | None = None
    parent: "Entry | None" = None
    predecessor: "Entry | None" = None
    row: Unit | None = None
    line: int = 0  # the line of the table that tells it
    before: "Entry | None" = None

    def overlaps(self, other: "Entry") -> bool:
        """Say whether there is a day on which both exist."""
        ends = self.valid_to or date.max, other.valid_to or date.max
        return self.valid_from < ends[1] and other.valid_from < ends[0]


@dataclass(frozen=True)
class UnitPlan:
    """What a table of units would do; `entries` are those to be added or changed."""

    report: LineReport
    entries: tuple[Entry, ...]


def plan_units(session: Session, sheet: Sheet, today: date) -> UnitPlan:
    """Read a table of units against those of now; stores nothing.

    A line with a day names the unit of that code which began on it or, since a code has one unit at
    a time, began later as far as was known. One without a day names the last of that code; a new
    unit without a day begins today. Else an empty cell takes back what is known, and a missing
    column leaves it. Raises `Refusal` when the table as a whole cannot be read.
    """
    hold_table(session, Unit.__tablename__)
    reader = _Reader(session, sheet, today)
    wrong: dict[int, Refusal] = {}
    read: list[tuple[Row, Entry]] = []
    for row in sheet.rows:
        try:
            read.append((row, reader.read(row)))
        except Refusal as refusal:
            wrong[row.number] = refusal
    for row, entry in read:
        try:
            reader.join(row, entry)
        except Refusal as refusal:
            wrong[row.number] = refusal
    for row, entry in read:
        if row.number not in wrong and _is_under_itself(entry):
            template = "Cột «{column}»: «{code}» trở thành cấp trên của chính mình."
            wrong[row.number] = Refusal(template, column=TITLES["parent"], code=entry.code)
    found = {entry.line: entry for _row, entry in read}
    lines = [
        Line(row.number, WRONG, refusal=wrong[row.number])
        if row.number in wrong
        else _judged(found[row.number])
        for row in sheet.rows
    ]
    changing = {line.number for line in lines if line.status in (NEW, CHANGED)}
    planned = tuple(entry for line, entry in found.items() if line in changing)
    return UnitPlan(LineReport(tuple(lines)), planned)


def store_units(session: Session, plan: UnitPlan) -> int:
    """Store the units of a clean plan; returns how many are new or changed.

    Raises `Refusal` while a line is wrong.
    """
    if not plan.report.is_clean:
        raise Refusal("Chưa nhập đơn vị nào vì còn {n} dòng sai.", n=plan.report.count(WRONG))
    rows = [(entry, entry.row or Unit(code=entry.code)) for entry in plan.entries]
    for entry, unit in rows:
        unit.name, unit.level = entry.name, entry.level
        unit.valid_from, unit.valid_to = entry.valid_from, entry.valid_to
        entry.row = unit
    session.add_all(unit for _entry, unit in rows)
    session.flush()
    for entry, unit in rows:
        unit.parent_id = _identity(entry.parent)
        unit.predecessor_id = _identity(entry.predecessor)
    session.flush()
    return len(rows)


class _Reader:
    """Reads lines against the units of now, which it turns into those that will be."""

    def __init__(self, session: Session, sheet: Sheet, today: date) -> None:
        self._places = columns_of(sheet, COLUMNS, ("code", "name", "level"))
        sheet.require_values(self._places.values())
        self._today = today
        self._named = {row.cells[self._places["code"]] for row in sheet.rows}
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in _known(session):
            self._entries[entry.code].append(entry)

    def read(self, row: Row) -> Entry:
        """The unit of a line, with what the line says of it alone."""
        code = code_in(TITLES["code"], self._cell(row, "code"))
        name = name_in(TITLES["name"], self._cell(row, "name"), LONGEST_NAME)
        level = _level(self._cell(row, "level"))
        begins, ends = self._day(row, "valid_from"), self._day(row, "valid_to")
        entry = self._entry(code, begins, ends)
        if entry.line:
            raise Refusal("Mã «{code}» đã có ở dòng {row}.", code=code, row=entry.line)
        begins = begins or entry.valid_from
        ends = ends if "valid_to" in self._places else entry.valid_to
        if ends is not None and ends <= begins:
            template = "Cột «{column}»: đơn vị hoạt động từ {day} nên phải ngừng sau ngày đó."
            raise Refusal(template, column=TITLES["valid_to"], day=f"{begins:%d/%m/%Y}")
        if not entry.row:
            self._entries[code].append(entry)
        entry.line, entry.name, entry.level = row.number, name, level
        entry.valid_from, entry.valid_to = begins, ends
        return entry

    def join(self, row: Row, entry: Entry) -> None:
        """Join the unit of a line to those that the line names, once all lines are read."""
        for other in self._entries[entry.code]:
            if other is not entry and other.overlaps(entry):
                template = (
                    "Cột «{column}»: mã «{code}» đã là của đơn vị hoạt động từ {day}. Xin ghi đúng "
                    "ngày đó, hoặc ghi ngày ngừng của đơn vị cũ."
                )
                day = f"{other.valid_from:%d/%m/%Y}"
                raise Refusal(template, column=TITLES["valid_from"], code=entry.code, day=day)
        if "parent" in self._places:
            entry.parent = self._joined(row, "parent", entry)
        if "predecessor" in self._places:
            entry.predecessor = self._joined(row, "predecessor", entry)

    def _joined(self, row: Row, column: str, entry: Entry) -> Entry | None:
        code = self._cell(row, column)
        found = [
            other
            for other in self._entries.get(code, ())
            if other is not entry
            and (
                other.overlaps(entry) if column == "parent" else other.valid_from < entry.valid_from
            )
        ]
        if found:
            return max(found, key=lambda other: other.valid_from)
        if code == entry.code and column == "parent":
            return entry
        # A line that is wrong itself is told already, and not again at each unit that names it.
        if code and (code not in self._named or code in self._entries):
            template = (
                "Cột «{column}»: không có đơn vị mã «{code}» cùng thời gian với đơn vị này."
                if column == "parent"
                else "Cột «{column}»: không có đơn vị mã «{code}» hoạt động trước đơn vị này."
            )
            raise Refusal(template, column=TITLES[column], code=code[:64])
        return None

    def _entry(self, code: str, begins: date | None, ends: date | None) -> Entry:
        """The unit that a code and a day mean: one that is known, or a new one."""
        known = self._entries.get(code, [])
        if begins is None and known:
            return max(known, key=lambda entry: entry.valid_from)
        wanted = Entry(code, begins or self._today, valid_to=ends)
        same = (entry for entry in known if entry.valid_from == wanted.valid_from)
        # No other unit has the code on the same day, so it is the one known, begun earlier.
        earlier = (
            entry
            for entry in known
            if entry.row and wanted.valid_from < entry.valid_from and wanted.overlaps(entry)
        )
        return next(same, None) or next(earlier, None) or wanted

    def _day(self, row: Row, column: str) -> date | None:
        return day_told(TITLES[column], self._cell(row, column))

    def _cell(self, row: Row, column: str) -> str:
        return row.cells[self._places[column]] if column in self._places else ""


def _known(session: Session) -> Iterator[Entry]:
    units = session.scalars(select(Unit)).all()
    entries = {
        unit.id: Entry(
            unit.code, unit.valid_from, unit.name, unit.level, valid_to=unit.valid_to, row=unit
        )
        for unit in units
    }
    for unit in units:
        entry = entries[unit.id]
        entry.parent = entries[unit.parent_id] if unit.parent_id else None
        entry.predecessor = entries[unit.predecessor_id] if unit.predecessor_id else None
        entry.before = replace(entry)
        yield entry


def _level(given: str) -> str:
    word = plain(given).casefold().removeprefix("cấp ")
    if word not in LEVEL_OF:
        known = ", ".join(LEVEL_WORDS.values())
        template = "Cột «{column}»: không có cấp «{level}». Các cấp được dùng: {known}."
        raise Refusal(template, column=TITLES["level"], level=given[:40], known=known)
    return LEVEL_OF[word]


def _is_under_itself(entry: Entry) -> bool:
    above, seen = entry.parent, {entry}
    while above is not None and above not in seen:
        seen.add(above)
        above = above.parent
    return above is entry


def _judged(entry: Entry) -> Line:
    before = entry.before
    if before is None:
        return Line(entry.line, NEW, f"{entry.code} · {entry.name}")
    changes = [
        f"{TITLES[column]}: {_written(old)} thành {_written(new)}"
        for column in CHANGING
        if (old := getattr(before, column)) != (new := getattr(entry, column))
    ]
    told = "; ".join(changes) if changes else entry.name
    return Line(entry.line, CHANGED if changes else SAME, f"{entry.code} · {told}")


def _written(value: object) -> str:
    """What a unit says of itself, as the table writes it."""
    if isinstance(value, Entry):
        return value.code
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return LEVEL_WORDS.get(str(value), str(value or "–"))


def _identity(entry: Entry | None) -> int | None:
    return entry.row.id if entry and entry.row else None
