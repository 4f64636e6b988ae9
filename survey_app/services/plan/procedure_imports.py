"""Import of procedures from a table: fields and what belongs to them; all lines or none."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.waves import Procedure
from survey_app.services.plan.procedures import COLUMNS, TITLES, all_procedures
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
from survey_app.services.tables.sheets import Sheet, plain

LONGEST_NAME: Final = 500


@dataclass(frozen=True)
class Entry:
    """A procedure as it is or will be; `field` is the code of its field, empty for a field.

    As long as a line is only read, `field` may be the name of one.
    """

    code: str
    name: str
    field: str
    valid_to: date | None = None


@dataclass(frozen=True)
class ProcedurePlan:
    """What a table of procedures would do; `entries` are those to be added or changed."""

    report: LineReport
    entries: tuple[Entry, ...]


def plan_procedures(session: Session, sheet: Sheet) -> ProcedurePlan:
    """Read a table of fields and procedures against those of now; stores nothing.

    A line without a field is a field. A missing column of the day of ending leaves what is known,
    an empty cell takes it back. Raises `Refusal` when the table as a whole cannot be read.
    """
    hold_table(session, Procedure.__tablename__)
    places = columns_of(sheet, COLUMNS, ("code", "name", "field"))
    sheet.require_values(places.values())
    known = {
        line.code: Entry(line.code, line.name, line.field[0] if line.field else "", line.valid_to)
        for line in all_procedures(session)
    }
    read, wrong = _read(sheet, places, known)
    named = {row.cells[places["code"]] for row in sheet.rows}
    fields = _Fields(known | {entry.code: entry for entry in read.values()}, named)
    found: dict[int, Entry] = {}
    for number, entry in read.items():
        try:
            found[number] = fields.placed(entry)
        except Refusal as refusal:
            wrong[number] = refusal
    lines = [
        Line(row.number, WRONG, refusal=wrong[row.number])
        if row.number in wrong
        else _judged(row.number, found[row.number], known)
        for row in sheet.rows
    ]
    changing = (line.number for line in lines if line.status in (NEW, CHANGED))
    return ProcedurePlan(LineReport(tuple(lines)), tuple(found[number] for number in changing))


def store_procedures(session: Session, plan: ProcedurePlan) -> int:
    """Store the procedures of a clean plan; returns how many are new or changed.

    Raises `Refusal` while a line is wrong.
    """
    if not plan.report.is_clean:
        raise Refusal("Chưa nhập thủ tục nào vì còn {n} dòng sai.", n=plan.report.count(WRONG))
    rows = {row.code: row for row in session.scalars(select(Procedure))}
    for entry in plan.entries:
        row = rows.setdefault(entry.code, Procedure(code=entry.code))
        row.name, row.valid_to = entry.name, entry.valid_to
        session.add(row)
    session.flush()
    for entry in plan.entries:
        rows[entry.code].parent_id = rows[entry.field].id if entry.field else None
    session.flush()
    return len(plan.entries)


class _Fields:
    """Finds the fields that lines name by code or name, among all that there will be.

    A line that is wrong itself (its code is in `named` only) is told already, and not again at each
    procedure that names it.
    """

    def __init__(self, entries: Mapping[str, Entry], named: Collection[str]) -> None:
        self._entries, self._named = entries, named
        self._codes: dict[str, list[str]] = defaultdict(list)
        for entry in entries.values():
            if not entry.field:
                self._codes[entry.name.casefold()].append(entry.code)
        self._used = {entry.field for entry in entries.values() if entry.code not in named}

    def placed(self, entry: Entry) -> Entry:
        """A procedure with the code of its field; raises `Refusal`."""
        if not entry.field:
            return entry
        field = self._code(entry.field)
        if field in self._entries and self._entries[field].field:
            template = "Cột «{column}»: «{field}» là một thủ tục, không phải lĩnh vực."
            raise Refusal(template, column=TITLES["field"], field=entry.field[:80])
        if field not in self._entries and field not in self._named:
            template = (
                "Cột «{column}»: không có lĩnh vực «{field}». Xin thêm một dòng cho lĩnh vực này, "
                "trong đó cột «{column}» để trống."
            )
            raise Refusal(template, column=TITLES["field"], field=entry.field[:80])
        if entry.code in self._used:
            template = "Cột «{column}»: lĩnh vực «{code}» còn thủ tục nên không thể là thủ tục."
            raise Refusal(template, column=TITLES["field"], code=entry.code)
        return replace(entry, field=field)

    def _code(self, given: str) -> str:
        if given in self._entries:
            return given
        codes = self._codes.get(given.casefold(), [])
        return codes[0] if len(codes) == 1 else given


def _read(
    sheet: Sheet, places: Mapping[str, int], known: Mapping[str, Entry]
) -> tuple[dict[int, Entry], dict[int, Refusal]]:
    """What each line says by itself, and why others say nothing, by their numbers."""
    read: dict[int, Entry] = {}
    wrong: dict[int, Refusal] = {}
    seen: dict[str, int] = {}
    for row in sheet.rows:
        cells = {column: row.cells[place] for column, place in places.items()}
        try:
            code = code_in(TITLES["code"], cells["code"])
            name = name_in(TITLES["name"], cells["name"], LONGEST_NAME)
            ended = known[code].valid_to if code in known else None
            if "valid_to" in cells:
                ended = day_told(TITLES["valid_to"], cells["valid_to"])
            if code in seen:
                raise Refusal("Mã «{code}» đã có ở dòng {row}.", code=code, row=seen[code])
        except Refusal as refusal:
            wrong[row.number] = refusal
            continue
        seen[code] = row.number
        read[row.number] = Entry(code, name, plain(cells["field"]), ended)
    return read, wrong


def _judged(number: int, entry: Entry, known: Mapping[str, Entry]) -> Line:
    before = known.get(entry.code)
    if before is None:
        return Line(number, NEW, f"{entry.code} · {entry.name}")
    pairs = (
        (TITLES["name"], before.name, entry.name),
        (TITLES["field"], before.field, entry.field),
        (TITLES["valid_to"], _written(before.valid_to), _written(entry.valid_to)),
    )
    changes = [
        f"{title}: {old or '–'} thành {new or '–'}" for title, old, new in pairs if old != new
    ]
    told = "; ".join(changes) if changes else entry.name
    return Line(number, CHANGED if changes else SAME, f"{entry.code} · {told}")


def _written(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
