"""Jobs: asked once, claimed by one worker, returned when the worker falls silent."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.runs import Job
from survey_app.services.operation import jobs
from tests.survey_app.factories import NOW

PAYLOAD = {"wave": "w", "index": "i"}


def asked(database, payload=PAYLOAD, now=NOW):
    with database.writing() as session:
        return jobs.ask_job(session, jobs.COMPUTE, payload, None, now)


def claimed(database):
    with database.writing() as session:
        return jobs.claim_job(session)


def state_of(database, job):
    with database.reading() as session:
        return jobs.job_state(session, job)


def make_silent(database, claim, seconds=31):
    """Let the worker's last sign of life be so long ago; returns the moment now stored."""
    past = claim.beat - timedelta(seconds=seconds)
    with database.writing() as session:
        session.execute(update(Job).where(Job.id == claim.id).values(heartbeat_at=past))
    return jobs.Claim(claim.id, claim.kind, claim.payload, claim.asked_by, past)


def test_the_oldest_job_is_claimed_first_and_only_once(database):
    second = asked(database, {"wave": "b"}, NOW + timedelta(seconds=1))
    first = asked(database, {"wave": "a"}, NOW)

    assert [claimed(database).id for _ in range(2)] == [first, second]
    assert claimed(database) is None


def test_the_same_work_under_way_is_not_asked_for_twice(database):
    job = asked(database)

    assert asked(database) == job
    claim = claimed(database)
    assert asked(database) == job
    with database.writing() as session:
        jobs.finish(session, claim, {})
    assert asked(database) != job


def test_a_job_tells_how_far_it_is_and_what_it_made(database):
    job = asked(database)
    assert state_of(database, job).state == "waiting"
    claim = claimed(database)
    with database.writing() as session:
        claim = jobs.beat(session, claim, 40)
    running = state_of(database, job)
    assert (running.state, running.progress, running.payload) == ("running", 40, PAYLOAD)
    with database.writing() as session:
        assert jobs.finish(session, claim, {"run": "r"})
    done = state_of(database, job)
    assert (done.state, done.progress, done.outcome) == ("finished", 100, {"run": "r"})


def test_a_failed_job_says_why(database):
    job = asked(database)
    claim = claimed(database)
    with database.writing() as session:
        assert jobs.fail(session, claim, Refusal("Không có đợt «{wave}».", wave="w"))

    state = state_of(database, job)
    assert state.state == "failed"
    assert str(state.refusal) == "Không có đợt «w»."
    assert claimed(database) is None


def test_a_job_whose_worker_fell_silent_is_claimed_again(database):
    job = asked(database)
    dead = make_silent(database, claimed(database))

    again = claimed(database)

    assert again.id == job
    with database.writing() as session:
        assert jobs.beat(session, dead) is None
        assert not jobs.finish(session, dead, {"run": "stale"})
        assert jobs.beat(session, again)


def test_a_job_that_brings_its_workers_down_is_given_up(database):
    job = asked(database)
    for _ in range(jobs.ATTEMPTS):
        make_silent(database, claimed(database))

    after = claimed(database)

    assert after is None
    state = state_of(database, job)
    assert state.state == jobs.FAILED
    assert "3 lần" in str(state.refusal)


def test_a_worker_that_gives_signs_of_life_keeps_its_job(database):
    asked(database)
    make_silent(database, claimed(database), seconds=25)

    assert claimed(database) is None


def test_two_workers_at_once_get_different_jobs(postgresql_database):
    for wave in "ab":
        asked(postgresql_database, {"wave": wave})
    with postgresql_database.writing() as one, postgresql_database.writing() as other:
        assert jobs.claim_job(one).id != jobs.claim_job(other).id


def test_an_unknown_job_is_not_found(database):
    with database.reading() as session, pytest.raises(NotFound):
        jobs.job_state(session, jobs.new_id())


def test_ids_are_version_7_and_sort_by_time():
    first, second = jobs.new_id(), jobs.new_id()

    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 <= second.int >> 80
