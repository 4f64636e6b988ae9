"""Enrolment of tablets: a code is worth one token, and is not to be guessed."""

from datetime import timedelta

from sqlalchemy import select

from survey_app.models.accounts import AuditEntry
from survey_app.services.field import enrolment
from survey_app.services.field.devices import device_of, give_code, prepare_device
from survey_app.services.field.enrolment import MOST_TRIES, enrol_tablet
from tests.survey_app.factories import NOW, make_device

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def prepare(session, name="Máy tính bảng 1", kind="tablet"):
    device = prepare_device(session, name, kind, NOW)
    device.surveyor = "Trần Thị B"
    code = give_code(device, NOW + DAY)
    session.flush()
    return device, code


def told(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_tablet_is_enrolled_once_with_its_code(session):
    device, code = prepare(session)
    outcome = enrol_tablet(session, f" {code[:4].lower()}-{code[4:]} ", NOW)

    assert outcome.device is device
    assert device_of(session, outcome.token) is device
    assert device.last_seen_at == NOW
    assert enrol_tablet(session, code, NOW).token is None
    assert code not in str(vars(device))
    assert outcome.token not in str(vars(device))
    assert told(session) == ["tablet_enrolled"]


def test_a_code_lives_until_its_end(session):
    _device, code = prepare(session)

    assert enrol_tablet(session, code, NOW + DAY).token is None
    assert enrol_tablet(session, code, NOW + DAY - MINUTE).token is not None


def test_the_code_of_a_kiosk_enrols_no_tablet(session):
    _device, code = prepare(session, kind="kiosk")
    prepare(session, name="Máy tính bảng 2")

    assert enrol_tablet(session, code, NOW).token is None


def test_one_code_among_many_waiting_enrols_its_own_tablet(session):
    waiting = [prepare(session, f"Máy {number}") for number in range(5)]
    device, code = waiting[3]

    assert enrol_tablet(session, code, NOW).device is device


def test_guessing_is_slowed_down_while_somebody_could_guess(session):
    enrol_tablet(session, "WRONG", NOW)
    assert told(session) == []
    _device, code = prepare(session)
    for _try in range(MOST_TRIES):
        assert "chưa đúng" in str(enrol_tablet(session, "WRONG", NOW).refusal)

    assert "nhiều lần" in str(enrol_tablet(session, code, NOW + 9 * MINUTE).refusal)
    assert enrol_tablet(session, code, NOW + 10 * MINUTE).token is not None
    assert told(session).count("tablet_code_failed") == MOST_TRIES


def test_a_lost_tablet_comes_back_with_a_new_code_and_another_token(session):
    device = make_device(session, "token-that-was-lost", revoked_at=NOW, retired_at=NOW)
    code = give_code(device, NOW + DAY)
    session.flush()
    token = enrol_tablet(session, code, NOW).token

    assert device_of(session, token) is device
    assert device_of(session, "token-that-was-lost") is None
    assert device.retired_at == NOW


def test_a_guess_never_says_what_is_wrong(session):
    prepare(session)
    refusals = {str(enrol_tablet(session, given, NOW).refusal) for given in ("", "X", "A" * 8)}

    assert refusals == {str(enrolment.wrong_tablet_code())}
