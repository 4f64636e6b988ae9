"""Who may send what: every door for machines knows its senders in the same way."""

import pytest

from tests.survey_app.factories import make_device
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.described import DescribedClient

TABLET, SYSTEM = "token-of-a-tablet", "token-of-a-one-stop-system"
FOR_ALL = (("GET", "/api/v1/package"), ("POST", "/api/v1/responses"))
FOR_SYSTEMS = (("POST", "/api/v1/dossier-codes"), ("PUT", "/api/v1/dossier-counts"))


@pytest.fixture
def client(sqlite_database):
    with sqlite_database.writing() as session:
        make_device(session, TABLET)
        make_device(session, SYSTEM, kind="system")
    app = make_app(sqlite_database)
    app.test_client_class = DescribedClient
    return app.test_client()


def ask(client, door, authorization, **options):
    method, path = door
    headers = {"Authorization": authorization} if authorization else {}
    return client.open(path, method=method, headers=headers, **options)


@pytest.mark.parametrize("door", [*FOR_ALL, *FOR_SYSTEMS], ids=lambda door: door[1])
@pytest.mark.parametrize("given", ["", "Bearer nobody-has-this-token", "Basic eDp5", TABLET])
def test_who_shows_no_token_of_a_device_is_told_how(client, door, given):
    answer = ask(client, door, given, data=b" " * 10_000)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.get_json()["error"].endswith(".")


@pytest.mark.parametrize("door", FOR_SYSTEMS, ids=lambda door: door[1])
def test_a_tablet_may_not_say_what_a_one_stop_system_knows(client, door):
    assert ask(client, door, f"Bearer {TABLET}", json={}).status_code == 403
    assert ask(client, door, f"Bearer {SYSTEM}", json={}).status_code == 400


@pytest.mark.parametrize("door", FOR_SYSTEMS, ids=lambda door: door[1])
@pytest.mark.parametrize(
    "body", [b'{"counts": [], "counts": []}', b'{"wave": "a", "items": [], "x": NaN}']
)
def test_a_body_is_read_strictly_at_every_door(client, door, body):
    assert ask(client, door, f"Bearer {SYSTEM}", data=body).status_code == 400


@pytest.mark.parametrize("door", FOR_SYSTEMS, ids=lambda door: door[1])
def test_a_body_may_be_as_large_as_at_any_other_door_and_no_larger(client, door):
    most = client.application.extensions["config"].max_body
    answer = ask(client, door, f"Bearer {SYSTEM}", data=b" " * (most + 1))

    assert answer.status_code == 413
