"""Half-filled forms: begun, saved page by page, sent once, forgotten after a day."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.rules import Answer as Value
from survey_app.errors import Stale
from survey_app.models.responses import Answer, Draft, HeldResponse, Response, Tombstone
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint
from survey_app.services.counter.links import Link
from survey_app.services.door.paradata import REVIEW, note_page, web_paradata
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival, Receipt
from survey_app.services.plan.waves import Door

LIFETIME: Final = timedelta(hours=24)
PARADATA: Final = "paradata"
RATED: Final = ("unit", "field")  # in the context of a draft


@dataclass(frozen=True)
class Sending:
    """The moment a form is sent, whether from a network of an office, and by which mark."""

    now: datetime
    in_office: bool = False
    mark: int | None = None


def start_draft(session: Session, door: Door, locale: str, now: datetime) -> str:
    """Begin a form; returns the random key that only the person's browser keeps.

    The id of the response is made here, so however often the form is sent, it is one response.
    """
    key = secrets.token_urlsafe(32)
    draft = Draft(
        key_hash=_hash(key),
        response_id=uuid4(),
        wave_id=door.wave_id,
        point_id=door.point_id,
        questionnaire=door.questionnaire,
        version=door.version,
        locale=locale,
        revision=0,
        answers="{}",
        context=json.dumps({"field": door.field}) if door.field else "{}",
        started_at=now,
        saved_at=now,
    )
    session.add(draft)
    session.flush()
    return key


def find_draft(session: Session, key: str | None, door: Door, now: datetime) -> Draft | None:
    """The form a browser has begun at this door; None when it was sent, is a day old or another's.

    Another's is also one of a questionnaire that is no longer asked here: it could not be taken.
    The row stays locked until the end of the transaction, so that of two saves at the same moment
    the second sees what the first has done.
    """
    if not key:
        return None
    found = session.scalar(select(Draft).where(Draft.key_hash == _hash(key)).with_for_update())
    if found is None or now - found.saved_at >= LIFETIME:
        return None
    begun = (found.wave_id, found.point_id, found.questionnaire)
    return found if begun == (door.wave_id, door.point_id, door.questionnaire) else None


def has_begun(session: Session, key: str | None, link: Link, now: datetime) -> bool:
    """Say whether a browser fills in a form that it began at a counter less than a day ago."""
    if not key:
        return False
    query = select(Draft.started_at).where(
        Draft.key_hash == _hash(key),
        Draft.wave_id == link.wave_id,
        Draft.point_id == link.point_id,
    )
    begun = session.scalar(query)
    return begun is not None and now - begun < LIFETIME


def language_of(session: Session, key: str) -> str | None:
    """The language of the form a browser has begun, at whichever door; None without one."""
    return session.scalar(select(Draft.locale).where(Draft.key_hash == _hash(key)))


def answers_of(draft: Draft) -> dict[str, Value]:
    """The answers saved so far, on the path and off it."""
    saved = json.loads(draft.answers)
    return {k: tuple(v) if isinstance(v, list) else str(v) for k, v in saved.items()}


def context_of(draft: Draft) -> dict[str, str]:
    """What the form carries beside its answers: `consent`, `unit`, `field`, `helped`."""
    return {name: value for name, value in _kept(draft).items() if name != PARADATA}


def save_context(
    draft: Draft, changes: Mapping[str, str | None], now: datetime, page: str | None = None
) -> None:
    """Keep what the form carries beside its answers; None takes something back.

    Another agency or field is told on the page before sending: one shown before is stale then.
    `page` is what the page is called in the paradata.
    """
    _note_page(draft, page, now, [])
    before = _kept(draft)
    after = {k: v for k, v in (before | dict(changes)).items() if v is not None}
    if draft.revision > 0 and any(before.get(k) != after.get(k) for k in RATED):
        draft.revision += 1
    draft.context = json.dumps(after, ensure_ascii=False, sort_keys=True)
    draft.saved_at = now


def save_answers(
    draft: Draft,
    answers: Mapping[str, Value | None],
    revision: int,
    now: datetime,
    page: str | None = None,
) -> None:
    """Save the answers of one page; None takes an answer back.

    `revision` is the one the page was shown with. Raises `Stale` when something newer has been
    saved since, unless the page would change nothing: then it is a double click, not a conflict.
    `page` is what the page is called in the paradata; without it none are kept.
    """
    before = answers_of(draft)
    after = {k: v for k, v in (before | dict(answers)).items() if v is not None}
    changed = [item for item in before if item in answers and after.get(item) != before[item]]
    if after == before and revision <= draft.revision:
        _note_page(draft, page, now, changed)
        draft.saved_at = now
        return
    check_revision(draft, revision)
    _note_page(draft, page, now, changed)
    draft.answers = json.dumps(after, ensure_ascii=False)
    draft.revision += 1
    draft.saved_at = now


def check_revision(draft: Draft, revision: int) -> None:
    """Raise `Stale` when a page was shown before the newest answers were saved."""
    if revision != draft.revision:
        raise Stale(
            "Trang này đã cũ: phiếu đã được lưu mới hơn ở một cửa sổ khác. "
            "Chưa có gì bị mất; xin mở trang mới nhất để làm tiếp."
        )


def drop_draft(session: Session, draft: Draft) -> None:
    """Forget a form that the person begins anew."""
    session.delete(draft)
    session.flush()


def submit_draft(
    session: Session, draft: Draft, door: Door, catalogue: Catalogue, sending: Sending
) -> Receipt:
    """Send a form through the one door of answers and forget the draft in the same transaction.

    A second sending never meets the draft: the row is locked until the first has ended, and then
    it is gone (`receipt_of` answers it). So no content is sent twice with two different times.
    A rejected form stays a draft.
    """
    content: dict[str, Any] = context_of(draft) | {
        "id": str(draft.response_id),
        "questionnaire": draft.questionnaire,
        "version": draft.version,
        "wave": door.wave,
        "collection_point": door.point,
        "mode": "web",
        "locale": draft.locale,
        "started_at": draft.started_at.isoformat(),
        "submitted_at": sending.now.isoformat(),
        "answers": json.loads(draft.answers),
    }
    measured = _kept(draft).get(PARADATA)
    if measured is not None:
        _note_page(draft, REVIEW, sending.now, [])
        measured = _kept(draft)[PARADATA]
        content[PARADATA] = web_paradata(measured, draft.started_at, sending.now)
    # Begun by our own clock, so a form whose wave closed meanwhile is as good as one of a device.
    arrival = Arrival(in_office=sending.in_office, sender_mark=sending.mark, from_draft=True)
    receipt = accept_response(session, content, sending.now, catalogue, arrival)
    if receipt.receipt is not None:
        drop_draft(session, draft)
    return receipt


def receipt_of(session: Session, response_id: UUID) -> str | None:
    """The receipt of a form that was sent; None for one that never arrived."""
    response = session.get(Response, response_id)
    if response is not None:
        return response.receipt
    deleted = session.get(Tombstone, response_id)
    if deleted is not None:
        return deleted.receipt
    held = select(HeldResponse.receipt).where(HeldResponse.response_id == response_id)
    return session.scalar(held.order_by(HeldResponse.received_at).limit(1))


def values_sent(session: Session, response_id: UUID) -> tuple[str, ...]:
    """The values of the answers of a form that was sent; none while it waits among others."""
    return tuple(session.scalars(select(Answer.value).where(Answer.response_id == response_id)))


def unit_name_of(session: Session, point_id: int) -> str:
    """The name of the unit at a collection point, whether a wave is open there or not."""
    query = select(Unit.name).join(CollectionPoint, CollectionPoint.unit_id == Unit.id)
    return session.scalar(query.where(CollectionPoint.id == point_id)) or ""


def purge_drafts(session: Session, now: datetime) -> int:
    """Remove the drafts nobody has saved for a day; returns how many."""
    done = session.execute(delete(Draft).where(Draft.saved_at <= now - LIFETIME))
    return done.rowcount if isinstance(done, CursorResult) else 0


def _kept(draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(draft.context)
    return found


def _note_page(draft: Draft, page: str | None, now: datetime, changed: list[str]) -> None:
    """Note how long a page was open: since the one before it was saved."""
    if page is None:
        return
    kept = _kept(draft)
    kept[PARADATA] = note_page(kept.get(PARADATA, {}), page, draft.saved_at, now, changed)
    draft.context = json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
