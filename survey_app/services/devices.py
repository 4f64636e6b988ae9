"""Enrolled devices: each sends with a token of which only the hash is kept."""

import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import Device
from survey_app.services.responses import ALPHABET

SHORTEST_TOKEN = 16
CODE_LENGTH: Final = 8
LONGEST_NAME: Final = 64


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


def prepare_device(session: Session, name: str, kind: str, now: datetime) -> Device:
    """A device under a free name, with a token that nobody has: it is enrolled with a code."""
    name = readable(name, "Tên máy phải có từ 1 đến {most} ký tự đọc được.")
    if session.scalar(select(Device.id).where(Device.name == name)) is not None:
        raise Refusal("Đã có thiết bị tên «{name}». Xin đặt tên khác.", name=name)
    unknown = _hash(secrets.token_urlsafe(32))
    device = Device(name=name, token_hash=unknown, kind=kind, enrolled_at=now)
    session.add(device)
    return device


def give_code(device: Device, until: datetime) -> str:
    """Give a device a one-time enrolment code, of which only the hash is kept."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    device.enrolment_hash, device.enrolment_until = code_hash(code), until
    return code


def code_hash(code: str) -> str:
    """The hash of an enrolment code, however it was typed."""
    return _hash("".join(sign for sign in code.upper() if sign.isalnum()))


def readable(given: str, refusal: str) -> str:
    """A name in one spelling; raises `Refusal` when it is empty, too long or cannot be read."""
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(refusal, most=LONGEST_NAME)
    return name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
