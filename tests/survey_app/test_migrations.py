"""The migrations make the tables of the models, and unmake them, on both databases."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect
from sqlalchemy.exc import IntegrityError

import survey_app.models  # noqa: F401 - makes every table known
from survey_app.db import Base, Database
from survey_app.migrate import alembic_config, current, downgrade, upgrade
from survey_app.models.responses import Answer, Response
from survey_app.models.units import Unit
from survey_app.services.door.responses import accept_response
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)

SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


def tables_of(database):
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_migrated_tables_are_those_of_the_models(database):
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, Base.metadata) == []


def test_migrated_checks_are_those_of_the_models(database):
    """Alembic does not compare checks."""
    wanted = {
        table.name: {c.name for c in table.constraints if isinstance(c, CheckConstraint)}
        for table in Base.metadata.tables.values()
    }
    with database.engine.connect() as connection:
        inspected = inspect(connection)
        found = {
            name: {check["name"] for check in inspected.get_check_constraints(name)}
            for name in wanted
        }

    assert found == wanted


def test_every_constraint_and_index_has_a_name(database):
    with database.engine.connect() as connection:
        inspected = inspect(connection)
        nameless = [
            (table, found)
            for table in inspected.get_table_names()
            if table != "alembic_version"
            for found in (
                *inspected.get_foreign_keys(table),
                *inspected.get_unique_constraints(table),
                inspected.get_pk_constraint(table),
            )
            if not found["name"]
        ]

    assert nameless == []


def test_down_removes_every_table_and_up_brings_them_back(database):
    tables = tables_of(database)

    downgrade(database, "base")
    assert (tables_of(database), current(database)) == (set(), None)

    upgrade(database)
    assert (tables_of(database), current(database)) == (tables, REVISIONS[-1])


def test_every_step_goes_down_and_up_again(database):
    for revision in reversed(REVISIONS):
        downgrade(database, "-1")
        upgrade(database, revision)
        assert current(database) == revision
        downgrade(database, "-1")

    assert tables_of(database) == set()


def test_no_answer_is_lost_when_its_table_is_made_anew(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code)
        accept_response(session, content, NOW, catalogue())
        before = session.query(Answer).count()

    downgrade(database, "0001")
    upgrade(database)

    with database.reading() as session:
        assert session.query(Response).count() == 1
        assert session.query(Answer).count() == before > 0
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(Answer(response_id=uuid4(), item="staff", value="1"))


def test_upgrading_an_up_to_date_database_changes_nothing(database):
    with database.writing() as session:
        make_unit(session)

    upgrade(database)

    with database.reading() as session:
        assert session.query(Unit).count() == 1


def test_a_failed_migration_leaves_nothing_behind(tmp_path, monkeypatch):
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    last = SCRIPTS.get_revision(REVISIONS[-1]).module

    def fail():
        original()
        raise RuntimeError("out of power")

    original = last.upgrade
    monkeypatch.setattr("alembic.script.base.ScriptDirectory.from_config", lambda _config: SCRIPTS)
    monkeypatch.setattr(last, "upgrade", fail)
    with pytest.raises(RuntimeError, match="out of power"):
        upgrade(database)

    assert (tables_of(database), current(database)) == (set(), None)
    database.engine.dispose()


def test_there_is_one_line_of_numbered_migrations():
    assert len(SCRIPTS.get_heads()) == 1
    assert not any(
        script.is_merge_point or script.is_branch_point for script in SCRIPTS.walk_revisions()
    )
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_migration_says_what_it_does_and_imports_no_model(revision):
    script = SCRIPTS.get_revision(revision)
    text = Path(script.path).read_text(encoding="utf-8")

    assert Path(script.path).name.startswith(f"{revision}_")
    assert script.doc
    assert not re.search(r"\b(survey_app|questionnaires|analysis)\b", text)
