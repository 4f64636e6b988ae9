"""Doubtful calls: found again by the table, or told in two ways under one id."""

from datetime import date

from analysis.selection import kish
from survey_app.services.checking.doubtful_calls import (
    Doubts,
    OtherAdult,
    OtherCount,
    OtherDay,
    Said,
    doubts_at,
)
from survey_app.services.field.assignments import set_households
from survey_app.services.field.fieldwork import grid_of, record_visits
from tests.survey_app.factories import NOW, make_assignment, visit_content

DAY = date(2026, 11, 20)


def due(assignment, household, eligible=4):
    return kish(household, grid_of(assignment), eligible)


def other(assignment, household, eligible=4):
    return due(assignment, household, eligible) % eligible + 1


def chosen_at(assignment, household, chosen, **changes):
    return visit_content(assignment, household=household, chosen=chosen, **changes)


def test_calls_at_which_another_adult_was_asked_are_found(session):
    assignment = make_assignment(session)
    wrong = other(assignment, 4)
    visits = [
        chosen_at(assignment, 3, due(assignment, 3)),
        chosen_at(assignment, 4, wrong, outcome="appointment"),
        chosen_at(assignment, 4, wrong, day="2026-11-21"),
        visit_content(assignment, household=5, eligible=None, chosen=None),
        visit_content(assignment, household=6, eligible=0, chosen=None),
    ]
    record_visits(session, visits, None, NOW)

    doubts = doubts_at(session, assignment.id)

    call = OtherAdult(4, DAY, 4, wrong, due(assignment, 4))
    assert doubts.other_adult[0] == call
    assert (len(doubts.other_adult), doubts.counts["other_adult"]) == (2, 1)
    assert doubts.said_twice == []


def test_where_the_next_birthday_decides_no_table_is_asked(session):
    assignment = make_assignment(session, selection="next_birthday")
    record_visits(session, [chosen_at(assignment, 4, n) for n in (1, 2, 3, 4)], None, NOW)

    assert doubts_at(session, assignment.id) == Doubts()


def test_a_call_told_in_two_ways_is_shown_with_both_where_the_first_was(session):
    area, elsewhere = make_assignment(session), make_assignment(session)
    first = chosen_at(area, 3, due(area, 3))
    second = {key: first[key] for key in ("id", "household", "day")}
    second |= {"assignment": elsewhere.code, "outcome": "partial"}
    record_visits(session, [first, second, second], None, NOW)

    (twice,) = doubts_at(session, area.id).said_twice

    assert twice.first == Said(3, "complete", DAY, 4, due(area, 3))
    assert twice.second == Said(3, "partial", DAY, None, None)
    assert doubts_at(session, elsewhere.id).said_twice == []


def test_a_household_that_is_counted_anew_at_every_call_is_found(session):
    """Each count gives another adult by the table, until one is at home."""
    area = make_assignment(session)
    visits = [
        chosen_at(area, 5, due(area, 5, n), eligible=n, day=f"2026-11-{18 + n}") for n in (1, 2, 3)
    ]
    steady = [chosen_at(area, 6, due(area, 6), day=f"2026-11-{n}") for n in (19, 20)]
    steady.append(visit_content(area, household=6, eligible=None, chosen=None))
    record_visits(session, [*visits, *steady], None, NOW)

    doubts = doubts_at(session, area.id)

    assert doubts.other_count == [OtherCount(5, (1, 2, 3))]
    assert (doubts.other_adult, doubts.counts.total()) == ([], 1)


def test_households_beyond_the_quota_and_days_that_cannot_be_are_found(session):
    area = make_assignment(session)
    visits = [chosen_at(area, n, due(area, n)) for n in (11, 10, 9)]
    visits.append(chosen_at(area, 11, due(area, 11), day="2062-01-01"))
    record_visits(session, visits, None, NOW)
    set_households(area, "8", "2")

    doubts = doubts_at(session, area.id)

    assert doubts.beyond == [11]
    assert doubts.other_day == [OtherDay(11, date(2062, 1, 1), DAY)]
