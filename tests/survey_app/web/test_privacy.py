"""The receipt of a form and the page on data protection, for everybody and without JavaScript."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.responses import Response
from survey_app.models.waves import Wave
from survey_app.services.door.drafts import LIFETIME
from survey_app.services.operation.retention import DAYS
from tests.survey_app.web.citizen_door import (
    Person,
    hidden,
    make_app,
    make_door,
    receipt_on,
    stored,
    words,
)


@pytest.fixture
def receipt(sqlite_database):
    """The receipt of a form just sent."""
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    person = Person(make_app(sqlite_database).test_client(), door)
    person.finish()
    return receipt_on(person.see("/thanks"))


@pytest.fixture
def client(sqlite_database):
    """Another browser than the one that sent the form."""
    return make_app(sqlite_database, complaints="Số 1 Hùng Vương").test_client()


def look_up(client, code, **fields):
    """Type a code into the page and send it."""
    return client.post("/receipt", data=hidden(client.get("/receipt")) | {"code": code} | fields)


def press(client, page, step):
    return client.post("/receipt", data=hidden(page) | {"step": step})


def test_a_receipt_says_that_the_form_came_and_counts_and_nothing_of_what_it_says(client, receipt):
    page = look_up(client, f" {receipt[:5].lower()} - {receipt[5:]}")

    assert page.status_code == 200
    assert "Phiếu được tính vào kết quả khảo sát." in words(page)
    assert "Cán bộ tận tình" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_the_code_stands_in_no_address(client, receipt):
    pages = [look_up(client, receipt)]
    pages.append(press(client, pages[-1], "ask"))
    pages.append(press(client, pages[-1], "delete"))

    for page in pages:
        assert page.status_code == 200
        assert "Location" not in page.headers
        addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert not any(receipt in address for address in addresses)
        assert not re.search(r'<form(?![^>]*method="post")', page.text)
    assert client.get(f"/receipt/{receipt}").status_code == 404
    assert receipt not in client.get(f"/receipt?code={receipt}").text


def test_a_deletion_is_asked_for_twice_and_then_is_one(client, receipt, sqlite_database):
    asked = press(client, look_up(client, receipt), "ask")

    assert "Xóa phiếu của Ông/Bà?" in words(asked)
    assert stored(sqlite_database)[0] == 1
    done = press(client, asked, "delete")
    assert "Phiếu đã được xóa" in words(done)
    assert stored(sqlite_database) == (0, 0, 0)


def test_what_is_gone_is_told_as_what_never_was(client, receipt):
    press(client, press(client, look_up(client, receipt), "ask"), "delete")

    gone, unknown = look_up(client, receipt), look_up(client, "ABCDE23456")
    again = press(client, gone, "delete")

    assert (gone.status_code, unknown.status_code) == (404, 404)
    assert (
        re.search(r'id="code-error".*', gone.text)[0]
        == (re.search(r'id="code-error".*', unknown.text)[0])
    )
    assert again.status_code in (400, 404)


def test_after_the_code_was_separated_the_page_says_why(client, receipt, sqlite_database):
    with sqlite_database.writing() as session:
        session.scalars(select(Response)).one().receipt = None

    page = look_up(client, receipt)

    assert page.status_code == 404
    assert "mã đã được tách khỏi phiếu để không ai lần ra" in words(page)


def test_a_code_mistyped_is_shown_again_to_be_mended(client):
    page = look_up(client, 'abc"<b>')

    assert page.status_code == 400
    assert 'value="abc&#34;&lt;b&gt;"' in page.text
    assert 'aria-invalid="true"' in page.text


@pytest.mark.parametrize("step", ["", "ask", "delete"])
def test_without_the_token_of_the_page_nothing_is_told_or_deleted(
    client, receipt, sqlite_database, step
):
    assert client.post("/receipt", data={"code": receipt, "step": step}).status_code == 400
    assert stored(sqlite_database)[0] == 1


def test_the_page_on_data_protection_tells_the_periods_in_force(client):
    said = words(client.get("/privacy"))

    for days in DAYS.values():
        assert f"sau {days} ngày kể từ ngày đợt khảo sát kết thúc" in said
    assert f"quá {int(LIFETIME.total_seconds() / 3600)} giờ" in said
    assert "91/2025/QH15" in said
    assert "356/2025/NĐ-CP" in said
    assert "Dân tộc là dữ liệu cá nhân nhạy cảm." in said
    assert "Số 1 Hùng Vương" in said


@pytest.mark.parametrize("path", ["/privacy", "/receipt"])
@pytest.mark.parametrize(("language", "word"), [("km", "ទិន្នន័យ"), ("en", "your data")])
def test_both_pages_speak_three_languages_and_heed_the_browser(client, path, language, word):
    asked = client.get(f"{path}?lang={language}")
    wished = client.get(path, headers={"Accept-Language": language})

    assert word in words(asked)
    assert words(asked) == words(wished)
    assert f'lang="{language}"' in asked.text
