"""Households of areas: the calls made at each in their order, and where each stands."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from analysis.dispositions import INTERVIEW, OUTCOMES, PARTIAL
from survey_app.models.fieldwork import Assignment, Visit

# Which call of one day counts as the later one: the one nearer to an interview.
ORDER: Final = {code: place for place, code in enumerate(reversed(list(OUTCOMES)))}
HELD: Final = (INTERVIEW, PARTIAL)
Household = tuple[int, int]  # assignment, serial number


@dataclass(frozen=True)
class Call:
    """What came of one call; who lives there and who was chosen, where it told."""

    outcome: str
    day: date
    eligible: int | None
    chosen: int | None


def calls_at(session: Session, where: ColumnElement[bool]) -> Mapping[Household, list[Call]]:
    """The calls at each household of some assignments, in their order.

    A visit knows no hour: of the calls of one day the one nearest to an interview counts as the
    last, in the order of the standard.
    """
    place = (Visit.assignment_id, Visit.household)
    rows = session.execute(
        select(*place, Visit.outcome, Visit.day, Visit.eligible, Visit.chosen)
        .join(Assignment, Assignment.id == Visit.assignment_id)
        .where(where)
    )
    found: dict[Household, list[Call]] = defaultdict(list)
    for assignment, household, outcome, day, eligible, chosen in rows:
        found[assignment, household].append(Call(outcome, day, eligible, chosen))
    for calls in found.values():
        calls.sort(key=_order)
    return found


def standing(household: int, calls: Sequence[Call]) -> dict[str, Any]:
    """Where a household stands, as a package tells it: its last call, and who was chosen there.

    The call that led to an interview is the one to tell, whatever a later one says.
    """
    interviews = [call for call in calls if OUTCOMES[call.outcome].group in HELD]
    last = (interviews or calls)[-1]
    told = {"household": household, "outcome": last.outcome, "day": last.day.isoformat()}
    people = [call for call in calls if call.eligible is not None]
    if people:
        known = {"eligible": people[-1].eligible, "chosen": people[-1].chosen}
        told |= {name: number for name, number in known.items() if number is not None}
    return told


def _order(call: Call) -> tuple[date, int, int, int]:
    # who was chosen decides between calls that say the same, so that every database orders alike
    return call.day, ORDER[call.outcome], call.eligible or 0, call.chosen or 0
