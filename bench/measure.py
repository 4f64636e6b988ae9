"""How figures are taken and printed: best of several runs, peak memory of a child, a line each."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 2**20
# The command after this prelude runs in a child; the last line it prints is the peak of its memory.
CHILD = """
import runpy, sys
from bench.measure import peak_memory
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
except SystemExit as end:
    if end.code:
        raise
sys.stdout.write(f"\\n{peak_memory()}\\n")
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Child:
    """What a child process took: wall time in seconds, peak resident bytes, what it printed."""

    seconds: float
    peak: int
    printed: str

    @property
    def answer(self) -> dict[str, float]:
        """The JSON object that the child printed."""
        found: dict[str, float] = json.loads(self.printed)
        return found


def best_of(times: int, task: Callable[[], T]) -> tuple[float, T]:
    """The shortest wall time of several runs in seconds, and what the last run returned."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        found = task()
        seconds.append(perf_counter() - start)
    return min(seconds), found


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes.

    On Linux not from `getrusage`, which counts the parent's memory at the start of a child as well.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return 1024 * int(found[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def python(*arguments: str) -> None:
    """Run the interpreter of this process on the tree of the project."""
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def child(module: str, *arguments: str) -> Child:
    """Run a module in a process of its own; raises `RuntimeError` with its words when it fails."""
    start = perf_counter()
    command = [sys.executable, "-c", CHILD, module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    seconds = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr}")
    printed, _, peak = done.stdout.rstrip("\n").rpartition("\n")
    return Child(seconds, int(peak), printed.rstrip("\n"))


def as_time(seconds: float) -> str:
    """Seconds as a person reads them."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def ratio(seconds: float, reference: float, name: str) -> str:
    """How many times a reference, measured in the same run, something took."""
    return f"{seconds / reference:,.2f} x {name} ({as_time(reference)})"


_broken: list[str] = []


def verdict(is_kept: bool, kept: str = "holds", broken: str = "FAILS") -> str:
    """Say whether what was promised holds; what does not is remembered for the end of the run."""
    if not is_kept:
        _broken.append(broken)
    return kept if is_kept else broken


def end() -> None:
    """End the run, with status 1 and a line when a promise did not hold."""
    if _broken:
        sys.exit(f"{len(_broken)} promises do not hold: {', '.join(_broken)}")


def budget(seconds: float, most: float) -> str:
    """How much of its budget something took, and whether it kept within it."""
    share = f"{seconds / most:,.2f} x the budget ({as_time(most)})"
    return f"{share}: {verdict(seconds <= most, 'within', 'OVER')}"


def line(name: str, seconds: float, *compared: str) -> None:
    """Print one measured time and what it compares with."""
    print(f"  {name:<38}{as_time(seconds):>10}  {', '.join(compared)}")


def memory_line(name: str, peak: int, *compared: str) -> None:
    """Print one measured peak of memory and what it compares with."""
    print(f"  {name:<38}{peak / MEBIBYTE:>6.0f} MiB  {', '.join(compared)}")


def growth_line(rows: Sequence[int], seconds: Sequence[float]) -> None:
    """Print how the cost grows with the data: at most 1 means no faster than the rows."""
    steps = [
        f"{big:,} / {small:,} rows: time x {after / before:,.1f}, "
        f"{after / before / (big / small):.2f} of the rows"
        for small, big, before, after in zip(rows, rows[1:], seconds, seconds[1:], strict=False)
    ]
    print(f"  {'growth':<48}  {'; '.join(steps)}")
