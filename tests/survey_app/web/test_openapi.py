"""The description of the collection interface says what the interface does."""

from uuid import uuid4

import pytest

from survey_app import create_app
from survey_app.config import Config
from survey_app.web import api_codes
from tests.survey_app.code_factories import make_counted
from tests.survey_app.factories import (
    NOW,
    make_assignment,
    make_device,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.web.described import DescribedClient, faults

TABLET, SYSTEM = "token-of-a-tablet", "token-of-a-one-stop-system"
RETIRED = "token-of-a-retired-tablet"
VISITS, CONTACT = "/api/v1/visits", "/api/v1/contact"
MAX_BODY = 256 * 1024
RESPONSES, PACKAGE, OPENAPI = "/api/v1/responses", "/api/v1/package", "/api/v1/openapi.json"
CODES, COUNTS = "/api/v1/dossier-codes", "/api/v1/dossier-counts"


@pytest.fixture
def app(sqlite_database, tmp_path):
    return make_described(sqlite_database.url.render_as_string(), tmp_path)


def make_described(url, folder):
    app = create_app(
        Config(database_url=url, secret_key="s" * 32, instance=folder, max_body=MAX_BODY)
    )
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
        tablet = make_device(session, TABLET)
        make_device(session, SYSTEM, kind="system")
        make_device(session, RETIRED, retired_at=NOW)
        counted = make_counted(session, land=100)
        point = make_point(session, counted.wave)
        closed = make_wave(session, closed_at=NOW)
        area = make_assignment(session, point, device_id=tablet.id)
        return {
            "wave": counted.wave.code,
            "collection_point": point.code,
            "unit": counted.unit.code,
            "closed": closed.code,
            "area": area.code,
        }


def visit_to(area):
    told = {"id": str(uuid4()), "assignment": area, "household": 1, "outcome": "complete"}
    return told | {"day": "2026-11-20", "eligible": 2, "chosen": 1}


def asked(door):
    """A request for every answer an address may give: verb, path, status, body, token, head."""
    there = {name: door[name] for name in ("wave", "collection_point")}
    order = {"wave": door["wave"], "items": [{"unit": door["unit"]}]}
    count = {"collection_point": door["collection_point"], "day": "2026-11-19", "returned": 1}
    yield "get", OPENAPI, 200, None, ""
    yield "get", PACKAGE, 200, None, TABLET
    yield "post", RESPONSES, 200, {"responses": [response_content(**there)]}, TABLET
    yield "post", CODES, 200, order, SYSTEM
    yield "put", COUNTS, 200, {"counts": [count]}, SYSTEM
    yield "post", VISITS, 200, {"visits": [visit_to(door["area"])]}, TABLET
    yield "post", CONTACT, 200, {"queue": 3, "app": "1a2b3c"}, TABLET
    yield "get", PACKAGE, 304, None, TABLET, {"If-None-Match": "*"}
    yield "get", PACKAGE, 403, None, RETIRED
    devices = (("post", RESPONSES), ("post", VISITS), ("post", CONTACT))
    systems = (("post", CODES), ("put", COUNTS))
    for verb, path in (*devices, *systems):
        yield verb, path, 400, [], TABLET if (verb, path) in devices else SYSTEM
    for verb, path in (("get", PACKAGE), *devices, *systems):
        yield verb, path, 401, {}, "token-of-nobody-here"
    yield "post", CODES, 403, order, TABLET
    yield "put", COUNTS, 403, {"counts": [count]}, TABLET
    yield "post", RESPONSES, 403, {"responses": []}, SYSTEM
    yield "post", VISITS, 403, {"visits": []}, SYSTEM
    yield "post", CODES, 404, order | {"wave": "none"}, SYSTEM
    yield "post", CODES, 410, order | {"wave": door["closed"]}, SYSTEM
    yield "post", RESPONSES, 413, {"responses": [{}] * 501}, TABLET
    yield "post", VISITS, 413, {"visits": [{}] * 501}, TABLET
    yield "post", CONTACT, 413, {"app": "x" * MAX_BODY}, TABLET
    yield "post", CODES, 413, order | {"items": order["items"] * 501}, SYSTEM
    yield "put", COUNTS, 413, {"counts": [count] * 501}, SYSTEM
    yield "put", COUNTS, 422, {"counts": [count | {"returned": -1}]}, SYSTEM


def test_every_answer_that_is_described_is_given_and_no_other(client, door, tmp_path):
    away = make_described(f"sqlite:///{tmp_path}/none/none.sqlite3", tmp_path).test_client()
    given = set()
    for verb, path, status, body, token, *more in asked(door):
        headers = {"Authorization": f"Bearer {token}"} | (more[0] if more else {})
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
    interview = {"eligible": 3, "chosen": 2, "selection": "kish", "presence": ["official"]}
    interview |= {"interpreter": "nobody", "handed_over": True, "drop_off": False}
    interview |= {"place": {"latitude": 9.6, "longitude": 106}}
    paradata = {"app": "1", "seconds": 9, "elapsed": 9, "pages": [["staff", 9]], "pauses": [60]}
    paradata |= {"changes": {"staff": 1}, "clock": {"opened": "x", "monotonic_ms": 9000}}
    held = response_content(
        **there, assignment=door["area"], interview=interview, paradata=paradata
    )
    left = response_content(**there, partial=True, answers={"overall": None})
    sent = [whole, whole, left, held, response_content(**there, mode="?")]
    receipts = client.post(RESPONSES, json={"responses": sent}, headers=headers).get_json()

    told = [receipt["status"] for receipt in receipts["receipts"]]
    assert told == ["accepted", "duplicate", "accepted", "accepted", "rejected"]
    assert faults({"responses": sent[:4], "sent_at": "x", "queue": 3}, "Batch") == []
    assert faults({"responses": [{"id": whole["id"], "sealed": "s1.1.AAAA"}]}, "Batch") == []
    assert len(faults({"responses": sent[4:]}, "Batch")) == 1
    assert faults({"visits": [visit_to(door["area"])]}, "VisitBatch") == []
    assert len(faults({"visits": [visit_to(door["area"]) | {"response": "x"}]}, "VisitBatch")) == 1
