"""A kiosk that nobody touches, under a controlled clock: the warning, more time, the reset."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from survey_app.models.responses import Response
from tests.chromium import be_seen
from tests.survey_app.web.kiosk_counter import (
    START,
    answers_in,
    wait_for_outbox,
)


def at_question(open_kiosk, **changes):
    person = open_kiosk(clock=datetime.now(UTC), **changes)
    person.begin()
    person.face(4)
    person.page.clock.pause_at(person.page.evaluate("Date.now()") / 1000 + 2)
    person.page.locator("h1").click()  # the last touch, at a moment that stands still
    return person


def warned(person):
    return person.page.get_by_role("alertdialog").count() == 1


def test_the_warning_comes_after_forty_seconds_and_not_before(open_kiosk):
    person = at_question(open_kiosk)
    person.page.clock.run_for(39_999)
    assert not warned(person)
    person.page.clock.run_for(1)
    assert warned(person)
    assert "20 giây" in person.page.get_by_role("alertdialog").inner_text()
    person.page.clock.run_for(5_000)
    assert "15 giây" in person.page.get_by_role("alertdialog").inner_text()
    person.page.clock.run_for(14_999)
    assert warned(person)
    person.page.clock.run_for(1)
    person.see(START)
    assert not warned(person)


def test_every_touch_counts_from_anew(open_kiosk):
    person = at_question(open_kiosk)
    person.page.clock.run_for(39_000)
    person.page.locator("h1").click()
    person.page.clock.run_for(39_999)
    assert not warned(person)
    person.page.clock.run_for(1)
    assert warned(person)


def test_more_time_brings_the_same_question_back(open_kiosk):
    person = at_question(open_kiosk)
    asked = person.page.locator("h1").inner_text()
    person.page.clock.run_for(59_000)
    person.page.keyboard.press("Tab")
    button = person.page.get_by_role("button", name="Tôi cần thêm thời gian")
    assert button.evaluate("button => button === document.activeElement")
    person.page.keyboard.press("Enter")
    assert not warned(person)
    person.page.clock.run_for(39_999)
    assert not warned(person)
    assert person.page.locator("h1").inner_text() == asked
    person.page.clock.run_for(1)
    person.page.keyboard.press("Escape")
    assert not warned(person)
    person.page.clock.run_for(60_000)
    person.see(START)


def test_the_start_waits_for_ever_and_thanks_end_by_themselves(open_kiosk):
    person = at_question(open_kiosk)
    person.tap("Bỏ phiếu, về đầu")
    person.page.clock.run_for(120_000)
    assert not warned(person)
    person.page.clock.resume()
    person.begin()
    person.rate(3)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt
    person.page.clock.run_for(40_000)
    person.see(START)


@pytest.mark.parametrize("keeps", [True, False])
def test_what_was_answered_is_kept_only_where_the_wave_says_so(open_kiosk, sqlite_database, keeps):
    person = at_question(open_kiosk, keeps_partial=keeps)
    person.page.clock.run_for(60_000)
    person.see(START)
    person.page.clock.resume()
    if keeps:
        wait_for_outbox(person.page)

    with sqlite_database.reading() as session:
        found = session.scalars(select(Response)).all()
    assert [response.partial for response in found] == ([True] if keeps else [])
    assert list(answers_in(sqlite_database).values()) == ([{"access": "4"}] if keeps else [])


@pytest.mark.parametrize("away", [timedelta(days=-1), timedelta(days=366)])
def test_a_wrong_device_clock_changes_no_receipt(open_kiosk, sqlite_database, away):
    before = datetime.now(UTC)
    person = open_kiosk(clock=before + away)
    person.begin()
    person.rate(4)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    receipt = person.receipt

    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
    assert response.receipt == receipt
    assert before <= response.received_at <= datetime.now(UTC)
    said = datetime.fromisoformat(response.submitted_at)
    assert abs(said - before - away) < timedelta(hours=1)


def test_a_screen_that_was_dark_asks_who_is_there(open_kiosk):
    person = at_question(open_kiosk)
    be_seen(person.page, False)
    assert warned(person)
    person.tap("Tôi cần thêm thời gian")
    person.page.clock.run_for(39_999)
    assert not warned(person)


def sleep(page, seconds):
    """The device sleeps: its clock goes on, the one that timers go by stands still."""
    page.clock.set_system_time(page.evaluate("Date.now()") / 1000 + seconds)


def hide(page, seconds, asleep):
    be_seen(page, False)
    if asleep:
        sleep(page, seconds)
    else:
        page.clock.run_for(1000 * seconds)
    be_seen(page, True)


def sees_nobody(page):
    """The start is all that is there: no question, no answer, no receipt, nobody's language."""
    traces = page.evaluate("document.documentElement.outerHTML")
    assert page.locator("h1").inner_text() == START
    assert page.locator("dialog, .face, .code, [aria-pressed=true]").count() == 0
    assert 'lang="vi"' in traces[:200]


@pytest.mark.parametrize("asleep", [False, True])
def test_a_screen_that_was_dark_for_long_shows_nothing_of_who_was_there(open_kiosk, asleep):
    person = at_question(open_kiosk)
    hide(person.page, 19, asleep)
    assert warned(person)
    person.tap("Tôi cần thêm thời gian")
    hide(person.page, 20, asleep)

    sees_nobody(person.page)


@pytest.mark.parametrize("asleep", [False, True])
def test_thanks_on_a_screen_that_was_dark_for_long_are_gone(open_kiosk, asleep):
    person = open_kiosk(clock=datetime.now(UTC))
    person.begin()
    person.rate(4)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt
    person.page.clock.pause_at(person.page.evaluate("Date.now()") / 1000 + 1)
    hide(person.page, 30, asleep)

    sees_nobody(person.page)


def test_thanks_that_come_on_a_dark_screen_are_nobodys(open_kiosk):
    person = open_kiosk(clock=datetime.now(UTC))
    page = person.page
    held = []
    page.route("**/responses", lambda route: held.append(route))
    person.begin()
    person.rate(4)
    with page.expect_request("**/responses"):
        person.send()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    hide(page, 60, asleep=True)
    sees_nobody(page)
    held[0].continue_()
    wait_for_outbox(page)

    sees_nobody(page)


def test_time_out_of_sight_is_a_pause_and_no_time_at_the_form(open_kiosk, sqlite_database):
    person = at_question(open_kiosk, keeps_partial=True)
    person.page.clock.run_for(3_000)
    hide(person.page, 15, asleep=False)
    person.tap("Tôi cần thêm thời gian")
    person.page.clock.run_for(2_000)
    hide(person.page, 90, asleep=True)
    person.page.clock.resume()
    wait_for_outbox(person.page)

    with sqlite_database.reading() as session:
        (document,) = session.scalars(select(Response.document))
    paradata = json.loads(document)["paradata"]
    assert paradata["pauses"] == [90]
    assert 105 <= paradata["elapsed"] - paradata["seconds"] <= 106
    assert paradata["pages"][-1][1] in range(5, 9)  # what was hidden is not time at the question
