"""Signals of misuse: each with its points, none that refuses or deletes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from survey_app.models.responses import Response, ResponseQuality
from survey_app.services.checking.quality import FLAGGED, POINTS, is_within, seconds_between
from survey_app.services.door.submissions import Arrival
from tests.survey_app.factories import NOW
from tests.survey_app.services.checking.quality_counter import ALIKE, EVENING, HOURS, signals


def test_an_ordinary_answer_has_a_row_without_points_that_says_how_long_it_took(counter):
    row = counter.send()

    assert (row.score, signals(row), row.seconds, row.device_id) == (0, set(), 60, None)


def test_every_response_has_one_quality_row_whatever_its_door(counter):
    for mode in ("web", "kiosk", "tablet", "paper", "phone"):
        counter.send(mode=mode)
    counter.send(mode="code", arrival=Arrival(by_code=True))

    with counter.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 6
        assert session.scalar(select(func.count()).select_from(ResponseQuality)) == 6


def test_faster_than_anybody_reads_is_flagged_alone(counter):
    row = counter.send(took=7 * 1.5 - 1)

    assert signals(row) == {"too_fast"}
    assert row.score == POINTS["too_fast"] >= FLAGGED
    assert signals(counter.send(took=7 * 1.5 + 1)) == set()


def test_who_answers_few_questions_may_be_quicker(counter):
    few = dict.fromkeys(("access", "procedure_clear", "staff", "result", "feedback"))

    assert signals(counter.send(took=5, answers=few, partial=True, mode="tablet")) == set()


@pytest.mark.parametrize(
    ("took", "ended"),
    [
        (-30, NOW),
        (90_000, NOW),
        (60, NOW + timedelta(days=1)),
        (60, NOW + timedelta(days=365)),
    ],
)
def test_a_clock_that_cannot_be_right_is_told_and_costs_no_points(counter, took, ended):
    row = counter.send(took=took, ended=ended)

    assert signals(row) == {"clock"}
    assert row.score == 0


def test_a_form_without_times_is_not_judged_by_them(counter):
    row = counter.send(started_at=None, submitted_at="gần trưa")

    assert (signals(row), row.seconds) == (set(), None)


def test_the_same_level_everywhere_is_a_weak_sign(counter):
    row = counter.send(answers=dict.fromkeys(ALIKE, "4"))

    assert signals(row) == {"straight_line"}
    assert row.score < FLAGGED


def test_an_answer_from_home_in_the_evening_hardly_counts_but_a_kiosk_in_a_locked_room_does(
    counter,
):
    assert signals(counter.send(EVENING)) == {"after_hours"}
    kiosk = counter.send(EVENING, mode="kiosk")
    assert signals(kiosk) == {"kiosk_after_hours"}
    assert POINTS["after_hours"] < FLAGGED <= kiosk.score


def test_what_a_kiosk_held_back_through_a_loss_of_network_is_not_after_hours(counter):
    held = counter.send(EVENING, ended=EVENING - timedelta(hours=5), mode="kiosk")

    assert signals(held) == set()


@pytest.mark.parametrize(
    ("told", "offset", "noticed"),
    [
        (timedelta(minutes=11), 660, True),  # slow by as much
        (timedelta(hours=5), 3 * 3600, True),  # 16:00 on a clock three hours behind
        (timedelta(hours=5), 0, False),
        (timedelta(days=365), 365 * 86_400, True),
        (timedelta(days=365), None, False),
    ],
)
def test_when_a_kiosk_was_used_is_told_by_its_corrected_clock(counter, told, offset, noticed):
    arrival = Arrival(clock_offset=offset)
    row = counter.send(EVENING, ended=EVENING - told, mode="kiosk", arrival=arrival)

    assert ("kiosk_after_hours" in signals(row)) is noticed


@pytest.mark.parametrize("submitted", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("offset", [None, 0, -(2**31) + 1, 2**31 - 1])
def test_a_moment_at_the_end_of_time_is_scored_like_any_other(counter, submitted, offset):
    arrival = Arrival(clock_offset=offset)

    assert counter.send(submitted_at=submitted, mode="kiosk", arrival=arrival).score == 0


def test_the_network_of_an_office_marks_a_phone_and_not_the_kiosk_that_stands_in_it(counter):
    inside = Arrival(in_office=True)

    assert signals(counter.send(arrival=inside)) == {"office_network"}
    assert signals(counter.send(mode="kiosk", arrival=inside)) == set()


def test_help_by_an_official_is_a_signal_and_by_a_relative_is_none(counter):
    assert signals(counter.send(helped="official")) == {"helped_by_official"}
    assert signals(counter.send(helped="relative")) == set()


def test_two_weak_signs_flag_together_and_neither_alone(counter):
    weak = [name for name, points in POINTS.items() if 0 < points < FLAGGED]
    row = counter.send(helped="official", answers=dict.fromkeys(ALIKE, "5"))

    assert signals(row) == {"helped_by_official", "straight_line"} <= set(weak)
    assert row.score >= FLAGGED


def test_nothing_is_refused_for_its_score(counter):
    rows = [
        counter.send(EVENING, took=0, mode="kiosk", answers=dict.fromkeys(ALIKE, "5"))
        for _ in range(20)
    ]

    assert max(row.score for row in rows) > 2 * FLAGGED
    with counter.database.reading() as session:
        voided = session.scalars(select(Response.voided_at)).all()
        assert voided == [None] * len(rows)


@pytest.mark.parametrize(
    ("started", "submitted", "seconds"),
    [
        ("2026-11-20T10:00:00+07:00", "2026-11-20T03:01:00+00:00", 60),
        ("2026-11-20T10:00:00", "2026-11-20T10:00:05", 5),
        ("2026-11-20T10:00:00", "2026-11-20T10:00:05+07:00", None),
        ("", "2026-11-20T10:00:05+07:00", None),
        (None, None, None),
        ("mười giờ", "2026-11-20T10:00:05+07:00", None),
    ],
)
def test_seconds_are_told_only_where_two_moments_can_be_compared(started, submitted, seconds):
    assert seconds_between(started, submitted) == seconds


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T07:30:00+07:00", True),
        ("2026-11-20T11:31:00+07:00", False),
        ("2026-11-20T06:29:00+00:00", False),  # 13:29
        ("2026-11-20T16:59:00+07:00", True),
        ("2026-11-21T09:00:00+07:00", False),  # Saturday
    ],
)
def test_opening_hours_are_those_of_viet_nam(moment, is_open):
    assert is_within(HOURS, datetime.fromisoformat(moment)) is is_open


@pytest.mark.parametrize("hours", [None, "", "không rõ", '{"1": [["7h30", "11h"]]}', "[]"])
def test_a_counter_that_tells_no_sensible_hours_is_always_open(hours):
    assert is_within(hours, EVENING)
