"""What tablets in the field use over HTTP: package, visits, signs of life, a lost tablet."""

import base64
import gzip
import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import func, select

from survey_app import clock
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import Assignment, HeldVisit, Visit
from survey_app.models.responses import Response, ResponseQuality
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.door.sealing import PublicKey, seal
from tests.survey_app.factories import (
    make_assignment,
    make_device,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.web.citizen_door import make_app

TOKEN = "token-of-a-tablet"
TODAY = clock.now().date().isoformat()
PACKAGE, RESPONSES, VISITS, CONTACT = (
    f"/api/v1/{name}" for name in ("package", "responses", "visits", "contact")
)
MOST_BYTES = 60_000  # of a package on its way to a tablet


class Tablet:
    """A tablet with an area in an open wave."""

    def __init__(self, database, form="sipas-counter/1"):
        self.database = database
        with database.writing() as session:
            self.device = make_device(session, TOKEN, surveyor="Trần Thị B").id
            opened = clock.now() - timedelta(days=1)
            wave = make_wave(session, opened_at=opened)
            unit = make_unit(session, name="Phường Phú Lợi")
            point = make_point(session, wave, unit, form)
            frame = json.dumps({"area": "Khóm 1"})
            area = make_assignment(session, point, device_id=self.device, frame=frame)
            self.wave, self.area = wave.id, area.code
            self.grid = area.id % 12
            self.door = {"wave": wave.code, "collection_point": point.code}
        self.app = make_app(database)
        self.client = self.app.test_client()

    def ask(self, path, body=None, **headers):
        headers = {"Authorization": f"Bearer {TOKEN}"} | headers
        if body is None:
            return self.client.get(path, headers=headers)
        return self.client.post(path, json=body, headers=headers)

    def package(self):
        return self.ask(PACKAGE).get_json()

    def visit(self, **changes):
        told = {"id": str(uuid4()), "assignment": self.area, "household": 1}
        return told | {"outcome": "nobody_home", "day": TODAY} | changes

    def content(self, **changes):
        return response_content(**self.door | changes)

    def change(self, model, key, **values):
        with self.database.writing() as session:
            row = session.get_one(model, key)
            for name, value in values.items():
                setattr(row, name, value)


@pytest.fixture
def tablet(sqlite_database):
    return Tablet(sqlite_database)


@pytest.fixture
def each(database):
    return Tablet(database)


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_signature(point, receipt):
    """Verify as a tablet does; raises `InvalidSignature`."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(point))
    signed = raw(receipt["signature"])
    r, s = (int.from_bytes(half, "big") for half in (signed[:32], signed[32:]))
    parts = ("id", "status", "receipt", "received_at")
    said = "|".join(("sipas receipt 1", *(receipt.get(name, "") for name in parts)))
    public.verify(encode_dss_signature(r, s), said.encode(), ec.ECDSA(SHA256()))


# The package -------------------------------------------------------------------------------------


def test_a_package_tells_the_tablet_who_it_is_and_what_it_needs(tablet):
    found = tablet.package()
    (wave,) = found["waves"]

    assert found["device"]["surveyor"] == "Trần Thị B"
    assert found["server_time"].endswith("+00:00")
    assert len(raw(found["receipt_key"])) == 65
    assert len(raw(wave["key"]["point"])) == 65
    assert wave["key"]["wave_id"] == tablet.wave
    assert wave["private_items"] == []
    assert wave["closes_at"] is None
    assert set(wave["notice_points"]) == {"vi", "km", "en"}
    assert "Phường Phú Lợi" in wave["notice_points"]["vi"][0]["answer"]
    items = [
        item for section in found["questionnaires"][0]["sections"] for item in section["items"]
    ]
    assert not any(item["sensitive"] for item in items)


def test_an_area_is_told_to_its_tablet_only(tablet):
    with tablet.database.writing() as session:
        make_device(session, "token-of-another", name="Máy khác")
    (area,) = tablet.package()["assignments"]

    assert area == {
        "code": tablet.area,
        "wave": tablet.door["wave"],
        "collection_point": tablet.door["collection_point"],
        "questionnaire": "sipas-counter",
        "version": "1",
        "area": "Khóm 1",
        "selection": "kish",
        "quota": 10,
        "reserve": 5,
        "grid": tablet.grid,
        "households": [],
    }
    other = tablet.ask(PACKAGE, Authorization="Bearer token-of-another").get_json()
    assert other["assignments"] == []


def test_a_tablet_that_takes_over_an_area_hears_what_came_of_its_households(tablet):
    first = tablet.ask(PACKAGE).headers["ETag"]
    given = [tablet.visit(household=n, eligible=3, chosen=2) for n in (4, 2)]
    tablet.ask(VISITS, {"visits": given})
    with tablet.database.writing() as session:
        other = make_device(session, "token-of-another", name="Máy khác").id
        area = session.scalars(select(Assignment)).one()
        area.device_id = other
    asked = {"Authorization": "Bearer token-of-another", "If-None-Match": first}
    (area,) = tablet.ask(PACKAGE, **asked).get_json()["assignments"]

    stands = {"outcome": "nobody_home", "day": TODAY, "eligible": 3, "chosen": 2}
    assert area["households"] == [{"household": n} | stands for n in (2, 4)]
    assert not any(one["id"] in json.dumps(area) for one in given)
    assert tablet.package()["assignments"] == []


def test_an_area_that_is_done_or_whose_wave_is_over_is_not_told(tablet):
    tablet.change(Wave, tablet.wave, closed_at=clock.now() + timedelta(days=1))
    assert tablet.package()["waves"][0]["closes_at"]
    tablet.change(Wave, tablet.wave, closed_at=clock.now())

    assert tablet.package()["assignments"] == []


def test_private_items_are_those_of_the_form(tablet):
    key = (tablet.wave, "sipas-counter", "1")
    tablet.change(WaveForm, key, private_items="staff feedback")

    assert tablet.package()["waves"][0]["private_items"] == ["staff", "feedback"]


def test_several_units_are_rated_by_one_notice(tablet):
    with tablet.database.writing() as session:
        make_point(session, session.get_one(Wave, tablet.wave))

    notice = tablet.package()["waves"][0]["notice_points"]
    assert "cơ quan hành chính nhà nước" in notice["vi"][0]["answer"]


def test_a_package_that_is_the_same_is_not_sent_again(tablet):
    first = tablet.ask(PACKAGE, **{"Accept-Encoding": "gzip"})
    tag = first.headers["ETag"]
    again = tablet.ask(PACKAGE, **{"If-None-Match": tag})

    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == tag
    tablet.change(Wave, tablet.wave, title="Đợt khác")
    changed = tablet.ask(PACKAGE, **{"If-None-Match": tag})
    assert (changed.status_code, changed.headers["ETag"] == tag) == (200, False)


@pytest.mark.parametrize("form", ["sipas-counter/1", "sipas-citizen/2022"])
def test_the_package_of_a_wave_is_small_on_its_way(sqlite_database, form):
    tablet = Tablet(sqlite_database, form)
    packed = tablet.ask(PACKAGE, **{"Accept-Encoding": "gzip, br"})
    plain = tablet.ask(PACKAGE)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.get_data()) < MOST_BYTES
    opened = json.loads(gzip.decompress(packed.get_data()))
    assert opened | {"server_time": ""} == plain.get_json() | {"server_time": ""}
    assert "Content-Encoding" not in plain.headers


# Receipts ----------------------------------------------------------------------------------------


def test_every_receipt_with_a_code_is_signed(each):
    point = each.package()["receipt_key"]
    content = each.content()
    given = [content, content, content | {"locale": "km"}, each.content(version="9")]
    answer = each.ask(RESPONSES, {"responses": [*given, each.content(mode="?")]})
    *signed, rejected = answer.get_json()["receipts"]

    statuses = ["accepted", "duplicate", "conflict", "quarantined"]
    assert [receipt["status"] for receipt in signed] == statuses
    for receipt in signed:
        check_signature(point, receipt)
    assert "signature" not in rejected


def test_a_kiosk_is_told_the_same_key(tablet):
    with tablet.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 1
    answer = tablet.ask(VISITS, {"visits": [tablet.visit()]})
    check_signature(tablet.package()["receipt_key"], answer.get_json()["receipts"][0])


# What a device says of itself --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"), [(RESPONSES, {"responses": []}), (VISITS, {"visits": []}), (CONTACT, {})]
)
def test_every_call_is_a_sign_of_life(tablet, path, body):
    answer = tablet.ask(path, body | {"queue": 7, "app": "1a2b3c"})

    assert answer.status_code == 200
    with tablet.database.reading() as session:
        device = session.get_one(Device, tablet.device)
        assert (device.queue_length, device.app_version) == (7, "1a2b3c")
        assert device.last_seen_at is not None


def test_contact_tells_the_time(tablet):
    assert tablet.ask(CONTACT, {"sent_at": "x"}).get_json()["server_time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("sent_at", "low", "high"),
    [(-3600, 3590, 3620), (86_400, -86_410, -86_380), (0, -5, 20)],
)
def test_how_far_the_clock_is_off_is_kept_outside_of_the_content(tablet, sent_at, low, high):
    content = tablet.content()
    told = (clock.now() + timedelta(seconds=sent_at)).isoformat()
    first = tablet.ask(RESPONSES, {"responses": [content], "sent_at": told}).get_json()
    again = tablet.ask(RESPONSES, {"responses": [content], "sent_at": "later"}).get_json()

    assert again["receipts"][0]["status"] == "duplicate"
    assert again["receipts"][0]["receipt"] == first["receipts"][0]["receipt"]
    with tablet.database.reading() as session:
        assert low < session.scalars(select(ResponseQuality.clock_offset)).one() < high


@pytest.mark.parametrize("sent_at", [None, 5, "x", "2026-11-20T10:00:00", "0001-01-01T00:00:00Z"])
def test_a_clock_that_tells_nothing_is_not_known(tablet, sent_at):
    tablet.ask(RESPONSES, {"responses": [tablet.content()], "sent_at": sent_at})

    with tablet.database.reading() as session:
        assert session.scalars(select(ResponseQuality.clock_offset)).all() == [None]


# Lost and retired --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "package", "others"),
    [
        ({}, 200, 200),
        ({"retired_at": clock.now()}, 403, 200),
        ({"revoked_at": clock.now()}, 401, 401),
        ({"retired_at": clock.now(), "revoked_at": clock.now()}, 401, 401),
    ],
    ids=["active", "retired", "revoked", "both"],
)
def test_what_a_device_may_still_do(each, state, package, others):
    each.change(Device, each.device, **state)
    sent = {
        RESPONSES: {"responses": [each.content()]},
        VISITS: {"visits": [each.visit()]},
        CONTACT: {},
    }

    told = each.ask(PACKAGE)
    assert told.status_code == package
    assert package == 200 or told.get_json()["error"].endswith(".")
    for path, body in sent.items():
        assert each.ask(path, body).status_code == others
    with each.database.reading() as session:
        kept = [session.scalar(select(func.count()).select_from(t)) for t in (Response, Visit)]
    assert kept == ([1, 1] if others == 200 else [0, 0])


# Visits ------------------------------------------------------------------------------------------


def test_visits_come_plain_and_sealed_and_are_kept_once(each):
    plain, hidden = each.visit(), each.visit(household=2)
    key = PublicKey(**each.package()["waves"][0]["key"])
    sealed = seal(key, hidden["id"], json.dumps(hidden).encode())
    batch = {"visits": [plain, {"id": hidden["id"], "sealed": sealed}, {"id": "x", "sealed": "y"}]}
    first, again, later = (each.ask(VISITS, batch).get_json()["receipts"] for _ in range(3))

    assert [r["status"] for r in first] == ["accepted", "accepted", "rejected"]
    assert [r["status"] for r in again] == ["duplicate", "duplicate", "rejected"]
    assert [r["receipt"] for r in first[:2]] == [r["receipt"] for r in again[:2]]
    assert again == later  # its signature too
    assert not any("received_at" in receipt for receipt in first)
    for receipt in (*first[:2], *again[:2]):
        check_signature(each.package()["receipt_key"], receipt)
    with each.database.reading() as session:
        assert sorted(session.scalars(select(Visit.household))) == [1, 2]


@pytest.mark.parametrize("kind", ["kiosk", "system"])
def test_only_a_tablet_sends_visits(tablet, kind):
    tablet.change(Device, tablet.device, kind=kind)
    answer = tablet.ask(VISITS, {"visits": [tablet.visit()]})

    assert answer.status_code == 403
    assert answer.get_json()["error"].startswith("Chỉ máy tính bảng")
    with tablet.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == 0


def test_a_day_is_corrected_by_the_clock_that_told_it(tablet):
    ahead = timedelta(days=12_000)
    told = (clock.now() + ahead).date().isoformat()
    sent_at = (clock.now() + ahead).isoformat()
    tablet.ask(VISITS, {"visits": [tablet.visit(day=told)], "sent_at": sent_at})

    with tablet.database.reading() as session:
        visit = session.scalars(select(Visit)).one()
    assert (visit.day.isoformat(), visit.told_day.isoformat()) == (TODAY, told)


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("tablet", "accepted"),
        ("phone", "accepted"),
        ("paper", "accepted"),
        ("kiosk", "wrong_mode"),
        ("web", "wrong_mode"),
        ("code", "unknown_value"),
    ],
)
def test_a_tablet_sends_what_an_interviewer_brings(tablet, mode, status):
    (receipt,) = tablet.ask(RESPONSES, {"responses": [tablet.content(mode=mode)]}).json["receipts"]

    told = [problem["code"] for problem in receipt["problems"]]
    assert (told or [receipt["status"]]) == [status]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_kiosk_with_its_token_sends_for_its_counter_as_at_its_own_door(tablet, sealed):
    key = PublicKey(**tablet.package()["waves"][0]["key"])
    with tablet.database.writing() as session:
        here = make_point(session, session.get_one(Wave, tablet.wave))
        device = session.get_one(Device, tablet.device)
        device.kind, device.point_id = "kiosk", here.id
        code = here.code
    given = [
        tablet.content(collection_point=code, mode="kiosk"),
        tablet.content(collection_point=code),
        tablet.content(mode="kiosk"),
    ]
    if sealed:
        given = [
            {"id": one["id"], "sealed": seal(key, one["id"], json.dumps(one).encode())}
            for one in given
        ]
    receipts = tablet.ask(RESPONSES, {"responses": given}).json["receipts"]

    assert [one["status"] for one in receipts] == ["accepted", "rejected", "quarantined"]
    assert receipts[1]["problems"][0]["code"] == "wrong_mode"


def test_a_one_stop_system_sends_no_responses(tablet):
    tablet.change(Device, tablet.device, kind="system")
    answer = tablet.ask(RESPONSES, {"responses": [tablet.content()]})

    assert answer.status_code == 403
    assert answer.get_json()["error"].startswith("Chỉ máy tính bảng và máy lấy ý kiến")
    with tablet.database.reading() as session:
        assert session.scalars(select(Response)).all() == []


def test_a_seal_of_a_response_is_no_visit(tablet):
    key = PublicKey(**tablet.package()["waves"][0]["key"])
    content = tablet.content()
    sealed = {"id": content["id"], "sealed": seal(key, content["id"], json.dumps(content).encode())}
    (receipt,) = tablet.ask(VISITS, {"visits": [sealed]}).get_json()["receipts"]

    assert (receipt["status"], receipt["problems"][0]["code"]) == ("rejected", "bad_shape")


@pytest.mark.parametrize(
    ("body", "status"),
    [({"responses": []}, 400), ({"visits": {}}, 400), ({"visits": [{}] * 501}, 413)],
)
def test_a_body_that_is_no_batch_of_visits(tablet, body, status):
    assert tablet.ask(VISITS, body).status_code == status


def test_the_same_visits_from_many_threads_are_kept_once_each(each):
    visits = [each.visit(household=number) for number in range(1, 9)]
    gate, answers = threading.Barrier(8), []

    def send(order):
        client = each.app.test_client()
        gate.wait()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answers.append(client.post(VISITS, json={"visits": visits[::order]}, headers=headers))

    threads = [threading.Thread(target=send, args=(1 - 2 * (n % 2),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    found = [receipt for answer in answers for receipt in answer.get_json()["receipts"]]
    statuses = [receipt["status"] for receipt in found]
    assert (statuses.count("accepted"), statuses.count("duplicate")) == (8, 56)
    assert len({receipt["receipt"] for receipt in found}) == 8
    with each.database.reading() as session:
        assert len(session.scalars(select(Visit.id)).all()) == 8


def test_the_same_visit_said_differently_at_once_keeps_all_and_counts_one(each):
    visit, gate, answers = each.visit(), threading.Barrier(4), []

    def send(outcome):
        client = each.app.test_client()
        gate.wait()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = {"visits": [visit | {"outcome": outcome}]}
        answers.append((outcome, client.post(VISITS, json=body, headers=headers)))

    told = ("vacant", "nobody_home", "language", "unsafe")
    threads = [threading.Thread(target=send, args=(outcome,)) for outcome in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    found = {outcome: answer.get_json()["receipts"][0]["status"] for outcome, answer in answers}
    with each.database.reading() as session:
        kept = session.scalars(select(Visit.outcome)).one()
        others = [
            json.loads(text)["outcome"] for text in session.scalars(select(HeldVisit.content))
        ]
    assert sorted((kept, *others)) == sorted(told)
    assert found == {one: "accepted" if one == kept else "conflict" for one in told}
