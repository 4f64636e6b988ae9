"""Staff who sign in, the devices that send, and the record of what staff did."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base, UtcDateTime

ROLES = ("administrator", "supervisor", "unit_head", "auditor")
DEVICES = ("tablet", "kiosk", "system")


class Account(Base):
    """A member of staff; respondents never have accounts."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    demo: Mapped[bool] = mapped_column(default=False)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignIn(Base):
    """One signed-in browser: the cookie holds a random token, this row its hash; revocable."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    signed_in_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Device(Base):
    """An enrolled tablet, kiosk or one-stop system; only the hash of its token is stored.

    A kiosk stands at a collection point: it is prepared under a one-time enrolment code, of which
    the hash is kept until the code is used or `enrolment_until` has passed, and is left with a PIN.
    `last_seen_at`, `queue_length` and `app_version` are what it last said of itself. A tablet is in
    the hands of a `surveyor` (điều tra viên). Once retired it gets nothing to collect any more, but
    what waits on it is still taken; once revoked (lost) its token is worth nothing.
    """

    __tablename__ = "device"
    __table_args__ = (CheckConstraint(f"kind IN {DEVICES}", name="kind_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="tablet", server_default="tablet")
    point_id: Mapped[int | None] = mapped_column(ForeignKey("collection_point.id"))
    pin_hash: Mapped[str | None]
    enrolment_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrolment_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    queue_length: Mapped[int | None]
    app_version: Mapped[str | None] = mapped_column(String(32))
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    surveyor: Mapped[str | None] = mapped_column(String(64))


class AuditEntry(Base):
    """Staff actions only, written with what they record; never an answer."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str]
    detail: Mapped[str | None] = mapped_column(Text)
