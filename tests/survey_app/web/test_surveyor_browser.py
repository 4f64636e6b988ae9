"""Surveyors in the field, in a real browser: days without network, killed browsers, full disks."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bench.chromium import SHELL
from survey_app import clock
from survey_app.models.accounts import Device
from survey_app.services.field.devices import give_code
from tests.survey_app.web.killed_tablet import check_arrived, ordeal
from tests.survey_app.web.tablet_field import (
    LONG,
    PRIVATE,
    Surveyor,
    fieldwork_in,
    limit_room,
    long_form,
    make_area,
    serving_field,
)

WORDS = "Đường xã lầy lội; mong sửa trước mùa mưa {n}."
COUNTER_ITEMS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")


FILL = """async () => {
  const opened = await new Promise((resolve) => {
    const request = indexedDB.open("photos");
    request.onupgradeneeded =
      () => request.result.createObjectStore("photos", {autoIncrement: true});
    request.onsuccess = () => resolve(request.result);
  });
  for (let size = 1 << 20; size >= 1;) {
    const fits = await new Promise((resolve) => {
      const transaction = opened.transaction("photos", "readwrite");
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false);
      transaction.objectStore("photos").add(crypto.getRandomValues(new Uint8Array(
        Math.min(size, 65536))));
    });
    if (!fits) size = Math.min(size, 65536) >> 1;
  }
}"""  # until not one byte more has room


def key_long_form(page, questions=60):
    """Answer the long form by keys alone, without ever waiting for the page; what was keyed."""
    keyed = {}
    for number in range(1, questions + 1):
        kind, code = number % 4, f"q{number:02}"
        if kind == 0:
            keyed[code] = WORDS.format(n=number)
            page.keyboard.type(keyed[code])
            page.keyboard.press("Control+Enter")
        elif kind == 1:
            keyed[code] = str(1000 + number)
            page.keyboard.type(keyed[code])
            page.keyboard.press("Enter")
        elif kind == 2:
            keyed[code] = str(number % 3 + 1)
            page.keyboard.press(keyed[code])
        else:
            keyed[code] = ["1", "3"]
            page.keyboard.type("13")
            page.keyboard.press("Enter")
    return keyed


def test_sixty_questions_without_network_lose_no_key_and_arrive_once(take_tablet, sqlite_database):
    surveyor = take_tablet(LONG)
    page = surveyor.page
    page.context.set_offline(True)
    page.reload()
    surveyor.unlock()
    surveyor.begin(2, adults=4)
    keyed = key_long_form(page)
    surveyor.see("Xem lại phiếu")
    surveyor.press("Nộp phiếu")
    page.get_by_text("sẽ tự gửi khi có mạng").wait_for()
    (waiting,) = surveyor.stored("responses")
    assert set(waiting) == {"id", "sealed", "state"}
    assert surveyor.stored("drafts") == []
    page.reload()
    surveyor.unlock()
    page.get_by_text("Còn 1 phiếu nằm trên máy").wait_for()
    assert fieldwork_in(sqlite_database)[0] == []
    page.context.set_offline(False)
    surveyor.wait_until_sent()
    page.get_by_text("Mọi thứ đã gửi").wait_for()

    ((response, answers),), (interview,), (visit,) = fieldwork_in(sqlite_database)
    document = json.loads(response.document)
    assert document["answers"] == keyed
    assert len(answers) == 60
    assert (str(response.id), response.mode, response.locale) == (waiting["id"], "tablet", "vi")
    assert document["paradata"]["seconds"] <= document["paradata"]["elapsed"]
    assert [page for page, _seconds in document["paradata"]["pages"]][-61:-1] == list(keyed)
    assert (interview.eligible, interview.selection) == (4, "kish")
    assert (visit.household, visit.outcome, visit.eligible) == (2, "complete", 4)
    assert visit.chosen == interview.chosen
    assert waiting["id"] not in json.dumps(surveyor.stored("calls"))


def test_words_half_typed_are_there_after_leaving_and_after_a_reload(take_tablet):
    surveyor = take_tablet(LONG, questions=8)
    surveyor.begin()
    page = surveyor.page
    page.keyboard.type("1001")
    page.keyboard.press("Enter")
    page.keyboard.type("213")
    page.keyboard.press("Enter")
    page.keyboard.type("nửa câu")
    surveyor.press("Lưu và ra")
    surveyor.see("Hộ 1")
    surveyor.press("Làm tiếp phiếu dở")
    page.locator("textarea").wait_for()
    assert page.locator("#box").input_value() == "nửa câu"
    page.keyboard.press("End")
    page.keyboard.type(" nữa")
    page.wait_for_timeout(500)
    (draft,) = surveyor.stored("drafts")
    page.reload()
    surveyor.unlock()
    surveyor.press_line("Hộ 1")
    surveyor.press("Làm tiếp phiếu dở")
    page.locator("textarea").wait_for()

    assert page.locator("#box").input_value() == "nửa câu nữa"
    assert set(draft) == {"id", "nonce", "hidden"}


def test_a_forgotten_pin_loses_drafts_and_nothing_that_is_finished(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    page.context.set_offline(True)
    surveyor.begin(1)
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.press("Về danh sách hộ")
    surveyor.press("Quay lại")
    surveyor.begin(2)
    surveyor.press("Khóa máy") if page.get_by_text("Khóa máy").count() else page.reload()
    page.locator("#pin").fill("00000000")
    page.keyboard.press("Enter")
    page.get_by_text("Mã PIN chưa đúng").wait_for()
    surveyor.press("Quên mã PIN")
    page.get_by_text("còn 1 phiếu chờ gửi").wait_for()
    surveyor.press("Bỏ 1 phiếu dở và chọn mã mới")
    page.locator("#pin").fill("87654321")
    page.locator("#again").fill("87654321")
    surveyor.press("Dùng mã PIN này")
    surveyor.see("Việc của Anh/Chị")
    page.context.set_offline(False)
    surveyor.wait_until_sent()

    assert surveyor.stored("drafts") == []
    assert len(fieldwork_in(sqlite_database)[0]) == 1


def test_what_was_answered_in_private_cannot_be_opened_again(take_tablet, sqlite_database):
    surveyor = take_tablet(LONG, private=PRIVATE, questions=12)
    page = surveyor.page
    surveyor.begin()
    for number in range(1, 13):
        if f"q{number:02}" not in PRIVATE.split():
            surveyor.answer()
    surveyor.see("Xin đưa máy cho Ông/Bà tự trả lời")
    surveyor.press("Tôi đang cầm máy, bắt đầu")
    page.locator(".item").wait_for()
    assert page.get_by_role("button", name="Quay lại").count() == 0
    assert page.get_by_role("button", name="Lưu và ra").count() == 0
    page.keyboard.type("13")
    page.keyboard.press("Enter")
    page.locator("textarea").wait_for()
    page.wait_for_timeout(400)
    page.reload()  # whoever takes the tablet back now finds the first answer locked already
    surveyor.unlock()
    surveyor.press_line("Hộ 1")
    surveyor.press("Làm tiếp phiếu dở")
    surveyor.see("Xin đưa máy cho Ông/Bà tự trả lời")
    surveyor.press("Quay lại")
    assert "q07" not in page.content()
    page.keyboard.press("4")
    page.locator(".row .main").click()
    surveyor.see("Xin đưa máy cho Ông/Bà tự trả lời")
    surveyor.press("Tôi đang cầm máy, bắt đầu")
    page.locator("textarea").wait_for()
    assert page.get_by_role("button", name="Quay lại").count() == 0
    page.keyboard.type("Có người gợi ý đưa tiền")
    page.keyboard.press("Control+Enter")
    surveyor.see("Xin trả máy lại cho điều tra viên")
    page.go_back()
    surveyor.see("Xin trả máy lại cho điều tra viên")
    surveyor.press("Tôi là điều tra viên, làm tiếp")
    surveyor.see("Xem lại phiếu")

    assert "gợi ý đưa tiền" not in page.content()
    page.get_by_text("Các câu đã trả lời riêng được khóa").wait_for()
    assert "Câu hỏi số 7?" not in page.locator("main").inner_text()
    assert page.get_by_role("button", name="Sửa").count() == 10
    surveyor.press("Quay lại")
    surveyor.press("Quay lại")
    assert "Câu hỏi số" in page.locator("h1").inner_text()
    page.keyboard.press("Enter")
    surveyor.see("Xem lại phiếu")
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    ((response, _answers),), (interview,), _visits = fieldwork_in(sqlite_database)
    sent = json.loads(response.document)["answers"]
    assert (sent["q07"], sent["q08"]) == (["1", "3"], "Có người gợi ý đưa tiền")
    assert interview.handed_over is True


def test_a_substitute_opens_when_a_household_is_lost_and_a_paper_form_comes_back(
    take_tablet, sqlite_database
):
    surveyor = take_tablet(selection="next_birthday")
    page = surveyor.page
    surveyor.open_household(1)
    surveyor.press("Quay lại")
    line = page.locator("button.line", has=page.get_by_text("Hộ 5", exact=True))
    assert line.is_disabled()
    surveyor.press_line("Hộ 1")
    surveyor.press("Ghi kết quả lần đến")
    surveyor.press("Hẹn lại hoặc sẽ đến lại")
    page.locator("#when").fill("2026-12-01T08:30")
    surveyor.press("Ghi kết quả")
    assert line.is_disabled()  # an appointment opens none
    surveyor.press_line("Hộ 2")
    surveyor.press("Bắt đầu phỏng vấn")
    surveyor.press("3")
    surveyor.press("Không hỏi được người này")
    surveyor.press("Người được chọn từ chối")
    page.get_by_text("Phiếu đang làm dở ở hộ này sẽ bị bỏ").wait_for()
    surveyor.press("Ghi kết quả")
    assert line.is_enabled()
    assert page.locator("button.line", has=page.get_by_text("Hộ 6", exact=True)).is_disabled()
    surveyor.press_line("Hộ 5")
    surveyor.press("Để lại phiếu giấy, thu sau")
    surveyor.press("2")
    surveyor.press("Đã để lại phiếu cho người này")
    surveyor.press_line("Hộ 5")
    surveyor.press("Đã thu phiếu: nhập phiếu giấy")
    surveyor.press("Tiếng Việt")
    surveyor.press("Có đánh dấu")
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    surveyor.wait_until_sent()

    ((response, _answers),), (interview,), visits = fieldwork_in(sqlite_database)
    assert (response.mode, interview.drop_off, interview.handed_over) == ("paper", True, False)
    assert (interview.interpreter, interview.presence) == (None, "")  # nobody was there to say so
    assert (interview.eligible, interview.chosen) == (2, None)
    found = sorted((visit.household, visit.outcome, visit.eligible) for visit in visits)
    assert found == [
        (1, "appointment", None), (2, "refusal_respondent", 3), (5, "complete", 2),
        (5, "given_out", 2),
    ]  # fmt: skip
    assert surveyor.stored("drafts") == []


def test_a_second_tab_waits_kindly_and_can_send(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    page.context.set_offline(True)
    surveyor.begin()
    surveyor.answer_all()
    other = page.context.new_page()
    other.goto(f"{surveyor.address}/t/")
    second = Surveyor(other, surveyor.address, surveyor.area)
    second.see("Ứng dụng đang mở ở một thẻ khác")
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    second.press("Xem hộp gửi")
    other.get_by_text("đã lưu, chờ gửi").wait_for()
    page.context.set_offline(False)
    second.press("Gửi ngay")
    other.get_by_text("đã nhận, mã").wait_for()
    assert len(fieldwork_in(sqlite_database)[0]) == 1
    page.close()
    second.see("Mở khóa")


def test_a_receipt_of_nobody_clears_nothing(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page

    def pretend(route):
        items = json.loads(route.request.post_data)["responses"]
        at = datetime.now(UTC).isoformat()
        made_up = {"status": "accepted", "receipt": "AAAAAAAAAA", "received_at": at}
        made_up |= {"signature": "A" * 86, "problems": []}
        route.fulfill(json={"receipts": [{"id": one["id"]} | made_up for one in items]})

    page.context.route("**/api/v1/responses", pretend)
    surveyor.begin()
    surveyor.answer_all()
    with page.expect_response("**/api/v1/responses"):
        surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    (waiting,) = surveyor.stored("responses")
    assert waiting["state"] in ("saved", "sending")  # tried again and again, never cleared
    assert "sealed" in waiting
    surveyor.press("Về danh sách hộ")
    surveyor.press("Quay lại")
    surveyor.press("Xem hộp gửi")
    with page.expect_download() as download:
        surveyor.press("Lưu vào tệp")
    file = json.loads(download.value.path().read_text())
    page.context.unroute("**/api/v1/responses")
    surveyor.press("Gửi ngay")
    surveyor.wait_until_sent()

    assert file["format"] == "sipas-sealed-1"
    assert file["responses"] == [{"id": waiting["id"], "sealed": waiting["sealed"]}]
    assert len(fieldwork_in(sqlite_database)[0]) == 1


def test_a_full_disk_is_said_and_loses_nothing(take_tablet, sqlite_database):
    surveyor = take_tablet(room=4_000_000)
    page = surveyor.page
    page.context.set_offline(True)
    surveyor.begin()
    surveyor.answer()
    page.evaluate(FILL)
    surveyor.answer()
    page.get_by_text("Chưa lưu được câu trả lời vừa nhập").wait_for()
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Chưa nộp được phiếu")
    limit_room(page, surveyor.address)
    surveyor.press("Thử lại")
    surveyor.see("Đã nộp phiếu")
    page.context.set_offline(False)
    surveyor.wait_until_sent()

    ((_response, answers),), _interviews, visits = fieldwork_in(sqlite_database)
    assert set(COUNTER_ITEMS) <= set(answers)
    assert len(visits) == 1


@pytest.mark.parametrize(
    "apple",
    ["iPhone; CPU iPhone OS 18_0 like Mac OS X", "Macintosh; Intel Mac OS X 10_15_7"],
    ids=["iphone", "ipad"],
)
def test_the_tablet_warns_of_what_may_delete_its_forms(take_tablet, apple):
    agent = f"Mozilla/5.0 ({apple}) AppleWebKit/605.1.15 Safari"
    surveyor = take_tablet(options={"user_agent": agent, "has_touch": True})
    page = surveyor.page
    page.get_by_text("xóa dữ liệu của trang không mở trong 7 ngày").wait_for()
    # Chromium tells pages of 10 GB whatever there is; Safari and Firefox tell the truth.
    page.add_init_script("navigator.storage.estimate = async () => ({usage: 9e7, quota: 1e8})")
    page.reload()
    surveyor.unlock()
    page.get_by_text("Bộ nhớ sắp đầy").wait_for()


def test_a_quiet_tablet_locks_itself_and_keeps_the_draft(take_tablet):
    surveyor = take_tablet(clock=datetime.now(UTC))
    surveyor.begin()
    surveyor.answer()
    surveyor.page.clock.fast_forward(4 * 60_000 + 45_000)
    surveyor.page.get_by_text("Máy sẽ tự khóa sau").wait_for()
    surveyor.page.clock.fast_forward(20_000)
    surveyor.see("Mở khóa")
    assert "Câu" not in surveyor.page.locator("main").inner_text()
    surveyor.unlock()
    surveyor.press_line("Hộ 1")
    surveyor.press("Làm tiếp phiếu dở")
    surveyor.page.get_by_text("Câu 2 trong 8 câu").wait_for()


def test_a_new_version_takes_over_with_all_that_waits(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    page.context.set_offline(True)
    surveyor.begin(1)
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.press("Về danh sách hộ")
    surveyor.press("Quay lại")
    surveyor.begin(2)
    surveyor.answer()
    page.wait_for_timeout(300)
    surveyor.press("Lưu và ra")
    page.context.route("**/api/v1/**", lambda route: route.abort())

    def changed(route):
        answer = route.fetch()
        text = answer.text().replace('const VERSION = "', 'const VERSION = "x')
        route.fulfill(response=answer, body=text)

    page.context.route("**/t/sw.js", changed)
    page.context.set_offline(False)
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    page.wait_for_function(
        "caches.keys().then((names) => names.length && names.every((name) => name.includes('-x')))"
    )
    page.context.set_offline(True)
    page.reload()
    surveyor.unlock()
    surveyor.press_line("Hộ 2")
    surveyor.press("Làm tiếp phiếu dở")
    page.get_by_text("Câu 2 trong 8 câu").wait_for()
    assert len(surveyor.stored("responses")) == 1
    surveyor.press("Lưu và ra")
    page.context.unroute("**/api/v1/**")
    page.context.set_offline(False)
    surveyor.wait_until_sent()

    assert len(fieldwork_in(sqlite_database)[0]) == 1


def test_a_lost_tablet_says_so_and_keeps_what_it_has(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    with sqlite_database.writing() as session:
        session.get_one(Device, surveyor.area.device_id).revoked_at = datetime.now(UTC) - timedelta(
            minutes=1
        )
    surveyor.begin()
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    surveyor.press("Về danh sách hộ")
    surveyor.press("Quay lại")
    page.get_by_text("Thiết bị chưa được đăng ký").wait_for()
    page.get_by_text("Còn 1 phiếu nằm trên máy").wait_for()

    assert surveyor.stored("responses")[0]["state"] == "saved"
    assert fieldwork_in(sqlite_database)[0] == []
    with sqlite_database.writing() as session:
        device = session.get_one(Device, surveyor.area.device_id)
        code = give_code(device, clock.now() + timedelta(days=1))
    surveyor.press("Nhập mã đăng ký mới")
    page.locator("#code").fill(code)
    surveyor.press("Đăng ký máy này")
    surveyor.unlock()
    surveyor.wait_until_sent()

    assert len(fieldwork_in(sqlite_database)[0]) == 1
    with sqlite_database.reading() as session:
        assert session.get_one(Device, surveyor.area.device_id).revoked_at is None


def test_a_browser_killed_at_any_moment_loses_at_most_the_answer_being_typed(
    playwright, sqlite_database, tmp_path
):
    definitions = long_form(tmp_path / "definitions")
    area = make_area(sqlite_database, LONG, definitions=definitions, quota=20)
    with serving_field(sqlite_database, definitions) as address:
        told = ordeal(playwright, SHELL, tmp_path / "profile", address, area, kills=3, seed=6)

    assert told.kills == 3
    assert told.worst <= 1
    check_arrived(sqlite_database, told)
