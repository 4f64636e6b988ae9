"""The room of assignments: added, imported, moved, closed; questions answered alone."""

import io

import pytest
from sqlalchemy import select

from survey_app.models.fieldwork import Assignment
from survey_app.models.waves import WaveForm
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import make_device, make_point, make_wave
from tests.survey_app.web.admin.test_points import actions, send
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

ROOM = "/admin/waves/w/assignments"
PRIVATE = f"{ROOM}/private/sipas-counter/1"


@pytest.fixture
def app(sqlite_database):
    with sqlite_database.writing() as session:
        for role in ("administrator", "auditor"):
            create_account(session, role, PASSWORD, role)
        make_point(session, make_wave(session, code="w"), name="Ấp 1", code="AP1")
        make_device(session, name="Máy 7", surveyor="Lê Thị B")
    return make_app(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def add(client, **changes):
    given = {"code": "PC1", "point": "AP1", "tablet": "Máy 7", "selection": "kish"}
    return send(client, ROOM, **given | {"quota": "12", "reserve": "4"} | changes)


def bring(client, text, do="store"):
    file = (io.BytesIO(text.encode()), "pc.csv")
    return send(client, f"{ROOM}/import", ROOM, file=file, do=do)


def stored(database):
    with database.reading() as session:
        return session.scalars(select(Assignment).order_by(Assignment.code)).all()


def test_an_empty_wave_is_told(client):
    assert "chưa có phân công nào" in words_of(client.get(ROOM))


def test_an_assignment_is_added_and_shown(client, sqlite_database):
    assert add(client).status_code == 303
    page = words_of(client.get(ROOM))

    assert "Máy 7" in page
    assert "Lê Thị B" in page
    assert "Chưa có lần tiếp cận nào" in words_of(client.get(f"{ROOM}/of/PC1"))
    assert actions(sqlite_database) == ["add_assignment"]


def test_what_is_wrong_is_said_and_what_was_typed_stays(client):
    page = add(client, quota="x", code="PC-9")

    assert page.status_code == 400
    assert "«số hộ»" in words_of(page)
    assert 'value="PC-9"' in page.text


@pytest.mark.parametrize(("do", "count"), [("try", 0), ("store", 2)])
def test_a_table_is_tried_before_it_is_stored(client, sqlite_database, do, count):
    page = bring(client, "mã,điểm lấy ý kiến,số hộ\nA,AP1,3\nB,Ấp 1,4\n", do)

    assert page.status_code == 200
    assert "2 dòng mới" in words_of(page)
    assert len(stored(sqlite_database)) == count


def test_a_wrong_line_keeps_the_whole_table_out(client, sqlite_database):
    page = bring(client, "mã,điểm lấy ý kiến,số hộ\nA,AP1,3\nB,AP9,4\n")

    assert page.status_code == 422
    assert "«AP9»" in words_of(page)
    assert stored(sqlite_database) == []


def test_work_is_moved_to_another_tablet(client, sqlite_database):
    add(client)
    with sqlite_database.writing() as session:
        other = make_device(session, "token-of-another-tablet", name="Máy 8").id

    send(client, f"{ROOM}/of/PC1", tablet=str(other), quota="10", reserve="2")

    (one,) = stored(sqlite_database)
    assert (one.device_id, one.quota, one.reserve) == (other, 10, 2)
    send(client, f"{ROOM}/of/PC1", tablet="", quota="10", reserve="2")
    assert stored(sqlite_database)[0].device_id is None
    assert "chưa giao máy" in words_of(client.get(f"{ROOM}?only=free"))


def test_closing_is_asked_for_and_undone(client, sqlite_database):
    add(client)
    one = f"{ROOM}/of/PC1"

    assert "vẫn được nhận" in words_of(client.get(f"{one}/close"))
    send(client, f"{one}/close")
    assert stored(sqlite_database)[0].closed_at is not None
    send(client, f"{one}/reopen")
    assert stored(sqlite_database)[0].closed_at is None


def test_questions_answered_alone_are_chosen(client, sqlite_database):
    answer = send(client, PRIVATE, item=["staff", "result"])

    assert "Đã lưu" in words_of(client.get(answer.location))
    with sqlite_database.reading() as session:
        assert session.scalars(select(WaveForm.private_items)).one() == "staff result"
    assert "2 câu" in words_of(client.get(ROOM))


def test_an_auditor_sees_and_changes_nothing(app, client):
    add(client)
    auditor = browser_of(app, "auditor")

    for page in (ROOM, f"{ROOM}/of/PC1", PRIVATE):
        shown = auditor.get(page)
        assert shown.status_code == 200
        assert 'name="code"' not in shown.text
    assert auditor.get(f"{ROOM}/of/PC1/close").status_code == 403
