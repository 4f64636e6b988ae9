"""A kiosk at a desk of one procedure: what its link says, and what it may say by itself."""

import json

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import Device
from survey_app.models.responses import HeldResponse, Response
from survey_app.models.waves import CollectionPoint, Procedure, Wave
from survey_app.services.counter.links import revoke_links
from survey_app.services.door.held import Decision, accept_held, held_page
from survey_app.services.door.sealing import find_public_key, seal
from survey_app.services.field.devices import hash_token
from tests.survey_app.factories import catalogue, response_content
from tests.survey_app.web.citizen_door import hidden, make_app
from tests.survey_app.web.kiosk_counter import (
    START,
    doors_of_procedures,
    make_counter,
    wait_for_outbox,
)

FROM_KIOSK = {"X-Kiosk": "1"}
NAME = "Đăng ký khai sinh"
LABELS = {
    "English": "Administrative procedure rated",
    "ខ្មែរ": "នីតិវិធីរដ្ឋបាលដែលត្រូវវាយតម្លៃ",
}


@pytest.fixture
def counter(sqlite_database):
    return make_counter(sqlite_database)


@pytest.fixture
def doors(sqlite_database, counter):
    """The links of one counter: its own, and those for a field and for a procedure."""
    return {None: counter.door} | doors_of_procedures(sqlite_database, counter)


@pytest.fixture
def kiosk(sqlite_database, counter, doors):
    """A browser that was enrolled at the link for the procedure."""
    client = make_app(sqlite_database).test_client()
    fields = hidden(client.get(doors["HT.1"])) | {"code": counter.code}
    assert client.post(doors["HT.1"], data=fields).location == doors["HT.1"]
    return client


def content_for(counter, field):
    place = {"wave": counter.wave, "collection_point": counter.point, "mode": "kiosk"}
    return response_content(**place, **({"field": field} if field else {}))


def send(kiosk, door, *items):
    answer = kiosk.post(f"{door}/responses", json={"responses": items}, headers=FROM_KIOSK)
    return [receipt["status"] for receipt in answer.get_json()["receipts"]]


def sealed(kiosk, database, counter, content):
    key = kiosk.get(f"{counter.door}/package").get_json()["key"]
    with database.reading() as session:
        public = find_public_key(session, key["wave_id"])
    return {
        "id": content["id"],
        "sealed": seal(public, content["id"], json.dumps(content).encode()),
    }


def procedures_answered(database):
    with database.reading() as session:
        query = select(Procedure.code).join(Response, Response.procedure_id == Procedure.id)
        return session.scalars(query).all()


@pytest.mark.parametrize(
    ("field", "told"),
    [(None, (None, "", False)), ("HT", ("HT", "Hộ tịch", False)), ("HT.1", ("HT.1", NAME, True))],
)
def test_a_kiosk_is_told_what_its_link_is_for(kiosk, doors, field, told):
    package = kiosk.get(f"{doors[field]}/package").get_json()

    assert tuple(package[key] for key in ("field", "field_name", "is_procedure")) == told


def test_forms_of_a_link_for_a_procedure_carry_it_sealed_or_not(
    kiosk, doors, counter, sqlite_database
):
    one, two, three = (content_for(counter, "HT.1") for _form in range(3))
    taken = send(kiosk, doors["HT.1"], one, sealed(kiosk, sqlite_database, counter, two))
    with sqlite_database.writing() as session:
        wave, point = (session.scalars(select(t)).one() for t in (Wave, CollectionPoint))
        revoke_links(session, wave, point)

    assert taken + send(kiosk, doors["HT.1"], three) == ["accepted"] * 3
    assert procedures_answered(sqlite_database) == ["HT.1"] * 3


@pytest.mark.parametrize(
    ("link", "claimed"), [(None, "HT.1"), ("HT", "HT.1"), ("HT.1", "HT"), ("broken", "HT.1")]
)
@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_kiosk_that_names_another_procedure_than_its_link_waits_for_a_person(
    kiosk, doors, counter, sqlite_database, link, claimed, is_sealed
):
    content = content_for(counter, claimed)
    item = sealed(kiosk, sqlite_database, counter, content) if is_sealed else content

    assert send(kiosk, (doors | {"broken": "/k/x"})[link], item) == ["quarantined"]

    with sqlite_database.writing() as session:
        row = session.scalars(select(HeldResponse)).one()
        wave, key = session.scalars(select(Wave)).one(), (row.response_id, row.content_hash)
        line = held_page(session, catalogue(), wave, key).line
        assert (line.reason, line.field) == ("outdated", claimed)
        assert session.scalars(select(Response)).all() == []
        accept_held(session, catalogue(), wave, key, Decision(None, clock.now()))
    assert procedures_answered(sqlite_database) == [claimed]


def test_a_form_that_names_no_procedure_is_taken_at_every_link(kiosk, doors, counter):
    for door in doors.values():
        assert send(kiosk, door, content_for(counter, None)) == ["accepted"]


def test_at_the_door_for_machines_a_kiosk_has_no_link_to_be_believed_for(
    kiosk, counter, sqlite_database
):
    with sqlite_database.writing() as session:
        session.get_one(Device, counter.device_id).token_hash = hash_token("token-of-a-kiosk")
    bearer = {"Authorization": "Bearer token-of-a-kiosk"}
    items = [content_for(counter, field) for field in (None, "HT.1")]
    answer = kiosk.post("/api/v1/responses", json={"responses": items}, headers=bearer)

    told = [receipt["status"] for receipt in answer.get_json()["receipts"]]
    assert told == ["accepted", "quarantined"]


def test_a_kiosk_names_its_procedure_and_keeps_it_without_a_network_and_after_a_reload(
    open_kiosk, sqlite_database
):
    person = open_kiosk()
    page, door = person.page, doors_of_procedures(sqlite_database, person.counter)["HT.1"]
    page.goto(person.address + door)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    page.context.set_offline(True)
    page.reload()
    person.see(START)
    told = page.get_by_text(f"Thủ tục hành chính được đánh giá: {NAME}")
    told.wait_for()
    assert told.locator("strong").get_attribute("lang") == "vi"
    for language, label in LABELS.items():
        person.tap(language)
        page.get_by_text(f"{label}: {NAME}").wait_for()
        page.locator(".bar .key").last.click()
        person.see(START)
    person.begin()
    person.rate(4)
    person.send()
    page.get_by_text("sẽ được gửi khi có mạng").wait_for()
    page.reload()
    person.see(START)
    page.context.set_offline(False)
    wait_for_outbox(page)

    assert procedures_answered(sqlite_database) == ["HT.1"]
    page.goto(person.address + person.counter.door)
    person.see(START)
    assert page.get_by_text("được đánh giá").count() == 0
