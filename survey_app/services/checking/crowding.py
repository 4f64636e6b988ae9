"""How a response stands among the others of its counter: how many came, and who said the same."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from survey_app.days import day_of, start_of
from survey_app.models.responses import Answer, Response, ResponseQuality
from survey_app.services.checking.sender_rates import FLOOD, MANY, count_one
from survey_app.services.door.submissions import CODED
from survey_app.services.plan.waves import corrected


@dataclass(frozen=True)
class Limit:
    """How many forms within some time are still explained by people who come one by one."""

    within: timedelta
    at_point: int
    at_device: int


# A one-stop counter returns a dossier in 3 to 5 minutes, several counters may share a code, and a
# kiosk that is handed on without a pause takes 50 s a person; nobody keeps that up for a day.
LIMITS: Final = (
    Limit(timedelta(minutes=10), 15, 12),
    Limit(timedelta(hours=1), 45, 40),
    Limit(timedelta(days=1), 160, 140),
)
DAY: Final = LIMITS[-1].within
NEWEST: Final = 200  # at the counter, looked at; more than the limit of a day
MOST_AROUND: Final = 500  # looked at for how many were answered within the windows of a late one
# A short form is often answered alike by different people, a long one hardly ever.
SHORT_FORM: Final = 20  # closed items
IDENTICAL_SHORT, IDENTICAL_LONG = 5, 2  # the n-th identical one of the day is the first noticed
# One-time codes come mixed, of many weeks, so that a few alike are nothing: whoever fills in codes
# by the dozen repeats himself far more often than the third of people who tick one level.
IDENTICAL_CODED, SHARE_CODED = 5, 1 / 3
LONG_WORDS: Final = 30  # letters; shorter remarks are made of what everybody says
SAME_WORDS: Final = 3  # the third who writes the same of a wave and counter: two may be a couple
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)  # where a clock stands that has lost its battery
WAITED: Final = timedelta(minutes=10)  # longer than that between sending and arriving: was queued
ONLINE: Final = ("web", "kiosk")  # what arrives when it is sent
IN_PERSON: Final = (*ONLINE, "tablet", "phone")  # comes one by one, not keyed later or mixed


@dataclass(frozen=True)
class Source:
    """What sent a response: an enrolled device and how many seconds its clock was behind ours.

    `mark` is that of a phone (`sender_rates`), None for all else.
    """

    device_id: int | None = None
    clock_offset: int | None = None
    mark: int | None = None


NO_SOURCE: Final = Source()


def crowding_of(
    session: Session, row: Mapping[str, Any], source: Source, remarks: Mapping[str, str]
) -> list[str]:
    """The signals that come from other responses; `row` is a response that was just inserted.

    `remarks` is what it says in words of its own, by item. When a form on paper is keyed says
    nothing of when it was filled in, so only its words are compared.
    """
    found = {"same_words": _is_copied(session, row, remarks)}
    if row["mode"] in IN_PERSON:
        found |= _among_the_day(session, row, source)
    elif row["mode"] in CODED:
        found["identical"] = _is_repeated(session, row)
    if source.mark is not None:
        day = day_of(row["received_at"])
        n = count_one(session, day, row["point_id"], source.mark)
        found |= {"sender_burst": MANY < n <= FLOOD, "sender_flood": n > FLOOD}
    return [name for name, is_so in found.items() if is_so]


def sent_at(row: Mapping[str, Any], clock_offset: int | None) -> datetime:
    """When a form was sent, by the device's clock as far as it can be put right.

    That is when it arrived, where the device tells no moment, or one that is still to come.
    """
    received: datetime = row["received_at"]
    sent = corrected(row["submitted_at"], clock_offset) or received
    return max(EARLIEST, min(sent, received))


def _among_the_day(session: Session, row: Mapping[str, Any], source: Source) -> dict[str, bool]:
    """What is noticed among the responses of the day at the same counter, this one included."""
    now: datetime = row["received_at"]
    day = start_of(day_of(now))
    given = {"point": row["point_id"], "vector": row["vector"], "day": day, "now": now}
    given |= {f"since_{k}": now - limit.within for k, limit in enumerate(LIMITS)}
    device = source.device_id if row["mode"] == "kiosk" else None
    of_device = {} if device is None else {"device": device}
    counted = session.execute(_AT_POINT if device is None else _WITH_DEVICE, given | of_device)
    identical, *fresh = (n or 0 for n in counted.one())
    # Itself has no row of quality yet.
    at_point, at_device = fresh[: len(LIMITS)], [n + 1 for n in fresh[len(LIMITS) :]]
    # A kiosk sends all that a loss of network held back at once: when those people came tells
    # whether they came one by one. A tablet or a phone call is sent whenever there is a network.
    is_online, sent = row["mode"] in ONLINE, sent_at(row, source.clock_offset)
    many = any(_too_many(at_point, at_device))
    if is_online and (many or now - sent > WAITED):
        at_point, at_device = _around(session, row, sent, device)
    of_point, of_one = _too_many(at_point, at_device)
    first_noticed = IDENTICAL_SHORT if len(row["vector"]) < SHORT_FORM else IDENTICAL_LONG
    return {
        "identical": any(row["vector"]) and identical >= first_noticed,
        "burst": is_online and of_point,
        "device_burst": is_online and of_one,
    }


def _too_many(at_point: Sequence[int], at_device: Sequence[int]) -> tuple[bool, bool]:
    """Whether more than any limit came at the counter, and from the device if there is one."""
    return (
        any(n > limit.at_point for n, limit in zip(at_point, LIMITS, strict=True)),
        any(n > limit.at_device for n, limit in zip(at_device, LIMITS, strict=False)),
    )


def _around(
    session: Session, row: Mapping[str, Any], sent: datetime, device: int | None
) -> tuple[list[int], list[int]]:
    """How many were sent within windows of time that hold `sent`: at the counter, of the device.

    The fullest such window counts, since what was held back arrives in any order.
    """
    named = {"point": row["point_id"], "since": sent - DAY, "now": row["received_at"]}
    others = [
        (sent_at({"submitted_at": submitted_at, "received_at": received_at}, offset), other)
        for identity, submitted_at, received_at, other, offset in session.execute(_SINCE, named)
        if identity != row["id"]
    ]
    at_point = [moment for moment, _other in others]
    of_device = [moment for moment, other in others if other == device]
    return (
        [_fullest(sent, at_point, limit.within) for limit in LIMITS],
        [] if device is None else [_fullest(sent, of_device, limit.within) for limit in LIMITS],
    )


def _fullest(sent: datetime, others: Sequence[datetime], within: timedelta) -> int:
    """How many moments lie in the fullest window that holds the one at `sent`, which counts."""
    near = sorted([sent, *(moment for moment in others if abs(moment - sent) < within)])
    firsts = near[: bisect_right(near, sent)]
    return max(bisect_left(near, first + within) - place for place, first in enumerate(firsts))


def _is_repeated(session: Session, row: Mapping[str, Any]) -> bool:
    """Whether the answers of a one-time code are those of too many others of its wave and unit.

    Of when they were given nothing is known, so it is the share of them that tells.
    """
    given = {"point": row["point_id"], "wave": row["wave_id"], "vector": row["vector"]}
    identical, n = session.execute(_CODED, given).one()
    return any(row["vector"]) and (identical or 0) >= max(IDENTICAL_CODED, n * SHARE_CODED)


def _is_copied(session: Session, row: Mapping[str, Any], remarks: Mapping[str, str]) -> bool:
    """Whether somebody's long remark was written before, word for word, by too many others."""
    for item, words in remarks.items():
        if len(words) >= LONG_WORDS:
            given = {"point": row["point_id"], "wave": row["wave_id"], "item": item, "words": words}
            if session.scalar(_COPIES, given) >= SAME_WORDS:
                return True
    return False


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
    fresh = [recent.c.received_at > bindparam(f"since_{k}") for k in range(len(LIMITS))]
    counts = [_count(recent.c.vector == bindparam("vector")), *map(_count, fresh)]
    same = ResponseQuality.device_id == bindparam("device")
    of_device = [_count(and_(one, same)) for one in fresh]
    joined = recent.outerjoin(ResponseQuality, ResponseQuality.response_id == recent.c.id)
    return select(*counts), select(*counts, *of_device).select_from(joined)


def _of_wave() -> tuple[Any, Any]:
    """Among the newest of a wave at a point: identical and how many; how often the same remark."""
    newest = (
        select(Response.id, Response.vector)
        .where(Response.point_id == bindparam("point"), Response.wave_id == bindparam("wave"))
        .order_by(Response.received_at.desc())
        .limit(NEWEST)
        .subquery()
    )
    same = select(_count(newest.c.vector == bindparam("vector")), func.count())
    copies = (
        select(func.count())
        .select_from(newest)
        .join(Answer, Answer.response_id == newest.c.id)
        .where(Answer.item == bindparam("item"), Answer.value == bindparam("words"))
    )
    return same, copies


# Built once: building takes longer than running.
_AT_POINT, _WITH_DEVICE = _queries()
_CODED, _COPIES = _of_wave()
_SINCE: Final = (
    select(Response.id, Response.submitted_at, Response.received_at)
    .add_columns(ResponseQuality.device_id, ResponseQuality.clock_offset)
    .outerjoin(ResponseQuality, ResponseQuality.response_id == Response.id)
    .where(Response.point_id == bindparam("point"), Response.received_at > bindparam("since"))
    .where(Response.received_at <= bindparam("now"))
    .order_by(Response.received_at.desc())
    .limit(MOST_AROUND)
)
