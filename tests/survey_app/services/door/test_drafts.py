"""Half-filled forms: saved by revision, sent once, forgotten after a day."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.errors import Stale
from survey_app.models.responses import Draft, Response
from survey_app.services.door.drafts import (
    LIFETIME,
    Sending,
    answers_of,
    check_revision,
    context_of,
    find_draft,
    purge_drafts,
    receipt_of,
    save_answers,
    start_draft,
    submit_draft,
    unit_name_of,
    values_sent,
)
from survey_app.services.door.submissions import ACCEPTED, REJECTED
from survey_app.services.plan.waves import door_of
from tests.survey_app.factories import NOW, catalogue, link_of, make_point, response_content

ANSWERS = response_content()["answers"]


@pytest.fixture
def door(session):
    return door_of(session, link_of(session, make_point(session)), NOW)


@pytest.fixture
def draft(session, door):
    return find_draft(session, start_draft(session, door, "vi", NOW), door, NOW)


def test_a_draft_is_found_by_its_key_only(session, door):
    key = start_draft(session, door, "vi", NOW)

    assert find_draft(session, key, door, NOW) is not None
    assert find_draft(session, key + "x", door, NOW) is None
    assert find_draft(session, None, door, NOW) is None


def test_a_draft_is_not_found_at_another_counter(session, door):
    key = start_draft(session, door, "vi", NOW)
    other = door_of(session, link_of(session, make_point(session)), NOW)

    assert find_draft(session, key, other, NOW) is None


def test_a_draft_of_a_questionnaire_that_is_asked_here_no_more_is_not_found(session, door):
    key = start_draft(session, door, "vi", NOW)

    assert find_draft(session, key, replace(door, questionnaire="sipas-citizen"), NOW) is None
    assert find_draft(session, key, replace(door, version="2"), NOW) is not None


def test_saving_counts_the_revision_and_keeps_lists(draft):
    save_answers(draft, {"staff": "4", "ways": ("1", "3")}, 0, NOW)
    save_answers(draft, {"staff": None}, 1, NOW)

    assert draft.revision == 2
    assert answers_of(draft) == {"ways": ("1", "3")}


def test_saving_over_something_newer_is_refused(draft):
    save_answers(draft, {"staff": "4"}, 0, NOW)

    with pytest.raises(Stale):
        save_answers(draft, {"staff": "5"}, 0, NOW)
    assert answers_of(draft) == {"staff": "4"}


def test_saving_the_same_again_is_no_conflict_and_no_new_revision(draft):
    save_answers(draft, {"staff": "4"}, 0, NOW)

    save_answers(draft, {"staff": "4"}, 0, NOW)

    assert draft.revision == 1


@pytest.mark.parametrize("revision", [-1, 1, 99])
def test_a_revision_that_never_was_is_stale(draft, revision):
    with pytest.raises(Stale):
        check_revision(draft, revision)


def test_sending_stores_the_response_and_removes_the_draft(session, door, draft):
    save_answers(draft, ANSWERS, 0, NOW)
    identity = draft.response_id

    receipt = submit_draft(session, draft, door, catalogue(), Sending(NOW))

    assert receipt.status == ACCEPTED
    assert receipt_of(session, identity) == receipt.receipt
    assert session.get_one(Response, identity).mode == "web"
    assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_the_values_of_a_form_that_was_sent_can_be_read_again(session, door, draft):
    save_answers(draft, {**ANSWERS, "comment": "Chờ lâu."}, 0, NOW)
    identity = draft.response_id
    before = values_sent(session, identity)

    submit_draft(session, draft, door, catalogue(), Sending(NOW))

    assert before == ()
    assert set(values_sent(session, identity)) == {*ANSWERS.values(), "Chờ lâu."}


def test_a_field_that_the_link_names_goes_along_from_the_start(session, door):
    key = start_draft(session, replace(door, field="DD"), "vi", NOW)

    assert context_of(find_draft(session, key, door, NOW)) == {"field": "DD"}


def test_a_rejected_form_stays_a_draft(session, door, draft):
    receipt = submit_draft(session, draft, door, catalogue(), Sending(NOW))

    assert receipt.status == REJECTED
    assert receipt_of(session, draft.response_id) is None
    assert session.scalar(select(func.count()).select_from(Draft)) == 1


def test_a_form_nobody_sent_has_no_receipt(session, draft):
    assert receipt_of(session, draft.response_id) is None


def test_a_draft_is_forgotten_a_day_after_it_was_last_saved(session, door):
    key = start_draft(session, door, "vi", NOW)
    later = NOW + timedelta(hours=20)
    save_answers(find_draft(session, key, door, later), {"staff": "4"}, 0, later)

    assert find_draft(session, key, door, NOW + LIFETIME) is not None
    assert find_draft(session, key, door, later + LIFETIME) is None


def test_purging_removes_what_is_a_day_old_and_nothing_else(session, door):
    start_draft(session, door, "vi", NOW - LIFETIME)
    kept = start_draft(session, door, "vi", NOW - LIFETIME + timedelta(seconds=1))

    assert purge_drafts(session, NOW) == 1
    assert find_draft(session, kept, door, NOW) is not None


def test_the_unit_of_a_counter_is_named_whether_a_wave_is_open_or_not(session, door):
    assert unit_name_of(session, door.point_id) == door.unit_name
    assert unit_name_of(session, 0) == ""
