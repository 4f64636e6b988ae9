"""The room of coverage: rates with their numbers, days without a count, import with a trial."""

import io

import pytest
from sqlalchemy import select

from survey_app import clock, create_app
from survey_app.config import Config
from survey_app.days import day_of
from survey_app.models.waves import Wave
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import catalogue, make_point, make_wave, response_content
from tests.survey_app.web.admin.test_points import SECRET, actions, send
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

PAGE = "/admin/waves/w/coverage"


@pytest.fixture
def app(sqlite_database, tmp_path):
    with sqlite_database.writing() as session:
        for role in ("administrator", "auditor"):
            create_account(session, role, PASSWORD, role)
        make_wave(session, code="w")
    url = sqlite_database.url.render_as_string(hide_password=False)
    app = create_app(Config(url, SECRET, tmp_path))
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


@pytest.fixture
def point(sqlite_database):
    """A counter with three answers of today."""
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        point = make_point(session, wave)
        for _k in range(3):
            content = response_content(wave="w", collection_point=point.code)
            assert accept_response(session, content, clock.now(), catalogue()).status == "accepted"
        return point.code


def today():
    return f"{day_of(clock.now()):%d/%m/%Y}"


def upload(client, text, do="store"):
    return send(client, PAGE, file=(io.BytesIO(text.encode()), "hs.csv"), do=do)


def table(point, returned):
    return f"mã quầy;ngày;số hồ sơ trả\n{point};{today()};{returned}\n"


def test_an_empty_wave_is_told(client):
    page = words_of(client.get(PAGE))

    assert "chưa có quầy nào" in page
    assert "chưa tính được" in page


def test_answers_without_dossiers_are_marked(client, point):
    page = words_of(client.get(f"{PAGE}?point={point}"))

    assert "chưa tính được" in page
    assert "1 ngày chưa có số hồ sơ" in page


def test_a_table_is_tried_then_stored_and_the_rate_shown(client, sqlite_database, point):
    tried = upload(client, table(point, 12), "try")
    assert "chưa lưu gì" in words_of(tried)
    assert "chưa tính được" in words_of(client.get(PAGE))
    assert "Đã lưu số hồ sơ" in words_of(upload(client, table(point, 12)))
    page = words_of(client.get(PAGE))

    assert "25,00 %" in page
    assert "3 phiếu trên 12 hồ sơ" in page
    assert "3/12" in page
    assert actions(sqlite_database) == ["import_dossiers"]


def test_more_answers_than_dossiers_are_flagged(client, point):
    upload(client, table(point, 2))

    assert "1 ngày phiếu nhiều hơn hồ sơ" in words_of(client.get(PAGE))
    assert "phiếu nhiều hơn hồ sơ" in words_of(client.get(f"{PAGE}?point={point}"))


def test_a_wrong_line_stores_nothing(client, sqlite_database, point):
    answer = upload(client, table(point, 12) + f"D99999;{today()};1\n")

    assert answer.status_code == 422
    assert "«D99999»" in words_of(answer)
    assert "chưa tính được" in words_of(client.get(PAGE))
    assert actions(sqlite_database) == []


@pytest.mark.parametrize("text", ["", "mã quầy;ngày\nD1;1\n"])
def test_a_file_that_is_no_table_of_dossiers_is_told(client, point, text):
    assert upload(client, text).status_code == 400


def test_the_file_says_what_the_page_says_and_is_recorded(client, sqlite_database, point):
    upload(client, table(point, 12))
    answer = client.get(f"{PAGE}/coverage.csv")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert f"{today()};3;0;12;25,00;0;0" in answer.text
    assert actions(sqlite_database)[-1] == "download"


def test_an_auditor_looks_and_imports_nothing(app, client, point):
    other = browser_of(app, "auditor")

    assert "Nhập số hồ sơ" not in words_of(other.get(PAGE))
    assert upload(other, table(point, 1)).status_code == 403


def test_what_is_not_there_is_not_found(client):
    assert client.get("/admin/waves/none/coverage").status_code == 404
    assert client.get(f"{PAGE}?point=none").status_code == 200


def test_codes_made_and_used_stand_in_a_table(client, sqlite_database):
    assert "Mã đã cấp" not in words_of(client.get(PAGE))
    with sqlite_database.writing() as session:
        counted = make_counted(session, land=40, code="coded")
        make_codes(session, counted, 12)

    page = words_of(client.get("/admin/waves/coded/coverage"))

    assert "Mã đã cấp" in page
    assert f"{counted.unit.name} 12 0 0,00 %" in page
