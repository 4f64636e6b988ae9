"""Calls at households that somebody should ask about: another adult chosen, one id said twice."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from analysis.selection import kish
from survey_app.models.fieldwork import KISH, Assignment, HeldVisit, Visit
from survey_app.services.fieldwork import grid_of


@dataclass(frozen=True)
class OtherAdult:
    """A call whose chosen adult is not the one of Kish's table, which is `due`."""

    household: int
    day: date
    eligible: int
    chosen: int
    due: int


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
    """What is doubtful in the calls of an assignment."""

    other_adult: list[OtherAdult] = field(default_factory=list)
    said_twice: list[SaidTwice] = field(default_factory=list)

    @property
    def households(self) -> int:
        """In how many households another adult was chosen, however often one called there."""
        return len({call.household for call in self.other_adult})


def doubts_in(session: Session, where: ColumnElement[bool]) -> Mapping[int, Doubts]:
    """The doubtful calls of some assignments, by the assignment, in the order of households."""
    found: dict[int, Doubts] = defaultdict(Doubts)
    calls = session.execute(
        select(Visit, Assignment)
        .join(Assignment, Assignment.id == Visit.assignment_id)
        .where(where, Assignment.selection == KISH)
        .where(Visit.eligible > 0, Visit.chosen.is_not(None))
        .order_by(Visit.household, Visit.day, Visit.id)
    )
    for visit, assignment in calls:
        eligible, chosen = visit.eligible or 1, visit.chosen or 0
        due = kish(visit.household, grid_of(assignment), eligible)
        if chosen != due:
            call = OtherAdult(visit.household, visit.day, eligible, chosen, due)
            found[assignment.id].other_adult.append(call)
    twice = session.execute(
        select(Visit, HeldVisit.content)
        .join(HeldVisit, HeldVisit.visit_id == Visit.id)
        .join(Assignment, Assignment.id == Visit.assignment_id)
        .where(where)
        .order_by(Visit.household, Visit.day, Visit.id, HeldVisit.content_hash)
    )
    for visit, content in twice:
        people = (visit.eligible, visit.chosen)
        first = Said(visit.household, visit.outcome, visit.day, *people)
        found[visit.assignment_id].said_twice.append(SaidTwice(first, _said(json.loads(content))))
    return found


def doubts_at(session: Session, assignment_id: int) -> Doubts:
    """The doubtful calls of one assignment."""
    return doubts_in(session, Assignment.id == assignment_id).get(assignment_id, Doubts())


def _said(content: Mapping[str, Any]) -> Said:
    day = date.fromisoformat(content["day"])
    people = (content.get("eligible"), content.get("chosen"))
    return Said(content["household"], content["outcome"], day, *people)
