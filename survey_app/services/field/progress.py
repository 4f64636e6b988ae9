"""Progress of fieldwork: what came of the households of a wave, and how interviews were held."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.dispositions import OUTCOMES, Outcome, Rates, final_outcome, rates_of
from survey_app.models.fieldwork import Assignment, Interview
from survey_app.models.responses import Response
from survey_app.models.waves import Wave
from survey_app.services.checking.doubtful_calls import KINDS, doubts_in
from survey_app.services.computing.result_tables import rounded_percent
from survey_app.services.field.assignments import AssignmentLine, assignments_in
from survey_app.services.field.households import calls_at
from survey_app.services.tables.csv_tables import CsvTable

COMPLETE: Final = "complete"
ALONE: Final = ""  # nobody else was there


@dataclass
class Held:
    """How interviews were held: `n` forms received, and how many of them under each circumstance.

    `presence` counts who else was there (a form may count for several), `interpreted` and
    `by_official` the interpreters, of which officials; voided forms do not count.
    """

    n: int = 0
    presence: Counter[str] = field(default_factory=Counter)
    interpreted: int = 0
    by_official: int = 0
    handed_over: int = 0
    dropped_off: int = 0

    def add(self, other: "Held") -> None:
        """Add the interviews of another assignment."""
        self.n += other.n
        self.presence += other.presence
        self.interpreted += other.interpreted
        self.by_official += other.by_official
        self.handed_over += other.handed_over
        self.dropped_off += other.dropped_off


@dataclass
class Tally:
    """The households of an assignment, or of a whole wave.

    `quota` is how many were to be visited, `households` how many have been called at, `attempts`
    the calls; `finals` counts households by their final outcome, `pending` those still open.
    `substitutes` are households of the reserve that were opened. `doubts` counts what the surveyor
    should be asked about, by `doubtful_calls.KINDS`.
    """

    quota: int = 0
    households: int = 0
    attempts: int = 0
    pending: int = 0
    substitutes: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    finals: Counter[str] = field(default_factory=Counter)
    held: Held = field(default_factory=Held)

    @property
    def complete(self) -> int:
        """Households with a complete interview."""
        return self.finals[COMPLETE]

    @property
    def share(self) -> float | None:
        """Complete interviews over the households that were to be visited."""
        return self.complete / self.quota if self.quota else None

    @property
    def reached(self) -> bool:
        """Say whether there are as many complete interviews as there were to be."""
        return self.quota > 0 and self.complete >= self.quota

    @property
    def rates(self) -> Rates:
        """Response, cooperation, refusal and contact rates of the households that are closed."""
        return rates_of(self.finals)

    @property
    def outcomes(self) -> tuple[tuple[str, str, int], ...]:
        """The final outcomes there are, in the order of the standard: code, number, households."""
        return tuple(
            (code, outcome.number, self.finals[code])
            for code, outcome in OUTCOMES.items()
            if self.finals[code]
        )

    def add(self, other: "Tally") -> None:
        """Add another assignment."""
        self.quota += other.quota
        self.households += other.households
        self.attempts += other.attempts
        self.pending += other.pending
        self.substitutes += other.substitutes
        self.doubts += other.doubts
        self.finals += other.finals
        self.held.add(other.held)


@dataclass(frozen=True)
class Progress:
    """The fieldwork of a wave: as a whole and per assignment; `reached` counts full quotas."""

    total: Tally
    lines: tuple[tuple[AssignmentLine, Tally], ...]
    reached: int


def progress_of(session: Session, wave: Wave, only: str | None = None) -> Progress:
    """What came of the assignments of a wave, or of the one with a code."""
    lines = [line for line in assignments_in(session, wave) if only in (None, line.code)]
    tallies = {line.id: Tally(quota=line.quota) for line in lines}
    quotas = {line.id: line.quota for line in lines}
    calls_in_wave = calls_at(session, Assignment.wave_id == wave.id)
    for (assignment, household), calls in calls_in_wave.items():
        tally = tallies.get(assignment)
        if tally is None:
            continue
        final = final_outcome(call.outcome for call in calls)
        tally.households += 1
        tally.attempts += len(calls)
        tally.substitutes += household > quotas[assignment]
        if final is None:
            tally.pending += 1
        else:
            tally.finals[final] += 1
    for assignment, doubts in doubts_in(session, Assignment.wave_id == wave.id).items():
        if assignment in tallies:
            tallies[assignment].doubts = doubts.counts
    for assignment, held in _interviews(session, wave).items():
        if assignment in tallies:
            tallies[assignment].held = held
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    found = tuple((line, tallies[line.id]) for line in lines)
    return Progress(total, found, sum(tally.reached for _line, tally in found))


def write_progress(found: Progress, heading: Sequence[str], stream: TextIO) -> None:
    """Write a line per assignment, for spreadsheets in Viet Nam (semicolon, decimal comma).

    `heading` names the columns before the outcomes; a column for each outcome of the standard
    follows, titled by its code and number.
    """
    table = CsvTable(stream)
    outcomes = [f"{code} {outcome.number}".strip() for code, outcome in _finals().items()]
    table.write(*heading, *outcomes)
    for line, tally in found.lines:
        texts = (line.code, line.unit, line.point_name, line.tablet, line.surveyor)
        numbers = (tally.quota, line.reserve, tally.households, tally.attempts, tally.complete)
        more = (tally.substitutes, tally.pending, tally.held.n)
        doubts = (tally.doubts[kind] for kind in KINDS)
        rates = tally.rates
        shares = (rates.rr1, rates.coop1, rates.ref1, rates.con1)
        told = [None if rate is None else rounded_percent(rate) for rate in shares]
        counts = (tally.finals[code] for code in _finals())
        table.write(*texts, *numbers, *more, *doubts, *told, *counts)


def _finals() -> Mapping[str, Outcome]:
    return {code: outcome for code, outcome in OUTCOMES.items() if outcome.number}


def _interviews(session: Session, wave: Wave) -> Mapping[int, Held]:
    columns = (
        Interview.assignment_id,
        Interview.presence,
        Interview.interpreter,
        Interview.handed_over,
        Interview.drop_off,
    )
    rows = session.execute(
        select(*columns, func.count())
        .join(Response, Response.id == Interview.response_id)
        .where(Response.wave_id == wave.id, Response.voided_at.is_(None))
        .where(Interview.assignment_id.is_not(None))
        .group_by(*columns)
    )
    found: dict[int, Held] = defaultdict(Held)
    for assignment, presence, interpreter, handed_over, drop_off, n in rows:
        held = found[int(assignment or 0)]
        held.n += n
        if not drop_off:  # of a form that was left nobody knows who was there
            for who in set(presence.split()) or {ALONE}:
                held.presence[who] += n
        held.interpreted += n if interpreter not in (None, "nobody") else 0
        held.by_official += n if interpreter == "official" else 0
        held.handed_over += n if handed_over else 0
        held.dropped_off += n if drop_off else 0
    return found
