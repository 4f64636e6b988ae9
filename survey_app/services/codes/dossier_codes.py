"""One-time codes on receipts of dossiers: what stands behind a code, and spending it once."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from questionnaires.answers import check_answers
from questionnaires.load import Catalogue
from questionnaires.model import QuestionnaireVersion
from survey_app.errors import Gone, NotFound
from survey_app.models.codes import DossierCode
from survey_app.models.responses import HELPERS
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Procedure, Wave
from survey_app.services.codes.code_points import receipt_point
from survey_app.services.codes.staging import stage
from survey_app.services.door.submissions import ALPHABET, LOCALES, LONGEST_NOTICE
from survey_app.services.door.typed_codes import bare, readings
from survey_app.services.plan.waves import Door, is_open

CODE_LENGTH: Final = 12  # 58 bits: nobody guesses one
GROUP: Final = 4
MODE: Final = "code"
FORM: Final = re.compile(rf"[{ALPHABET}]{{{CODE_LENGTH}}}")


@dataclass(frozen=True)
class Reply:
    """What a person answers behind a code: no id, no moment, nothing of the device.

    `form` (code/version) is what was filled in: the code may lead to a later version by now, with
    other questions or other words.
    """

    form: str
    answers: Mapping[str, Any]
    locale: str = LOCALES[0]
    helped: str | None = None
    consent: str | None = None


def find_code(session: Session, code: str, now: datetime) -> Door | None:
    """What stands behind a code as it was typed or opened; None for an unknown one.

    Its unit is the one that resolved the dossier, or the one above where that had few dossiers.
    Nothing else of the dossier is known here. It reads only, so a preview of a message that fetches
    the link spends nothing. Raises `Gone` when the code has been used, or when its wave takes no
    answers now.
    """
    row = _row(session, code)
    return _door(session, row, now) if row is not None else None


def spend_code(
    session: Session, code: str, reply: Reply, now: datetime, catalogue: Catalogue
) -> None:
    """Mark a code as used and put the answer among those waiting to be moved, in one transaction.

    For the page `/s/c/<code>`: GET calls `find_code` and shows the form of its door; the POST that
    sends the finished form calls this once and shows thanks without a receipt, since a receipt
    would lead back to the answer. A draft is kept as for other doors and dropped in the same
    transaction. Raises `NotFound` for an unknown code, `Gone` the second time, and `Refusal`, the
    code unspent, when an answer will not do. Answers off the path are dropped.

    `StagedResponse.content` is the response object without id and moments, in canonical JSON, mode
    «code», its free text screened; it carries no rater group. The mover gives it an id and a date.
    """
    row = _row(session, code)
    if row is None:
        raise NotFound("Không có mã này. Xin xem lại mã in trên giấy biên nhận.")
    door = _door(session, row, now)
    definition = catalogue.questionnaire(reply.form).definition
    checked = check_answers(definition, reply.answers)
    for problem in checked.problems:
        raise problem.refusal
    taken = session.execute(
        update(DossierCode)
        .where(DossierCode.code_hash == row.code_hash, DossierCode.used.is_(False))
        .values(used=True)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(taken, CursorResult) or taken.rowcount != 1:
        raise _used()
    stage(
        session, row.wave_id, row.unit_id, None, _content(door, definition, reply, checked.answers)
    )
    session.expire(row)


def was_used(session: Session, code: str) -> bool:
    """Say whether a code has been spent; by which answer is not known."""
    row = _row(session, code)
    return row is not None and row.used


def unit_of_code(session: Session, code: str) -> str:
    """The name of the unit that a code is about; empty for an unknown code."""
    row = _row(session, code)
    return session.get_one(Unit, row.unit_id).name if row else ""


def hash_of(code: str) -> str:
    """What is stored of a code: its sha256, however it was spaced or cased."""
    return hashlib.sha256(bare(code).encode("utf-8", "replace")).hexdigest()


def printed(code: str) -> str:
    """A code in groups of four, as it is printed."""
    return "-".join(code[k : k + GROUP] for k in range(0, len(code), GROUP))


def meant(session: Session, typed: str) -> str | None:
    """The code there is that somebody typed from paper or opened, in its one spelling; or None.

    Read as receipts are: blanks, dashes and case do not matter, nor one sign that looks alike.
    """
    return next((code for code in readings(typed, CODE_LENGTH) if _row(session, code)), None)


def _row(session: Session, code: str) -> DossierCode | None:
    if not FORM.fullmatch(bare(code)):
        return None
    return session.get(DossierCode, hash_of(code))


def _used() -> Gone:
    return Gone("Mã này đã được dùng. Mỗi mã chỉ trả lời được một lần. Xin cảm ơn Ông/Bà.")


def _door(session: Session, row: DossierCode, now: datetime) -> Door:
    if row.used:
        raise _used()
    wave, unit = session.get_one(Wave, row.wave_id), session.get_one(Unit, row.unit_id)
    assigned = receipt_point(session, wave.id, unit.id)
    if assigned is None or not is_open(wave, now):
        raise Gone("Đợt lấy ý kiến của mã này hiện không nhận phiếu. Xin cảm ơn Ông/Bà.")
    point = session.get_one(CollectionPoint, assigned.point_id)
    field = session.get_one(Procedure, row.procedure_id) if row.procedure_id else None
    return Door(
        wave_id=wave.id,
        wave=wave.code,
        wave_title=wave.title,
        unit=unit.code,
        unit_name=unit.name,
        point_id=point.id,
        point=point.code,
        point_name=point.name,
        questionnaire=assigned.questionnaire,
        version=assigned.version,
        agencies=(),
        field=field.code if field else None,
        for_citizens=True,
        by_code=True,
    )


def _content(
    door: Door, definition: QuestionnaireVersion, reply: Reply, answers: Mapping[str, Any]
) -> dict[str, Any]:
    said = {
        "field": door.field,
        "helped": reply.helped if reply.helped in HELPERS else None,
        "consent": (reply.consent or "")[:LONGEST_NOTICE] or None,
    }
    return {
        "questionnaire": definition.code,
        "version": definition.version,
        "wave": door.wave,
        "collection_point": door.point,
        "unit": door.unit,
        "mode": MODE,
        "locale": reply.locale if reply.locale in LOCALES else LOCALES[0],
        "answers": dict(answers),
    } | {name: value for name, value in said.items() if value is not None}
