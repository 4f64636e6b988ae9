"""How an interview was held: where, whom the rule chose, who listened, what contradicts itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.selection import MOST as MOST_BY_TABLE
from survey_app.models.fieldwork import INTERPRETERS, KISH, SELECTIONS, Assignment
from survey_app.services.door.places import Place
from survey_app.services.door.screening import COARSE
from survey_app.services.door.submissions import Arrival, Rejected, reject

MODES: Final = ("tablet", "paper")  # paper: a form that was left at the household and collected
PRESENCE: Final = ("household", "village_head", "official", "other")
MOST_ADULTS: Final = 20
ELIGIBLE: Final = "eligible"  # the key of the frame by which a weight within households is made


@dataclass(frozen=True)
class Held:
    """How an interview was held: the columns of its row, and what the frame says of the place.

    `by_rule` says that the adult asked can be the one whom the rule of the assignment chose. Which
    household it was stands in no response, so the number itself is checked at visits
    (`doubtful_calls`). `is_outdated` says that the assignment has been given another point since
    its tablet heard of it.
    """

    row: Mapping[str, Any]
    frame: Mapping[str, str]
    by_rule: bool
    is_outdated: bool


def interview_of(
    session: Session, content: Mapping[str, Any], place: Place, arrival: Arrival
) -> Held | None:
    """What a response says of its interview; None for one that is none of fieldwork.

    Raises `Rejected`. A rule other than that of the assignment is no contradiction: it may
    have been changed after the tablet had fetched its package.
    """
    code, said = content.get("assignment"), content.get("interview")
    if code is None and said is None:
        return None
    if content["mode"] not in MODES:
        raise _wrong("mode")
    assignment = _assignment(session, code, place, arrival) if code is not None else None
    row = _row({} if said is None else said)
    frame = frame_of(assignment) if assignment else {}
    if row["eligible"] is not None:
        frame[ELIGIBLE] = str(row["eligible"])
    rule = assignment.selection if assignment else row["selection"]
    row["assignment_id"] = assignment.id if assignment else None
    row["selection"] = row["selection"] or rule
    is_elsewhere = assignment is not None and assignment.point_id != place.point_id
    return Held(row, frame, _is_by_rule(row, rule), is_elsewhere and arrival.may_wait)


def frame_of(assignment: Assignment) -> dict[str, str]:
    """What the sampling frame says of an area."""
    kept: dict[str, str] = json.loads(assignment.frame) if assignment.frame else {}
    return kept


def _assignment(session: Session, code: Any, place: Place, arrival: Arrival) -> Assignment:
    if not isinstance(code, str) or not code.isprintable():
        raise _wrong("assignment")
    found = session.scalar(select(Assignment).where(Assignment.code == code))
    if found is None:
        template = "Không có phân công «{assignment}»."
        raise reject("unknown_assignment", template, assignment=code)
    may_differ = arrival.may_wait or arrival.admitted is not None
    if found.wave_id != place.wave_id or not (may_differ or found.point_id == place.point_id):
        template = "Phân công «{assignment}» thuộc đợt khảo sát hoặc điểm lấy ý kiến khác."
        raise reject("wrong_assignment", template, assignment=code)
    return found


def _row(said: Any) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        raise _wrong("interview")
    for name, fits in _SOUND.items():
        if said.get(name) is not None and not fits(said[name]):
            raise _wrong(name)
    eligible, chosen = said.get("eligible"), said.get("chosen")
    if chosen is not None and (eligible is None or chosen > eligible):
        raise _wrong("chosen")
    place = said.get("place") or {}
    return {
        "selection": said.get("selection"),
        "eligible": eligible,
        "chosen": chosen,
        "presence": " ".join(code for code in PRESENCE if code in (said.get("presence") or ())),
        "interpreter": said.get("interpreter"),
        "handed_over": bool(said.get("handed_over")),
        "drop_off": bool(said.get("drop_off")),
        "latitude": round(place["latitude"], COARSE) if place else None,
        "longitude": round(place["longitude"], COARSE) if place else None,
    }


def _is_by_rule(row: Mapping[str, Any], rule: str | None) -> bool:
    if row["selection"] != rule:
        return False
    if rule != KISH or row["eligible"] is None:
        return True
    return row["chosen"] is not None and row["chosen"] <= MOST_BY_TABLE


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_ADULTS


def _is_degree(value: Any, most: int) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and -most <= value <= most


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and _is_degree(value.get("latitude"), 90)
        and _is_degree(value.get("longitude"), 180)
    )


def _are_present(value: Any) -> bool:
    return isinstance(value, list) and all(code in PRESENCE for code in value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_SOUND: Final[Mapping[str, Callable[[Any], bool]]] = {
    "eligible": _is_count,
    "chosen": _is_count,
    "selection": lambda value: value in SELECTIONS,
    "presence": _are_present,
    "interpreter": lambda value: value in INTERPRETERS,
    "handed_over": _is_flag,
    "drop_off": _is_flag,
    "place": _is_place,
}


def _wrong(field: str) -> Rejected:
    template = "Phiếu ghi sai thông tin «{field}» của cuộc phỏng vấn."
    return reject("bad_interview", template, field=field)
