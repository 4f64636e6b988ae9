"""People at the kiosk, one after the other, in a real browser."""

import json

import pytest
from sqlalchemy import select

from survey_app.models.responses import Response, ResponseQuality
from survey_app.services.door.consent import NOTICE
from survey_app.services.operation.accounts import create_account
from tests.survey_app.web.citizen_door import make_app, stored
from tests.survey_app.web.kiosk_counter import (
    OUTBOX,
    PIN,
    SCALES,
    START,
    answers_in,
    make_counter,
    serving,
    wait_for_outbox,
)

PARADATA = {"app", "seconds", "elapsed", "pages", "changes", "pauses", "clock"}
TRACES = """() => JSON.stringify([
  document.documentElement.outerHTML, location.href, history.length, history.state,
  {...localStorage}, {...sessionStorage}, document.cookie, document.documentElement.lang])"""


def test_a_rating_takes_twelve_touches_and_gives_a_receipt(open_kiosk, sqlite_database):
    person = open_kiosk()
    person.begin()
    person.rate(4)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    receipt = person.receipt

    assert person.taps == 12
    wanted = dict.fromkeys((*SCALES, "overall"), "4") | {"trips": "2"}
    assert answers_in(sqlite_database) == {receipt: wanted}
    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
        document = json.loads(response.document)
    assert (response.mode, response.helped, response.consent) == ("kiosk", "nobody", NOTICE)
    assert (response.partial, response.locale) == (False, "vi")
    paradata = document["paradata"]
    assert set(paradata) == PARADATA
    pages = [page for page, _seconds in paradata["pages"]]
    assert (pages[0], pages[-1]) == ("consent", "helped")
    assert {*SCALES, "overall", "trips"} < set(pages)
    assert 0 <= paradata["seconds"] <= paradata["elapsed"]
    assert (paradata["changes"], paradata["pauses"]) == ({}, [])
    with sqlite_database.reading() as session:
        assert session.scalars(select(ResponseQuality.clock_offset)).one() is not None


def test_an_answer_that_became_another_one_is_counted(open_kiosk, sqlite_database):
    person = open_kiosk()
    person.begin()
    person.face(2)
    person.tap("Quay lại")
    person.face(4)
    for _item in SCALES[1:]:
        person.face(4)
    person.tap("2 lần")
    person.face(4)
    person.tap("Bỏ qua câu này")
    person.tap("Không, tôi tự trả lời")
    person.send()
    person.see("Cảm ơn Ông/Bà")
    wait_for_outbox(person.page)

    with sqlite_database.reading() as session:
        document = json.loads(session.scalars(select(Response.document)).one())
    assert document["paradata"]["changes"] == {SCALES[0]: 1}
    pages = [page for page, _seconds in document["paradata"]["pages"]]
    assert pages[:4] == ["consent", SCALES[0], SCALES[1], SCALES[0]]


def test_faces_are_alike_and_nothing_is_chosen_beforehand(open_kiosk):
    person = open_kiosk()
    person.begin()
    faces = person.page.locator(".face")
    boxes = [face.bounding_box() for face in faces.all()]

    assert len({(round(b["width"]), round(b["height"]), round(b["y"])) for b in boxes}) == 1
    assert [b["x"] for b in boxes] == sorted(b["x"] for b in boxes)
    assert [f.get_attribute("aria-pressed") for f in faces.all()] == ["false"] * 5
    assert faces.first.inner_text() == "Rất không hài lòng"
    assert all(face.locator("img[alt='']").count() == 1 for face in faces.all())


def test_the_next_person_finds_no_trace(open_kiosk, sqlite_database):
    person = open_kiosk()
    before = person.page.evaluate("history.length")
    person.begin("English", "I agree")
    for _item in SCALES:
        person.face(2)
    person.tap("Twice")
    person.face(2)
    words = "Cụm từ không ai khác viết"
    person.page.locator("#box").fill(words)
    person.tap("Continue")
    person.tap("Yes, a relative or someone I know")
    person.tap("Send the form")
    person.see("Thank you")
    receipt = person.receipt
    person.tap("Done")
    person.see(START)
    traces = person.page.evaluate(TRACES)

    assert stored(sqlite_database)[0] == 1
    assert words not in traces
    assert receipt not in traces
    assert json.loads(traces)[2:] == [before, None, {}, {}, "", "vi"]
    assert person.page.evaluate(OUTBOX) == []
    person.begin()
    assert person.page.locator("[aria-pressed=true]").count() == 0
    for _item in SCALES:
        person.tap("Bỏ qua")
    person.tap("Bỏ qua")
    person.tap("Bỏ qua")
    assert person.page.locator("#box").input_value() == ""


def test_back_after_sending_leads_to_nobodys_answers(open_kiosk, sqlite_database):
    person = open_kiosk()
    person.begin()
    person.rate(1)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    receipt = person.receipt
    person.page.go_back()
    person.page.goto(person.address + person.counter.door)
    person.see(START)

    assert receipt not in person.page.content()
    assert stored(sqlite_database)[0] == 1


def test_a_reload_in_the_middle_begins_anew(open_kiosk, sqlite_database):
    person = open_kiosk()
    person.begin()
    person.face(1)
    person.page.reload()
    person.see(START)

    assert person.page.locator("html").get_attribute("lang") == "vi"
    assert stored(sqlite_database)[0] == 0
    assert person.page.evaluate(OUTBOX) == []


def test_back_and_discard_are_always_there(open_kiosk):
    person = open_kiosk()
    person.begin()
    person.face(5)
    person.tap("Quay lại")
    assert person.page.locator(".face[aria-pressed=true]").inner_text() == "Rất hài lòng"
    person.tap("Bỏ phiếu, về đầu")
    person.see(START)
    person.begin()
    assert person.page.locator(".face[aria-pressed=true]").count() == 0
    person.tap("Quay lại")
    person.tap("Không, cảm ơn")
    person.see(START)


def test_at_a_one_stop_centre_the_agency_is_chosen(open_kiosk, sqlite_database):
    person = open_kiosk(agencies=3)
    person.begin()
    person.see("Cơ quan nào đã giải quyết hồ sơ của Ông/Bà?")
    person.tap("Sở số 2")
    person.rate(5)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt

    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
    assert response.unit_id != response.receiving_unit_id


def test_a_complaint_at_the_kiosk_gets_the_kind_note(open_kiosk):
    person = open_kiosk()
    person.begin()
    for _item in SCALES:
        person.face(2)
    person.tap("2 lần")
    person.face(2)
    person.page.locator("#box").fill("Tôi khiếu nại vì chờ lâu.")
    person.tap("Tiếp tục")
    person.tap("Không, tôi tự trả lời")
    person.send()
    person.see("Ông/Bà muốn phản ánh, kiến nghị?")
    person.page.get_by_text("Cổng Dịch vụ công quốc gia").wait_for()
    assert person.receipt


# Staff


def test_staff_signed_in_on_the_same_browser_disturb_nothing(open_kiosk, sqlite_database):
    person = open_kiosk()
    with sqlite_database.writing() as session:
        create_account(session, "lan", "mật khẩu đủ dài", "administrator")
    staff = person.page.context.new_page()
    staff.goto(person.address + "/admin/sign-in")
    staff.locator("#name").fill("lan")
    staff.locator("#password").fill("mật khẩu đủ dài")
    staff.locator("main button").click()
    person.begin()
    person.rate(4)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt
    person.page.reload()
    person.see(START)
    staff.reload()
    assert "lan" in staff.locator(".who").inner_text()


def open_panel(person, pin=PIN):
    person.tap("Dành cho người phụ trách máy")
    for digit in pin:
        person.page.get_by_role("button", name=digit, exact=True).click()
    person.tap("Mở")


def test_leaving_needs_the_pin_and_takes_the_shell_along(open_kiosk):
    person = open_kiosk()
    open_panel(person, "0000")
    person.page.get_by_text("Mã PIN chưa đúng. Còn 4 lần thử.").wait_for()
    person.tap("Đóng")
    open_panel(person)
    person.page.get_by_text("Phiếu đang chờ gửi: 0").wait_for()
    person.page.evaluate("caches.open('of-another-app')")
    person.tap("Rời chế độ lấy ý kiến")
    person.page.get_by_role("heading", name="Đăng ký máy lấy ý kiến").wait_for()

    assert person.page.evaluate("caches.keys()") == ["of-another-app"]
    assert person.page.context.cookies(person.address + "/k/") == [] or not [
        cookie
        for cookie in person.page.context.cookies(person.address + "/k/")
        if cookie["name"] == "kiosk"
    ]


# Everybody


TARGETS = "button"


@pytest.mark.parametrize(
    ("language", "agree"),
    [("Tiếng Việt", "Tôi đồng ý"), ("ខ្មែរ", "ខ្ញុំយល់ព្រម"), ("English", "I agree")],
)
def test_targets_are_large_and_nothing_is_cut_off(open_kiosk, language, agree):
    """640 x 400 is what a screen of 1280 x 800 shows at 200 % zoom."""
    person = open_kiosk({"reduced_motion": "reduce"})

    def look():
        heading = person.page.locator("h1").inner_text()
        for width, height in ((640, 400), (360, 740), (1280, 800)):
            person.page.set_viewport_size({"width": width, "height": height})
            boxes = [b.bounding_box() for b in person.page.locator("button").all()]
            assert len(boxes) >= 2, heading
            assert all(min(box["width"], box["height"]) >= 88 for box in boxes), heading
            assert person.page.evaluate("document.documentElement.scrollWidth") <= width, heading

    look()
    person.tap(language)
    look()
    person.tap(agree)
    for _item in SCALES:
        look()
        person.face(3)
    look()
    person.page.locator(".choice").nth(1).click()
    look()
    person.face(3)
    look()
    person.page.locator(".aside").last.click()
    look()


def test_the_kiosk_is_used_with_the_keyboard_alone(open_kiosk, sqlite_database):
    person = open_kiosk()
    keyboard = person.page.keyboard

    def press(name):
        button = person.page.get_by_role("button", name=name, exact=True)
        button.wait_for()
        person.page.locator(".parts:not([inert])").wait_for()  # a screen settles first
        for _turn in range(20):
            if button.evaluate("button => button === document.activeElement"):
                keyboard.press("Enter")
                return
            keyboard.press("Tab")
        pytest.fail(f"Tab does not lead to {name}")

    def next_question(name):
        asked = person.page.locator("h1").inner_text()
        press(name)
        person.page.locator("h1").filter(has_not_text=asked).wait_for()

    for name in ("Tiếng Việt", "Tôi đồng ý", *["Hài lòng"] * 5, "1 lần", "Hài lòng"):
        next_question(name)
    next_question("Bỏ qua câu này")
    press("Có, cán bộ ở đây")
    next_question("Gửi phiếu")
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt

    with sqlite_database.reading() as session:
        assert session.scalars(select(Response.helped)).one() == "official"


def test_nothing_moves(open_kiosk):
    person = open_kiosk({"reduced_motion": "reduce"})
    person.begin()
    moving = person.page.evaluate("""() => [...document.querySelectorAll("*")].filter((element) => {
      const style = getComputedStyle(element);
      return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
    }).length""")

    assert moving == 0


def test_without_javascript_the_kiosk_says_so(browser, sqlite_database):
    counter = make_counter(sqlite_database)
    with serving(sqlite_database) as address:
        context = browser.new_context(java_script_enabled=False, locale="vi-VN")
        page = context.new_page()
        page.goto(address + counter.door)
        assert "cần bật JavaScript" in page.locator("main").inner_text()
        page.locator("#code").fill(counter.code)
        page.locator("form button").click()
        assert "cần bật JavaScript" in page.locator("main").inner_text()
        context.close()


def test_an_address_that_is_not_secure_is_told_before_enrolment(browser, sqlite_database):
    counter = make_counter(sqlite_database)
    with serving(sqlite_database) as address, browser.new_context(locale="vi-VN") as context:
        page = context.new_page()
        page.goto(address + counter.door)
        assert page.locator("#insecure").is_hidden()
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
        page.reload()
        page.locator("#insecure").wait_for()


def test_the_app_of_the_kiosk_is_the_one_that_is_served(sqlite_database):
    client = make_app(sqlite_database).test_client()
    worker = client.get("/k/sw.js").text
    for name in json.loads(worker.split("ASSETS = ")[1].split(";\n")[0]):
        with client.get(name) as answer:
            assert answer.status_code == 200, name
