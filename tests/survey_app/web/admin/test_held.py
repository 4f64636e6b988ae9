"""The room of forms that wait: compared, taken in, set aside, and by whom."""

import json
import re

import pytest
from sqlalchemy import select

from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import HeldResponse, Response, StagedResponse
from survey_app.models.waves import CollectionPoint, Procedure, Wave, WaveForm
from survey_app.services.codes.staging import stage
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.operation.accounts import create_account
from survey_app.services.plan.waves import add_form
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_assignment,
    make_device,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.web.admin.test_points import send
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

ROOM = "/admin/waves/w/held"


@pytest.fixture
def app(sqlite_database):
    with sqlite_database.writing() as session:
        for role in ("administrator", "supervisor", "auditor"):
            create_account(session, role, PASSWORD, role)
        make_point(session, make_wave(session, code="w"), name="Ấp 1", code="AP1")
    return make_app(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def one_of(database):
    with database.reading() as session:
        row = session.scalars(select(HeldResponse)).one()
        return f"{ROOM}/{row.response_id}/{row.content_hash}"


@pytest.fixture
def conflict(sqlite_database, app):
    with sqlite_database.writing() as session:
        content = response_content(wave="w", collection_point="AP1")
        accept_response(session, content, NOW, catalogue())
        other = content | {"answers": content["answers"] | {"access": "1"}}
        accept_response(session, other, NOW, catalogue())
    return one_of(sqlite_database)


@pytest.fixture
def unknown(sqlite_database, app):
    """A form of a version that became known after it came."""
    with sqlite_database.writing() as session:
        form = session.scalars(select(WaveForm)).one()
        wave = form.wave
        session.delete(form)
        session.flush()
        session.expire_all()
        content = response_content(wave="w", collection_point="AP1")
        assert accept_response(session, content, NOW, catalogue()).status == "quarantined"
        add_form(session, wave, "sipas-counter/1", catalogue())
    return one_of(sqlite_database)


def test_nothing_that_waits_is_told(client):
    assert "Không có phiếu nào chờ xử lý" in words_of(client.get(ROOM))


def test_a_conflict_is_shown_item_by_item_and_set_aside(client, conflict, sqlite_database):
    page = words_of(client.get(conflict))

    assert "Rất không hài lòng khác" in page
    assert "Nhận vào đợt" not in page
    assert send(client, conflict, do="aside").status_code == 400
    assert send(client, conflict, do="aside", words="bản in thử").status_code == 303
    assert "đã để riêng" in words_of(client.get(f"{ROOM}?only=settled"))
    assert "Không có phiếu nào chờ xử lý" in words_of(client.get(ROOM))
    assert send(client, conflict, ROOM, do="aside", words="x").status_code == 409


@pytest.mark.parametrize("at_once", [False, True])
def test_a_form_whose_version_is_known_is_taken(client, unknown, sqlite_database, at_once):
    if at_once:
        answer = send(client, f"{ROOM}/known", ROOM)
        assert "Đã nhận 1 phiếu" in words_of(client.get(answer.location))
    else:
        send(client, unknown, do="accept")

    with sqlite_database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 1
    assert "đã nhận vào đợt" in words_of(client.get(unknown))
    wave = words_of(client.get("/admin/waves/w"))
    assert "phiếu giữ lại" not in wave


@pytest.fixture
def moved(sqlite_database, app):
    """A form from an area that was given another point while its tablet was away."""
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        area = make_assignment(session, make_point(session, wave, name="Ấp 2", code="AP2"))
        arrival = Arrival(device_id=make_device(session).id)
        for _ in range(2):
            content = response_content(wave="w", collection_point="AP1", assignment=area.code)
            accept_response(session, content, NOW, catalogue(), arrival)
        row = session.scalars(select(HeldResponse)).first()
        return f"{ROOM}/{row.response_id}/{row.content_hash}"


def test_a_form_for_another_procedure_than_its_kiosks_says_which_and_is_taken_alone(
    client, sqlite_database
):
    with sqlite_database.writing() as session:
        session.add_all(Procedure(code=code, name=code) for code in ("HT.1", "HT.2"))
        session.flush()
        arrival = Arrival(device_id=make_device(session).id, fields=())
        for code in ("HT.1", "HT.2"):
            content = response_content(wave="w", collection_point="AP1", field=code)
            accept_response(session, content, NOW, catalogue(), arrival)
        row = session.scalars(select(HeldResponse)).first()
        named = json.loads(row.document)["field"]
        address = f"{ROOM}/{row.response_id}/{row.content_hash}"

    page = words_of(client.get(address))
    assert f"Thủ tục hoặc lĩnh vực {named}" in page
    assert "phiếu khác cùng nơi" not in page


@pytest.mark.parametrize(
    ("do", "n", "said"), [("accept", 1, "Đã xử lý phiếu"), ("alike", 2, "Đã nhận 2 phiếu, còn 0")]
)
def test_a_form_of_a_moved_area_is_taken_where_a_person_says(
    client, moved, sqlite_database, do, n, said
):
    assert "phân công, điểm lấy ý kiến hoặc thủ tục của máy đã đổi" in words_of(client.get(ROOM))
    page = words_of(client.get(moved))
    assert "Phiếu đúng theo những gì máy được giao" in page
    assert "Ấp 1 (AP1)" in page
    assert "Nhận cả 1 phiếu khác cùng nơi" in page
    refused = send(client, moved, do=do, words="hỏi rồi")
    assert (refused.status_code, "Xin chọn điểm" in words_of(refused)) == (400, True)
    (place,) = re.findall(r'<option value="(AP2 .+?)">', refused.text)

    answer = send(client, moved, do=do, place=place)
    assert said in words_of(client.get(answer.location))
    with sqlite_database.reading() as session:
        points = session.scalars(select(Response.point_id)).all()
        assert [session.get_one(CollectionPoint, point).code for point in points] == ["AP2"] * n


def test_a_supervisor_compares_and_settles_nothing(app, conflict):
    supervisor = browser_of(app, "supervisor")

    assert "Xử lý phiếu này" not in words_of(supervisor.get(conflict))
    assert send(supervisor, conflict, "/admin/tablets/file", do="aside").status_code == 403
    assert browser_of(app, "auditor").get(ROOM).status_code == 403


@pytest.fixture
def refused(sqlite_database, app):
    """A staged answer that could not be moved."""
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        content = {"questionnaire": "sipas-counter", "version": "1", "answers": {"secret": "x"}}
        stage(session, wave.id, 1, "lãnh đạo", content)
        session.scalars(select(StagedResponse)).one().refused = "wrong_unit"


def test_answers_by_code_that_could_not_be_moved_are_counted_and_tried_again(
    client, refused, sqlite_database
):
    page = client.get(ROOM)
    assert "Câu trả lời theo mã dùng một lần không chuyển được (1)" in words_of(page)
    assert "cơ quan không còn thuộc điểm lấy ý kiến 1" in words_of(page)
    assert "secret" not in page.text
    assert "lãnh đạo" not in page.text

    answer = send(client, f"{ROOM}/staged", ROOM)

    assert "sẽ được thử chuyển lại" in words_of(client.get(answer.location))
    assert "không chuyển được" not in client.get(ROOM).text
    with sqlite_database.reading() as session:
        assert session.scalars(select(StagedResponse.refused)).all() == [None]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.subject, entry.detail) == ("staged_tried_again", "w", None)


def test_a_supervisor_sees_the_number_and_an_auditor_nothing(app, refused):
    supervisor = browser_of(app, "supervisor")

    assert "không chuyển được" in supervisor.get(ROOM).text
    assert "Thử chuyển lại" not in supervisor.get(ROOM).text
    assert browser_of(app, "auditor").get(ROOM).status_code == 403
