"""Moves of counters to another wave or another version of their form: a dry look, then the act."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.fieldwork import Assignment
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WavePoint, WaveUnit
from survey_app.services.counter.points import counters_of, form_named, text_of
from survey_app.services.plan.planning import Unfit
from survey_app.services.plan.waves import (
    CLOSED,
    OPEN,
    PLANNED,
    hold,
    state_of,
    wave_named,
)
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sorting import holds

MOVED: Final = "move_points"  # what is recorded
APART: Final = " "  # between the code of a wave and a form; neither has one inside


@dataclass(frozen=True)
class Target:
    """Where points can go: a wave and the form they ask there; `key` names both."""

    key: str
    wave: str
    title: str
    form: str
    here: bool


@dataclass(frozen=True)
class Mover:
    """A point and the form it asks now; `refusal` says why it stays where it is."""

    code: str
    name: str
    unit: str
    form: str
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Look:
    """What a move does, point by point, those that stay first.

    `stays` says that moved points go on collecting for the wave they come from as well; `both`
    that the two waves will be open at the same time.
    """

    target: Target
    movers: tuple[Mover, ...]
    stays: bool
    both: bool

    @property
    def moving(self) -> int:
        """How many points move."""
        return sum(one.refusal is None for one in self.movers)


def targets_of(session: Session, wave: Wave, now: datetime) -> tuple[Target, ...]:
    """Where points of a wave can go: versions here, and forms of other waves that are not over.

    From an open wave they go to planned ones only: a counter that is asked about two waves at the
    same moment could not know which of them an answer is for.
    """
    others = session.scalars(
        select(Wave).where(Wave.source != "reported").order_by(Wave.year.desc(), Wave.code)
    )
    free = (PLANNED,) if state_of(wave, now) == OPEN else (PLANNED, OPEN)
    own = [] if state_of(wave, now) == CLOSED else [wave]
    waves = [one for one in others if one.id != wave.id and state_of(one, now) in free]
    return tuple(
        Target(f"{one.code}{APART}{name}", one.code, one.title, name, one.id == wave.id)
        for one in (*own, *waves)
        for name in sorted(form.name for form in one.forms)
    )


def movers_of(session: Session, wave: Wave, asked: Asked) -> Cut[Mover]:
    """A page of the points of a wave that are open, perhaps those that ask one form (`only`)."""
    rows = _open_rows(session, wave, asked.only)
    page = cut(rows, lambda row: text_of(row[0]), asked)
    lines = tuple(_mover(point, form) for point, form in page.lines)
    return Cut(lines, page.total, page.found, page.page, page.pages)


def codes_found(session: Session, wave: Wave, asked: Asked) -> list[str]:
    """The codes of all points that a search finds, on whatever page."""
    rows = _open_rows(session, wave, asked.only)
    return [point.code for point, _form in rows if holds(text_of(point), asked.search)]


def look(session: Session, wave: Wave, key: str, codes: Collection[str], now: datetime) -> Look:
    """What moving some points would do; raises `Unfit` when nothing is chosen, or no target."""
    target = next((one for one in targets_of(session, wave, now) if one.key == key), None)
    wanted = set(codes)
    chosen = [row for row in _open_rows(session, wave) if row[0].code in wanted]
    problems: dict[str, Refusal] = {}
    if not chosen:
        problems["point"] = Refusal("Xin chọn ít nhất một điểm đang mở để chuyển.")
    if target is None:
        problems["to"] = Refusal("Xin chọn đợt và phiếu mà các điểm chuyển sang.")
    if target is None or problems:
        raise Unfit(problems)
    other = wave_named(session, target.wave)
    state = state_of(wave, now)
    judge = _Judge(session, wave, other, target, state == PLANNED)
    movers = [_mover(point, form, judge.refusal(point, form)) for point, form in chosen]
    movers.sort(key=lambda one: one.refusal is None)
    stays = not target.here and state != PLANNED
    return Look(target, tuple(movers), stays, stays and state == OPEN and _overlap(wave, other))


def move(session: Session, wave: Wave, key: str, codes: Collection[str], now: datetime) -> Look:
    """Move points and say what was done.

    A wave that was opened keeps its points, since forms begun there may still come in; one that is
    only planned lets them go.
    """
    hold(session, wave)
    done = look(session, wave, key, codes, now)
    if not done.moving:
        raise Refusal("Không điểm nào trong số đã chọn chuyển được.")
    other = wave_named(session, done.target.wave)
    form = form_named(session, other, done.target.form)
    going = {one.code for one in done.movers if one.refusal is None}
    points = [point for point, _form in _open_rows(session, wave) if point.code in going]
    for point in points:
        if done.target.here:
            session.get_one(WavePoint, (wave.id, point.id)).version = form.version
        else:
            _give(session, other, form, point)
    if not (done.target.here or done.stays):
        _take_away(session, wave, points)
    session.flush()
    return done


class _Judge:
    """Says why a point stays where it is, from what is looked up once."""

    def __init__(
        self, session: Session, wave: Wave, other: Wave, target: Target, planned: bool
    ) -> None:
        self._wave, self._other, self._target = wave, other, target
        query = select(CollectionPoint.id, CollectionPoint.unit_id, CollectionPoint.name)
        there = query.join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        rows = session.execute(there.where(WavePoint.wave_id == other.id)).all()
        self._there = {row.id for row in rows}
        self._names = {(row.unit_id, row.name) for row in rows}
        work = select(Assignment.point_id).where(Assignment.wave_id == wave.id)
        self._bound = set(session.scalars(work)) if planned else set()

    def refusal(self, point: CollectionPoint, form: str) -> Refusal | None:
        if self._target.here:
            if form == self._target.form:
                return Refusal("Điểm đã dùng phiếu này.")
            if form.partition("/")[0] != self._target.form.partition("/")[0]:
                template = "Trong một đợt, điểm chỉ chuyển sang phiên bản khác của phiếu đang dùng."
                return Refusal(template)
            return None
        if point.id in self._there:
            return Refusal("Điểm đã thuộc đợt «{wave}».", wave=self._other.code)
        if (point.unit_id, point.name) in self._names:
            template = "Đơn vị «{unit}» đã có quầy «{name}» trong đợt này."
            return Refusal(template, unit=point.unit.name, name=point.name)
        if point.id in self._bound:
            template = "Điểm có phân công trong đợt «{wave}» nên ở lại."
            return Refusal(template, wave=self._wave.code)
        return None


def _give(session: Session, wave: Wave, form: WaveForm, point: CollectionPoint) -> None:
    named = {"questionnaire": form.questionnaire, "version": form.version}
    session.add(WavePoint(wave_id=wave.id, point_id=point.id, **named))
    if session.get(WaveUnit, (wave.id, point.unit_id)) is None:
        session.add(WaveUnit(wave_id=wave.id, unit_id=point.unit_id))


def _take_away(session: Session, wave: Wave, points: Sequence[CollectionPoint]) -> None:
    """Points leave a planned wave; a unit takes no part in it once its last point has left."""
    for point in points:
        session.delete(session.get_one(WavePoint, (wave.id, point.id)))
    session.flush()
    still = (
        select(CollectionPoint.unit_id)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .where(WavePoint.wave_id == wave.id)
    )
    staying = set(session.scalars(still))
    for unit_id in {point.unit_id for point in points} - staying:
        session.delete(session.get_one(WaveUnit, (wave.id, unit_id)))


def _overlap(wave: Wave, other: Wave) -> bool:
    """Whether two waves may take answers at the same moment, as far as their dates tell."""
    return wave.closed_at is None or other.opened_at is None or other.opened_at < wave.closed_at


def _open_rows(session: Session, wave: Wave, form: str = "") -> list[tuple[CollectionPoint, str]]:
    return [
        (point, place.form)
        for point, place in counters_of(session, wave)
        if point.closed_at is None and form in ("", place.form)
    ]


def _mover(point: CollectionPoint, form: str, refusal: Refusal | None = None) -> Mover:
    return Mover(point.code, point.name, point.unit.name, form, refusal)
