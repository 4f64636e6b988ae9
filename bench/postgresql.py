"""A PostgreSQL server of our own from the installed binaries, for measurements and tests."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

PATIENCE = 60  # seconds a server may take to start


def find_binaries() -> Path | None:
    """The folder of the newest installed server; None where there is none."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(4)
    )
    on_path = shutil.which("initdb")
    candidates = [*reversed(folders), *([Path(on_path).parent] if on_path else [])]
    needed = ("initdb", "postgres")
    return next((f for f in candidates if all((f / name).exists() for name in needed)), None)


@contextmanager
def private_server(binaries: Path, settings: Sequence[str] = ()) -> Iterator[URL]:
    """A server in a folder of its own, on a Unix socket and a free loopback port.

    `settings` are those of postgresql.conf, each as name=value. Raises `RuntimeError` with the
    server's own words when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        other: dict[str, Any] = _other_user(home)
        data = home / "data"
        initdb = [f"{binaries}/initdb", "-D", f"{data}", "-U", "tests", "-A", "trust", "-N"]
        done = subprocess.run(
            [*initdb, "-E", "UTF8", "--locale=C"], cwd=home, capture_output=True, text=True, **other
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [word for setting in settings for word in ("-c", setting)]
        arguments = [f"{binaries}/postgres", "-D", f"{data}", "-h", "127.0.0.1", "-p", f"{port}"]
        with (
            (home / "log").open("w") as log,
            subprocess.Popen(
                [*arguments, "-k", folder, *options], cwd=home, stdout=log, stderr=log, **other
            ) as process,
        ):
            url = URL.create("postgresql", "tests", host="127.0.0.1", port=port)
            url = url.set(database="postgres")
            try:
                _wait_for(url, process, home / "log")
                yield url
            finally:
                process.send_signal(signal.SIGINT)  # "fast": breaks connections, ends in order
                process.wait(PATIENCE)


@contextmanager
def new_database(server: URL, template: URL | None = None) -> Iterator[URL]:
    """A new database on a server, empty or a copy of another one; dropped at the end."""
    url = server.set(database=f"sipas_test_{secrets.token_hex(8)}")
    if template is None:
        _run(server, "CREATE DATABASE {}", url)
    else:
        _run(server, "CREATE DATABASE {} TEMPLATE {}", url, template)
    try:
        yield url
    finally:
        _run(server, "DROP DATABASE {} WITH (FORCE)", url)


def _run(server: URL, template: LiteralString, *urls: URL) -> None:
    """Run a statement about databases, which PostgreSQL allows in no transaction."""
    names = [sql.Identifier(str(url.database)) for url in urls]
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL(template).format(*names))


def _other_user(home: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody, who owns the folder."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    shutil.chown(home, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _wait_for(url: URL, process: "subprocess.Popen[Any]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url.render_as_string(), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the PostgreSQL server did not start: {log.read_text()}")
