"""Corrections under review (phúc tra): a response as it reads now, and every revision before it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import Answer as Value
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import Account
from survey_app.models.responses import Answer, Response, ResponseRevision
from survey_app.models.waves import Wave
from survey_app.services.door.responses import rewriting, write_again
from survey_app.services.door.screening import screen
from survey_app.services.door.submissions import CODED, ProblemFound
from survey_app.services.field.private_items import secret_items
from survey_app.services.operation.accounts import record

LONGEST_REASON: Final = 200
OPENED, REVISED = "response_opened", "response_revised"  # what is recorded
# An interviewer asked, or keyed what stands on paper: who checks can ask or look again. What people
# sent themselves is nobody's to change.
CORRECTABLE: Final = ("tablet", "paper", "phone")
By = tuple[int | None, datetime]  # who and when


@dataclass(frozen=True)
class Change:
    """An item before and after a correction, in the words of the form; a secret one hides both."""

    item: Item
    before: tuple[str, ...]
    after: tuple[str, ...]
    secret: bool


@dataclass(frozen=True)
class Revision:
    """One correction: its number, the version it was checked against, who, when, why and what."""

    number: int
    version: str
    at: datetime
    by: str | None
    reason: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class OpenedResponse:
    """A response with its answers, and its corrections, the newest first.

    Answers to items in `secret` are not among `answers`: sensitive ones, and those a respondent
    gave alone. `closed` says why it cannot be corrected; None when it can.
    """

    id: UUID
    revision: int
    received_at: datetime
    mode: str
    version: QuestionnaireVersion
    answers: Mapping[str, Value]
    secret: frozenset[str]
    history: tuple[Revision, ...]
    closed: Refusal | None


@dataclass(frozen=True)
class Correction:
    """What a reviewer found of a response: all answers they may see, and why they differ.

    `revision` and `version` are those the reviewer had before them.
    """

    id: UUID
    revision: int
    version: str
    answers: Mapping[str, Any]
    reason: str

    def text(self) -> str:
        """The reason as it is kept; raises `Refusal` for a missing or a long one."""
        words = screen(" ".join(self.reason.split()))
        if not words:
            raise Refusal("Xin ghi lý do sửa phiếu, ví dụ hỏi lại hộ hay đối chiếu phiếu giấy.")
        if len(words) > LONGEST_REASON:
            raise Refusal("Lý do dài tối đa {n} ký tự.", n=LONGEST_REASON)
        return words


def open_response(
    session: Session, catalogue: Catalogue, wave: Wave, identity: UUID, by: By
) -> OpenedResponse:
    """A response with its answers; that it was opened is recorded.

    Raises `NotFound`, and `Refusal` for one that came by a one-time code, which nobody opens.
    """
    response = _response(session, wave, identity)
    account, now = by
    record(session, account, OPENED, f"{wave.code} {identity}", now)
    session.flush()
    return _opened(session, catalogue, response)


def revise_response(
    session: Session,
    catalogue: Catalogue,
    wave: Wave,
    correction: Correction,
    by: By,
) -> tuple[ProblemFound, ...]:
    """Put corrected answers in the place of those of a response; returns what is wrong with them.

    Nothing is stored unless all is well. What stood before is kept as a `ResponseRevision`; answers
    to secret items stay as they are. Raises `Refusal` for a response that is not to be corrected or
    where nothing would change, and `Stale` when it is not the one the reviewer had before them.
    """
    account, now = by
    identity = correction.id
    response = _response(session, wave, identity, lock=True)
    closed = _closed(response)
    if closed is not None:
        raise closed
    if (response.revision, response.version) != (correction.revision, correction.version):
        raise Stale("Phiếu này vừa được người khác sửa. Xin mở lại để xem bản mới nhất.")
    reason = correction.text()
    version = _version(catalogue, response)
    before, secret = (
        _answers(session, version, identity),
        secret_items(session, response.wave_id, version),
    )
    given = {code: value for code, value in correction.answers.items() if code not in secret}
    given |= {code: value for code, value in before.items() if code in secret}
    new = rewriting(catalogue, response, given, tuple(secret))
    if new.problems:
        return new.problems
    if dict(new.answers) == before:
        raise Refusal("Không có câu trả lời nào thay đổi nên không có gì để lưu.")
    session.add(
        ResponseRevision(
            response_id=identity,
            number=response.revision,
            version=response.version,
            checksum=response.checksum,
            answers=json.dumps(before, ensure_ascii=False, sort_keys=True),
            replaced_at=now,
            account_id=account,
            reason=reason,
        )
    )
    write_again(session, response, new)
    record(session, account, REVISED, f"{wave.code} {identity} {response.revision}", now)
    session.flush()
    return ()


def _response(session: Session, wave: Wave, identity: UUID, lock: bool = False) -> Response:
    response = session.get(Response, identity, with_for_update=lock)
    if response is None or response.wave_id != wave.id:
        raise NotFound("Không có phiếu này trong đợt khảo sát.")
    if response.mode in CODED:
        raise Refusal("Phiếu gửi bằng mã dùng một lần không ai được mở hay sửa.")
    return response


def _closed(response: Response) -> Refusal | None:
    """Why a response is not to be corrected."""
    if response.mode not in CORRECTABLE:
        return Refusal("Phiếu do người dân tự gửi không ai được sửa.")
    if response.voided_at is not None:
        return Refusal("Phiếu này đã hủy. Xin khôi phục trước khi sửa.")
    if response.receipt is None:
        return Refusal("Phiếu này đã được tách khỏi mã nhận phiếu nên không sửa được nữa.")
    return None


def _opened(session: Session, catalogue: Catalogue, response: Response) -> OpenedResponse:
    version = _version(catalogue, response)
    answers = _answers(session, version, response.id)
    secret = secret_items(session, response.wave_id, version)
    return OpenedResponse(
        id=response.id,
        revision=response.revision,
        received_at=response.received_at,
        mode=response.mode,
        version=version,
        answers={code: value for code, value in answers.items() if code not in secret},
        secret=secret,
        history=_history(session, response, version, answers, secret),
        closed=_closed(response),
    )


def _version(catalogue: Catalogue, response: Response) -> QuestionnaireVersion:
    return catalogue.questionnaire(f"{response.questionnaire}/{response.version}").definition


def _answers(session: Session, version: QuestionnaireVersion, identity: UUID) -> dict[str, Value]:
    """The stored answers in their canonical shape, in the order of the form."""
    query = select(Answer.item, Answer.value).where(Answer.response_id == identity)
    stored: dict[str, str] = dict(iter(session.execute(query)))
    return {
        item.code: tuple(stored[item.code].split())
        if item.kind == "multiple"
        else stored[item.code]
        for item in version.items
        if item.code in stored
    }


def _history(
    session: Session,
    response: Response,
    version: QuestionnaireVersion,
    current: Mapping[str, Value],
    secret: frozenset[str],
) -> tuple[Revision, ...]:
    """Each correction with what it changed: a row holds what stood before it."""
    query = (
        select(ResponseRevision, Account.name)
        .outerjoin(Account, Account.id == ResponseRevision.account_id)
        .where(ResponseRevision.response_id == response.id)
        .order_by(ResponseRevision.number.desc())
    )
    found, after = [], dict(current)
    named = response.version
    for row, by in session.execute(query):
        before = {
            code: value if isinstance(value, str) else tuple(value)
            for code, value in json.loads(row.answers).items()
        }
        changes = tuple(
            Change(item, *_told(item, before, after, item.code in secret), item.code in secret)
            for item in version.items
            if before.get(item.code) != after.get(item.code)
        )
        found.append(Revision(row.number + 1, named, row.replaced_at, by, row.reason, changes))
        after, named = before, row.version
    return tuple(found)


def _told(
    item: Item, before: Mapping[str, Value], after: Mapping[str, Value], secret: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if secret:
        return (), ()
    return item.words(before.get(item.code)), item.words(after.get(item.code))
