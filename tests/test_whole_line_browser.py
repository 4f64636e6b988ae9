"""The whole line in a browser: a citizen's tap changes the count and the table of the staff."""

import json
import re
import shutil
import sys
from urllib.request import Request, urlopen

import pytest

from bench.chromium import CHROMIUM, launching
from tests.chromium import lead_on
from tests.survey_app.factories import response_content
from tests.survey_app.test_serve import Running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the processes are those of Unix")
QUESTIONS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")
SENT_BEFORE = 10  # so that the figures of the wave are shown and not hidden
PATIENCE = 30_000  # milliseconds
# A page that was left before all of it had come is no fault.
HARMLESS = ("ERR_ABORTED",)


@pytest.fixture(scope="module")
def running(demo_template, tmp_path_factory):
    """The service as `make run` starts it, and what a tablet sent to it."""
    instance = tmp_path_factory.mktemp("instance")
    shutil.copyfile(demo_template, instance / "sipas.sqlite3")
    with Running(instance, DEMO="1") as running:
        send_by_tablet(running)
        yield running


def send_by_tablet(running):
    """Send forms in which everybody is content, as a tablet at the counter does."""
    token = re.search(r"device token: (\S+)", "\n".join(running.lines)).group(1)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    _, body = running.get("/api/v1/package", Authorization=headers["Authorization"])
    (wave,) = (
        found for found in json.loads(body)["waves"] if found["questionnaire"] == "sipas-counter"
    )
    place = {"wave": wave["code"], "collection_point": wave["collection_points"][0]["code"]}
    forms = [response_content(**place, answers={"feedback": "4"}) for _ in range(SENT_BEFORE)]
    address = f"http://127.0.0.1:{running.port}/api/v1/responses"
    request = Request(address, json.dumps({"responses": forms}).encode(), headers)
    with urlopen(request) as answer:
        receipts = json.loads(answer.read())["receipts"]
    assert {receipt["status"] for receipt in receipts} == {"accepted"}


@pytest.fixture(scope="module")
def browser(playwright):
    """The browser that people use, not the lighter one of the other tests."""
    browser = playwright.chromium.launch(**launching(CHROMIUM))
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser):
    """Open browsers of different people; at the end nothing may stand in the console."""
    contexts, complaints = [], []

    def open_one(width, height):
        size = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=size, locale="vi-VN"))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(str(request.failure)))
        page.on(
            "response",
            lambda answer: (
                answer.status >= 400 and complaints.append(f"{answer.status} {answer.url}")
            ),
        )
        return page

    yield open_one
    found = list(complaints)
    for context in contexts:
        context.close()
    assert [text for text in found if not any(word in text for word in HARMLESS)] == []


def press(page, name):
    lead_on(page, page.get_by_role("button", name=name, exact=True))


def answer_as_a_citizen(page, address, choice):
    """Fill the form at the printed address by touch; returns the receipt code."""
    page.goto(address)
    press(page, "Tôi đồng ý và bắt đầu")
    for code in QUESTIONS:
        chosen = "2" if code == "trips" else choice
        page.locator(f"label[for='q-{code}-{chosen}']").click()
    press(page, "Tiếp tục")
    page.locator("label[for='helped-1']").click()
    press(page, "Gửi phiếu")
    return page.locator(".code").inner_text()


def sign_in(page, running):
    name, password = running.said("sign-in").split()[:2]
    page.goto(f"{running.said('address')}/admin/")
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").fill(password)
    press(page, "Đăng nhập")


def counts_of(page):
    """The tiles above the wave: what each is called and its number."""
    texts = page.locator(".tiles > div").all_inner_texts()
    found = (text.split("\n") for text in texts)
    return {name: number for name, number, *_ in ([w for w in t if w.strip()] for t in found)}


def compute(page):
    """Press the button of the wave's page and wait until the result is there."""
    page.get_by_role("button", name="Tính chỉ số").click()
    page.wait_for_url("**/admin/runs/*")


def tree_of(page):
    """Code of each row of the index tree: its share and the number of forms."""
    rows = page.locator("table.tree tbody tr").all()
    return {
        row.locator(".code").inner_text(): (
            row.locator("td.value").inner_text(),
            row.locator("td").last.inner_text(),
        )
        for row in rows
    }


def test_one_more_citizen_changes_the_count_and_the_table(running, open_page):
    phone, desk = open_page(360, 740), open_page(1280, 800)
    receipts = {answer_as_a_citizen(phone, running.said("form"), "5")}
    sign_in(desk, running)
    lead_on(desk, desk.get_by_role("link", name="Đợt lấy ý kiến thử"))
    wave, before = desk.url, counts_of(desk)
    compute(desk)
    first, first_page = tree_of(desk), desk.url

    receipts.add(answer_as_a_citizen(phone, running.said("form"), "1"))
    desk.goto(wave)
    after = counts_of(desk)
    compute(desk)
    second = tree_of(desk)

    assert len(receipts) == 2
    for name in ("Phiếu thu về", "Phiếu hợp lệ"):
        assert (before[name], after[name]) == ("11", "12")
    assert desk.url != first_page
    assert {row[0] for row in first.values()} == {"100,00"}
    assert {row[0] for row in second.values()} == {"91,67"}  # 11 of 12
    assert {row[1] for row in first.values()} == {"11"}
    assert {row[1] for row in second.values()} == {"12"}


def test_the_result_names_its_run_and_keeps_the_one_before(running, open_page):
    desk = open_page(1280, 800)
    sign_in(desk, running)
    desk.goto(f"{running.said('address')}/admin/waves/demo")
    runs = len(desk.locator(".runs a").all())
    compute(desk)
    run = desk.url.rpartition("/")[2]

    assert desk.locator(".origin code").first.inner_text() == run
    desk.goto(f"{running.said('address')}/admin/waves/demo")
    assert len(desk.locator(".runs a").all()) == runs + 1


def test_a_file_is_taken_from_the_page_of_results(running, open_page):
    desk = open_page(1280, 800)
    sign_in(desk, running)
    desk.goto(f"{running.said('address')}/admin/waves/demo")
    compute(desk)
    shown = tree_of(desk)["SIPAS"][0]
    with desk.expect_download() as download:
        desk.get_by_role("link", name="CSV", exact=True).click()

    content = download.value.path().read_text(encoding="utf-8-sig")
    assert f";{shown};" in next(line for line in content.splitlines() if ";SIPAS;" in line)
