"""The surveyors' app opened cold, without network, on a slow processor, against a bare page."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench.chromium import CHROMIUM, launching
from bench.measure import budget, line, ratio
from survey_app.db import Database
from survey_app.migrate import upgrade
from tests.survey_app.web.tablet_field import PIN, Surveyor, make_area, serving_field

SLOWER = (4, 6)  # times: what Chromium's own tools call a mid-tier and a low-end phone
MOST = 3.0  # seconds
TIMES = 3
BARE = "/t/texts"  # one answer of the same worker, shown as it is


def run(_large: bool = False) -> None:
    """Print the seconds until the PIN can be typed, and until the lists stand after it."""
    print("cold start of the surveyors' app without network:")
    if CHROMIUM is None:
        print("  not measured: chromium is not installed")
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    with sync_playwright() as playwright:
        for slower in SLOWER:
            bare, shown, unlocked = cold_start(playwright, CHROMIUM, slower, TIMES)
            compared = ratio(shown, bare, "a bare page"), budget(shown, MOST)
            line(f"PIN can be typed, {slower} times slower", shown, *compared)
            line("  from the PIN to the lists", unlocked)


def cold_start(
    playwright: Playwright, executable: str | None, slower: int, times: int
) -> tuple[float, float, float]:
    """Enrol a tablet, then open it without network on a processor so many times slower.

    The shortest of several times, in seconds: of a bare page, until the PIN can be typed, and from
    the PIN to the lists.
    """
    arguments = launching(executable)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        database = Database(f"sqlite:///{home}/field.sqlite3")
        upgrade(database)
        area = make_area(database, quota=30)
        folder = Path(home) / "profile"
        with serving_field(database) as site:
            context = playwright.chromium.launch_persistent_context(str(folder), **arguments)
            Surveyor(context.pages[0], site, area).enrol()
            context.close()
            found = [
                _open(playwright.chromium, folder, arguments, site, slower) for _ in range(times)
            ]
        database.engine.dispose()
    bare, shown, unlocked = (min(times) for times in zip(*found, strict=True))
    return bare, shown, unlocked


def _open(
    chromium: Any, folder: Path, arguments: dict[str, Any], site: str, slower: int
) -> tuple[float, float, float]:
    """Start the browser anew; seconds of a bare page, until the PIN box, then to the lists."""
    context = chromium.launch_persistent_context(str(folder), **arguments)
    context.set_offline(True)
    page = context.pages[0]
    page.set_default_timeout(60_000)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(site + "/t/")
    page.locator("#pin").wait_for()
    shown = page.evaluate("performance.now()") / 1000
    begun = page.evaluate("performance.now()")
    page.locator("#pin").fill(PIN)
    page.keyboard.press("Enter")
    page.locator("button.line").first.wait_for()
    unlocked = (page.evaluate("performance.now()") - begun) / 1000
    page.goto(site + BARE)
    bare = page.evaluate("performance.getEntriesByType('navigation')[0].duration") / 1000
    context.close()
    return bare, shown, unlocked
