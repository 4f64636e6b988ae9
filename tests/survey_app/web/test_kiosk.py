"""The kiosk's door over HTTP: who gets in, what it is told, and what it may send."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import Device
from survey_app.models.responses import HeldResponse, Response, ResponseQuality
from survey_app.models.waves import CollectionPoint, Wave
from survey_app.services.counter.kiosks import renew_code, revoke_kiosk
from survey_app.services.counter.links import revoke_links, rotate_keys
from survey_app.services.door.sealing import find_public_key, seal
from tests.survey_app.factories import response_content
from tests.survey_app.web.citizen_door import hidden, make_app
from tests.survey_app.web.kiosk_counter import PIN, make_counter, next_wave

FROM_KIOSK = {"X-Kiosk": "1"}
JSON_DOORS = ("responses", "contact", "unlock", "leave")


@pytest.fixture
def counter(sqlite_database):
    return make_counter(sqlite_database)


@pytest.fixture
def client(sqlite_database, counter):
    return make_app(sqlite_database).test_client()


@pytest.fixture
def kiosk(client, counter):
    assert enrol(client, counter).status_code == 303
    return client


def enrol(client, counter, code=None, door=None):
    fields = hidden(client.get(door or counter.door)) | {"code": code or counter.code}
    return client.post(door or counter.door, data=fields)


def post(client, counter, path, **body):
    return client.post(f"{counter.door}/{path}", json=body, headers=FROM_KIOSK)


def content_for(counter, **changes):
    place = {"wave": counter.wave, "collection_point": counter.point, "mode": "kiosk"}
    return response_content(**place, **changes)


def revoke(database, counter):
    with database.writing() as session:
        revoke_kiosk(session, counter.device_id, clock.now())


def edited(door):
    """The address of a door with another last sign."""
    return door[:-1] + ("y" if door.endswith("x") else "x")


def test_a_browser_that_is_not_enrolled_is_asked_for_the_code(client, counter):
    page = client.get(counter.door)

    assert page.status_code == 200
    assert "Mã đăng ký gồm 8 ký tự" in page.text
    assert "kiosk.js" not in page.text
    assert page.headers["Kiosk"] == "drop"


def test_a_wrong_code_is_one_clear_sentence(client, counter):
    page = enrol(client, counter, "AAAAAAAA")

    assert page.status_code == 400
    assert page.text.count("Mã đăng ký chưa đúng") == 1
    assert "Set-Cookie" not in page.headers or "kiosk=" not in page.headers["Set-Cookie"]


def test_the_cookie_belongs_to_this_door_alone(client, counter):
    cookie = enrol(client, counter).headers["Set-Cookie"]

    assert re.match(r"kiosk=[\w-]{43};", cookie)
    assert all(part in cookie for part in ("HttpOnly", "Path=/k", "SameSite=Strict", "Max-Age=345"))


def test_an_enrolled_browser_gets_the_page_that_may_be_kept(kiosk, counter):
    page = kiosk.get(counter.door)

    assert "kiosk.js" in page.text
    assert page.headers["Kiosk"] == "keep"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<noscript>" in page.text


def test_the_same_device_serves_its_counter_in_the_next_wave(kiosk, counter, sqlite_database):
    page = kiosk.get(next_wave(sqlite_database, counter))

    assert "kiosk.js" in page.text


def test_a_link_to_another_counter_is_refused_kindly(kiosk, sqlite_database):
    other = make_counter(sqlite_database)
    page = kiosk.get(other.door)

    assert page.status_code == 400
    assert "Máy này đã đăng ký cho «Quầy 1»" in page.text
    assert kiosk.get(f"{other.door}/package").status_code == 400


def test_an_edited_link_is_not_found(kiosk, counter):
    assert kiosk.get(edited(counter.door)).status_code == 404


def test_after_the_wave_the_page_still_sends_what_waits(kiosk, counter, sqlite_database):
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = clock.now()
    page = kiosk.get(counter.door)

    assert page.status_code == 410
    assert "data-closed" in page.text
    for language, told in (("vi", "hiện không nhận phiếu"), ("en", "not taking"), ("km", "។")):
        assert re.search(f'<p class="lead" lang="{language}">[^<]*{told}', page.text)
    assert "kiosk.js" in page.text
    assert page.headers["Kiosk"] == "drop"
    assert post(kiosk, counter, "contact", queue=0, version="v").get_json()["open"] is False


def test_a_revoked_link_sends_what_waits_too(kiosk, counter, sqlite_database):
    with sqlite_database.writing() as session:
        wave, point = (session.scalars(select(t)).one() for t in (Wave, CollectionPoint))
        revoke_links(session, wave, point)
    answer = post(kiosk, counter, "responses", responses=[content_for(counter)])

    assert answer.get_json()["receipts"][0]["status"] == "accepted"


def test_the_package_holds_what_is_asked_and_said(kiosk, counter, sqlite_database):
    package = kiosk.get(f"{counter.door}/package")
    found = package.get_json()

    assert package.headers["Kiosk"] == "keep"
    assert (found["wave"], found["collection_point"]) == (counter.wave, counter.point)
    assert found["questionnaire"]["code"] == "sipas-counter"
    assert found["questionnaire"]["sections"][0]["items"][0]["scale"] == "satisfaction"
    assert found["keeps_partial"] is False
    assert found["agencies"] == []
    assert set(found["texts"]) == {"vi", "km", "en"}
    with sqlite_database.reading() as session:
        assert found["key"]["point"] == find_public_key(session, found["key"]["wave_id"]).point


def test_the_agencies_of_a_one_stop_centre_are_offered(sqlite_database):
    counter = make_counter(sqlite_database, agencies=2, keeps_partial=True)
    client = make_app(sqlite_database).test_client()
    enrol(client, counter)
    found = client.get(f"{counter.door}/package").get_json()

    assert [agency["name"] for agency in found["agencies"]] == ["Sở số 1", "Sở số 2"]
    assert found["keeps_partial"] is True


def test_sealed_and_plain_forms_of_this_counter_are_taken(kiosk, counter, sqlite_database):
    key = kiosk.get(f"{counter.door}/package").get_json()["key"]
    with sqlite_database.reading() as session:
        public = find_public_key(session, key["wave_id"])
    content = content_for(counter)
    sealed = seal(public, content["id"], json.dumps(content).encode())
    items = [{"id": content["id"], "sealed": sealed}, content_for(counter)]
    receipts = post(kiosk, counter, "responses", responses=items).get_json()["receipts"]

    assert [receipt["status"] for receipt in receipts] == ["accepted", "accepted"]


def test_who_complains_at_a_kiosk_is_told_and_nobody_else(kiosk, counter, sqlite_database):
    with sqlite_database.reading() as session:
        public = find_public_key(
            session, kiosk.get(f"{counter.door}/package").json["key"]["wave_id"]
        )
    items = []
    for comment in ("Tôi khiếu nại vì chờ lâu.", "Cán bộ tận tình."):
        content = content_for(counter)
        content["answers"] |= {"comment": comment}
        sealed = seal(public, content["id"], json.dumps(content).encode())
        items.append({"id": content["id"], "sealed": sealed})
    first, second = post(kiosk, counter, "responses", responses=items).get_json()["receipts"]

    assert (first["status"], first["complaint"]) == ("accepted", True)
    assert second["status"] == "accepted"
    assert "complaint" not in second
    assert post(kiosk, counter, "responses", responses=items).json["receipts"][0]["complaint"]


def test_every_refusal_of_this_door_ends_what_was_kept(kiosk, counter, sqlite_database):
    for page in (kiosk.get(edited(counter.door)), kiosk.get(make_counter(sqlite_database).door)):
        assert (page.status_code >= 400, page.headers["Kiosk"]) == (True, "drop")
    revoke(sqlite_database, counter)
    for path in ("", "/package"):
        assert kiosk.get(counter.door + path).headers["Kiosk"] == "drop"


def test_what_a_kiosk_kept_from_another_counter_waits_for_a_person(kiosk, counter, sqlite_database):
    there = content_for(make_counter(sqlite_database))
    answer = post(kiosk, counter, "responses", responses=[there, 5, there])
    first, second, again = answer.get_json()["receipts"]

    assert [one["status"] for one in (first, again)] == ["quarantined", "duplicate"]
    assert second["problems"][0]["code"] == "bad_shape"
    with sqlite_database.reading() as session:
        assert session.scalars(select(Response)).all() == []
        assert session.scalars(select(HeldResponse.reason)).all() == ["outdated"]


def test_a_kiosk_sends_what_was_answered_at_it(kiosk, counter):
    given = [content_for(counter) | {"mode": mode} for mode in ("web", "tablet", "paper")]
    receipts = post(kiosk, counter, "responses", responses=given).get_json()["receipts"]

    assert {one["problems"][0]["code"] for one in receipts} == {"wrong_mode"}


def test_a_kiosk_says_what_time_it_believes_to_be(kiosk, counter, sqlite_database):
    told = (clock.now() - timedelta(minutes=11)).isoformat()
    post(kiosk, counter, "responses", responses=[content_for(counter)], sent_at=told)

    with sqlite_database.reading() as session:
        assert 655 < session.scalars(select(ResponseQuality.clock_offset)).one() < 680


@pytest.mark.parametrize("path", JSON_DOORS)
def test_only_the_kiosk_itself_may_post(client, kiosk, counter, sqlite_database, path):
    door = f"{counter.door}/{path}"
    assert kiosk.post(door, json={}).status_code == 403
    revoke(sqlite_database, counter)
    assert post(kiosk, counter, path).status_code == 401
    stranger = client.application.test_client()
    assert stranger.post(door, json={}, headers=FROM_KIOSK).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"responses": 5}'])
def test_what_is_no_batch_is_refused_in_json(kiosk, counter, body):
    answer = kiosk.post(f"{counter.door}/responses", data=body, headers=FROM_KIOSK)

    assert answer.status_code == 400
    assert "JSON" in answer.get_json()["error"]


def test_a_revoked_kiosk_is_asked_for_a_code_again(kiosk, counter, sqlite_database):
    revoke(sqlite_database, counter)

    assert "Mã đăng ký gồm" in kiosk.get(counter.door).text
    assert kiosk.get(f"{counter.door}/package").status_code == 401
    with sqlite_database.writing() as session:
        _device, code = renew_code(session, counter.device_id, clock.now())
    assert enrol(kiosk, counter, code).status_code == 303


def test_signs_of_life_are_written_down(kiosk, counter, sqlite_database):
    answer = post(kiosk, counter, "contact", queue=2, version="abc")

    assert answer.get_json()["open"] is True
    assert answer.get_json()["version"] in kiosk.get(counter.door).text
    with sqlite_database.reading() as session:
        device = session.get_one(Device, counter.device_id)
        assert (device.queue_length, device.app_version) == (2, "abc")
    assert post(kiosk, counter, "contact", queue="x", version=7).status_code == 200


def test_the_pin_is_checked_by_the_server(kiosk, counter):
    assert post(kiosk, counter, "unlock", pin=PIN).status_code == 200
    wrong = post(kiosk, counter, "unlock", pin="0000")
    assert (wrong.status_code, "Còn 4 lần" in wrong.get_json()["error"]) == (403, True)
    assert post(kiosk, counter, "unlock", pin=None).status_code == 403
    assert post(kiosk, counter, "leave", pin="0000", waiting=0).status_code == 403
    for _try in range(2):
        post(kiosk, counter, "unlock", pin="0000")
    assert "tạm khóa" in post(kiosk, counter, "unlock", pin=PIN).get_json()["error"]


def test_staff_read_vietnamese_whatever_the_browser_prefers(kiosk, counter):
    """Their panel is opened from the start screen, which is in Vietnamese."""
    kiosk.environ_base["HTTP_ACCEPT_LANGUAGE"] = "km"
    wrong = post(kiosk, counter, "unlock", pin="0000")
    leaving = post(kiosk, counter, "leave", pin=PIN, waiting=1)

    assert "Mã PIN chưa đúng" in wrong.get_json()["error"]
    assert "Còn 1 phiếu" in leaving.get_json()["error"]


@pytest.mark.parametrize("waiting", [3, None, "0", True])
def test_leaving_waits_for_what_waits(kiosk, counter, waiting):
    refused = post(kiosk, counter, "leave", pin=PIN, waiting=waiting)

    assert refused.status_code == 409
    assert "phiếu trên máy chưa gửi được" in refused.get_json()["error"]
    assert post(kiosk, counter, "leave", pin=PIN, waiting=waiting, anyway=True).status_code == 200


def test_who_has_left_is_no_kiosk_any_more(kiosk, counter):
    answer = post(kiosk, counter, "leave", pin=PIN, waiting=0)

    assert answer.headers["Set-Cookie"].startswith("kiosk=;")
    assert "Mã đăng ký gồm" in kiosk.get(counter.door).text


def test_the_service_worker_may_control_this_door_and_no_other(client):
    answer = client.get("/k/sw.js")

    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Service-Worker-Allowed" not in answer.headers


def test_the_kiosk_begins_in_vietnamese_whatever_the_browser_prefers(kiosk, counter):
    page = kiosk.get(counter.door, headers={"Accept-Language": "en"})

    assert '<html lang="vi">' in page.text


def test_a_kiosk_whose_key_is_no_longer_valid_says_so_and_still_sends(
    kiosk, counter, sqlite_database
):
    with sqlite_database.writing() as session:
        for _turn in range(2):
            rotate_keys(session, clock.now())
    page = kiosk.get(counter.door)
    sent = post(kiosk, counter, "responses", responses=[content_for(counter)])

    assert page.status_code == 410
    assert "Mã này đã hết hạn hoặc đã được thay" in page.text
    assert "kiosk.js" in page.text
    assert [one["status"] for one in sent.json["receipts"]] == ["accepted"]
    stranger = kiosk.application.test_client()
    assert stranger.get(counter.door).status_code == 410
