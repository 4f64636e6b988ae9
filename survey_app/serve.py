"""The supervisor: migrates, starts web and job processes, starts them again, ends them all."""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from urllib.error import URLError
from urllib.request import urlopen

from flask import Flask

from questionnaires.refusal import Refusal
from survey_app import clock, create_app
from survey_app.catalogue import KeptCatalogue
from survey_app.config import Config, kept_secret, read_config
from survey_app.db import Database
from survey_app.migrate import reach, upgrade
from survey_app.services.counter.links import token_of
from survey_app.services.operation.accounts import password_fits
from survey_app.services.operation.demo import is_for_demo, load_demo, visitors_link
from survey_app.services.operation.demo_access import (
    NAME,
    ROLE,
    grant_demo_account,
    grant_demo_device,
    grant_demo_tablet,
    withdraw_demo_device,
)

WEB_PROCESSES, WEB_THREADS = 2, 8
# Connections a process takes; further ones wait in the socket of the supervisor, where no killed
# process takes them along. Those that are kept open without a request count too, so not just 8.
WEB_CONNECTIONS = 4 * WEB_THREADS
GRACE = 10.0  # seconds a process has to finish what it is doing before it is killed
PATIENCE = 60.0  # seconds until the first page must have come
STEADY = 5.0  # a process that lived this long is started again at once
PAUSE, LONGEST_PAUSE = 0.2, 30.0
TICK = 0.1
BAR = 30


@dataclass
class Child:
    """A process that is started again whenever it ends, less often if it keeps ending."""

    command: Sequence[str]
    inherited: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = PAUSE

    def keep_alive(self) -> None:
        """Start the process unless it runs or its pause is not over."""
        now = time.monotonic()
        if self.process is None:
            self._start(now)
        elif self.process.poll() is not None and now > self.started + self.pause:
            steady = now > self.started + self.pause + STEADY
            self.pause = PAUSE if steady else min(2 * self.pause, LONGEST_PAUSE)
            self._start(now)

    def end(self, deadline: float) -> None:
        """Wait for the process, which was told to end, then kill it and all it has started."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        if sys.platform == "win32":
            self.process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _start(self, now: float) -> None:
        self.started = now
        windows = sys.platform == "win32"
        self.process = subprocess.Popen(
            self.command,
            pass_fds=self.inherited,
            start_new_session=not windows,  # Ctrl-C reaches the supervisor only
            preexec_fn=None if windows else _end_with_supervisor,
        )


def serve(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status.

    The socket stays open in this process, so that people wait instead of being turned away while a
    killed web process comes back.
    """
    with _bound(config) as bound:
        lines = prepare(config)
        children = (Child(_web_command(config, bound), bound), Child(_own_command("worker")))
        stopped: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _frame: stopped.append(received))
        try:
            return _supervise(config, children, lines, stopped)
        finally:
            _end(children)


def prepare(config: Config) -> list[str]:
    """Bring the database up to date, fill it in a demo; returns the lines to print at the start."""
    lines = [f"address: {address_of(config)}"]
    with reach(config.database_url) as database:
        upgrade(database)
        if config.demo:
            return [*lines, *_open_demo(config, database)]
        with database.writing() as session:
            withdraw_demo_device(session, clock.now())
    return lines


def fill(database: Database) -> int:
    """Load the demo waves, unless they are there; returns how many responses were added.

    Raises `Refusal` for a database that holds other waves and was never one of the demo.
    """
    with database.reading() as session:
        loaded, for_demo = visitors_link(session, clock.now()) is not None, is_for_demo(session)
    if not for_demo:
        if loaded:
            return 0
        raise Refusal(
            "Cơ sở dữ liệu đã có đợt khảo sát khác nên không nạp dữ liệu dùng thử. "
            "Hãy bỏ DEMO=1 hoặc chọn DATABASE_URL khác."
        )
    return load_demo(database.writing, KeptCatalogue(), clock.now(), show_progress)


def show_progress(what: str, done: int, total: int) -> None:
    """Draw a progress bar on a terminal; elsewhere say only that it is finished."""
    terminal, finished = sys.stderr.isatty(), done == total
    if not terminal and not finished:
        return
    bar = ("█" * (BAR * done // max(total, 1))).ljust(BAR, "·")
    start, stop = ("\r" if terminal else ""), ("\n" if finished else "")
    sys.stderr.write(f"{start}{what:<12}{bar} {done}/{total} phiếu{stop}")
    sys.stderr.flush()


def address_of(config: Config) -> str:
    """Where a browser on this machine finds the service."""
    return replace(config, public_url="").address


def application() -> Flask:
    """The web application of a server process, built from the environment."""
    return create_app(read_config())


def _open_demo(config: Config, database: Database) -> list[str]:
    """Fill the demo and let people in; its secrets are those of the instance folder."""
    fill(database)
    password = kept_secret(config.instance, "demo_password")
    token = kept_secret(config.instance, "demo_device_token")
    with database.reading() as session:
        fits = password_fits(session, NAME, password)
    with database.writing() as session:
        grant_demo_account(session, password, fits, clock.now())
        grant_demo_device(session, token, clock.now())
        code = grant_demo_tablet(session, clock.now())
        link = visitors_link(session, clock.now())
        assert link
        form = token_of(session, link, config.secret_key, clock.now())
    at = address_of(config)
    return [
        f"sign-in: {NAME} {password} ({ROLE})",
        f"device token: {token}",
        f"form: {at}/s/{form}",
        f"kiosk: {at}/k/{form} (code: {at}/admin/kiosks)",
        f"tablet: {at}/t/ {code}",
    ]


def _supervise(
    config: Config, children: Iterable[Child], lines: Iterable[str], stopped: Sequence[int]
) -> int:
    deadline = time.monotonic() + PATIENCE
    ready = False
    while not stopped:
        for child in children:
            child.keep_alive()
        if not ready:
            ready = _answers(config)
            if ready:
                sys.stdout.write("".join(f"{line}\n" for line in lines))
                sys.stdout.flush()
            elif time.monotonic() > deadline:
                raise Refusal("Máy chủ web không khởi động được; xin xem thông báo lỗi ở trên.")
        time.sleep(TICK)
    return 0


def _end(children: Iterable[Child]) -> None:
    deadline = time.monotonic() + GRACE
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    for child in children:
        child.end(deadline)


def _answers(config: Config) -> bool:
    try:
        with urlopen(f"{address_of(config)}/healthz", timeout=2) as page:
            return bool(page.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def _bound(config: Config) -> Iterator[tuple[int, ...]]:
    """Bind the address before anything is changed; gives the socket a web process inherits."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as listener:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, config)
        if sys.platform == "win32":  # no inheriting there: the server binds it anew
            listener.close()
            yield ()
        else:
            yield (listener.fileno(),)


def _bind(listener: socket.socket, config: Config) -> None:
    """Bind; the processes of a killed supervisor may still be finishing what they were doing."""
    deadline = time.monotonic() + GRACE
    while True:
        try:
            listener.bind((config.host, config.port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if taken and time.monotonic() < deadline:
                time.sleep(TICK)
                continue
            template = "Không mở được cổng {port} trên {host}: {detail}. Hãy đặt PORT khác."
            detail = str(error).rstrip(".")
            raise Refusal(template, port=config.port, host=config.host, detail=detail) from error
        return


def _web_command(config: Config, bound: tuple[int, ...]) -> list[str]:
    if not bound:
        options = [f"--host={config.host}", f"--port={config.port}", f"--threads={WEB_THREADS}"]
        return [
            sys.executable,
            "-m",
            "waitress",
            *options,
            "--call",
            "survey_app.serve:application",
        ]
    return [
        *(sys.executable, "-m", "gunicorn", "survey_app.serve:application()"),
        *(f"--bind=fd://{bound[0]}", "--worker-class=gthread", "--no-control-socket"),
        *(f"--workers={WEB_PROCESSES}", f"--threads={WEB_THREADS}", "--log-level=warning"),
        f"--worker-connections={WEB_CONNECTIONS}",
        *("--timeout=60", f"--graceful-timeout={GRACE / 2:.0f}"),
        "--logger-class=survey_app.server_log.DiscreetLogger",
    ]


def _own_command(name: str) -> list[str]:
    return [sys.executable, "-m", "survey_app", name]


def _end_with_supervisor() -> None:
    """Between fork and exec: have Linux end this process when the supervisor is killed."""
    if sys.platform == "linux":
        parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)
