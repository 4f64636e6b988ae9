"""The first screen of a phone on a slow network, against a bare page on the same network."""

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from bench.chromium import CHROMIUM, launching
from bench.measure import budget, line, ratio
from survey_app import clock, create_app
from survey_app.config import Config
from survey_app.db import Database
from survey_app.i18n import LANGUAGES
from survey_app.migrate import upgrade
from survey_app.security import public
from survey_app.serve import fill
from survey_app.services.counter.links import token_of
from survey_app.services.operation.demo import visitors_link

SECRET = "a-secret-of-the-bench-with-32-signs"
BITS, ROUND_TRIP = 400_000, 400  # per second; milliseconds
READABLE = 3.0  # seconds
TIMES = 3
BARE = "<!doctype html><html lang='vi'><title>SIPAS</title><h1>SIPAS</h1>"
# When the first words stand there, and when everything has come, fonts too; milliseconds.
TIMES_OF = """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
    Math.max(...performance.getEntries().map(one => one.responseEnd || 0))]"""


def run(_large: bool) -> None:
    """Open the first screen in every language with an empty cache and print when it is readable."""
    print(f"first screen at {BITS // 1000} kbit/s and {ROUND_TRIP} ms round trip, cold cache:")
    if CHROMIUM is None:
        print("  not measured: chromium is not installed")
        return
    with (
        tempfile.TemporaryDirectory() as home,
        _served(Path(home)) as (bare, door),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launching(CHROMIUM))
        reference = _fastest(browser, bare)[0]
        for language in LANGUAGES:
            words, everything = _fastest(browser, f"{door}?lang={language}")
            compared = ratio(words, reference, "a bare page"), budget(words, READABLE)
            line(f"first words in {language}", words, *compared)
            line("  everything, fonts too", everything)
        browser.close()


@contextmanager
def _served(home: Path) -> Iterator[tuple[str, str]]:
    """Serve the demo; gives the address of a bare page and that of the visitors' form."""
    url = f"sqlite:///{home / 'bench.sqlite3'}"
    database = Database(url)
    upgrade(database)
    fill(database)
    with database.writing() as session:
        link = visitors_link(session, clock.now())
        assert link
        token = token_of(session, link, SECRET, clock.now())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    app = create_app(Config(url, SECRET, home))
    _add_bare_page(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site = f"http://127.0.0.1:{server.server_port}"
    try:
        yield f"{site}/bare", f"{site}/s/{token}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["database"].engine.dispose()
        database.engine.dispose()


def _add_bare_page(app: Flask) -> None:
    app.add_url_rule("/bare", "bare", public(lambda: BARE))


def _fastest(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until the first words and until everything, the best of several visits."""
    visits = [_visit(browser, address) for _ in range(TIMES)]
    return min(words for words, _ in visits), min(everything for _, everything in visits)


def _visit(browser: Browser, address: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    speed = {"downloadThroughput": BITS / 8, "uploadThroughput": BITS / 8}
    wire.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": ROUND_TRIP, **speed}
    )
    page.goto(address, wait_until="networkidle")
    words, everything = page.evaluate(TIMES_OF)
    context.close()
    return words / 1000, everything / 1000
