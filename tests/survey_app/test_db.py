"""Writers wait for each other, commits are durable, moments know their zone."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from survey_app import db
from survey_app.db import Busy
from survey_app.models.accounts import AuditEntry
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from tests.survey_app.factories import NOW, make_unit, make_wave

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from survey_app.db import Database
database = Database(sys.argv[1])
with database.writing():
    print("holding", flush=True)
    time.sleep(float(sys.argv[2]))
"""
WRITE = """
import sys
from datetime import UTC, datetime
from survey_app.db import Database
from survey_app.models.accounts import AuditEntry
database = Database(sys.argv[1])
for number in range(100_000):
    with database.writing() as session:
        at = datetime.now(UTC)
        session.add(AuditEntry(at=at, action="test", subject=f"{sys.argv[2]}-{number}"))
    print(f"{sys.argv[2]}-{number}", flush=True)  # said only after the commit
"""


def url_of(database):
    return database.url.render_as_string(hide_password=False)


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def count(database, kind):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind))


def test_a_writing_session_is_committed_at_its_end(database):
    with database.writing() as session:
        make_unit(session)

    assert count(database, Unit) == 1


def test_an_exception_rolls_a_writing_session_back(database):
    def fail():
        with database.writing() as session:
            make_unit(session)
            raise RuntimeError("half")

    with pytest.raises(RuntimeError, match="half"):
        fail()

    assert count(database, Unit) == 0


def test_a_reading_session_keeps_nothing(database):
    with database.reading() as session:
        make_unit(session)

    assert count(database, Unit) == 0


def test_writers_of_a_process_wait_for_each_other(database):
    with database.writing() as session:
        wave = make_wave(session, issued=0).id

    def add():
        for _ in range(10):
            with database.writing() as session:
                # On PostgreSQL the row is locked; SQLite has one writer at a time anyhow.
                query = select(Wave).where(Wave.id == wave).with_for_update()
                found = session.scalars(query).one()
                found.issued += 1

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reading() as session:
        assert session.get_one(Wave, wave).issued == 60


def test_a_writer_waits_for_one_of_another_process(sqlite_database):
    with start(HOLD, url_of(sqlite_database), "0.5") as holder:
        assert holder.stdout.readline() == "holding\n"
        began = time.monotonic()
        with sqlite_database.writing() as session:
            make_unit(session)
        waited = time.monotonic() - began

    assert waited > 0.2
    assert count(sqlite_database, Unit) == 1


def test_a_writer_is_told_to_come_back_when_another_process_takes_too_long(
    sqlite_database, monkeypatch
):
    monkeypatch.setattr(db, "WAIT", 0.2)
    with start(HOLD, url_of(sqlite_database), "30") as holder:
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(Busy), sqlite_database.writing():
            pytest.fail("two writers at a time")
        holder.kill()

    with sqlite_database.writing() as session:  # the lock of a killed process is gone
        make_unit(session)


def test_a_writer_is_told_to_come_back_when_a_thread_takes_too_long(sqlite_database, monkeypatch):
    monkeypatch.setattr(db, "WAIT", 0.1)
    told = []

    def other():
        try:
            with sqlite_database.writing():
                told.append("wrote")
        except Busy:
            told.append("busy")

    with sqlite_database.writing():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert told == ["busy"]


def test_readers_do_not_wait_for_a_writer(sqlite_database):
    with sqlite_database.writing() as session:
        make_unit(session)

        assert count(sqlite_database, Unit) == 0


def test_sqlite_is_durable_and_checks_references(sqlite_database):
    with sqlite_database.reading() as session:
        found = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    full = 2
    assert found == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}


def test_a_unit_needs_an_existing_parent(database):
    with pytest.raises(IntegrityError), database.writing() as session:
        make_unit(session, parent_id=12345)


def test_a_commit_survives_the_death_of_its_process(database):
    with (
        start(WRITE, url_of(database), "a") as first,
        start(WRITE, url_of(database), "b") as second,
    ):
        acknowledged = [first.stdout.readline().strip() for _ in range(25)]
        for process in (first, second):
            os.kill(process.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in (*first.stdout, *second.stdout) if "\n" in line]

    with database.reading() as session:
        stored = set(session.scalars(select(AuditEntry.subject)))

    assert len(acknowledged) >= 25
    assert set(acknowledged) - stored == set()


def test_a_moment_comes_back_in_utc(database):
    hanoi = timezone(timedelta(hours=7))
    with database.writing() as session:
        wave = make_wave(session, opened_at=NOW.astimezone(hanoi)).id

    with database.reading() as session:
        moment = session.get_one(Wave, wave).opened_at
    assert (moment, moment.tzinfo) == (NOW, UTC)


def test_moments_are_compared_as_moments(database):
    with database.writing() as session:
        make_wave(session, opened_at=NOW)
        later = NOW.astimezone(timezone(timedelta(hours=-9))) + timedelta(seconds=1)

        assert session.scalars(select(Wave).where(Wave.opened_at < later)).one()


def test_a_moment_without_a_zone_is_refused(database):
    naive = datetime(2026, 11, 20)  # noqa: DTZ001 - what the test is about

    with pytest.raises(StatementError, match="time zone"), database.writing() as session:
        make_wave(session, opened_at=naive)


def test_what_is_deleted_is_overwritten_on_every_connection(tmp_path):
    database = db.Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with database.reading() as first, database.reading() as second:
        found = [s.execute(text("PRAGMA secure_delete")).scalar() for s in (first, second)]
    database.engine.dispose()

    assert found == [1, 1]


def test_on_postgresql_there_is_nothing_to_fold_in(postgresql_database):
    assert postgresql_database.forget(thoroughly=True)
