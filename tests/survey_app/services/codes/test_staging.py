"""Answers of one-time codes move late, among others and shuffled, and none is lost on the way."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from survey_app import worker
from survey_app.days import day_of, start_of
from survey_app.models.responses import Answer, HeldResponse, Response, StagedResponse
from survey_app.models.waves import Procedure
from survey_app.services.codes.mixing import GRACE, batches
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.codes.staging import (
    move_batch,
    refused_in,
    stage,
    try_again,
    unsettled,
)
from survey_app.services.plan.waves import close_wave
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_unit,
)
from tests.survey_app.invitation_factories import answer, make_officials
from tests.survey_app.staging_factories import ENOUGH, count, move_all, put

MIDNIGHT = start_of(day_of(NOW))


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


def test_what_cannot_be_accepted_stays_and_the_others_are_planned_anew(
    database, waves, monkeypatch, caplog
):
    wave, (point, _) = waves
    with database.writing() as session:
        put(session, wave, point, ENOUGH)
        for _ in range(ENOUGH):
            stage(session, wave.id, point.unit_id, "A", BAD)
    moved = [worker.move_staged(database, catalogue()) for _ in range(ENOUGH)]
    assert all(n == 0 or n >= FEWEST for n in moved)
    with database.writing() as session:
        close_wave(session.merge(wave), NOW)
    monkeypatch.setattr("survey_app.clock.now", lambda: NOW + GRACE)
    moved.append(worker.move_staged(database, catalogue()))

    assert sum(moved) == ENOUGH
    with database.reading() as session:
        assert count(session, Response) == ENOUGH
        assert refused_in(session, wave) == (("missing_field", ENOUGH),)
    assert "secret" not in caplog.text


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
