"""Reaching a database and moving its tables, or one sentence why not."""

import pytest
from sqlalchemy import text

from questionnaires.refusal import Refusal
from survey_app.migrate import current, downgrade, reach, upgrade


def test_a_new_file_is_reached_and_brought_up(tmp_path):
    with reach(f"sqlite:///{tmp_path / 'new.sqlite3'}") as database:
        assert current(database) is None
        upgrade(database)
        assert current(database)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "sqlite:///"),
        ("no url", "sqlite:///"),
        ("mysql://localhost/sipas", "sqlite:///"),
        ("sqlite:////nowhere/at/all.sqlite3", "unable to open"),
        ("postgresql://nobody:hidden@127.0.0.1:1/none", "onnection"),
    ],
)
def test_a_database_out_of_reach_is_refused_without_its_password(url, said):
    with pytest.raises(Refusal, match=said) as refused, reach(url):
        pytest.fail("reached")

    assert "DATABASE_URL" in str(refused.value)
    assert "hidden" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_error_inside_is_not_taken_for_an_unreachable_database(tmp_path):
    def fail():
        with reach(f"sqlite:///{tmp_path / 'new.sqlite3'}"):
            raise ImportError("something else")

    with pytest.raises(ImportError, match="something else"):
        fail()


@pytest.mark.parametrize("move", [upgrade, downgrade])
def test_an_unknown_migration_is_refused(database, move):
    stood = current(database)

    with pytest.raises(Refusal, match="9999"):
        move(database, "9999")

    assert current(database) == stood


def test_tables_of_a_newer_program_are_refused(database):
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Refusal, match="9999"):
        upgrade(database)
