"""A surveyor with a tablet, for the tests of the app: an area, a server, a browser, two hands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from questionnaires.load import Catalogue
from survey_app import clock
from survey_app.db import Database
from survey_app.models.fieldwork import Assignment, Interview, Visit
from survey_app.models.responses import Answer, Response
from survey_app.services.field.devices import give_code, prepare_device
from survey_app.services.plan.waves import add_form, add_point
from tests.survey_app.factories import catalogue, make_unit, make_wave
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.served import served

PIN = "13572468"
FORM = "sipas-citizen/2022"
COUNTER = "sipas-counter/1"
LONG = "long/1"  # see `long_form`
PRIVATE = "q07 q08"  # of the long form
STORED = """(name) => new Promise((resolve) => {
  const opened = indexedDB.open(name === "drafts" || name === "calls" ? "field" : name);
  opened.onsuccess = () => {
    const store = name === "drafts" || name === "calls" ? name : "forms";
    const asked = opened.result.transaction(store).objectStore(store).getAll();
    asked.onsuccess = () => { opened.result.close(); resolve(asked.result); };
  };
})"""  # what a store of the tablet holds: responses, visits, drafts or calls


@dataclass(frozen=True)
class Area:
    """An area that a tablet is to interview, and the code to enrol it with."""

    assignment: str
    point: str
    wave: str
    code: str
    device_id: int


def make_area(
    database: Database,
    form: str = FORM,
    private: str = "",
    definitions: Catalogue | None = None,
    **changes: Any,
) -> Area:
    """Assign an area in a wave that is open today to a new tablet."""
    now = clock.now()
    with database.writing() as session:
        wave = make_wave(session, opened_at=now - timedelta(days=1), source="probability")
        asked = add_form(session, wave, form, definitions or catalogue())
        unit = make_unit(session, name="Xã Phú Tâm")
        point = add_point(session, wave, unit, "Ấp Phú Hòa", asked)
        asked.private_items = private or None
        device = prepare_device(session, f"Máy {point.code}", "tablet", now)
        device.surveyor = "Lan"
        code = give_code(device, now + timedelta(days=1))
        session.flush()
        fields = {"selection": "kish", "quota": 4, "reserve": 2} | changes
        assignment = Assignment(
            code=f"A-{point.code}",
            wave_id=wave.id,
            point_id=point.id,
            device_id=device.id,
            **fields,
        )
        session.add(assignment)
        session.flush()
        return Area(assignment.code, point.code, wave.code, code, device.id)


def long_form(folder: Path, questions: int = 60) -> Catalogue:
    """A catalogue of one form with every kind of question in turn: words, number, one, several."""
    (folder / "long").mkdir(parents=True)
    items = []
    for number in range(1, questions + 1):
        kind = ("text", "number", "single", "multiple")[number % 4]
        lines = ["[[section.item]]", f'code = "q{number:02}"', f'kind = "{kind}"']
        lines += [f'text = "Câu hỏi số {number}?"', 'source = "Của phép thử."']
        if kind == "text":
            lines.append("max_length = 400")
        if kind in ("single", "multiple"):
            options = ", ".join(f'{{ code = "{n}", label = "Lựa chọn {n}" }}' for n in range(1, 5))
            lines.append(f"option = [{options}]")
        items.append("\n".join(lines))
    head = ['code = "long"', 'version = "1"', 'title = "Phiếu dài"', 'legal_basis = "Phép thử."']
    head += ['source = "Của phép thử."', "[[section]]", 'code = "A"', 'title = "Phần một"']
    text = "\n\n".join(["\n".join(head), *items])
    (folder / "long" / "1.toml").write_text(text, encoding="utf-8")
    (folder / "PUBLISHED").touch()
    return Catalogue(folder)


@contextmanager
def serving_field(
    database: Database, definitions: Catalogue | None = None, port: int = 0
) -> Iterator[str]:
    """The service on a real socket, perhaps with other definitions; its address."""
    app = make_app(database)
    if definitions is not None:
        app.extensions["catalogue"] = definitions
    with served(app, port) as address:
        yield address


def limit_room(page: Any, address: str, room: int | None = None) -> None:
    """Let the origin have so many bytes; the browser believes it only before it has looked."""
    limit: dict[str, Any] = {"origin": address} | ({"quotaSize": room} if room else {})
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", limit)


@dataclass
class Surveyor:
    """Somebody who holds a tablet, and touches what is on the screen."""

    page: Any
    address: str
    area: Area

    def press(self, name: str) -> None:
        """Touch the button with these words."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def see(self, words: str) -> None:
        """Wait until the heading says this."""
        self.page.locator("h1").filter(has_text=words).wait_for()

    def enrol(self) -> None:
        """Type the code, choose a PIN; waits until the app opens without a network."""
        self.page.goto(f"{self.address}/t/")
        self.page.locator("#code").fill(self.area.code)
        self.press("Đăng ký máy này")
        self.page.locator("#again").wait_for()
        self.page.locator("#pin").fill(PIN)
        self.page.locator("#again").fill(PIN)
        self.press("Dùng mã PIN này")
        self.see("Việc của Anh/Chị")
        self.page.locator("html[data-offline=ready]").wait_for(state="attached")

    def unlock(self, pin: str = PIN) -> None:
        """Open the app again and type the PIN."""
        self.page.locator("#pin").fill(pin)
        self.page.keyboard.press("Enter")
        self.see("Việc của Anh/Chị")

    def open_household(self, serial: int) -> None:
        """From home to a household."""
        self.page.locator("button.line:has(progress)").first.click()
        self.press_line(f"Hộ {serial}")
        self.see(f"Hộ {serial}")

    def press_line(self, title: str) -> None:
        """Touch a line of a list by its title."""
        lines = self.page.locator("button.line", has=self.page.get_by_text(title, exact=True))
        lines.first.click()

    def begin(self, serial: int = 1, adults: int = 3, language: str = "Tiếng Việt") -> None:
        """Begin an interview, up to its first question."""
        self.open_household(serial)
        self.press("Bắt đầu phỏng vấn")
        self.press(str(adults))
        self.press("Gặp được người này")
        self.press(language)
        self.press("Không có ai khác")
        self.press("Không cần phiên dịch")
        self.page.locator(".consent .main").click()
        self.page.locator(".item").wait_for()

    def answer(self, words: str = "Câu trả lời") -> str:
        """Answer the question on the screen by keys; gives what was asked."""
        page = self.page
        asked = str(page.locator("h1").inner_text())
        if page.locator("#box").count():
            number = page.locator("input#box").count()
            page.keyboard.type("41" if number else words)
            if number:
                page.keyboard.press("Enter")
            else:
                page.locator(".row .main").click()
        elif page.locator(".item.note").count():
            page.locator(".row .key").click()
        else:
            several = page.locator(".item.multiple").count()
            page.keyboard.press("1")
            if several:
                page.locator(".row .main").click()
        return asked

    def answer_all(self, until: str = "Xem lại phiếu", most: int = 120) -> int:
        """Answer every question until a heading; how many there were."""
        for number in range(most):
            heading = self.page.locator("h1").inner_text()
            if heading == until:
                return number
            self.answer()
            self.page.wait_for_function(
                "(old) => document.querySelector('h1').innerText !== old.h1 || "
                "document.querySelector('.progress p')?.innerText !== old.n",
                arg={"h1": heading, "n": self.progress()},
            )
        raise AssertionError(f"«{until}» never came")

    def progress(self) -> str:
        """What the progress says, if it is there."""
        words = self.page.locator(".progress p")
        return str(words.inner_text()) if words.count() else ""

    def stored(self, name: str) -> list[dict[str, Any]]:
        """What a store of the tablet holds."""
        found: list[dict[str, Any]] = self.page.evaluate(STORED, name)
        return found

    def wait_until_sent(self) -> None:
        """Wait until the service has all there is."""
        for _turn in range(300):
            kept = [*self.stored("responses"), *self.stored("visits")]
            if all(form["state"] == "received" for form in kept):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"still waiting: {[form['state'] for form in kept]}")


def fieldwork_in(database: Database) -> tuple[list[Any], list[Any], list[Any]]:
    """Responses with their answers, interviews and visits that arrived."""
    with database.reading() as session:
        responses = session.scalars(select(Response)).all()
        answers = session.execute(select(Answer.response_id, Answer.item, Answer.value)).all()
        by_id: dict[Any, dict[str, str]] = {}
        for response_id, item, value in answers:
            by_id.setdefault(response_id, {})[item] = value
        found = [(one, by_id.get(one.id, {})) for one in responses]
        interviews = list(session.scalars(select(Interview)))
        visits = list(session.scalars(select(Visit).order_by(Visit.household)))
        session.expunge_all()
    return found, interviews, visits
