"""How long a rating takes at a kiosk, for a scripted person who reads and moves like one."""

import tempfile
import threading
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.chromium import CHROMIUM, launching
from bench.measure import verdict
from questionnaires.load import Catalogue
from survey_app import clock, create_app
from survey_app.config import Config
from survey_app.db import Database
from survey_app.migrate import upgrade
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.counter.kiosks import hash_pin, list_kiosks, prepare_kiosk
from survey_app.services.plan.waves import add_form, add_point

SECRET = "a-secret-of-the-bench-with-32-signs!"
MOST = 45.0  # seconds, as the order says
# Vietnamese is written syllable by syllable. Adults read some 5.5 a second silently (238 English
# words a minute, Brysbaert 2019); this person is slower, and reads no stem of questions twice.
SYLLABLES_A_SECOND = 4.5
MOVE = 0.9  # seconds to find a button and touch it
FACES, CODE = 5, "sipas-counter/1"


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing between the figures."""


def run(_large: bool = False) -> None:
    """Print the seconds of one rating, against what is asked for."""
    if CHROMIUM is None:
        print("kiosk: chromium is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/kiosk.sqlite3")
        upgrade(database)
        door, code = _counter(database)
        app = create_app(Config(f"sqlite:///{folder}/kiosk.sqlite3", SECRET, Path(folder)))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**launching(CHROMIUM))
                page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="vi-VN")
                page.goto(f"http://127.0.0.1:{server.server_port}/k/{door}")
                page.locator("#code").fill(code)
                page.locator("form button").click()
                page.locator("html[data-offline=ready]").wait_for(state="attached")
                seconds, paused = _rate(page)
                browser.close()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        database.engine.dispose()
    share = seconds / MOST
    print(
        f"kiosk: a rating takes {seconds:.1f} s ({paused:.1f} s of reading and touching), ", end=""
    )
    print(f"{share:.2f} of the {MOST:.0f} s: {verdict(seconds < MOST)}")


def _counter(database: Database) -> tuple[str, str]:
    """A wave with one counter and a kiosk prepared for it; the token of its door and the code."""
    now = clock.now()
    with database.writing() as session:
        fields: dict[str, Any] = {"code": "bench", "title": "Bench", "year": now.year}
        wave = Wave(**fields, source="self-selected", opened_at=now)
        unit = Unit(code="X1", name="Phường 1", level="commune", valid_from=date(2025, 7, 1))
        session.add_all((wave, unit))
        session.flush()
        form = add_form(session, wave, CODE, Catalogue())
        point = add_point(session, wave, unit, "Quầy 1", form)
        _device, code = prepare_kiosk(session, point.id, "Ki-ốt 1", hash_pin("2468"), now)
        (kiosk,) = list_kiosks(session, SECRET, now)
    ((_title, token),) = kiosk.doors
    return token, code


def _rate(page: Page) -> tuple[float, float]:
    """Answer all that is asked, reading first; seconds in all, and those of the person."""
    names = ["Tiếng Việt", "Tôi đồng ý", *["Hài lòng"] * FACES, "1 lần", "Hài lòng"]
    names += ["Bỏ qua câu này", "Không, tôi tự trả lời", "Gửi phiếu"]
    begun, read, paused = perf_counter(), "", 0.0
    for name in names:
        page.get_by_role("button", name=name, exact=True).wait_for()
        h1 = page.locator("h1").inner_text()
        text = " ".join(page.locator("h1, .parts > p").all_inner_texts())
        pause = _unread(text, read) / SYLLABLES_A_SECOND + MOVE
        paused += pause
        page.wait_for_timeout(1000 * pause)
        page.get_by_role("button", name=name, exact=True).click()
        if name not in names[-2:]:
            page.wait_for_function(
                "(old) => document.querySelector('h1').innerText !== old", arg=h1
            )
        read = text
    page.locator(".code").wait_for()
    return perf_counter() - begun, paused


def _unread(text: str, before: str) -> int:
    """How many syllables follow the words that the screen before began with too."""
    new, old = text.split(), before.split()
    same = next((n for n, (a, b) in enumerate(zip(new, old, strict=False)) if a != b), None)
    return len(new) - (min(len(new), len(old)) if same is None else same)
