"""The printed secrets of the demo let people in, and only as long as they are the printed ones."""

import pytest
from sqlalchemy import func, select

from survey_app.models.accounts import Account, Device
from survey_app.services.field.devices import device_of
from survey_app.services.field.enrolment import enrol_tablet
from survey_app.services.operation.accounts import password_fits, sign_in
from survey_app.services.operation.demo_access import (
    NAME,
    grant_demo_account,
    grant_demo_device,
    grant_demo_tablet,
    withdraw_demo_device,
)
from tests.survey_app.factories import NOW, make_assignment

PASSWORD, OTHER = "a-printed-password", "another-printed-password"
TOKEN, NEW_TOKEN = "a-printed-device-token", "another-device-token"


@pytest.fixture
def granted(sqlite_database):
    with sqlite_database.writing() as session:
        grant_demo_account(session, PASSWORD, False, NOW)
        grant_demo_device(session, TOKEN, NOW)
    return sqlite_database


def fits(database, password):
    with database.reading() as session:
        return password_fits(session, NAME, password)


def test_the_account_signs_in_in_the_demo_only(granted):
    assert fits(granted, PASSWORD)
    with granted.writing() as session:
        assert sign_in(session, NAME, True, NOW, demo_allowed=False).token is None
        assert sign_in(session, NAME, True, NOW, demo_allowed=True).token


def test_only_hashes_are_stored(granted):
    with granted.reading() as session:
        account, device = (
            session.scalars(select(Account)).one(),
            session.scalars(select(Device)).one(),
        )

        assert account.password_hash.startswith("$argon2id$")
        assert PASSWORD not in account.password_hash
        assert TOKEN not in device.token_hash


def test_granting_again_changes_nothing(granted):
    with granted.writing() as session:
        before = session.scalars(select(Account.password_hash)).one()
        grant_demo_account(session, PASSWORD, True, NOW)
        grant_demo_device(session, TOKEN, NOW)

        assert session.scalars(select(Account.password_hash)).one() == before
        assert session.scalar(select(func.count()).select_from(Device)) == 1


def test_new_secrets_replace_old_ones(granted):
    with granted.writing() as session:
        grant_demo_account(session, OTHER, fits(granted, OTHER), NOW)
        grant_demo_device(session, NEW_TOKEN, NOW)

        assert device_of(session, TOKEN) is None
        assert device_of(session, NEW_TOKEN)
    assert (fits(granted, PASSWORD), fits(granted, OTHER)) == (False, True)


def test_a_withdrawn_device_comes_back_with_the_demo(granted):
    with granted.writing() as session:
        withdraw_demo_device(session, NOW)
        assert device_of(session, TOKEN) is None

        grant_demo_device(session, TOKEN, NOW)
        assert device_of(session, TOKEN)


def test_there_is_nothing_to_withdraw_where_no_demo_was(sqlite_database):
    with sqlite_database.writing() as session:
        withdraw_demo_device(session, NOW)

        assert session.scalar(select(func.count()).select_from(Device)) == 0


def test_the_tablet_gets_a_code_at_every_start_and_the_areas_that_nobody_has(sqlite_database):
    with sqlite_database.writing() as session:
        area = make_assignment(session)
        first = grant_demo_tablet(session, NOW)
        token = enrol_tablet(session, first, NOW).token
        code = grant_demo_tablet(session, NOW)
        tablet = device_of(session, token)  # still there, until the newer code is used

        assert area.device_id == tablet.id
        assert enrol_tablet(session, first, NOW).token is None
        assert device_of(session, enrol_tablet(session, code, NOW).token) is tablet


def test_in_earnest_the_tablet_of_the_demo_is_shut_out(sqlite_database):
    with sqlite_database.writing() as session:
        token = enrol_tablet(session, grant_demo_tablet(session, NOW), NOW).token
        code = grant_demo_tablet(session, NOW)
        withdraw_demo_device(session, NOW)

        assert device_of(session, token) is None
        assert enrol_tablet(session, code, NOW).token is None
