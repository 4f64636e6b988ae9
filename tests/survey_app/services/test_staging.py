"""Answers of one-time codes move late, among others and shuffled, and none is lost on the way."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from survey_app import worker
from survey_app.models.responses import Answer, Response, StagedResponse
from survey_app.models.waves import Procedure
from survey_app.services import staging
from survey_app.services.links import HANOI
from survey_app.services.staging import (
    FEWEST,
    GRACE,
    MOST,
    batches,
    move_batch,
    refused_in,
    stage,
    try_again,
)
from survey_app.services.waves import close_wave
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.invitation_factories import FILLED

MIDNIGHT = datetime(NOW.year, NOW.month, NOW.day, tzinfo=HANOI)


@pytest.fixture
def waves(database):
    """A wave with a point at two units."""
    with database.writing() as session:
        wave = make_wave(session)
        units = [make_unit(session) for _ in range(2)]
        return wave, [make_point(session, wave, unit) for unit in units]


def put(session, wave, point, n=1, group="A", **changes):
    for k in range(n):
        content = response_content(
            wave=wave.code, collection_point=point.code, mode="code", **changes
        )
        for name in ("id", "started_at", "submitted_at"):
            del content[name]
        content["answers"] = FILLED | {"comment": f"{group}{k}"}
        stage(session, wave.id, point.unit_id, group, content)


def move_all(session, now=NOW):
    """Move what can be moved; how many rows each batch had."""
    return [move_batch(session, catalogue(), batch, now) for batch in batches(session, now)]


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))


def test_nine_wait_and_ten_move_together(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST - 1)
        assert move_all(session) == []
        put(session, wave, point)
        assert move_all(session) == [FEWEST]
        assert count(session, StagedResponse) == 0
        assert count(session, Response) == FEWEST


def test_each_is_one_of_ten_in_all_that_the_response_still_says(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()
        put(session, wave, point, 6, "A")
        put(session, wave, point, 6, "B")
        put(session, wave, other, 6, "A")
        put(session, wave, point, 6, "A", field="LV01")

        assert move_all(session) == []
        put(session, wave, point, 4, "A", field="LV01")
        assert move_all(session) == [10]
        assert set(session.scalars(select(Response.rater_group))) == {"A"}
        assert count(session, StagedResponse) == 18


def test_a_moved_response_has_a_new_id_a_date_and_no_receipt(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST)
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
        put(session, wave, point, FEWEST)
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
    monkeypatch.setattr(staging, "MOST", 15)
    with database.writing() as session:
        put(session, wave, point, 39)
        sizes = move_all(session)

    assert sizes == [15, 24]  # never a rest of fewer than ten
    assert MOST >= 2 * FEWEST


def test_the_rest_waits_for_the_close_and_for_what_was_on_its_way(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, 3)
        close_wave(session.merge(wave), NOW)
        assert move_all(session, NOW + GRACE - timedelta(seconds=1)) == []
        assert move_all(session, NOW + GRACE) == [3]
        assert count(session, StagedResponse) == 0


def test_at_the_close_few_are_pooled_and_lose_what_they_have_in_common(database, waves):
    wave, (point, other) = waves
    with database.writing() as session:
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()
        put(session, wave, point, 12, "A")
        put(session, wave, point, 7, "B")
        put(session, wave, point, 4, "C", field="LV01")
        put(session, wave, other, 2, "B")
        close_wave(session.merge(wave), NOW)

        assert sorted(move_all(session, NOW + GRACE)) == [2, 11, 12]
        groups = Counter(session.execute(select(Response.unit_id, Response.rater_group)).all())
        assert groups == {
            (point.unit_id, "A"): 12,
            (point.unit_id, None): 11,
            (other.unit_id, None): 2,
        }
        assert set(session.scalars(select(Response.procedure_id))) == {None}


def test_the_rest_of_several_units_moves_in_one_batch(database, waves):
    wave, points = waves
    with database.writing() as session:
        for point in points:
            put(session, wave, point, 4)
        close_wave(session.merge(wave), NOW)

        assert move_all(session, NOW + GRACE) == [8]


def test_two_workers_move_each_answer_once(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST)
    with database.reading() as session:
        planned = [batches(session, NOW), batches(session, NOW)]
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
        put(session, wave, point, FEWEST)
    with database.writing() as session:
        move_all(session)
        session.rollback()

    with database.reading() as session:
        assert count(session, Response) == count(session, Answer) == 0
        assert count(session, StagedResponse) == FEWEST
    assert worker.move_staged(database, catalogue()) == FEWEST
    assert worker.move_staged(database, catalogue()) == 0


BAD = {"questionnaire": "sipas-counter", "version": "1", "answers": {"secret": "x"}}


def test_what_cannot_be_accepted_stays_and_is_never_a_reason_to_move_nine(database, waves, caplog):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST - 1)
        stage(session, wave.id, point.unit_id, "A", BAD)
    assert worker.move_staged(database, catalogue()) == 0
    with database.writing() as session:
        assert count(session, Response) == 0
        put(session, wave, point)
    assert worker.move_staged(database, catalogue()) == FEWEST
    with database.reading() as session:
        assert count(session, StagedResponse) == 1
        assert refused_in(session, wave) == (("missing_field", 1),)
    assert "secret" not in caplog.text


def test_one_that_is_refused_does_not_keep_the_others_after_the_close(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST - 1)
        stage(session, wave.id, point.unit_id, "A", BAD)
        close_wave(session.merge(wave), NOW)
        assert move_all(session, NOW + GRACE) == [0]
        assert move_all(session, NOW + GRACE) == [FEWEST - 1]
        assert move_all(session, NOW + GRACE) == []
        assert count(session, Response) == FEWEST - 1


def test_what_was_refused_is_tried_again_when_somebody_has_mended_its_reason(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST, field="LV01")
        assert move_all(session) == [0]
        assert refused_in(session, wave) == (("unknown_field", FEWEST),)
        assert move_all(session) == []
        session.add(Procedure(code="LV01", name="Đất đai"))
        session.flush()

        try_again(session, wave)

        assert refused_in(session, wave) == ()
        assert move_all(session) == [FEWEST]
        assert count(session, StagedResponse) == 0


def test_a_refusal_says_its_kind_and_nothing_of_who_or_when(database, waves):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, FEWEST, field="LV01")
        before = sorted(session.scalars(select(StagedResponse.content)))
        move_all(session)

        assert sorted(session.scalars(select(StagedResponse.content))) == before
    columns = {column.name for column in StagedResponse.__table__.columns}
    assert columns == {"id", "wave_id", "unit_id", "rater_group", "content", "refused"}
