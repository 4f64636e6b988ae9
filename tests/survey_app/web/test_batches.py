"""Sealed forms and plain ones in one batch, and what is said of each."""

import json

import pytest
from sqlalchemy import select

from survey_app.models.responses import Response
from survey_app.services.door.sealing import make_public_key, seal
from tests.survey_app.factories import make_device, make_point, make_wave, response_content
from tests.survey_app.web.citizen_door import SECRET, make_app

HEADERS = {"Authorization": "Bearer token-of-a-tablet"}


@pytest.fixture
def send(sqlite_database):
    """Send items to the interface for devices; `send.sealed` seals a response object."""
    with sqlite_database.writing() as session:
        opened = make_device(session).enrolled_at
        wave = make_wave(session, opened_at=opened)
        place = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        key = make_public_key(session, wave.id, SECRET)
    client = make_app(sqlite_database).test_client()

    def post(*items):
        answer = client.post("/api/v1/responses", json={"responses": items}, headers=HEADERS)
        assert answer.status_code == 200
        return answer.get_json()["receipts"]

    def sealed(content, identity=None):
        identity = identity or content["id"]
        return {"id": identity, "sealed": seal(key, identity, json.dumps(content).encode())}

    post.content = lambda **changes: response_content(**place, **changes)
    post.sealed, post.key = sealed, key
    return post


def test_a_sealed_form_is_stored_like_a_plain_one(send, sqlite_database):
    content = send.content()
    (first,) = send(send.sealed(content))
    (again,) = send(content)

    assert first["status"] == "accepted"
    assert (again["status"], again["receipt"]) == ("duplicate", first["receipt"])
    with sqlite_database.reading() as session:
        document = json.loads(session.scalars(select(Response.document)).one())
    assert document == content


def test_receipts_stand_in_the_order_of_a_mixed_batch(send):
    contents = [send.content() for _one in range(4)]
    items = [send.sealed(c) if n % 2 else c for n, c in enumerate(contents)]
    items.insert(2, {"id": contents[0]["id"], "sealed": "s1.1.AAAA"})
    receipts = send(*items)

    assert [r["id"] for r in receipts] == [item["id"] for item in items]
    assert [r["status"] for r in receipts] == ["accepted"] * 2 + ["rejected"] + ["accepted"] * 2


def test_what_does_not_open_is_refused_and_nothing_of_it_is_stored(send, sqlite_database):
    whole = send.sealed(send.content())
    broken = whole | {"sealed": whole["sealed"][:-5] + "AAAAA"}
    (receipt,) = send(broken)

    assert (receipt["status"], receipt["problems"][0]["code"]) == ("rejected", "bad_seal")
    assert "receipt" not in receipt
    with sqlite_database.reading() as session:
        assert session.scalars(select(Response)).all() == []


@pytest.mark.parametrize("inside", [{"id": "other"}, {"id": None}, {"id": 5}])
def test_the_id_inside_is_the_id_outside(send, inside):
    content = send.content()
    (receipt,) = send(send.sealed(content | inside, content["id"]))

    assert (receipt["status"], receipt["problems"][0]["code"]) == ("rejected", "wrong_id")


@pytest.mark.parametrize("written", [b"", b"[]", b"null", b"{", b'{"id": NaN}', b"\xff"])
def test_what_is_sealed_must_be_a_response(send, written):
    identity = send.content()["id"]
    (receipt,) = send({"id": identity, "sealed": seal(send.key, identity, written)})

    assert (receipt["status"], receipt["problems"][0]["code"]) == ("rejected", "wrong_id")


def test_a_wrong_answer_inside_a_seal_is_named_like_any_other(send):
    (receipt,) = send(send.sealed(send.content(answers={"staff": "7"})))

    assert [(p["item"], p["code"]) for p in receipt["problems"]] == [("staff", "unknown_option")]


@pytest.mark.parametrize(
    "item", [{"sealed": "x"}, {"id": [], "sealed": 5}, {"id": 1, "sealed": {}}]
)
def test_no_shape_of_an_item_breaks_a_batch(send, item):
    refused, accepted = send(item, send.content())

    assert (refused["status"], accepted["status"]) == ("rejected", "accepted")
