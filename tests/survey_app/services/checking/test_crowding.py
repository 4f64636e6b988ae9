"""What is noticed of a response among the others of its counter."""

from datetime import timedelta
from uuid import UUID

import pytest

from survey_app.models.responses import ResponseQuality
from survey_app.services.checking.crowding import (
    IDENTICAL_CODED,
    IDENTICAL_LONG,
    IDENTICAL_SHORT,
    LIMITS,
    SAME_WORDS,
)
from survey_app.services.checking.quality import FLAGGED
from survey_app.services.checking.sender_rates import FLOOD, MANY
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ACCEPTED, Arrival
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_device,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.services.checking.quality_counter import EVENING, Counter, different, signals
from tests.survey_app.statements import statements_of

MOST_AT_POINT, MOST_AT_DEVICE = LIMITS[0].at_point, LIMITS[0].at_device
BY_CODE = {"mode": "code", "arrival": Arrival(by_code=True)}


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


def test_paper_and_one_time_codes_are_not_judged_by_when_they_come(counter):
    for k in range(MOST_AT_POINT + 2):
        paper = counter.send(EVENING, mode="paper", took=1)
        coded = counter.send(EVENING, took=1, answers=different(k), **BY_CODE)

    assert signals(paper) == signals(coded) == set()


@pytest.mark.parametrize(
    ("limit", "apart"), [(LIMITS[0], 20), (LIMITS[1], 41), (LIMITS[2], 120)], ids=["m", "h", "d"]
)
def test_more_than_a_counter_can_serve_for_longer_is_a_burst_too(counter, limit, apart):
    """One phone after the other, each within the shorter limits."""
    begin = NOW - timedelta(hours=3)
    found = [
        "burst" in signals(counter.send(begin + timedelta(seconds=apart * k), answers=different(k)))
        for k in range(limit.at_point + 1)
    ]

    assert found == [False] * limit.at_point + [True]


@pytest.mark.parametrize(("limit", "apart"), [(LIMITS[1], 60), (LIMITS[2], 120)], ids=["h", "d"])
def test_one_kiosk_that_is_never_left_alone_is_a_burst_of_its_device(counter, limit, apart):
    with counter.database.writing() as session:
        device = make_device(session, kind="kiosk").id
    begin, arrival = NOW - timedelta(hours=3), Arrival(device_id=device)
    found = []
    for k in range(limit.at_device + 1):
        now = begin + timedelta(seconds=apart * k)
        row = counter.send(now, mode="kiosk", answers=different(k), arrival=arrival)
        found.append("device_burst" in signals(row))

    assert found == [False] * limit.at_device + [True]


def test_a_kiosk_that_sends_days_of_ordinary_work_at_once_is_no_burst(counter):
    with counter.database.writing() as session:
        device = make_device(session, kind="kiosk").id
    arrival, found = Arrival(device_id=device, clock_offset=0), set()
    for k in range(LIMITS[1].at_device + 20):
        told = {"ended": NOW - timedelta(minutes=5 * k), "mode": "kiosk", "took": 120}
        found |= signals(counter.send(arrival=arrival, answers=different(k), **told))

    assert not found & {"burst", "device_burst"}


def test_codes_filled_in_alike_are_noticed_once_they_are_a_third(counter):
    found = []
    for k in range(4 * IDENTICAL_CODED):
        found.append(signals(counter.send(answers=different(k), **BY_CODE)))
        if k % 2:
            found.append(signals(counter.send(**BY_CODE)))

    noticed = [k for k, one in enumerate(found) if "identical" in one]
    assert noticed[0] == 3 * IDENTICAL_CODED - 1  # the fifth alike, of fifteen
    assert all(k % 3 == 2 for k in noticed)


def test_a_few_codes_alike_among_many_are_nothing(counter):
    for k in range(3 * IDENTICAL_CODED):
        counter.send(answers=different(k), **BY_CODE)
    found = [signals(counter.send(**BY_CODE)) for _ in range(IDENTICAL_CODED)]

    assert found == [set()] * IDENTICAL_CODED


def test_codes_of_another_wave_or_unit_are_no_company(counter):
    other = Counter(counter.database)
    for _ in range(IDENTICAL_CODED - 1):
        counter.send(**BY_CODE)
        other.send(**BY_CODE)
    other_wave = signals(other.send(answers=different(1), **BY_CODE))

    assert "identical" not in other_wave
    assert "identical" in signals(counter.send(**BY_CODE))


def test_many_forms_from_one_phone_are_noticed_and_very_many_are_flagged_alone(counter):
    def send(k, mark):
        now = NOW + timedelta(minutes=2 * k)
        return counter.send(now, answers=different(k), arrival=Arrival(sender_mark=mark))

    rows = [send(k, 7) for k in range(FLOOD + 1)]
    other = send(FLOOD + 1, 8)

    of_sender = [signals(row) & {"sender_burst", "sender_flood"} for row in rows]
    assert of_sender[:MANY] == [set()] * MANY
    assert of_sender[MANY:FLOOD] == [{"sender_burst"}] * (FLOOD - MANY)
    assert of_sender[FLOOD:] == [{"sender_flood"}]
    assert rows[FLOOD].score >= FLAGGED
    assert not signals(other) & {"sender_burst", "sender_flood"}


def test_a_response_costs_one_more_query_and_one_more_insert(counter):
    counter.send()
    with statements_of(counter.database) as told:
        counter.send(mode="kiosk")

    on_quality = [
        text for text in told if "received_at BETWEEN" in text or "INTO response_qual" in text
    ]
    assert len(on_quality) == 2


REMARK = "Cán bộ rất tận tình, chu đáo, không phải chờ lâu."


@pytest.mark.parametrize("mode", ["web", "tablet", "paper"])
def test_a_long_remark_is_noticed_when_it_is_written_a_third_time(counter, mode):
    def says(k, words, of=counter):
        return signals(of.send(answers=different(k) | {"comment": words}, mode=mode))

    found = [says(k, REMARK) for k in range(SAME_WORDS)]

    assert found == [set()] * (SAME_WORDS - 1) + [{"same_words"}]
    assert says(SAME_WORDS, f"{REMARK} Cảm ơn.") == set()
    assert says(SAME_WORDS, REMARK, Counter(counter.database)) == set()


def test_what_everybody_says_may_be_said_again(counter):
    found = [
        signals(counter.send(answers=different(k) | {"comment": "Rất hài lòng."}))
        for k in range(2 * SAME_WORDS)
    ]

    assert found == [set()] * (2 * SAME_WORDS)
