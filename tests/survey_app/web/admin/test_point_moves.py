"""The room of moves: points chosen by search, a dry look, and then the act."""

import pytest
from sqlalchemy import func, select

from survey_app.models.accounts import AuditEntry
from survey_app.models.waves import Wave, WavePoint
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import make_form, make_point, make_wave
from tests.survey_app.web.admin.test_points import actions, send
from tests.survey_app.web.citizen_door import hidden, make_app
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

ROOM = "/admin/waves/w/points/move"
TO = "next sipas-counter/1"


@pytest.fixture
def app(sqlite_database):
    with sqlite_database.writing() as session:
        for role in ("administrator", "auditor"):
            create_account(session, role, PASSWORD, role)
        wave = make_wave(session, code="w")
        make_form(session, make_wave(session, code="next", title="Đợt sau", opened_at=None))
        for number in range(52):
            name = "Quầy Đất đai" if number < 51 else "Quầy Hộ tịch"
            make_point(session, wave, name=name, code=f"D{number:05d}x")
    return make_app(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def moved(database):
    with database.reading() as session:
        query = select(func.count()).select_from(WavePoint).join(Wave)
        return session.scalar(query.where(Wave.code == "next"))


def test_points_are_chosen_looked_at_and_moved(client, sqlite_database):
    look = send(client, ROOM, to=TO, point=["D00001x", "D00002x"], do="look")

    assert look.status_code == 200
    assert "Xem trước: 2 điểm sẽ chuyển" in words_of(look)
    assert "in và dán mã của đợt mới" in words_of(look)
    assert moved(sqlite_database) == 0
    fields = hidden(look) | {"do": "store", "point": ["D00001x", "D00002x"]}
    done = client.post(ROOM, data=fields)
    assert "Đã chuyển 2 điểm" in words_of(done)
    assert moved(sqlite_database) == 2
    with sqlite_database.reading() as session:
        row = session.scalars(select(AuditEntry).where(AuditEntry.action == "move_points")).one()
    assert row.subject == "w > next sipas-counter/1 2"


def test_all_that_a_search_finds_move_whatever_the_page(client, sqlite_database):
    look = send(client, ROOM, to=TO, which="all", q="dat dai", do="look")
    assert "51 điểm sẽ chuyển" in words_of(look)
    done = client.post(ROOM, data=hidden(look) | {"do": "store"})

    assert "Đã chuyển 51 điểm" in words_of(done)
    assert moved(sqlite_database) == 51


def test_the_list_has_pages_and_a_search_like_that_of_counters(client):
    assert "Trang 1 / 2" in words_of(client.get(ROOM))
    assert client.get(f"{ROOM}?page=2").text.count('name="point"') == 2
    found = client.get(f"{ROOM}?q=ho+tich")
    assert "Tất cả 1 điểm tìm thấy" in words_of(found)
    assert "Không có quầy nào khớp" in words_of(client.get(f"{ROOM}?q=xyz"))


def test_what_is_missing_is_said_beside_it_and_what_was_ticked_stays(client, sqlite_database):
    page = send(client, ROOM, point=["D00003x"], do="look")

    assert page.status_code == 400
    assert 'id="to-problem"' in page.text
    assert 'value="D00003x" checked' in page.text
    page = send(client, ROOM, to=TO, do="look")
    assert 'id="point-problem"' in page.text
    assert f'value="{TO}" selected' in page.text
    assert actions(sqlite_database) == []


def test_who_stays_is_told_with_the_reason(client):
    send(client, ROOM, to=TO, point=["D00001x"], do="store")
    look = send(client, ROOM, to=TO, point=["D00001x", "D00002x"], do="look")

    assert "Xem trước: 1 điểm" in words_of(look)
    assert "Điểm đã thuộc đợt «next»" in words_of(look)
    again = send(client, ROOM, to=TO, point=["D00001x"], do="store")
    assert again.status_code == 400
    assert "Không điểm nào" in words_of(again)


def test_a_wave_without_points_says_so(client, sqlite_database):
    with sqlite_database.writing() as session:
        make_wave(session, code="empty")

    assert "không có điểm nào" in words_of(client.get("/admin/waves/empty/points/move"))


def test_others_move_nothing(app):
    auditor = browser_of(app, "auditor")

    assert auditor.get(ROOM).status_code == 403
    assert send(auditor, ROOM, "/admin/waves/w/plan", to=TO, which="all").status_code == 403
