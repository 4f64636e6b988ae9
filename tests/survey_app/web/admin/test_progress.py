"""The room of fieldwork: figures on the page and in the file."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from analysis.selection import kish
from survey_app.models.fieldwork import Assignment, Visit
from survey_app.services.field.fieldwork import grid_of, record_visits
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import NOW, make_point, make_wave, visit_content
from tests.survey_app.web.admin.test_points import actions
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.office import browser_of, words_of

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
    assert "chưa có phân công nào" in words_of(client.get(ROOM))


def test_outcomes_and_rates_are_shown(client, visited):
    page = words_of(client.get(visited))

    assert "Hộ từ chối 2.111 1" in page
    assert "Tỷ lệ trả lời % 50,0" in page
    assert "còn 1 phiếu chưa về" in page


def test_the_file_is_recorded(client, visited, sqlite_database):
    answer = client.get(f"{visited}.csv")

    head, line = answer.data.decode("utf-8-sig").splitlines()
    assert head.startswith("Mã phân công;")
    assert line.startswith("PC1;")
    assert actions(sqlite_database) == ["download"]


def test_doubtful_calls_lead_to_the_area_and_what_is_doubtful_there(
    client, visited, sqlite_database
):
    with sqlite_database.writing() as session:
        area = session.scalars(select(Assignment)).one()
        wrong = kish(3, grid_of(area), 4) % 4 + 1
        call = visit_content(area, household=3, chosen=wrong)
        record_visits(session, [call, call | {"outcome": "vacant", "household": 4}], None, NOW)
        more = {"household": 99, "chosen": None, "day": "2062-01-01"}
        counted = [visit_content(area, **more, eligible=n) for n in (2, 5)]
        record_visits(session, counted, None, NOW)
    page = client.get(visited)

    assert "Ở 1 hộ, người được hỏi không phải người bảng Kish chọn" in words_of(page)
    address = "/admin/waves/v/assignments/of/PC1#doubts"
    assert f'<a href="{address}" aria-label="PC1, Cần hỏi lại: 6">6</a>' in page.text
    for told in ("Ở 1 hộ, các lần tiếp cận báo số", "2 lần tiếp cận ghi ngày", "1 hộ đã đến có số"):
        assert told in words_of(page)
    area_page = client.get(address)
    assert 'id="doubts"' in area_page.text
    told = words_of(area_page)
    assert f"Hộ 3 20/11/2026 4 {wrong} " in told
    assert "Hoàn thành phỏng vấn Hộ 3 · 20/11/2026 · 4 người" in told
    assert "Hộ 99 2, 5" in told
    assert "Hộ 99 01/01/2062 20/11/2026" in told
    assert "Hộ ngoài số được giao: 99" in told
    assert "Nhà không có người ở Hộ 4 · 20/11/2026 · 4 người" in told


def test_where_nothing_is_doubtful_nobody_is_to_be_asked(client, visited):
    area = "/admin/waves/v/assignments/of/PC1"

    assert "#doubts" not in client.get(visited).text
    for address in (visited, area):
        assert "người được hỏi không phải" not in client.get(address).text
