"""A person with a phone, a keyboard, a browser without JavaScript."""

import pytest
from sqlalchemy import select

from survey_app.models.responses import Answer, Response
from tests.chromium import lead_on
from tests.survey_app.web.citizen_door import make_centre, make_door, stored
from tests.survey_app.web.citizen_phone import (
    AGREE,
    PHONE,
    REQUIRED,
    answer,
    fill,
    go_back,
    press,
    send,
    serve,
)

TARGETS = ".option, button, select, textarea, .button, .languages a, .mend, .foot a, .summary a"
SIZES = ((320, 640), (360, 740), (768, 1024), (1280, 800))  # 320: 640 px at 200 % zoom
TAPS = 11  # agree, seven answers, go on, who helped, send


@pytest.fixture
def address(sqlite_database):
    with serve(sqlite_database, make_door(sqlite_database)) as address:
        yield address


@pytest.fixture
def open_page(browser):
    """Open pages without JavaScript; at the end nothing may stand in the console."""
    contexts, complaints = [], []

    def open_one(width=360, height=740, **changes):
        options = PHONE | {"viewport": {"width": width, "height": height}} | changes
        contexts.append(browser.new_context(**options))
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


def test_the_form_is_filled_by_touch(open_page, address, sqlite_database):
    page = open_page()
    fill(page, address, "Cán bộ tận tình.")
    lead_on(page, page.get_by_role("link", name="Sửa câu 3"))
    page.locator("label[for='q-staff-5']").click()
    press(page, "Lưu và xem lại")
    send(page)

    with sqlite_database.reading() as session:
        receipt = session.scalars(select(Response.receipt)).one()
        answers = dict(session.execute(select(Answer.item, Answer.value)).all())
    assert page.locator(".code").inner_text() == receipt
    assert answers["staff"] == "5"
    assert answers["comment"] == "Cán bộ tận tình."


def test_a_rating_by_code_takes_few_taps(open_page, address, sqlite_database):
    page = open_page(has_touch=True)
    page.goto(address)
    ways = ["main button.button"]
    ways += [f"label[for='q-{code}-4']" for code in REQUIRED]
    ways += ["button[value='on']", "label[for='helped-1']", "main button.button"]
    for way in ways:
        page.locator(way).tap()
    page.wait_for_url("**/thanks*")

    assert len(ways) == TAPS
    assert stored(sqlite_database)[0] == 1


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_the_form_is_filled_with_the_keyboard_alone(browser, sqlite_database, language):
    """At a one-stop centre, where most is asked; every page, and nothing but keys."""
    context = browser.new_context(**PHONE)
    page = context.new_page()

    def tab_to(selector):
        for _turn in range(40):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"Tab does not lead to {selector}")

    def go_on(selector, where):
        tab_to(selector)
        page.keyboard.press("Enter")
        page.wait_for_url(where)

    with serve(sqlite_database, make_centre(sqlite_database)) as address:
        page.goto(f"{address}?lang={language}")
        go_on("main button.button", "**/about*")
        tab_to("[name='unit']")
        page.keyboard.press("Space")
        tab_to("[name='field']")
        page.keyboard.press("ArrowDown")
        go_on("button[value='on']", "**/1")
        for code in REQUIRED:
            tab_to(f"[name='q-{code}']")
            page.keyboard.press("Space")
            for _turn in range(3):
                page.keyboard.press("ArrowDown")
        go_on("button[value='on']", "**/review")
        tab_to("[name='helped']")
        page.keyboard.press("Space")
        go_on("main button.button", "**/thanks*")
        language_shown = page.locator("html").get_attribute("lang")
        go_on("main button.button", "**/goodbye*")
    context.close()

    with sqlite_database.reading() as session:
        answers = dict(session.execute(select(Answer.item, Answer.value)).all())
        response = session.scalars(select(Response)).one()
    assert answers == dict.fromkeys(REQUIRED, "4")
    assert language_shown == response.locale == language
    assert response.helped == "nobody"
    assert response.procedure_id is not None


def test_errors_lead_to_the_question_they_speak_of(open_page, address):
    page = open_page()
    page.goto(address)
    press(page, AGREE)
    page.locator("#q-access-3").check()
    press(page, "Tiếp tục")

    assert page.locator("h1").count() == 1
    assert page.locator("#summary:focus").count() == 1
    assert page.locator("#q-access-3").is_checked()
    lead_on(page, page.locator("#summary a").first)
    assert page.url.endswith("#q-procedure_clear-1")
    assert page.locator("#q-procedure_clear-1:focus").count() == 1


def test_an_unanswered_question_about_help_is_led_to(open_page, address):
    page = open_page()
    fill(page, address)
    press(page, "Gửi phiếu")
    lead_on(page, page.locator("#summary a"))

    assert page.locator("#helped-1:focus").count() == 1


def test_going_back_and_sending_again_shows_the_same_receipt(open_page, address, sqlite_database):
    page = open_page()
    fill(page, address)
    go_back(page)
    assert page.locator("#q-staff-4").is_checked()
    page.locator("#q-staff-2").check()
    press(page, "Tiếp tục")
    page.locator("#helped-1").check()
    page.get_by_role("button", name="Gửi phiếu").dblclick()
    page.wait_for_url("**/thanks*")
    page.wait_for_load_state("networkidle")
    receipt = page.locator(".code").inner_text()
    go_back(page)
    page.wait_for_url("**/thanks*")

    assert page.locator(".code").inner_text() == receipt
    assert stored(sqlite_database)[0] == 1


BOXES = """nodes => nodes.map(node => node.getBoundingClientRect())
    .filter(box => box.width && box.height)
    .map(box => [box.left, box.right, box.height])"""


def boxes_of(page, selector):
    """Left and right edge and height of everything that is shown."""
    return page.locator(selector).evaluate_all(BOXES)


def every_page(page, address):
    """Every page of a form at a one-stop centre, one after the other; each with its errors."""

    def forward():
        lead_on(page, page.locator("main .actions button").first)
        return page

    yield page
    yield forward()  # the agency
    yield forward()
    page.locator("label[for='unit-1']").click()
    yield forward()  # the questions
    yield forward()
    answer(page)
    page.locator("#q-comment-box").fill("Tôi khiếu nại: hồ sơ chậm. Gọi 0912345678.")
    yield forward()  # before sending
    yield forward()
    page.goto(f"{address}/leave")
    yield page
    page.goto(address)
    yield page  # under way
    lead_on(page, page.locator("button[name='continue']"))
    page.locator("label[for='helped-1']").click()
    yield forward()  # the thanks
    page.goto(address)
    yield page  # sent
    page.goto(f"{address}/goodbye")
    yield page


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_nothing_is_cut_off_and_every_target_is_large(open_page, sqlite_database, language):
    page = open_page()
    pages = targets = 0
    with serve(sqlite_database, make_centre(sqlite_database)) as address:
        page.goto(f"{address}?lang={language}")
        for shown in every_page(page, address):
            for width, height in SIZES:
                shown.set_viewport_size({"width": width, "height": height})
                where = f"{shown.url} at {width}"
                for left, right, _height in boxes_of(
                    shown, "main *:not(.unseen), header *, footer a"
                ):
                    assert left >= -0.5, where
                    assert right <= width + 0.5, where
                large = boxes_of(shown, TARGETS)
                assert [height for *_edges, height in large if height < 48] == [], where
                targets += len(large)
            pages += 1

    assert pages == 12
    assert targets > 100 * len(SIZES)


def test_nothing_moves_for_who_wants_no_motion(open_page, address):
    durations = []
    for wish in ("no-preference", "reduce"):
        page = open_page(reduced_motion=wish)
        page.goto(address)
        button = page.locator("main button.button")
        durations.append(button.evaluate("node => getComputedStyle(node).transitionDuration"))

    assert durations == ["0.12s", "0s"]
