"""Answers of one-time codes move late, among others and shuffled, and none is lost on the way."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from survey_app import worker
from survey_app.models.responses import Answer, HeldResponse, Response, StagedResponse
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure
from survey_app.services import mixing
from survey_app.services.code_points import MIXED_UNIT
from survey_app.services.datasets import dataset_of
from survey_app.services.links import HANOI
from survey_app.services.mixing import GRACE, MOST, batches
from survey_app.services.overview import counts_of
from survey_app.services.pooling import FEWEST
from survey_app.services.staging import (
    left_over,
    move_batch,
    refused_in,
    stage,
    try_again,
    unsettled,
)
from survey_app.services.waves import close_wave
from tests.survey_app.factories import (
    COUNTER,
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.invitation_factories import FILLED, answer, make_officials

MIDNIGHT = datetime(NOW.year, NOW.month, NOW.day, tzinfo=HANOI)


@pytest.fixture
def waves(database):
    """A wave with a point at two units."""
    with database.writing() as session:
        wave = make_wave(session)
        units = [make_unit(session) for _ in range(2)]
        return wave, [make_point(session, wave, unit) for unit in units]


ENOUGH = 2 * FEWEST  # ten go and ten stay


def put(session, wave, point, n=1, group="A", **changes):
    for k in range(n):
        named = {"wave": wave.code, "collection_point": point.code, "mode": "code"}
        content = response_content(**named | changes)
        for name in ("id", "started_at", "submitted_at"):
            del content[name]
        content["answers"] = FILLED | {"comment": f"{group}{k}"}
        stage(session, wave.id, point.unit_id, group, content)


def move_all(session, now=NOW):
    """Move what can be moved; how many rows each batch had."""
    return [move_batch(session, catalogue(), batch, now) for batch in batches(session, now)]


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))


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


def test_a_moved_response_has_a_new_id_a_date_and_no_receipt(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
        staged = set(session.scalars(select(StagedResponse.id)))
        move_all(session)
        rows = session.scalars(select(Response)).all()

    assert not staged & {row.id for row in rows}
    assert {row.id.version for row in rows} == {4}
    assert {row.received_at for row in rows} == {MIDNIGHT}
    told = {(row.started_at, row.submitted_at, row.receipt, row.rater_group) for row in rows}
    assert told == {(None, None, None, "A")}
    for row in rows:
        assert json.loads(row.document)["id"] == str(row.id)
        assert not {"started_at", "submitted_at", "paradata"} & set(json.loads(row.document))


def test_the_day_of_a_move_is_one_of_viet_nam(database, waves):
    wave, (point, _) = waves
    night = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)  # three o'clock of the 20th
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
        move_all(session, night)
        moved = set(session.scalars(select(Response.received_at)))

    assert moved == {MIDNIGHT}


@pytest.mark.parametrize("name", ["id", "started_at", "submitted_at", "paradata"])
def test_an_answer_that_says_when_it_was_given_is_not_staged(database, waves, name):
    wave, (point, _) = waves
    with database.writing() as session, pytest.raises(ValueError, match=name):
        stage(session, wave.id, point.unit_id, "A", {"answers": {}, name: "x"})


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


def test_two_workers_move_each_answer_once(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
    with database.reading() as session:
        planned = [batches(session, NOW)] * 2
    moved = []
    for (batch,) in planned:
        with database.writing() as session:
            moved.append(move_batch(session, catalogue(), batch, NOW))

    assert moved == [FEWEST, 0]
    with database.reading() as session:
        assert count(session, Response) == FEWEST


def test_a_worker_that_dies_in_a_move_has_moved_nothing(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
    with database.writing() as session:
        move_all(session)
        session.rollback()

    with database.reading() as session:
        assert count(session, Response) == count(session, Answer) == 0
        assert count(session, StagedResponse) == ENOUGH
    assert worker.move_staged(database, catalogue()) == FEWEST
    assert worker.move_staged(database, catalogue()) == 0


BAD = {"questionnaire": "sipas-counter", "version": "1", "mode": "code", "answers": {"secret": "x"}}


def test_what_cannot_be_accepted_stays_and_the_others_are_planned_anew(database, waves, caplog):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST)
        for _ in range(FEWEST):
            stage(session, wave.id, point.unit_id, "A", BAD)
    assert worker.move_staged(database, catalogue()) == 0
    with database.writing() as session:
        assert count(session, Response) == 0
        assert refused_in(session, wave)[0][0] == "missing_field"
        put(session, wave, point, FEWEST)
    while count_refused(database, wave) < FEWEST:
        assert worker.move_staged(database, catalogue()) == 0
    assert worker.move_staged(database, catalogue()) == FEWEST
    with database.reading() as session:
        assert count(session, StagedResponse) == 2 * FEWEST
    assert "secret" not in caplog.text


def count_refused(database, wave):
    """How many staged answers have been refused so far: chance says which are tried."""
    with database.reading() as session:
        return sum(n for _, n in refused_in(session, wave))


def test_what_is_refused_at_the_close_is_found_before_others_move(database, waves, monkeypatch):
    """Nine that one refused answer leaves behind still find the company of another group."""
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST - 1, "A")
        stage(session, wave.id, point.unit_id, "A", BAD)
        put(session, wave, point, FEWEST, "B")
        close_wave(session.merge(wave), NOW)
    monkeypatch.setattr("survey_app.clock.now", lambda: NOW + GRACE)

    assert worker.move_staged(database, catalogue()) == 2 * FEWEST - 1
    with database.reading() as session:
        assert count(session, StagedResponse) == 1
        assert set(session.scalars(select(Response.rater_group))) == {None}


def test_a_form_that_the_wave_does_not_know_is_refused_and_not_held(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH, version="0")
        assert move_all(session) == [0]
        assert refused_in(session, wave) == (("quarantined", FEWEST),)
        assert count(session, HeldResponse) == 0


def test_what_was_refused_is_tried_again_when_somebody_has_mended_its_reason(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH, field="LV01")
        assert move_all(session) == [0]
        assert refused_in(session, wave) == (("unknown_field", FEWEST),)
        assert move_all(session) == []
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()

        try_again(session, wave)

        assert refused_in(session, wave) == ()
        assert move_all(session) == [FEWEST]
        assert count(session, StagedResponse) == FEWEST


def index_of(code):
    return catalogue().index(code).definition


def test_answers_of_invited_officials_are_computed_when_all_have_moved(database):
    with database.writing() as session:
        unit = make_unit(session)
        officials = make_officials(session, {"A": 12}, [unit])
        wave, later = officials.wave, NOW + GRACE
        for code in officials.codes:
            answer(session, code, unit)

        def why(now):
            found = unsettled(session, wave, index_of("sipas-counter"), now)
            return found.template if found else None

        assert "đóng" in why(NOW)
        close_wave(wave, NOW)
        assert "trộn" in why(NOW)
        assert "trộn" in why(later)
        assert move_all(session, later) == [12]
        assert why(later) is None
        assert unsettled(session, wave, index_of("sipas-2022"), NOW) is None


def test_a_refusal_says_its_kind_and_nothing_of_who_or_when(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH, field="LV01")
        before = sorted(session.scalars(select(StagedResponse.content)))
        move_all(session)

        assert sorted(session.scalars(select(StagedResponse.content))) == before
    columns = {column.name for column in StagedResponse.__table__.columns}
    assert columns == {"id", "wave_id", "unit_id", "rater_group", "content", "refused"}
