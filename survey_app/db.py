"""Sessions on SQLite or PostgreSQL; writers of SQLite stand in one queue."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

if sys.platform != "win32":
    import fcntl

WAIT = 5.0  # seconds a writer waits for its turn before it is told to come back
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base; constraint names are the same on both databases."""

    metadata = MetaData(naming_convention=NAMES)


class Busy(Exception):  # noqa: N818 - no error, come back later
    """The writer's turn did not come in time; nothing was stored."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC, on SQLite without the zone it has no type for."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def insert_into(session: Session, model: type[Base]) -> Any:
    """An INSERT that may say what to do ON CONFLICT, which both databases know in one way."""
    named = session.get_bind().dialect.name
    return (postgresql if named == "postgresql" else sqlite).insert(model)


class Database:
    """One database: `reading()` and `writing()` give sessions; `writing()` commits at the end.

    SQLite takes one writer at a time. Its own waiting polls and starves, so writers queue on a file
    lock beside the database, with a thread lock inside the process. Raises `Busy` after 5 seconds.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(url, self.is_sqlite)
        self._thread_lock = threading.Lock()
        path = self.url.database if self.is_sqlite else None
        self._lock_path = Path(f"{path}.lock") if path and path != ":memory:" else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reads; nothing it changes is kept."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end, or rolled back on an exception."""
        with self._turn():
            engine = self.engine.execution_options(writing=True)
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection for changing tables, committed at the end.

        SQLite changes a table by making it anew and dropping the old one, which would delete all
        rows that refer to it: there foreign keys are off meanwhile, and checked before the commit.
        """
        with self._turn():
            engine = self.engine.execution_options(writing=True)
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                if self.is_sqlite:
                    driver.execute("PRAGMA foreign_keys = OFF")
                try:
                    with connection.begin():
                        yield connection
                        if self.is_sqlite and driver.execute("PRAGMA foreign_key_check").fetchone():
                            raise RuntimeError("the migration leaves rows that refer to nothing")
                finally:
                    if self.is_sqlite:
                        driver.execute("PRAGMA foreign_keys = ON")

    def forget(self, thoroughly: bool = False) -> bool:
        """Leave nothing in the files of SQLite of what was deleted; False when readers are in it.

        Deleted rows are overwritten where they stood, but older states of the pages wait in the
        write-ahead log: it is folded into the file and emptied. Rows that grew, as those of
        half-filled forms, may have left a copy in a page they moved from: `thoroughly` writes the
        whole file anew, and writers wait meanwhile. On PostgreSQL autovacuum does all this.
        """
        if not self.is_sqlite:
            return True
        with self._turn(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if thoroughly:
                driver.execute("VACUUM")
            blocked, _pages, _moved = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not blocked

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        deadline = time.monotonic() + WAIT
        if not self._thread_lock.acquire(timeout=WAIT):
            raise Busy
        try:
            if self._lock_path is None or sys.platform == "win32":  # one process there
                yield
                return
            with self._lock_path.open("a") as lock:
                _acquire(lock.fileno(), deadline)
                try:
                    yield
                finally:
                    fcntl.flock(lock, fcntl.LOCK_UN)
        finally:
            self._thread_lock.release()


def _acquire(descriptor: int, deadline: float) -> None:
    pause = 0.001
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        else:
            return


def _engine(url: str, is_sqlite: bool) -> Engine:
    # Parameters stay out of error texts: they may be somebody's answers.
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": WAIT}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, never by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
