"""A receipt finds its form however it is typed, and its deletion is for good."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import (
    Answer,
    Draft,
    HeldResponse,
    Response,
    ResponseQuality,
    Tombstone,
)
from survey_app.models.waves import Wave
from survey_app.services.door.receipts import (
    delete_by_receipt,
    delete_for_person,
    find,
)
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def door(database):
    with database.writing() as session:
        wave = make_wave(session, code="dot-1")
        return {"wave": wave.code, "collection_point": make_point(session, wave).code}


def send(database, content, now=NOW):
    with database.writing() as session:
        return accept_response(session, content, now, catalogue())


def give(database, identity, receipt):
    with database.writing() as session:
        session.get_one(Response, UUID(identity)).receipt = receipt


def look(database, typed):
    with database.reading() as session:
        return find(session, typed)


def remove(database, typed):
    with database.writing() as session:
        delete_by_receipt(session, typed, LATER)


def count(database, *tables):
    with database.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


@pytest.mark.parametrize(
    "typed",
    [
        "ABCDE23456",
        "abcde23456",
        " abc de-234.56 ",
        "".join(chr(ord(sign) + 0xFEE0) for sign in "ABCDE23456"),
        "ăbcđé23456",
        "A8CDE23456",
        "ABCDEZ3456",
        "ABC0E23456",
        "ABCOE23456",
        "ABCDE234S6",
        "ABCDE2345G",
    ],
)
def test_a_code_is_found_however_it_is_typed(database, door, typed):
    content = response_content(**door)
    send(database, content)
    give(database, content["id"], "ABCDE23456")

    found = look(database, typed)

    assert (found.receipt, found.received_on, found.counts, found.held) == (
        "ABCDE23456",
        date(2026, 11, 20),
        True,
        False,
    )


@pytest.mark.parametrize("typed", ["", "ABCDE2345", "ABCDE234567", "ABCDE2345L", "' OR 1=1 --"])
def test_what_cannot_be_a_code_is_said_so(database, typed):
    with pytest.raises(Refusal, match="10 chữ và số") as refused:
        look(database, typed)
    assert not isinstance(refused.value, NotFound)


def test_of_two_codes_that_look_alike_the_exact_one_is_meant_and_never_the_other(database, door):
    first, second = response_content(**door), response_content(**door)
    for content, receipt in ((first, "ABCDE23456"), (second, "A8CDEZ3456")):
        send(database, content)
        give(database, content["id"], receipt)

    assert look(database, "ABCDE23456").receipt == "ABCDE23456"
    with pytest.raises(NotFound):
        look(database, "A8CDE23456")  # one sign from both


def test_forms_that_do_not_count_are_told_apart(database, door):
    contents = [response_content(**door) for _ in range(2)]
    receipts = [send(database, content).receipt for content in contents]
    with database.writing() as session:
        row = session.get_one(Response, UUID(contents[0]["id"]))
        row.voided_at, row.void_reason = NOW, "trùng"
        session.get_one(Response, UUID(contents[1]["id"])).partial = True
    held = send(database, contents[0] | {"locale": "en"}).receipt

    assert [look(database, code).counts for code in (*receipts, held)] == [False] * 3
    assert [look(database, code).held for code in (*receipts, held)] == [False, False, True]


def test_a_deletion_takes_everything_along_and_leaves_a_tombstone(database, door):
    content = response_content(**door, answers={"comment": "Tốt"})
    receipt = send(database, content).receipt
    send(database, content | {"locale": "en"})
    identity = UUID(content["id"])
    with database.writing() as session:
        row = session.get_one(Response, identity)
        content_hash = row.content_hash
        session.merge(ResponseQuality(response_id=identity, score=1, signals="{}"))
        session.add(
            Draft(
                key_hash="0" * 64,
                response_id=identity,
                wave_id=row.wave_id,
                point_id=row.point_id,
                questionnaire="sipas-counter",
                version="1",
                locale="vi",
                revision=1,
                answers="{}",
                started_at=NOW,
                saved_at=NOW,
            )
        )

    remove(database, receipt.lower())

    assert count(database, Response, Answer, ResponseQuality, HeldResponse, Draft) == [0] * 5
    with database.reading() as session:
        stone = session.scalars(select(Tombstone)).one()
        assert (stone.response_id, stone.content_hash) == (identity, content_hash)
    again = send(database, content)
    assert (again.status, again.receipt) == ("duplicate", receipt)
    assert count(database, Response, Answer) == [0, 0]


def test_nobody_else_loses_an_answer(database, door):
    mine, other = response_content(**door), response_content(**door)
    receipt = send(database, mine).receipt
    send(database, other)

    remove(database, receipt)

    with database.reading() as session:
        assert session.scalars(select(Response.id)).all() == [UUID(other["id"])]
        assert set(session.scalars(select(Answer.response_id))) == {UUID(other["id"])}


def test_the_copy_kept_apart_is_deleted_by_its_own_receipt_only(database, door):
    content = response_content(**door)
    first = send(database, content).receipt
    other = content | {"locale": "en"}
    second = send(database, other).receipt

    remove(database, second)

    assert count(database, Response, HeldResponse) == [1, 0]
    assert send(database, content).receipt == first
    assert send(database, other).status == "duplicate"
    remove(database, first)
    assert count(database, Response, HeldResponse, Tombstone) == [0, 0, 1]


def test_unknown_deleted_and_separated_codes_are_answered_in_the_same_words(database, door):
    contents = [response_content(**door) for _ in range(2)]
    deleted, separated = (send(database, content).receipt for content in contents)
    remove(database, deleted)
    with database.writing() as session:
        session.get_one(Response, UUID(contents[1]["id"])).receipt = None

    said = set()
    for code in (deleted, separated, "ABCDE23456"):
        with pytest.raises(NotFound) as refused:
            look(database, code)
        said.add(str(refused.value))
        with pytest.raises(NotFound):
            remove(database, code)
    assert len(said) == 1
    assert "tách khỏi phiếu" in said.pop()


def test_staff_delete_a_form_of_their_wave_and_the_code_is_not_recorded(database, door):
    receipt = send(database, response_content(**door)).receipt
    held = send(database, response_content(**door, version="9")).receipt
    with database.writing() as session:
        account = create_account(session, "lan", "mật khẩu đủ dài", "administrator").id
        wave = session.scalars(select(Wave).where(Wave.code == "dot-1")).one()
        other = make_wave(session)
        for code in (receipt, held):
            with pytest.raises(NotFound):
                delete_for_person(session, other, code, account, LATER)
            delete_for_person(session, wave, code, account, LATER)

    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.account_id == account)).all()
        done = [entry for entry in entries if entry.action == "delete_response"]
        assert [(entry.subject, entry.detail) for entry in done] == [("dot-1", None)] * 2
    assert count(database, Response, HeldResponse, Tombstone) == [0, 0, 2]
