"""A migrated database for each test, on SQLite and on a PostgreSQL server of the test run's own."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from bench.postgresql import find_binaries, new_database, private_server
from survey_app.db import Database
from survey_app.migrate import upgrade
from survey_app.services.demo import load_demo
from tests.survey_app.factories import NOW, catalogue

LOCAL_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where NO_SKIPS=1 says that everything is installed, a skipped test is a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("NO_SKIPS") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"NO_SKIPS=1, but: {reason}"
    return report


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


@pytest.fixture(scope="session")
def demo_template(sqlite_template: Path) -> Path:
    """A SQLite file holding the demo waves, which takes two seconds, that the tests copy."""
    path = sqlite_template.with_name("demo.sqlite3")
    for database in _copied(sqlite_template, path.parent, path.name):
        load_demo(database.writing, catalogue(), NOW, lambda *_told: None)
    return path


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


@pytest.fixture
def postgresql_url(postgresql_server: URL, postgresql_template: URL) -> Iterator[URL]:
    """The address of an empty migrated PostgreSQL database of this test."""
    with new_database(postgresql_server, postgresql_template) as url:
        yield url


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
