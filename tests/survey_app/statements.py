"""What a database is asked, statement by statement."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from survey_app.db import Database


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """The statements that the database hears in the block, without those of savepoints."""
    told: list[str] = []

    def hear(*given: object) -> None:
        told.append(str(given[2]))

    event.listen(database.engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(database.engine, "before_cursor_execute", hear)
        told[:] = [statement for statement in told if "SAVEPOINT" not in statement]
