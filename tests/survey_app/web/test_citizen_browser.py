"""A person with a phone, a keyboard, a browser without JavaScript."""

import shutil
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from survey_app import clock
from survey_app.models.responses import Answer, Response
from survey_app.models.waves import Wave
from tests.survey_app.web.citizen_door import make_app, make_door, stored

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
REQUIRED = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")
SIZES = ((360, 740), (768, 1024), (1280, 800))


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(sqlite_database):
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    server = make_server("127.0.0.1", 0, make_app(sqlite_database), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{door}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser, address):
    """Open pages without JavaScript; at the end nothing may stand in the console."""
    contexts, complaints = [], []

    def open_one(width=360, height=740):
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": height},
                java_script_enabled=False,
                locale="vi-VN",
            )
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(str(request.failure)))
        return page

    yield open_one
    found = list(complaints)
    for context in contexts:
        context.close()
    # Chromium reports the status of a page with errors as if a part of it had failed to load,
    # and what it no longer wants because the person has gone on as aborted.
    assert [text for text in found if "422" not in text and "ERR_ABORTED" not in text] == []


def press(page, name):
    page.get_by_role("button", name=name).click()


def test_the_form_is_filled_by_touch(open_page, address, sqlite_database):
    page = open_page()
    page.goto(address)
    press(page, "Bắt đầu")
    for code in REQUIRED:
        page.locator(f"label[for='q-{code}-4']").click()
    page.get_by_label("Câu 8").fill("Cán bộ tận tình.")
    press(page, "Tiếp tục")
    page.get_by_role("link", name="Sửa câu 3").click()
    page.locator("label[for='q-staff-5']").click()
    press(page, "Lưu và xem lại")
    press(page, "Gửi phiếu")

    with sqlite_database.reading() as session:
        receipt = session.scalars(select(Response.receipt)).one()
        answers = dict(session.execute(select(Answer.item, Answer.value)).all())
    assert page.locator(".code").inner_text() == receipt
    assert answers["staff"] == "5"
    assert answers["comment"] == "Cán bộ tận tình."


def test_the_form_is_filled_with_the_keyboard_alone(open_page, address, sqlite_database):
    page = open_page()
    page.goto(address)

    def tab_to(selector):
        for _turn in range(30):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"Tab does not lead to {selector}")

    tab_to("button:has-text('Bắt đầu')")
    page.keyboard.press("Enter")
    for code in REQUIRED:
        tab_to(f"[name='q-{code}']")
        page.keyboard.press("Space")
        for _turn in range(3):
            page.keyboard.press("ArrowDown")
    tab_to("button:has-text('Tiếp tục')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    tab_to("button:has-text('Gửi phiếu')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks*")

    with sqlite_database.reading() as session:
        answers = dict(session.execute(select(Answer.item, Answer.value)).all())
    assert answers == dict.fromkeys(REQUIRED, "4")


def test_errors_lead_to_the_question_they_speak_of(open_page, address):
    page = open_page()
    page.goto(address)
    press(page, "Bắt đầu")
    page.locator("#q-access-3").check()
    press(page, "Tiếp tục")

    assert page.locator("h1").count() == 1
    assert page.locator("#summary:focus").count() == 1
    assert page.locator("#q-access-3").is_checked()
    page.locator("#summary a").first.click()
    assert page.url.endswith("#q-procedure_clear-1")
    assert page.locator("#q-procedure_clear-1:focus").count() == 1


def go_back(page):
    """Press the browser's Back; while pages are being swapped Chromium does not hear it."""
    for _ in range(50):
        try:
            page.go_back()
        except sync_api.Error as error:
            if "Not attached" not in str(error):
                raise
            page.wait_for_timeout(100)
        else:
            return
    pytest.fail("the browser never went back")


def test_going_back_and_sending_again_shows_the_same_receipt(open_page, address, sqlite_database):
    page = open_page()
    page.goto(address)
    press(page, "Bắt đầu")
    for code in REQUIRED:
        page.locator(f"#q-{code}-4").check()
    press(page, "Tiếp tục")
    go_back(page)
    assert page.locator("#q-staff-4").is_checked()
    page.locator("#q-staff-2").check()
    press(page, "Tiếp tục")
    page.get_by_role("button", name="Gửi phiếu").dblclick()
    page.wait_for_url("**/thanks*")
    page.wait_for_load_state("networkidle")
    receipt = page.locator(".code").inner_text()
    go_back(page)
    page.wait_for_url("**/thanks*")

    assert page.locator(".code").inner_text() == receipt
    assert stored(sqlite_database)[0] == 1


def box_of(page, selector):
    return [found.bounding_box() for found in page.locator(selector).all()]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_nothing_is_cut_off_and_every_target_is_large(open_page, address, width, height, language):
    page = open_page(width, height)
    page.goto(f"{address}?lang={language}")
    page.locator("main button").first.click()
    page.locator("main button").first.click()  # with every error shown

    everything = box_of(page, "h1, p, legend, label, .option, input, textarea, button, a, li")
    targets = box_of(page, ".option, button, .languages a, .summary a, textarea")
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in everything if box)
    assert len(targets) > 50
    assert all(box["height"] >= 48 for box in targets)
