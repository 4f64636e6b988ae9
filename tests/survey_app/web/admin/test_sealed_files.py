"""The room of sealed files: every item through the same door, again without harm."""

import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from survey_app import clock
from survey_app.models.accounts import AuditEntry
from survey_app.models.fieldwork import Assignment
from survey_app.models.responses import Response, ResponseQuality
from survey_app.models.waves import CollectionPoint, Wave
from survey_app.services.door.sealed_files import LARGEST_FILE
from survey_app.services.door.sealing import make_public_key, seal
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import make_device, make_point, make_wave, response_content
from tests.survey_app.web.admin.test_points import hidden, send
from tests.survey_app.web.citizen_door import SECRET, make_app
from tests.survey_app.web.office import browser_of, words_of

ROOM = "/admin/tablets/file"
MULTIPART = "multipart/form-data; boundary=x"
MIB = 1024 * 1024


@pytest.fixture
def client(sqlite_database):
    """A supervisor's browser, and an open wave `w` with a tablet «Máy 7»."""
    with sqlite_database.writing() as session:
        create_account(session, "supervisor", "mật khẩu đủ dài", "supervisor")
        wave = make_wave(session, code="w", opened_at=clock.now())
        make_point(session, wave, code="AP1")
        make_device(session, name="Máy 7")
    return browser_of(make_app(sqlite_database), "supervisor")


def sealed(database, **changes):
    content = response_content(wave="w", collection_point="AP1") | changes
    with database.writing() as session:
        key = make_public_key(session, session.scalars(select(Wave.id)).one(), SECRET)
    written = json.dumps(content, ensure_ascii=False).encode()
    return {"id": content["id"], "sealed": seal(key, content["id"], written)}


def bring(client, *items, device="Máy 7", visits=(), made_at="2026-11-20T10:00:00+07:00"):
    made = {"format": "sipas-sealed-1", "device": device, "made_at": made_at}
    file = json.dumps(made | {"responses": items, "visits": list(visits)}).encode()
    token = hidden(client.get(ROOM))["csrf_token"]
    sent = FileStorage(io.BytesIO(file), "phieu.json")
    _boundary, body = encode_multipart({"csrf_token": token, "file": sent}, "x")
    return client.post(ROOM, data=body, content_type=MULTIPART)


def length(n):
    """A request that says it is so long."""
    return {"CONTENT_LENGTH": str(n)}


def test_every_form_is_taken_as_if_its_tablet_had_sent_it(client, sqlite_database):
    items = [sealed(sqlite_database) for _ in range(3)]

    assert "đã nhận 3" in words_of(bring(client, *items))
    assert "đã có từ trước 3" in words_of(bring(client, *items))
    with sqlite_database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 3
        assert all(session.scalars(select(ResponseQuality.device_id)))
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "import_sealed_file"))
        assert [entry.subject for entry in told] == [
            "Máy 7 response:accepted=3",
            "Máy 7 response:duplicate=3",
        ]


def test_visits_are_kept_too(client, sqlite_database):
    with sqlite_database.writing() as session:
        wave, point = session.scalars(select(Wave)).one(), session.scalars(select(CollectionPoint))
        fields = {"code": "PC1", "wave_id": wave.id, "point_id": point.one().id}
        session.add(Assignment(**fields, selection="kish", quota=3, reserve=0))
        key = make_public_key(session, wave.id, SECRET)
    visit = {"id": str(uuid4()), "assignment": "PC1", "household": 1}
    written = json.dumps(visit | {"outcome": "nobody_home", "day": "2026-11-20"}).encode()
    item = {"id": visit["id"], "sealed": seal(key, visit["id"], written)}

    assert "đã nhận 0 1" in words_of(bring(client, visits=[item]))
    assert "đã có từ trước 0 1" in words_of(bring(client, visits=[item]))


def test_a_clock_that_is_ahead_and_the_modes_of_tablets_are_known_here_too(client, sqlite_database):
    items = [sealed(sqlite_database), sealed(sqlite_database, mode="kiosk")]
    made_at = (clock.now() + timedelta(days=9)).isoformat()

    page = words_of(bring(client, *items, made_at=made_at))
    assert "đã nhận 1" in page
    assert "không gửi phiếu có cách trả lời «kiosk»" in page
    with sqlite_database.reading() as session:
        offset = session.scalars(select(ResponseQuality.clock_offset)).one()
    assert -9 * 86_400 <= offset < -9 * 86_400 + 60


def test_what_cannot_be_taken_is_told_without_its_answers(client, sqlite_database):
    wrong = sealed(sqlite_database, answers={"access": "tôi tên Lan"})
    broken = sealed(sqlite_database) | {"sealed": "s1.1.xxx"}

    page = words_of(bring(client, wrong, broken, sealed(sqlite_database)))

    assert "không nhận được 2" in page
    assert "không mở được" in page
    assert "Lan" not in page.split("Kết quả nhập tệp", 1)[1]


def test_a_file_that_is_none_is_refused(client):
    page = bring(client, device="Máy 8")

    assert page.status_code == 400
    assert "Máy 8" in words_of(page)
    assert send(client, ROOM).status_code == 400


def test_a_week_of_a_tablet_is_taken_and_a_larger_file_is_refused_in_words(client):
    # Of several MiB, and closed once it is read: an open file would be warned of.
    page = bring(client, visits=[{"id": str(n), "sealed": "x" * 4000} for n in range(1000)])
    assert (page.status_code, "Kết quả nhập tệp" in words_of(page)) == (200, True)

    page = client.post(ROOM, content_type=MULTIPART, environ_overrides=length(LARGEST_FILE + MIB))
    assert page.status_code == 413
    assert "Tệp lớn hơn 20 MiB nên không nhận." in words_of(page)


def test_who_is_not_signed_in_sends_no_large_file(sqlite_database):
    stranger = make_app(sqlite_database).test_client()
    page = stranger.post(ROOM, content_type=MULTIPART, environ_overrides=length(3 * MIB))

    assert page.status_code == 413
    assert "20 MiB" not in words_of(page)
