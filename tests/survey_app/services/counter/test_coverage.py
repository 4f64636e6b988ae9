"""Coverage: answers against dossiers by the days of Viet Nam, and what the rate leaves out."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from survey_app.models.codes import DossierCode, DossierCount
from survey_app.models.responses import Response
from survey_app.services.codes.dossier_codes import hash_of
from survey_app.services.counter.coverage import coverage_of, write_coverage
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

DAY = date(2026, 11, 20)
HEADING = [str(k) for k in range(10)]


@pytest.fixture
def wave(session):
    return make_wave(session, opened_at=NOW - timedelta(days=10))


def answer(session, wave, point, at=NOW, **changes):
    content = response_content(wave=wave.code, collection_point=point.code, **changes)
    receipt = accept_response(session, content, at, catalogue())
    assert receipt.status == "accepted"
    return session.scalars(select(Response).where(Response.receipt == receipt.receipt)).one()


def count(session, point, returned, day=DAY, field=""):
    session.add(
        DossierCount(
            point_id=point.id, day=day, unit_id=point.unit_id, field=field, returned=returned
        )
    )
    session.flush()


def test_the_rate_is_complete_answers_over_dossiers(session, wave):
    point = make_point(session, wave)
    for _k in range(3):
        answer(session, wave, point)
    answer(session, wave, point, partial=True, answers={"overall": None})
    voided = answer(session, wave, point)
    voided.voided_at, voided.void_reason = NOW, "nhập thử"
    count(session, point, 8)
    count(session, point, 4, field="dat-dai")
    total = coverage_of(session, wave, NOW).total

    assert (total.answers, total.partial, total.counted, total.returned) == (3, 1, 3, 12)
    assert total.rate == 0.25


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 19, 16, 59, 59, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 19, 17, 0, tzinfo=UTC), date(2026, 11, 20)),
    ],
)
def test_a_day_begins_at_midnight_in_viet_nam(session, wave, at, day):
    point = make_point(session, wave)
    answer(session, wave, point, at)

    assert [found for found, _tally in coverage_of(session, wave, NOW).days] == [day]


def test_days_without_a_count_stand_apart_and_do_not_raise_the_rate(session, wave):
    point = make_point(session, wave)
    for at in (NOW, NOW - timedelta(days=1), NOW - timedelta(days=1)):
        answer(session, wave, point, at)
    count(session, point, 2)
    count(session, point, 6, day=DAY - timedelta(days=2))
    (found,) = coverage_of(session, wave, NOW).points
    by_day = dict(found.days)

    assert (found.total.answers, found.total.counted, found.total.returned) == (3, 1, 8)
    assert (found.total.uncounted, found.total.rate) == (1, 0.125)
    assert by_day[DAY - timedelta(days=1)].returned is None
    assert by_day[DAY - timedelta(days=1)].rate is None
    assert by_day[DAY - timedelta(days=2)].rate == 0


def test_more_answers_than_dossiers_are_flagged(session, wave):
    point, other = make_point(session, wave), make_point(session, wave)
    for _k in range(3):
        answer(session, wave, point)
    answer(session, wave, other)
    count(session, point, 2)
    count(session, other, 2)
    found = coverage_of(session, wave, NOW)

    assert [p.total.exceeding for p in found.points] == [1, 0]
    assert (found.total.exceeding, found.days[0][1].exceeding) == (1, 1)


def test_answers_by_one_time_codes_are_of_no_counter(session, wave):
    counter, by_code = make_point(session, wave), make_point(session, wave, by_code=True)
    answer(session, wave, counter)
    content = response_content(wave=wave.code, collection_point=by_code.code, mode="code")
    accept_response(session, content, NOW, catalogue(), Arrival(by_code=True))
    found = coverage_of(session, wave, NOW)

    assert [point.code for point in found.points] == [counter.code]
    assert (found.total.answers, found.total.uncounted) == (1, 1)


def test_no_dossiers_at_all_give_no_rate(session, wave):
    point = make_point(session, wave)
    count(session, point, 0)
    (found,) = coverage_of(session, wave, NOW).points

    assert (found.total.returned, found.total.rate) == (0, None)


def test_dossiers_before_and_after_the_wave_do_not_count(session):
    wave = make_wave(session, opened_at=NOW - timedelta(days=2), closed_at=NOW - timedelta(days=1))
    point = make_point(session, wave)
    for days in range(4):
        count(session, point, 10**days, day=DAY - timedelta(days=days))

    assert coverage_of(session, wave, NOW).total.returned == 110


def test_dossiers_of_days_to_come_do_not_count_when_the_close_is_planned(session):
    wave = make_wave(session, closed_at=NOW + timedelta(days=9))
    point = make_point(session, wave)
    count(session, point, 10)
    count(session, point, 10, DAY + timedelta(days=2))

    assert coverage_of(session, wave, NOW).total.returned == 10


def test_a_wave_without_counters_or_not_yet_open_is_empty(session):
    for wave in (make_wave(session), make_wave(session, opened_at=None)):
        found = coverage_of(session, wave, NOW)
        assert (found.points, found.days, found.total.rate) == ((), (), None)


def test_the_file_has_a_line_per_counter_and_day_and_no_formulas(session, wave):
    point = make_point(session, wave, name="=1+1; Quầy")
    answer(session, wave, point)
    answer(session, wave, point, NOW - timedelta(days=1))
    count(session, point, 3)
    stream = io.StringIO(newline="")
    write_coverage(coverage_of(session, wave, NOW), HEADING, stream)
    text = stream.getvalue().removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    assert rows[0] == HEADING
    unit = point.unit.name
    assert rows[1:] == [
        [point.code, unit, "'=1+1; Quầy", "19/11/2026", "1", "0", "", "", "1", "0"],
        [point.code, unit, "'=1+1; Quầy", "20/11/2026", "1", "0", "3", "33,33", "0", "0"],
    ]


def test_codes_on_receipts_are_compared_with_those_that_were_used(session):
    counted = make_counted(session, land=40, opened_at=NOW - timedelta(days=10))
    codes = make_codes(session, counted, 5)
    other = make_counted(session, land=40, opened_at=NOW - timedelta(days=10))
    make_codes(session, other, 3)
    for code in codes[:2]:
        session.get_one(DossierCode, hash_of(code)).used = True

    (found,) = coverage_of(session, counted.wave, NOW).codes

    assert (found.unit, found.issued, found.used, found.rate) == (counted.unit.name, 5, 2, 0.4)
    assert coverage_of(session, other.wave, NOW).codes[0].used == 0
