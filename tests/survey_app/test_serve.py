"""The real supervisor: it starts everything, starts it again when killed, and ends it all."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import sys
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from select import select as select_sockets
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from bench.serving import PATIENCE, Served, below, lives
from questionnaires.refusal import Refusal
from survey_app import serve
from survey_app.config import read_config
from survey_app.db import Database
from survey_app.models.accounts import Device
from survey_app.models.responses import Response
from survey_app.serve import Child, address_of, fill, prepare, show_progress
from tests.survey_app.factories import make_wave

LINES = ("address", "sign-in", "device token", "form", "kiosk", "tablet")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the processes are those of Unix")


class Running(Served):
    """The supervisor of a demo, which prints how to get in."""

    def __init__(self, instance, **environment):
        super().__init__(instance, len(LINES), **environment)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
    return found


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(),
    reason="processes are counted in /proc, which only Linux has",
)


@pytest.fixture
def instance(demo_template, tmp_path):
    """An instance folder that holds the demo waves already."""
    return with_demo(demo_template, tmp_path / "instance")


def with_demo(demo_template, folder):
    folder.mkdir()
    shutil.copyfile(demo_template, folder / "sipas.sqlite3")
    return folder


@pytest.fixture(scope="module")
def running(demo_template, tmp_path_factory):
    """A service of which the tests kill one part after the other."""
    instance = with_demo(demo_template, tmp_path_factory.mktemp("serve") / "instance")
    with Running(instance, DEMO="1") as running:
        yield running


@needs_proc
def test_the_first_start_makes_everything_and_prints_how_to_get_in(tmp_path):
    with Running(tmp_path / "new", DEMO="1") as running:
        assert [line.partition(": ")[0] for line in running.lines] == list(LINES)
        assert running.said("address") == f"http://127.0.0.1:{running.port}"
        assert re.fullmatch(r"\S+ \S{32,} \(administrator\)", running.said("sign-in"))
        status, body = running.get(
            "/api/v1/package", Authorization=f"Bearer {running.said('device token')}"
        )
        assert (status, "demo" in {w["code"] for w in json.loads(body)["waves"]}) == (200, True)
        path = running.said("form").removeprefix(running.said("address"))
        status, page = running.get(path)
        assert (status, "<h1" in page.decode()) == (200, True)
        door, code = running.said("tablet").split()
        body = json.dumps({"code": code}).encode()
        with urlopen(Request(f"{door}enrol", body), timeout=PATIENCE) as answer:
            token = json.loads(answer.read())["token"]
        _status, body = running.get("/api/v1/package", Authorization=f"Bearer {token}")
        assert len(json.loads(body)["assignments"]) == 3
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert {name for name, mode in made.items() if mode & 0o077} == set()
    assert {"sipas.sqlite3", "demo_password", "demo_device_token", "secret_key"} <= set(made)


@needs_proc
def test_killed_processes_come_back_and_nobody_is_turned_away(running):
    for word, how_many in (("gunicorn", 3), ("survey_app worker", 1)):
        before = all_of(running, word, how_many)
        os.kill(before[-1], signal.SIGKILL)
        after = wait_until(
            lambda w=word, n=how_many, b=before: len(p := running.children(w)) == n and p != b and p
        )
        assert before[-1] not in after
        assert running.get("/healthz")[0] == 200


def all_of(running, word="gunicorn", how_many=3):
    """The processes with a word in their command, once all of them run."""
    return wait_until(lambda: len(found := running.children(word)) == how_many and found)


@needs_proc
def test_a_killed_process_takes_only_those_along_whom_it_had_let_in(running):
    with ExitStack() as open_ones:
        _master, *workers = all_of(running)
        address = ("127.0.0.1", running.port)
        people = [
            open_ones.enter_context(socket.create_connection(address, PATIENCE)) for _ in range(150)
        ]
        wait_until(lambda: sum(len(files_of(pid)) for pid in workers) > 2 * serve.WEB_CONNECTIONS)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(lives(pid) for pid in workers))

        turned_away = wait_until(lambda: select_sockets(people, [], [], 0)[0])
        assert 0 < len(turned_away) <= serve.WEB_PROCESSES * serve.WEB_CONNECTIONS


def files_of(pid):
    """What a process has open."""
    return list(Path(f"/proc/{pid}/fd").iterdir())


@needs_proc
def test_the_web_server_itself_is_started_again(running):
    server, *_workers = all_of(running)
    os.kill(server, signal.SIGKILL)

    assert running.get("/healthz")[0] == 200  # waits in the socket the supervisor holds
    wait_until(lambda: running.children("gunicorn") and server not in running.children("gunicorn"))


def test_it_runs_on_postgresql(postgresql_url, tmp_path):
    url = postgresql_url.render_as_string(hide_password=False)
    with Served(tmp_path / "new", DATABASE_URL=url, SECRET_KEY="s" * 32) as running:
        assert running.get("/admin/sign-in")[0] == 200
    assert not list((tmp_path / "new").glob("*.sqlite3"))


def ended_by(running, number):
    """Send a signal; wait until the supervisor and all that it has started are gone."""
    family = wait_until(lambda: len(p := below(running.process.pid)) >= 4 and p)
    running.process.send_signal(number)
    assert running.process.wait(PATIENCE) == 0
    wait_until(lambda: not any(lives(pid) for pid in family))
    with pytest.raises(URLError):
        running.get("/healthz")


@needs_proc
def test_a_killed_supervisor_leaves_nothing_behind_and_is_started_again_at_once(instance):
    with Running(instance, DEMO="1") as running:
        family = wait_until(lambda: len(p := below(running.process.pid)) >= 4 and p)
        running.process.kill()

    with Running(instance, port=running.port, DEMO="1") as again:
        assert again.get("/healthz")[0] == 200
        wait_until(lambda f=family: not any(lives(pid) for pid in f))


@needs_proc
def test_a_signal_ends_all_and_a_second_start_prints_the_same_and_loses_nothing(instance):
    with Running(instance, DEMO="1") as first:
        answers = [first.said(name) for name in LINES[1:3]]
        ended_by(first, signal.SIGTERM)
    with Running(instance, DEMO="1") as second:
        assert [second.said(name) for name in LINES[1:3]] == answers
        ended_by(second, signal.SIGINT)

    database = Database(f"sqlite:///{instance / 'sipas.sqlite3'}")
    with database.reading() as session:
        assert len(session.scalars(select(Response.id)).all()) == 486 + 740
    database.engine.dispose()


def config(tmp_path, **environment):
    given = {"INSTANCE": str(tmp_path / "instance"), "SECRET_KEY": "s" * 32, "PORT": "8765"}
    return read_config(given | environment)


def test_outside_the_demo_nothing_is_loaded_and_nobody_let_in(tmp_path):
    found = config(tmp_path)

    assert prepare(found) == ["address: http://127.0.0.1:8765"]

    database = Database(found.database_url)
    with database.reading() as session:
        assert session.scalars(select(Response.id)).all() == []
        assert session.scalars(select(Device)).all() == []
    database.engine.dispose()


def test_a_demo_served_in_earnest_shuts_the_demo_device_out(instance, tmp_path):
    prepare(config(tmp_path, DEMO="1"))
    found = config(tmp_path)
    prepare(found)

    database = Database(found.database_url)
    with database.reading() as session:
        devices = session.scalars(select(Device)).all()
        assert len(devices) == 2
        assert all(device.revoked_at for device in devices)
    database.engine.dispose()


def test_the_demo_is_not_mixed_into_a_database_in_use(sqlite_database):
    with sqlite_database.writing() as session:
        make_wave(session, code="sipas-2026")

    with pytest.raises(Refusal, match="DEMO=1"):
        fill(sqlite_database)


def test_a_wave_made_in_the_demo_does_not_keep_it_from_starting(demo_database):
    with demo_database.writing() as session:
        make_wave(session, code="sipas-2026")

    assert fill(demo_database) == 0


def test_a_port_in_use_is_refused_before_anything_is_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "GRACE", 0.3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = config(tmp_path, PORT=str(taken.getsockname()[1]))

        with pytest.raises(Refusal, match="Không mở được cổng"):
            serve.serve(found)

    assert list(found.instance.iterdir()) == []


def test_an_address_of_the_sixth_version_is_written_in_brackets(tmp_path):
    assert address_of(config(tmp_path, HOST="::1")) == "http://[::1]:8765"


def test_a_process_that_keeps_dying_is_started_less_and_less_often(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(serve.time, "monotonic", lambda: clock[0])
    starts = []

    class Dead:
        def __init__(self, *_, **__):
            starts.append(clock[0])

        def poll(self):
            return 1

    monkeypatch.setattr(serve.subprocess, "Popen", Dead)
    child = Child(["never"])
    for tenth in range(1200):
        clock[0] = tenth / 10
        child.keep_alive()

    gaps = [round(later - earlier, 1) for earlier, later in pairwise(starts)]
    assert gaps[0] < 0.5
    assert gaps == sorted(gaps)
    assert 25 < gaps[-1] < 32


def test_where_there_is_no_terminal_the_bar_is_one_line(capsys):
    for done in (0, 500, 740):
        show_progress("cbcc-2022", done, 740)

    assert capsys.readouterr().err.splitlines() == [f"cbcc-2022   {'█' * 30} 740/740 phiếu"]
