"""What goes wrong in the field, in a real browser: no room for what is sealed, wrong taps."""

import json
from datetime import UTC, datetime

from tests.chromium import be_seen
from tests.survey_app.web.tablet_field import LONG, Surveyor, fieldwork_in

# Queues without room while the tablet says so; drafts and calls still have some.
NO_ROOM = """
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (stores, mode, ...more) {
  if (localStorage.full && mode === "readwrite" && ["responses", "visits"].includes(this.name)) {
    throw new DOMException("", "QuotaExceededError");
  }
  return transaction.call(this, stores, mode, ...more);
};
"""


def test_a_form_that_has_no_room_in_its_queue_waits_and_says_so(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    page.context.add_init_script(NO_ROOM)
    page.reload()
    surveyor.unlock()
    surveyor.begin()
    surveyor.answer_all()
    page.evaluate("localStorage.full = 1")
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    page.reload()
    page.get_by_text("Còn 1 phiếu nằm trên máy").wait_for()
    surveyor.unlock()
    page.get_by_text("Còn 1 phiếu nằm trên máy").wait_for()
    surveyor.press("Xem hộp gửi")
    page.get_by_text("đã lưu, chờ gửi").wait_for()
    with page.expect_download() as download:
        surveyor.press("Lưu vào tệp")
    file = json.loads(download.value.path().read_text())
    assert (len(file["responses"]), len(file["visits"])) == (1, 1)
    other = page.context.new_page()
    other.goto(f"{surveyor.address}/t/")
    second = Surveyor(other, surveyor.address, surveyor.area)
    second.see("Ứng dụng đang mở ở một thẻ khác")
    assert fieldwork_in(sqlite_database)[0] == []
    other.evaluate("localStorage.removeItem('full')")
    page.close()
    second.see("Mở khóa")
    other.locator("#pin").wait_for()
    second.unlock()
    other.get_by_text("Mọi thứ đã gửi").wait_for()

    ((response, _answers),), _interviews, (visit,) = fieldwork_in(sqlite_database)
    assert str(response.id) == file["responses"][0]["id"]
    assert visit.outcome == "complete"


def test_an_app_that_cannot_open_can_be_tried_again(take_tablet):
    surveyor = take_tablet()
    page = surveyor.page
    page.context.add_init_script("""
      const open = indexedDB.open.bind(indexedDB);
      indexedDB.open = (...given) => {
        if (sessionStorage.broken) throw new DOMException("", "UnknownError");
        return open(...given);
      };""")
    page.evaluate("sessionStorage.broken = 1")
    page.reload()
    surveyor.see("Chưa mở được ứng dụng")
    page.evaluate("sessionStorage.removeItem('broken')")
    surveyor.press("Thử lại")
    surveyor.unlock()


def test_a_mistyped_number_of_adults_is_put_right_once_and_told(take_tablet, sqlite_database):
    surveyor = take_tablet()
    page = surveyor.page
    surveyor.open_household(1)
    surveyor.press("Bắt đầu phỏng vấn")
    surveyor.press("12")
    surveyor.see("Hỏi ai trong hộ?")
    surveyor.press("Quay lại")
    surveyor.see("Hộ 1")
    surveyor.press("Để lại phiếu giấy, thu sau")
    surveyor.see("Hỏi ai trong hộ?")
    surveyor.press("Tôi bấm nhầm số người")
    page.get_by_text("Số đã bấm là 12.").wait_for()
    surveyor.press("2")
    page.get_by_text("trong 2 người").wait_for()
    assert page.get_by_role("button", name="Tôi bấm nhầm số người").count() == 0
    surveyor.press("Lưu và ra")
    surveyor.see("Hộ 1")
    surveyor.press("Bắt đầu phỏng vấn")
    surveyor.press("Không hỏi được người này")
    surveyor.press("Hẹn lại hoặc sẽ đến lại")
    surveyor.press("Ghi kết quả")
    surveyor.press_line("Hộ 1")
    surveyor.press("Bắt đầu phỏng vấn")
    page.get_by_text("trong 2 người").wait_for()
    surveyor.press("Quay lại")
    surveyor.see("Hộ 1")
    surveyor.press("Ghi kết quả lần đến")
    surveyor.press("Không có ai ở nhà, đã đến nhiều lần")
    surveyor.press("Ghi kết quả")
    surveyor.wait_until_sent()

    visits = fieldwork_in(sqlite_database)[2]
    told = sorted((visit.outcome, visit.eligible) for visit in visits)
    assert told == [("appointment", 2), ("appointment", 12), ("nobody_home", 2)]


def test_what_is_ticked_when_an_interview_is_stopped_is_handed_in(take_tablet, sqlite_database):
    surveyor = take_tablet(LONG, questions=8)
    page = surveyor.page
    surveyor.begin()
    for keys in ("1001", "2", "13"):
        page.keyboard.type(keys)
        if keys == "1001":
            page.keyboard.press("Enter")
    surveyor.press("Dừng")
    surveyor.press("Kết thúc và nộp phần đã trả lời")
    surveyor.see("Đã nộp phiếu")
    surveyor.wait_until_sent()

    ((response, _answers),), _interviews, _visits = fieldwork_in(sqlite_database)
    sent = json.loads(response.document)
    assert sent["answers"] == {"q01": "1001", "q02": "2", "q03": ["1", "3"]}
    assert sent["partial"] is True


def test_while_the_screen_is_dark_nobody_works(take_tablet, sqlite_database):
    surveyor = take_tablet(clock=datetime.now(UTC))
    page = surveyor.page
    surveyor.begin()
    be_seen(page, False)
    page.clock.fast_forward(4 * 60_000)
    be_seen(page, True)
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    surveyor.wait_until_sent()

    ((response, _answers),), _interviews, _visits = fieldwork_in(sqlite_database)
    paradata = json.loads(response.document)["paradata"]
    assert len(paradata["pauses"]) == 1
    assert paradata["elapsed"] - paradata["seconds"] >= 4 * 60 - 1


def test_an_answer_that_comes_after_the_lock_opens_nothing(take_tablet):
    surveyor = take_tablet()
    page = surveyor.page
    surveyor.begin()
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    surveyor.press("Về danh sách hộ")
    surveyor.press("Quay lại")
    surveyor.press("Xem hộp gửi")
    surveyor.see("Hộp gửi")
    held = []
    page.context.route("**/api/v1/contact", lambda route: held.append(route))
    with page.expect_request("**/api/v1/contact"):
        surveyor.press("Gửi ngay")
    surveyor.press("Khóa máy")
    surveyor.see("Mở khóa")
    with page.expect_response("**/api/v1/contact"):
        held[0].continue_()
    for _turn in range(5):
        surveyor.stored("responses")  # the screen would be drawn after reads like these

    assert page.locator("h1").inner_text() == "Mở khóa"


def second_tab(surveyor):
    """The app in one more tab of the same browser, which waits for the first one to be closed."""
    page = surveyor.page.context.new_page()
    page.goto(f"{surveyor.address}/t/")
    second = Surveyor(page, surveyor.address, surveyor.area)
    second.see("Ứng dụng đang mở ở một thẻ khác")
    return second


def test_only_the_tab_that_holds_the_drafts_fetches_the_package(take_tablet):
    surveyor = take_tablet()
    second = second_tab(surveyor)
    fetched = []
    for one in (surveyor, second):
        one.page.on("request", lambda request, one=one: fetched.append((one, request.url)))

    def call_home(one):
        with one.page.expect_response("**/api/v1/contact"):
            one.page.evaluate("dispatchEvent(new Event('online'))")

    for one in (second, surveyor, second, surveyor):  # what follows a contact comes before the next
        call_home(one)
    fetches = [one for one, url in fetched if url.endswith("/api/v1/package")]
    assert fetches
    assert second not in fetches

    with second.page.expect_request("**/api/v1/package"):
        surveyor.page.close()
    second.see("Mở khóa")


def test_tabs_that_hear_of_the_network_at_once_send_in_turn(take_tablet, sqlite_database):
    surveyor = take_tablet()
    context = surveyor.page.context
    context.set_offline(True)
    surveyor.begin()
    surveyor.answer_all()
    surveyor.press("Nộp phiếu")
    surveyor.see("Đã nộp phiếu")
    second = second_tab(surveyor)
    posts = []
    context.route("**/api/v1/responses", lambda route: posts.append(route))
    with context.expect_event("request", lambda request: request.url.endswith("/responses")):
        context.set_offline(False)
    second.page.wait_for_function("""async () => {
      const { held, pending } = await navigator.locks.query();
      const named = (locks) => locks.filter(({ name }) => name === "responses").length;
      return named(held) === 1 && named(pending) === 1;
    }""")
    assert len(posts) == 1
    posts[0].continue_()
    second.press("Xem hộp gửi")
    second.page.get_by_text("đã nhận, mã").wait_for()
    second.page.wait_for_function("""async () => {
      const { held, pending } = await navigator.locks.query();
      return ![...held, ...pending].some(({ name }) => name === "responses");
    }""")

    assert len(posts) == 1
    assert len(fieldwork_in(sqlite_database)[0]) == 1
