"""Retention that really deletes: until when contacts, receipts and forms as received are kept."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.days import day_of
from survey_app.errors import Gone
from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import DossierCode, Invitation, InvitationContact
from survey_app.models.fieldwork import Interview
from survey_app.models.responses import (
    Answer,
    HeldResponse,
    Response,
    ResponseRevision,
    StagedResponse,
    Tombstone,
)
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.codes.staging import left_over, refused_in
from survey_app.services.operation.accounts import record
from survey_app.services.plan.waves import held_for

BATCH: Final = 500  # rows of one transaction: nobody's writing waits long for a deletion
CONTACTS, RECEIPTS, DOCUMENTS = "contacts", "receipts", "documents"
DAYS: Final[Mapping[str, int]] = {CONTACTS: 30, RECEIPTS: 90, DOCUMENTS: 365}  # after the close
NAMES: Final = {kind: f"{kind}_until" for kind in DAYS}  # columns of Wave
FORGOTTEN: Final = "-"  # begins what stands in the place of a hash or receipt; neither has it
PURGED: Final = "purged"
CHANGED: Final = "set_retention"

# What of a wave has ended is deleted by steps, a batch each: they say how many rows they did.
_Step = Callable[[Session, Catalogue, Wave], int]


@dataclass(frozen=True)
class Period:
    """Until when something of a wave is kept: the day in force, and the day set by hand.

    `last_day` is None while neither a day nor the close is set: it is `days` after the close.
    """

    kind: str
    days: int
    set_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class Purge:
    """What was deleted of a wave: the action, the day, and how many rows."""

    action: str
    day: date
    rows: int


def last_day(wave: Wave, kind: str) -> date | None:
    """The last day on which something of a wave is kept; None while that is not known.

    The rule counts from the close of the wave. A day set by hand can only shorten it, so what
    people are told of every wave stays true.
    """
    set_day: date | None = getattr(wave, NAMES[kind])
    if wave.closed_at is None:
        return set_day
    by_rule = day_of(wave.closed_at) + timedelta(days=DAYS[kind])
    return by_rule if set_day is None else min(set_day, by_rule)


def promised_day(wave: Wave, kind: str) -> date | None:
    """The day that who answers is told; None when it is told that the rule counts from the close.

    A close at a date may still be moved, and what the rule says moves with it.
    """
    set_day: date | None = getattr(wave, NAMES[kind])
    return set_day if set_day == last_day(wave, kind) else None


def has_ended(wave: Wave, kind: str, now: datetime) -> bool:
    """Say whether something of a wave is no longer to be kept."""
    day = last_day(wave, kind)
    return day is not None and day_of(now) > day


def check_kept(wave: Wave, kind: str, now: datetime) -> None:
    """Raise `Gone` when what would be added to a wave is deleted there already.

    A list imported anew would invite everybody twice, and a code given out would be forgotten.
    """
    if has_ended(wave, kind, now):
        template = "Đợt khảo sát «{wave}» đã hết thời hạn giữ liên hệ và mã nên không thêm nữa."
        raise Gone(template, wave=wave.code)


def periods(wave: Wave) -> tuple[Period, ...]:
    """Until when everything of a wave is kept."""
    return tuple(
        Period(kind, days, getattr(wave, NAMES[kind]), last_day(wave, kind))
        for kind, days in DAYS.items()
    )


def set_days(
    session: Session, wave: Wave, days: Mapping[str, date | None], account_id: int, now: datetime
) -> None:
    """Set until when things of a wave are kept; None goes by the rule.

    Raises `Refusal` for a day that has passed, and when a wave has been opened and a day would move
    to later: people were told the earlier one.
    """
    opened = wave.opened_at is not None and wave.opened_at <= now
    today = day_of(now)
    for kind, day in days.items():
        before: date | None = getattr(wave, NAMES[kind])
        if day == before:
            continue
        if day is not None and day < today:
            raise Refusal("Thời hạn phải từ hôm nay ({today}) trở đi.", today=f"{today:%d/%m/%Y}")
        if opened and before is not None and (day is None or day > before):
            raise Refusal(
                "Đợt khảo sát đã mở nên thời hạn chỉ được rút ngắn: ngày đang áp dụng là {day}.",
                day=f"{before:%d/%m/%Y}",
            )
        setattr(wave, NAMES[kind], day)
        record(session, account_id, CHANGED, f"{wave.code} {kind} {day or '-'}", now)
    session.flush()


def purge_batch(session: Session, catalogue: Catalogue, now: datetime) -> int:
    """Delete one batch of what has outlived its day; 0 when there is nothing left to delete.

    Every batch leaves a row in the record of what was done, with counts only.
    """
    for wave in session.scalars(select(Wave).order_by(Wave.id)):
        for kind, action, step in _STEPS:
            if has_ended(wave, kind, now):
                done = step(session, catalogue, wave)
                if done:
                    _record(session, action, wave.code, done, now)
                    return done
        done = _forget_staged(session, wave, now)
        if done:
            _record(session, "staged", wave.code, done, now)
            return done
    done = _forget_tombstones(session, now)
    if done:
        _record(session, "tombstones", "", done, now)
    return done


def purges(session: Session, wave: Wave) -> list[Purge]:
    """What was deleted of a wave, by day, the newest first."""
    rows = session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject == wave.code, AuditEntry.action.startswith(f"{PURGED}_")
        )
    )
    counts: dict[tuple[date, str], int] = {}
    for row in rows:
        key = day_of(row.at), row.action.removeprefix(f"{PURGED}_")
        counts[key] = counts.get(key, 0) + int(row.detail or 0)
    found = [Purge(action, day, n) for (day, action), n in counts.items()]
    return sorted(found, key=lambda purge: (purge.day, purge.action), reverse=True)


def _record(session: Session, action: str, subject: str, rows: int, now: datetime) -> None:
    session.add(AuditEntry(at=now, action=f"{PURGED}_{action}", subject=subject, detail=str(rows)))
    session.flush()


def _forget_contacts(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    of_wave = (
        select(InvitationContact.invitation_id)
        .join(Invitation, Invitation.id == InvitationContact.invitation_id)
        .where(Invitation.wave_id == wave.id)
    )
    found = session.scalars(of_wave.limit(BATCH)).all()
    gone = InvitationContact.invitation_id.in_(found)
    return _rows(session.execute(delete(InvitationContact).where(gone))) if found else 0


def _forget_invitation_codes(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    """Nobody can tell any more from a letter whether its code was used; the counts stay."""
    known = ~Invitation.code_hash.startswith(FORGOTTEN)
    query = select(Invitation.id).where(Invitation.wave_id == wave.id, known).limit(BATCH)
    found = session.scalars(query).all()
    for identity in found:
        session.execute(
            update(Invitation)
            .where(Invitation.id == identity)
            .values(salt="", code_hash=_random_mark())
        )
    return len(found)


def _forget_dossier_codes(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    known = ~DossierCode.code_hash.startswith(FORGOTTEN)
    query = select(DossierCode.code_hash).where(DossierCode.wave_id == wave.id, known)
    found = session.scalars(query.limit(BATCH)).all()
    for code_hash in found:
        session.execute(
            update(DossierCode)
            .where(DossierCode.code_hash == code_hash)
            .values(code_hash=_random_mark())
        )
    return len(found)


def _forget_receipts(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    """From here on no code leads to an answer (de-linking)."""
    query = select(Response.id).where(Response.wave_id == wave.id, Response.receipt.is_not(None))
    found = session.scalars(query.limit(BATCH)).all()
    if found:
        session.execute(update(Response).where(Response.id.in_(found)).values(receipt=None))
        return len(found)
    held = _held(session, wave, ~HeldResponse.receipt.startswith(FORGOTTEN))
    for row in held:
        row.receipt = f"{FORGOTTEN}{token_hex(7)}"
    session.flush()
    return len(held)


def _forget_documents(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    """The form as received and its moments go; what was answered stays as coded answers."""
    kept = or_(
        Response.document.is_not(None),
        Response.started_at.is_not(None),
        Response.submitted_at.is_not(None),
    )
    found = session.scalars(
        select(Response.id).where(Response.wave_id == wave.id, kept).limit(BATCH)
    ).all()
    if found:
        nothing = {"document": None, "started_at": None, "submitted_at": None}
        session.execute(update(Response).where(Response.id.in_(found)).values(nothing))
        return len(found)
    held = _held(session, wave)
    for row in held:
        session.delete(row)
    session.flush()
    return len(held)


def _forget_comments(session: Session, catalogue: Catalogue, wave: Wave) -> int:
    """What people wrote in words of their own is deleted; what they ticked stays."""
    for form in session.scalars(select(WaveForm).where(WaveForm.wave_id == wave.id)):
        version = catalogue.questionnaire(form.name).definition
        texts = [item.code for item in version.items if item.kind == "text"]
        query = (
            select(Response.id)
            .join(Answer, Answer.response_id == Response.id)
            .where(
                Response.wave_id == wave.id,
                Response.questionnaire == form.questionnaire,
                Response.version == form.version,
                Answer.item.in_(texts),
            )
            .limit(BATCH)
        )
        found = set(session.scalars(query))
        if found:
            gone = (Answer.response_id.in_(found), Answer.item.in_(texts))
            return _rows(session.execute(delete(Answer).where(*gone)))
    return 0


def _forget_revised_comments(session: Session, catalogue: Catalogue, wave: Wave) -> int:
    """The same for what corrections under review have replaced."""
    for form in session.scalars(select(WaveForm).where(WaveForm.wave_id == wave.id)):
        version = catalogue.questionnaire(form.name).definition
        texts = [item.code for item in version.items if item.kind == "text"]
        query = (
            select(ResponseRevision)
            .join(Response, Response.id == ResponseRevision.response_id)
            .where(
                Response.wave_id == wave.id,
                ResponseRevision.version == form.version,
                Response.questionnaire == form.questionnaire,
            )
        )
        found = [(row, json.loads(row.answers)) for row in session.scalars(query)]
        done = [(row, answers) for row, answers in found if answers.keys() & set(texts)][:BATCH]
        for row, answers in done:
            kept = {code: value for code, value in answers.items() if code not in texts}
            row.answers = json.dumps(kept, ensure_ascii=False, sort_keys=True)
        session.flush()
        if done:
            return len(done)
    return 0


def _forget_places(session: Session, _catalogue: Catalogue, wave: Wave) -> int:
    """Where an interview was held goes as well, to which its giver agreed for the survey only."""
    found = session.scalars(
        select(Interview.response_id)
        .join(Response, Response.id == Interview.response_id)
        .where(Response.wave_id == wave.id, Interview.latitude.is_not(None))
        .limit(BATCH)
    ).all()
    away = {"latitude": None, "longitude": None}
    own = update(Interview).where(Interview.response_id.in_(found)).values(away)
    session.execute(own.execution_options(synchronize_session=False))
    return len(found)


def _forget_staged(session: Session, wave: Wave, now: datetime) -> int:
    """Answers by one-time codes that will not move go, since here they may be joined to their code.

    Those that are too few go as soon as the wave is over, unless some were refused: with those they
    could still become enough. On the day of the contacts all go.
    """
    found = left_over(session, wave, now)
    if not found or (refused_in(session, wave) and not has_ended(wave, CONTACTS, now)):
        return 0
    gone = StagedResponse.id.in_(found[:BATCH])
    return _rows(session.execute(delete(StagedResponse).where(gone)))


def _forget_tombstones(session: Session, now: datetime) -> int:
    """A tombstone goes when no wave is left in which its response could be sent again.

    It names no wave, so every wave counts that was open when it was made; and it is kept as long
    as the receipt of a wave that closed on its day.
    """
    horizon = now - timedelta(days=DAYS[RECEIPTS])
    in_use = (
        select(Wave.id)
        .where(
            Wave.opened_at <= Tombstone.deleted_at,
            or_(Wave.closed_at.is_(None), Wave.closed_at > horizon),
        )
        .exists()
    )
    query = select(Tombstone.response_id).where(Tombstone.deleted_at < horizon, ~in_use)
    found = session.scalars(query.limit(BATCH)).all()
    gone = Tombstone.response_id.in_(found)
    return _rows(session.execute(delete(Tombstone).where(gone))) if found else 0


def _held(session: Session, wave: Wave, *conditions: Any) -> Sequence[HeldResponse]:
    """Forms kept apart that name a wave."""
    query = select(HeldResponse).where(held_for(wave), *conditions)
    return session.scalars(query.limit(BATCH)).all()


def _random_mark() -> str:
    return f"{FORGOTTEN}{token_hex(31)}"


def _rows(done: Any) -> int:
    return done.rowcount if isinstance(done, CursorResult) else 0


_STEPS: Final[tuple[tuple[str, str, _Step], ...]] = (
    (CONTACTS, "contacts", _forget_contacts),
    (CONTACTS, "codes", _forget_invitation_codes),
    (CONTACTS, "codes", _forget_dossier_codes),
    (RECEIPTS, "receipts", _forget_receipts),
    (DOCUMENTS, "documents", _forget_documents),
    (DOCUMENTS, "comments", _forget_comments),
    (DOCUMENTS, "comments", _forget_revised_comments),
    (DOCUMENTS, "places", _forget_places),
)
