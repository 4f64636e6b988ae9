"""Import of counters from a table: unit, name, agencies; every line is answered, all or nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WavePoint
from survey_app.services.counter.points import clean_name, unit_named, units_on
from survey_app.services.plan.waves import add_point, hold
from survey_app.services.tables.line_reports import NEW, SAME, WRONG, Line, LineReport, columns_of
from survey_app.services.tables.sheets import Row, Sheet

COLUMNS: Final = {
    "unit": ("đơn vị", "unit"),
    "name": ("tên quầy", "tên", "name"),
    "agencies": ("cơ quan", "agencies"),
}
BETWEEN: Final = re.compile(r"[,;|\n]")  # agencies of one cell


@dataclass(frozen=True)
class Planned:
    """A counter that a line asks for."""

    unit: Unit
    name: str
    agencies: tuple[Unit, ...]


@dataclass(frozen=True)
class PointPlan:
    """What a table of counters would do; `planned` are the new ones."""

    report: LineReport
    planned: tuple[Planned, ...]


def plan_points(session: Session, wave: Wave, sheet: Sheet, day: date) -> PointPlan:
    """Read a table of counters against the units of a day; stores nothing.

    A counter that the wave has already (same unit, same name) is left as it is, so the same file
    again adds nothing. Raises `Refusal` when the table as a whole cannot be read.
    """
    hold(session, wave)
    places = columns_of(sheet, COLUMNS, ("unit", "name"))
    units = units_on(session, day)
    known = {
        (unit, name)
        for unit, name in session.execute(
            select(CollectionPoint.unit_id, CollectionPoint.name)
            .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
            .where(WavePoint.wave_id == wave.id)
        )
    }
    lines, planned = [], []
    for row in sheet.rows:
        try:
            found = _read(row, places, units)
        except Refusal as refusal:
            lines.append(Line(row.number, WRONG, refusal=refusal))
            continue
        is_new = (found.unit.id, found.name) not in known
        known.add((found.unit.id, found.name))
        lines.append(Line(row.number, NEW if is_new else SAME, f"{found.unit.name} - {found.name}"))
        planned += [found] if is_new else []
    return PointPlan(LineReport(tuple(lines)), tuple(planned))


def store_points(session: Session, wave: Wave, form: WaveForm, plan: PointPlan) -> int:
    """Add the counters of a clean plan; returns how many.

    Raises `Refusal` while a line is wrong.
    """
    if not plan.report.is_clean:
        raise Refusal("Chưa nhập quầy nào vì còn {n} dòng sai.", n=plan.report.count(WRONG))
    for planned in plan.planned:
        point = add_point(session, wave, planned.unit, planned.name, form)
        point.units = list(planned.agencies)
    session.flush()
    return len(plan.planned)


def _read(row: Row, places: dict[str, int], units: Sequence[Unit]) -> Planned:
    unit = unit_named(units, row.cells[places["unit"]])
    name = clean_name(row.cells[places["name"]])
    given = row.cells[places["agencies"]] if "agencies" in places else ""
    texts = [text.strip() for text in BETWEEN.split(given) if text.strip()]
    agencies = {found.id: found for found in (unit_named(units, text) for text in texts)}
    agencies.pop(unit.id, None)
    return Planned(unit, name, tuple(agencies.values()))
