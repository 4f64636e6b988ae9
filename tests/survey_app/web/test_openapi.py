"""The description of the collection interface says what the interface does."""

import pytest

from survey_app import create_app
from survey_app.config import Config
from survey_app.web import api_codes
from tests.survey_app.code_factories import make_counted
from tests.survey_app.factories import NOW, make_device, make_point, make_wave, response_content
from tests.survey_app.web.described import DescribedClient, faults

TABLET, SYSTEM = "token-of-a-tablet", "token-of-a-one-stop-system"
RESPONSES, PACKAGE, OPENAPI = "/api/v1/responses", "/api/v1/package", "/api/v1/openapi.json"
CODES, COUNTS = "/api/v1/dossier-codes", "/api/v1/dossier-counts"


@pytest.fixture
def app(sqlite_database, tmp_path):
    return make_described(sqlite_database.url.render_as_string(), tmp_path)


def make_described(url, folder):
    app = create_app(Config(database_url=url, secret_key="s" * 32, instance=folder))
    app.test_client_class = DescribedClient
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_the_description_needs_no_token(client):
    answer = client.get(OPENAPI)

    assert answer.status_code == 200
    assert answer.get_json()["openapi"].startswith("3.1")


def test_every_route_is_described_and_nothing_else(app, client):
    paths = client.get(OPENAPI).get_json()["paths"]
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, verb) for path, verbs in paths.items() for verb in verbs} == routes


@pytest.fixture
def door(sqlite_database, monkeypatch):
    """A tablet and a one-stop system in front of an open wave and a closed one."""
    monkeypatch.setattr(api_codes.clock, "now", lambda: NOW)
    with sqlite_database.writing() as session:
        make_device(session, TABLET)
        make_device(session, SYSTEM, kind="system")
        counted = make_counted(session, land=100)
        point = make_point(session, counted.wave)
        closed = make_wave(session, closed_at=NOW)
        return {
            "wave": counted.wave.code,
            "collection_point": point.code,
            "unit": counted.unit.code,
            "closed": closed.code,
        }


def asked(door):
    """A request for every answer that an address may give: verb, path, status, body, token."""
    there = {name: door[name] for name in ("wave", "collection_point")}
    order = {"wave": door["wave"], "items": [{"unit": door["unit"]}]}
    count = {"collection_point": door["collection_point"], "day": "2026-11-19", "returned": 1}
    yield "get", OPENAPI, 200, None, ""
    yield "get", PACKAGE, 200, None, TABLET
    yield "post", RESPONSES, 200, {"responses": [response_content(**there)]}, TABLET
    yield "post", CODES, 200, order, SYSTEM
    yield "put", COUNTS, 200, {"counts": [count]}, SYSTEM
    for verb, path in (("post", RESPONSES), ("post", CODES), ("put", COUNTS)):
        yield verb, path, 400, [], TABLET if path == RESPONSES else SYSTEM
    for verb, path in (("get", PACKAGE), ("post", RESPONSES), ("post", CODES), ("put", COUNTS)):
        yield verb, path, 401, {}, "token-of-nobody-here"
    yield "post", CODES, 403, order, TABLET
    yield "put", COUNTS, 403, {"counts": [count]}, TABLET
    yield "post", CODES, 404, order | {"wave": "none"}, SYSTEM
    yield "post", CODES, 410, order | {"wave": door["closed"]}, SYSTEM
    yield "post", RESPONSES, 413, {"responses": [{}] * 501}, TABLET
    yield "post", CODES, 413, order | {"items": order["items"] * 501}, SYSTEM
    yield "put", COUNTS, 413, {"counts": [count] * 501}, SYSTEM
    yield "put", COUNTS, 422, {"counts": [count | {"returned": -1}]}, SYSTEM


def test_every_answer_that_is_described_is_given_and_no_other(client, door, tmp_path):
    away = make_described(f"sqlite:///{tmp_path}/none/none.sqlite3", tmp_path).test_client()
    given = set()
    for verb, path, status, body, token in asked(door):
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(path, method=verb.upper(), json=body, headers=headers)
        assert answer.status_code == status, (verb, path, answer.get_data(as_text=True))
        given.add((path, verb, str(status)))
        if token:
            answer = away.open(path, method=verb.upper(), json=body, headers=headers)
            given.add((path, verb, str(answer.status_code)))
    paths = client.get(OPENAPI).get_json()["paths"]

    assert given == {
        (path, verb, status)
        for path, verbs in paths.items()
        for verb, told in verbs.items()
        for status in told["responses"]
    }


def test_every_reference_of_the_description_leads_somewhere(client):
    document = client.get(OPENAPI).get_json()
    schemas = document["components"]["schemas"]
    named = {part["$ref"].rpartition("/")[2] for part in parts_of(document) if "$ref" in part}

    assert named == set(schemas)


def parts_of(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from parts_of(part)


def test_what_is_sent_and_answered_has_the_shape_that_is_described(client, door):
    headers = {"Authorization": f"Bearer {TABLET}"}
    there = {name: door[name] for name in ("wave", "collection_point")}
    whole = response_content(
        **there, paradata={"a": 1}, unit=None, field="dat-dai", helped="relative", consent="2026-1"
    )
    left = response_content(**there, partial=True, answers={"overall": None})
    sent = [whole, whole, left, response_content(**there, mode="?")]
    receipts = client.post(RESPONSES, json={"responses": sent}, headers=headers).get_json()

    told = [receipt["status"] for receipt in receipts["receipts"]]
    assert told == ["accepted", "duplicate", "accepted", "rejected"]
    assert faults({"responses": sent[:3]}, "Batch") == []
    assert faults({"responses": [{"id": whole["id"], "sealed": "s1.1.AAAA"}]}, "Batch") == []
    assert len(faults({"responses": sent[3:]}, "Batch")) == 1
