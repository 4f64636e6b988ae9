"""How Alembic reaches the database: handed over by `survey_app.migrate`, or DATABASE_URL."""

from alembic import context
from sqlalchemy import Connection

from survey_app import models  # noqa: F401 - makes every table known
from survey_app.config import read_config
from survey_app.db import Base, Database, UtcDateTime


def run() -> None:
    """Run the migrations on one connection, in one transaction."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        database = Database(read_config().database_url)
        with database.engine.execution_options(writing=True).connect() as opened:
            _migrate(opened)
            opened.commit()
    else:
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: object, _context: object) -> str | bool:
    """A migration must not import models, which go on changing."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


run()
