"""A migrated database for each test, on SQLite and on a PostgreSQL server of the test run's own."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from bench.chromium import SHELL
from bench.postgresql import find_binaries, new_database, private_server
from survey_app.db import Base, Database
from survey_app.migrate import upgrade
from survey_app.services.operation.demo import load_demo
from tests import once
from tests.chromium import LAUNCH
from tests.survey_app.factories import NOW, catalogue

LOCAL_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: many tests wait for a browser or a server."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where NO_SKIPS=1 says that everything is installed, a skipped test is a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("NO_SKIPS") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"NO_SKIPS=1, but: {reason}"
    return report


# What takes longest (15 s of a processor and more) is begun first: no process ends long after the
# others. Browsers and databases have few tests in long files.
LONG = (
    "accessibility/test_pages_are_accessible.py",
    "survey_app/web/test_surveyor_browser.py",
    "survey_app/test_serve.py",
    "survey_app/web/test_kiosk_browser.py",
    "survey_app/web/test_kiosk_network.py",
    "analysis/engines/test_reading.py",
    "bench/test_tablets.py",
    "static/test_sealed_queue.py",
    "survey_app/test_pages.py",
    "test_whole_line_browser.py",
    "survey_app/web/test_citizen_browser.py",
    "survey_app/web/test_citizen_devices.py",
    "survey_app/web/test_kiosk_idle.py",
    "survey_app/web/test_new_tablet_browser.py",
    "survey_app/services/operation/test_demo.py",
    "static/test_outbox.py",
    "static/test_answers.py",
    "bench/test_real_outbox.py",
    "test_whole_line.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the others stay in the order of their names."""
    rank = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def _once() -> Iterator[None]:
    """Compile and hash once what every test would."""
    with once.shared():
        yield


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers."""
    if SHELL is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The one browser of this process; tests open contexts in it, which share nothing."""
    browser = playwright.chromium.launch(**LAUNCH)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that the tests copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.engine.dispose()  # the last connection folds the write-ahead log into the file
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated database in a SQLite file of this test."""
    yield from _copied(sqlite_template, tmp_path)


@dataclass(frozen=True)
class DemoLoad:
    """A SQLite file with the demo waves, how many responses came in, and what was told of it."""

    path: Path
    added: int
    told: list[tuple[Any, ...]]


@pytest.fixture(scope="session")
def demo_load(sqlite_template: Path) -> DemoLoad:
    """The demo waves loaded at `factories.NOW`, once, because it takes several seconds."""
    path = sqlite_template.with_name("demo.sqlite3")
    told: list[tuple[Any, ...]] = []
    for database in _copied(sqlite_template, path.parent, path.name):
        added = load_demo(database.writing, catalogue(), NOW, lambda *call: told.append(call))
    return DemoLoad(path, added, told)


@pytest.fixture(scope="session")
def demo_template(demo_load: DemoLoad) -> Path:
    """A SQLite file holding the demo waves that the tests copy."""
    return demo_load.path


@pytest.fixture
def demo_database(demo_template: Path, tmp_path: Path) -> Iterator[Database]:
    """The demo waves, loaded at `factories.NOW`, in a SQLite file of this test."""
    yield from _copied(demo_template, tmp_path)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A PostgreSQL server: TEST_DATABASE_URL, or a private one from the installed binaries."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield make_url(given)
        return
    folder = find_binaries()
    if folder is None:
        pytest.skip("PostgreSQL server binaries are not installed and TEST_DATABASE_URL is not set")
    with private_server(folder, LOCAL_SETTINGS) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: URL) -> Iterator[URL]:
    """A migrated PostgreSQL database that the tests copy."""
    with new_database(postgresql_server) as url:
        database = Database(url.render_as_string(hide_password=False))
        upgrade(database)
        database.engine.dispose()
        yield url


class Copies:
    """Empty migrated databases: one is used over and over, since making one takes half a second."""

    def __init__(self, server: URL, template: URL, kept: ExitStack) -> None:
        self.server, self.template, self.kept = server, template, kept
        self.free: list[URL] = []
        with _connected(template) as connection:
            self.wanted = _schema(connection)

    def take(self) -> URL:
        """An empty database for one test."""
        if self.free:
            return self.free.pop()
        return self.kept.enter_context(new_database(self.server, self.template))

    def give_back(self, url: URL) -> None:
        """Empty it for the next test; with another schema than it had it is not used again."""
        with _connected(url) as connection:
            connection.execute(OTHERS)
            if _schema(connection) == self.wanted:
                connection.execute(EMPTIED)
                self.free.append(url)


def _schema(connection: psycopg.Connection[Any]) -> tuple[list[Any], list[Any]]:
    """The columns of all tables, and the revision the database says it has."""
    columns = connection.execute(COLUMNS).fetchall()
    has_revision = any(table == "alembic_version" for table, *_ in columns)
    revision = connection.execute(REVISION).fetchall() if has_revision else []
    return columns, revision


REVISION = "SELECT version_num FROM alembic_version"
COLUMNS = """SELECT c.relname, a.attname, a.atttypid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped ORDER BY 1, 2"""
OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
FROM_ONE = """SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"""
EMPTIED = sql.SQL("; ").join(
    [
        sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name))
        for table in reversed(Base.metadata.sorted_tables)
    ]
    + [sql.SQL(FROM_ONE)]
)


@pytest.fixture(scope="session")
def postgresql_copies(postgresql_server: URL, postgresql_template: URL) -> Iterator[Copies]:
    """Copies of the template that the tests share, one after the other."""
    with ExitStack() as kept:
        yield Copies(postgresql_server, postgresql_template, kept)


@pytest.fixture
def postgresql_url(postgresql_copies: Copies) -> Iterator[URL]:
    """The address of an empty migrated PostgreSQL database of this test."""
    url = postgresql_copies.take()
    yield url
    postgresql_copies.give_back(url)


@pytest.fixture
def postgresql_database(postgresql_url: URL) -> Iterator[Database]:
    """An empty migrated database on PostgreSQL."""
    database = Database(postgresql_url.render_as_string(hide_password=False))
    yield database
    database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty migrated database, on SQLite and again on PostgreSQL."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


def _copied(template: Path, folder: Path, name: str = "test.sqlite3") -> Iterator[Database]:
    shutil.copyfile(template, folder / name)
    database = Database(f"sqlite:///{folder / name}")
    yield database
    database.engine.dispose()  # the last connection folds the write-ahead log into the file


def _connected(url: URL) -> "psycopg.Connection[Any]":
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)
