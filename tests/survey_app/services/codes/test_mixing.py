"""Which answers move together: never fewer than ten, and how much of their label they keep."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from survey_app.models.responses import Response, StagedResponse
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure
from survey_app.services.codes import mixing
from survey_app.services.codes.code_points import MIXED_UNIT
from survey_app.services.codes.mixing import GRACE, MOST, batches
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.codes.staging import (
    left_over,
)
from survey_app.services.computing.datasets import dataset_of
from survey_app.services.computing.overview import counts_of
from survey_app.services.plan.waves import close_wave
from tests.survey_app.factories import (
    COUNTER,
    NOW,
    catalogue,
    make_point,
)
from tests.survey_app.staging_factories import ENOUGH, count, move_all, put


def test_ten_move_together_when_ten_stay(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH - 1)
        assert move_all(session) == []
        put(session, wave, point)
        assert move_all(session) == [FEWEST]
        assert count(session, StagedResponse) == FEWEST
        put(session, wave, point, FEWEST + 3)
        assert move_all(session) == [FEWEST + 3]
        assert count(session, StagedResponse) == FEWEST


def test_which_ones_go_is_chance(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
        drawn = {frozenset(batches(session, NOW)[0].ids) for _ in range(10)}

    assert len(drawn) > 1


def test_each_is_one_of_ten_in_all_that_the_response_still_says(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()
        put(session, wave, point, 12, "A")
        put(session, wave, point, 12, "B")
        put(session, wave, other, 12, "A")
        put(session, wave, point, 12, "A", mode="invitation")
        put(session, wave, point, 12, "A", field="LV01")

        assert move_all(session) == []
        put(session, wave, point, 8, "A", field="LV01")
        assert move_all(session) == [10]
        assert set(session.scalars(select(Response.rater_group))) == {"A"}
        assert count(session, StagedResponse) == 58


def test_many_move_in_batches_that_other_writers_need_not_wait_for(database, waves, monkeypatch):
    wave, (point, _) = waves
    monkeypatch.setattr(mixing, "MOST", 15)
    with database.writing() as session:
        put(session, wave, point, 39 + FEWEST)
        sizes = move_all(session)

    assert sizes == [15, 24]  # never a rest of fewer than ten
    assert MOST >= 2 * FEWEST


def test_the_rest_waits_for_the_close_and_for_what_was_on_its_way(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, 13)
        close_wave(session.merge(wave), NOW)
        assert move_all(session, NOW + GRACE - timedelta(seconds=1)) == []
        assert move_all(session, NOW + GRACE) == [13]
        assert count(session, StagedResponse) == 0


def places(session):
    """How many responses stand under each unit and group."""
    query = select(Unit.code, Response.rater_group).join(Unit, Unit.id == Response.unit_id)
    return Counter(map(tuple, session.execute(query)))


def test_at_the_close_few_are_pooled_and_lose_what_they_have_in_common(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()
        put(session, wave, point, 12, "A")
        put(session, wave, point, 7, "B")
        put(session, wave, point, 4, "C", field="LV01")
        put(session, wave, other, 10, "B")
        close_wave(session.merge(wave), NOW)

        assert sorted(move_all(session, NOW + GRACE)) == [10, 11, 12]
        one, two = (session.get_one(Unit, p.unit_id).code for p in (point, other))
        assert places(session) == {(one, "A"): 12, (one, None): 11, (two, "B"): 10}
        assert set(session.scalars(select(Response.procedure_id))) == {None}


def test_one_of_a_small_group_takes_a_large_group_along(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, 14, "A")
        put(session, wave, point, 11, "B")
        put(session, wave, point, 1, "C")
        close_wave(session.merge(wave), NOW)

        assert sorted(move_all(session, NOW + GRACE)) == [12, 14]
        code = session.get_one(Unit, point.unit_id).code
        assert places(session) == {(code, "A"): 14, (code, None): 12}


def test_few_about_a_unit_are_kept_without_it(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        third = make_point(session, session.merge(wave))
        put(session, wave, point, 4)
        put(session, wave, other, 8)
        put(session, wave, third, 13)
        close_wave(session.merge(wave), NOW)

        assert sorted(move_all(session, NOW + GRACE)) == [12, 13]
        assert places(session) == {(MIXED_UNIT, None): 12, (third.unit.code, "A"): 13}
        told = session.scalars(
            select(Response.document)
            .join(Unit, Unit.id == Response.unit_id)
            .where(Unit.code == MIXED_UNIT)
        ).all()
        assert not any(code in text for text in told for code in (point.code, other.code))
        units = {unit.name: unit.returned for unit in counts_of(session, wave).units}
        assert units["Các đơn vị có ít phiếu, gộp chung"] == 12
        column = dataset_of(session, catalogue(), wave, COUNTER).columns["unit"]
        assert Counter(column.labels[code] for code in column.codes if code >= 0) == {
            third.unit.code: 13
        }


def test_few_about_a_unit_take_another_unit_along(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        put(session, wave, point, 4)
        put(session, wave, other, 12)
        close_wave(session.merge(wave), NOW)

        assert move_all(session, NOW + GRACE) == [16]
        assert places(session) == {(MIXED_UNIT, None): 16}


def test_fewer_than_ten_of_a_wave_never_move(database, waves):
    wave, points = waves
    with database.writing() as session:
        for point in points:
            put(session, wave, point, 4)
        assert left_over(session, session.merge(wave), NOW) == []
        close_wave(session.merge(wave), NOW)

        assert move_all(session, NOW + GRACE) == []
        assert len(left_over(session, session.merge(wave), NOW + GRACE)) == 8
