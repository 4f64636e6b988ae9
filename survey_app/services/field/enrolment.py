"""Enrolment: a browser becomes a device with a one-time code, and guessing one is slowed down."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.accounts import AuditEntry, Device
from survey_app.services.field.devices import code_hash, hash_token
from survey_app.services.operation.accounts import record

TRIES_WITHIN: Final = timedelta(minutes=10)
TABLET: Final = "tablet"
# Wrong codes at the tablets' door within TRIES_WITHIN, before all are refused. All tablets of a
# province come to this one door, so the bound must bear many who mistype at a training; a code is
# one of 6.6e11, and no more than 14,400 of them can be tried in a day.
MOST_TRIES: Final = 100


@dataclass(frozen=True)
class Gate:
    """Where codes are typed: for which devices, what is told of it, how often it may go wrong.

    `conditions` choose the devices; `subject` names the gate in the record of staff actions, in
    which `failed` and `enrolled` are written.
    """

    conditions: tuple[Any, ...]
    subject: str
    failed: str
    enrolled: str
    most_tries: int
    wrong_code: Refusal


@dataclass(frozen=True)
class Outcome:
    """What came of a try: a token, or why not. No exception, because a failure must be stored."""

    token: str | None = None
    refusal: Refusal | None = None
    device: Device | None = None


def enrol_tablet(session: Session, code: str, now: datetime) -> Outcome:
    """Enrol a surveyor's tablet with the code it was prepared under; the code is then spent.

    A tablet that was revoked works again; one that is retired stays retired.
    """
    gate = Gate(
        conditions=(Device.kind == TABLET,),
        subject=TABLET,
        failed="tablet_code_failed",
        enrolled="tablet_enrolled",
        most_tries=MOST_TRIES,
        wrong_code=wrong_tablet_code(),
    )
    return enrol(session, gate, code, now)


def wrong_tablet_code() -> Refusal:
    """What is said of a code for a tablet, whatever is wrong with it."""
    return Refusal("Mã đăng ký chưa đúng hoặc đã hết hạn. Xin nhập lại.")


def enrol(session: Session, gate: Gate, code: str, now: datetime) -> Outcome:
    """Enrol a browser at a gate; wrong codes are counted only while a device waits there."""
    waiting = session.scalars(
        select(Device)
        .where(*gate.conditions, Device.enrolment_hash.is_not(None), Device.enrolment_until > now)
        .order_by(Device.id)
        .with_for_update()
    ).all()
    if not waiting:
        return Outcome(refusal=gate.wrong_code)
    since = now - TRIES_WITHIN
    if failures(session, gate.failed, gate.subject, since) >= gate.most_tries:
        refusal = Refusal("Đã nhập sai mã đăng ký nhiều lần. Xin đợi 10 phút rồi thử lại.")
        return Outcome(refusal=refusal)
    wanted = code_hash(code)
    device = next((known for known in waiting if known.enrolment_hash == wanted), None)
    if device is None:
        record(session, None, gate.failed, gate.subject, now)
        session.flush()
        return Outcome(refusal=gate.wrong_code)
    token = secrets.token_urlsafe(32)
    device.token_hash = hash_token(token)
    device.enrolment_hash, device.enrolment_until, device.revoked_at = None, None, None
    device.enrolled_at = device.last_seen_at = now
    record(session, None, gate.enrolled, device.name, now)
    session.flush()
    return Outcome(token, device=device)


def failures(session: Session, action: str, subject: str, since: datetime) -> int:
    """How often something went wrong since a moment, by the record of staff actions."""
    found = session.scalar(
        select(func.count())
        .select_from(AuditEntry)
        .where(AuditEntry.action == action, AuditEntry.subject == subject, AuditEntry.at > since)
    )
    return found or 0
