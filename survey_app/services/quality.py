"""What is noticed when a response arrives: signals of misuse with points, never a refusal."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, func, insert, select
from sqlalchemy.orm import Session

from survey_app.db import Base
from survey_app.models.responses import Response, ResponseQuality
from survey_app.services.links import HANOI
from survey_app.services.waves import corrected

# Signal: points. A response is flagged for a supervisor from FLAGGED points on, so a signal that
# has an innocent reading of its own (a family on the office's network, a busy morning, a contented
# person ticking «hài lòng» all along) never flags alone, and two of them together do.
POINTS: Final[Mapping[str, int]] = {
    "too_fast": 3,  # nobody reads that fast
    "kiosk_after_hours": 3,  # the room with the kiosk was locked
    "burst": 2,  # more than a counter can serve
    "device_burst": 2,  # more than one kiosk can be handed on
    "identical": 2,  # the same answers over and over at one counter
    "selection": 2,  # whom the surveyor asked was not chosen by the rule
    "office_network": 2,  # staff, or a citizen on their network
    "helped_by_official": 2,  # who is rated stood beside
    "after_hours": 1,  # at home in the evening is usual, so hardly a sign
    "straight_line": 1,  # the same answer to everything
    "clock": 0,  # the device's clock cannot be believed, which is nobody's fault
}
FLAGGED: Final = 3

# Reading takes about 0.3 s a word (Zhang & Conrad 2014, "Speeding in web surveys"), and no question
# has fewer than ten words. Half of that spares those who know the form.
SECONDS_PER_ANSWER: Final = 1.5
LONGEST: Final = timedelta(hours=24)  # a form is kept no longer; anything above is a wrong clock
WINDOW: Final = timedelta(minutes=10)
MOST_AT_POINT: Final = 15  # in the window: a one-stop counter returns a dossier in 3 to 5 minutes
MOST_AT_DEVICE: Final = 12  # in the window: 50 s each, without anybody stepping aside
NEWEST: Final = 100  # of the day at the counter, looked at for identical answers
MOST_AROUND: Final = 500  # looked at for how many were answered within the window of a late one
# A short form is often answered alike by different people, a long one hardly ever.
SHORT_FORM: Final = 20  # closed items
IDENTICAL_SHORT, IDENTICAL_LONG = 5, 2  # the n-th identical one of the day is the first noticed
FEWEST_SCALES: Final = 5  # with fewer scales the same answer everywhere says nothing
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)  # where a clock stands that has lost its battery
WAITED: Final = timedelta(minutes=10)  # longer than that between sending and arriving: was queued
ONLINE: Final = ("web", "kiosk")  # what arrives when it is sent
BY_PERSON: Final = ("web", "kiosk", "tablet", "phone")  # not keyed later, not by a one-time code


@dataclass(frozen=True)
class Circumstances:
    """What is known of an arriving response beside its row.

    `scales` are the answers to scale items and `answered` counts all answers. `hours` are the
    opening hours of the counter (JSON of `CollectionPoint.opening_hours`). `seconds` is how long
    somebody was at the form by the paradata, which no wrong clock can spoil. `by_rule` says that in
    an interview the rule of selection can have chosen who answered.
    """

    scales: Sequence[str] = ()
    answered: int = 0
    hours: str | None = None
    in_office: bool = False
    device_id: int | None = None
    clock_offset: int | None = None
    seconds: int | None = None
    by_rule: bool = True


@dataclass(frozen=True)
class Noticed:
    """Signals with their points, and how long the form took."""

    signals: Mapping[str, int] = field(default_factory=dict)
    seconds: int | None = None

    @property
    def score(self) -> int:
        """All points together."""
        return sum(self.signals.values())


def note_quality(session: Session, row: Mapping[str, Any], known: Circumstances) -> Noticed:
    """Score a response that has just been inserted, and keep the score beside it.

    `row` holds the columns of the response. One query over the newest responses of the day at the
    same counter, a second where very many came at once, and one insert. A form on paper or from a
    one-time code takes no query, since when it comes says nothing of when it was filled in.
    """
    noticed = _noticed(row, known)
    if row["mode"] in BY_PERSON:
        signals = dict(noticed.signals) | _among_others(session, row, known)
        noticed = Noticed(signals, noticed.seconds)
    stored = {
        "response_id": row["id"],
        "score": noticed.score,
        "signals": json.dumps(noticed.signals, sort_keys=True),
        "seconds": noticed.seconds,
        "device_id": known.device_id,
        "clock_offset": known.clock_offset,
    }
    session.execute(_KEEP, stored)
    return noticed


def seconds_between(started: str | None, submitted: str | None) -> float | None:
    """Seconds between two moments as a device wrote them; None where they cannot be compared."""
    try:
        return (
            datetime.fromisoformat(submitted or "") - datetime.fromisoformat(started or "")
        ).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def is_within(hours: str | None, moment: datetime) -> bool:
    """Say whether a counter was open at a moment; one that tells no hours always is."""
    week = _week(hours) if hours else None
    if week is None:
        return True
    local = moment.astimezone(HANOI)
    clock = local.time().replace(tzinfo=None)
    return any(opens <= clock <= closes for opens, closes in week.get(local.isoweekday(), ()))


def _noticed(row: Mapping[str, Any], known: Circumstances) -> Noticed:
    """What a response says by itself."""
    seconds, is_told = _how_long(row, known)
    found = {"clock": not is_told}
    if known.seconds is not None:
        seconds = known.seconds
    in_person = row["mode"] in BY_PERSON and seconds is not None
    found["too_fast"] = in_person and (seconds or 0) < SECONDS_PER_ANSWER * known.answered
    scales = known.scales
    found["straight_line"] = len(scales) >= FEWEST_SCALES and len(set(scales)) == 1
    found["selection"] = not known.by_rule
    found["helped_by_official"] = row["helped"] == "official"
    found["office_network"] = row["mode"] == "web" and known.in_office  # kiosks stand in offices
    found["after_hours"] = row["mode"] == "web" and not is_within(known.hours, row["received_at"])
    found["kiosk_after_hours"] = row["mode"] == "kiosk" and _is_after_hours(row, known)
    signals = {name: POINTS[name] for name, is_so in found.items() if is_so}
    return Noticed(signals, None if seconds is None else int(seconds))


def _is_after_hours(row: Mapping[str, Any], known: Circumstances) -> bool:
    """Whether a kiosk was used while its counter was closed, where that can be known.

    What waited on a kiosk that does not tell how its clock stands may have been sent at any hour.
    """
    received, sent = row["received_at"], _sent_at(row, known.clock_offset)
    if known.clock_offset is None and received - sent > WAITED:
        return False
    return not is_within(known.hours, sent)


def _how_long(row: Mapping[str, Any], known: Circumstances) -> tuple[float | None, bool]:
    """Seconds from beginning to sending, and whether the device's clock can be believed."""
    seconds = seconds_between(row["started_at"], row["submitted_at"])
    if seconds is not None and not 0 <= seconds <= LONGEST.total_seconds():
        return None, False
    sent = corrected(row["submitted_at"], known.clock_offset)
    return seconds, sent is None or sent - row["received_at"] <= WAITED


def _sent_at(row: Mapping[str, Any], clock_offset: int | None) -> datetime:
    """When a form was sent, by the device's clock as far as it can be put right.

    That is when it arrived, where the device tells no moment, or one that is still to come.
    """
    received: datetime = row["received_at"]
    sent = corrected(row["submitted_at"], clock_offset) or received
    return max(EARLIEST, min(sent, received))


def _among_others(session: Session, row: Mapping[str, Any], known: Circumstances) -> dict[str, int]:
    """What is noticed among the responses of the day at the same counter, this one included."""
    now: datetime = row["received_at"]
    offset = known.clock_offset
    day = datetime.combine(now.astimezone(HANOI), time(), HANOI)
    given = {"point": row["point_id"], "vector": row["vector"]}
    given |= {"day": day, "since": now - WINDOW, "now": now}
    of_device = row["mode"] == "kiosk" and known.device_id is not None
    if of_device:
        given["device"] = known.device_id
    counted = session.execute(_WITH_DEVICE if of_device else _AT_POINT, given).one()
    identical, at_point, at_device = (*(n or 0 for n in counted), 0)[:3]
    at_device += 1  # itself, which has no row of quality yet
    # A kiosk sends all that a loss of network held back at once: when those people came tells
    # whether they came one by one.
    many, sent = at_point > MOST_AT_POINT or at_device > MOST_AT_DEVICE, _sent_at(row, offset)
    if row["mode"] in ONLINE and (many or now - sent > WAITED):
        at_point, at_device = _around(session, row, sent, given)
    first_noticed = IDENTICAL_SHORT if len(row["vector"]) < SHORT_FORM else IDENTICAL_LONG
    found = {
        "identical": any(row["vector"]) and identical >= first_noticed,
        # A tablet or a phone call is sent whenever there is a network: many at once is usual.
        "burst": row["mode"] in ONLINE and at_point > MOST_AT_POINT,
        "device_burst": of_device and at_device > MOST_AT_DEVICE,
    }
    return {name: POINTS[name] for name, is_so in found.items() if is_so}


def _around(
    session: Session, row: Mapping[str, Any], sent: datetime, given: Mapping[str, Any]
) -> tuple[int, int]:
    """How many were sent within a window of time that holds `sent`: at the counter, of the device.

    The fullest such window counts, since what was held back arrives in any order.
    """
    named = {"point": given["point"], "since": sent - WINDOW, "now": given["now"]}
    others = [
        (_sent_at({"submitted_at": submitted_at, "received_at": received_at}, offset), device)
        for identity, submitted_at, received_at, device, offset in session.execute(_SINCE, named)
        if identity != row["id"]
    ]
    of_device = [moment for moment, device in others if device == given.get("device")]
    return _fullest(sent, [moment for moment, _device in others]), _fullest(sent, of_device)


def _fullest(sent: datetime, others: Sequence[datetime]) -> int:
    """How many moments lie in the fullest window that holds the one at `sent`, which counts."""
    near = sorted([sent, *(moment for moment in others if abs(moment - sent) < WINDOW)])
    firsts = near[: bisect_right(near, sent)]
    return max(bisect_left(near, first + WINDOW) - place for place, first in enumerate(firsts))


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _queries() -> tuple[Any, Any]:
    """Counts among the newest of the day at a counter: identical, fresh, fresh of one device."""
    recent = (
        select(Response.id, Response.received_at, Response.vector)
        .where(Response.point_id == bindparam("point"))
        .where(Response.received_at.between(bindparam("day"), bindparam("now")))
        .order_by(Response.received_at.desc())
        .limit(NEWEST)
        .subquery()
    )
    fresh = recent.c.received_at > bindparam("since")
    counts = (_count(recent.c.vector == bindparam("vector")), _count(fresh))
    same = and_(fresh, ResponseQuality.device_id == bindparam("device"))
    joined = recent.outerjoin(ResponseQuality, ResponseQuality.response_id == recent.c.id)
    return select(*counts), select(*counts, _count(same)).select_from(joined)


_SINCE: Final = (
    select(Response.id, Response.submitted_at, Response.received_at)
    .add_columns(ResponseQuality.device_id, ResponseQuality.clock_offset)
    .outerjoin(ResponseQuality, ResponseQuality.response_id == Response.id)
    .where(Response.point_id == bindparam("point"), Response.received_at > bindparam("since"))
    .where(Response.received_at <= bindparam("now"))
    .order_by(Response.received_at.desc())
    .limit(MOST_AROUND)
)
# Built once: building takes longer than running.
_AT_POINT, _WITH_DEVICE = _queries()
_KEEP: Final = insert(Base.metadata.tables[ResponseQuality.__tablename__])


@lru_cache(maxsize=512)
def _week(hours: str) -> Mapping[int, Sequence[tuple[time, time]]] | None:
    """Opening hours by weekday, 1 = Monday; None where the text says nothing sensible."""
    try:
        return {
            int(day): [(time.fromisoformat(a), time.fromisoformat(b)) for a, b in spans]
            for day, spans in json.loads(hours).items()
        }
    except (ValueError, TypeError, AttributeError):
        return None
