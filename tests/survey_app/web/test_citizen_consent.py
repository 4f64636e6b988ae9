"""What a citizen is told and agrees to, where a form stands, and the ways out of it."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.responses import Draft, Response
from survey_app.models.waves import Wave
from survey_app.services.door.consent import NOTICE
from tests.survey_app.factories import NOW
from tests.survey_app.web.citizen_door import (
    ANSWERS,
    Person,
    hidden,
    make_app,
    make_door,
    receipt_on,
    stored,
    words,
)


@pytest.fixture(autouse=True)
def moment(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def person(sqlite_database):
    return Person(make_app(sqlite_database).test_client(), make_door(sqlite_database))


def test_the_notice_stands_before_the_button_and_says_who_what_how_long(person, sqlite_database):
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        wave.title = "Khảo sát năm 2026"
        wave.receipts_until, wave.documents_until = date(2026, 12, 31), date(2027, 3, 1)

    page = person.see()

    told = words(page)
    for sentence in (
        "Đợt khảo sát «Khảo sát năm 2026», về sự phục vụ của Phường Phú Lợi.",
        "Câu trả lời Ông/Bà chọn hoặc viết",
        "Bản gốc: đến hết ngày 01/03/2027",
        "xóa được bằng mã nhận phiếu, đến hết ngày 31/12/2026",
        "thôi giữa chừng lúc nào cũng được",
    ):
        assert sentence in told
        assert told.index(sentence) < told.index("Tôi đồng ý và bắt đầu")
    assert 'href="/privacy?lang=vi"' in page.text
    assert "dân tộc" not in told  # this form does not ask


def test_ethnicity_is_told_of_where_it_is_asked(sqlite_database):
    door = make_door(sqlite_database, "sipas-citizen/2022")
    person = Person(make_app(sqlite_database).test_client(), door)

    assert "Câu hỏi về dân tộc là dữ liệu nhạy cảm" in words(person.see())
    page = person.client.get(person.begin().location)
    asked = page.text.split('id="q-ethnicity"')[1].split('id="q-', 2)[1]
    assert "Dữ liệu nhạy cảm, không bắt buộc" in asked
    assert page.text.count("Dữ liệu nhạy cảm") == 1


def test_nothing_is_agreed_to_beforehand(person):
    page = person.see()

    assert "checked" not in page.text
    assert "checkbox" not in page.text
    assert page.text.count('class="button') == 2  # to agree and to decline, of the same kind
    assert f'class="button outline" href="{person.door}/goodbye?lang=vi"' in page.text


def test_the_notice_agreed_to_is_kept_with_the_response(person, sqlite_database):
    person.finish()

    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
    assert response.consent == NOTICE
    assert json.loads(response.document)["consent"] == NOTICE


@pytest.mark.parametrize("consent", ["", "2025-9"])
def test_without_agreeing_to_this_notice_nothing_begins(person, sqlite_database, consent):
    page = person.send("", consent=consent)

    assert page.status_code == 400
    assert "Xin đọc lại trang đầu rồi bấm đồng ý." in words(page)
    assert stored(sqlite_database) == (0, 0, 0)


def test_who_declines_is_thanked_and_nothing_is_kept(person, sqlite_database):
    page = person.see("/goodbye")

    assert page.status_code == 200
    assert "không ảnh hưởng gì đến hồ sơ" in words(page)
    assert stored(sqlite_database) == (0, 0, 0)
    assert person.client.get_cookie("draft", path=person.door) is None


# Where a form stands


def test_a_form_under_way_says_until_when_it_is_kept(person):
    person.fill()

    page = person.see()

    assert "Đang làm dở, chưa gửi." in words(page)
    assert "đến 10:00 ngày 21/11/2026" in words(page)
    assert "Đã gửi." not in words(page)
    assert "Tôi đồng ý" not in words(page)


def test_every_saving_keeps_a_form_for_another_day(person, monkeypatch):
    person.begin()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=23))
    person.send("/1", **ANSWERS)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=46))

    assert "đến 09:00 ngày 22/11/2026" in words(person.see())
    assert person.see("/review").status_code == 200


def test_a_form_that_was_sent_says_so_and_offers_a_fresh_one(person):
    receipt = receipt_on(person.client.get(person.finish().location))

    page = person.see()

    assert "Đã gửi. Phiếu trước đã được gửi từ máy này." in words(page)
    assert receipt not in page.text
    assert "Tôi đồng ý và bắt đầu" in words(page)
    assert "Cán bộ tận tình." not in page.text


def test_a_form_older_than_a_day_is_said_to_be_gone(person, monkeypatch):
    person.fill()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=24))

    page = person.see()

    assert "Đã quá 24 giờ. Phiếu làm dở trên máy này đã được xóa và chưa từng được gửi." in (
        words(page)
    )
    assert "Tôi đồng ý và bắt đầu" in words(page)


@pytest.mark.parametrize("path", ["", "/1", "/review"])
def test_a_form_whose_answer_was_lost_on_the_way_is_known_as_sent(person, path):
    """The network breaks after the commit: the phone still holds the form as unfinished."""
    person.fill()
    review, kept = person.see("/review"), person.client.get_cookie("draft", path=person.door)
    receipt = receipt_on(person.client.get(person.send("/review", review).location))
    person.client.delete_cookie("receipt", path=person.door)
    person.client.set_cookie("draft", kept.value, path=person.door)

    page = person.see(path, follow_redirects=True)

    assert "Đã gửi." in words(page)
    assert receipt_on(person.see("/thanks")) == receipt


def test_the_key_of_a_form_outlives_a_clock_set_right_by_a_year(person):
    person.begin()
    cookie = person.client.get_cookie("draft", path=person.door)

    assert cookie.max_age > 366 * 24 * 3600


# Ways out


def test_every_page_has_a_way_out(person, sqlite_database):
    person.begin()
    first = person.see("/1")
    left = person.send("/1", first, **{"q-sex": "1", "go": "leave"})
    person.send("/1", first, **ANSWERS)

    assert "Không muốn trả lời tiếp" in words(first)
    assert left.location == f"{person.door}/leave"
    for page in (person.see("/review"), person.see()):
        assert f'href="{person.door}/leave"' in page.text


def test_leaving_asks_first_and_then_deletes(person, sqlite_database):
    person.fill()
    asked = person.see("/leave")
    before = stored(sqlite_database)

    left = person.send("/leave", asked)

    assert "không lấy lại được" in words(asked)
    assert f'href="{person.door}/review"' in asked.text
    assert before == (0, 0, 1)
    assert stored(sqlite_database) == (0, 0, 0)
    assert "không còn câu trả lời" in words(person.client.get(left.location))
    assert person.client.get_cookie("draft", path=person.door) is None
    assert "Đang làm dở" not in words(person.see())


def test_who_leaves_is_thanked_in_the_language_of_the_form(person):
    person.begin()
    person.see("/1?lang=km")

    left = person.send("/leave")

    assert '<html lang="km">' in person.client.get(left.location).text


def test_who_gives_up_keeps_what_was_typed_until_it_is_confirmed(person):
    person.begin()

    person.send("/1", **ANSWERS | {"q-staff": "", "go": "leave"})

    kept = person.see("/1").text
    assert kept.count(" checked") == 6
    assert "Cán bộ tận tình." in kept


def test_a_goodbye_does_not_claim_that_nothing_is_there(person):
    person.fill()

    assert person.see("/goodbye").location == f"{person.door}/leave"


def test_an_old_page_does_not_delete_the_form_of_the_next_person(person, sqlite_database):
    person.fill()
    old_leave, old_start = person.see("/leave"), person.see()
    person.send("/review")
    person.fill()

    person.send("/leave", old_leave)
    person.send("", old_start, anew="1")

    assert stored(sqlite_database) == (1, 8, 1)


def test_an_old_tab_does_not_write_into_the_form_of_the_next_person(person, sqlite_database):
    person.begin()
    old_tab = person.see("/1")
    person.send("/1", old_tab, **ANSWERS)
    person.send("/review")
    person.begin()

    page = person.send("/1", old_tab, **ANSWERS | {"q-comment": "của người trước"})

    assert page.status_code == 409
    assert "thuộc về một phiếu khác" in words(page)
    with sqlite_database.reading() as session:
        assert session.scalars(select(Draft.answers)).one() == "{}"


def test_a_page_without_its_form_is_not_saved(person, sqlite_database):
    person.begin()
    fields = hidden(person.see("/1")) | ANSWERS
    del fields["form"]

    page = person.client.post(f"{person.door}/1", data=fields)

    assert page.status_code == 409


# A shared device


def test_done_leaves_nothing_of_the_form_on_the_device(person):
    thanks = person.client.get(person.finish().location)

    done = person.send("/thanks", thanks)

    assert "Trên máy này không còn câu trả lời hay mã nhận phiếu nào." in (
        words(person.client.get(done.location))
    )
    for name in ("draft", "receipt"):
        assert person.client.get_cookie(name, path=person.door) is None
    assert person.see("/thanks").status_code == 410
    assert "Đã gửi." not in words(person.see())


def test_a_new_form_takes_the_receipt_of_the_last_one_away(person):
    person.finish()

    person.begin()

    assert person.see("/thanks").status_code == 410
    assert person.see("/1").text.count(" checked") == 0


def test_the_second_person_gets_a_form_of_their_own(person, sqlite_database):
    person.finish()
    person.finish()

    with sqlite_database.reading() as session:
        receipts = set(session.scalars(select(Response.receipt)))
    assert len(receipts) == 2
