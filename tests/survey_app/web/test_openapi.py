"""The description of the collection interface says what the interface does."""

import pytest

from survey_app import create_app
from survey_app.config import Config
from tests.survey_app.factories import make_device, make_point, make_wave, response_content

TOKEN = "token-of-a-tablet"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
RESPONSES, PACKAGE, OPENAPI = "/api/v1/responses", "/api/v1/package", "/api/v1/openapi.json"


@pytest.fixture
def app(sqlite_database, tmp_path):
    url = sqlite_database.url.render_as_string()
    return create_app(Config(database_url=url, secret_key="s" * 32, instance=tmp_path))


@pytest.fixture
def client(app):
    return app.test_client()


def test_the_description_needs_no_token(client):
    answer = client.get(OPENAPI)

    assert answer.status_code == 200
    assert answer.get_json()["openapi"].startswith("3.1")


def test_every_route_and_answer_is_described(app, client):
    paths = client.get(OPENAPI).get_json()["paths"]
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, verb) for path, verbs in paths.items() for verb in verbs} == routes
    assert set(paths[RESPONSES]["post"]["responses"]) == {"200", "400", "401", "413", "503"}
    assert set(paths[PACKAGE]["get"]["responses"]) == {"200", "401", "503"}


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


def test_answers_have_the_shape_that_is_described(client, sqlite_database):
    with sqlite_database.writing() as session:
        opened = make_device(session, TOKEN).enrolled_at
        wave = make_wave(session, opened_at=opened)
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
    schemas = client.get(OPENAPI).get_json()["components"]["schemas"]
    content = response_content(**door, paradata={"a": 1}, unit=None)
    batch = {"responses": [content, content, response_content(**door, mode="?")]}
    sent = client.post(RESPONSES, json=batch, headers=HEADERS)
    package = client.get(PACKAGE, headers=HEADERS)

    unknown_mode = ["$.responses[]: fits 0 of oneOf"]
    assert faults(batch, schemas["Batch"], schemas) == unknown_mode
    sealed = {"responses": [{"id": content["id"], "sealed": "s1.1.AAAA"}]}
    assert faults(sealed, schemas["Batch"], schemas) == []
    assert faults(sent.get_json(), schemas["Receipts"], schemas) == []
    assert faults(package.get_json(), schemas["Package"], schemas) == []
    assert faults(client.get(PACKAGE).get_json(), schemas["Error"], schemas) == []


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "null": type(None),
}


def faults(value, schema, schemas, where="$"):
    """Where a value is not what a schema says, as far as ours use the language of schemas."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:
        fitting = [part for part in schema["oneOf"] if not faults(value, part, schemas)]
        return [] if len(fitting) == 1 else [f"{where}: fits {len(fitting)} of oneOf"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(type(value) is TYPES[kind] for kind in kinds):
        return [f"{where}: {type(value).__name__} is not {kinds}"]
    found = [f"{where}: not in enum"] if value not in schema.get("enum", [value]) else []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{where}.{n}: missing" for n in schema.get("required", []) if n not in value]
        if known and "additionalProperties" not in schema:
            found += [f"{where}.{name}: not described" for name in value if name not in known]
        for name, part in value.items():
            if name in known:
                found += faults(part, known[name], schemas, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for part in value:
            found += faults(part, schema["items"], schemas, f"{where}[]")
    return found
