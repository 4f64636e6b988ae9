"""Staff accounts: signing in and out, lockout, and the record of it."""

import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.db import Busy
from survey_app.errors import NotFound
from survey_app.models.accounts import ROLES, Account, AuditEntry, SignIn

FAILURES = 5  # wrong passwords in a row before an account is locked
LOCKED_FOR = timedelta(minutes=15)
IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)  # how stale the last sign of life may become before it is written
SHORTEST_PASSWORD = 12
AT_ONCE = 2  # verifications at a time: each takes 64 MiB and a core for a tenth of a second
WAIT = 5.0

SIGNED_IN, SIGNED_OUT, SIGNED_OUT_EVERYWHERE = "sign_in", "sign_out", "sign_out_everywhere"
SIGN_IN_FAILED, ACCOUNT_LOCKED, ACCOUNT_CREATED = "sign_in_failed", "account_locked", "account"
TRY_AGAIN = "Tên đăng nhập hoặc mật khẩu chưa đúng. Sau 5 lần nhập sai, tài khoản tạm khóa 15 phút."

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(AT_ONCE)
# What a password is held against when nobody has the name, so that the answer takes as long.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$EEbE26cuDdt2EG4ub/eZxQ$"
    "fj0UD0ZRN+xcj9h5KMec5o1+SlTXbNpWik8856eMBiI"
)


@dataclass(frozen=True)
class Staff:
    """Who is signed in, as the doors need to know it."""

    id: int
    name: str
    role: str
    unit_id: int | None
    demo: bool


@dataclass(frozen=True)
class Attempt:
    """The outcome of signing in: a token for the cookie, or why there is none.

    A failure is an outcome and no exception, because its count must be stored.
    """

    token: str | None = None
    refusal: Refusal | None = None


def create_account(
    session: Session, name: str, password: str, role: str, demo: bool = False
) -> Account:
    """Add a member of staff; raises `Refusal` for a bad or taken name, role or password.

    A `demo` account has a printed password, so it signs in on a loopback demo only.
    """
    name = _clean(name)
    if not name or len(name) > 64 or not name.isprintable():
        raise Refusal("Tên đăng nhập phải có từ 1 đến 64 ký tự đọc được.")
    if role not in ROLES:
        raise Refusal("Không có vai trò «{role}».", role=role)
    if not demo and len(password) < SHORTEST_PASSWORD:
        raise Refusal("Mật khẩu cần ít nhất {n} ký tự.", n=SHORTEST_PASSWORD)
    if session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise Refusal("Đã có tài khoản «{name}».", name=name)
    account = Account(name=name, password_hash=hash_secret(password), role=role, demo=demo)
    session.add(account)
    session.flush()
    return account


def set_password(session: Session, name: str, password: str, now: datetime) -> None:
    """Give an account a new password, unlock it and end all its sign-ins."""
    account = session.scalar(select(Account).where(Account.name == _clean(name)))
    if account is None:
        raise NotFound("Không có tài khoản «{name}».", name=name)
    if not account.demo and len(password) < SHORTEST_PASSWORD:
        raise Refusal("Mật khẩu cần ít nhất {n} ký tự.", n=SHORTEST_PASSWORD)
    account.password_hash = hash_secret(password)
    account.failed_attempts, account.locked_until = 0, None
    sign_out_everywhere(session, account.id, now)


def password_fits(session: Session, name: str, password: str) -> bool:
    """Say whether this is the password of the account; takes as long when there is no account.

    It is slow on purpose, so it belongs in a reading session: a writer would make everybody wait.
    Raises `Busy` when too many ask at the same time.
    """
    query = select(Account.password_hash).where(Account.name == _clean(name))
    stored = session.scalar(query)
    session.rollback()  # no connection is held while the processor works
    return secret_fits(stored, password)


def secret_fits(stored: str | None, given: str) -> bool:
    """Say whether a password or PIN has this hash; takes as long when there is none.

    Raises `Busy` when too many ask at the same time.
    """
    with _turn():
        try:
            _hasher.verify(stored or _NOBODY, _normal(given))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def hash_secret(secret: str) -> str:
    """The hash under which a password or PIN is kept; slow on purpose."""
    with _turn():
        return _hasher.hash(_normal(secret))


def sign_in(
    session: Session, name: str, fits: bool, now: datetime, demo_allowed: bool = False
) -> Attempt:
    """Sign in after `password_fits`; counts failures, and locks an account after five of them.

    Every failure has the same sentence, so that nobody learns which names exist. A demo account
    is refused unless `demo_allowed`.
    """
    query = select(Account).where(Account.name == _clean(name)).with_for_update()
    account = session.scalar(query)
    refused = Attempt(refusal=Refusal(TRY_AGAIN))
    if account is None or account.disabled_at is not None:
        return refused
    if account.locked_until is not None and now < account.locked_until:
        return refused
    if account.demo and not demo_allowed:
        return refused
    if not fits:
        _count_failure(session, account, now)
        return refused
    account.failed_attempts, account.locked_until = 0, None
    token = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=_token_hash(token), account_id=account.id, signed_in_at=now, seen_at=now
    )
    session.add(row)
    record(session, account.id, SIGNED_IN, account.name, now)
    session.flush()
    return Attempt(token)


def account_of(
    session: Session, token: str | None, now: datetime, demo_allowed: bool = True
) -> Staff | None:
    """Who holds the token of the cookie; None when it is unknown, revoked or too old.

    A sign-in ends after 60 minutes without a request and after 12 hours in any case. Writes the
    last sign of life when it is a minute old.
    """
    if not token:
        return None
    found = session.execute(
        select(SignIn, Account)
        .join(Account, Account.id == SignIn.account_id)
        .where(SignIn.token_hash == _token_hash(token))
    ).one_or_none()
    if found is None:
        return None
    row, account = found
    if row.revoked_at is not None or account.disabled_at is not None:
        return None
    if account.demo and not demo_allowed:
        return None
    if now - row.seen_at > IDLE or now - row.signed_in_at > LONGEST:
        return None
    if now - row.seen_at > TOUCH:
        row.seen_at = now
        session.flush()
    return Staff(account.id, account.name, account.role, account.unit_id, account.demo)


def sign_out(session: Session, token: str | None, now: datetime) -> None:
    """End one sign-in; nothing happens when it has ended already."""
    if not token:
        return
    row = session.get(SignIn, _token_hash(token))
    if row is None or row.revoked_at is not None:
        return
    row.revoked_at = now
    account = session.get_one(Account, row.account_id)
    record(session, account.id, SIGNED_OUT, account.name, now)
    session.flush()


def sign_out_everywhere(session: Session, account_id: int, now: datetime) -> int:
    """End every sign-in of an account, on all its browsers; returns how many there were."""
    query = select(SignIn).where(SignIn.account_id == account_id, SignIn.revoked_at.is_(None))
    rows = session.scalars(query).all()
    for row in rows:
        row.revoked_at = now
    account = session.get_one(Account, account_id)
    record(session, account_id, SIGNED_OUT_EVERYWHERE, account.name, now)
    session.flush()
    return len(rows)


def record(
    session: Session, account_id: int | None, action: str, subject: str, now: datetime
) -> None:
    """Write an audit row together with what it records; never an answer."""
    session.add(AuditEntry(at=now, account_id=account_id, action=action, subject=subject))


def _count_failure(session: Session, account: Account, now: datetime) -> None:
    account.failed_attempts += 1
    record(session, account.id, SIGN_IN_FAILED, account.name, now)
    if account.failed_attempts >= FAILURES:
        account.failed_attempts, account.locked_until = 0, now + LOCKED_FOR
        record(session, account.id, ACCOUNT_LOCKED, account.name, now)
    session.flush()


def _clean(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT):
        raise Busy
    try:
        yield
    finally:
        _turns.release()
