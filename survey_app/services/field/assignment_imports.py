"""Import of assignments from a table: area, tablet, households, frame; all lines or none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.fieldwork import Assignment
from survey_app.models.waves import Wave
from survey_app.services.door.columns import FRAME
from survey_app.services.field.assignments import (
    PARTS,
    Planned,
    Reader,
    begun_ones,
    check_change,
    is_as,
    new_assignment,
    set_to,
)
from survey_app.services.field.fieldwork import AREA
from survey_app.services.tables.line_reports import (
    CHANGED,
    NEW,
    SAME,
    WRONG,
    Line,
    LineReport,
    columns_of,
)
from survey_app.services.tables.sheets import Row, Sheet

AREA_TITLES: Final = ("địa bàn", AREA)  # how the tablet calls the area
AT_ONCE: Final = 500  # codes of one query


@dataclass(frozen=True)
class AssignmentPlan:
    """What a table of assignments would do; `planned` are those to be added or changed."""

    report: LineReport
    planned: tuple[Planned, ...]


def plan_assignments(session: Session, wave: Wave, sheet: Sheet) -> AssignmentPlan:
    """Read a table of assignments against the points and tablets of now.

    The columns are those of `assignments.PARTS` and those of the sampling frame: the ones that the
    wave's indices read must be there, others are known by their names. An assignment that is there
    already is changed to what its line says. Stores nothing. Raises `Refusal` when the table as a
    whole cannot be read.
    """
    reader = Reader(session, wave)
    titles = {title.casefold() for title in sheet.header}
    frame: dict[str, tuple[str, ...]] = {
        title: (title.casefold(),) for title in sheet.header if FRAME.fullmatch(title)
    }
    frame |= {key: (key.casefold(),) for key in reader.frame if key.casefold() in titles}
    if titles & set(AREA_TITLES):
        frame[AREA] = tuple(AREA_TITLES)
    places = columns_of(sheet, PARTS | frame, ("code", "point", "quota"))
    for key in reader.frame:
        if key not in places:
            template = "Tệp {file} thiếu cột «{column}» của dàn chọn mẫu."
            raise Refusal(template, file=sheet.name, column=key)
    sheet.require_values(places.values())
    lines: list[Line] = []
    planned: list[Planned] = []
    seen: dict[str, int] = {}
    known, begun = _known(session, sheet, places["code"]), begun_ones(session, wave)
    for row in sheet.rows:
        try:
            one = _read(reader, row, places, frame)
            if one.code in seen:
                template = "Mã phân công «{code}» đã có ở dòng {row}."
                raise Refusal(template, code=one.code, row=seen[one.code])
            seen[one.code] = row.number
            status = _judge(wave, one, known.get(one.code), begun)
        except Refusal as refusal:
            lines.append(Line(row.number, WRONG, refusal=refusal))
            continue
        lines.append(Line(row.number, status, one.code))
        planned += [one] if status != SAME else []
    return AssignmentPlan(LineReport(tuple(lines)), tuple(planned))


def store_assignments(session: Session, wave: Wave, plan: AssignmentPlan) -> int:
    """Store a clean plan; returns how many assignments it added or changed.

    Raises `Refusal` while a line is wrong.
    """
    if not plan.report.is_clean:
        template = "Chưa nhập phân công nào vì còn {n} dòng sai."
        raise Refusal(template, n=plan.report.count(WRONG))
    known = {
        one.code: one
        for one in session.scalars(select(Assignment).where(Assignment.wave_id == wave.id))
    }
    for planned in plan.planned:
        if planned.code in known:
            set_to(known[planned.code], planned)
        else:
            session.add(new_assignment(wave, planned))
    session.flush()
    return len(plan.planned)


def _read(
    reader: Reader, row: Row, places: Mapping[str, int], frame: Mapping[str, object]
) -> Planned:
    given = {part: row.cells[places[part]] for part in PARTS if part in places}
    return reader.read(given, {key: row.cells[places[key]] for key in frame})


def _known(session: Session, sheet: Sheet, place: int) -> dict[str, Assignment]:
    """The assignments, of whatever wave, that the lines of a table name."""
    codes = sorted({row.cells[place].strip() for row in sheet.rows})
    found: dict[str, Assignment] = {}
    for start in range(0, len(codes), AT_ONCE):
        query = select(Assignment).where(Assignment.code.in_(codes[start : start + AT_ONCE]))
        found |= {one.code: one for one in session.scalars(query)}
    return found


def _judge(wave: Wave, planned: Planned, known: Assignment | None, begun: Collection[int]) -> str:
    if known is None:
        return NEW
    if known.wave_id != wave.id:
        raise Refusal("Đã có phân công mang mã «{code}» ở đợt khác.", code=planned.code)
    check_change(known, planned, known.id in begun)
    return SAME if is_as(known, planned) else CHANGED
