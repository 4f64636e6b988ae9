"""Devices as they are: closed and opened again, shared, with two tabs, with a wrong clock."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from werkzeug.http import http_date

from survey_app import clock
from survey_app.models.responses import Answer, Response
from tests.chromium import LAUNCH, lead_on
from tests.survey_app.web.citizen_door import make_app, make_door, stored
from tests.survey_app.web.citizen_phone import (
    AGREE,
    PHONE,
    answer,
    fill,
    go_back,
    press,
    send,
    serve,
)


@pytest.fixture
def address(sqlite_database):
    with serve(sqlite_database, make_door(sqlite_database)) as address:
        yield address


@pytest.fixture
def phone(browser):
    """One device: its tabs share what it keeps."""
    context = browser.new_context(**PHONE)
    yield context
    context.close()


def text_of(page):
    return " ".join(page.locator("main").inner_text().split())


def test_a_form_is_there_again_after_the_browser_was_closed(
    playwright, address, tmp_path, sqlite_database
):
    def opened():
        return playwright.chromium.launch_persistent_context(
            tmp_path / "profile", **LAUNCH, **PHONE
        )

    before = opened()
    fill(before.new_page(), address, "Chờ lâu.")
    before.close()
    after = opened()
    page = after.new_page()
    page.goto(address)
    start = text_of(page)
    press(page, "Làm tiếp phiếu đang dở")
    review = text_of(page)
    send(page)
    after.close()

    assert "Đang làm dở, chưa gửi." in start
    assert "Chờ lâu." in review
    assert stored(sqlite_database)[0] == 1


# Two tabs with one draft


def test_of_two_tabs_the_stale_one_is_told_so_and_nothing_is_lost(phone, address):
    first, second = phone.new_page(), phone.new_page()
    first.goto(address)
    press(first, AGREE)
    second.goto(first.url)
    answer(first, "5")
    press(first, "Tiếp tục")
    answer(second, "1")
    press(second, "Tiếp tục")
    told = text_of(second)
    lead_on(second, second.get_by_role("link", name="Mở trang mới nhất"))

    assert "Trang này đã cũ" in told
    assert text_of(second).count("Rất hài lòng") == 6


def test_a_tab_left_open_shows_the_receipt_after_the_other_has_sent(
    phone, address, sqlite_database
):
    first, second = phone.new_page(), phone.new_page()
    fill(first, address)
    second.goto(first.url)
    send(first)
    receipt = first.locator(".code").inner_text()
    send(second)

    assert second.locator(".code").inner_text() == receipt
    assert stored(sqlite_database)[0] == 1


def test_a_tab_of_the_last_person_writes_nothing_into_the_form_of_the_next(
    phone, address, sqlite_database
):
    old = phone.new_page()
    old.goto(address)
    press(old, AGREE)
    new = phone.new_page()
    new.goto(old.url)
    answer(new)
    press(new, "Tiếp tục")
    send(new)
    new.goto(address)
    press(new, AGREE)
    old.locator("#q-comment-box").fill("của người trước")
    answer(old, "1")
    press(old, "Tiếp tục")

    assert "thuộc về một phiếu khác" in text_of(old)
    new.reload()
    assert new.locator(":checked").count() == 0
    assert new.locator("#q-comment-box").input_value() == ""


# A shared device


def test_after_done_the_next_person_finds_nothing_of_the_last_one(phone, address):
    page = phone.new_page()
    fill(page, address, "Chuyện riêng của tôi")
    send(page)
    receipt = page.locator(".code").inner_text()
    press(page, "Xong – xóa khỏi máy này")
    goodbye = text_of(page)
    seen = []
    for _step in range(3):
        go_back(page)
        seen.append(page.content())
    page.goto(address)
    seen.append(page.content())

    assert "không còn câu trả lời hay mã nhận phiếu nào" in goodbye
    assert all(receipt not in text and "Chuyện riêng" not in text for text in seen)
    assert page.get_by_role("button", name=AGREE).count() == 1
    assert {cookie["name"] for cookie in phone.cookies()} == {"csrf"}


def test_a_new_scan_after_the_thanks_begins_anew(phone, address, sqlite_database):
    page = phone.new_page()
    fill(page, address, "Chuyện riêng của tôi")
    send(page)
    first = page.locator(".code").inner_text()
    page.goto(address)
    start = page.content()
    press(page, AGREE)
    form = page.content()
    chosen = page.locator(":checked").count()
    answer(page, "2")
    press(page, "Tiếp tục")
    send(page)

    assert first not in start + form
    assert "Chuyện riêng" not in start + form
    assert chosen == 0
    assert page.locator(".code").inner_text() != first
    assert stored(sqlite_database)[0] == 2


def test_who_stops_is_asked_and_leaves_nothing(phone, address, sqlite_database):
    page = phone.new_page()
    page.goto(address)
    press(page, AGREE)
    answer(page)
    press(page, "Không muốn trả lời tiếp")
    lead_on(page, page.get_by_role("link", name="Làm tiếp"))
    kept = text_of(page)
    lead_on(page, page.get_by_role("link", name="Không muốn trả lời tiếp"))
    press(page, "Xóa và thôi trả lời")

    assert "Hài lòng" in kept
    assert stored(sqlite_database) == (0, 0, 0)
    assert {cookie["name"] for cookie in phone.cookies()} == {"csrf"}


# A wrong clock


@pytest.mark.parametrize("days", [-366, -1, 1, 366])
def test_a_device_whose_clock_is_wrong_loses_nothing(phone, sqlite_database, monkeypatch, days):
    """The device and the service differ by days; here it is the service that stands elsewhere."""
    app = make_app(sqlite_database)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=days))

    @app.after_request
    def dated(response):
        response.headers["Date"] = http_date(clock.now())
        return response

    with serve(sqlite_database, make_door(sqlite_database), app) as address:
        page = phone.new_page()
        fill(page, address, "Chờ lâu.")
        page.goto(address)
        state = text_of(page)
        press(page, "Làm tiếp phiếu đang dở")
        send(page)
        receipt = page.locator(".code").inner_text()

    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
        comment = session.get(Answer, (response.id, "comment")).value
        away = response.received_at - datetime.now(UTC) - timedelta(days=days)
    assert "Đang làm dở, chưa gửi." in state
    assert (response.receipt, comment) == (receipt, "Chờ lâu.")
    assert abs(away) < timedelta(hours=1)
    assert datetime.fromisoformat(response.submitted_at) == response.received_at
