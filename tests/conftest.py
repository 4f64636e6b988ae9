"""A migrated database for each test, on SQLite and on a PostgreSQL server of the test run's own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from survey_app.db import Base, Database
from survey_app.migrate import upgrade
from survey_app.services.demo import load_demo
from tests.survey_app.factories import NOW, catalogue

PATIENCE = 60  # seconds a server may take to start
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
    folder = _binaries()
    if folder is None:
        pytest.skip("PostgreSQL server binaries are not installed and TEST_DATABASE_URL is not set")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as home:
        yield from _private_server(folder, Path(home))


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: URL) -> Iterator[URL]:
    """A migrated PostgreSQL database that the tests copy."""
    url = postgresql_server.set(database=f"sipas_test_{secrets.token_hex(4)}")
    _run(postgresql_server, "CREATE DATABASE {}", url)
    database = Database(url.render_as_string(hide_password=False))
    upgrade(database)
    database.engine.dispose()
    yield url
    _run(postgresql_server, "DROP DATABASE {} WITH (FORCE)", url)


@pytest.fixture(scope="session")
def postgresql_copy(postgresql_server: URL, postgresql_template: URL) -> Iterator[URL]:
    """The address the tests share, one after the other: a database takes half a second to make."""
    url = postgresql_server.set(database=f"sipas_test_{secrets.token_hex(8)}")
    _run(postgresql_server, "CREATE DATABASE {} TEMPLATE {}", url, postgresql_template)
    yield url
    _run(postgresql_server, "DROP DATABASE {} WITH (FORCE)", url)


@pytest.fixture
def postgresql_url(
    postgresql_server: URL, postgresql_template: URL, postgresql_copy: URL
) -> Iterator[URL]:
    """The address of an empty migrated PostgreSQL database of this test."""
    yield postgresql_copy
    if not _emptied(postgresql_copy, postgresql_template):
        _run(postgresql_server, "DROP DATABASE {} WITH (FORCE)", postgresql_copy)
        copying = (postgresql_copy, postgresql_template)
        _run(postgresql_server, "CREATE DATABASE {} TEMPLATE {}", *copying)


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


COLUMNS = """SELECT c.relname, a.attname, a.atttypid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped ORDER BY 1, 2"""
OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
FROM_ONE = """SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"""


def _emptied(copy: URL, template: URL) -> bool:
    """Delete every row and begin to count anew; False when the tables are not those they were."""
    with _connected(template) as connection:
        wanted = connection.execute(COLUMNS).fetchall()
    with _connected(copy) as connection:
        connection.execute(OTHERS)
        if connection.execute(COLUMNS).fetchall() != wanted:
            return False
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
        connection.execute(FROM_ONE)
    return True


def _run(server: URL, template: str, *urls: URL) -> None:
    """Run a statement about databases, which PostgreSQL allows in no transaction."""
    names = [sql.Identifier(str(url.database)) for url in urls]
    with _connected(server) as connection:
        connection.execute(sql.SQL(template).format(*names))


def _connected(url: URL) -> "psycopg.Connection[Any]":
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


def _binaries() -> Path | None:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(4)
    )
    on_path = shutil.which("initdb")
    candidates = [*reversed(folders), *([Path(on_path).parent] if on_path else [])]
    needed = ("initdb", "postgres")
    return next((f for f in candidates if all((f / name).exists() for name in needed)), None)


def _private_server(binaries: Path, home: Path) -> Iterator[URL]:
    """Start a server in `home` on a Unix socket and a free loopback port; end it afterwards."""
    other: dict[str, Any] = _other_user(home)
    data = home / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-N"]
    done = subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C"], cwd=home, capture_output=True, text=True, **other
    )
    if done.returncode != 0:
        pytest.fail(f"initdb failed: {done.stderr}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [word for setting in LOCAL_SETTINGS for word in ("-c", setting)]
    arguments = [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port)]
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(
            [*arguments, "-k", home, *settings], cwd=home, stdout=log, stderr=log, **other
        ) as process,
    ):
        url = URL.create("postgresql", "tests", host="127.0.0.1", port=port, database="postgres")
        try:
            _wait_for(url, process, home / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # "fast": breaks connections, ends in order
            process.wait(PATIENCE)


def _other_user(home: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody, who owns the folder."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    shutil.chown(home, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _wait_for(url: URL, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url.render_as_string(), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the PostgreSQL server did not start: {log.read_text()}")
