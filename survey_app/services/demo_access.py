"""Who may try the demo: one account and one device, whose secrets are printed at the start."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.accounts import Account, Device
from survey_app.services.accounts import create_account, set_password
from survey_app.services.devices import device_of, enrol_device, revoke_device

NAME, ROLE = "quantri", "administrator"
DEVICE = "Máy tính bảng dùng thử"


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
        session.delete(device)
        session.flush()
    enrol_device(session, DEVICE, token, now)


def withdraw_demo_device(session: Session, now: datetime) -> None:
    """Shut the demo device out, where a database of the demo is served in earnest.

    The demo account needs nothing: signing in refuses it outside the demo.
    """
    if _device(session) is not None:
        revoke_device(session, DEVICE, now)


def _device(session: Session) -> Device | None:
    return session.scalar(select(Device).where(Device.name == DEVICE))
