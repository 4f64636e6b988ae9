"""Two transactions at the same moment: the second begins while the first has not ended."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from survey_app.db import Database

PATIENCE = 10.0  # seconds the second may take to end, or to wait for the first
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def one_after_the_other(
    database: Database, first: Callable[[Session], Any], second: Callable[[Session], Any]
) -> list[Any]:
    """Do `first`, then `second` in a transaction of its own before `first` is committed.

    On PostgreSQL `first` is committed when `second` waits for it, or has ended; SQLite lets writers
    in one by one. Returns what both returned; raises what `second` raised.
    """
    told: list[Any] = []

    def other() -> None:
        try:
            with database.writing() as session:
                told.append(second(session))
        except Exception as error:
            told.append(error)

    thread = threading.Thread(target=other)
    with database.writing() as session:
        outcome = first(session)
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while not database.is_sqlite and thread.is_alive() and time.monotonic() < deadline:
            with database.reading() as looking:
                if looking.scalar(WAITS):
                    break
            time.sleep(0.01)
    thread.join(PATIENCE)
    if isinstance(told[0], Exception):
        raise told[0]
    return [outcome, told[0]]
