"""What a browser keeps of a form: cookies that are sent to the form's own address only."""

from dataclasses import dataclass
from time import time
from typing import Any, Final
from uuid import UUID

from flask import current_app, request
from flask import url_for as address_of
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

COOKIE: Final = "draft"
# The server forgets a form after a day. The cookie lives longer, so that neither a wrong clock of
# the device loses the form, nor does a page of a form that is gone look as if nothing had been.
COOKIE_SECONDS: Final = 400 * 86400  # the longest that browsers keep one
RECEIPT_COOKIE: Final = "receipt"  # not in the address: access logs must not know the receipt
RECEIPT_SECONDS: Final = 3600
Where = dict[str, str]


@dataclass(frozen=True)
class Begun:
    """What a browser keeps of a form it has begun: the key to the draft, the id, for how long."""

    key: str
    identity: UUID
    age: float


@dataclass(frozen=True)
class Sent:
    """What a browser keeps of the form it sent last: the receipt, whether it held a complaint."""

    receipt: str
    complaint: bool


def address(name: str, where: Where, **more: Any) -> str:
    """The address of one of a form's pages."""
    parts: dict[str, Any] = {**where, **more}
    return address_of(name, **parts)


def home(where: Where) -> str:
    """The address of a form, without anything behind it."""
    return address(".start", where)


def signer() -> URLSafeTimedSerializer:
    """Signs what a browser keeps for this service."""
    secret = current_app.extensions["config"].secret_key
    return URLSafeTimedSerializer(secret, salt="filling")


def set_cookie(answer: Response, where: Where, name: str, value: str, seconds: int) -> None:
    """Set a cookie that is sent to the pages of this form only."""
    secure = current_app.extensions["config"].secure_cookies
    path = home(where)
    answer.set_cookie(name, value, seconds, path=path, secure=secure, httponly=True, samesite="Lax")


def kept_draft() -> Begun | None:
    """What this browser keeps of the form it has begun here."""
    try:
        kept, made = signer().loads(request.cookies.get(COOKIE, ""), return_timestamp=True)
        return Begun(str(kept[0]), UUID(kept[1]), time() - made.timestamp())
    except (BadSignature, ValueError, TypeError, AttributeError, IndexError):
        return None


def keep_draft(answer: Response, where: Where, key: str, identity: UUID) -> None:
    """Let the browser keep the key of the form it has begun; an earlier receipt goes.

    The id goes along: when the answer to a sending is lost, it still tells that the form arrived.
    """
    kept = signer().dumps([key, str(identity)])
    set_cookie(answer, where, COOKIE, kept, COOKIE_SECONDS)
    answer.delete_cookie(RECEIPT_COOKIE, path=home(where))


def keep_receipt(answer: Response, where: Where, sent: Sent) -> None:
    """Let the browser keep the receipt of the form it has sent, for an hour; the key goes."""
    kept = signer().dumps([home(where), sent.receipt, sent.complaint])
    set_cookie(answer, where, RECEIPT_COOKIE, kept, RECEIPT_SECONDS)
    answer.delete_cookie(COOKIE, path=home(where))


def forget(answer: Response, where: Where) -> None:
    """Let the browser keep nothing of this form."""
    for name in (COOKIE, RECEIPT_COOKIE):
        answer.delete_cookie(name, path=home(where))


def kept_sent(where: Where) -> Sent | None:
    """What this browser keeps of the form it sent last here; None after an hour."""
    try:
        kept = signer().loads(request.cookies.get(RECEIPT_COOKIE, ""), max_age=RECEIPT_SECONDS)
    except BadSignature:
        return None
    match kept:
        case [place, str(receipt), bool(complaint)] if place == home(where):
            return Sent(receipt, complaint)
    return None


def kept_receipt(where: Where) -> str | None:
    """The receipt this browser keeps of the form it sent last here; None after an hour."""
    sent = kept_sent(where)
    return sent.receipt if sent else None


def signed_id(identity: UUID) -> str:
    """The id of a form as its pages carry it, so that none is taken for a page of another form."""
    return str(signer().dumps(str(identity)))


def posted_id() -> UUID | None:
    """The id of the form whose page was sent; None when it was edited or left out."""
    try:
        return UUID(signer().loads(request.form.get("form", "")))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None
