"""Enrolled devices: each sends with a token of which only the hash is kept."""

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import Device

SHORTEST_TOKEN = 16


def enrol_device(
    session: Session, name: str, token: str, now: datetime, kind: str = "tablet"
) -> Device:
    """Enrol a tablet or a one-stop system; the same name and token again is the same device.

    Raises `Refusal` for a short token, or when the name or the token belongs to another device.
    """
    if len(token) < SHORTEST_TOKEN:
        raise Refusal("Mã thiết bị phải dài ít nhất {length} ký tự.", length=SHORTEST_TOKEN)
    hashed = _hash(token)
    known = session.scalars(
        select(Device).where((Device.name == name) | (Device.token_hash == hashed))
    ).all()
    for device in known:
        if device.name == name and device.token_hash == hashed and device.revoked_at is None:
            return device
    if known:
        raise Refusal("Thiết bị «{name}» hoặc mã của nó đã được đăng ký trước đây.", name=name)
    device = Device(name=name, token_hash=hashed, enrolled_at=now, kind=kind)
    session.add(device)
    session.flush()
    return device


def device_of(session: Session, token: str) -> Device | None:
    """The device that sends with a token; None when there is none or it was revoked.

    The database finds the row by the hash of the token, so its time tells nothing of the token;
    the hashes are compared once more in constant time.
    """
    hashed = _hash(token)
    device = session.scalar(select(Device).where(Device.token_hash == hashed))
    if device is None or device.revoked_at is not None:
        return None
    return device if hmac.compare_digest(device.token_hash, hashed) else None


def revoke_device(session: Session, name: str, now: datetime) -> Device:
    """Take a device's token away; the first moment counts. Raises `NotFound`."""
    device = session.scalar(select(Device).where(Device.name == name))
    if device is None:
        raise NotFound("Không có thiết bị «{name}».", name=name)
    device.revoked_at = device.revoked_at or now
    session.flush()
    return device


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
