"""Counts of dossiers returned: from a table or from a one-stop system, checked line by line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from questionnaires.refusal import Refusal
from survey_app.db import insert_into
from survey_app.models.codes import DossierCount
from survey_app.models.waves import CollectionPoint, Procedure
from survey_app.services.tables.line_reports import (
    CHANGED,
    NEW,
    SAME,
    WRONG,
    Line,
    LineReport,
    columns_of,
    day_in,
)
from survey_app.services.tables.sheets import Sheet

COLUMNS: Final = {
    "point": ("mã quầy", "mã điểm", "collection_point"),
    "day": ("ngày", "day"),
    "unit": ("cơ quan giải quyết", "unit"),
    "field": ("lĩnh vực", "field"),
    "returned": ("số hồ sơ trả", "returned"),
}
MOST: Final = 100_000  # dossiers of one counter and day: above it a slip of the finger
FIRST_YEAR: Final = 2015
CHUNK: Final = 500
Key = tuple[int, date, int, str]


@dataclass(frozen=True)
class Entry:
    """One line as it was given, all texts; `number` is its place in the file or the list."""

    number: int
    point: str
    day: str
    unit: str
    field: str
    returned: str


@dataclass(frozen=True)
class CountPlan:
    """What the lines would do; `counts` is what is to be stored."""

    report: LineReport
    counts: dict[Key, int]


def entries_of(sheet: Sheet) -> list[Entry]:
    """The lines of a table; raises `Refusal` when its columns are not the known ones."""
    places = columns_of(sheet, COLUMNS, ("point", "day", "returned"))
    return [
        Entry(
            row.number,
            *(row.cells[places[name]] if name in places else "" for name in COLUMNS),
        )
        for row in sheet.rows
    ]


def plan_counts(session: Session, entries: Sequence[Entry], today: date) -> CountPlan:
    """Check all lines against counters, agencies and fields; stores nothing.

    A line without a unit means that of the counter. What is known already in the same number is
    left as it is, another number replaces it.
    """
    points = _points(session, {entry.point for entry in entries})
    fields = set(session.scalars(select(Procedure.code)))
    keys: dict[int, Key] = {}
    wrong: dict[int, Refusal] = {}
    given: dict[Key, tuple[int, int]] = {}  # the line, and its number of dossiers
    for place, entry in enumerate(entries):
        try:
            key, returned = _read(entry, points, fields, today)
            if key in given:
                template = "Trùng với dòng {row}: cùng quầy, ngày, cơ quan, lĩnh vực."
                raise Refusal(template, row=given[key][0])
            keys[place], given[key] = key, (entry.number, returned)
        except Refusal as refusal:
            wrong[place] = refusal
    known = _known(session, given)
    lines, counts = [], {}
    for place, entry in enumerate(entries):
        if place in wrong:
            lines.append(Line(entry.number, WRONG, refusal=wrong[place]))
            continue
        key = keys[place]
        returned, before = given[key][1], known.get(key)
        status = NEW if before is None else SAME if before == returned else CHANGED
        lines.append(Line(entry.number, status, f"{entry.point}, {key[1]:%d/%m/%Y}: {returned}"))
        if status != SAME:
            counts[key] = returned
    return CountPlan(LineReport(tuple(lines)), counts)


def store_counts(session: Session, plan: CountPlan) -> int:
    """Store the counts of a clean plan; returns how many are new or changed.

    What another import wrote meanwhile is replaced. Raises `Refusal` while a line is wrong.
    """
    if not plan.report.is_clean:
        raise Refusal("Chưa lưu số liệu nào vì còn {n} dòng sai.", n=plan.report.count(WRONG))
    rows = [
        {"point_id": point, "day": day, "unit_id": unit, "field": code, "returned": returned}
        # In one order, so that two imports wait for each other and never lock each other out.
        for (point, day, unit, code), returned in sorted(plan.counts.items())
    ]
    keys = ["point_id", "day", "unit_id", "field"]
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        new = insert_into(session, DossierCount).values(chunk)
        values = {"returned": new.excluded.returned}
        session.execute(new.on_conflict_do_update(index_elements=keys, set_=values))
    return len(rows)


def _points(session: Session, codes: set[str]) -> dict[str, CollectionPoint]:
    query = select(CollectionPoint).options(selectinload(CollectionPoint.units))
    ordered = sorted(codes)
    return {
        point.code: point
        for start in range(0, len(ordered), CHUNK)
        for point in session.scalars(
            query.where(CollectionPoint.code.in_(ordered[start : start + CHUNK]))
        )
    }


def _known(session: Session, keys: Mapping[Key, Any]) -> dict[Key, int]:
    if not keys:
        return {}
    days = [day for _point, day, _unit, _field in keys]
    points = sorted({point for point, _day, _unit, _field in keys})
    query = select(DossierCount).where(DossierCount.day.between(min(days), max(days)))
    found = {
        (c.point_id, c.day, c.unit_id, c.field): c.returned
        for start in range(0, len(points), CHUNK)
        for c in session.scalars(
            query.where(DossierCount.point_id.in_(points[start : start + CHUNK]))
        )
    }
    return {key: found[key] for key in keys if key in found}


def _read(
    entry: Entry, points: Mapping[str, CollectionPoint], fields: set[str], today: date
) -> tuple[Key, int]:
    point = points.get(entry.point)
    if point is None:
        raise Refusal("Không có quầy mã «{point}».", point=entry.point[:64])
    units = {unit.code: unit.id for unit in (*point.units, point.unit)}
    if entry.unit and entry.unit not in units:
        template = "Quầy «{point}» không trả hồ sơ của đơn vị «{unit}»."
        raise Refusal(template, point=point.code, unit=entry.unit[:64])
    if entry.field and entry.field not in fields:
        template = "Không có lĩnh vực hoặc thủ tục «{field}»."
        raise Refusal(template, field=entry.field[:64])
    day = _day(entry.day, today)
    unit = units[entry.unit] if entry.unit else point.unit_id
    return (point.id, day, unit, entry.field), _returned(entry.returned)


def _day(given: str, today: date) -> date:
    found = day_in(given)
    if found is None:
        template = "Ngày «{day}» chưa đúng. Ví dụ đúng: 20/11/2026 hoặc 2026-11-20."
        raise Refusal(template, day=given[:40])
    if not date(FIRST_YEAR, 1, 1) <= found <= today:
        template = "Ngày {day} phải từ năm {year} đến hôm nay."
        raise Refusal(template, day=f"{found:%d/%m/%Y}", year=FIRST_YEAR)
    return found


def _returned(given: str) -> int:
    digits = given.replace(".", "") if re.fullmatch(r"\d{1,3}(\.\d{3})+", given) else given
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9 and int(digits) <= MOST):
        template = "Số hồ sơ «{value}» phải là số nguyên từ 0 đến {most}."
        raise Refusal(template, value=given[:40], most=MOST)
    return int(digits)
