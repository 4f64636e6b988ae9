"""The room of languages: what is checked, what a reader sends back, what can be listened to."""

import io

import pytest
from sqlalchemy import select

from survey_app.catalogue import KeptCatalogue
from survey_app.models.accounts import AuditEntry
from survey_app.services.operation.accounts import create_account
from survey_app.services.wording.prompts import Prompts
from survey_app.services.wording.reviews import Reviews
from tests.survey_app.services.wording.test_prompts import sound
from tests.survey_app.web.citizen_door import Person, hidden, make_app, make_door, words
from tests.survey_app.web.office import PASSWORD, browser_of

UNCHECKED = "chưa được người bản ngữ soát lại"


@pytest.fixture
def app(sqlite_database, tmp_path):
    app = make_app(sqlite_database)
    reviews = Reviews(tmp_path / "reviews")
    app.extensions["reviews"] = reviews
    app.extensions["catalogue"] = KeptCatalogue(reviews=reviews)
    app.extensions["prompts"] = Prompts(tmp_path / "definitions", tmp_path / "audio")
    return app


def signed_in(app, database, role="administrator"):
    with database.writing() as session:
        create_account(session, role, PASSWORD, role)
    return browser_of(app, role)


@pytest.fixture
def staff(app, sqlite_database):
    return signed_in(app, sqlite_database)


def confirmed(sheet):
    """The sheet with x beside every text."""
    header, *rows = sheet.splitlines()
    return "\n".join([header, *(row.removesuffix(",,") + ",x," for row in rows)])


def send(client, content, reader="Bà Sà Phết", locale="km"):
    page = client.get(f"/admin/languages/{locale}")
    fields = hidden(page) | {"reader": reader, "sheet": (io.BytesIO(content), "a.csv")}
    return client.post(f"/admin/languages/{locale}/readings", data=fields)


def audit(database):
    with database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        return [(row.action, row.subject) for row in rows]


def test_khmer_is_unchecked_until_a_native_reader_has_confirmed_it(app, staff, sqlite_database):
    """Point 6: for administrators by file and text, and for citizens in a sentence."""
    person = Person(app.test_client(), make_door(sqlite_database))
    note = "ការបកប្រែនេះមិនទាន់ត្រូវបានអ្នកនិយាយភាសាដើមពិនិត្យទេ"
    assert note in words(person.see("?lang=km"))
    assert "Chưa soát" in words(staff.get("/admin/languages/km?file=sipas-counter/1"))
    sheet = staff.get("/admin/languages/km/texts.csv?file=sipas-counter/1").data.decode("utf-8-sig")

    answer = send(staff, confirmed(sheet).encode())

    count = len(sheet.splitlines()) - 1
    assert answer.status_code == 303
    assert f"Đã ghi nhận: {count} câu đúng" in words(staff.get(answer.location))
    assert note not in words(person.see("?lang=km"))
    checked = words(staff.get("/admin/languages/km?file=sipas-counter/1&show=checked"))
    assert "Bà Sà Phết" in checked
    assert f"{count} câu" in checked
    assert ("review_texts", f"km +{count} -0") in audit(sqlite_database)


def test_the_texts_of_the_interface_are_listed_and_looked_for(staff):
    page = staff.get("/admin/languages/km?file=interface&q=tai khoan")

    assert "គណនី" in page.text
    assert "Tài khoản của Ông/Bà không được mở trang này." in words(page)
    assert "Bắt đầu phiếu mới" not in words(page)
    assert 'lang="km"' in page.text
    assert "Không có câu nào như vậy" in words(staff.get("/admin/languages/km?q=khongco123"))


def test_a_sheet_without_a_reader_or_with_other_columns_is_refused(staff):
    sheet = staff.get("/admin/languages/km/texts.csv?file=sipas-counter/1").data
    assert send(staff, sheet, reader=" ").status_code == 400
    assert send(staff, b"a,b\n1,2\n").status_code == 400
    assert send(staff, b"").status_code == 400


def test_a_recording_is_put_beside_a_question_and_taken_away(app, staff, sqlite_database):
    page = "/admin/languages/prompts/sipas-counter/1"

    def post(**fields):
        return staff.post(page, data=hidden(staff.get(f"{page}?of=km")) | fields)

    kept = post(item="access", sound=(io.BytesIO(sound()), "../../evil.exe"))
    assert kept.status_code == 303
    shown = staff.get(kept.location)
    assert shown.text.count("<audio") == 1
    assert "/audio/sipas-counter/1/km/access?v=" in shown.text
    assert "1 / 8" in words(staff.get("/admin/languages"))

    refused = post(item="access", sound=(io.BytesIO(b"<svg>"), "a.wav"))
    assert refused.status_code == 400
    assert "không phải âm thanh" in words(refused)
    assert post(item="../x", sound=(io.BytesIO(sound()), "a.wav")).status_code == 404
    assert staff.get(kept.location).text.count("<audio") == 1

    post(item="access", remove="1")
    assert "<audio" not in staff.get(kept.location).text
    assert [action for action, _subject in audit(sqlite_database)[-2:]] == [
        "keep_prompt",
        "remove_prompt",
    ]


def test_others_look_and_change_nothing(app, sqlite_database):
    auditor = signed_in(app, sqlite_database, "auditor")
    for page in ("/admin/languages/km", "/admin/languages/prompts/sipas-counter/1"):
        shown = auditor.get(page)
        assert shown.status_code == 200
        assert 'type="file"' not in shown.text
    token = hidden(auditor.get("/admin/languages"))
    for page in ("/admin/languages/km/readings", "/admin/languages/prompts/sipas-counter/1"):
        assert auditor.post(page, data=token).status_code == 403


@pytest.mark.parametrize(
    "page", ["vi", "xx", "vi/texts.csv", "km/texts.csv?file=none", "prompts/none/1"]
)
def test_what_is_not_there_is_said(staff, page):
    assert staff.get(f"/admin/languages/{page}").status_code == 404
