"""Signed links: a printed QR code says wave, unit, counter, procedure, and its last day."""

import base64
import hashlib
import hmac
import secrets
import struct
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.days import day_of
from survey_app.errors import Gone, NotFound
from survey_app.models.waves import CollectionPoint, LinkKey, Procedure, Wave, WavePoint

SIGNATURE: Final = 11  # bytes of the HMAC kept in the address: 88 bits against guessing
LAYOUT: Final = struct.Struct(">HIIIIHH")  # key, wave, unit, point, procedure, serial, last day
VALID_KEYS: Final = 2  # the newest, and the one before it
LIFETIME: Final = timedelta(days=400)  # of links of a wave that does not say until when
FIRST_DAY: Final = date(2020, 1, 1)


@dataclass(frozen=True)
class Link:
    """What a token says: ids of the database, the issue number, and the last day it works.

    `unit_id` is the unit of the counter, the receiving one at a one-stop centre.
    """

    wave_id: int
    unit_id: int
    point_id: int
    procedure_id: int | None
    serial: int
    last_day: date


def link_to(
    session: Session,
    wave: Wave,
    point: CollectionPoint,
    now: datetime,
    procedure: Procedure | None = None,
) -> Link:
    """The link to a counter in a wave as it is to be printed now; raises `NotFound`."""
    assigned = session.get(WavePoint, (wave.id, point.id))
    if assigned is None:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    begins = day_of(wave.opened_at or now)
    return Link(
        wave_id=wave.id,
        unit_id=point.unit_id,
        point_id=point.id,
        procedure_id=procedure.id if procedure else None,
        serial=assigned.link_serial,
        last_day=wave.links_expire_on or begins + LIFETIME,
    )


def token_of(session: Session, link: Link, secret_key: str, now: datetime) -> str:
    """The token of a link, for `/s/` and `/k/`, signed with the newest key: see `signer`."""
    return signer(session, secret_key, now)(link)


def signer(session: Session, secret_key: str, now: datetime) -> Callable[[Link], str]:
    """What makes the tokens of any number of links, with the newest key looked up once.

    Needs a writing session, since the first call of an installation makes the first key.
    """
    keys = _valid_keys(session)
    key = keys[0] if keys else rotate_keys(session, now)

    def token(link: Link) -> str:
        packed = LAYOUT.pack(
            key.id,
            link.wave_id,
            link.unit_id,
            link.point_id,
            link.procedure_id or 0,
            link.serial,
            (link.last_day - FIRST_DAY).days,
        )
        signed = packed + _signature(packed, key, secret_key)
        return base64.urlsafe_b64encode(signed).decode("ascii")

    return token


def read_token(session: Session, token: str, secret_key: str) -> Link:
    """What a token says; raises `NotFound` when it was edited, `Gone` when its key has ended."""
    packed, signature = _parts(token)
    key_id, wave, unit, point, procedure, serial, days = LAYOUT.unpack(packed)
    key = session.get(LinkKey, key_id)
    if key is None or not hmac.compare_digest(signature, _signature(packed, key, secret_key)):
        raise _wrong()
    if key not in _valid_keys(session):
        raise _over()
    return Link(wave, unit, point, procedure or None, serial, FIRST_DAY + timedelta(days=days))


def check_link(session: Session, link: Link, now: datetime) -> None:
    """Raise `Gone` for a link that was revoked or whose last day has passed."""
    assigned = session.get(WavePoint, (link.wave_id, link.point_id))
    if assigned is None or assigned.link_serial != link.serial or day_of(now) > link.last_day:
        raise _over()


def revoke_links(session: Session, wave: Wave, point: CollectionPoint) -> None:
    """Take back all links of a counter that were printed for a wave; new ones must be printed."""
    assigned = session.get(WavePoint, (wave.id, point.id))
    if assigned is None:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    assigned.link_serial += 1
    session.flush()


def rotate_keys(session: Session, now: datetime) -> LinkKey:
    """Sign with a new key from now on; links signed with the key before the last stop working."""
    key = LinkKey(salt=secrets.token_urlsafe(32), made_at=now)
    session.add(key)
    session.flush()
    return key


def _wrong() -> NotFound:
    return NotFound("Liên kết này không đúng. Xin quét lại mã hoặc hỏi bộ phận hướng dẫn.")


def _over() -> Gone:
    return Gone("Mã này đã hết hạn hoặc đã được thay. Xin quét mã mới ở quầy.")


def _valid_keys(session: Session) -> list[LinkKey]:
    newest = select(LinkKey).order_by(LinkKey.id.desc()).limit(VALID_KEYS)
    return list(session.scalars(newest))


def _parts(token: str) -> tuple[bytes, bytes]:
    """Body and signature, from the one way to write them."""
    try:
        raw = base64.b64decode(token.encode("ascii"), b"-_", validate=True)
    except (NotBase64, ValueError):
        raise _wrong() from None
    if len(raw) != LAYOUT.size + SIGNATURE or base64.urlsafe_b64encode(raw).decode() != token:
        raise _wrong()
    return raw[: LAYOUT.size], raw[LAYOUT.size :]


def _signature(packed: bytes, key: LinkKey, secret_key: str) -> bytes:
    secret = hmac.digest(secret_key.encode(), f"link-key:{key.salt}".encode(), hashlib.sha256)
    return hmac.digest(secret, packed, hashlib.sha256)[:SIGNATURE]
