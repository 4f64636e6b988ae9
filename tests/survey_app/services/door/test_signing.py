"""Signed receipts: whoever holds the public point can check one, and nobody can make one up."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from survey_app.services.door.signing import ORDER, receipt_key, sign_receipt, signed_text

SECRET = "a secret of the tests, long enough for anybody"
PARTS = (
    "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b",
    "accepted",
    "7KQ2M4XW9A",
    "2026-11-20T03:00:00+00:00",
)


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check(point, signature, parts):
    """Verify as WebCrypto does: a raw point, and r | s of 32 bytes each."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(point))
    r, s = (int.from_bytes(raw(signature)[part], "big") for part in (slice(32), slice(32, 64)))
    said = signed_text(*parts).encode()
    public.verify(encode_dss_signature(r, s), said, ec.ECDSA(SHA256()))


def test_a_receipt_is_checked_with_the_public_point():
    check(receipt_key(SECRET), sign_receipt(SECRET, *PARTS), PARTS)


def test_point_and_signature_are_the_bytes_that_browsers_read():
    point, signature = raw(receipt_key(SECRET)), raw(sign_receipt(SECRET, *PARTS))

    assert (len(point), point[0]) == (65, 4)
    assert len(signature) == 64
    for value in (receipt_key(SECRET), sign_receipt(SECRET, *PARTS)):
        assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_what_is_signed_stands_in_the_order_that_clients_write():
    assert signed_text(*PARTS) == "sipas receipt 1|" + "|".join(PARTS)


@pytest.mark.parametrize("part", range(4))
def test_a_signature_is_of_every_part(part):
    changed = list(PARTS)
    changed[part] = changed[part].replace("a", "b").replace("0", "1").replace("7", "8")
    assert changed != list(PARTS)

    with pytest.raises(InvalidSignature):
        check(receipt_key(SECRET), sign_receipt(SECRET, *PARTS), changed)


def test_another_secret_signs_for_another_point():
    with pytest.raises(InvalidSignature):
        check(receipt_key(SECRET), sign_receipt("another secret", *PARTS), PARTS)


def test_the_same_receipt_is_signed_alike():
    assert sign_receipt(SECRET, *PARTS) == sign_receipt(SECRET, *PARTS)


def test_the_order_is_that_of_the_curve():
    last = ec.derive_private_key(ORDER - 1, ec.SECP256R1())
    first = ec.derive_private_key(1, ec.SECP256R1())

    # n - 1 times the generator is its mirror image: the same x.
    assert last.public_key().public_numbers().x == first.public_key().public_numbers().x
