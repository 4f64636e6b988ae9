"""Signed receipts: a page that stands in for us on some network cannot make a device clear a form.

One pair of keys on the curve P-256 signs for the whole installation. Its private number is derived,
so that it is kept nowhere and is the same in every process:

    wide = HKDF-SHA256(SECRET_KEY, no salt, info = "sipas receipt key 1", 48 bytes)
    number = 1 + wide mod (n - 1)

with n the order of the curve; 16 bytes more than it needs leave no bias (FIPS 186-5, A.2.1). Signed
is, in UTF-8,

    sipas receipt 1|<id>|<status>|<receipt>|<received_at as written>

by ECDSA with SHA-256, deterministic (RFC 6979), so that the same receipt is signed alike; written
as base64url without padding of r | s, 32 bytes each, as WebCrypto reads it. Devices hold the public
point from their package. Another SECRET_KEY is another signer: devices then fetch a new package.
"""

import base64
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_INFO: Final = b"sipas receipt key 1"
HEAD: Final = "sipas receipt 1"
CURVE: Final = ec.SECP256R1()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n, FIPS 186-4
HALF: Final = 32  # bytes of r, and of s


def receipt_key(secret_key: str) -> str:
    """The public point that receipts can be checked with: uncompressed, in base64url."""
    public = _private_key(secret_key).public_key()
    return _text(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def sign_receipt(
    secret_key: str, identity: str, status: str, receipt: str, received_at: str
) -> str:
    """The signature of a receipt, each part as it is written in the answer."""
    said = signed_text(identity, status, receipt, received_at).encode()
    way = ec.ECDSA(SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(_private_key(secret_key).sign(said, way))
    return _text(r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big"))


def signed_text(identity: str, status: str, receipt: str, received_at: str) -> str:
    """What is signed."""
    return "|".join((HEAD, identity, status, receipt, received_at))


@lru_cache(maxsize=4)
def _private_key(secret_key: str) -> ec.EllipticCurvePrivateKey:
    wide = HKDF(SHA256(), 48, salt=None, info=KEY_INFO).derive(secret_key.encode())
    return ec.derive_private_key(1 + int.from_bytes(wide, "big") % (ORDER - 1), CURVE)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
