"""A real browser without JavaScript at a counter's address, for the tests of the citizen's door."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import Error
from sqlalchemy import select

from survey_app import clock
from survey_app.models.waves import Wave
from tests.chromium import lead_on
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.served import served

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "java_script_enabled": False,
    "locale": "vi-VN",
}
REQUIRED = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")
AGREE, SEND = "Tôi đồng ý và bắt đầu", "Gửi phiếu"


@contextmanager
def serve(database, door, app=None):
    """A server for a door of a wave that is open now; gives the address to scan."""
    with database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    with served(app or make_app(database)) as address:
        yield f"{address}{door}"


def press(page, name):
    """Press a button, or what looks like one; it leads to another page."""
    lead_on(page, page.get_by_role("button", name=name, exact=True))


def answer(page, choice="4"):
    """Choose the same answer to every question of the page, the last one where there are four."""
    for code in REQUIRED:
        chosen = min(choice, "4") if code == "trips" else choice
        page.locator(f"label[for='q-{code}-{chosen}']").click()


def fill(page, address, comment=""):
    """Scan, agree and answer everything, up to the page before sending."""
    page.goto(address)
    press(page, AGREE)
    answer(page)
    page.locator("#q-comment-box").fill(comment)
    press(page, "Tiếp tục")


def send(page):
    """Say that nobody helped, and send."""
    page.locator("label[for='helped-1']").click()
    press(page, SEND)


def go_back(page):
    """Press the browser's Back; while pages are being swapped Chromium does not hear it."""
    for _ in range(50):
        try:
            page.go_back()
        except Error as error:
            if "Not attached" not in str(error):
                raise
            page.wait_for_timeout(100)
        else:
            return
    pytest.fail("the browser never went back")
