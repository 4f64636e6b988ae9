"""How a form was filled in: page times, changes, pauses, the same on web, kiosk and tablet.

The keys are described in docs/paradata.md. Paradata never reject a response: what makes no sense in
them is left out here. The document of the response keeps them as they came, until its retention
ends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

PAUSE: Final = 60  # seconds without the form on the screen that a device counts as a pause
# The web sees only when a page was saved: one that was open this long was left alone meanwhile.
WEB_PAUSE: Final = 600
LONGEST: Final = int(timedelta(days=31).total_seconds())  # a form on a tablet may wait for weeks
MOST_PAGES, MOST_CHANGES, MOST_PAUSES = 400, 400, 100
LONGEST_NAME: Final = 64
NAME: Final = re.compile(rf"[\w.:/#-]{{1,{LONGEST_NAME}}}")
WEB: Final = "web"
REVIEW, ABOUT = "review", "about"  # pages of the web that ask no question of the form


@dataclass(frozen=True)
class Paradata:
    """What is believed of the paradata of a response; seconds are whole and monotonic.

    `seconds` is the time somebody was at it, `elapsed` that from opening to sending.
    """

    app: str | None = None
    device_model: str | None = None
    seconds: int | None = None
    elapsed: int | None = None
    pages: tuple[tuple[str, int], ...] = ()
    changes: Mapping[str, int] = field(default_factory=dict)
    pauses: tuple[int, ...] = ()


def read_paradata(given: Any) -> Paradata:
    """The paradata of a response within bounds, whatever was sent."""
    if not isinstance(given, Mapping):
        return Paradata()
    elapsed, seconds = _seconds(given.get("elapsed")), _seconds(given.get("seconds"))
    if seconds is not None and elapsed is not None and seconds > elapsed:
        seconds = elapsed  # nobody is at a form for longer than it was open
    return Paradata(
        app=_name(given.get("app")),
        device_model=_words(given.get("device_model")),
        seconds=seconds,
        elapsed=elapsed,
        pages=tuple(_pages(given.get("pages"))),
        changes=_changes(given.get("changes")),
        pauses=tuple(_pauses(given.get("pauses"))),
    )


def note_page(
    kept: Mapping[str, Any], page: str, shown_at: datetime, now: datetime, changed: list[str]
) -> dict[str, Any]:
    """Paradata of a form on the web after one more page was saved.

    `shown_at` is when the page before it was saved; `changed` are items that had an answer, which
    became another one.
    """
    spent = max(0, round((now - shown_at).total_seconds()))
    pages, pauses = list(kept.get("pages", ())), list(kept.get("pauses", ()))
    changes = dict(kept.get("changes", {}))
    if spent >= WEB_PAUSE:
        pauses = [*pauses, spent][:MOST_PAUSES]
        spent = 0  # how much of it somebody read is not known
    if pages and pages[-1][0] == page:
        pages[-1] = [page, pages[-1][1] + spent]
    elif len(pages) < MOST_PAGES:
        pages.append([page, spent])
    for item in changed:
        changes[item] = changes.get(item, 0) + 1
    return {"pages": pages, "changes": changes, "pauses": pauses}


def web_paradata(kept: Mapping[str, Any], opened_at: datetime, now: datetime) -> dict[str, Any]:
    """What a form on the web is sent with, by the server's own clock."""
    elapsed = max(0, round((now - opened_at).total_seconds()))
    pages = kept.get("pages", [])
    return {
        "app": WEB,
        "seconds": min(elapsed, sum(seconds for _page, seconds in pages)),
        "elapsed": elapsed,
        "pages": pages,
        "changes": kept.get("changes", {}),
        "pauses": kept.get("pauses", []),
        "clock": {"opened": opened_at.isoformat(), "monotonic_ms": elapsed * 1000},
    }


def _seconds(given: Any) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return round(given) if 0 <= given <= LONGEST else None


def _count(given: Any) -> int | None:
    known = isinstance(given, int) and not isinstance(given, bool) and 0 < given < 10_000
    return given if known else None


def _name(given: Any) -> str | None:
    return given if isinstance(given, str) and NAME.fullmatch(given) else None


def _words(given: Any) -> str | None:
    known = isinstance(given, str) and given.isprintable() and given.strip()
    return given[:LONGEST_NAME] if known else None


def _pages(given: Any) -> list[tuple[str, int]]:
    found = []
    for one in given[:MOST_PAGES] if isinstance(given, list) else ():
        if isinstance(one, list) and len(one) == 2:
            page, seconds = _name(one[0]), _seconds(one[1])
            if page is not None and seconds is not None:
                found.append((page, seconds))
    return found


def _changes(given: Any) -> dict[str, int]:
    pairs = list(given.items())[:MOST_CHANGES] if isinstance(given, Mapping) else []
    counted = ((_name(item), _count(times)) for item, times in pairs)
    return {item: times for item, times in counted if item is not None and times is not None}


def _pauses(given: Any) -> list[int]:
    told = (_seconds(one) for one in (given[:MOST_PAUSES] if isinstance(given, list) else ()))
    return [seconds for seconds in told if seconds is not None and seconds >= PAUSE]
