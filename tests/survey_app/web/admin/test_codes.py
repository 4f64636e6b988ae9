"""The room of codes: what is handed over is a file, and nothing of it stays."""

import io
import zipfile

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import DossierCode
from survey_app.models.units import Unit
from survey_app.services.codes.dossier_codes import hash_of
from survey_app.services.operation.accounts import create_account
from tests.survey_app.code_factories import make_counted
from tests.survey_app.factories import NOW
from tests.survey_app.web.citizen_door import hidden, make_app
from tests.survey_app.web.office import PASSWORD, browser_of

PAGE = "/admin/waves/dot/dossier-codes"


@pytest.fixture
def database(sqlite_database, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with sqlite_database.writing() as session:
        make_counted(session, land=100, code="dot")
    return sqlite_database


def browser(database, role="administrator"):
    with database.writing() as session:
        create_account(session, role, PASSWORD, role)
    return browser_of(make_app(database), role)


def unit_of(database):
    with database.reading() as session:
        return session.scalars(select(Unit.code)).one()


def order(client, unit, count="30", **fields):
    page = client.get(PAGE)
    return client.post(PAGE, data=hidden(page) | {"unit": unit, "count": count} | fields)


def test_codes_are_handed_over_as_files_and_only_their_hashes_stay(database):
    client = browser(database)

    answer = order(client, unit_of(database), "31", field="dat-dai", month="2026-11")

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        lines = archive.read("ma-ho-so.csv").decode("utf-8-sig").splitlines()[1:]
    codes = [line.split(";")[0] for line in lines]
    with database.reading() as session:
        stored = set(session.scalars(select(DossierCode.code_hash)))
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "dossier_codes_printed")
        )
    assert names == ["ma-ho-so.csv", "ma-ho-so.pdf"]
    assert stored == {hash_of(code) for code in codes}
    assert entry.subject.endswith(": 31")


@pytest.mark.parametrize("count", ["29", "", "nhiều", "-40", "501", "99999999"])
def test_a_number_that_will_not_do_is_told_and_the_form_keeps_what_was_filled_in(database, count):
    client, unit = browser(database), unit_of(database)

    answer = order(client, unit, count)

    assert answer.status_code == 422
    assert "từ 30 đến 500 mã" in answer.text
    assert f'value="{unit}" selected' in answer.text


def test_only_an_administrator_makes_codes(database):
    assert browser(database, "supervisor").get(PAGE).status_code == 403


def test_an_unknown_wave_is_not_found(database):
    assert browser(database).get("/admin/waves/none/dossier-codes").status_code == 404
