"""A tablet whose browser is killed again and again, like one whose battery dies in the rain."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from survey_app.db import Database
from tests.survey_app.web.tablet_field import Area, Surveyor, fieldwork_in

WORDS = "Cầu khỉ sau nhà hộ {household} đã mục, câu {n}"
LONGEST = 5.0  # seconds a browser lives at most after it was unlocked
READING = 150  # ms before a question is answered; a hand is no faster, a busy disk may be slower
# Where the app is: the screen, the household, the number of the question.
WHERE = """() => ({
  screen: document.getElementById("main").className.split(" ").slice(2).join(" "),
  place: document.querySelector("#bar .place")?.textContent ?? "",
  n: Number(/\\d+/.exec(document.querySelector(".progress p")?.textContent ?? "0")[0]) })"""
DRAFTS = """async () => (await import("/static/js/field/state.js")).app.drafts.map(
  (draft) => ({ household: draft.about.household, answers: draft.answers, at: draft.at }))"""


@dataclass
class Ordeal:
    """What came of it: how often it was killed, answers given before, and how many were lost."""

    kills: int = 0
    given: int = 0
    lost: int = 0
    worst: int = 0  # answers lost by one kill
    finished: list[int] = field(default_factory=list)  # households


def expected(household: int, n: int) -> Any:
    """What is answered to question `n` of the long form at a household."""
    kinds = {
        0: WORDS.format(household=household, n=n),
        1: str(1000 * household + n),
        2: str((household + n) % 3 + 1),
        3: ["1", "3"],
    }
    return kinds[n % 4]


class Tablet:
    """A browser with a profile on disk, in a process group of its own."""

    def __init__(self, chromium: str, folder: Path) -> None:
        self.chromium, self.folder = chromium, folder
        self.process: Any = None

    def launch(self, playwright: Any) -> Any:
        """Start it; gives its page."""
        port_file = self.folder / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        arguments = [self.chromium, "--headless=new", "--no-sandbox", "--remote-debugging-port=0"]
        arguments += [f"--user-data-dir={self.folder}", "--no-first-run", "--lang=vi"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            [*arguments, "about:blank"], stdout=quiet, stderr=quiet, start_new_session=True
        )
        for _turn in range(600):
            if port_file.exists() and "\n" in port_file.read_text():
                port = port_file.read_text().splitlines()[0]
                browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
                page = browser.contexts[0].pages[0]
                page.set_default_timeout(30_000)
                return page
            time.sleep(0.05)
        raise AssertionError("the browser did not start")

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def ordeal(
    playwright: Any, chromium: str, folder: Path, address: str, area: Area, kills: int, seed: int
) -> Ordeal:
    """Interview with the long form while the browser is killed at random moments.

    After each kill the draft must hold all answers but the last one given. In the end the last
    interview is finished and everything sent.
    """
    chance, told = random.Random(seed), Ordeal()
    tablet = Tablet(chromium, folder)
    surveyor = Surveyor(tablet.launch(playwright), address, area)
    surveyor.enrol()
    hands = _Hands(surveyor, told)
    for number in range(kills + 1):
        if number:
            surveyor.page = tablet.launch(playwright)
            surveyor.page.goto(f"{address}/t/")
            surveyor.page.locator("#pin").wait_for()
            surveyor.unlock()
        hands.take_up()
        if number == kills:
            hands.finish()
            surveyor.wait_until_sent()
            tablet.kill()
            break
        timer = threading.Timer(chance.uniform(0.1, LONGEST), tablet.kill)
        timer.start()
        try:
            while True:
                hands.step()
        except Error:
            timer.join()
            told.kills += 1
    return told


@dataclass
class _Hands:
    """What the surveyor does next, from what the screen shows."""

    surveyor: Surveyor
    told: Ordeal
    household: int = 1
    given: int = 0  # questions of this household that were answered
    sending: bool = False

    def take_up(self) -> None:
        """Look at what is left of the interview, and go on with it."""
        page = self.surveyor.page
        drafts = page.evaluate(DRAFTS)
        assert len(drafts) <= 1
        if not drafts:
            assert self.given == 0 or self.sending, "a whole draft was lost"
            if self.sending:
                self._next()
            self.surveyor.open_household(self.household)
            self.surveyor.press("Bắt đầu phỏng vấn")
            return
        (draft,) = drafts
        assert draft["household"] == self.household
        kept = [n for n in range(1, 61) if f"q{n:02}" in draft["answers"]]
        wrong = [n for n in kept if draft["answers"][f"q{n:02}"] != expected(self.household, n)]
        assert wrong == [], f"changed answers: {wrong}"
        lost = len(set(range(1, self.given + 1)) - set(kept))
        self.told.lost += lost
        self.told.worst = max(self.told.worst, lost)
        self.given, self.sending = len(kept), False
        self.surveyor.press_line(f"Hộ {self.household}")
        self.surveyor.press("Làm tiếp phiếu dở")

    def finish(self) -> None:
        """Go on until the interview is handed in."""
        begun = self.household
        while self.household == begun:
            self.step()

    def _next(self) -> None:
        self.told.finished.append(self.household)
        self.household, self.given, self.sending = self.household + 1, 0, False

    def step(self) -> None:
        """One thing."""
        page = self.surveyor.page
        where = page.evaluate(WHERE)
        screen = where["screen"].split()[0] if where["screen"] else ""
        if screen == "item":
            self._answer(page, where["n"])
        elif screen == "review":
            self.sending = True
            self.surveyor.press("Nộp phiếu")
            self.surveyor.see("Đã nộp phiếu")
        elif screen == "finished":
            self._next()
            self.surveyor.press("Về danh sách hộ")
            self.surveyor.press_line(f"Hộ {self.household}")
        elif screen in BUTTONS:
            page.locator(BUTTONS[screen]).first.click()
        else:
            page.wait_for_timeout(20)

    def _answer(self, page: Any, n: int) -> None:
        page.wait_for_timeout(READING)
        answer = expected(self.household, n)
        if n % 4 == 3:
            pressed = page.locator(".choices [aria-pressed=true]").all_inner_texts()
            for code in answer:
                if f"Lựa chọn {code}" not in pressed:
                    page.keyboard.press(code)
            page.locator(".row .main").click()
        elif n % 4 == 2:
            page.keyboard.press(answer)
        else:
            page.locator("#box").focus()
            page.keyboard.press("Control+A")
            page.keyboard.type(answer)
            page.keyboard.press("Control+Enter")
        self.given = max(self.given, n)
        self.told.given += 1


BUTTONS = {
    "household": ".wide.main",
    "eligible": ".number",
    "selection": ".row .main",
    "which": ".choice",
    "presence": ".row .main",
    "interpreter": ".choice",
    "consent": ".row .main",
}


def check_arrived(database: Database, told: Ordeal) -> None:
    """Every finished interview has arrived once, with what was answered."""
    responses, _interviews, visits = fieldwork_in(database)
    found = sorted(
        (json.loads(response.document)["answers"] for response, _answers in responses),
        key=lambda answers: int(answers["q01"]),
    )
    wanted = [
        {f"q{n:02}": expected(household, n) for n in range(1, 61)} for household in told.finished
    ]
    assert found == wanted
    assert {visit.household for visit in visits} == set(told.finished)
