"""Calls that somebody should ask about: who was chosen and counted there, which day, which one."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from analysis.selection import kish
from survey_app.models.fieldwork import KISH, Assignment, HeldVisit, Visit
from survey_app.services.field.fieldwork import grid_of

# Kinds of doubt: parts of `Doubts`, in the order in which they are told.
KINDS: Final = ("other_adult", "other_count", "said_twice", "other_day", "beyond")


@dataclass(frozen=True)
class OtherAdult:
    """A call whose chosen adult is not the one of Kish's table, which is `due`."""

    household: int
    day: date
    eligible: int
    chosen: int
    due: int


@dataclass(frozen=True)
class OtherCount:
    """A household whose calls tell different numbers of adults, the smallest first."""

    household: int
    eligible: tuple[int, ...]


@dataclass(frozen=True)
class OtherDay:
    """A call on a day on which it cannot have been: `told` by the tablet, counted on `day`."""

    household: int
    told: date
    day: date


@dataclass(frozen=True)
class Said:
    """What a call said."""

    household: int
    outcome: str
    day: date
    eligible: int | None
    chosen: int | None


@dataclass(frozen=True)
class SaidTwice:
    """One call that came with two contents: the first counts, the second is kept beside it."""

    first: Said
    second: Said


@dataclass
class Doubts:
    """What is doubtful in the calls of an assignment; `beyond` are households it does not have.

    Those were its own when they were called at, or are the numbers of others.
    """

    other_adult: list[OtherAdult] = field(default_factory=list)
    other_count: list[OtherCount] = field(default_factory=list)
    said_twice: list[SaidTwice] = field(default_factory=list)
    other_day: list[OtherDay] = field(default_factory=list)
    beyond: list[int] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """How many there are of each kind; another adult counts once in a household."""
        found = Counter({kind: len(getattr(self, kind)) for kind in KINDS})
        found["other_adult"] = len({call.household for call in self.other_adult})
        return found


def doubts_in(session: Session, where: ColumnElement[bool]) -> Mapping[int, Doubts]:
    """The doubtful calls of some assignments, by the assignment, in the order of households."""
    found: dict[int, Doubts] = defaultdict(Doubts)
    order = (Visit.household, Visit.day, Visit.id)
    calls = session.execute(
        select(Visit, Assignment)
        .join(Assignment, Assignment.id == Visit.assignment_id)
        .where(where)
        .order_by(Assignment.id, *order)
    )
    for (assignment, household), made in groupby(calls, lambda row: (row[1], row[0].household)):
        _add(found[assignment.id], assignment, household, [visit for visit, _area in made])
    twice = session.execute(
        select(Visit, HeldVisit.content)
        .join(HeldVisit, HeldVisit.visit_id == Visit.id)
        .join(Assignment, Assignment.id == Visit.assignment_id)
        .where(where)
        .order_by(*order, HeldVisit.content_hash)
    )
    for visit, content in twice:
        people = (visit.eligible, visit.chosen)
        first = Said(visit.household, visit.outcome, visit.day, *people)
        found[visit.assignment_id].said_twice.append(SaidTwice(first, _said(json.loads(content))))
    return found


def doubts_at(session: Session, assignment_id: int) -> Doubts:
    """The doubtful calls of one assignment."""
    return doubts_in(session, Assignment.id == assignment_id).get(assignment_id, Doubts())


def _add(doubts: Doubts, area: Assignment, household: int, visits: Sequence[Visit]) -> None:
    """Add what is doubtful in the calls at one household."""
    if household > area.quota + area.reserve:
        doubts.beyond.append(household)
    told = {visit.eligible for visit in visits if visit.eligible is not None}
    if len(told) > 1:
        doubts.other_count.append(OtherCount(household, tuple(sorted(told))))
    for visit in visits:
        if visit.told_day is not None:
            doubts.other_day.append(OtherDay(household, visit.told_day, visit.day))
        if area.selection != KISH or not visit.eligible or visit.chosen is None:
            continue
        due = kish(household, grid_of(area), visit.eligible)
        if visit.chosen != due:
            call = OtherAdult(household, visit.day, visit.eligible, visit.chosen, due)
            doubts.other_adult.append(call)


def _said(content: Mapping[str, Any]) -> Said:
    day = date.fromisoformat(content["day"])
    people = (content.get("eligible"), content.get("chosen"))
    return Said(content["household"], content["outcome"], day, *people)
