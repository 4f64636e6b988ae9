"""The room of tablets: a code shown once, deeds that are asked for first, and who may do what."""

import re

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import AuditEntry, Device
from survey_app.services.field.tablets import SILENCE
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import make_device
from tests.survey_app.web.admin.test_points import send
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

ROOM = "/admin/tablets"


@pytest.fixture
def app(sqlite_database):
    with sqlite_database.writing() as session:
        for role in ("administrator", "supervisor", "auditor"):
            create_account(session, role, PASSWORD, role)
    return make_app(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def device_in(database):
    with database.reading() as session:
        return session.scalars(select(Device)).one()


def test_the_code_of_a_new_tablet_is_shown_once_with_the_address(client, sqlite_database):
    page = send(client, ROOM, name="Máy 7", surveyor="Lê Thị B")
    code = "".join(re.search(r'<p class="big">(\w{4}) (\w{4})</p>', page.text).groups())

    assert "/t/</code>" in page.text
    shown = client.get(ROOM)
    assert code not in shown.text.replace(" ", "")
    assert "Chờ đăng ký" in words_of(shown)
    assert device_in(sqlite_database).surveyor == "Lê Thị B"
    with sqlite_database.reading() as session:
        assert "tablet_prepared" in session.scalars(select(AuditEntry.action)).all()


def test_what_is_missing_is_said_and_what_was_typed_stays(client):
    page = send(client, ROOM, name="Máy 7", surveyor="")

    assert page.status_code == 400
    assert "Tên điều tra viên" in words_of(page)
    assert 'value="Máy 7"' in page.text


def test_a_tablet_that_is_silent_with_forms_waiting_is_warned_of(client, sqlite_database):
    with sqlite_database.writing() as session:
        seen = clock.now() - 2 * SILENCE
        make_device(session, name="Máy 7", last_seen_at=seen, queue_length=14)

    assert "1 máy còn phiếu chờ gửi" in words_of(client.get(ROOM))
    assert "Máy 7" in words_of(client.get(f"{ROOM}?only=silent"))
    assert "Không có máy nào khớp" in words_of(client.get(f"{ROOM}?only=retired"))


@pytest.mark.parametrize(
    ("deed", "told", "after"),
    [("retire", "vẫn được nhận", "Đã thôi dùng"), ("revoke", "14 phiếu chờ", "Đã thu hồi")],
)
def test_a_deed_says_what_becomes_of_what_waits(client, sqlite_database, deed, told, after):
    with sqlite_database.writing() as session:
        room = f"{ROOM}/{make_device(session, queue_length=14).id}"

    assert told in words_of(client.get(f"{room}/{deed}"))
    send(client, f"{room}/{deed}")
    assert after in words_of(client.get(room))


def test_a_retired_tablet_comes_back_and_a_lost_one_gets_a_code(client, sqlite_database):
    with sqlite_database.writing() as session:
        room = f"{ROOM}/{make_device(session).id}"
    send(client, f"{room}/retire")
    assert send(client, f"{room}/renew").status_code == 400
    send(client, f"{room}/resume")
    send(client, f"{room}/revoke")

    assert 'class="big"' in send(client, f"{room}/renew").text
    assert "Chờ đăng ký" in words_of(client.get(room))


def test_another_surveyor_is_written_down(client, sqlite_database):
    with sqlite_database.writing() as session:
        room = f"{ROOM}/{make_device(session).id}"

    send(client, room, surveyor="Lê Thị B")

    assert device_in(sqlite_database).surveyor == "Lê Thị B"


def test_a_supervisor_looks_and_an_auditor_does_not(app, sqlite_database):
    with sqlite_database.writing() as session:
        room = f"{ROOM}/{make_device(session).id}"
    supervisor = browser_of(app, "supervisor")

    assert supervisor.get(room).status_code == 200
    assert "Chuẩn bị một máy" not in words_of(supervisor.get(ROOM))
    assert supervisor.get(f"{room}/revoke").status_code == 403
    assert browser_of(app, "auditor").get(ROOM).status_code == 403
