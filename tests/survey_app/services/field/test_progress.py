"""Progress of fieldwork: households by final outcome, substitutes, and how interviews were held."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest

from analysis.selection import kish
from survey_app.models.fieldwork import Assignment, Interview, Visit
from survey_app.models.responses import Response
from survey_app.services.door.responses import accept_response
from survey_app.services.field.fieldwork import grid_of, record_visits
from survey_app.services.field.progress import progress_of, write_progress
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_wave,
    response_content,
    visit_content,
)


@pytest.fixture
def wave(session):
    return make_wave(session)


def assign(session, wave, code="PC1", quota=2):
    point = make_point(session, wave, name="Ấp 1")
    found = Assignment(
        code=code, wave_id=wave.id, point_id=point.id, selection="kish", quota=quota, reserve=2
    )
    session.add(found)
    session.flush()
    return found


def call(session, assignment, household, *outcomes, day=0):
    for later, outcome in enumerate(outcomes):
        session.add(
            Visit(
                id=uuid4(),
                assignment_id=assignment.id,
                household=household,
                outcome=outcome,
                day=NOW.date() + timedelta(days=day + later),
                content_hash="0" * 64,
            )
        )
    session.flush()


def interview(session, wave, assignment, **changes):
    """A form of an assignment, with how it was held."""
    point = make_point(session, wave)
    content = response_content(wave=wave.code, collection_point=point.code)
    receipt = accept_response(session, content, NOW, catalogue())
    (response,) = (r for r in session.query(Response) if str(r.id) == receipt.id)
    session.add(Interview(response_id=response.id, assignment_id=assignment.id, **changes))
    session.flush()
    return response


def test_households_count_by_their_final_outcome(session, wave):
    one = assign(session, wave)
    call(session, one, 1, "nobody_home", "appointment", "complete")
    call(session, one, 2, "refusal_household")
    call(session, one, 3, "complete")
    call(session, one, 4, "appointment")

    total = progress_of(session, wave).total

    assert (total.quota, total.households, total.attempts, total.pending) == (2, 4, 6, 1)
    assert dict(total.finals) == {"complete": 2, "refusal_household": 1}
    assert total.substitutes == 2
    assert total.rates.rr1 == pytest.approx(2 / 3)
    assert total.reached


def test_of_one_day_the_call_nearest_to_an_interview_counts(session, wave):
    one = assign(session, wave)
    for _ in range(2):
        call(session, one, 1, "complete")
        call(session, one, 1, "nobody_home")

    assert dict(progress_of(session, wave).total.finals) == {"complete": 1}


def test_every_assignment_stands_alone_and_adds_up(session, wave):
    first, second = assign(session, wave, "PC1", 1), assign(session, wave, "PC2", 5)
    other = make_wave(session)
    call(session, first, 1, "complete")
    call(session, second, 1, "not_found")
    call(session, assign(session, other, "PC3"), 1, "complete")

    found = progress_of(session, wave)

    assert [(line.code, tally.complete, tally.reached) for line, tally in found.lines] == [
        ("PC1", 1, True),
        ("PC2", 0, False),
    ]
    assert (found.reached, found.total.quota, found.total.complete) == (1, 6, 1)
    (only,) = progress_of(session, wave, "PC2").lines
    assert only[1].outcomes == (("not_found", "3.18", 1),)


def test_how_interviews_were_held_is_counted_without_voided_ones(session, wave):
    one = assign(session, wave)
    interview(session, wave, one, presence="", interpreter="nobody")
    interview(session, wave, one, presence="official household", interpreter="official")
    interview(session, wave, one, presence="official", interpreter="relative", handed_over=True)
    voided = interview(session, wave, one, presence="official", drop_off=True)
    voided.voided_at, voided.void_reason = NOW, "thử"
    interview(session, wave, one, presence="", interpreter=None, drop_off=True)
    session.flush()

    held = progress_of(session, wave).total.held

    assert (held.n, held.interpreted, held.by_official) == (4, 2, 1)
    assert (held.handed_over, held.dropped_off) == (1, 1)
    assert dict(held.presence) == {"": 1, "official": 2, "household": 1}


def test_doubtful_calls_are_counted_for_each_assignment_and_in_the_file(session, wave):
    one = assign(session, wave)
    assign(session, wave, code="PC2")
    wrong = kish(1, grid_of(one), 4) % 4 + 1
    call = visit_content(one, household=1, chosen=wrong)
    record_visits(session, [call, call | {"outcome": "partial"}], None, NOW)
    record_visits(session, [visit_content(one, household=1, chosen=wrong)], None, NOW)

    found = progress_of(session, wave)

    counts = {line.code: tally.doubts.total() for line, tally in found.lines}
    assert counts == {"PC1": 2, "PC2": 0}
    assert found.total.doubts == {"other_adult": 1, "said_twice": 1}
    stream = io.StringIO()
    write_progress(found, ["x"] * 22, stream)
    assert stream.getvalue().splitlines()[1].split(";")[13:18] == ["1", "0", "1", "0", "0"]


def test_a_wave_without_fieldwork_has_no_rates(session, wave):
    found = progress_of(session, wave)

    assert (found.lines, found.total.rates.rr1, found.total.share) == ((), None, None)
    assert not found.total.reached


def test_a_file_has_a_line_per_assignment_and_a_column_per_outcome(session, wave):
    one = assign(session, wave)
    call(session, one, 1, "complete")
    call(session, one, 2, "vacant")
    stream = io.StringIO()

    write_progress(progress_of(session, wave), ["x"] * 22, stream)

    head, line = (row.split(";") for row in stream.getvalue().splitlines())
    assert len(head) == len(line)
    cells = dict(zip(head[22:], line[22:], strict=True))
    assert (cells["complete 1.1"], cells["vacant 4.6"], cells["break_off 2.12"]) == ("1", "1", "0")
    assert line[0] == "PC1"
    assert line[18] == "100,00"
