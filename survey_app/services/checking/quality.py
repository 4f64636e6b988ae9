"""What is noticed when a response arrives: signals of misuse with points, never a refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from survey_app.days import HANOI
from survey_app.db import Base
from survey_app.models.responses import ResponseQuality
from survey_app.services.checking.crowding import (
    IN_PERSON,
    NO_SOURCE,
    WAITED,
    Source,
    crowding_of,
    sent_at,
)
from survey_app.services.plan.waves import corrected

# Signal: points. A response is flagged for a supervisor from FLAGGED points on, so a signal that
# has an innocent reading of its own (a family on the office's network, a busy morning, a contented
# person ticking «hài lòng» all along) never flags alone, and two of them together do.
POINTS: Final[Mapping[str, int]] = {
    "too_fast": 3,  # nobody reads that fast
    "kiosk_after_hours": 3,  # the room with the kiosk was locked
    "sender_flood": 3,  # no network is shared by so many at one counter
    "burst": 2,  # more than a counter can serve
    "device_burst": 2,  # more than one kiosk can be handed on
    "sender_burst": 2,  # one phone, or many behind one address of their network
    "same_words": 2,  # a long remark word for word, over and over
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
FEWEST_SCALES: Final = 5  # with fewer scales the same answer everywhere says nothing


@dataclass(frozen=True)
class Circumstances:
    """What is known of an arriving response beside its row.

    `scales` are the answers to scale items and `answered` counts all answers. `hours` are the
    opening hours of the counter (JSON of `CollectionPoint.opening_hours`). `seconds` is how long
    somebody was at the form by the paradata, which no wrong clock can spoil. `by_rule` says that in
    an interview the rule of selection can have chosen who answered. `source` is what sent it, and
    `remarks` are the answers in words of one's own, by item.
    """

    scales: Sequence[str] = ()
    answered: int = 0
    hours: str | None = None
    in_office: bool = False
    seconds: int | None = None
    by_rule: bool = True
    source: Source = NO_SOURCE
    remarks: Mapping[str, str] = field(default_factory=dict)


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

    `row` holds the columns of the response. One query over the newest responses at the same
    counter, a second where very many came at once or for a long remark, and one insert; one more
    counts the phones.
    """
    noticed = _noticed(row, known)
    crowding = crowding_of(session, row, known.source, known.remarks)
    signals = dict(noticed.signals) | {name: POINTS[name] for name in crowding}
    noticed = Noticed(signals, noticed.seconds)
    stored = {
        "response_id": row["id"],
        "score": noticed.score,
        "signals": json.dumps(noticed.signals, sort_keys=True),
        "seconds": noticed.seconds,
        "device_id": known.source.device_id,
        "clock_offset": known.source.clock_offset,
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
    in_person = row["mode"] in IN_PERSON and seconds is not None
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
    received, sent = row["received_at"], sent_at(row, known.source.clock_offset)
    if known.source.clock_offset is None and received - sent > WAITED:
        return False
    return not is_within(known.hours, sent)


def _how_long(row: Mapping[str, Any], known: Circumstances) -> tuple[float | None, bool]:
    """Seconds from beginning to sending, and whether the device's clock can be believed."""
    seconds = seconds_between(row["started_at"], row["submitted_at"])
    if seconds is not None and not 0 <= seconds <= LONGEST.total_seconds():
        return None, False
    sent = corrected(row["submitted_at"], known.source.clock_offset)
    return seconds, sent is None or sent - row["received_at"] <= WAITED


_KEEP: Final = insert(Base.metadata.tables[ResponseQuality.__tablename__])  # built once


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
