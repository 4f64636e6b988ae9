"""Waves at a glance: how many forms came, why some do not count, and the Runs computed on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.models.accounts import Account
from survey_app.models.responses import HeldResponse, Response
from survey_app.models.runs import Run
from survey_app.models.units import Unit
from survey_app.models.waves import Wave, WaveIndex, WaveUnit
from survey_app.services.codes.staging import unsettled
from survey_app.services.plan.waves import held_for, wave_named
from survey_app.services.tables.sorting import vietnamese

VALID = (Response.voided_at.is_(None), Response.partial.is_(False))


@dataclass(frozen=True)
class RunLine:
    """A Run in a list."""

    id: UUID
    index_code: str
    index_title: str
    computed_at: datetime
    computed_by: str | None
    responses: int


@dataclass(frozen=True)
class WaveLine:
    """A wave in a list, with the newest Run of each of its indices."""

    code: str
    title: str
    year: int
    source: str
    opened_at: datetime | None
    closed_at: datetime | None
    valid: int
    runs: tuple[RunLine, ...]


@dataclass(frozen=True)
class UnitCount:
    """How far a unit has come."""

    code: str
    name: str
    returned: int
    valid: int


@dataclass(frozen=True)
class Counts:
    """Phiếu phát ra, thu về, hợp lệ.

    `partial` are forms that their givers left before the end (phiếu dở dang): returned, not valid.
    `voided` and `held` say why forms do not count: reason and number. Rejected forms were never
    stored.
    """

    issued: int | None
    returned: int
    valid: int
    partial: int
    voided: tuple[tuple[str, int], ...]
    held: tuple[tuple[str, int], ...]
    units: tuple[UnitCount, ...]

    @property
    def return_rate(self) -> float | None:
        """Forms returned of those handed out."""
        return self.returned / self.issued if self.issued else None

    @property
    def valid_rate(self) -> float | None:
        """Valid forms of those returned."""
        return self.valid / self.returned if self.returned else None


@dataclass(frozen=True)
class WavePage:
    """A wave with its counts, the indices it is computed into, and all Runs, newest first.

    `waits` says of indices by their codes why they cannot be computed yet.
    """

    wave: WaveLine
    provenance: str | None
    counts: Counts
    indices: tuple[tuple[str, str], ...]
    runs: tuple[RunLine, ...]
    waits: Mapping[str, Refusal]


def waves(session: Session, catalogue: Catalogue) -> tuple[WaveLine, ...]:
    """All waves, the newest year first."""
    counted = select(Response.wave_id, func.count()).where(*VALID)
    rows = session.execute(counted.group_by(Response.wave_id))
    valid: dict[int, int] = dict(iter(rows))
    found = session.scalars(select(Wave).order_by(Wave.year.desc(), Wave.code.desc())).all()
    return tuple(
        _wave_line(wave, valid.get(wave.id, 0), _newest(_runs(session, catalogue, wave)))
        for wave in found
    )


def wave_page(session: Session, catalogue: Catalogue, code: str, now: datetime) -> WavePage:
    """A wave with its counts and Runs; raises `NotFound` when there is none."""
    wave = wave_named(session, code)
    counts, runs = counts_of(session, wave), _runs(session, catalogue, wave)
    query = select(WaveIndex.index_code).where(WaveIndex.wave_id == wave.id)
    codes = sorted(session.scalars(query))
    indices = tuple((code, index_title(catalogue, code)) for code in codes)
    line = _wave_line(wave, counts.valid, _newest(runs))
    known = (catalogue.index(code).definition for code in codes if code in catalogue.index_codes)
    waiting = ((index.code, unsettled(session, wave, index, now)) for index in known)
    waits = {code: why for code, why in waiting if why is not None}
    return WavePage(line, wave.provenance, counts, indices, tuple(runs), waits)


def counts_of(session: Session, wave: Wave) -> Counts:
    """Count the forms of a wave, per unit, and why some do not count."""
    valid = func.sum(case((and_(*VALID), 1), else_=0))
    unfinished = select(func.count()).where(
        Response.wave_id == wave.id, Response.voided_at.is_(None), Response.partial
    )
    per_unit = {
        unit_id: (int(returned), int(good))
        for unit_id, returned, good in session.execute(
            select(Response.unit_id, func.count(), valid)
            .where(Response.wave_id == wave.id)
            .group_by(Response.unit_id)
        )
    }
    taking_part = select(WaveUnit.unit_id).where(WaveUnit.wave_id == wave.id)
    query = select(Unit).where(or_(Unit.id.in_(taking_part), Unit.id.in_(per_unit)))
    units = tuple(
        UnitCount(unit.code, unit.name, *per_unit.get(unit.id, (0, 0)))
        for unit in sorted(session.scalars(query), key=lambda unit: vietnamese(unit.name))
    )
    voided = session.execute(
        select(Response.void_reason, func.count())
        .where(Response.wave_id == wave.id, Response.voided_at.is_not(None))
        .group_by(Response.void_reason)
        .order_by(func.count().desc(), Response.void_reason)
    )
    held = session.execute(
        select(HeldResponse.reason, func.count())
        .where(held_for(wave), HeldResponse.is_apart)
        .group_by(HeldResponse.reason)
        .order_by(HeldResponse.reason)
    )
    returned = sum(n for n, _ in per_unit.values())
    good = sum(n for _, n in per_unit.values())
    reasons = tuple((str(reason), n) for reason, n in voided)
    return Counts(
        issued=wave.issued,
        returned=returned,
        valid=good,
        partial=session.scalar(unfinished) or 0,
        voided=reasons,
        held=tuple((r, n) for r, n in held),
        units=units,
    )


def run_line(session: Session, catalogue: Catalogue, run: Run) -> RunLine:
    """A Run, stored or not yet, as it stands in a list."""
    by = session.get(Account, run.computed_by) if run.computed_by else None
    title = index_title(catalogue, run.index_code)
    name = by.name if by else None
    return RunLine(run.id, run.index_code, title, run.computed_at, name, run.responses)


def _runs(session: Session, catalogue: Catalogue, wave: Wave) -> list[RunLine]:
    columns = (Run.id, Run.index_code, Run.computed_at, Account.name, Run.responses)
    query = (
        select(*columns)
        .outerjoin(Account, Account.id == Run.computed_by)
        .where(Run.wave_id == wave.id)
        .order_by(Run.computed_at.desc(), Run.id.desc())
    )
    return [
        RunLine(identity, code, index_title(catalogue, code), at, by, responses)
        for identity, code, at, by, responses in session.execute(query)
    ]


def _newest(runs: Sequence[RunLine]) -> tuple[RunLine, ...]:
    newest: dict[str, RunLine] = {}
    for run in runs:
        newest.setdefault(run.index_code, run)
    return tuple(newest.values())


def _wave_line(wave: Wave, valid: int, runs: tuple[RunLine, ...]) -> WaveLine:
    return WaveLine(
        wave.code,
        wave.title,
        wave.year,
        wave.source,
        wave.opened_at,
        wave.closed_at,
        valid,
        runs,
    )


def index_title(catalogue: Catalogue, code: str) -> str:
    """The Vietnamese title of an index; its code when the catalogue has none of this code."""
    if code not in catalogue.index_codes:
        return code
    return catalogue.index(code).definition.title.get("vi", code)
