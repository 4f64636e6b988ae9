"""Devices: enrolled once, known by the hash of their token, revoked for good."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import NotAllowed, NotFound
from survey_app.models.accounts import Device
from survey_app.services.field.devices import arrival_from, device_of, enrol_device, revoke_device
from tests.survey_app.factories import NOW, make_device, make_point

TOKEN = "a-token-of-enough-signs"
LATER = NOW + timedelta(hours=1)


def enrolled(database, name="Máy 1", token=TOKEN, now=NOW):
    with database.writing() as session:
        return enrol_device(session, name, token, now)


def found(database, token):
    with database.reading() as session:
        device = device_of(session, token)
        return device and device.name


def test_a_device_is_known_by_its_token(database):
    enrolled(database)
    enrolled(database, "Máy 2", TOKEN[::-1])

    assert found(database, TOKEN) == "Máy 1"
    assert found(database, TOKEN[::-1]) == "Máy 2"


@pytest.mark.parametrize(
    "token", ["", "x", TOKEN + " ", TOKEN.upper(), TOKEN[:-1], "é" * 20, "a\0b", "\ud800"]
)
def test_any_other_token_is_nobody(database, token):
    enrolled(database)

    assert found(database, token) is None


def test_the_token_itself_is_not_stored(database):
    device = enrolled(database)

    assert len(device.token_hash) == 64
    assert TOKEN not in str(vars(device))
    assert found(database, device.token_hash) is None


def test_enrolling_again_with_the_same_token_is_the_same_device(database):
    first = enrolled(database)

    assert enrolled(database, now=LATER).id == first.id
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 1


@pytest.mark.parametrize(("name", "token"), [("Máy 1", "another-token-of-signs"), ("Máy 2", TOKEN)])
def test_neither_a_name_nor_a_token_is_given_twice(database, name, token):
    enrolled(database)

    with pytest.raises(Refusal, match=name):
        enrolled(database, name, token)


def test_a_short_token_is_refused(database):
    with pytest.raises(Refusal, match="16"):
        enrolled(database, token="short")


def test_a_revoked_device_is_nobody_for_good(database):
    enrolled(database)
    with database.writing() as session:
        revoke_device(session, "Máy 1", NOW)

    assert found(database, TOKEN) is None
    with pytest.raises(Refusal):
        enrolled(database)


def test_the_first_revocation_counts(database):
    enrolled(database)
    for moment in (NOW, LATER):
        with database.writing() as session:
            device = revoke_device(session, "Máy 1", moment)

    assert device.revoked_at == NOW


def test_a_device_that_is_not_known_cannot_be_revoked(database):
    with database.writing() as session, pytest.raises(NotFound, match="Máy 9"):
        revoke_device(session, "Máy 9", NOW)


def test_what_a_device_sends_is_known_by_its_kind(session):
    point = make_point(session, code="D1")
    tablet = make_device(session)
    kiosk = make_device(session, "token-of-a-kiosk-x", kind="kiosk", point_id=point.id)
    system = make_device(session, "token-of-a-system", kind="system")
    sent_at = (NOW - timedelta(seconds=90)).isoformat()

    brought = arrival_from(session, tablet.id, sent_at, NOW)
    stood = arrival_from(session, kiosk.id, None, NOW)

    assert (brought.device_id, brought.clock_offset, brought.stands_at) == (tablet.id, 90, None)
    assert brought.modes == ("tablet", "phone", "paper")
    assert (stood.clock_offset, stood.modes, stood.stands_at) == (None, ("kiosk",), "D1")
    with pytest.raises(NotAllowed):
        arrival_from(session, system.id, None, NOW)
