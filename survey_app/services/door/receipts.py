"""Receipts: what became of an answer, and its deletion at the wish of who gave it."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.days import day_of
from survey_app.errors import NotFound
from survey_app.models.responses import Draft, HeldResponse, Response, Tombstone
from survey_app.models.waves import Wave
from survey_app.services.door.submissions import RECEIPT_LENGTH
from survey_app.services.door.typed_codes import readings
from survey_app.services.operation.accounts import record

DELETED_FOR: Final = "delete_response"


@dataclass(frozen=True)
class Kept:
    """What is told of a form that was found; nothing of what it says.

    `receipt` is the code as it was given. A form that does not count was voided by a supervisor,
    left before its end, or is kept apart (`held`).
    """

    receipt: str
    received_on: date
    counts: bool
    held: bool


def find(session: Session, typed: str) -> Kept:
    """The form behind a receipt code, however it was typed.

    Raises `Refusal` for what cannot be a code, and `NotFound`, in the same words, for a code that
    never was, of a form that was deleted, or that leads to no form any more.
    """
    found = _found(session, typed)
    held = isinstance(found, HeldResponse)
    counts = isinstance(found, Response) and found.voided_at is None and not found.partial
    return Kept(str(found.receipt), day_of(found.received_at), counts, held)


def delete_by_receipt(session: Session, typed: str, now: datetime) -> None:
    """Delete a form with its answers at the wish of who gave it.

    A tombstone stays, so that a device that sends the form again cannot bring it back, and
    everything else under the same id goes too. Raises as `find` does.
    """
    _delete(session, _found(session, typed), now)


def delete_for_person(session: Session, wave: Wave, typed: str, by: int, now: datetime) -> None:
    """Delete a form of a wave for somebody who asks staff to; recorded without the code.

    Raises as `find` does, also for a form of another wave.
    """
    found = _found(session, typed)
    if not _is_of(found, wave):
        raise _unknown()
    record(session, by, DELETED_FOR, wave.code, now)
    _delete(session, found, now)


def _found(session: Session, typed: str) -> Response | HeldResponse:
    """The one form that is meant; the same questions are asked whether there is one or not."""
    codes = readings(typed, RECEIPT_LENGTH)
    if not codes:
        raise Refusal(
            "Mã nhận phiếu gồm {n} chữ và số. Xin xem lại mã rồi nhập lại.", n=RECEIPT_LENGTH
        )
    stored = session.scalars(select(Response).where(Response.receipt.in_(codes))).all()
    held = session.scalars(
        select(HeldResponse).where(HeldResponse.receipt.in_(codes), HeldResponse.is_apart)
    ).all()
    rows: list[Response | HeldResponse] = [*stored, *held]
    exact = [row for row in rows if row.receipt == codes[0]]
    chosen = exact or rows
    if len(chosen) != 1:  # of two that look alike neither may be deleted for the other
        raise _unknown()
    return chosen[0]


def _unknown() -> NotFound:
    return NotFound(
        "Không có phiếu nào đi cùng mã này. Có thể mã nhập chưa đúng, phiếu đã được xóa, hoặc đợt "
        "khảo sát đã kết thúc lâu nên mã đã được tách khỏi phiếu để không ai lần ra phiếu của "
        "Ông/Bà."
    )


def _is_of(found: Response | HeldResponse, wave: Wave) -> bool:
    if isinstance(found, Response):
        return found.wave_id == wave.id
    return bool(json.loads(found.document)["wave"] == wave.code)


def _delete(session: Session, found: Response | HeldResponse, now: datetime) -> None:
    if isinstance(found, HeldResponse):
        identity, content_hash, receipt = found.response_id, found.content_hash, found.receipt
        copy = (HeldResponse.response_id == identity, HeldResponse.content_hash == content_hash)
        session.execute(delete(HeldResponse).where(*copy))
    else:
        identity, content_hash, receipt = found.id, found.content_hash, str(found.receipt)
        session.execute(delete(HeldResponse).where(HeldResponse.response_id == identity))
        # Its answers and what was noticed of it go with it.
        session.execute(delete(Response).where(Response.id == identity))
    session.execute(delete(Draft).where(Draft.response_id == identity))
    session.flush()
    _leave_tombstone(session, identity, (content_hash, receipt), now)


def _leave_tombstone(
    session: Session, identity: UUID, last: tuple[str, str], now: datetime
) -> None:
    stone = session.get(Tombstone, identity) or Tombstone(response_id=identity)
    stone.content_hash, stone.receipt = last
    stone.deleted_at = now
    session.add(stone)
    session.flush()
