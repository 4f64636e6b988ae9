"""The door for one-stop systems: who may ask, what is taken, what comes back."""

import logging

import pytest
from sqlalchemy import func, select

from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import DossierCode
from survey_app.models.units import Unit
from survey_app.services.codes.dossier_codes import hash_of
from survey_app.web import api_codes
from tests.survey_app.code_factories import make_counted
from tests.survey_app.factories import NOW, make_device
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.described import DescribedClient

ADDRESS = "/api/v1/dossier-codes"
TOKEN = "token-of-a-one-stop-system"


@pytest.fixture
def client(sqlite_database, monkeypatch):
    """A one-stop system in front of a wave whose unit had a hundred dossiers last month."""
    monkeypatch.setattr(api_codes.clock, "now", lambda: NOW)
    with sqlite_database.writing() as session:
        make_counted(session, land=100, code="dot")
        make_device(session, TOKEN, kind="system")
        make_device(session, "token-of-a-tablet")
    app = make_app(sqlite_database, public_url="https://sipas.example")
    app.test_client_class = DescribedClient
    return app.test_client()


def ask(client, body, token=TOKEN):
    return client.post(ADDRESS, json=body, headers={"Authorization": f"Bearer {token}"})


def unit_of(database):
    with database.reading() as session:
        return session.scalars(select(Unit.code)).first()


def test_a_system_gets_a_code_and_its_address_for_each_dossier(client, sqlite_database):
    unit = unit_of(sqlite_database)
    items = [{"unit": unit, "field": "dat-dai", "month": "2026-11"}, {"unit": unit}]

    answer = ask(client, {"wave": "dot", "items": items})

    assert answer.status_code == 200
    codes = answer.json["codes"]
    assert [one["url"] for one in codes] == [
        f"https://sipas.example/s/c/{one['code']}" for one in codes
    ]
    with sqlite_database.reading() as session:
        stored = set(session.scalars(select(DossierCode.code_hash)))
    assert stored == {hash_of(one["code"]) for one in codes}


def test_a_dossier_that_a_code_would_name_gets_none(client, sqlite_database):
    with sqlite_database.writing() as session:
        small = make_counted(session, land=3).unit.code

    answer = ask(client, {"wave": "dot", "items": [{"unit": small}]})

    assert answer.json == {"codes": [{"code": None, "url": None}]}


@pytest.mark.parametrize(
    ("token", "status"), [("wrong-token-of-nobody", 401), ("token-of-a-tablet", 403)]
)
def test_only_an_enrolled_system_may_ask(client, sqlite_database, token, status):
    answer = ask(client, {"wave": "dot", "items": [{"unit": unit_of(sqlite_database)}]}, token)

    assert answer.status_code == status
    assert answer.json["error"]
    with sqlite_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(DossierCode)) == 0


def test_who_says_no_token_is_told_how(client):
    answer = client.post(ADDRESS, json={})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({"items": []}, 400),
        ({"wave": "dot", "items": {}}, 400),
        ({"wave": 1, "items": []}, 400),
        ({"wave": "dot", "items": [], "sender": "Nguyễn Văn A"}, 400),
        ({"wave": "dot", "items": [{"unit": "X", "dossier": "H17.1"}]}, 400),
        ({"wave": "dot", "items": [{"unit": "none"}]}, 400),
        ({"wave": "none", "items": []}, 404),
        ({"wave": "dot", "items": [{"unit": "X"}] * 501}, 413),
    ],
)
def test_anything_else_is_refused_in_one_sentence(client, body, status):
    answer = ask(client, body)

    assert answer.status_code == status
    assert answer.json["error"].endswith(".")


def test_what_is_no_json_is_refused(client):
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert client.post(ADDRESS, data=b'{"wave": NaN}', headers=headers).status_code == 400


def test_nothing_of_the_request_is_logged_or_recorded(client, sqlite_database, caplog):
    caplog.set_level(logging.DEBUG)
    unit = unit_of(sqlite_database)

    code = ask(client, {"wave": "dot", "items": [{"unit": unit}]}).json["codes"][0]["code"]

    assert code not in caplog.text
    with sqlite_database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []
