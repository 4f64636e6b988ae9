"""Visits: kept once each however often they come, and never joined to a response."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from survey_app.db import UtcDateTime
from survey_app.models.fieldwork import HeldVisit, Visit
from survey_app.services.field.assignments import set_households
from survey_app.services.field.fieldwork import (
    record_visit,
    record_visits,
)
from tests.survey_app.factories import NOW, make_assignment, make_device, visit_content


def test_a_visit_is_kept_with_its_outcome(session):
    device, assignment = make_device(session), make_assignment(session)
    content = visit_content(assignment)
    receipt = record_visit(session, content, device.id, NOW)

    kept = session.scalars(select(Visit)).one()
    assert (receipt.status, receipt.id) == ("accepted", content["id"])
    assert (kept.household, kept.outcome, kept.eligible, kept.chosen) == (3, "complete", 4, 2)
    assert (kept.day, kept.device_id) == (date(2026, 11, 20), device.id)


def test_again_is_a_duplicate_and_other_content_a_conflict_of_which_both_are_kept(session):
    device, assignment = make_device(session), make_assignment(session)
    content = visit_content(assignment)
    other = content | {"outcome": "partial"}
    third = content | {"day": "2026-11-21"}
    given = [content, content, other, third, other]
    receipts = record_visits(session, given, device.id, NOW)

    assert [r.status for r in receipts] == ["accepted", "duplicate", *["conflict"] * 3]
    assert len({r.receipt for r in receipts}) == 1
    assert session.scalars(select(Visit.outcome)).all() == ["complete"]
    kept = session.scalars(select(HeldVisit)).all()
    assert {one.device_id for one in kept} == {device.id}
    told = sorted((json.loads(one.content) for one in kept), key=lambda one: one["day"])
    assert told == [other, third]


def test_a_receipt_tells_no_moment_so_that_every_retry_hears_the_same(session):
    content = visit_content(make_assignment(session))
    record_visit(session, content, None, NOW)
    again = {record_visit(session, content, None, NOW) for _ in range(3)}

    assert [receipt.received_at for receipt in again] == [None]


@pytest.mark.parametrize("table", [Visit, HeldVisit])
def test_nothing_kept_of_a_visit_is_a_moment_or_a_response(table):
    columns = table.__table__.columns
    assert not [one.name for one in columns if isinstance(one.type, UtcDateTime)]
    assert not [one.name for one in columns if "response" in one.name]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "bad_id"),
        ({"id": "1"}, "bad_id"),
        ({"id": 7}, "bad_id"),
        ({"assignment": None}, "unknown_assignment"),
        ({"assignment": "không có"}, "unknown_assignment"),
        ({"assignment": "a\0b"}, "unknown_assignment"),
        ({"assignment": ["x"]}, "unknown_assignment"),
        ({"household": 0}, "bad_visit"),
        ({"household": 20_001}, "bad_visit"),
        ({"household": None}, "bad_visit"),
        ({"household": True}, "bad_visit"),
        ({"household": "3"}, "bad_visit"),
        ({"outcome": "gone"}, "bad_visit"),
        ({"outcome": ["complete"]}, "bad_visit"),
        ({"outcome": None}, "bad_visit"),
        ({"day": "20261120"}, "bad_visit"),
        ({"day": "2026-11-20T03:00:00Z"}, "bad_visit"),
        ({"day": 20261120}, "bad_visit"),
        ({"day": None}, "bad_visit"),
        ({"eligible": 21}, "bad_visit"),
        ({"eligible": -1}, "bad_visit"),
        ({"chosen": 5}, "bad_visit"),
        ({"chosen": 0}, "bad_visit"),
        ({"eligible": None}, "bad_visit"),
        ({"response": "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"}, "bad_shape"),
    ],
)
def test_what_cannot_have_been_is_rejected_with_one_problem(session, changes, code):
    content = visit_content(make_assignment(session, quota=10, reserve=5), **changes)
    receipt = record_visit(session, content, None, NOW)

    assert (receipt.status, receipt.receipt) == ("rejected", None)
    assert [problem.code for problem in receipt.problems] == [code]
    assert session.scalars(select(Visit)).all() == []


@pytest.mark.parametrize("given", [None, 3, "x", [], [{}]])
def test_what_is_no_visit_is_rejected(session, given):
    assert record_visit(session, given, None, NOW).status == "rejected"


def test_a_household_that_was_visited_before_the_office_asked_for_fewer_is_kept(session):
    area = make_assignment(session, quota=10, reserve=5)
    content = visit_content(area, household=15)
    set_households(area, "8", "2")

    assert record_visit(session, content, None, NOW).status == "accepted"


@pytest.mark.parametrize(
    ("told", "offset", "kept"),
    [
        ("2026-11-19", None, "2026-11-19"),  # the day the wave opened
        ("2026-11-21", None, "2026-11-21"),  # as much as a time zone is worth
        ("2062-01-01", None, "2026-11-20"),
        ("1970-01-01", None, "2026-11-19"),
        # By how far its clock is off when it sends, the day is known.
        ("2062-01-01", -12_827 * 86_400, "2026-11-19"),
        ("2026-11-20", -12_827 * 86_400, "2026-11-20"),  # set wrong since
        ("9999-12-31", 86_400, "2026-11-20"),
    ],
)
def test_no_clock_has_the_last_word_for_ever(session, told, offset, kept):
    area = make_assignment(session)
    content = visit_content(area, day=told)
    receipts = [record_visit(session, content, None, NOW, offset) for _ in range(2)]

    assert [receipt.status for receipt in receipts] == ["accepted", "duplicate"]
    visit = session.scalars(select(Visit)).one()
    assert visit.day == date.fromisoformat(kept)
    assert visit.told_day == (date.fromisoformat(told) if told != kept else None)


def test_a_substitute_is_a_household_too(session):
    assignment = make_assignment(session, quota=10, reserve=5)

    assert record_visit(session, visit_content(assignment, household=15), None, NOW).receipt
