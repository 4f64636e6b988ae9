"""Enrolled devices: each sends with a token of which only the hash is kept."""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotAllowed, NotFound
from survey_app.models.accounts import Device
from survey_app.models.waves import CollectionPoint
from survey_app.services.door.submissions import ALPHABET, Arrival

SHORTEST_TOKEN = 16
CODE_LENGTH: Final = 8
LONGEST_NAME: Final = 64
LONGEST_VERSION: Final = 32
MOST_WAITING: Final = 1_000_000
LARGEST_OFFSET: Final = 2**31  # seconds, 68 years: what the column holds
# How people answer on what kind of device; a one-stop system sends nobody's answers.
MODES_OF: Final[Mapping[str, Sequence[str]]] = {
    "tablet": ("tablet", "phone", "paper"),
    "kiosk": ("kiosk",),
}


def enrol_device(
    session: Session, name: str, token: str, now: datetime, kind: str = "tablet"
) -> Device:
    """Enrol a tablet or a one-stop system; the same name and token again is the same device.

    Raises `Refusal` for a short token, or when the name or the token belongs to another device.
    """
    if len(token) < SHORTEST_TOKEN:
        raise Refusal("Mã thiết bị phải dài ít nhất {length} ký tự.", length=SHORTEST_TOKEN)
    hashed = hash_token(token)
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
    hashed = hash_token(token)
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
    unknown = hash_token(secrets.token_urlsafe(32))
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
    return hash_token("".join(sign for sign in code.upper() if sign.isalnum()))


def readable(given: str, refusal: str) -> str:
    """A name in one spelling; raises `Refusal` when it is empty, too long or cannot be read."""
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(refusal, most=LONGEST_NAME)
    return name


def touch(session: Session, device_id: int, queue: object, version: object, now: datetime) -> None:
    """Write down that a device is alive, how many forms wait on it, and what it runs.

    What it does not say, or says without sense, is unknown from now on.
    """
    device = session.get_one(Device, device_id)
    device.last_seen_at = now
    known = isinstance(queue, int) and not isinstance(queue, bool) and 0 <= queue < MOST_WAITING
    device.queue_length = int(str(queue)) if known else None
    told = version if isinstance(version, str) and version.isprintable() else ""
    device.app_version = told[:LONGEST_VERSION] or None
    session.flush()


def arrival_from(
    session: Session, device_id: int, sent_at: object, now: datetime, field: str | None = None
) -> Arrival:
    """What is known of all that a device sends at once, `sent_at` by its own clock.

    A kiosk may name the `field` of the link it was opened with, and no other. A tablet has no link.
    Raises `NotAllowed` for a device that collects nothing.
    """
    device = session.get_one(Device, device_id)
    if device.kind not in MODES_OF:
        template = "Chỉ máy tính bảng và máy lấy ý kiến tại quầy được gửi phiếu trả lời."
        raise NotAllowed(template)
    point = session.get(CollectionPoint, device.point_id) if device.point_id else None
    return Arrival(
        device_id=device.id,
        clock_offset=clock_offset(sent_at, now),
        modes=MODES_OF[device.kind],
        stands_at=point.code if point else None,
        fields=((field,) if field else ()) if point else None,
    )


def clock_offset(sent_at: object, now: datetime) -> int | None:
    """How many seconds a device's clock was behind ours when it sent; None where it tells none."""
    try:
        behind = (now - datetime.fromisoformat(str(sent_at))).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no moment, or one of no zone
        return None
    return round(behind) if abs(behind) < LARGEST_OFFSET else None


def hash_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
