"""The room of invitations: who may do what, what is recorded, and what no page ever tells."""

import csv
import io

import pytest
from sqlalchemy import func, select

from survey_app import clock
from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import Invitation, InvitationTarget, RaterTarget
from survey_app.models.runs import Job
from survey_app.services.codes.letters import SEND_LETTERS
from survey_app.services.operation import jobs
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import NOW, make_unit
from tests.survey_app.invitation_factories import answer, make_officials, people_of
from tests.survey_app.web.citizen_door import hidden, make_app, words
from tests.survey_app.web.office import PASSWORD, browser_of


@pytest.fixture(autouse=True)
def still(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def officials(sqlite_database):
    with sqlite_database.writing() as session:
        for role in ("administrator", "supervisor", "auditor"):
            create_account(session, role, PASSWORD, role)
        unit = make_unit(session, code="S1", name="Sở Một")
        return make_officials(session, {"A": 12, "B": 3}, [unit], code="w")


def staff(database, role="administrator", **config):
    return browser_of(make_app(database, **config), role)


ROOM = "/admin/waves/w/invitations"


def press(client, path, **fields):
    data = hidden(client.get(ROOM)) | fields
    return client.post(f"{ROOM}/{path}", data=data, content_type="multipart/form-data")


def upload(client, lines, **fields):
    sent = (io.BytesIO("\n".join(lines).encode()), "danh-sach.csv")
    return press(client, "import", list=sent, **fields)


def entries(database):
    with database.reading() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.subject)).all()
    return [tuple(row) for row in rows if row.action != "sign_in"]


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_only_administrators_see_people_and_change_anything(sqlite_database, officials, role):
    client = staff(sqlite_database, role)

    page = client.get(ROOM)
    assert page.status_code == 200
    assert "Người a" not in page.text
    assert client.get(f"{ROOM}/people").status_code == 403
    token = {"csrf_token": hidden(page)["csrf_token"]}
    for path in ("import", "matrix", "assign", "letters.csv", "send"):
        assert client.post(f"{ROOM}/{path}", data=token).status_code == 403
    assert "disabled" in client.get(f"{ROOM}/matrix").text


def test_a_list_is_checked_and_then_imported(sqlite_database, officials):
    client = staff(sqlite_database)
    lines = ["group;unit;name;contact", "C;S1;Trần Lan;lan@example.vn"]

    checked = upload(client, lines, check="1")
    assert "Danh sách đúng, chưa nhập: sẽ thêm 1 người" in words(checked)
    assert count(sqlite_database, Invitation) == 15
    assert "Đã thêm 1 người" in words(upload(client, lines))
    assert count(sqlite_database, Invitation) == 16
    assert entries(sqlite_database) == [("import_invitations", "w +1")]


def test_every_wrong_line_is_named(sqlite_database, officials):
    lines = ["group;unit;name;contact", "C;S9;Trần Lan;lan@example.vn", "C;;;x"]
    page = upload(staff(sqlite_database), lines)

    assert page.status_code == 422
    assert "Có 2 dòng cần sửa nên chưa nhập dòng nào." in words(page)
    assert "Dòng 2: Không có đơn vị mã «S9»." in words(page)
    assert "Dòng 3: Ô «họ tên» để trống." in words(page)
    assert count(sqlite_database, Invitation) == 15


def test_a_file_that_is_no_sheet_is_refused(sqlite_database, officials):
    client = staff(sqlite_database)

    assert upload(client, [""]).status_code == 422
    assert press(client, "import").status_code == 422


def test_the_matrix_is_ticked_and_assigned(sqlite_database, officials):
    client = staff(sqlite_database)
    page = client.get(f"{ROOM}/matrix")
    assert page.text.count(" checked") == 2
    press(client, "matrix", cell=["1:nobody", "x"])
    assert count(sqlite_database, RaterTarget) == 0
    taken = press(client, "assign", form="sipas-counter/1")

    assert taken.status_code == 200
    assert "rút 15 phiếu chưa dùng" in words(taken)
    assert press(client, "assign", form="nothing/1").status_code == 404
    assert count(sqlite_database, InvitationTarget) == 0


def test_the_table_for_mail_merge_is_recorded_without_the_codes(sqlite_database, officials):
    client = staff(sqlite_database, public_url="https://khaosat.example.vn")
    answered = press(client, "letters.csv")
    rows = list(csv.reader(io.StringIO(answered.text.removeprefix("\ufeff"))))

    assert rows[0] == ["họ tên", "liên hệ", "nhóm", "địa chỉ thư mời"]
    assert [row[3] for row in rows[1:]] == [
        f"https://khaosat.example.vn/i/{code}" for code in officials.codes
    ]
    assert entries(sqlite_database) == [("export_letters", "w 15")]
    assert "Chưa được gửi thư 15" in words(client.get(ROOM))
    press(client, "letters.csv", mark="1")
    assert "Chưa được gửi thư 0" in words(client.get(ROOM))
    assert press(client, "letters.csv", only_new="1").text.count("\r\n") == 1


def test_no_page_tells_who_has_answered(sqlite_database, officials):
    client = staff(sqlite_database)
    pages = (ROOM, f"{ROOM}/people", f"{ROOM}/matrix")
    before = [words(client.get(page)) for page in pages]
    with sqlite_database.writing() as session:
        answer(session, officials.codes[2], officials.units[0])
    after = [words(client.get(page)) for page in pages]
    table = press(client, "letters.csv").text

    assert before[1:] == after[1:]
    assert before[0] != after[0]  # one more form was sent, by whomever
    assert table == press(client, "letters.csv").text
    assert not any(code in text for text in after for code in officials.codes)


def test_rates_are_shown_for_all_and_not_for_a_small_group(sqlite_database, officials):
    with sqlite_database.writing() as session:
        for code in officials.codes[:6]:
            answer(session, code, officials.units[0])
    text = words(staff(sqlite_database, "auditor").get(ROOM))

    assert "40,00 %" in text
    assert "6 / 15 phiếu" in text
    assert "Gộp 2: A; B 15 6 40,00" in text


def test_two_who_ask_for_letters_at_once_get_one_job(sqlite_database, officials):
    config = {"mail_url": "smtp://127.0.0.1:1", "mail_from": "a@example.vn"}
    with sqlite_database.writing() as session:
        create_account(session, "second", PASSWORD, "administrator")
    asked = [
        press(staff(sqlite_database, name, **config), "send", letter="first")
        for name in ("administrator", "second")
    ]

    assert asked[0].location == asked[1].location
    assert count(sqlite_database, Job) == 1
    page = staff(sqlite_database).get(asked[0].location)
    assert "Đang chờ đến lượt" in words(page)


@pytest.mark.parametrize(("letter", "is_named"), [("first", True), ("reminder", False)])
def test_an_address_that_took_no_first_letter_is_named(
    sqlite_database, officials, letter, is_named
):
    with sqlite_database.writing() as session:
        payload = {"wave": "w", "letter": letter}
        job = jobs.ask_job(session, SEND_LETTERS, payload, None, NOW)
        claim = jobs.claim_job(session)
        refused = session.scalars(select(Invitation.id).limit(1)).all() if is_named else []
        jobs.finish(session, claim, {"sent": 14, "refused": 1, "invitations": refused})
    text = words(staff(sqlite_database).get(f"{ROOM}/letters/{job}"))

    assert "Đã gửi 14 thư." in text
    assert (people_of({"A": 1})[0][3] in text) == is_named


def test_without_a_mail_server_the_page_says_what_is_missing(sqlite_database, officials):
    assert "MAIL_URL" in words(staff(sqlite_database).get(ROOM))
