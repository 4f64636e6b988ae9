"""Coverage: dossiers returned per counter and day against the answers given there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TextIO

from sqlalchemy import ColumnElement, Date, case, cast, func, select
from sqlalchemy.orm import Session

from survey_app.days import day_of
from survey_app.models.codes import DossierCode, DossierCount
from survey_app.models.responses import Response
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.computing.result_tables import rounded_percent
from survey_app.services.tables.csv_tables import CsvTable
from survey_app.services.tables.sorting import vietnamese

ZONE: Final = "Asia/Ho_Chi_Minh"  # without summer time: UTC and seven hours
SQLITE_SHIFT: Final = "+7 hours"


@dataclass
class Tally:
    """Answers against dossiers, of one counter and day or summed over several.

    `answers` are complete ones, `partial` those left before the end. Only days with a count of
    dossiers say anything of the rate: `counted` are the complete answers of those days. `uncounted`
    is the number of days with answers and no count, `exceeding` of those with more answers than
    dossiers.
    """

    answers: int = 0
    partial: int = 0
    counted: int = 0
    returned: int | None = None
    uncounted: int = 0
    exceeding: int = 0

    @property
    def rate(self) -> float | None:
        """The response rate: answers over dossiers, of the days with a count."""
        return self.counted / self.returned if self.returned else None

    def add(self, other: "Tally") -> None:
        """Add another counter or day."""
        self.answers += other.answers
        self.partial += other.partial
        self.counted += other.counted
        self.uncounted += other.uncounted
        self.exceeding += other.exceeding
        if other.returned is not None:
            self.returned = (self.returned or 0) + other.returned


@dataclass(frozen=True)
class PointCoverage:
    """The coverage of one counter, and of each of its days."""

    code: str
    name: str
    unit: str
    total: Tally
    days: tuple[tuple[date, Tally], ...]


@dataclass(frozen=True)
class CodesOfUnit:
    """One-time codes made for dossiers of a unit (its name), and how many of them were used."""

    unit: str
    issued: int
    used: int

    @property
    def rate(self) -> float:
        """The response rate of those who were given a code."""
        return self.used / self.issued


@dataclass(frozen=True)
class Coverage:
    """The coverage of a wave: as a whole, per counter, per day, and of its one-time codes."""

    wave: str
    wave_title: str
    total: Tally
    points: tuple[PointCoverage, ...]
    days: tuple[tuple[date, Tally], ...] = field(default=())
    codes: tuple[CodesOfUnit, ...] = field(default=())


def coverage_of(session: Session, wave: Wave, now: datetime) -> Coverage:
    """Compare answers and dossiers of a wave, counter by counter, day by day of Viet Nam.

    Answers by a one-time code were given at no counter: they stand in no line and in no sum, and
    are compared with the codes that were made. Days are those on which answers were received.
    Voided answers do not count; dossiers count from the day the wave was opened until it was
    closed, or until today.
    """
    cells: dict[int, dict[date, Tally]] = defaultdict(dict)
    for point_id, day, answers, partial in _answers(session, wave):
        cells[point_id][day] = Tally(answers=answers, partial=partial)
    for point_id, day, returned in _dossiers(session, wave, now):
        cells[point_id].setdefault(day, Tally()).returned = returned
    by_day: dict[date, Tally] = defaultdict(Tally)
    total, points = Tally(), []
    for point, unit in _points(session, wave):
        sum_of_point = Tally()
        days = sorted(cells[point.id].items())
        for day, tally in days:
            _judge(tally)
            for outer in (sum_of_point, by_day[day], total):
                outer.add(tally)
        points.append(PointCoverage(point.code, point.name, unit, sum_of_point, tuple(days)))
    all_days, codes = tuple(sorted(by_day.items())), tuple(_codes(session, wave))
    return Coverage(wave.code, wave.title, total, tuple(points), all_days, codes)


def write_coverage(found: Coverage, heading: Sequence[str], stream: TextIO) -> None:
    """Write a line per counter and day, for spreadsheets in Viet Nam (semicolon, decimal comma).

    `heading` names the ten columns.
    """
    table = CsvTable(stream)
    table.write(*heading)
    for point in found.points:
        for day, tally in point.days:
            rate = None if tally.rate is None else rounded_percent(tally.rate)
            place = (point.code, point.unit, point.name, f"{day:%d/%m/%Y}")
            marks = (tally.uncounted, tally.exceeding)
            table.write(*place, tally.answers, tally.partial, tally.returned, rate, *marks)


def _judge(tally: Tally) -> None:
    """Say of one counter and day what its answers and dossiers mean together."""
    if tally.returned is None:
        tally.uncounted = 1 if tally.answers or tally.partial else 0
        return
    tally.counted = tally.answers
    tally.exceeding = int(tally.answers > tally.returned)


def _points(session: Session, wave: Wave) -> Iterable[tuple[CollectionPoint, str]]:
    query = (
        select(CollectionPoint, Unit.name)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .where(WavePoint.wave_id == wave.id, CollectionPoint.by_code.is_(False))
        .order_by(CollectionPoint.code)
    )
    return [(point, unit) for point, unit in session.execute(query)]


def _codes(session: Session, wave: Wave) -> Iterable[CodesOfUnit]:
    """Codes by the unit they carry, which is the one above where a unit had few dossiers."""
    query = (
        select(Unit.name, func.count(), func.sum(case((DossierCode.used, 1), else_=0)))
        .join(Unit, Unit.id == DossierCode.unit_id)
        .where(DossierCode.wave_id == wave.id)
        .group_by(Unit.id)
    )
    found = (CodesOfUnit(name, issued, int(used)) for name, issued, used in session.execute(query))
    return sorted(found, key=lambda codes: vietnamese(codes.unit))


def _answers(session: Session, wave: Wave) -> Iterable[tuple[int, date, int, int]]:
    valid = (
        select(Response.point_id, _day(session).label("day"), Response.partial)
        .where(Response.wave_id == wave.id, Response.voided_at.is_(None))
        .subquery()
    )
    complete = func.sum(case((valid.c.partial, 0), else_=1))
    query = select(valid.c.point_id, valid.c.day, complete, func.count())
    for point, day, answers, all_of_them in session.execute(
        query.group_by(valid.c.point_id, valid.c.day)
    ):
        when = day if isinstance(day, date) else date.fromisoformat(day)
        yield point, when, answers, all_of_them - answers


def _day(session: Session) -> ColumnElement[Any]:
    """The day of Viet Nam on which a response was received, as the database tells it."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.timezone(ZONE, Response.received_at), Date)
    return func.date(Response.received_at, SQLITE_SHIFT)


def _dossiers(session: Session, wave: Wave, now: datetime) -> Iterable[tuple[int, date, int]]:
    if wave.opened_at is None:
        return []
    first = day_of(wave.opened_at)
    last = day_of(min(wave.closed_at or now, now))
    query = (
        select(DossierCount.point_id, DossierCount.day, func.sum(DossierCount.returned))
        .join(WavePoint, WavePoint.point_id == DossierCount.point_id)
        .where(WavePoint.wave_id == wave.id, DossierCount.day.between(first, last))
        .group_by(DossierCount.point_id, DossierCount.day)
    )
    return [(point, day, int(n)) for point, day, n in session.execute(query)]
