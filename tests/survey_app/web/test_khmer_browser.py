"""Khmer in a real browser: drawn with our own font, with room between the lines, read aloud."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.waves import Wave
from survey_app.services.operation.accounts import create_account
from survey_app.services.wording.prompts import Prompts
from tests.chromium import lead_on
from tests.survey_app.factories import COUNTER, catalogue
from tests.survey_app.services.wording.test_prompts import sound
from tests.survey_app.web.citizen_door import make_app, make_door
from tests.survey_app.web.served import served

PASSWORD = "một mật khẩu dài"
LINE_HEIGHT = """sign => {
  const style = getComputedStyle(document.querySelector(sign));
  return parseFloat(style.lineHeight) / parseFloat(style.fontSize);
}"""

LISTEN = """() => new Promise((heard, failed) => {
  const player = document.querySelector("audio");
  player.onended = () => heard();
  player.play().catch(failed);
})"""


@pytest.fixture
def service(sqlite_database, tmp_path):
    """A counter whose first question can be listened to in Khmer: its address and its door."""
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
        create_account(session, "lan", PASSWORD, "administrator")
    app = make_app(sqlite_database)
    app.extensions["prompts"] = Prompts(tmp_path / "definitions", tmp_path / "audio")
    version = catalogue().questionnaire(COUNTER).definition
    app.extensions["prompts"].keep(version, "km", "access", sound())
    with served(app) as address:
        yield address, door


@pytest.fixture
def page(browser):
    context = browser.new_context(locale="vi-VN")
    yield context.new_page()
    context.close()


def fonts_of(page, sign):
    """The fonts that a part of a page is drawn with, and whether each is ours."""
    page.evaluate("document.fonts.ready")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": sign})["nodeId"]
    found = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return {font["familyName"]: font["isCustomFont"] for font in found}


def check_khmer(page, sign):
    fonts = fonts_of(page, sign)
    assert fonts["Noto Sans Khmer"] is True
    assert set(fonts) <= {"Noto Sans Khmer", "Noto Sans"}
    assert all(fonts.values())
    assert page.evaluate(LINE_HEIGHT, sign) == pytest.approx(1.7, abs=0.01)


def test_khmer_is_drawn_with_our_font_on_the_pages_of_citizens_and_of_staff(service, page):
    address, door = service
    page.goto(f"{address}{door}?lang=km")
    check_khmer(page, "main")
    lead_on(page, page.locator("main button").first)
    check_khmer(page, "main .legend")

    page.goto(f"{address}/admin/sign-in?lang=km")
    check_khmer(page, "main .soft")
    page.fill("#name", "lan")
    page.fill("#password", PASSWORD)
    lead_on(page, page.locator("main button"))
    page.goto(f"{address}/admin/languages/km?file=sipas-counter/1")
    check_khmer(page, ".pairs td[lang=km]")


def test_a_prompt_is_fetched_only_when_play_is_pressed(service, page):
    address, door = service
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}{door}?lang=km")
    lead_on(page, page.locator("main button").first)
    page.locator("audio").wait_for()
    assert [url for url in asked if "/audio/" in url] == []

    page.evaluate(LISTEN)
    assert len({url for url in asked if "/audio/" in url}) == 1
