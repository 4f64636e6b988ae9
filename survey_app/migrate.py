"""The tables of one database: up to the newest migration, back, and where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError, OperationalError

from questionnaires.refusal import Refusal
from survey_app.db import Database

ROOT = Path(__file__).parents[1]
FIRST, NEWEST = "base", "head"


@contextmanager
def reach(url: str) -> Iterator[Database]:
    """A database that answers, closed at the end; raises `Refusal` when it cannot be reached."""
    template = "Không mở được cơ sở dữ liệu ở DATABASE_URL: {detail}."
    try:
        database = Database(url)
        database.engine.connect().close()
    except OperationalError as error:
        why = str(error.orig).splitlines()[0].rstrip(".")
        raise Refusal(template, detail=why) from error
    except (ArgumentError, ImportError) as error:
        raise Refusal(template, detail="chỉ dùng được sqlite:/// hoặc postgresql://") from error
    try:
        yield database
    finally:
        database.engine.dispose()


def upgrade(database: Database, revision: str = NEWEST) -> None:
    """Bring the tables up to a migration, the newest by default; all of it or nothing.

    Raises `Refusal` when there is no such migration, or the tables are those of a newer program.
    """
    _run(database, revision, up=True)


def downgrade(database: Database, revision: str) -> None:
    """Bring the tables back to a migration; `base` removes them all. Raises `Refusal` likewise."""
    _run(database, revision, up=False)


def current(database: Database) -> str | None:
    """The migration a database stands at; None for one without tables."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def alembic_config(connection: Connection | None = None) -> Config:
    """The settings of pyproject.toml, with the connection `migrations/env.py` is to use."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["connection"] = connection
    return config


def _run(database: Database, revision: str, up: bool) -> None:
    with database.migrating() as connection:
        config = alembic_config(connection)
        try:
            (command.upgrade if up else command.downgrade)(config, revision)
        except CommandError as error:
            template = "Không chuyển được bảng dữ liệu đến phiên bản «{revision}»: {detail}."
            detail = str(error).rstrip(".")
            raise Refusal(template, revision=revision, detail=detail) from error
