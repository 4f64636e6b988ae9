"""200 tablets with 50 interviews each sync at once on a bad day, against the same on a good one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bad_network import BROKEN, CUT, DROPPED, Weather
from bench.field import BUSY, Day, Field, Trouble, faults_of, prepare_field, serve_field, sync
from bench.measure import line, ratio, verdict
from bench.postgresql import find_binaries, new_database, private_server
from survey_app.db import Database
from survey_app.migrate import upgrade

TABLETS, INTERVIEWS = 200, 50
KILL_EVERY = 5.0  # seconds
PACE = 0.05  # of the pauses of real tablets, so that they press twenty times as hard
LONGEST = 900.0  # seconds
KEPT = "nothing lost, nothing doubled, every receipt equal at every later send"
GOOD, BAD = Weather(cut=0, dropped=0), Weather()


def run(_large: bool = False) -> None:
    """Print what the bad day took on both databases, and whether anything was lost or doubled."""
    print(f"tablets: {TABLETS} x {INTERVIEWS} interviews, half of them sealed")
    with tempfile.TemporaryDirectory() as folder:
        for day in ("good", "bad"):
            (Path(folder) / day).mkdir()
        urls = {day: f"sqlite:///{folder}/{day}/field.sqlite3" for day in ("good", "bad")}
        _compare("SQLite", urls["good"], urls["bad"], Path(folder))
    binaries = find_binaries()
    if binaries is None:
        print("  PostgreSQL: not installed")
        return
    with (
        private_server(binaries) as server,
        new_database(server) as good,
        new_database(server) as bad,
        tempfile.TemporaryDirectory() as folder,
    ):
        good_url, bad_url = (url.render_as_string(hide_password=False) for url in (good, bad))
        _compare("PostgreSQL", good_url, bad_url, Path(folder))


def _compare(name: str, good_url: str, bad_url: str, folder: Path) -> None:
    with _field(good_url) as field, serve_field(field.database, folder / "good") as served:
        good = sync(field, served, Trouble(GOOD, kill_every=0, pace=PACE), LONGEST)
        faults = faults_of(field, good)
    with _field(bad_url) as field, serve_field(field.database, folder / "bad") as served:
        bad = sync(field, served, Trouble(BAD, KILL_EVERY, pace=PACE), LONGEST)
        again = sync(field, served, Trouble(GOOD, kill_every=0, pace=PACE, seed=2), LONGEST)
        faults += faults_of(field, bad, again)
    speed = f"{TABLETS * INTERVIEWS / bad.seconds:,.0f} responses/s"
    line(f"{name}, a bad day", bad.seconds, speed, ratio(bad.seconds, good.seconds, "a good one"))
    print(f"    {_told(bad)}")
    found = f"FAILS: {len(faults)} faults: {faults[:5]}"
    print(f"    {verdict(not faults, KEPT, found)}")


@contextmanager
def _field(url: str) -> Iterator[Field]:
    database = Database(url)
    upgrade(database)
    yield prepare_field(database, TABLETS, INTERVIEWS)
    database.engine.dispose()


def _told(day: Day) -> str:
    batches = sum(tablet["tries"] for tablet in day.tablets)
    unheard = sum(tablet["unheard"] for tablet in day.tablets)
    return (
        f"{batches:,} batches sent, {unheard:,} unheard: {day.fates[CUT]:,} replies cut, "
        f"{day.fates[DROPPED]:,} dropped in mid-body, {day.fates[BROKEN]:,} under a kill; "
        f"{day.statuses[BUSY]:,} times told to come back; {day.killed} workers killed"
    )
