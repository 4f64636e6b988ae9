"""One-time invitations of officials: the code, what stands behind it, and spending it."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from questionnaires.answers import check_answers
from questionnaires.load import Catalogue
from survey_app.errors import Gone, NotFound
from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import Draft
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.codes.code_points import takes_invitations
from survey_app.services.codes.staging import stage
from survey_app.services.door.drafts import context_of, drop_draft
from survey_app.services.door.submissions import (
    ACCEPTED,
    ALPHABET,
    INVITATION,
    REJECTED,
    ProblemFound,
    Receipt,
)
from survey_app.services.plan.waves import Door, is_open

CODE_LENGTH: Final = 16  # signs of the alphabet: 78 bits against guessing


@dataclass(frozen=True)
class Target:
    """A unit that the invited person rates, and whether that was done."""

    unit: str
    unit_name: str
    questionnaire: str
    version: str
    used: bool


@dataclass(frozen=True)
class Invited:
    """What a code opens: the wave, the group the person was invited in, and the units to rate."""

    wave_title: str
    group: str
    is_open: bool
    targets: tuple[Target, ...]

    @property
    def waiting(self) -> tuple[Target, ...]:
        """The units that are still to be rated."""
        return tuple(target for target in self.targets if not target.used)


def new_salt() -> str:
    """What a new code is made of, together with SECRET_KEY."""
    return secrets.token_hex(16)


def code_of(secret: str, salt: str) -> str:
    """The code of an invitation, made anew whenever a letter is written and kept nowhere."""
    digest = hmac.digest(secret.encode(), f"invitation {salt}".encode(), "sha256")
    number = int.from_bytes(digest)
    signs = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return "".join(signs)


def hash_of(code: str) -> str:
    """The hash by which a code is looked up, in small letters and with spaces or dashes too."""
    signs = "".join(sign for sign in code.upper() if sign not in " -")
    return hashlib.sha256(signs.encode("utf-8", "replace")).hexdigest()


def invited_by(session: Session, code: str, now: datetime) -> Invited:
    """What a code opens; changes nothing, however often it is asked. Raises `NotFound`."""
    found = _invitation(session, code)
    wave = session.get_one(Wave, found.wave_id)
    rows = session.execute(_targets(found).order_by(Unit.name, Unit.code)).all()
    targets = tuple(
        Target(unit.code, unit.name, at.questionnaire, at.version, used)
        for unit, _, at, used in rows
    )
    return Invited(wave.title, found.rater_group, is_open(wave, now), targets)


def invited_door(session: Session, code: str, unit_code: str, now: datetime) -> Door:
    """What an invited official fills in for one unit; changes nothing.

    Raises `NotFound` for an unknown code or a unit that the person does not rate, and `Gone` when
    the form was sent or the wave is not open.
    """
    found = _invitation(session, code)
    unit, point, assigned, used = _target(session, found, unit_code)
    wave = session.get_one(Wave, found.wave_id)
    if used:
        raise _sent_already(unit)
    if not is_open(wave, now):
        raise Gone("Đợt khảo sát này hiện không nhận phiếu. Xin cảm ơn đã quan tâm.")
    return Door(
        wave_id=wave.id,
        wave=wave.code,
        wave_title=wave.title,
        point_id=point.id,
        point=point.code,
        point_name=point.name,
        unit=unit.code,
        unit_name=unit.name,
        questionnaire=assigned.questionnaire,
        version=assigned.version,
        agencies=(),
        field=None,
        by_code=True,
        by_invitation=True,
    )


def was_sent(session: Session, code: str, unit_code: str, form: UUID | None) -> bool:
    """Say whether the code was spent for a unit.

    Raises `Gone` when it was, but by another form than the one that is sent now: somebody filled
    in two, on two devices, and must not think that the second arrived.
    """
    found = _invitation(session, code)
    unit, *_, used = _target(session, found, unit_code)
    if not used:
        return False
    if form and session.scalar(select(Draft.response_id).where(Draft.response_id == form)):
        raise _sent_already(unit)
    return True


def spend(session: Session, where: tuple[str, str], draft: Draft, catalogue: Catalogue) -> Receipt:
    """Spend a code (`where`: code, unit) for a finished form and stage the form, forget its draft.

    The row of the target stays locked to the end of the transaction, so of two sendings at the same
    moment one is refused. Nothing joins what is staged to the invitation, and it says no moment.
    """
    found = _invitation(session, where[0])
    unit, point, _, used = _target(session, found, where[1], locked=True)
    if used:
        raise _sent_already(unit)
    form = catalogue.questionnaire(f"{draft.questionnaire}/{draft.version}").definition
    checked = check_answers(form, json.loads(draft.answers))
    if checked.problems:
        told = (ProblemFound(one.item, one.code, one.refusal) for one in checked.problems)
        return Receipt("", REJECTED, problems=tuple(told))
    wave = session.get_one(Wave, found.wave_id)
    content: dict[str, Any] = context_of(draft) | {
        "questionnaire": draft.questionnaire,
        "version": draft.version,
        "wave": wave.code,
        "collection_point": point.code,
        "mode": INVITATION,
        "locale": draft.locale,
        "answers": {k: v if isinstance(v, str) else list(v) for k, v in checked.answers.items()},
    }
    session.get_one(InvitationTarget, (found.id, unit.id)).used = True
    stage(session, wave.id, unit.id, found.rater_group, content)
    drop_draft(session, draft)
    return Receipt("", ACCEPTED)


def _sent_already(unit: Unit) -> Gone:
    return Gone("Phiếu đánh giá {unit} đã được gửi. Mỗi đơn vị chỉ nhận một phiếu.", unit=unit.name)


def _invitation(session: Session, code: str) -> Invitation:
    found = session.scalar(select(Invitation).where(Invitation.code_hash == hash_of(code)))
    if found is None:
        raise NotFound("Không tìm thấy thư mời này. Xin kiểm tra lại địa chỉ trong thư.")
    return found


def _targets(invitation: Invitation) -> Select[Unit, CollectionPoint, WavePoint, bool]:
    return (
        select(Unit, CollectionPoint, WavePoint, InvitationTarget.used)
        .join(InvitationTarget, InvitationTarget.unit_id == Unit.id)
        .join(CollectionPoint, CollectionPoint.unit_id == Unit.id)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .where(
            InvitationTarget.invitation_id == invitation.id,
            WavePoint.wave_id == invitation.wave_id,
            takes_invitations(),
        )
    )


def _target(
    session: Session, invitation: Invitation, unit_code: str, locked: bool = False
) -> tuple[Unit, CollectionPoint, WavePoint, bool]:
    query = _targets(invitation).where(Unit.code == unit_code)
    if locked:
        query = query.with_for_update(of=InvitationTarget)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("Thư mời này không có đơn vị đó. Xin mở lại địa chỉ trong thư.")
    return row[0], row[1], row[2], row[3]
