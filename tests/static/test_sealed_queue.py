"""What waits on a device: sealed in a browser, opened here, never lost, read by nobody else."""

import json
import os
import signal
import subprocess
import time

import pytest
from flask import request, request_started
from sqlalchemy import select

from bench.chromium import SHELL
from questionnaires.refusal import Refusal
from survey_app.models.responses import Response
from survey_app.services.door.sealing import find_public_key, open_sealed
from tests.survey_app.web.citizen_door import SECRET, stored
from tests.survey_app.web.kiosk_counter import (
    OUTBOX,
    START,
    Person,
    answers_in,
    enrol,
    make_counter,
    serving,
    wait_for_outbox,
)

COMMENT = "Chim bay qua cửa sổ"  # words that stand nowhere else
SEALING = """async ([key, id, content]) =>
  (await import("/static/js/sealed-queue.js")).seal(key, id, content)"""


@pytest.fixture
def counter(sqlite_database):
    return make_counter(sqlite_database)


@pytest.fixture
def address(sqlite_database, counter):
    with serving(sqlite_database) as address:
        yield address


@pytest.fixture
def person(browser, address, counter):
    """Somebody at the enrolled kiosk."""
    context = browser.new_context(locale="vi-VN")
    page = context.new_page()
    page.set_default_timeout(20_000)
    enrol(page, address, counter)
    yield Person(page)
    context.close()


def rate(person, comment=None):
    """Fill the form up to «Gửi phiếu»."""
    person.begin()
    for _item in range(5):
        person.face(4)
    person.tap("2 lần")
    person.face(4)
    if comment:
        person.page.locator("#box").fill(comment)
        person.tap("Tiếp tục")
    else:
        person.tap("Bỏ qua câu này")
    person.tap("Không, tôi tự trả lời")


def test_what_the_browser_seals_opens_here_and_only_whole(person, sqlite_database):
    content = {"id": "5b4d0a52-5a43-4d0e-9a3c-0f4f2f9d8c11", "answers": {"comment": COMMENT * 40}}
    with sqlite_database.writing() as session:
        key = find_public_key(session, 1)
        given = [{"wave_id": key.wave_id, "point": key.point}, content["id"], content]
        sealed = person.page.evaluate(SEALING, given)
        assert json.loads(open_sealed(session, SECRET, content["id"], sealed)) == content
        for place in range(0, len(sealed), 7):
            other = "A" if sealed[place] != "A" else "B"
            changed = sealed[:place] + other + sealed[place + 1 :]
            with pytest.raises(Refusal):
                open_sealed(session, SECRET, content["id"], changed)


def test_a_form_waits_sealed_until_the_network_is_back(person, sqlite_database):
    context = person.page.context
    context.set_offline(True)
    rate(person, COMMENT)
    person.send()
    person.page.get_by_text("sẽ được gửi khi có mạng").wait_for()
    (waiting,) = person.page.evaluate(OUTBOX)

    assert stored(sqlite_database)[0] == 0
    assert set(waiting) == {"id", "sealed", "state"}
    assert waiting["sealed"].startswith("s1.1.")
    context.set_offline(False)
    person.page.locator(".code").wait_for()
    wait_for_outbox(person.page)
    assert answers_in(sqlite_database)[person.receipt]["comment"] == COMMENT


def test_the_kiosk_opens_without_a_network(person, sqlite_database):
    person.page.context.set_offline(True)
    person.page.reload()
    person.see(START)
    rate(person)
    person.send()
    person.page.get_by_text("sẽ được gửi khi có mạng").wait_for()
    person.page.reload()
    person.see(START)
    person.page.context.set_offline(False)
    wait_for_outbox(person.page)

    assert stored(sqlite_database)[0] == 1


def test_an_answer_of_the_server_that_got_lost_makes_no_second_response(person, sqlite_database):
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    person.page.route("**/responses", lose)
    rate(person)
    person.send()
    wait_for_outbox(person.page)

    assert lost[0].json()["receipts"][0]["status"] == "accepted"
    assert stored(sqlite_database)[0] == 1


def test_one_refused_form_holds_up_no_other_and_waits_for_a_person(person, sqlite_database):
    put = """async (changes) => {
      const { SealedQueue } = await import("/static/js/sealed-queue.js");
      const kiosk = await (await fetch(`${location.pathname}/package`)).json();
      const post = () => { throw new Error("not now"); };
      const queue = new SealedQueue({ name: "sealed-queue", post });
      await queue.put(kiosk.key, {
        id: crypto.randomUUID(), questionnaire: "sipas-counter", version: "1", wave: kiosk.wave,
        collection_point: kiosk.collection_point, mode: "kiosk", locale: "vi",
        answers: { access: "4", procedure_clear: "4", staff: "4", result: "4", feedback: "4",
          trips: "1", overall: "4" }, ...changes });
    }"""
    person.page.evaluate(put, {"wave": "no-such-wave"})
    person.page.evaluate(put, {})
    person.page.evaluate(put, {"collection_point": "D99999"})
    person.page.reload()
    wait_for_outbox(person.page, "needs-help")
    problems = [form["problem"]["code"] for form in person.page.evaluate(OUTBOX)]

    assert sorted(problems) == ["unknown_point", "unknown_wave"]
    assert stored(sqlite_database)[0] == 1
    person.tap("Dành cho người phụ trách máy")
    person.page.keyboard.type("246810")
    person.tap("Mở")
    person.page.get_by_text("Phiếu bị từ chối, cần người xem lại: 2").wait_for()
    person.page.get_by_text("Không có đợt khảo sát «no-such-wave».").wait_for()
    person.tap("Rời chế độ lấy ý kiến")
    person.page.get_by_text("Còn 2 phiếu trên máy chưa gửi được").wait_for()
    assert len(person.page.evaluate(OUTBOX)) == 2


def test_whoever_gets_some_forms_through_does_not_wait_longer_and_longer(person):
    pauses = person.page.evaluate("""async () => {
      const { SealedQueue } = await import("/static/js/sealed-queue.js");
      const kiosk = await (await fetch(`${location.pathname}/package`)).json();
      const pauses = [];
      window.setTimeout = (_again, pause, late) => late || pauses.push(pause);
      const first = ([{ id }]) => [{ id, status: "rejected", problems: [] }];
      let hears = true;
      const post = async (items) => {
        if (!hears) throw new Error("no network");
        return { status: 200, body: { receipts: first(items) } };
      };
      const queue = new SealedQueue({ name: "a bad line", post });
      for (let form = 0; form < 8; form += 1) {
        await queue.put(kiosk.key, { id: crypto.randomUUID() });
      }
      for (let turn = 0; turn < 12; turn += 1) {
        hears = turn < 6;
        await queue.flush();
      }
      return pauses;
    }""")

    assert all(2_000 <= pause <= 6_000 for pause in pauses[:6])
    assert all(2_000 * 2**n <= pause <= 6_000 * 2**n for n, pause in enumerate(pauses[6:], start=1))


def test_two_tabs_are_both_of_use_and_send_each_form_once(
    person, address, counter, sqlite_database
):
    arrived = []

    def note(_app, **_signal):
        if request.method == "POST" and request.path.endswith("/responses"):
            arrived.extend(item["id"] for item in request.get_json()["responses"])

    context = person.page.context
    other = Person(context.new_page())
    other.page.goto(address + counter.door)
    other.see(START)
    context.set_offline(True)
    for one in (person, other):
        rate(one)
        one.send()
        one.page.get_by_text("sẽ được gửi khi có mạng").wait_for()
    with request_started.connected_to(note):
        context.set_offline(False)
        for one in (person, other):
            one.page.locator(".code").wait_for()

    assert person.receipt != other.receipt
    assert len(arrived) == len(set(arrived)) == 2
    assert set(answers_in(sqlite_database)) == {person.receipt, other.receipt}


def launch(folder, port_file):
    """A browser of its own with a profile on disk, which can be killed like a power cut."""
    arguments = [SHELL, "--headless", "--no-sandbox", "--remote-debugging-port=0"]
    arguments += [f"--user-data-dir={folder}", "--no-first-run", "--lang=vi", "about:blank"]
    port_file.unlink(missing_ok=True)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(arguments, stdout=quiet, stderr=quiet, start_new_session=True)
    for _turn in range(600):
        if port_file.exists() and "\n" in port_file.read_text():
            return process, port_file.read_text().splitlines()[0]
        time.sleep(0.1)
    pytest.fail("the browser did not start")


def test_a_killed_browser_delivers_once_and_its_profile_tells_nothing(
    playwright, tmp_path, counter, sqlite_database
):
    folder = tmp_path / "profile"
    port_file = folder / "DevToolsActivePort"
    with serving(sqlite_database) as address:
        process, port = launch(folder, port_file)
        try:
            browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            page = browser.contexts[0].new_page()
            enrol(page, address, counter)
            browser.new_browser_cdp_session().send("Browser.close")  # cookies reach the disk
            process.wait()
            process, port = launch(folder, port_file)
            browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            page = browser.contexts[0].new_page()
            page.goto(address + counter.door)
            page.context.set_offline(True)
            person = Person(page)
            rate(person, COMMENT)
            person.send()
            page.get_by_text("sẽ được gửi khi có mạng").wait_for()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        files = [path for path in folder.rglob("*") if path.is_file()]
        held = b"".join(path.read_bytes() for path in files)
        assert b"s1.1." in held  # the sealed form is there
        for telling in (COMMENT, '"answers"', '"procedure_clear":"4"', '"helped":"nobody"'):
            for encoding in ("utf-8", "utf-16-le"):
                assert telling.encode(encoding) not in held
        assert stored(sqlite_database)[0] == 0

        process, port = launch(folder, port_file)
        try:
            browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            page = browser.contexts[0].new_page()
            page.goto(address + counter.door)
            Person(page).see(START)
            wait_for_outbox(page)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    with sqlite_database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 1
    ((_receipt, answers),) = answers_in(sqlite_database).items()
    assert answers["comment"] == COMMENT
