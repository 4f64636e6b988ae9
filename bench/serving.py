"""The real supervisor as a child process: started, asked, its processes found and killed."""

import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import Request, urlopen

from bench.measure import ROOT

PATIENCE = 30.0
WORKER = "gunicorn"


class Served:
    """A supervisor in the foreground of nobody, and the first lines it printed.

    It hears only the variables given, and `INSTANCE` and `PORT`; ended on leaving.
    """

    def __init__(
        self, instance: Path, lines: int = 1, port: int | None = None, **environment: str
    ) -> None:
        self.port = port or free_port()
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {"INSTANCE": str(instance), "PORT": str(self.port), "PYTHONUTF8": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "survey_app", "serve"],
            cwd=ROOT,
            env=kept | own | environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._printed = self.process.stdout
        assert self._printed is not None
        self.lines = [self._printed.readline().rstrip("\n") for _ in range(lines)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        if self._printed is not None:
            self._printed.close()

    def said(self, what: str) -> str:
        """What stands behind a word at the beginning of a printed line."""
        return next(line.partition(": ")[2] for line in self.lines if line.startswith(what))

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of a page."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urlopen(request, timeout=PATIENCE) as page:
            return page.status, page.read()

    def children(self, word: str) -> list[int]:
        """Processes below the supervisor with this word in their command, deepest last."""
        found = below(self.process.pid)
        return [pid for pid in found if word in command_of(pid)]

    def kill_worker(self, chance: random.Random) -> bool:
        """Kill one of the processes that answer requests; False while there is none."""
        _master, *workers = self.children(WORKER) or [0]
        if not workers:
            return False
        try:
            os.kill(chance.choice(workers), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def below(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have started."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        direct = [int(p) for task in tasks for p in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []
    return [*direct, *(deeper for child in direct for deeper in below(child))]


def command_of(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def lives(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
