"""Late forms: what waited on a device while a wave closed counts; the rest is held, never lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.models.responses import HeldResponse, Response, ResponseQuality
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.plan.waves import LATE, corrected, takes_late
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_device,
    make_point,
    make_wave,
    response_content,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Closed:
    """A wave or a point that closed at NOW, and a tablet that comes back later."""

    def __init__(self, session, what="wave"):
        self.session = session
        closes = {"closed_at": NOW}
        wave = make_wave(session, **(closes if what != "point" else {}))
        point = make_point(session, wave, **(closes if what != "wave" else {}))
        self.door = {"wave": wave.code, "collection_point": point.code}
        self.device = make_device(session)

    def send(self, begun, after=DAY, offset=None, device=True, **changes):
        content = response_content(**self.door | {"started_at": begun.isoformat()} | changes)
        arrival = Arrival(device_id=self.device.id if device else None, clock_offset=offset)
        return accept_response(self.session, content, NOW + after, catalogue(), arrival)


@pytest.fixture(params=["wave", "point", "both"])
def closed(database, request):
    with database.writing() as session:
        yield Closed(session, request.param)


@pytest.fixture
def wave(sqlite_database):
    with sqlite_database.writing() as session:
        yield Closed(session)


def reasons(closed):
    return closed.session.scalars(select(HeldResponse.reason)).all()


def test_what_was_begun_before_the_end_counts_for_a_month(closed):
    assert closed.send(NOW - HOUR).status == "accepted"
    assert closed.send(NOW - HOUR, after=LATE - HOUR).status == "accepted"
    assert reasons(closed) == []


def test_what_was_begun_later_or_comes_later_is_held_and_not_refused(closed):
    receipts = [closed.send(NOW), closed.send(NOW + HOUR), closed.send(NOW - HOUR, after=LATE)]

    assert {receipt.status for receipt in receipts} == {"quarantined"}
    assert all(receipt.receipt for receipt in receipts)
    assert reasons(closed) == ["late"] * 3
    assert closed.session.scalars(select(Response)).all() == []


def test_a_retry_of_a_held_form_is_a_duplicate_with_the_same_receipt(closed):
    content = response_content(**closed.door, started_at=(NOW + HOUR).isoformat())
    arrival = Arrival(device_id=closed.device.id)
    first, again = (
        accept_response(closed.session, content, NOW + DAY, catalogue(), arrival) for _ in range(2)
    )

    assert (first.status, again.status) == ("quarantined", "duplicate")
    assert (first.receipt, first.received_at) == (again.receipt, again.received_at)
    other = content | {"locale": "km"}
    assert (
        accept_response(closed.session, other, NOW + DAY, catalogue(), arrival).status == "conflict"
    )


@pytest.mark.parametrize(
    ("told", "offset", "status"),
    [
        # The clock runs an hour behind: what it calls half an hour before was half an hour after.
        (-HOUR / 2, 3600, "quarantined"),
        (-2 * HOUR, 3600, "accepted"),
        # It runs a day ahead: what it calls tomorrow was an hour before.
        (DAY - HOUR, -86_400, "accepted"),
        (DAY + HOUR, -86_400, "quarantined"),
        # It stands in 1970, as after its battery was empty.
        (timedelta(days=-20_000), 20_000 * 86_400 - 60, "accepted"),
        (timedelta(days=-20_000), 20_000 * 86_400 + 60, "quarantined"),
        (-HOUR, None, "accepted"),
        (HOUR, None, "quarantined"),
    ],
)
def test_the_beginning_is_judged_by_the_corrected_clock(wave, told, offset, status):
    assert wave.send(NOW + told, offset=offset).status == status


def test_what_was_begun_before_the_wave_opened_tells_no_moment(wave):
    assert wave.send(NOW - 365 * DAY).status == "quarantined"
    assert wave.send(NOW - 365 * DAY, offset=365 * 86_400 - 3600).status == "accepted"


def test_the_offset_is_kept_beside_the_quality(wave):
    wave.send(NOW - 2 * HOUR, offset=3600)

    assert wave.session.scalars(select(ResponseQuality.clock_offset)).all() == [3600]


@pytest.mark.parametrize("started_at", [None, "yesterday", "2026-11-20T02:00:00", 7, "9999-12-31"])
def test_without_a_beginning_a_late_form_is_held(wave, started_at):
    assert wave.send(NOW, started_at=started_at).status == "quarantined"


@pytest.mark.parametrize("mode", ["tablet", "kiosk", "paper", "phone"])
def test_whatever_may_wait_on_a_device_is_taken(wave, mode):
    assert wave.send(NOW - HOUR, mode=mode).status == "accepted"


@pytest.mark.parametrize(("mode", "device"), [("web", True), ("tablet", False)])
def test_the_door_of_the_web_and_of_no_device_is_shut(wave, mode, device):
    receipt = wave.send(NOW - HOUR, mode=mode, device=device)

    assert (receipt.status, receipt.problems[0].code) == ("rejected", "wave_closed")


def test_a_wave_that_has_not_opened_is_not_late(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, opened_at=NOW + 2 * DAY)
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        arrival = Arrival(device_id=make_device(session).id)
        receipt = accept_response(session, response_content(**door), NOW, catalogue(), arrival)

        assert receipt.problems[0].code == "wave_closed"


def test_a_wave_that_closes_later_is_open(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, closed_at=NOW + DAY)
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        arrival = Arrival(device_id=make_device(session).id)
        content = response_content(**door, started_at=None)

        assert accept_response(session, content, NOW, catalogue(), arrival).status == "accepted"


def test_what_is_wrong_with_a_late_form_still_is(wave):
    wrong = wave.send(NOW - HOUR, collection_point="không có")

    assert (wrong.status, wrong.problems[0].code) == ("rejected", "unknown_point")
    assert wave.send(NOW - HOUR, answers={"staff": None}).status == "rejected"
    # Too late to count, it is kept whatever it says: a person decides.
    assert wave.send(NOW + HOUR, answers={"staff": None}).status == "quarantined"


def test_a_moment_beyond_all_calendars_is_none():
    assert corrected("9999-12-31T23:59:59+00:00", 86_400) is None
    assert corrected("0001-01-01T00:00:00+00:00", -86_400) is None
    assert not takes_late(NOW, None, NOW)
