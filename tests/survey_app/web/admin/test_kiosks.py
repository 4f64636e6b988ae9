"""The room of kiosks: a code shown once, and who may do what."""

import re

import pytest
from sqlalchemy import select

from survey_app.models.accounts import AuditEntry, Device
from survey_app.services.operation.accounts import create_account
from tests.survey_app.web.citizen_door import hidden, make_app, words
from tests.survey_app.web.kiosk_counter import make_counter
from tests.survey_app.web.office import PASSWORD, browser_of


@pytest.fixture
def counter(sqlite_database):
    return make_counter(sqlite_database)


@pytest.fixture
def staff(sqlite_database, counter):
    """Sign in with a role."""

    def sign_in(role):
        with sqlite_database.writing() as session:
            create_account(session, role, PASSWORD, role)
        return browser_of(make_app(sqlite_database), role)

    return sign_in


def prepare(client, **changes):
    page = client.get("/admin/kiosks")
    point = re.search(r'<option value="(\d+)"', page.text).group(1)
    fields = hidden(page) | {"point": point, "name": "Ki-ốt cửa vào", "pin": "135790"}
    return client.post("/admin/kiosks", data=fields | changes)


def test_the_code_of_a_new_kiosk_is_shown_once_with_the_address(staff, counter, sqlite_database):
    client = staff("administrator")
    page = prepare(client)
    code = re.search(r'<p class="big">(\w{4}) (\w{4})</p>', page.text).groups()

    assert counter.door in page.text
    assert "".join(code) not in client.get("/admin/kiosks").text.replace(" ", "")
    with sqlite_database.reading() as session:
        stored = session.scalars(select(Device).order_by(Device.id.desc())).first()
        actions = set(session.scalars(select(AuditEntry.action)))
    assert "".join(code) not in str(vars(stored))
    assert stored.pin_hash.startswith("$argon2id$")
    assert "kiosk_prepared" in actions


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pin": "12"}, "4 đến 8 chữ số"),
        ({"name": " "}, "Tên máy"),
        ({"point": "x"}, "Không tìm thấy điểm lấy ý kiến"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(staff, changes, sentence):
    page = prepare(staff("administrator"), **changes)

    assert page.status_code == 400
    assert sentence in words(page)


def test_kiosks_are_listed_revoked_and_given_new_codes(staff, counter):
    client = staff("administrator")
    listed = client.get("/admin/kiosks")
    token = hidden(listed)
    place = f"/admin/kiosks/{counter.device_id}"

    assert "Chờ đăng ký" in words(listed)
    assert client.post(f"{place}/revoke", data=token).status_code == 303
    assert "Đã ngừng" in words(client.get("/admin/kiosks"))
    assert 'class="big"' in client.post(f"{place}/code", data=token).text
    assert client.post("/admin/kiosks/99/revoke", data=token).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("supervisor", 200), ("auditor", 403)])
def test_others_look_or_do_not_even_look(staff, role, status):
    client = staff(role)
    page = client.get("/admin/kiosks")

    assert page.status_code == status
    assert "Chuẩn bị một máy" not in page.text
    assert (
        client.post("/admin/kiosks", data=hidden(client.get("/admin/sign-in"))).status_code == 403
    )
