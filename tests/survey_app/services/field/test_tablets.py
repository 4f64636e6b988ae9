"""Tablets: prepared, listed, retired and revoked, and each of these undone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import Assignment
from survey_app.models.responses import ResponseQuality
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.field.devices import code_hash
from survey_app.services.field.tablets import (
    CODE_LIFETIME,
    SILENCE,
    SILENT,
    give_to,
    prepare_tablet,
    renew_code,
    resume,
    retire,
    revoke,
    silent_count,
    tablet_page,
    tablets,
    working_tablets,
)
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_device,
    make_point,
    make_wave,
    response_content,
)


def states(session, **asked):
    found = tablets(session, Asked(**asked), NOW).lines
    return {one.name: one.state for one in found}


def test_a_prepared_tablet_waits_for_its_code_which_is_not_kept(session):
    device, code = prepare_tablet(session, " Máy  7 ", "Lê Thị B", NOW)

    assert (device.name, device.surveyor, device.kind) == ("Máy 7", "Lê Thị B", "tablet")
    assert device.enrolment_hash == code_hash(code.lower())
    assert code not in str(vars(device))
    assert device.enrolment_until == NOW + timedelta(hours=24)
    assert states(session) == {"Máy 7": "waiting"}
    assert {t.state for t in tablets(session, Asked(), NOW + CODE_LIFETIME).lines} == {"expired"}


@pytest.mark.parametrize(
    ("name", "surveyor", "sentence"),
    [("", "B", "Tên máy"), ("x" * 65, "B", "Tên máy"), ("Máy", " ", "điều tra viên")],
)
def test_a_tablet_needs_a_name_and_a_surveyor(session, name, surveyor, sentence):
    with pytest.raises(Refusal, match=sentence):
        prepare_tablet(session, name, surveyor, NOW)


def test_a_name_is_given_once(session):
    prepare_tablet(session, "Máy 7", "B", NOW)

    with pytest.raises(Refusal, match="Đã có thiết bị"):
        prepare_tablet(session, "Máy 7", "C", NOW)


def test_retiring_is_undone_by_resuming(session):
    device = make_device(session, name="Máy 7")
    retire(session, device.id, NOW)

    assert states(session) == {"Máy 7": "retired"}
    assert working_tablets(session) == []
    with pytest.raises(Refusal, match="dùng lại"):
        renew_code(session, device.id, NOW)
    resume(session, device.id)
    assert states(session) == {"Máy 7": "active"}


def test_a_revoked_tablet_that_is_found_gets_a_new_code(session):
    device = make_device(session, name="Máy 7")
    revoke(session, device.id, NOW)
    assert states(session) == {"Máy 7": "revoked"}

    _device, code = renew_code(session, device.id, NOW)

    assert device.enrolment_hash == code_hash(code)
    assert states(session) == {"Máy 7": "waiting"}


def test_revoking_takes_an_unused_code_away(session):
    device, _code = prepare_tablet(session, "Máy 7", "B", NOW)

    revoke(session, device.id, NOW)

    assert device.enrolment_hash is None


def test_silent_tablets_with_forms_waiting_stand_first(session):
    long_ago, lately = NOW - SILENCE - timedelta(hours=1), NOW - timedelta(days=1)
    make_device(session, "t1" * 9, name="A", last_seen_at=lately, queue_length=9)
    make_device(session, "t2" * 9, name="B", last_seen_at=long_ago, queue_length=0)
    make_device(session, "t3" * 9, name="C", last_seen_at=long_ago, queue_length=2)
    make_device(session, "t4" * 9, name="D")

    assert list(states(session)) == ["C", "A", "B", "D"]
    assert list(states(session, only=SILENT)) == ["C"]
    assert silent_count(session, NOW) == 1


def test_a_list_is_searched_by_surveyor_and_holds_tablets_only(session):
    make_device(session, "t1" * 9, name="A", surveyor="Nguyễn Văn Đức")
    make_device(session, "t2" * 9, name="B")
    make_device(session, "t3" * 9, name="Một cửa", kind="system")

    assert list(states(session)) == ["A", "B"]
    assert list(states(session, search="duc")) == ["A"]


def test_a_system_is_no_tablet(session):
    system = make_device(session, kind="system")

    with pytest.raises(NotFound):
        tablet_page(session, system.id, NOW)


def test_a_tablet_shows_its_work_and_how_its_clock_went_last(session):
    device = make_device(session, surveyor="B")
    wave = make_wave(session)
    point = make_point(session, wave)
    for number, closed in (("1", None), ("2", NOW)):
        session.add(
            Assignment(
                code=number,
                wave_id=wave.id,
                point_id=point.id,
                device_id=device.id,
                selection="kish",
                quota=1,
                reserve=0,
                closed_at=closed,
            )
        )
    for later, offset in ((0, 900), (1, -30)):
        content = response_content(wave=wave.code, collection_point=point.code)
        arrival = Arrival(device_id=device.id)
        accept_response(session, content, NOW + timedelta(minutes=later), catalogue(), arrival)
        newest = select(ResponseQuality).where(ResponseQuality.clock_offset.is_(None))
        session.scalars(newest).one().clock_offset = offset
    session.flush()

    page = tablet_page(session, device.id, NOW)

    assert page.clock_offset == -30
    assert [(code, closed) for *_, code, _place, closed in page.work] == [("1", False), ("2", True)]
    assert page.tablet.assignments == 1


def test_another_surveyor_takes_a_tablet(session):
    device = make_device(session)

    give_to(session, device.id, "Lê Thị B")

    assert session.get_one(Device, device.id).surveyor == "Lê Thị B"
