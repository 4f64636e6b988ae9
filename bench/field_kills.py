"""A tablet whose browser is killed (SIGKILL) at random moments of interviews: what is lost."""

import logging
import tempfile
from pathlib import Path
from time import perf_counter

from playwright.sync_api import sync_playwright

from bench.chromium import CHROMIUM
from bench.measure import verdict
from survey_app.db import Database
from survey_app.migrate import upgrade
from tests.survey_app.web.killed_tablet import check_arrived, ordeal
from tests.survey_app.web.tablet_field import LONG, long_form, make_area, serving_field

KILLS = 50
SEED = 20261128


def run(_large: bool = False) -> None:
    """Print how many answers were given before 50 kills, and how many of them were lost."""
    if CHROMIUM is None:
        print("field_kills: chromium is not installed")
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    begun = perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        database = Database(f"sqlite:///{home}/field.sqlite3")
        upgrade(database)
        definitions = long_form(Path(home) / "definitions")
        area = make_area(database, LONG, definitions=definitions, quota=200)
        with serving_field(database, definitions) as site, sync_playwright() as playwright:
            told = ordeal(playwright, CHROMIUM, Path(home) / "profile", site, area, KILLS, SEED)
        check_arrived(database, told)
        database.engine.dispose()
    print(
        f"field_kills: {told.kills} kills in {perf_counter() - begun:.0f} s, "
        f"{told.given} answers given, {told.lost} lost, "
        f"at most {told.worst} by one kill: {verdict(told.worst <= 1)}; "
        f"{len(told.finished)} interviews finished, each arrived once and whole"
    )
