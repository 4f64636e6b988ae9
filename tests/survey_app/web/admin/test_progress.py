"""The room of fieldwork: figures on the page and in the file."""

from uuid import uuid4

import pytest

from survey_app.models.fieldwork import Assignment, Visit
from survey_app.services.accounts import create_account
from tests.survey_app.factories import NOW, make_point, make_wave
from tests.survey_app.web.admin.test_points import actions, browser_of, text_of_page
from tests.survey_app.web.citizen_door import make_app

ROOM = "/admin/waves/w/progress"


@pytest.fixture
def client(sqlite_database):
    with sqlite_database.writing() as session:
        create_account(session, "auditor", "mật khẩu đủ dài", "auditor")
        make_wave(session, code="w")
    return browser_of(make_app(sqlite_database), "auditor")


@pytest.fixture
def visited(sqlite_database):
    """An area in which one household answered and one refused."""
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="v")
        point = make_point(session, wave, name="Ấp 1")
        fields = {"code": "PC1", "wave_id": wave.id, "point_id": point.id, "selection": "kish"}
        one = Assignment(**fields, quota=8, reserve=0)
        session.add(one)
        session.flush()
        for household, outcome in ((1, "complete"), (2, "refusal_household")):
            fields = {"household": household, "outcome": outcome, "content_hash": "0" * 64}
            session.add(Visit(id=uuid4(), assignment_id=one.id, day=NOW.date(), **fields))
    return ROOM.replace("/w/", "/v/")


def test_a_wave_without_assignments_is_told(client):
    assert "chưa có phân công nào" in text_of_page(client.get(ROOM))


def test_outcomes_and_rates_are_shown(client, visited):
    page = text_of_page(client.get(visited))

    assert "Hộ từ chối 2.111 1" in page
    assert "Tỷ lệ trả lời % 50,0" in page
    assert "còn 1 phiếu chưa về" in page


def test_the_file_is_recorded(client, visited, sqlite_database):
    answer = client.get(f"{visited}.csv")

    head, line = answer.data.decode("utf-8-sig").splitlines()
    assert head.startswith("Mã phân công;")
    assert line.startswith("PC1;")
    assert actions(sqlite_database) == ["download"]
