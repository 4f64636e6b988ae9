"""A code on the receipt of a dossier: opened as often as one likes, spent once, found by nobody."""

import json

import pytest
from sqlalchemy import select, update

from survey_app.models.codes import DossierCode, StaffNetwork
from survey_app.models.responses import Draft, Response, ResponseQuality, StagedResponse
from survey_app.models.waves import Wave
from survey_app.services.codes.dossier_codes import hash_of
from survey_app.services.codes.mixing import batches
from survey_app.services.codes.staging import move_batch
from survey_app.services.plan.waves import add_form, move_points
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import NOW, catalogue
from tests.survey_app.version_factories import THREE, TWO, three_versions
from tests.survey_app.web.citizen_door import (
    ANSWERS,
    Person,
    hidden,
    make_app,
    make_door,
    words,
)


@pytest.fixture
def code(database):
    with database.writing() as session:
        return make_codes(session, make_counted(session, land=40))[0]


@pytest.fixture
def person(database, code):
    return Person(make_app(database).test_client(), f"/s/c/{code}")


def fill(person, **changes):
    person.send("", person.see())
    person.send("/1", person.see("/1"), **ANSWERS | changes)
    return person.send("/review", person.see("/review"), helped="nobody")


def rows(database, table):
    with database.reading() as session:
        return session.scalars(select(table)).all()


def test_looking_spends_nothing(person, database):
    for _turn in range(3):
        assert person.see().status_code == 200
        assert person.client.head(person.door).status_code == 200

    assert [row.used for row in rows(database, DossierCode)] == [False]
    assert rows(database, Draft) == []


def test_a_code_is_spent_once_and_the_answer_waits_without_a_moment(person, database):
    sent = fill(person)
    thanks = person.client.get(sent.location)

    assert "đang chờ trộn với các phiếu khác" in words(thanks)
    assert [row.used for row in rows(database, DossierCode)] == [True]
    assert (rows(database, Response), rows(database, Draft)) == ([], [])
    (staged,) = rows(database, StagedResponse)
    assert json.loads(staged.content)["mode"] == "code"
    assert "submitted_at" not in staged.content
    assert "started_at" not in staged.content


def test_what_was_filled_in_is_sent_though_the_code_leads_to_a_later_version_by_now(
    database, tmp_path
):
    app = make_app(database)
    shelf = app.extensions["catalogue"] = three_versions(tmp_path)
    with database.writing() as session:
        counted = make_counted(session, land=40)
        begun, fresh = make_codes(session, counted, 2)
    person, other = (Person(app.test_client(), f"/s/c/{code}") for code in (begun, fresh))
    person.send("", person.see())
    person.send("/1", person.see("/1"), **ANSWERS)
    review = person.see("/review")
    with database.writing() as session:
        wave = session.get_one(Wave, counted.wave.id)
        for version in (TWO, THREE):  # the third asks one question more
            move_points(session, wave, add_form(session, wave, version, shelf))
    sent = person.send("/review", review, helped="nobody")
    other.send("", other.see())

    assert "/thanks" in sent.location
    (staged,) = rows(database, StagedResponse)
    assert json.loads(staged.content)["version"] == "1"
    assert [draft.version for draft in rows(database, Draft)] == ["3"]


def test_a_second_time_gets_one_clear_sentence(person, database):
    fill(person)
    other = Person(make_app(database).test_client(), person.door)

    assert other.see().status_code == 410
    assert "Mỗi mã chỉ trả lời được một lần" in words(other.see())
    assert len(rows(database, StagedResponse)) == 1


def test_a_double_click_is_one_answer(person, database):
    person.send("", person.see())
    person.send("/1", person.see("/1"), **ANSWERS)
    review = person.see("/review")
    first = person.send("/review", review, helped="nobody")
    second = person.send("/review", review, helped="nobody")

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(rows(database, StagedResponse)) == 1


def test_a_complaint_gets_the_kind_note_and_nothing_of_it_stays(person, database):
    thanks = person.client.get(fill(person, **{"q-comment": "Tôi khiếu nại vì chờ lâu."}).location)

    assert "không phải là đơn phản ánh, kiến nghị" in words(thanks)
    assert "Cổng Dịch vụ công quốc gia" in words(thanks)
    assert "complaint" not in thanks.request.url
    assert person.client.get_cookie("receipt", path=person.door) is None
    assert "phản ánh" not in words(person.see("/thanks"))
    assert "complaint" not in rows(database, StagedResponse)[0].content


def test_the_note_is_still_shown_after_a_double_click(person):
    person.send("", person.see())
    person.send("/1", **ANSWERS | {"q-comment": "Tôi khiếu nại vì chờ lâu."})
    review = person.see("/review")
    for _turn in range(2):
        sent = person.send("/review", review)

    assert "không phải là đơn phản ánh" in words(person.client.get(sent.location))


def test_who_does_not_complain_is_not_told_of_complaints(person):
    assert "phản ánh" not in words(person.client.get(fill(person).location))


def test_a_code_may_be_typed_as_it_is_printed(person, database, code):
    page = person.client.get("/s/c?lang=vi")
    typed = "-".join(code[k : k + 4] for k in range(0, 12, 4)).lower()

    led = person.client.post("/s/c", data=hidden(page) | {"code": typed})
    unknown = person.client.post("/s/c", data=hidden(page) | {"code": "AAAA-BBBB-CCCC"})

    assert led.status_code == 303
    assert person.client.get(led.location).status_code == 200
    assert unknown.status_code == 404
    assert "Không có mã này" in words(unknown)


def test_a_wrong_code_in_an_address_leads_to_where_one_is_typed(person):
    page = person.client.get("/s/c/AAAABBBBCCCC?lang=en")

    assert page.status_code == 404
    assert 'href="/s/c?lang=en"' in page.text


def test_the_notice_promises_no_receipt(person):
    told = words(person.see())

    assert "không tìm lại, không xóa riêng được" in told
    assert "mã nhận phiếu" not in told


def test_ten_answers_by_code_move_together_when_ten_others_stay(database):
    with database.writing() as session:
        codes = [*make_codes(session, make_counted(session, land=40), 20)]
    app = make_app(database)
    for number, code in enumerate(codes, 1):
        fill(Person(app.test_client(), f"/s/c/{code}"))
        with database.writing() as session:
            for batch in batches(session, NOW):
                move_batch(session, catalogue(), batch, NOW)
        assert len(rows(database, Response)) == (10 if number == 20 else 0)

    assert {row.mode for row in rows(database, Response)} == {"code"}
    assert {row.helped for row in rows(database, Response)} == {"nobody"}


def test_an_answer_from_an_office_is_marked_and_its_address_kept_nowhere(database):
    door = make_door(database)
    with database.writing() as session:
        session.add(StaffNetwork(network="10.20.0.0/16", note="Trụ sở"))
    app = make_app(database, behind_proxy=True)
    for address in ("10.20.3.4", "203.0.113.9"):
        client = app.test_client()
        client.environ_base["HTTP_X_FORWARDED_FOR"] = address
        Person(client, door).finish()

    marked = [row for row in rows(database, ResponseQuality) if "office" in row.signals]
    assert len(rows(database, Response)) == 2
    assert len(marked) == 1


def test_a_code_has_one_address_however_it_is_written(person, code, database):
    """So that a form begun at one spelling is there at the other."""
    spelled = f"{code[:4].lower()}-{code[4:8]} {code[8:]}"
    person.send("", person.see())
    person.send("/1", person.see("/1"), **ANSWERS)
    led = person.client.get(f"/s/c/{spelled}?lang=en")

    assert (led.status_code, led.location) == (302, f"/s/c/{code}?lang=en")
    assert "not sent" in words(person.client.get(led.location))
    assert len(rows(database, Draft)) == 1


def test_nothing_asked_behind_a_code_leads_elsewhere(person, code):
    led = person.client.get(f"/s/c/{code.lower()}?endpoint=x&_scheme=y&_external=1&code=z")

    assert (led.status_code, led.location) == (
        302,
        f"/s/c/{code}?endpoint=x&_scheme=y&_external=1&code=z",
    )


@pytest.mark.parametrize("between", ["", " ", "-", "\u2014", "\u2010", "_", "/", "\u200b"])
def test_a_code_is_typed_as_hands_type(person, code, between):
    typed = between.join((code[:4], code[4:8], code[8:])).lower()
    door = Person(person.client, "/s/c")

    assert door.send("", code=typed).location.startswith(f"/s/c/{code}?")


def test_a_code_typed_with_a_sign_that_looks_alike_is_found(person, database):
    with database.writing() as session:
        row = session.scalars(select(DossierCode)).first()
        session.execute(
            update(DossierCode)
            .where(DossierCode.code_hash == row.code_hash)
            .values(code_hash=hash_of("TQK3DDSR57SP"))
        )
    door = Person(person.client, "/s/c")

    for typed in ("TQK3ODSR57SP", "tqk3 0dsr 57sp", "TQK3DD5R57SP"):
        assert door.send("", code=typed).location.startswith("/s/c/TQK3DDSR57SP?")
    assert door.send("", code="TQK3DDSR57SK").status_code == 404
