"""How many forms one phone sends in a day, counted without keeping which phone it is.

Phones that scan a printed code are not enrolled, and a cookie is dropped by whoever wants to be
counted anew. So forms are counted by a mark of network address and kind of browser:

    HMAC-SHA256(SECRET_KEY, "sipas sender 1" | day | point | network | browser) mod 1024

It is another one each day and at each counter, thousands of addresses share one, the response does
not say which mark it had, and the counts go when their day is over. Of an IPv6 address the first 64
bits count, which a household or a phone keeps.
"""

import hmac
from datetime import date, datetime
from ipaddress import IPv6Address
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from survey_app.days import day_of
from survey_app.db import insert_into
from survey_app.models.responses import SenderCount
from survey_app.services.checking.networks import address_of

MARKS: Final = 1024  # a thousand forms a day still fall into ten of one mark by chance hardly ever
MANY: Final = 10  # a family, or those whose network hides many phones behind one address
FLOOD: Final = 40
HEAD: Final = "sipas sender 1"
SHARED: Final = 64  # low bits of an IPv6 address, which a phone changes by itself


def mark_of(
    secret_key: str, address: str | None, browser: str, point: str, now: datetime
) -> int | None:
    """The mark of a phone at a counter today; None where the address is not known.

    `point` is the code of the counter and `browser` what a browser calls itself. The caller forgets
    both and the address.
    """
    found = address_of(address)
    if found is None or found.is_loopback:  # a proxy in front that does not tell who sends
        return None
    network = int(found) >> SHARED if isinstance(found, IPv6Address) else int(found)
    day = day_of(now).isoformat()
    said = "\n".join((HEAD, day, point, f"{found.version} {network}", browser))
    digest = hmac.digest(secret_key.encode(), said.encode("utf-8", "replace"), "sha256")
    return int.from_bytes(digest[:8], "big") % MARKS


def count_one(session: Session, day: date, point_id: int, mark: int) -> int:
    """Count a form that arrived; returns how many of its mark came there on its day."""
    which = {"day": day, "point_id": point_id, "mark": mark}
    first = insert_into(session, SenderCount).values(**which, n=1)
    counted = first.on_conflict_do_update(index_elements=which, set_={"n": SenderCount.n + 1})
    return int(session.scalars(counted.returning(SenderCount.n)).one())


def forget_past(session: Session, now: datetime) -> None:
    """Delete the counts of days that are over."""
    session.execute(delete(SenderCount).where(SenderCount.day < day_of(now)))
