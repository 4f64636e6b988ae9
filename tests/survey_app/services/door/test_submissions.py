"""What is read of a submission before anything is asked of the database, and receipts."""

from uuid import uuid4

import pytest

from survey_app.services.door.submissions import new_receipt
from tests.survey_app.factories import response_content
from tests.survey_app.one_door import (
    codes,
    nothing_stored,
    send,
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "bad_id"),
        ({"id": 12}, "bad_id"),
        ({"id": "12"}, "bad_id"),
        ({"id": ["x"]}, "bad_id"),
        ({"id": "{" + str(uuid4()) + "}"}, "bad_id"),
        ({"id": uuid4().hex}, "bad_id"),
        ({"id": "urn:uuid:" + str(uuid4())}, "bad_id"),
        ({"id": str(uuid4())[:-1] + "\ud800"}, "bad_id"),
        ({"wave": None}, "missing_field"),
        ({"wave": ""}, "missing_field"),
        ({"wave": 5}, "missing_field"),
        ({"wave": "a\0"}, "missing_field"),
        ({"wave": "a" * 65}, "missing_field"),
        ({"version": 1}, "missing_field"),
        ({"questionnaire": ["sipas-counter"]}, "missing_field"),
        ({"wave": "no-such-wave"}, "unknown_wave"),
        ({"collection_point": "D99999"}, "unknown_point"),
        ({"unit": "no-such-unit"}, "wrong_unit"),
        ({"unit": {"a": 1}}, "missing_field"),
        ({"unit": "\ud800"}, "bad_content"),
        ({"mode": "telepathy"}, "unknown_value"),
        ({"locale": "fr"}, "unknown_value"),
        ({"answers": []}, "missing_field"),
        ({"answers": None}, "missing_field"),
        ({"paradata": "\udfff"}, "bad_content"),
        ({"paradata": {"x": float("nan")}}, "bad_content"),
        ({"paradata": {"é": 1, "e\u0301": 2}}, "bad_content"),
        ({"paradata": {"x": object()}}, "bad_content"),
        ({"paradata": 10**5000}, "bad_content"),
    ],
)
def test_a_response_that_contradicts_itself_is_rejected(
    sqlite_database, sqlite_door, changes, code
):
    receipt = send(sqlite_database, response_content(**sqlite_door) | changes)

    assert (receipt.status, codes(receipt), receipt.receipt) == ("rejected", [code], None)
    assert nothing_stored(sqlite_database)


@pytest.mark.parametrize("content", [None, 1, "x", [], [1], True])
def test_what_is_no_object_is_rejected(sqlite_database, content):
    receipt = send(sqlite_database, content)

    assert (receipt.id, receipt.status, codes(receipt)) == ("", "rejected", ["bad_shape"])


def test_lists_in_lists_without_end_are_rejected(sqlite_database, sqlite_door):
    nested = []
    for _ in range(5000):
        nested = [nested]

    assert codes(send(sqlite_database, response_content(**sqlite_door, paradata=nested))) == [
        "bad_content"
    ]
    assert codes(
        send(sqlite_database, response_content(**sqlite_door, answers={"staff": nested}))
    ) == ["bad_content"]


def test_an_id_in_capitals_is_the_same_id(database, door):
    content = response_content(**door)
    first = send(database, content)

    again = send(database, content | {"id": content["id"].upper()})

    assert (again.status, again.receipt) == ("duplicate", first.receipt)


def test_a_receipt_is_easy_to_read_out():
    found = {new_receipt() for _ in range(500)}

    assert len(found) == 500
    assert not {sign for code in found for sign in code} & set("01IOLUilo -")
