"""Kiosks: who may enrol where, what a PIN opens, and what is known of each."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import AuditEntry, Device
from survey_app.services.counter import kiosks
from survey_app.services.counter.links import read_token
from survey_app.services.field.devices import touch
from survey_app.services.operation.accounts import hash_secret
from tests.survey_app.factories import NOW, make_device, make_point, make_wave
from tests.survey_app.statements import statements_of

SECRET = "a secret of the tests, long enough for anybody"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def pin_hash():
    return hash_secret("246810")


def prepare(session, pin_hash="x", name="Ki-ốt 1", point=None):
    point = point or make_point(session)
    return point, *kiosks.prepare_kiosk(session, point.id, name, pin_hash, NOW)


def enrolled(session, **changes):
    point, _device, code = prepare(session, **changes)
    token = kiosks.enrol_kiosk(session, point.id, code, NOW).token
    return kiosks.kiosk_of(session, token), token


def told(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_browser_is_enrolled_once_with_the_code(session):
    point, device, code = prepare(session)
    outcome = kiosks.enrol_kiosk(session, point.id, f" {code[:4].lower()} {code[4:]}", NOW)

    assert kiosks.kiosk_of(session, outcome.token) == kiosks.Kiosk(device.id, "Ki-ốt 1", point.id)
    assert kiosks.enrol_kiosk(session, point.id, code, NOW).token is None
    assert code not in str(vars(device))
    assert outcome.token not in str(vars(device))
    assert told(session) == ["kiosk_enrolled"]


def test_a_code_lives_an_hour_and_for_its_counter(session):
    point, _device, code = prepare(session)
    elsewhere = make_point(session)
    prepare(session, name="Ki-ốt 2", point=elsewhere)

    assert kiosks.enrol_kiosk(session, elsewhere.id, code, NOW).token is None
    assert kiosks.enrol_kiosk(session, point.id, code, NOW + 60 * MINUTE).token is None
    assert kiosks.enrol_kiosk(session, point.id, code, NOW + 59 * MINUTE).token is not None


def test_wrong_codes_are_counted_while_somebody_could_guess(session):
    point, _device, code = prepare(session)
    bare = make_point(session)
    for _try in range(10):
        assert "chưa đúng" in str(kiosks.enrol_kiosk(session, point.id, "WRONG", NOW).refusal)
        kiosks.enrol_kiosk(session, bare.id, "WRONG", NOW)

    assert "nhiều lần" in str(kiosks.enrol_kiosk(session, point.id, code, NOW + 9 * MINUTE).refusal)
    assert kiosks.enrol_kiosk(session, point.id, code, NOW + 10 * MINUTE).token is not None
    assert told(session).count("kiosk_code_failed") == 10


def test_a_new_code_moves_the_kiosk_to_another_browser(session):
    kiosk, token = enrolled(session)
    _device, code = kiosks.renew_code(session, kiosk.id, NOW)
    assert kiosks.kiosk_of(session, token) == kiosk
    other = kiosks.enrol_kiosk(session, kiosk.point_id, code, NOW).token

    assert kiosks.kiosk_of(session, token) is None
    assert kiosks.kiosk_of(session, other) == kiosk


def test_what_is_no_kiosk_is_none_here(session):
    make_device(session, "token-of-a-tablet")

    assert kiosks.kiosk_of(session, "token-of-a-tablet") is None
    assert kiosks.kiosk_of(session, "unknown") is None
    assert kiosks.kiosk_of(session, None) is None
    tablet = session.scalars(select(Device.id)).one()
    for change in (kiosks.renew_code, kiosks.revoke_kiosk):
        with pytest.raises(NotFound):
            change(session, tablet, NOW)


def test_a_revoked_kiosk_comes_back_with_a_new_code_only(session):
    kiosk, token = enrolled(session)
    kiosks.revoke_kiosk(session, kiosk.id, NOW)
    assert kiosks.kiosk_of(session, token) is None
    _device, code = kiosks.renew_code(session, kiosk.id, NOW)
    assert kiosks.kiosk_of(session, token) is None
    kiosks.revoke_kiosk(session, kiosk.id, NOW)

    assert kiosks.enrol_kiosk(session, kiosk.point_id, code, NOW).token is None
    _device, code = kiosks.renew_code(session, kiosk.id, NOW)
    assert kiosks.enrol_kiosk(session, kiosk.point_id, code, NOW).token is not None


def test_a_link_to_another_counter_is_refused_by_name(session):
    kiosk, _token = enrolled(session)

    kiosks.check_counter(session, kiosk, kiosk.point_id)
    with pytest.raises(Refusal, match="Máy này đã đăng ký cho «Quầy 1»"):
        kiosks.check_counter(session, kiosk, make_point(session).id)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", " 1234"])
def test_a_pin_is_four_to_eight_digits(pin):
    with pytest.raises(Refusal, match="4 đến 8"):
        kiosks.hash_pin(pin)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x00b"])
def test_a_kiosk_needs_a_name(session, name):
    with pytest.raises(Refusal, match="Tên máy"):
        prepare(session, name=name)


def test_names_are_used_once_and_points_must_exist(session):
    point, *_rest = prepare(session)

    with pytest.raises(Refusal, match="Đã có thiết bị"):
        prepare(session, point=point)
    with pytest.raises(NotFound):
        kiosks.prepare_kiosk(session, point.id + 1, "Ki-ốt 2", "x", NOW)


def test_a_pin_opens_only_its_kiosk(database, pin_hash):
    with database.writing() as session:
        kiosk, _token = enrolled(session, pin_hash=pin_hash)

    with database.reading() as session:
        assert kiosks.pin_fits(session, kiosk, "246810")
        assert not kiosks.pin_fits(session, kiosk, "246811")


def test_five_wrong_pins_lock_the_pad_for_a_quarter_of_an_hour(session):
    kiosk, _token = enrolled(session)
    said = [str(kiosks.use_pin(session, kiosk, False, NOW)) for _try in range(5)]

    assert ["Còn 4 lần" in said[0], "Còn 1 lần" in said[3], "tạm khóa" in said[4]] == [True] * 3
    assert "tạm khóa" in str(kiosks.use_pin(session, kiosk, True, NOW + 14 * MINUTE))
    assert kiosks.use_pin(session, kiosk, True, NOW + 15 * MINUTE) is None
    assert told(session).count("kiosk_pin_failed") == 5


def test_a_right_pin_starts_the_count_anew(session):
    kiosk, _token = enrolled(session)
    for _try in range(4):
        kiosks.use_pin(session, kiosk, False, NOW)
    assert kiosks.use_pin(session, kiosk, True, NOW + MINUTE) is None

    assert "Còn 4 lần" in str(kiosks.use_pin(session, kiosk, False, NOW + 2 * MINUTE))


def test_leaving_takes_the_token_away(session):
    kiosk, token = enrolled(session)
    kiosks.leave(session, kiosk, NOW)

    assert kiosks.kiosk_of(session, token) is None
    assert told(session)[-1] == "kiosk_left"


def test_administrators_see_state_queue_version_and_the_doors_open_now(session):
    wave = make_wave(session)
    make_wave(session)
    point = make_point(session, wave)
    kiosk, _token = enrolled(session, point=point)
    prepare(session, name="Ki-ốt 2")
    touch(session, kiosk.id, 3, "abc123", NOW + MINUTE)
    one, two = kiosks.list_kiosks(session, SECRET, NOW + 2 * MINUTE)

    assert (one.state, one.queue_length, one.app_version) == ("active", 3, "abc123")
    assert one.last_seen_at == NOW + MINUTE
    ((title, token),) = one.doors
    assert title == wave.title
    assert read_token(session, token, SECRET).point_id == point.id
    assert (two.state, two.last_seen_at) == ("waiting", None)
    assert kiosks.list_kiosks(session, SECRET, NOW + 60 * MINUTE)[1].state == "expired"
    kiosks.revoke_kiosk(session, kiosk.id, NOW)
    assert kiosks.list_kiosks(session, SECRET, NOW)[0].state == "revoked"


@pytest.mark.parametrize(("queue", "kept"), [(-1, None), (None, None), (10**9, None), (0, 0)])
def test_what_a_kiosk_says_of_itself_is_not_trusted(session, queue, kept):
    kiosk, _token = enrolled(session)
    touch(session, kiosk.id, queue, "v" * 99, NOW)

    device = session.get_one(Device, kiosk.id)
    assert (device.queue_length, device.app_version) == (kept, "v" * 32)


def test_a_wave_whose_close_is_planned_has_places_for_kiosks_until_then(session):
    point = make_point(session, make_wave(session, closed_at=NOW + timedelta(hours=1)))

    assert [known for known, _name in kiosks.points(session, NOW)] == [point.id]
    assert kiosks.points(session, NOW + timedelta(hours=1)) == []


def test_closed_points_are_no_place_for_a_kiosk(session):
    point = make_point(session)
    make_point(session, closed_at=NOW)

    assert [known for known, _name in kiosks.points(session, NOW)] == [point.id]


def test_many_kiosks_are_asked_for_at_once(database):
    def asked(number):
        with database.writing() as session:
            for place in range(number):
                prepare(session, name=f"Ki-ốt {number}.{place}")
        with statements_of(database) as told, database.writing() as session:
            found = kiosks.list_kiosks(session, SECRET, NOW)
            assert all(len(kiosk.doors) == 1 for kiosk in found)
            assert len(kiosks.points(session, NOW)) == len(found)
        return len(told)

    asked(1)  # makes the first key

    assert asked(2) == asked(12)
