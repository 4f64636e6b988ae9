"""The room of units: looked at, brought in, handed out, and where a new installation begins."""

import re

import pytest
from sqlalchemy import select

from survey_app.models.responses import Response
from survey_app.models.units import Unit
from tests.survey_app.factories import make_form, make_unit, make_wave
from tests.survey_app.web.citizen_door import ANSWERS, Person, hidden
from tests.survey_app.web.office import browser_of, make_office, told, upload, words_of

PAGE = "/admin/units"
TABLE = "mã;tên;cấp;mã cấp trên\nCT;Thành phố Cần Thơ;tỉnh;\nPL;Phường Phú Lợi;xã;CT\n"


@pytest.fixture
def app(sqlite_database):
    """The application as it is installed: accounts, and nothing else."""
    return make_office(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def units(database):
    with database.reading() as session:
        return session.scalars(select(Unit.code).order_by(Unit.code)).all()


def test_an_empty_installation_says_what_to_do_first(client, sqlite_database):
    assert "Chưa có đơn vị nào. Trước khi thêm quầy" in words_of(client.get(PAGE))
    assert f'<li><a href="{PAGE}">Nhập danh sách đơn vị</a></li>' in client.get("/admin/").text
    with sqlite_database.writing() as session:
        make_form(session, make_wave(session, code="w"))
    counters = client.get("/admin/waves/w/points")

    assert "Chưa có đơn vị nào để đặt quầy" in words_of(counters)
    assert f'href="{PAGE}">Nhập danh sách đơn vị</a></p>' in counters.text
    assert "Thêm một quầy" not in words_of(counters)
    assert "Chưa có quầy nào để đặt máy" in words_of(client.get("/admin/kiosks"))


def test_the_first_steps_go_once_there_are_units_and_a_wave(client, sqlite_database):
    upload(client, PAGE, TABLE)
    assert "Bắt đầu như thế nào" in words_of(client.get("/admin/"))
    assert re.search(r"Nhập danh sách đơn vị</a> <span[^>]*>Đã có", client.get("/admin/").text)
    with sqlite_database.writing() as session:
        make_form(session, make_wave(session, code="w"))

    assert "Bắt đầu như thế nào" not in words_of(client.get("/admin/"))
    assert "Thêm một quầy" in words_of(client.get("/admin/waves/w/points"))


def test_from_nothing_to_the_first_answer_by_pages_alone(app, client, sqlite_database):
    def send(address, **fields):
        token = {"csrf_token": hidden(client.get("/admin/"))["csrf_token"]}
        return client.post(address, data=token | fields)

    upload(client, PAGE, TABLE)
    plan = {"code": "dot-1", "title": "Đợt 1", "year": "2026", "source": "self-selected"}
    assert send("/admin/new-wave", form="sipas-counter/1", **plan).status_code == 303
    points = "/admin/waves/dot-1/points"
    added = send(points, unit="PL", name="Quầy 1", form="sipas-counter/1")
    assert "Phường Phú Lợi – Quầy 1" in words_of(client.get("/admin/kiosks"))
    assert send("/admin/waves/dot-1/plan/open").status_code == 303
    (address,) = re.findall(r"(/s/[^<]+)</code>", client.get(added.location).text)
    phone = Person(app.test_client(), address)
    phone.send("", phone.see())
    phone.send("/1", **ANSWERS)
    assert phone.send("/review").status_code == 303

    with sqlite_database.reading() as session:
        rated = select(Unit.code).join(Response, Response.unit_id == Unit.id)
        assert session.scalars(rated).all() == ["PL"]


def test_a_dry_look_stores_nothing_and_the_import_is_recorded(client, sqlite_database):
    look = upload(client, PAGE, TABLE, do="try")
    assert (look.status_code, units(sqlite_database)) == (200, [])
    assert "Kết quả kiểm tra, chưa lưu gì" in words_of(look)
    stored = upload(client, PAGE, b"\xef\xbb\xbf" + TABLE.encode())
    again = upload(client, PAGE, TABLE)

    assert "Đã nhập danh sách đơn vị" in words_of(stored)
    assert "2 dòng đã có, giữ nguyên" in words_of(again)
    assert units(sqlite_database) == ["CT", "PL"]
    assert told(sqlite_database) == [("import_units", "2"), ("import_units", "0")]


def test_wrong_lines_are_answered_and_nothing_is_stored(client, sqlite_database):
    answer = upload(client, PAGE, TABLE + "X;Xã;tổng;CT\n;;;\nY;Xã;xã;Z\n")

    assert answer.status_code == 422
    assert "Cột «cấp»: không có cấp «tổng»" in words_of(answer)
    assert "Cột «mã cấp trên»: không có đơn vị mã «Z»" in words_of(answer)
    assert units(sqlite_database) == []
    assert told(sqlite_database) == []


@pytest.mark.parametrize("content", ["", "mã;tên\nA;B\n", "mã;tên;cấp;khác\nA;B;xã;1\n", b"\xff"])
def test_a_file_that_is_no_table_of_units_is_told_on_the_page(client, content):
    answer = upload(client, PAGE, content)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_the_list_is_searched_and_shows_who_is_above(client):
    upload(client, PAGE, TABLE)
    upload(
        client,
        PAGE,
        "mã;tên;cấp;từ ngày;ngừng từ ngày\nST;Tỉnh Sóc Trăng;tỉnh;2004-01-01;1/7/2025\n",
    )
    found = words_of(client.get(f"{PAGE}?q=phu+loi"))

    assert "Phường Phú Lợi PL · thuộc Thành phố Cần Thơ cấp xã" in found
    assert "ngừng từ" not in found.split("Tải danh sách")[0]
    ended = words_of(client.get(f"{PAGE}?only=ended"))
    assert "Tỉnh Sóc Trăng ST cấp tỉnh từ 01/01/2004 ngừng từ 01/07/2025" in ended
    assert "Phú Lợi" not in ended
    assert "Không có đơn vị nào khớp" in words_of(client.get(f"{PAGE}?q=xyz"))


def test_the_list_is_handed_out_in_the_form_that_is_imported(client, sqlite_database):
    upload(client, PAGE, TABLE)
    file = client.get(f"{PAGE}/units.csv")
    template = client.get(f"{PAGE}/template.csv")

    assert "2 dòng đã có, giữ nguyên" in words_of(upload(client, PAGE, file.data))
    assert file.text.startswith(template.text)
    assert upload(client, PAGE, template.data).status_code == 400
    assert ("download", "units") in told(sqlite_database)


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_others_look_and_import_nothing(app, sqlite_database, role):
    with sqlite_database.writing() as session:
        make_unit(session, code="PL")
    other = browser_of(app, role)

    assert "PL" in words_of(other.get(PAGE))
    assert 'type="file"' not in other.get(PAGE).text
    assert other.get(f"{PAGE}/units.csv").status_code == 200
    assert upload(other, PAGE, TABLE).status_code == 403


def test_strangers_are_shown_the_door(app):
    stranger, head = app.test_client(), browser_of(app, "unit_head")

    for address in (PAGE, f"{PAGE}/units.csv", f"{PAGE}/template.csv"):
        assert stranger.get(address).status_code == 303
        assert head.get(address).status_code == 403
