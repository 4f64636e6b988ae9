"""Whether the database answers."""

import pytest
from sqlalchemy.exc import DatabaseError

from survey_app.db import Database
from survey_app.services.operation.health import check_database


def test_a_migrated_database_is_well(database):
    with database.reading() as session:
        check_database(session)


def test_a_database_without_tables_is_not(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with database.reading() as session, pytest.raises(DatabaseError):
        check_database(session)
    database.engine.dispose()
