"""The worker: does a job, tells why it cannot, and a killed one runs again."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from survey_app import worker
from survey_app.config import Config
from survey_app.exports.files import published
from survey_app.models.runs import Job, Run
from survey_app.services.operation import jobs
from tests.survey_app.factories import NOW, catalogue
from tests.survey_app.results_factories import INDEX, make_computable, make_reported

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def wave(database):
    with database.writing() as session:
        return make_computable(session).code


def ask(database, wave, index=INDEX):
    with database.writing() as session:
        payload = {"wave": wave, "index": index}
        return jobs.ask_job(session, jobs.COMPUTE, payload, None, NOW)


def state_of(database, job):
    with database.reading() as session:
        return jobs.job_state(session, job)


def runs(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Run))


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


def test_a_computation_ends_with_a_run_and_its_files(database, wave, files):
    job = ask(database, wave)

    assert worker.work_once(database, catalogue(), files)

    state = state_of(database, job)
    assert state.state == "finished"
    assert runs(database) == 1
    for name in (worker.CHART, worker.CSV, worker.XLSX):
        assert published(files, state.outcome["run"], name)
    assert not worker.work_once(database, catalogue(), files)


def test_what_cannot_be_computed_says_why_and_leaves_nothing(database, files):
    job = ask(database, "no-such-wave")

    assert worker.work_once(database, catalogue(), files)

    state = state_of(database, job)
    assert (state.state, runs(database)) == ("failed", 0)
    assert "no-such-wave" in str(state.refusal)


def test_an_error_of_the_program_is_told_without_its_details(database, wave, files, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(worker.WORK, jobs.COMPUTE, broken)
    job = ask(database, wave)

    assert worker.work_once(database, catalogue(), files)

    state = state_of(database, job)
    assert state.state == "failed"
    assert "secret" not in str(state.refusal)


def test_a_worker_that_lost_its_job_stores_nothing(database, wave, files, monkeypatch):
    job = ask(database, wave)
    store = worker._store

    def too_late(database, pulse, run):
        with database.writing() as session:
            other = pulse.claim.beat + timedelta(seconds=1)
            session.execute(update(Job).where(Job.id == job).values(heartbeat_at=other))
        store(database, pulse, run)

    monkeypatch.setattr(worker, "_store", too_late)
    assert worker.work_once(database, catalogue(), files)

    assert (state_of(database, job).state, runs(database)) == ("running", 0)


def test_the_pulse_gives_signs_of_life_while_the_work_takes_long(database, wave, monkeypatch):
    monkeypatch.setattr(worker, "BEAT", 0.05)
    ask(database, wave)
    with database.writing() as session:
        claim = jobs.claim_job(session)
    pulse = worker.Pulse(database, claim)
    with pulse.beating():
        wait_for(lambda: pulse.claim.beat > claim.beat)


def test_last_years_reported_figures_are_computed_on_the_way(database, files):
    with database.writing() as session:
        rates = {"S1": 0.9, "S2": 0.9, "S3": 0.9, "S4": 0.9, "S5": 0.9}
        make_reported(session, 2025, rates)
        wave = make_computable(session, year=2026).code
    ask(database, wave)

    worker.work_once(database, catalogue(), files)

    assert runs(database) == 2


def test_the_loop_does_what_waits_and_stops_when_told(sqlite_database, tmp_path):
    with sqlite_database.writing() as session:
        wave = make_computable(session).code
    job = ask(sqlite_database, wave)
    config = config_of(sqlite_database, tmp_path)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(config, stop))
    thread.start()
    try:
        wait_for(lambda: state_of(sqlite_database, job).state == "finished")
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def config_of(database, folder):
    url = database.url.render_as_string(hide_password=False)
    return Config(database_url=url, secret_key="k" * 32, instance=folder)


SLOW_WORKER = """
import sys, time
from pathlib import Path
from survey_app import worker
from survey_app.config import Config
real = worker.computed_run
def slow(*arguments):
    run = real(*arguments)
    print("computed", flush=True)
    time.sleep(60)
    return run
worker.computed_run = slow
worker.run_worker(Config(sys.argv[1], "k" * 32, Path(sys.argv[2])))
"""


def test_a_killed_workers_job_runs_again(sqlite_database, tmp_path):
    with sqlite_database.writing() as session:
        wave = make_computable(session).code
    job = ask(sqlite_database, wave)
    url = sqlite_database.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WORKER, url, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        impatient = threading.Timer(60, process.kill)  # a child that cannot compute says nothing
        impatient.start()
        try:
            assert process.stdout.readline() == "computed\n"
        finally:
            impatient.cancel()
            process.kill()
    assert state_of(sqlite_database, job).state == "running"
    assert not worker.work_once(sqlite_database, catalogue(), tmp_path / "files")

    with sqlite_database.writing() as session:  # half a minute later
        past = jobs.database_now(session) - timedelta(seconds=31)
        session.execute(update(Job).values(heartbeat_at=past))
    assert worker.work_once(sqlite_database, catalogue(), tmp_path / "files")

    assert state_of(sqlite_database, job).state == "finished"
    assert runs(sqlite_database) == 1
