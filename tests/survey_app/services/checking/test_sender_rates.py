"""Phones are counted by a mark that is nobody's."""

from datetime import timedelta
from ipaddress import ip_address
from uuid import uuid4

import pytest
from sqlalchemy import select

from survey_app.days import day_of, start_of
from survey_app.models.responses import Response, ResponseQuality, SenderCount
from survey_app.services.checking.sender_rates import MARKS, count_one, forget_past, mark_of
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import DUPLICATE, REJECTED, Arrival
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

SECRET = "s" * 40
TODAY = day_of(NOW)


def mark(address="203.0.113.7", browser="A", point="counter-1", now=NOW, secret=SECRET):
    return mark_of(secret, address, browser, point, now)


def counts(session):
    return list(session.scalars(select(SenderCount.n).order_by(SenderCount.mark)))


def test_a_phone_has_one_mark_for_the_day_in_viet_nam():
    assert mark() == mark(now=NOW + timedelta(hours=13))  # 23:00
    assert mark("::ffff:203.0.113.7") == mark()


def test_a_phone_that_changes_the_end_of_its_address_is_the_same_phone():
    assert mark("2001:db8:1:2:3:4:5:6") == mark("2001:db8:1:2::9%wlan0")


@pytest.mark.parametrize(
    "other",
    [
        {"address": "203.0.113.8"},
        {"address": "2001:db8:1:3::9"},
        {"browser": "B"},
        {"point": "counter-2"},
        {"now": NOW + timedelta(days=1)},
        {"secret": "t" * 40},
    ],
)
def test_another_phone_counter_or_day_has_another_mark(other):
    """Another one as a rule: two may meet, so the whole of twenty is looked at."""
    pairs = [(mark(browser=f"{k}"), mark(**{"browser": f"{k}"} | other)) for k in range(20)]

    assert sum(one != two for one, two in pairs) >= 18


def test_every_mark_is_shared_by_many_addresses():
    first = int(ip_address("203.0.0.0"))
    found = [mark(str(ip_address(first + k))) for k in range(20 * MARKS)]

    assert set(found) == set(range(MARKS))
    assert max(found.count(one) for one in range(0, MARKS, 50)) < 60


@pytest.mark.parametrize("address", [None, "", "unix:", "203.0.113", "127.0.0.1", "::1"])
def test_without_the_address_of_a_phone_nothing_is_counted(address):
    assert mark(address) is None


def test_each_form_is_counted_for_its_own_day_counter_and_mark(session):
    wave = make_wave(session)
    one, other = make_point(session, wave).id, make_point(session, wave).id

    assert [count_one(session, TODAY, one, 3) for _ in range(3)] == [1, 2, 3]
    assert count_one(session, TODAY, other, 3) == 1
    assert count_one(session, TODAY, one, 4) == 1
    assert count_one(session, TODAY + timedelta(days=1), one, 3) == 1


def test_a_form_sent_twice_or_refused_is_not_counted(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        names = {"wave": wave.code, "collection_point": point.code, "mode": "web"}
    content = response_content(**names)
    wrong = {"id": str(uuid4()), "answers": {"staff": "9"}}
    for changes in ({}, {}, wrong):
        with database.writing() as session:
            arrival = Arrival(sender_mark=5)
            receipt = accept_response(session, content | changes, NOW, catalogue(), arrival)

    assert receipt.status == REJECTED
    with database.reading() as session:
        assert counts(session) == [1]
        repeated = accept_response(session, content, NOW, catalogue(), Arrival(sender_mark=5))
        assert repeated.status == DUPLICATE


def test_counts_go_when_their_day_is_over(session):
    point = make_point(session, make_wave(session)).id
    count_one(session, TODAY, point, 1)
    midnight = start_of(TODAY) + timedelta(days=1)

    forget_past(session, midnight - timedelta(minutes=1))
    assert counts(session) == [1]
    forget_past(session, midnight + timedelta(minutes=1))
    assert counts(session) == []


def test_no_response_says_which_mark_it_had():
    """Nor could it: its tables have no column for it, and the counts none for a response."""
    own = {column.name for column in SenderCount.__table__.columns}

    assert own == {"day", "point_id", "mark", "n"}
    for table in (Response.__table__, ResponseQuality.__table__):
        assert not any("mark" in column.name for column in table.columns)
