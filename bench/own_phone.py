"""A person rates a counter on their own phone: seconds from scan to thanks, on a slow network."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from time import perf_counter

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.chromium import CHROMIUM, launching
from bench.measure import budget, line, ratio
from questionnaires.load import Catalogue
from survey_app import create_app
from survey_app.config import Config
from survey_app.db import Database
from survey_app.migrate import upgrade
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.counter.links import link_to, token_of
from survey_app.services.plan.waves import add_form, add_point

GOAL = 60.0  # seconds
SECRET = "a secret of the bench, 32 signs long"
NETWORKS = {"4G": (10_000_000, 80), "slow": (400_000, 400)}  # bits a second, milliseconds
READING = 5.0  # syllables a second, 300 a minute; Vietnamese writes each apart, so they are counted
DECIDING = 0.7  # seconds to make up one's mind about a question that has been read
TAPPING = 0.6  # seconds to find the place and touch it
ITEMS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")
PHONE = {"width": 360, "height": 740}


@dataclass(frozen=True)
class Reader:
    """Somebody who never saw the form: what they read of the page before it and of the last one.

    The goal is promised to who skims; who reads every word takes as long as reading takes.
    """

    name: str
    start: str
    review: str
    comment: str = "#q-comment label"
    is_promised: bool = True


READERS = (
    Reader("skims the notice", "h1, .lead, .notice dt", "h1, .lead, #helped legend", ""),
    Reader("reads every word", "main", "main", is_promised=False),
)
RUNS = ((READERS[0], "4G"), (READERS[0], "slow"), (READERS[1], "4G"))


class _Person:
    def __init__(self, page: Page) -> None:
        self.page, self.waited, self.taps = page, 0.0, 0
        self.words: list[str] = []  # of the question before
        self.seen: set[str] = set()  # answers read before

    def read(self, selector: str) -> None:
        texts = self.page.locator(selector).all_inner_texts()
        self.pause(sum(len(text.split()) for text in texts) / READING)

    def read_question(self, item: str) -> None:
        """Read a question from where it differs from the one before, and answers not seen yet."""
        _number, _, text = self.page.locator(f"#q-{item} legend").inner_text().partition("\n")
        words = text.split()
        answers = self.page.locator(f"#q-{item} label").all_inner_texts()
        fresh = [word for answer in answers if answer not in self.seen for word in answer.split()]
        pairs = zip(words, self.words, strict=False)
        known = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        self.words, self.seen = words, self.seen | set(answers)
        self.pause((len(words) - known + len(fresh)) / READING)

    def tap(self, selector: str) -> None:
        self.pause(TAPPING)
        self.page.locator(selector).first.tap()
        self.taps += 1

    def pause(self, seconds: float) -> None:
        self.page.wait_for_timeout(1000 * seconds)
        self.waited += seconds


def run(_large: bool = False) -> None:
    """Print for each reader the seconds from the scan to the thanks."""
    print(
        f"\nown_phone: sipas-counter/1 at {PHONE['width']} px without JavaScript, "
        f"{60 * READING:.0f} syllables a minute, {DECIDING} s to decide, {TAPPING} s a tap; "
        f"goal {GOAL:.0f} s; 4G: 10 Mbit/s and 80 ms, slow: 400 kbit/s and 400 ms"
    )
    if CHROMIUM is None:
        print("  chromium is not installed")
        return
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launching(CHROMIUM))
        for reader, network in RUNS:
            bits, round_trip = NETWORKS[network]
            context = browser.new_context(
                viewport={"width": 360, "height": 740},
                java_script_enabled=False,
                locale="vi-VN",
                has_touch=True,
            )
            page = context.new_page()
            wire = context.new_cdp_session(page)
            wire.send("Network.enable")
            wire.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": round_trip,
                    "downloadThroughput": bits / 8,
                    "uploadThroughput": bits / 8,
                },
            )
            person = _Person(page)
            begun = perf_counter()
            _rate(person, reader, address)
            whole = perf_counter() - begun
            share = ratio(whole, person.waited, "reading, deciding and tapping alone")
            promised = [budget(whole, GOAL)] if reader.is_promised else []
            line(f"{reader.name}, {person.taps} taps, {network}", whole, share, *promised)
            context.close()
        browser.close()


def _rate(person: _Person, reader: Reader, address: str) -> None:
    person.page.goto(address)
    person.read(reader.start)
    person.tap("main button.button")
    person.page.wait_for_url("**/1")
    person.read("h1, main > .lead")
    for item in ITEMS:
        person.read_question(item)
        person.pause(DECIDING)
        person.tap(f"label[for='q-{item}-4']")
    if reader.comment:  # who skims sees that it is optional
        person.read(reader.comment)
    person.tap("button[value='on']")
    person.page.wait_for_url("**/review")
    person.read(reader.review)
    person.tap("label[for='helped-1']")
    person.tap("main button.button")
    person.page.wait_for_url("**/thanks*")
    person.page.locator(".code").wait_for()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the lines of the bench are its figures."""


@contextmanager
def _served() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        upgrade(database)
        address = _open_counter(database)
        app = create_app(Config(str(database.url), SECRET, Path(folder)))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{address}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            app.extensions["database"].engine.dispose()
            database.engine.dispose()


def _open_counter(database: Database) -> str:
    now = datetime.now(UTC)
    with database.writing() as session:
        unit = Unit(code="X1", name="Phường Phú Lợi", level="commune", valid_from=date(2025, 7, 1))
        wave = Wave(
            code="bench",
            title="Khảo sát mức độ hài lòng năm 2026",
            year=now.year,
            source="self-selected",
            opened_at=now - timedelta(days=1),
        )
        session.add_all([unit, wave])
        session.flush()
        form = add_form(session, wave, "sipas-counter/1", Catalogue())
        point = add_point(session, wave, unit, "Quầy 1", form)
        return f"/s/{token_of(session, link_to(session, wave, point, now), SECRET, now)}"
