"""The room of procedures: looked at by fields, brought in, handed out."""

import pytest
from sqlalchemy import select

from survey_app.models.waves import Procedure
from tests.survey_app.web.office import browser_of, make_office, told, upload, words_of

PAGE = "/admin/procedures"
TABLE = "mã;tên;lĩnh vực\nho-tich;Hộ tịch;\nHT.1;Đăng ký khai sinh;Hộ tịch\n"


@pytest.fixture
def app(sqlite_database):
    return make_office(sqlite_database)


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def codes(database):
    with database.reading() as session:
        return session.scalars(select(Procedure.code).order_by(Procedure.code)).all()


def test_an_empty_list_says_what_to_do(client):
    assert "Chưa có lĩnh vực và thủ tục nào" in words_of(client.get(PAGE))
    assert f'href="{PAGE}"' in client.get("/admin/").text


def test_a_dry_look_stores_nothing_and_the_import_is_recorded(client, sqlite_database):
    look = upload(client, PAGE, TABLE, do="try")
    assert (look.status_code, codes(sqlite_database)) == (200, [])
    stored = upload(client, PAGE, b"\xef\xbb\xbf" + TABLE.encode())

    assert "Đã nhập danh sách thủ tục" in words_of(stored)
    assert "2 dòng đã có, giữ nguyên" in words_of(upload(client, PAGE, TABLE))
    assert codes(sqlite_database) == ["HT.1", "ho-tich"]
    assert told(sqlite_database) == [("import_procedures", "2"), ("import_procedures", "0")]


def test_a_changed_name_is_told(client):
    upload(client, PAGE, TABLE)
    answer = words_of(upload(client, PAGE, TABLE.replace("Đăng ký khai sinh", "Khai sinh")))

    assert "1 dòng thay đổi" in answer
    assert "HT.1 · tên: Đăng ký khai sinh thành Khai sinh" in answer


def test_wrong_lines_are_answered_and_nothing_is_stored(client, sqlite_database):
    answer = upload(client, PAGE, TABLE + "X;Tên;dat-dai\n")

    assert answer.status_code == 422
    assert "Cột «lĩnh vực»: không có lĩnh vực «dat-dai»" in words_of(answer)
    assert codes(sqlite_database) == []
    assert told(sqlite_database) == []


@pytest.mark.parametrize("content", ["", "mã;tên\nA;B\n"])
def test_a_file_that_is_no_table_of_procedures_is_told_on_the_page(client, content):
    answer = upload(client, PAGE, content)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_the_list_stands_by_fields_and_is_searched(client):
    upload(client, PAGE, TABLE + "dat-dai;Đất đai;\n")

    assert (
        "Đất đai dat-dai là lĩnh vực Hộ tịch ho-tich là lĩnh vực Đăng ký khai sinh HT.1 Hộ tịch"
        in (words_of(client.get(PAGE)))
    )
    assert "dat-dai" not in words_of(client.get(f"{PAGE}?q=ho+tich"))
    assert "Không có thủ tục nào khớp" in words_of(client.get(f"{PAGE}?q=xyz"))


def test_the_list_is_handed_out_in_the_form_that_is_imported(client, sqlite_database):
    upload(client, PAGE, TABLE)
    file = client.get(f"{PAGE}/procedures.csv")
    template = client.get(f"{PAGE}/template.csv")

    assert "2 dòng đã có, giữ nguyên" in words_of(upload(client, PAGE, file.data))
    assert file.text.startswith(template.text)
    assert ("download", "procedures") in told(sqlite_database)


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_others_look_and_import_nothing(app, role):
    other = browser_of(app, role)

    assert other.get(PAGE).status_code == 200
    assert 'type="file"' not in other.get(PAGE).text
    assert upload(other, PAGE, TABLE).status_code == 403


def test_strangers_are_shown_the_door(app):
    stranger, head = app.test_client(), browser_of(app, "unit_head")

    for address in (PAGE, f"{PAGE}/procedures.csv", f"{PAGE}/template.csv"):
        assert stranger.get(address).status_code == 303
        assert head.get(address).status_code == 403
