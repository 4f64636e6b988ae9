"""The door of tablets: the app's parts, and enrolling over HTTP."""

import json
from datetime import timedelta

import pytest

from survey_app import clock
from survey_app.i18n import LANGUAGES
from survey_app.services.field.devices import give_code, prepare_device
from tests.survey_app.web.citizen_door import make_app


@pytest.fixture
def client(sqlite_database):
    return make_app(sqlite_database).test_client()


@pytest.fixture
def code(sqlite_database):
    now = clock.now()
    with sqlite_database.writing() as session:
        device = prepare_device(session, "Máy tính bảng 1", "tablet", now)
        device.surveyor = "Trần Thị B"
        return give_code(device, now + timedelta(days=1))


def enrol(client, body):
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post("/t/enrol", data=data, content_type="application/json")


def test_a_code_is_worth_a_token_that_opens_the_interface(client, code):
    found = enrol(client, {"code": code}).get_json()

    assert (found["device"], found["surveyor"]) == ("Máy tính bảng 1", "Trần Thị B")
    assert found["server_time"].endswith("+00:00")
    headers = {"Authorization": f"Bearer {found['token']}"}
    package = client.get("/api/v1/package", headers=headers).get_json()
    assert package["device"] == {"name": "Máy tính bảng 1", "surveyor": "Trần Thị B"}


@pytest.mark.parametrize("body", [{"code": "WRONG"}, {}, {"code": 3}, [], "{", b"\xff"])
def test_anything_else_is_a_sentence(client, code, body):
    answer = enrol(client, body)

    assert answer.status_code == 400
    assert answer.get_json()["error"].endswith(".")


def test_no_page_of_another_site_enrols(client, code):
    answer = client.post("/t/enrol", json={"code": code}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 400


def test_the_page_is_the_same_for_everybody_and_may_ask_for_a_place(client):
    page = client.get("/t/", headers={"Accept-Language": "en"})

    assert page.text == client.get("/t/").text
    assert '<html lang="vi">' in page.text
    assert "Set-Cookie" not in page.headers
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]


def test_every_part_that_the_worker_keeps_is_there(client):
    worker = client.get("/t/sw.js")
    assert worker.mimetype == "text/javascript"
    line = next(line for line in worker.text.splitlines() if line.startswith("const ASSETS"))
    for address in json.loads(line.removeprefix("const ASSETS = ").rstrip(";")):
        assert client.get(address).status_code == 200, address


def test_words_are_given_in_every_language(client):
    found = client.get("/t/texts").get_json()

    assert list(found) == sorted(LANGUAGES)
    assert len({frozenset(texts) for texts in found.values()}) == 1
    assert found["vi"]["back"] == "Quay lại"
    assert found["en"]["back"] != found["vi"]["back"]
