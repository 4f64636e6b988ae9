"""Signals of misuse: each with its points, none that refuses or deletes."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from survey_app.models.responses import Response, ResponseQuality
from survey_app.services.quality import (
    FLAGGED,
    IDENTICAL_LONG,
    IDENTICAL_SHORT,
    MOST_AT_DEVICE,
    MOST_AT_POINT,
    POINTS,
    is_within,
    seconds_between,
)
from survey_app.services.responses import accept_response
from survey_app.services.submissions import ACCEPTED, Arrival
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_device,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.statements import statements_of

HOURS = json.dumps({str(day): [["07:30", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)})
EVENING = NOW + timedelta(hours=11)  # 21:00 in Viet Nam, a Friday
ALIKE = ("access", "procedure_clear", "staff", "result", "feedback", "overall")


class Counter:
    """A counter that forms are sent to."""

    def __init__(self, database):
        self.database = database
        with database.writing() as session:
            wave = make_wave(session, opened_at=NOW - timedelta(days=400))
            point = make_point(session, wave, opening_hours=HOURS)
            self.names = {"wave": wave.code, "collection_point": point.code}

    def send(self, now=NOW, took=60.0, ended=None, arrival=None, **changes):
        """Send a form that took so many seconds; returns what was noticed."""
        ended = ended or now
        moments = {
            "started_at": (ended - timedelta(seconds=took)).isoformat(),
            "submitted_at": ended.isoformat(),
        }
        content = response_content(**self.names | {"mode": "web"} | moments | changes)
        with self.database.writing() as session:
            receipt = accept_response(session, content, now, catalogue(), arrival)
        assert receipt.status == ACCEPTED
        with self.database.reading() as session:
            return session.get(ResponseQuality, UUID(content["id"]))


@pytest.fixture
def counter(database):
    return Counter(database)


def signals(row):
    return set(json.loads(row.signals))


def different(k):
    """Answers that differ from one k to the next."""
    return {"trips": str(1 + k % 4), "staff": str(1 + k // 4 % 5), "result": str(1 + k // 20 % 5)}


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


def test_more_than_a_counter_can_serve_in_ten_minutes_is_a_burst(counter):
    found = [
        signals(counter.send(NOW + timedelta(seconds=20 * k), answers=different(k)))
        for k in range(MOST_AT_POINT + 1)
    ]

    assert found == [set()] * MOST_AT_POINT + [{"burst"}]
    assert signals(counter.send(NOW + timedelta(minutes=30), answers=different(70))) == set()


def test_a_tablet_that_sends_a_day_of_work_at_once_is_no_burst(counter):
    found = [counter.send(mode="tablet", answers=different(k)) for k in range(MOST_AT_POINT + 2)]

    assert [signals(row) for row in found] == [set()] * len(found)


def test_what_a_kiosk_sends_after_a_loss_of_network_is_no_burst_nor_is_what_follows(counter):
    with counter.database.writing() as session:
        device = Arrival(device_id=make_device(session, kind="kiosk").id)
    more = {"mode": "kiosk", "arrival": device}
    held = [
        counter.send(ended=NOW - timedelta(minutes=11 + 3 * k), answers=different(k), **more)
        for k in range(MOST_AT_POINT + 3)
    ]
    after = counter.send(NOW + timedelta(minutes=1), answers=different(70), **more)
    phone = counter.send(NOW + timedelta(minutes=1), answers=different(71))

    assert [signals(row) for row in (*held, after, phone)] == [set()] * (len(held) + 2)


@pytest.mark.parametrize(
    ("behind", "offset"),
    [(timedelta(0), 0), (timedelta(minutes=11), 660), (timedelta(minutes=11), None)],
)
def test_a_kiosk_is_counted_alike_however_its_clock_stands(counter, behind, offset):
    with counter.database.writing() as session:
        device = make_device(session, kind="kiosk").id
    arrival = Arrival(device_id=device, clock_offset=offset)
    found = []
    for k in range(MOST_AT_DEVICE + 1):
        now = NOW + timedelta(seconds=20 * k)
        told = {"ended": now - behind, "mode": "kiosk", "answers": different(k)}
        found.append(signals(counter.send(now, arrival=arrival, **told)))

    assert found == [set()] * MOST_AT_DEVICE + [{"device_burst"}]


@pytest.mark.parametrize(("apart", "noticed"), [(30, True), (90, False)])
def test_forms_held_back_are_counted_by_when_they_were_sent(counter, apart, noticed):
    """In whatever order they arrive, all at once."""
    with counter.database.writing() as session:
        device = make_device(session, kind="kiosk").id
    arrival = Arrival(device_id=device, clock_offset=0)
    last, found = NOW - timedelta(minutes=40), set()
    for k in (7 * n % 20 for n in range(20)):
        told = {"ended": last - timedelta(seconds=apart * k), "took": 25, "mode": "kiosk"}
        found |= signals(counter.send(arrival=arrival, answers=different(k), **told))

    assert ("device_burst" in found) is noticed
    assert ("burst" in found) is noticed


def test_one_kiosk_is_counted_apart_from_its_counter(counter):
    with counter.database.writing() as session:
        busy, other = (make_device(session, f"kiosk-token-{k}", kind="kiosk").id for k in range(2))
    found = [
        counter.send(
            NOW + timedelta(seconds=k),
            mode="kiosk",
            answers=different(k),
            arrival=Arrival(device_id=busy),
        )
        for k in range(MOST_AT_DEVICE + 1)
    ]
    last = counter.send(mode="kiosk", answers=different(60), arrival=Arrival(device_id=other))

    assert [signals(row) for row in found] == [set()] * MOST_AT_DEVICE + [{"device_burst"}]
    assert found[-1].device_id == busy
    assert signals(last) == set()


def test_the_same_answers_over_and_over_at_one_counter_and_day_are_noticed(counter):
    hour = timedelta(hours=1)
    found = [signals(counter.send(NOW - hour + 0.1 * k * hour)) for k in range(IDENTICAL_SHORT)]
    other = Counter(counter.database)

    assert found == [set()] * (IDENTICAL_SHORT - 1) + [{"identical"}]
    assert signals(other.send()) == set()
    assert signals(counter.send(NOW + timedelta(days=3))) == set()


def test_a_long_form_is_noticed_when_it_comes_a_second_time(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave, form="sipas-citizen/2022")
        names = {"wave": wave.code, "collection_point": point.code}
    definition = catalogue().questionnaire("sipas-citizen/2022").definition
    answers = {
        item.code: item.option[0].code
        for item in definition.items
        if item.kind in ("single", "scale")
    }
    form = {"questionnaire": "sipas-citizen", "version": "2022", "partial": True}
    found = []
    for k in range(IDENTICAL_LONG):
        content = response_content(**names, **form) | {"answers": answers}
        with database.writing() as session:
            receipt = accept_response(session, content, NOW + timedelta(hours=k), catalogue())
        assert receipt.status == ACCEPTED, receipt
        with database.reading() as session:
            found.append(signals(session.get(ResponseQuality, UUID(content["id"]))))

    assert [("identical" in one) for one in found] == [False, True]


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


def test_paper_and_one_time_codes_are_not_judged_by_when_they_come(counter):
    for _ in range(MOST_AT_POINT + 2):
        paper = counter.send(EVENING, mode="paper", took=1)
        coded = counter.send(EVENING, mode="code", took=1, arrival=Arrival(by_code=True))

    assert signals(paper) == signals(coded) == set()


def test_nothing_is_refused_for_its_score(counter):
    rows = [
        counter.send(EVENING, took=0, mode="kiosk", answers=dict.fromkeys(ALIKE, "5"))
        for _ in range(MOST_AT_POINT + 5)
    ]

    assert max(row.score for row in rows) > 2 * FLAGGED
    with counter.database.reading() as session:
        voided = session.scalars(select(Response.voided_at)).all()
        assert voided == [None] * len(rows)


def test_a_response_costs_one_more_query_and_one_more_insert(counter):
    counter.send()
    with statements_of(counter.database) as told:
        counter.send(mode="kiosk")

    on_quality = [
        text for text in told if "received_at BETWEEN" in text or "INTO response_qual" in text
    ]
    assert len(on_quality) == 2


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
