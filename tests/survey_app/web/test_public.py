"""What everybody may open."""

from survey_app.db import Database
from tests.survey_app.web.citizen_door import make_app


def test_a_service_with_a_database_is_well(sqlite_database):
    page = make_app(sqlite_database).test_client().get("/healthz")

    assert (page.status_code, page.json) == (200, {"status": "ok"})


def test_a_service_without_its_tables_is_not_well(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")

    page = make_app(database).test_client().get("/healthz")
    database.engine.dispose()

    assert page.status_code == 503
    assert "Retry-After" in page.headers


def test_the_front_leads_to_the_administration(sqlite_database):
    assert make_app(sqlite_database).test_client().get("/").location == "/admin/"
