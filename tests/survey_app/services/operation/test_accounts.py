"""Signing in: lockout, idle limit, revocation, demo accounts and their record."""

import threading
from datetime import timedelta

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.db import Busy
from survey_app.models.accounts import AuditEntry, SignIn
from survey_app.services.operation import accounts
from tests.survey_app.factories import NOW

PASSWORD = "mật khẩu đủ dài"
DEAR = accounts._hasher  # the service's own, before the tests hash cheaply


@pytest.fixture
def account(session):
    return accounts.create_account(session, "lan", PASSWORD, "administrator")


def signed_in(session, name="lan", fits=True, now=NOW, **options):
    return accounts.sign_in(session, name, fits, now, **options)


def actions(session):
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


def test_only_the_password_of_the_account_fits(database):
    with database.writing() as session:
        accounts.create_account(session, "lan", PASSWORD, "administrator")
    with database.reading() as session:
        assert accounts.password_fits(session, " lan ", PASSWORD)
        assert not accounts.password_fits(session, "lan", "another one")
        assert not accounts.password_fits(session, "nobody", "x")
        assert not accounts.password_fits(session, "nobody", PASSWORD)


def test_a_password_costs_what_rfc_9106_asks_for_and_an_unknown_name_costs_as_much():
    hashed = extract_parameters(DEAR.hash(PASSWORD))

    assert (hashed.type, hashed.memory_cost, hashed.time_cost) == (Type.ID, 65536, 3)
    assert extract_parameters(accounts._NOBODY) == hashed


def test_the_database_never_holds_a_password_or_a_token(session, account):
    token = signed_in(session).token

    assert PASSWORD not in account.password_hash
    assert session.scalar(select(SignIn.token_hash)) != token


def test_the_token_names_the_account(session, account):
    found = accounts.account_of(session, signed_in(session).token, NOW)

    assert (found.id, found.name, found.role) == (account.id, "lan", "administrator")
    assert accounts.account_of(session, "edited", NOW) is None
    assert accounts.account_of(session, None, NOW) is None


def test_five_failures_lock_the_account_for_fifteen_minutes(session, account):
    for _ in range(5):
        refusal = signed_in(session, fits=False).refusal
    locked = signed_in(session)

    assert locked.token is None
    assert str(locked.refusal) == str(refusal)
    assert signed_in(session, now=NOW + timedelta(minutes=14)).token is None
    assert signed_in(session, now=NOW + timedelta(minutes=15)).token


def test_a_success_clears_the_count(session, account):
    for _ in range(4):
        signed_in(session, fits=False)
    assert signed_in(session).token
    for _ in range(4):
        signed_in(session, fits=False)

    assert signed_in(session).token


def test_an_unknown_name_hears_the_same_sentence(session, account):
    unknown = signed_in(session, name="nobody", fits=False).refusal

    assert str(unknown) == str(signed_in(session, fits=False).refusal)


def test_a_sign_in_ends_after_an_hour_without_a_request(session, account):
    token = signed_in(session).token

    assert accounts.account_of(session, token, NOW + timedelta(minutes=59))
    assert accounts.account_of(session, token, NOW + timedelta(minutes=118))
    assert accounts.account_of(session, token, NOW + timedelta(minutes=179)) is None


def test_a_sign_in_ends_after_twelve_hours_whatever_happens(session, account):
    token = signed_in(session).token
    for half_hour in range(1, 25):
        assert accounts.account_of(session, token, NOW + timedelta(minutes=30 * half_hour))

    assert accounts.account_of(session, token, NOW + timedelta(minutes=721)) is None


def test_signing_out_ends_this_browser_only(session, account):
    here, there = signed_in(session).token, signed_in(session).token

    accounts.sign_out(session, here, NOW)
    accounts.sign_out(session, here, NOW)

    assert accounts.account_of(session, here, NOW) is None
    assert accounts.account_of(session, there, NOW)


def test_signing_out_everywhere_ends_all(session, account):
    tokens = [signed_in(session).token for _ in range(3)]

    assert accounts.sign_out_everywhere(session, account.id, NOW) == 3
    assert [accounts.account_of(session, token, NOW) for token in tokens] == [None] * 3


def test_a_disabled_account_is_out_at_once(session, account):
    token = signed_in(session).token
    account.disabled_at = NOW
    session.flush()

    assert accounts.account_of(session, token, NOW) is None
    assert signed_in(session).token is None


def test_a_demo_account_signs_in_on_the_demo_only(session):
    accounts.create_account(session, "demo", "demo", "administrator", demo=True)

    assert signed_in(session, name="demo").token is None
    token = signed_in(session, name="demo", demo_allowed=True).token
    assert accounts.account_of(session, token, NOW, demo_allowed=True)
    assert accounts.account_of(session, token, NOW, demo_allowed=False) is None


def test_staff_actions_are_recorded(session, account):
    token = signed_in(session).token
    signed_in(session, fits=False)
    accounts.sign_out(session, token, NOW)
    accounts.sign_out_everywhere(session, account.id, NOW)

    assert actions(session) == ["sign_in", "sign_in_failed", "sign_out", "sign_out_everywhere"]


def test_a_new_password_ends_the_sign_ins_and_the_lock(session, account):
    token = signed_in(session).token
    for _ in range(5):
        signed_in(session, fits=False)

    accounts.set_password(session, "lan", "một mật khẩu khác", NOW)

    assert accounts.account_of(session, token, NOW) is None
    assert signed_in(session).token
    with pytest.raises(Refusal):
        accounts.set_password(session, "nobody", PASSWORD, NOW)
    with pytest.raises(Refusal):
        accounts.set_password(session, "lan", "short", NOW)


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [
        ("", PASSWORD, "auditor"),
        ("a\nb", PASSWORD, "auditor"),
        ("hoa", "short", "auditor"),
        ("hoa", PASSWORD, "king"),
        ("lan", PASSWORD, "auditor"),
    ],
)
def test_a_bad_account_is_refused(session, account, name, password, role):
    with pytest.raises(Refusal):
        accounts.create_account(session, name, password, role)


def test_verifications_beyond_the_cap_wait_and_then_are_told_to_come_back(
    sqlite_database, monkeypatch
):
    monkeypatch.setattr(accounts, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(accounts, "WAIT", 0.01)
    accounts._turns.acquire()
    with sqlite_database.reading() as session, pytest.raises(Busy):
        accounts.password_fits(session, "lan", PASSWORD)
