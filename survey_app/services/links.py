"""Signed links: addresses that are printed and glued to counters, so they never change."""

import base64
import hashlib
import hmac

from survey_app.errors import NotFound

SIGNATURE = 10  # bytes of the HMAC kept in the address: 80 bits against guessing


def token_for(point_code: str, secret_key: str) -> str:
    """The token of a collection point, for `/s/` and `/k/`."""
    return f"{point_code}.{_signature(point_code, secret_key)}"


def point_of(token: str, secret_key: str) -> str:
    """The code of the collection point a token names; raises `NotFound` when it was edited."""
    code, _, signature = token.rpartition(".")
    if not code or not hmac.compare_digest(
        signature.encode(), _signature(code, secret_key).encode()
    ):
        raise NotFound("Liên kết này không đúng. Xin quét lại mã hoặc hỏi bộ phận hướng dẫn.")
    return code


def _signature(code: str, secret_key: str) -> str:
    digest = hmac.digest(secret_key.encode(), b"collection-point:" + code.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:SIGNATURE]).decode("ascii").rstrip("=")
