"""Where a response is from: which wave, counter, unit and form take it, and which do not."""

from datetime import timedelta

import pytest

from tests.survey_app.factories import NOW, make_form, make_point, make_wave, response_content
from tests.survey_app.one_door import (
    codes,
    nothing_stored,
    send,
    send_batch,
)
from tests.survey_app.statements import statements_of


@pytest.mark.parametrize(
    "changes",
    [
        {"opened_at": None},
        {"opened_at": NOW + timedelta(seconds=1)},
        {"closed_at": NOW},
        {"closed_at": NOW - timedelta(hours=1)},
    ],
)
def test_a_wave_that_is_not_open_takes_nothing(database, changes):
    with database.writing() as session:
        wave = make_wave(session, **changes)
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code)

    assert codes(send(database, content)) == ["wave_closed"]
    assert nothing_stored(database)


def test_a_closed_point_takes_nothing(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave, closed_at=NOW)
        content = response_content(wave=wave.code, collection_point=point.code)

    assert codes(send(database, content)) == ["point_closed"]


LEFT = {"answers": {"access": "4"}, "partial": True}


@pytest.mark.parametrize(
    ("mode", "keeps", "told"),
    [
        ("kiosk", False, ["partial_not_kept"]),
        ("web", False, ["partial_not_kept"]),
        ("kiosk", True, []),
        ("tablet", False, []),
        ("paper", False, []),
        ("phone", False, []),
    ],
)
def test_what_people_left_by_themselves_is_kept_only_where_the_wave_says_so(
    database, mode, keeps, told
):
    with database.writing() as session:
        wave = make_wave(session, keeps_partial=keeps)
        there = {"wave": wave.code, "collection_point": make_point(session, wave).code}

    assert codes(send(database, response_content(**there, **LEFT, mode=mode))) == told
    assert nothing_stored(database) == bool(told)
    assert codes(send(database, response_content(**there, mode=mode))) == []


def test_a_form_that_was_kept_keeps_its_receipt_when_the_wave_says_otherwise(database):
    with database.writing() as session:
        wave = make_wave(session, keeps_partial=True)
        there = {"wave": wave.code, "collection_point": make_point(session, wave).code}
    content = response_content(**there, **LEFT, mode="kiosk")
    first = send(database, content)
    with database.writing() as session:
        session.merge(wave).keeps_partial = False

    again = send(database, content)

    assert (again.status, again.receipt) == ("duplicate", first.receipt)


def test_the_point_of_another_wave_is_rejected(database, door):
    with database.writing() as session:
        other = make_point(session, make_wave(session)).code

    assert codes(send(database, response_content(**door | {"collection_point": other}))) == [
        "unknown_point"
    ]


def test_the_unit_of_the_point_may_be_named(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        content = response_content(
            wave=wave.code, collection_point=point.code, unit=point.unit.code
        )

    assert send(database, content).status == "accepted"


def test_a_point_that_collects_another_form_is_rejected(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        make_form(session, wave, "par-officials/2022")
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="par-officials",
            version="2022",
        )

    assert codes(send(database, content)) == ["wrong_questionnaire"]


def test_an_older_version_used_in_the_wave_is_still_taken(database):
    with database.writing() as session:
        wave = make_wave(session)
        make_form(session, wave, "sipas-citizen/2022")
        point = make_point(session, wave, form="sipas-citizen/2022-routed")
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="sipas-citizen",
            version="2022",
            mode="paper",
        )
        content["answers"] = {}

    assert send(database, content).status == "accepted"


def statements_for(database, door, number):
    """How many statements it takes to store a batch of so many new responses."""
    contents = [response_content(**door) for _ in range(number)]
    with statements_of(database) as told:
        assert {r.status for r in send_batch(database, *contents)} == {"accepted"}
    return len(told)


def test_a_batch_looks_up_where_it_is_from_once(database, door):
    one, eleven = (statements_for(database, door, number) for number in (1, 11))

    # Of each: what is known of its id, response, answers, those of the day, its quality.
    assert eleven - one == 10 * 5
