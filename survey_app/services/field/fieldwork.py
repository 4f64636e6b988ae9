"""Fieldwork: assignments of a tablet, and what came of its calls at households, kept once each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from analysis.dispositions import OUTCOMES
from survey_app.days import day_of
from survey_app.db import Base
from survey_app.models.fieldwork import Assignment, HeldVisit, Visit
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.door.content import canonical, hash_of
from survey_app.services.door.submissions import (
    ACCEPTED,
    CONFLICT,
    DUPLICATE,
    REJECTED,
    Receipt,
    Rejected,
    identity_of,
    is_code,
    name_given,
    reject,
)
from survey_app.services.field.assignments import MOST_HOUSEHOLDS
from survey_app.services.field.households import calls_at, standing
from survey_app.services.field.interviews import MOST_ADULTS, frame_of

GRIDS: Final = 12  # where in the cycle of Kish's tables an area begins
FIELDS: Final = {"id", "assignment", "household", "outcome", "day", "eligible", "chosen"}
DAY: Final = timedelta(days=1)
AREA: Final = "area"  # the key of the sampling frame that names the area
VISITS: Final = Base.metadata.tables[Visit.__tablename__]
HELD: Final = Base.metadata.tables[HeldVisit.__tablename__]


@dataclass(frozen=True)
class _Call:
    """A visit as it is kept, and what it said in one spelling."""

    row: dict[str, Any]
    content: str
    content_hash: str


def assignments_of(session: Session, device_id: int) -> list[dict[str, Any]]:
    """The open assignments of a tablet, as its package tells them.

    `households` says where each stands that was called at, by whichever tablet, in the order of
    their numbers: a tablet that is new to an area goes on where another one stopped.
    """
    own = (Assignment.device_id == device_id, Assignment.closed_at.is_(None))
    calls = calls_at(session, and_(*own))
    rows = session.execute(
        select(Assignment, Wave, CollectionPoint, WavePoint, Unit)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(CollectionPoint, CollectionPoint.id == Assignment.point_id)
        .join(
            WavePoint,
            (WavePoint.wave_id == Assignment.wave_id) & (WavePoint.point_id == Assignment.point_id),
        )
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .where(*own)
        .order_by(Assignment.code)
    )
    known: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (area, household), made in sorted(calls.items()):
        known[area].append(standing(household, made))
    return [
        {
            "code": assignment.code,
            "wave": wave.code,
            "questionnaire": form.questionnaire,
            "version": form.version,
            "collection_point": point.code,
            "area": frame_of(assignment).get(AREA) or f"{point.name}, {unit.name}",
            "selection": assignment.selection,
            "quota": assignment.quota,
            "reserve": assignment.reserve,
            "grid": grid_of(assignment),
            "households": known[assignment.id],
        }
        for assignment, wave, point, form, unit in rows
    ]


def grid_of(assignment: Assignment) -> int:
    """Where in the cycle of Kish's tables an area begins; it never changes."""
    return assignment.id % GRIDS


def record_visits(
    session: Session,
    given: Sequence[Any],
    device_id: int | None,
    now: datetime,
    clock_offset: int | None = None,
) -> list[Receipt]:
    """Keep visits, each once; receipts in their order.

    `clock_offset` is by how many seconds the clock of their device was behind ours.

    The same id with the same content is a `duplicate`; with other content a `conflict`: both are
    kept, and the first counts. Written in the order of their ids, so that two batches never lock
    each other out. A visit never names a response, and neither it nor its receipt tells a moment
    that could be laid beside that of one; so the receipt of every retry is the same.
    """
    order = sorted(range(len(given)), key=lambda place: name_given(given[place]).lower())
    found = {
        place: record_visit(session, given[place], device_id, now, clock_offset) for place in order
    }
    return [found[place] for place in range(len(given))]


def record_visit(
    session: Session,
    given: Any,
    device_id: int | None,
    now: datetime,
    clock_offset: int | None = None,
) -> Receipt:
    """Keep one visit, in a savepoint of its own."""
    try:
        call = _read(session, given, now, clock_offset)
    except Rejected as rejected:
        return Receipt(name_given(given), REJECTED, problems=rejected.problems)
    identity: UUID = call.row["id"]
    status = _status(session, identity, call.content_hash)
    if status is None:
        values = call.row | {"device_id": device_id, "content_hash": call.content_hash}
        try:
            with session.begin_nested():
                session.execute(insert(VISITS).values(**values))
            status = ACCEPTED
        except IntegrityError:  # it came twice at the same moment
            status = _status(session, identity, call.content_hash)
    if status is None:
        lost = reject("not_stored", "Máy chủ chưa lưu được lần tiếp cận này. Xin gửi lại sau.")
        return Receipt(str(identity), REJECTED, problems=lost.problems)
    if status == CONFLICT:
        _hold(session, call, device_id)
    return Receipt(str(identity), status, receipt_of_visit(identity))


def receipt_of_visit(identity: UUID) -> str:
    """The short code of a visit; it tells nothing and finds nothing, but can be read out."""
    return identity.hex[:10].upper()


def _status(session: Session, identity: UUID, content_hash: str) -> str | None:
    known = session.scalar(select(Visit.content_hash).where(Visit.id == identity))
    if known is None:
        return None
    return DUPLICATE if known == content_hash else CONFLICT


def _hold(session: Session, call: _Call, device_id: int | None) -> None:
    """Keep what a visit says otherwise than the first one under its id, once."""
    key = {"visit_id": call.row["id"], "content_hash": call.content_hash}
    if session.get(HeldVisit, tuple(key.values())) is not None:
        return
    try:
        with session.begin_nested():
            session.execute(insert(HELD).values(**key, device_id=device_id, content=call.content))
    except IntegrityError:  # it came twice at the same moment
        return


def _read(session: Session, given: Any, now: datetime, clock_offset: int | None) -> _Call:
    """A visit in one spelling; raises `Rejected` when it cannot have been.

    A household beyond those of the assignment can: there may have been more when it was called at.
    """
    if not isinstance(given, Mapping) or not set(given) <= FIELDS:
        raise reject("bad_shape", "Mỗi lần tiếp cận phải là một đối tượng JSON.")
    identity = identity_of(given)
    if identity is None:
        raise reject("bad_id", "Lần tiếp cận thiếu mã «id» dạng UUID.")
    content = {name: value for name, value in given.items() if value is not None}
    content["id"] = str(identity)
    code = content.get("assignment")
    named = select(Assignment).where(Assignment.code == code)
    assignment = session.scalar(named) if is_code(code) else None
    if assignment is None:
        raise reject("unknown_assignment", "Không có phân công này.")
    household = _number(content, "household", 1, 2 * MOST_HOUSEHOLDS)
    if household is None:
        raise _wrong("household")
    if not isinstance(content.get("outcome"), str) or content["outcome"] not in OUTCOMES:
        raise _wrong("outcome")
    eligible = _number(content, "eligible", 0, MOST_ADULTS)
    chosen = _number(content, "chosen", 1, MOST_ADULTS)
    if chosen is not None and (eligible is None or chosen > eligible):
        raise _wrong("chosen")
    told = _day(content.get("day"))
    day = _possible_day(session.get_one(Wave, assignment.wave_id), told, now, clock_offset)
    row = {
        "id": identity,
        "assignment_id": assignment.id,
        "household": household,
        "outcome": content["outcome"],
        "day": day,
        "told_day": told if told != day else None,
        "eligible": eligible,
        "chosen": chosen,
    }
    written = canonical(content)
    return _Call(row, written, hash_of(written))


def _number(content: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = content.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(name)
    return value


def _day(given: Any) -> date:
    try:
        day = date.fromisoformat(given)
    except (ValueError, TypeError):
        day = None
    if day is None or day.isoformat() != given:
        raise _wrong("day")
    return day


def _possible_day(wave: Wave, told: date, now: datetime, clock_offset: int | None) -> date:
    """The day of a call as told, where it can have been that day; else the likeliest.

    A clock that stands in another year must not have the last word at a household. What is beyond
    the opening of the wave or the day after today is corrected by how far the clock is off by now,
    and then brought between the opening and today.
    """
    today = day_of(now)
    first = min(today, day_of(wave.opened_at)) if wave.opened_at else today
    if first <= told <= today + DAY:
        return told
    with suppress(OverflowError):
        told += round((clock_offset or 0) / DAY.total_seconds()) * DAY
    return min(max(told, first), today)


def _wrong(field: str) -> Rejected:
    return reject("bad_visit", "Lần tiếp cận ghi sai thông tin «{field}».", field=field)
