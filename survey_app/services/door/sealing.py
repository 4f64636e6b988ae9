"""Sealed forms: what waits on a device can be read by nobody who takes the device.

A wave has a pair of keys on the curve P-256. Devices hold the public one; the private one is kept
encrypted under SECRET_KEY. Each form is sealed to it by ECIES:

    text   = "s1." + wave id in decimal + "." + base64url without padding of:
    bytes  = ephemeral public key, uncompressed (65) | nonce (12) | ciphertext and tag (n + 16)
    key    = HKDF-SHA256(input = x of the Diffie-Hellman point, salt = ephemeral public key,
             info = "sipas sealed form 1" | public key of the wave (65)), 32 bytes, for AES-256-GCM
    AAD    = "s1." + wave id + "." + response id in lower case, with hyphens
    plain  = the response object of the collection interface as JSON in UTF-8, filled up with spaces
             to a multiple of 512 bytes, so that the length does not tell how much was written

`static/js/sealed-queue.js` seals the same way in browsers. The private key stands in the table as
base64url of nonce (12) | AES-256-GCM of the 32-byte scalar, under HKDF-SHA256(SECRET_KEY, salt =
the public key, info = "sipas wave key 1"). A lost SECRET_KEY makes waiting forms unreadable.
"""

import base64
import os
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.waves import WaveKey

PREFIX: Final = "s1"
FORM_INFO: Final = b"sipas sealed form 1"
KEY_INFO: Final = b"sipas wave key 1"
POINT: Final = 65  # bytes of an uncompressed point
NONCE: Final = 12
TAG: Final = 16
SCALAR: Final = 32
FILL: Final = 512
LONGEST: Final = 1024 * 1024  # characters of a sealed form
CURVE: Final = ec.SECP256R1()


@dataclass(frozen=True)
class PublicKey:
    """What a device needs to seal forms of a wave; `point` is in base64url."""

    wave_id: int
    point: str


def find_public_key(session: Session, wave_id: int) -> PublicKey | None:
    """The public key of a wave; None before the first device asked for it."""
    found = session.get(WaveKey, wave_id)
    return PublicKey(wave_id, found.public_key) if found else None


def make_public_key(session: Session, wave_id: int, secret_key: str) -> PublicKey:
    """The public key of a wave, made now if there is none; needs a writing session."""
    known = find_public_key(session, wave_id)
    if known is not None:
        return known
    private = ec.generate_private_key(CURVE)
    public = _point_of(private.public_key())
    scalar = private.private_numbers().private_value.to_bytes(SCALAR, "big")
    nonce = os.urandom(NONCE)
    kept = nonce + AESGCM(_wrapping_key(secret_key, public)).encrypt(nonce, scalar, public)
    row = WaveKey(wave_id=wave_id, public_key=_text(public), private_key=_text(kept))
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:  # another device asked at the same moment
        session.expire_all()
    return PublicKey(wave_id, session.get_one(WaveKey, wave_id).public_key)


def seal(key: PublicKey, identity: str, content: bytes) -> str:
    """Seal the JSON of a form to a wave, as devices do."""
    public = _bytes(key.point)
    ephemeral = ec.generate_private_key(CURVE)
    sender, nonce = _point_of(ephemeral.public_key()), os.urandom(NONCE)
    cipher = AESGCM(_form_key(ephemeral, public, sender, public))
    filled = content + b" " * (-len(content) % FILL)
    head = f"{PREFIX}.{key.wave_id}"
    sealed = cipher.encrypt(nonce, filled, _bound_to(head, identity))
    return f"{head}.{_text(sender + nonce + sealed)}"


def open_sealed(session: Session, secret_key: str, identity: str, sealed: object) -> bytes:
    """The JSON of a sealed form, whose id stands outside; raises `Refusal` for any change in it."""
    head, wave_id, body = _parts(sealed)
    key = session.get(WaveKey, wave_id)
    if key is None:
        raise _unreadable()
    sender, nonce, hidden = body[:POINT], body[POINT : POINT + NONCE], body[POINT + NONCE :]
    public = _bytes(key.public_key)
    try:
        private = _private_key(key, secret_key)
        cipher = AESGCM(_form_key(private, sender, sender, public))
        return cipher.decrypt(nonce, hidden, _bound_to(head, identity))
    except (InvalidTag, ValueError):
        raise _unreadable() from None


def _unreadable() -> Refusal:
    return Refusal("Phiếu niêm phong này không mở được: đã bị sửa hoặc không thuộc hệ thống này.")


def _parts(sealed: object) -> tuple[str, int, bytes]:
    """Head, wave and bytes, from the one way to write them."""
    if not isinstance(sealed, str) or len(sealed) > LONGEST or not sealed.isascii():
        raise _unreadable()
    prefix, _, rest = sealed.partition(".")
    wave, _, written = rest.partition(".")
    if prefix != PREFIX or not wave.isdigit() or len(wave) > 9 or str(int(wave)) != wave:
        raise _unreadable()
    try:
        body = _bytes(written)
    except (NotBase64, ValueError):
        raise _unreadable() from None
    if len(body) < POINT + NONCE + TAG or _text(body) != written:
        raise _unreadable()
    return f"{prefix}.{wave}", int(wave), body


def _private_key(key: WaveKey, secret_key: str) -> ec.EllipticCurvePrivateKey:
    public, kept = _bytes(key.public_key), _bytes(key.private_key)
    cipher = AESGCM(_wrapping_key(secret_key, public))
    scalar = cipher.decrypt(kept[:NONCE], kept[NONCE:], public)
    return ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE)


def _form_key(
    own: ec.EllipticCurvePrivateKey, other: bytes, sender: bytes, recipient: bytes
) -> bytes:
    """The key both sides find; raises `ValueError` when `other` is no point of the curve."""
    peer = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, other)
    shared = own.exchange(ec.ECDH(), peer)
    return HKDF(SHA256(), 32, salt=sender, info=FORM_INFO + recipient).derive(shared)


def _wrapping_key(secret_key: str, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=public, info=KEY_INFO).derive(secret_key.encode())


def _bound_to(head: str, identity: str) -> bytes:
    return f"{head}.{identity.lower()}".encode()


def _point_of(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
