"""What a form carries beside its answers: the agency, the field, who helped, and a complaint."""

import unicodedata

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.days import day_of
from survey_app.models.responses import Answer, Response
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure
from tests.survey_app.factories import NOW
from tests.survey_app.web.citizen_door import (
    ANSWERS,
    Person,
    make_app,
    make_centre,
    make_door,
    stored,
    words,
)

COMPLAINT = "Tôi khiếu nại việc hồ sơ bị trả chậm."


@pytest.fixture(autouse=True)
def moment(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def person(sqlite_database):
    return Person(make_app(sqlite_database).test_client(), make_door(sqlite_database))


@pytest.fixture
def visitor(sqlite_database):
    return Person(make_app(sqlite_database).test_client(), make_centre(sqlite_database))


def rated(database):
    """Rated unit, receiving unit and field of the one response."""
    with database.reading() as session:
        response = session.scalars(select(Response)).one()
        units = [session.get(Unit, id) for id in (response.unit_id, response.receiving_unit_id)]
        field = response.procedure_id and session.get(Procedure, response.procedure_id).code
        return (*(unit.code for unit in units), field)


# At a one-stop centre


def test_the_citizen_says_which_agency_and_field_not_the_desk(visitor, sqlite_database):
    begun = visitor.begin()
    chosen = visitor.send("/about", unit="SYT", field="HT")
    visitor.send("/1", **ANSWERS)
    review = visitor.see("/review")
    visitor.send("/review", review)

    assert begun.location == f"{visitor.door}/about"
    assert chosen.location == f"{visitor.door}/1"
    assert "Cơ quan giải quyết hồ sơ Sở Y tế" in words(review)
    assert "Lĩnh vực Hộ tịch" in words(review)
    assert rated(sqlite_database) == ("SYT", "TTHCC", "HT")


def test_agencies_and_fields_stand_in_the_order_of_the_vietnamese_alphabet(visitor):
    visitor.begin()

    page = words(visitor.see("/about"))

    names = ["Sở Nông nghiệp", "Sở Tài chính", "Sở Y tế", "Không rõ, hoặc chỉ góp ý về Trung tâm"]
    fields = ["Doanh nghiệp", "Đất đai", "Hộ tịch"]
    for order in (names, fields):
        assert sorted(order, key=page.index) == order
    assert "Cấp sổ đỏ" not in page  # a procedure, no field


def test_the_agency_must_be_chosen_and_is_not_chosen_beforehand(visitor):
    visitor.begin()
    seen = visitor.see("/about")

    page = visitor.send("/about", seen, field="HT")

    assert "checked" not in seen.text
    assert page.status_code == 422
    assert '<a href="#unit-1">Vui lòng chọn một cơ quan.</a>' in page.text
    assert '<option value="HT" selected>' in page.text


def test_an_agency_that_is_not_offered_is_not_taken(visitor):
    visitor.begin()

    assert visitor.send("/about", unit="X1").status_code == 422


def test_who_does_not_know_the_agency_rates_the_centre(visitor, sqlite_database):
    visitor.begin()
    visitor.send("/about", unit="TTHCC", field="")
    visitor.send("/1", **ANSWERS)
    visitor.send("/review")

    assert rated(sqlite_database) == ("TTHCC", "TTHCC", None)


def test_nobody_gets_past_the_choice_of_the_agency(visitor):
    visitor.begin()

    for path in ("/1", "/review"):
        assert visitor.see(path).location == f"{visitor.door}/about"
    about = visitor.see("/about")
    assert visitor.send("/1", about, **ANSWERS).location == f"{visitor.door}/about"
    assert visitor.send("/review", about).location == f"{visitor.door}/about"


def test_agency_and_field_can_be_changed_from_the_review(visitor, sqlite_database):
    visitor.begin()
    visitor.send("/about", unit="SYT", field="HT")
    visitor.send("/1", **ANSWERS)
    seen = visitor.see("/about?from=review")
    changed = visitor.send("/about?from=review", seen, unit="STC", field="")
    visitor.send("/review")

    assert "checked" in seen.text
    assert changed.location == f"{visitor.door}/review"
    assert rated(sqlite_database) == ("STC", "TTHCC", None)


def test_a_review_that_shows_another_agency_is_not_sent(visitor, sqlite_database):
    visitor.begin()
    visitor.send("/about", unit="SYT", field="HT")
    visitor.send("/1", **ANSWERS)
    shown = visitor.see("/review")
    visitor.send("/about?from=review", unit="STC", field="")
    refused = visitor.send("/review", shown)

    assert "Sở Y tế" in shown.text
    assert refused.status_code == 409
    assert stored(sqlite_database)[0] == 0


def test_back_leads_from_the_questions_to_the_agency_and_from_there_to_the_start(visitor):
    visitor.begin()
    visitor.send("/about", unit="SYT")

    assert visitor.send("/1", go="back").location == f"{visitor.door}/about"
    assert visitor.send("/about", go="back").location == visitor.door
    assert visitor.send("/about", go="leave").location == f"{visitor.door}/leave"


def test_a_field_that_the_link_names_is_not_asked_again(sqlite_database):
    door = make_centre(sqlite_database, named="DD")
    visitor = Person(make_app(sqlite_database).test_client(), door)
    visitor.begin()
    about = visitor.see("/about")
    visitor.send("/about", about, unit="SYT", field="HT")
    visitor.send("/1", **ANSWERS)
    visitor.send("/review")

    assert "lĩnh vực" not in words(about)
    assert rated(sqlite_database) == ("SYT", "TTHCC", "DD")


@pytest.mark.parametrize("make", [make_door, make_centre])
@pytest.mark.parametrize(
    ("language", "named", "told"),
    [
        ("vi", "DD.1", "Thủ tục hành chính được đánh giá: Cấp sổ đỏ"),
        ("vi", "DD", "Lĩnh vực được đánh giá: Đất đai"),
        ("en", "DD.1", "Administrative procedure rated: Cấp sổ đỏ"),
        ("km", "DD.1", "នីតិវិធីរដ្ឋបាលដែលត្រូវវាយតម្លៃ: Cấp sổ đỏ"),
    ],
)
def test_a_code_for_a_procedure_says_on_every_page_what_is_rated(
    sqlite_database, make, language, named, told
):
    person = Person(make_app(sqlite_database).test_client(), make(sqlite_database, named=named))
    start = person.see(f"?lang={language}")
    person.send(f"?lang={language}", start)
    if make is make_centre:
        assert told in words(person.see("/about"))
        person.send("/about", unit="SYT")
    person.send("/1", **ANSWERS)
    review = person.see("/review")

    label, name = told.split(": ")
    assert told in words(start)
    assert f"{label} {name}" in words(review)
    assert f'lang="vi">{name}<' in start.text
    assert f'lang="vi">{name}<' in review.text
    assert review.text.count("/about?from=review") == (1 if make is make_centre else 0)


def test_a_field_that_has_ended_is_offered_to_nobody_and_stays_with_who_had_chosen_it(
    visitor, sqlite_database
):
    visitor.begin()
    before = words(visitor.see("/about"))
    visitor.send("/about", unit="SYT", field="HT")
    visitor.send("/1", **ANSWERS)
    with sqlite_database.writing() as session:
        field = session.scalars(select(Procedure).where(Procedure.code == "HT")).one()
        field.valid_to = day_of(NOW)
    review = visitor.see("/review")
    offered = words(visitor.see("/about"))
    visitor.send("/review", review)

    assert "Hộ tịch" in before
    assert "Hộ tịch" in words(review)
    assert "Hộ tịch" not in offered
    assert rated(sqlite_database) == ("SYT", "TTHCC", "HT")


def test_a_code_without_a_procedure_names_none(person, visitor):
    for one in (person, visitor):
        start = one.see()
        one.begin()
        assert "được đánh giá" not in words(start)
    person.send("/1", **ANSWERS)
    assert "được đánh giá" not in words(person.see("/review"))


def test_a_counter_of_one_agency_asks_for_none(person, sqlite_database):
    assert person.begin().location == f"{person.door}/1"
    assert person.see("/about").location == f"{person.door}/1"
    assert person.send("/about", person.see("/1"), unit="X").location == f"{person.door}/1"
    assert "Cơ quan giải quyết hồ sơ" not in words(person.client.get(person.fill().location))


# Who helped


@pytest.mark.parametrize("helper", ["nobody", "relative", "official"])
def test_who_helped_is_asked_before_sending_and_kept(person, sqlite_database, helper):
    review = person.client.get(person.fill().location)
    person.send("/review", review, helped=helper)

    assert "Có ai giúp Ông/Bà trả lời phiếu này không?" in words(review)
    assert "checked" not in review.text
    with sqlite_database.reading() as session:
        assert session.scalars(select(Response.helped)).one() == helper


@pytest.mark.parametrize("helper", ["", "somebody"])
def test_a_form_is_not_sent_before_it_is_said_who_helped(person, sqlite_database, helper):
    person.fill()

    page = person.send("/review", helped=helper)

    assert page.status_code == 422
    message = "Vui lòng cho biết có ai giúp Ông/Bà trả lời không."
    assert f'<a href="#helped-1">{message}</a>' in page.text
    assert 'aria-describedby="helped-error"' in page.text
    assert stored(sqlite_database) == (0, 0, 1)
    assert person.send("/review", page).location.startswith(f"{person.door}/thanks")


# Comments


def test_a_complaint_gets_a_kind_note_and_nothing_is_kept_of_it(person, sqlite_database):
    person.fill(**{"q-comment": COMPLAINT})

    thanks = person.client.get(person.send("/review").location)

    assert "không phải là đơn phản ánh, kiến nghị" in words(thanks)
    assert "Cổng Dịch vụ công quốc gia" in words(thanks)
    assert "complaint" not in thanks.request.url
    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
        assert "complaint" not in response.document
        assert session.get(Answer, (response.id, "comment")).value == COMPLAINT


def test_the_note_stays_when_the_form_is_sent_twice(person):
    person.fill(**{"q-comment": COMPLAINT})
    review = person.see("/review")

    for _turn in range(2):
        thanks = person.client.get(person.send("/review", review).location)
        assert "không phải là đơn phản ánh, kiến nghị" in words(thanks)


def test_the_place_for_complaints_is_the_one_of_the_installation(sqlite_database):
    place = "Xin gọi đường dây nóng của tỉnh."
    app = make_app(sqlite_database, complaints=place)
    person = Person(app.test_client(), make_door(sqlite_database))
    person.fill(**{"q-comment": COMPLAINT})

    thanks = words(person.client.get(person.send("/review").location))

    assert place in thanks
    assert "Cổng Dịch vụ công quốc gia" not in thanks


def test_who_does_not_complain_is_not_told_of_complaints(person):
    assert "phản ánh" not in words(person.client.get(person.finish().location))


def test_a_number_in_a_comment_is_told_of_before_it_is_sent(person):
    hidden = person.client.get(person.fill(**{"q-comment": "Gọi tôi 0912 345 678"}).location)
    plain = person.client.get(person.send("/1", **ANSWERS).location)

    assert "khi gửi chỗ đó được thay bằng dấu che" in words(hidden)
    assert "dấu che" not in words(plain)


def test_a_comment_is_kept_composed_without_signs_nobody_sees(person, sqlite_database):
    typed = "\ufeff" + unicodedata.normalize("NFD", "Cán bộ rất tận tình\u200b.\nXin cảm ơn.")
    review = person.client.get(person.fill(**{"q-comment": typed}).location)
    person.send("/review", review)

    assert "Cán bộ rất tận tình." in review.text
    with sqlite_database.reading() as session:
        kept = session.scalars(select(Answer.value).where(Answer.item == "comment")).one()
    assert kept == "Cán bộ rất tận tình.\nXin cảm ơn."


def test_a_page_shown_again_shows_the_comment_composed(person):
    person.begin()

    page = person.send("/1", **{"q-comment": unicodedata.normalize("NFD", "Chờ lâu quá")})

    assert page.status_code == 422
    assert "Chờ lâu quá" in page.text


def test_a_comment_of_nothing_but_unseen_signs_is_empty(person, sqlite_database):
    person.fill(**{"q-comment": "\u200b\ufeff"})
    person.send("/review")

    assert stored(sqlite_database) == (1, 7, 0)


def test_goodbye_does_not_deny_the_receipt_that_an_earlier_form_left_here(person):
    denied = "không còn câu trả lời hay mã nhận phiếu nào"
    assert denied in words(person.see("/goodbye"))
    person.finish()
    assert denied not in words(person.see("/goodbye"))
    person.send("/thanks")
    assert denied in words(person.see("/goodbye"))
