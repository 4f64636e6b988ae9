"""Who may try the demo: an account, a device, a surveyor's tablet; printed at the start."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.accounts import Account, Device
from survey_app.models.fieldwork import Assignment
from survey_app.services.field.devices import (
    device_of,
    enrol_device,
    give_code,
    hash_token,
    prepare_device,
    revoke_device,
)
from survey_app.services.operation.accounts import create_account, set_password

NAME, ROLE = "quantri", "administrator"
DEVICE = "Máy tính bảng dùng thử"
TABLET, SURVEYOR = "Máy tính bảng điều tra viên", "Điều tra viên dùng thử"
CODE_LIFETIME: Final = timedelta(hours=24)


def grant_demo_account(session: Session, password: str, fits: bool, now: datetime) -> None:
    """Let the demo account in with this password; `fits` says whether it is the one it has."""
    account = session.scalar(select(Account).where(Account.name == NAME, Account.demo))
    if account is None:
        create_account(session, NAME, password, ROLE, demo=True)
    elif not fits:  # the instance folder was made anew
        set_password(session, NAME, password, now)


def grant_demo_device(session: Session, token: str, now: datetime) -> None:
    """Let the demo device in with this token, and with no other."""
    device = _device(session)
    if device is not None and device_of(session, token) is not device:
        # The instance folder was made anew; what the device sent before still names it.
        device.token_hash, device.revoked_at = hash_token(token), None
        session.flush()
    enrol_device(session, DEVICE, token, now)


def grant_demo_tablet(session: Session, now: datetime) -> str:
    """A new code for the surveyor's tablet, which is given the areas that nobody has.

    A browser enrolled before keeps its place until the code is used.
    """
    device = _device(session, TABLET)
    if device is None:
        device = prepare_device(session, TABLET, "tablet", now)
        device.surveyor = SURVEYOR
    code = give_code(device, now + CODE_LIFETIME)
    session.flush()
    free = select(Assignment).where(Assignment.device_id.is_(None))
    for assignment in session.scalars(free):
        assignment.device_id = device.id
    session.flush()
    return code


def withdraw_demo_device(session: Session, now: datetime) -> None:
    """Shut the demo's devices out, where a database of the demo is served in earnest.

    The demo account needs nothing: signing in refuses it outside the demo.
    """
    for name in (DEVICE, TABLET):
        device = _device(session, name)
        if device is not None:
            revoke_device(session, name, now)
            device.enrolment_hash, device.enrolment_until = None, None


def _device(session: Session, name: str = DEVICE) -> Device | None:
    return session.scalar(select(Device).where(Device.name == name))
