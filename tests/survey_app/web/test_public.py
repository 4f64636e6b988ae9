"""What everybody may open."""

import html
import re

import pytest

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


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_the_accessibility_statement_names_its_standard_and_every_page_leads_to_it(
    sqlite_database, language
):
    client = make_app(sqlite_database, complaints="Gọi 1900 0000.").test_client()
    found = client.get(f"/nowhere?lang={language}").text
    page = client.get(html.unescape(re.search(r'href="(/accessibility[^"]*)"', found)[1]))

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    for named in ("WCAG", "26/2020/TT-BTTTT", "axe-core", "Gọi 1900 0000."):
        assert named in page.text
