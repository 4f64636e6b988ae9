"""Forms kept apart: compared without telling secrets, taken in by the one door, or set aside."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.computing.overview import counts_of
from survey_app.services.door import receipts
from survey_app.services.door.held import (
    SETTLED,
    Decision,
    accept_held,
    accept_known,
    held_of,
    held_page,
    set_aside,
)
from survey_app.services.door.responses import accept_response
from survey_app.services.plan.waves import add_form, close_wave
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

LATER = NOW + timedelta(days=40)
BECAUSE = Decision(None, LATER, "máy nằm ở xã xa, đến muộn")


@pytest.fixture
def point(session):
    wave = make_wave(session, code="w")
    return make_point(session, wave, name="Ấp 1")


def wave_of(session):
    return session.scalars(select(Wave).where(Wave.code == "w")).one()


def send(session, point, now=NOW, **changes):
    content = response_content(wave="w", collection_point=point.code, **changes)
    return content, accept_response(session, content, now, catalogue())


def unknown_version(session, point):
    """A form of a version that the wave does not use yet."""
    wave = wave_of(session)
    session.delete(session.get_one(WaveForm, (wave.id, "sipas-counter", "1")))
    session.flush()
    session.expire_all()
    content, receipt = send(session, point)
    assert receipt.status == "quarantined"
    return content, receipt


def learn_version(session):
    add_form(session, wave_of(session), "sipas-counter/1", catalogue())
    session.expire_all()


def only_held(session):
    row = session.scalars(select(HeldResponse)).one()
    return row.response_id, row.content_hash


def make_late(session):
    """What a device sent too late, as the door keeps it."""
    row = session.scalars(select(HeldResponse)).one()
    row.reason = "late"
    session.flush()


def test_a_form_whose_version_is_known_by_now_is_taken_under_its_receipt(session, point):
    content, held = unknown_version(session, point)
    learn_version(session)

    accept_held(session, catalogue(), wave_of(session), only_held(session), BECAUSE)

    stored = session.scalars(select(Response)).one()
    assert (str(stored.id), stored.receipt, stored.received_at) == (
        content["id"],
        held.receipt,
        NOW,
    )
    assert len(session.scalars(select(Answer)).all()) == 7
    again = accept_response(session, content, LATER, catalogue())
    assert (again.status, again.receipt, again.received_at) == ("duplicate", held.receipt, NOW)
    counts = counts_of(session, wave_of(session))
    assert (counts.valid, counts.held) == (1, ())


def test_its_receipt_leads_to_it_and_deletes_all_of_it(session, point):
    _content, held = unknown_version(session, point)
    learn_version(session)
    accept_held(session, catalogue(), wave_of(session), only_held(session), BECAUSE)

    found = receipts.find(session, held.receipt)

    assert (found.counts, found.held) == (True, False)
    receipts.delete_by_receipt(session, held.receipt, LATER)
    assert session.scalars(select(HeldResponse)).all() == []
    assert session.scalars(select(Response)).all() == []


def test_a_version_still_unknown_stays_held(session, point):
    unknown_version(session, point)

    with pytest.raises(Refusal, match="Phiên bản «1»"):
        accept_held(session, catalogue(), wave_of(session), only_held(session), BECAUSE)
    assert held_of(session, wave_of(session), Asked()).total == 1


def test_a_late_form_is_taken_into_a_closed_wave_with_a_reason(session, point):
    content, _held = unknown_version(session, point)
    learn_version(session)
    make_late(session)
    close_wave(wave_of(session), NOW + timedelta(hours=1))
    key = only_held(session)

    with pytest.raises(Refusal, match="lý do"):
        accept_held(session, catalogue(), wave_of(session), key, Decision(None, LATER, "  "))
    accept_held(session, catalogue(), wave_of(session), key, BECAUSE)

    assert session.scalars(select(Response.id)).one() == UUID(content["id"])
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.detail) == ("held_accepted", BECAUSE.words)
    with pytest.raises(Stale):
        set_aside(session, wave_of(session), key, BECAUSE)


def test_all_forms_that_wait_for_a_version_are_taken_at_once(session, point):
    unknown_version(session, point)
    send(session, point)
    send(session, point, answers={"access": "77"})
    assert accept_known(session, catalogue(), wave_of(session), BECAUSE) == (0, 3)
    learn_version(session)

    assert accept_known(session, catalogue(), wave_of(session), BECAUSE) == (2, 1)
    assert held_of(session, wave_of(session), Asked()).total == 1


def test_a_conflict_is_compared_item_by_item(session, point):
    content, _first = send(session, point)
    other = content | {"answers": content["answers"] | {"access": "2", "trips": "3"}}
    accept_response(session, other, LATER, catalogue())
    form = session.scalars(select(WaveForm)).one()
    form.private_items = "trips"

    page = held_page(session, catalogue(), wave_of(session), only_held(session))

    assert (page.first, page.first_received_at) == ("stored", NOW)
    lines = {item.code: item for item in page.items}
    assert [code for code, item in lines.items() if item.differs] == ["access", "trips"]
    assert (lines["access"].first, lines["access"].second) == ("Hài lòng", "Không hài lòng")
    assert (lines["trips"].first, lines["trips"].second) == ("", "")
    assert page.circumstances == ()


def test_a_conflict_is_set_aside_and_what_is_stored_stays(session, point):
    content, _first = send(session, point)
    accept_response(session, content | {"mode": "phone"}, LATER, catalogue())
    key = only_held(session)
    page = held_page(session, catalogue(), wave_of(session), key)
    assert page.circumstances == (("mode", "tablet", "phone"),)

    with pytest.raises(Refusal, match="chỉ để riêng"):
        accept_held(session, catalogue(), wave_of(session), key, BECAUSE)
    with pytest.raises(Refusal, match="lý do"):
        set_aside(session, wave_of(session), key, Decision(None, LATER))
    set_aside(session, wave_of(session), key, BECAUSE)

    assert held_of(session, wave_of(session), Asked()).lines == ()
    (line,) = held_of(session, wave_of(session), Asked(only=SETTLED)).lines
    assert line.settlement == "set_aside"
    assert session.scalars(select(Response.mode)).one() == "tablet"
    assert counts_of(session, wave_of(session)).held == (("conflict", 1),)


def test_a_form_that_stands_alone_shows_no_answer(session, point):
    unknown_version(session, point)

    page = held_page(session, catalogue(), wave_of(session), only_held(session))

    assert (page.first, page.items, page.version_known) == (None, (), False)


def test_a_list_is_searched_and_of_one_wave(session, point):
    unknown_version(session, point)
    other = make_wave(session, code="w2")

    assert len(held_of(session, wave_of(session), Asked("ap 1", only="quarantined")).lines) == 1
    assert held_of(session, wave_of(session), Asked(only="late")).lines == ()
    assert held_of(session, other, Asked()).lines == ()
    with pytest.raises(NotFound):
        held_page(session, catalogue(), other, only_held(session))
