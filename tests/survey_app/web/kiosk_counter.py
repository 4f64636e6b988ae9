"""A counter with a kiosk on it, for the tests of the kiosk: a server, a browser, a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from survey_app import clock
from survey_app.db import Database
from survey_app.models.responses import Answer, Response
from survey_app.models.waves import CollectionPoint, Procedure, Wave, WavePoint
from survey_app.services.counter.kiosks import hash_pin, prepare_kiosk
from survey_app.services.counter.links import link_to, read_token, token_of
from tests.survey_app.factories import COUNTER, make_form, make_point, make_unit, make_wave
from tests.survey_app.web.citizen_door import SECRET, make_app
from tests.survey_app.web.served import served

PIN = "246810"
START = "Mời Ông/Bà đánh giá sự phục vụ tại đây"
OUTBOX = """() => new Promise((resolve) => {
  const opened = indexedDB.open("sealed-queue");
  opened.onsuccess = () => {
    opened.result.transaction("forms").objectStore("forms").getAll().onsuccess =
      ({ target }) => resolve(target.result);
  };
})"""  # what waits on the device
SCALES = ("access", "procedure_clear", "staff", "result", "feedback")


@dataclass(frozen=True)
class Counter:
    """An open counter: the path of its kiosk's door, its code, and a code to enrol with."""

    door: str
    point: str
    wave: str
    code: str
    device_id: int


def make_counter(
    database: Database, form: str = COUNTER, agencies: int = 0, **wave_changes: Any
) -> Counter:
    """Open a counter in a new wave and prepare a kiosk for it."""
    now = clock.now()
    with database.writing() as session:
        wave = make_wave(session, opened_at=now - timedelta(days=1), **wave_changes)
        unit = make_unit(session, name="Phường Phú Lợi")
        point = make_point(session, wave, unit=unit, form=form)
        point.units = [make_unit(session, name=f"Sở số {n + 1}") for n in range(agencies)]
        name = f"Ki-ốt {point.code}"
        device, code = prepare_kiosk(session, point.id, name, hash_pin(PIN), now)
        token = token_of(session, link_to(session, wave, point, now), SECRET, now)
        return Counter(f"/k/{token}", point.code, wave.code, code, device.id)


def next_wave(database: Database, counter: Counter) -> str:
    """The path of the door of the same counter in another wave."""
    now = clock.now()
    with database.writing() as session:
        old = session.scalars(select(Wave).where(Wave.code == counter.wave)).one()
        point = session.scalars(
            select(CollectionPoint).where(CollectionPoint.code == counter.point)
        ).one()
        assigned = session.get_one(WavePoint, (old.id, point.id))
        wave = make_wave(session, opened_at=now - timedelta(hours=1))
        make_form(session, wave, f"{assigned.questionnaire}/{assigned.version}")
        fields = {"questionnaire": assigned.questionnaire, "version": assigned.version}
        session.add(WavePoint(wave_id=wave.id, point_id=point.id, **fields))
        session.flush()
        return f"/k/{token_of(session, link_to(session, wave, point, now), SECRET, now)}"


def doors_of_procedures(database: Database, counter: Counter) -> dict[str, str]:
    """The paths of the doors of a counter by what each is for: the field HT, or HT.1 of it."""
    with database.writing() as session:
        field = Procedure(code="HT", name="Hộ tịch")
        session.add(field)
        session.flush()
        procedure = Procedure(code="HT.1", name="Đăng ký khai sinh", parent_id=field.id)
        session.add(procedure)
        session.flush()
        general, now = read_token(session, counter.door.removeprefix("/k/"), SECRET), clock.now()
        links = {one.code: replace(general, procedure_id=one.id) for one in (field, procedure)}
        return {code: f"/k/{token_of(session, link, SECRET, now)}" for code, link in links.items()}


@contextmanager
def serving(database: Database, port: int = 0) -> Iterator[str]:
    """The service on a real socket; its address."""
    with served(make_app(database), port) as address:
        yield address


@dataclass
class Person:
    """Someone at the kiosk, who touches what is on the screen."""

    page: Any
    taps: int = 0

    def tap(self, name: str) -> None:
        """Touch the button with these words."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.taps += 1

    def begin(self, language: str = "Tiếng Việt", agree: str = "Tôi đồng ý") -> None:
        """Choose a language and agree."""
        self.tap(language)
        self.tap(agree)

    def rate(self, face: int = 4) -> None:
        """Answer all questions of the short form, by the place of the face, and say who helped."""
        for _item in SCALES:
            self.face(face)
        self.tap("2 lần")
        self.face(face)
        self.tap("Bỏ qua câu này")
        self.tap("Không, tôi tự trả lời")

    def face(self, place: int) -> None:
        """Touch a face; the next question follows."""
        asked = self.page.locator("h1").inner_text()
        self.page.locator(".face").nth(place - 1).click()
        self.taps += 1
        self.page.locator("h1").filter(has_not_text=asked).wait_for()

    def send(self) -> None:
        """Press «Gửi phiếu»."""
        self.tap("Gửi phiếu")

    def see(self, words: str) -> None:
        """Wait until a heading says this."""
        self.page.get_by_role("heading", name=words).wait_for()

    @property
    def receipt(self) -> str:
        """The receipt on the screen."""
        found: str = self.page.locator(".code").inner_text()
        return found


def enrol(page: Any, address: str, counter: Counter) -> None:
    """Open the door on a new browser and type the code; waits until it opens without a network."""
    page.goto(address + counter.door)
    page.locator("#code").fill(counter.code)
    page.locator("form button").click()
    page.locator("html[data-offline=ready]").wait_for(state="attached")


def wait_for_outbox(page: Any, state: str = "") -> None:
    """Wait until nothing waits on the device, but what is in a state."""
    for _turn in range(300):
        if all(form["state"] == state for form in page.evaluate(OUTBOX)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"still waiting: {[form['state'] for form in page.evaluate(OUTBOX)]}")


def answers_in(database: Database) -> dict[str, dict[str, str]]:
    """The answers of every response stored, by receipt."""
    with database.reading() as session:
        rows = session.execute(
            select(Response.receipt, Answer.item, Answer.value).join(
                Answer, Answer.response_id == Response.id
            )
        )
        found: dict[str, dict[str, str]] = {}
        for receipt, item, value in rows:
            found.setdefault(str(receipt), {})[item] = value
    return found
