"""The one door through which every answer comes in, whatever the device or the form."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from questionnaires.answers import CheckedAnswers, check_answers
from questionnaires.load import Catalogue
from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import Answer as Value
from questionnaires.vector import Slot, dictionary, encode
from survey_app.db import Base, Busy
from survey_app.models.fieldwork import Interview
from survey_app.models.responses import HELPERS, Answer, HeldResponse, Response, Tombstone
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    PointUnit,
    Procedure,
    Wave,
    WaveForm,
    WavePoint,
)
from survey_app.services.content import hash_of, spelled, written
from survey_app.services.interviews import Held, WrongInterview, interview_of
from survey_app.services.paradata import read_paradata
from survey_app.services.quality import Circumstances, note_quality
from survey_app.services.screening import screen, screened_content
from survey_app.services.waves import FROM_DEVICES, begun_at, is_collecting, is_open, takes_late

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without signs that look alike
RECEIPT_LENGTH = 10
ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"
REJECTED, QUARANTINED = "rejected", "quarantined"
LATE = "late"  # why it is held, told as `quarantined`
MODES = ("web", "kiosk", "tablet", "paper", "phone")
CODE, INVITATION = "code", "invitation"
CODED = (CODE, INVITATION)  # by a one-time code; no device may say so of itself
PAPER = "paper"
LOCALES = ("vi", "km", "en")
TEXTS = ("questionnaire", "version", "wave", "collection_point", "mode", "locale")
LONGEST_CODE = 64
SEND_AGAIN = (Busy, OperationalError, InterfaceError, PoolTimeout)  # no turn: all is as before
LONGEST_NOTICE = 16  # characters of what names a consent notice
RESPONSES, ANSWERS = Base.metadata.tables["response"], Base.metadata.tables["answer"]
INTERVIEWS = Base.metadata.tables[Interview.__tablename__]
MOST_PROBLEMS = 200  # told of one response; the rest shows after these are mended


@dataclass(frozen=True)
class ProblemFound:
    """What is wrong: the item (empty for the response itself), a code, a sentence."""

    item: str
    code: str
    refusal: Refusal


@dataclass(frozen=True)
class Receipt:
    """The answer to a submission; `receipt` and `received_at` are empty when it was rejected."""

    id: str
    status: str
    receipt: str | None = None
    received_at: datetime | None = None
    problems: tuple[ProblemFound, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """What is known of a response beside its content.

    `frame` is what the sampling frame says of the respondent's place. `in_office` says that it came
    from a network of an office; the address itself is never handed on. `device_id` is the enrolled
    device that sent it, `clock_offset` by how many seconds its clock was behind ours. `by_code`
    says that a one-time code was spent for it, at a moment when the wave was open: such a response
    comes in later, among others, and nobody holds a receipt of it. `rater_group` is that of the
    invited official who gave it. `admitted` is the receipt under which a form was held: a person
    decided that it is to be taken now, open wave or not.
    """

    frame: Mapping[str, str] | None = None
    in_office: bool = False
    device_id: int | None = None
    clock_offset: int | None = None
    by_code: bool = False
    rater_group: str | None = None
    admitted: str | None = None


class _Rejected(Exception):  # noqa: N818 - a way out of the steps below
    def __init__(self, *problems: ProblemFound) -> None:
        self.problems = problems


@dataclass(frozen=True)
class _Incoming:
    """A submission: who it says it is, its content in one spelling, and when it came."""

    identity: UUID
    content: Mapping[str, Any]
    document: str
    content_hash: str
    now: datetime


@dataclass(frozen=True)
class _Place:
    wave_id: int
    point_id: int
    point: str
    unit_id: int
    receiving_unit_id: int
    procedure_id: int | None
    questionnaire: str
    hours: str | None
    is_late: bool


@dataclass(frozen=True)
class _Form:
    version: QuestionnaireVersion
    checksum: str
    slots: tuple[Slot, ...]
    scales: tuple[str, ...]


def accept_response(
    session: Session,
    content: Mapping[str, Any],
    now: datetime,
    catalogue: Catalogue,
    arrival: Arrival | None = None,
) -> Receipt:
    """Validate one response and store it; the only writer of `response` and `answer`.

    `content` is the response object of the collection interface. The same id with the same content
    is a `duplicate` with the first receipt; with other content a `conflict`, kept apart with a
    receipt of its own; a version that the wave does not use, or not in these words, is
    `quarantined`, kept; so is what a device sends for a wave or a point that closed before it was
    begun or too long ago; anything wrong with the rest is `rejected` and not stored. A deleted
    response is not taken again. The route is recomputed and off-path answers are dropped. Works in
    a savepoint, so one response of a batch cannot harm another.

    A form on paper (mode `paper`) was filled before anybody could ask for more: what stands empty
    on it stays empty, so `required` is not enforced, and a form left blank is a form returned.
    Nor is it for a form that says of itself that it is `partial`. Everything else about answers is
    checked as at any other door.

    Checked are the answers as received; kept are only screened ones (`screening`): no phone number
    or number of an identity paper reaches the document, an Answer or a held form. The content hash
    is that of what is kept. A hash of what was received would give a hidden number away to whoever
    tries all of them, and the same content gives the same hash either way.
    """
    arrival = arrival or Arrival()
    try:
        incoming = _incoming(content, now, CODED if arrival.by_code else MODES)
        seen = _seen(session, incoming, arrival.admitted is not None)
        if seen:
            return seen
        place = _place(session, incoming, arrival)
        if place.is_late:
            return _written(session, incoming, lambda: _hold(session, incoming, LATE))
        form = _form(session, catalogue, incoming, place)
        if form is None and arrival.admitted:
            template = "Phiên bản «{version}» của phiếu này vẫn chưa có trong đợt khảo sát."
            raise _reject("unknown_version", template, version=incoming.content["version"])
        if form is None:
            return _written(session, incoming, lambda: _hold(session, incoming, QUARANTINED))
        held = _interview(session, incoming, place)
        checked, problems = _checked(form.version, incoming.content)
        if problems:
            raise _Rejected(*problems[:MOST_PROBLEMS])
        answers: dict[str, Value] = checked.answers
        fields = _fields(incoming, place, form)
        fields["vector"] = encode(form.slots, answers)
        fields["rater_group"] = arrival.rater_group
        if arrival.by_code:
            fields["receipt"] = None
        elif arrival.admitted:
            fields["receipt"] = arrival.admitted  # what was given for it holds
        answers = _without_numbers(form.version, answers)
        frame = {**(arrival.frame or {}), **(held.frame if held else {})}
        fields["frame"] = json.dumps(frame, ensure_ascii=False) if frame else None
        known = Circumstances(
            scales=[str(answers[item]) for item in form.scales if item in answers],
            answered=len(answers),
            hours=place.hours,
            in_office=arrival.in_office,
            device_id=arrival.device_id,
            clock_offset=arrival.clock_offset,
            seconds=read_paradata(incoming.content.get("paradata")).seconds,
            by_rule=held is None or held.by_rule,
        )
        return _written(session, incoming, lambda: _store(session, fields, answers, known, held))
    except _Rejected as rejected:
        return Receipt(_name_given(content), REJECTED, problems=rejected.problems)


def accept_batch(
    session: Session,
    contents: Sequence[Any],
    now: datetime,
    catalogue: Catalogue,
    arrival: Arrival | None = None,
) -> list[Receipt]:
    """Accept the responses of one batch, each in its savepoint; the receipts in their order.

    They are written in the order of their ids, so that two batches that hold the same responses
    wait for each other and never lock each other out; of one id, the first given is the first.
    """
    order = sorted(range(len(contents)), key=lambda place: _name_given(contents[place]).lower())
    receipts = {
        place: accept_response(session, contents[place], now, catalogue, arrival) for place in order
    }
    return [receipts[place] for place in range(len(contents))]


@dataclass(frozen=True)
class Rewriting:
    """Other answers for a stored response: as they would be kept, and what is wrong with them."""

    checksum: str
    answers: Mapping[str, Value]
    vector: bytes
    problems: tuple[ProblemFound, ...]


def rewriting(
    catalogue: Catalogue, response: Response, given: Mapping[str, Any], left_empty: Sequence[str]
) -> Rewriting:
    """Check answers that are to stand in the place of those of a stored response.

    They are routed, validated, screened and coded by the version of the response as at its arrival;
    the items in `left_empty` may stay so. Raises `Refusal` when that version is no longer here in
    the same words.
    """
    name = f"{response.questionnaire}/{response.version}"
    form = _read_form(catalogue, name, response.checksum)
    if form.checksum != response.checksum:
        template = "Phiên bản phiếu «{form}» không còn đúng lời văn đã dùng nên không sửa được."
        raise Refusal(template, form=name)
    partial = {"partial": True} if response.partial else {}
    content = {"answers": dict(given), "mode": response.mode, **partial}
    checked, found = _checked(form.version, content)
    problems = [p for p in found if not (p.code == "required" and p.item in left_empty)]
    vector = encode(form.slots, checked.answers)
    answers = _without_numbers(form.version, checked.answers)
    return Rewriting(form.checksum, answers, vector, tuple(problems))


def write_again(session: Session, response: Response, new: Rewriting) -> None:
    """Put other answers in the place of those of a stored response, under its next revision.

    Document, content hash and receipt stay those of the form as it came, so a device that sends it
    again is told the same as before.
    """
    session.execute(delete(Answer).where(Answer.response_id == response.id))
    _store_answers(session, response.id, new.answers)
    session.execute(
        update(Response)
        .where(Response.id == response.id)
        .values(vector=new.vector, revision=Response.revision + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(response)


def new_receipt() -> str:
    """A random receipt code that is easy to read out."""
    return "".join(secrets.choice(ALPHABET) for _ in range(RECEIPT_LENGTH))


def _problem(item: str, code: str, template: str, **fields: object) -> ProblemFound:
    return ProblemFound(item, code, Refusal(template, **fields))


def _reject(code: str, template: str, **fields: object) -> _Rejected:
    return _Rejected(_problem("", code, template, **fields))


def _incoming(content: Any, now: datetime, modes: Sequence[str]) -> _Incoming:
    """Bring a submission into one spelling and see that it says what it is."""
    if not isinstance(content, Mapping):
        raise _reject("bad_shape", "Mỗi phiếu phải là một đối tượng JSON.")
    identity = _identity(content.get("id"))
    try:
        composed = spelled(content) | {"id": str(identity)}
        written(composed)
        document = written(screened_content(composed))
    except (ValueError, TypeError):
        raise _reject("bad_content", "Phiếu có nội dung không hợp lệ.") from None
    for name in TEXTS:
        if not _is_code(composed.get(name)):
            template = "Phiếu thiếu thông tin «{field}» hoặc ghi sai."
            raise _reject("missing_field", template, field=name)
    for name, known in (("mode", modes), ("locale", LOCALES)):
        if composed[name] not in known:
            template = "Giá trị «{value}» của «{field}» không được dùng."
            raise _reject("unknown_value", template, field=name, value=composed[name])
    _check_optional(composed)
    if not isinstance(composed.get("answers"), dict):
        raise _reject("missing_field", "Phiếu thiếu phần trả lời «answers».")
    return _Incoming(identity, composed, document, hash_of(document), now)


def _check_optional(composed: Mapping[str, Any]) -> None:
    sound: dict[str, Callable[[Any], bool]] = {
        "unit": _is_code,
        "field": _is_code,
        "helped": lambda value: value in HELPERS,
        "consent": lambda value: _is_code(value) and len(value) <= LONGEST_NOTICE,
        "partial": lambda value: value is True,
    }
    for name, fits in sound.items():
        if composed.get(name) is not None and not fits(composed[name]):
            raise _reject("missing_field", "Phiếu ghi sai thông tin «{field}».", field=name)


def _identity(given: Any) -> UUID:
    try:
        identity = UUID(given)
    except (ValueError, TypeError, AttributeError):
        identity = None
    if identity is None or str(identity) != given.lower():  # UUID() reads braces and urn: too
        raise _reject("bad_id", "Phiếu thiếu mã «id» dạng UUID.")
    return identity


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_CODE and value.isprintable()


def _name_given(content: Any) -> str:
    """What a submission calls itself, if that can be said back."""
    name = content.get("id") if isinstance(content, Mapping) else None
    return str(name) if _is_code(name) else ""


def _seen(session: Session, incoming: _Incoming, admitted: bool = False) -> Receipt | None:
    """The answer to an id that is already here; None for a new one.

    Of an `admitted` form it does not matter that it is held.
    """
    name, identity, own = str(incoming.identity), incoming.identity, incoming.content_hash
    found: Sequence[Any] = session.execute(
        union_all(
            select(
                literal("stored"), Response.content_hash, Response.receipt, Response.received_at
            ).where(Response.id == identity),
            select(
                HeldResponse.reason,
                HeldResponse.content_hash,
                HeldResponse.receipt,
                HeldResponse.received_at,
            ).where(HeldResponse.response_id == identity),
            select(
                literal("deleted"), Tombstone.content_hash, Tombstone.receipt, Tombstone.deleted_at
            ).where(Tombstone.response_id == identity),
        )
    ).all()
    if admitted:
        found = [row for row in found if row[0] in ("stored", "deleted")]
    if not found:
        return None
    same = {kind: (receipt, at) for kind, content_hash, receipt, at in found if content_hash == own}
    for kind in ("stored", "deleted", QUARANTINED, LATE):
        if kind in same:
            return Receipt(name, DUPLICATE, *same[kind])
    if CONFLICT in same:
        return Receipt(name, CONFLICT, *same[CONFLICT])
    if any(kind == "deleted" for kind, *_ in found):
        template = "Phiếu này đã được xóa theo yêu cầu nên không nhận lại."
        raise _reject("deleted", template)
    return _written(session, incoming, lambda: _hold(session, incoming, CONFLICT))


def _written(session: Session, incoming: _Incoming, write: Callable[[], Receipt]) -> Receipt:
    """Write in a savepoint; what was there first at the same moment answers instead."""
    try:
        with session.begin_nested():
            return write()
    except IntegrityError:
        first = _seen(session, incoming)
    except DataError:
        first = None
    if first is None:
        raise _reject("not_stored", "Máy chủ chưa lưu được phiếu này. Xin gửi lại sau.")
    return first


def _hold(session: Session, incoming: _Incoming, reason: str) -> Receipt:
    receipt = new_receipt()
    session.execute(
        insert(HeldResponse).values(
            response_id=incoming.identity,
            content_hash=incoming.content_hash,
            reason=reason,
            document=incoming.document,
            receipt=receipt,
            received_at=incoming.now,
        )
    )
    status = CONFLICT if reason == CONFLICT else QUARANTINED
    return Receipt(str(incoming.identity), status, receipt, incoming.now)


def _place(session: Session, incoming: _Incoming, arrival: Arrival) -> _Place:
    content = incoming.content
    wave = session.scalar(select(Wave).where(Wave.code == content["wave"]))
    if wave is None:
        template = "Không có đợt khảo sát «{wave}»."
        raise _reject("unknown_wave", template, wave=content["wave"])
    is_late = not (arrival.by_code or arrival.admitted or is_open(wave, incoming.now))
    if is_late and not _may_wait(wave.closed_at, incoming, arrival):
        template = "Đợt khảo sát «{wave}» không nhận phiếu vào lúc này."
        raise _reject("wave_closed", template, wave=wave.code)
    code = content["collection_point"]
    found = session.execute(
        select(CollectionPoint, WavePoint.questionnaire)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .where(CollectionPoint.code == code, WavePoint.wave_id == wave.id)
    ).one_or_none()
    if found is None:
        template = "Điểm lấy ý kiến «{point}» không thuộc đợt khảo sát."
        raise _reject("unknown_point", template, point=code)
    point, questionnaire = found
    if point.by_code and not arrival.by_code:
        template = "Điểm lấy ý kiến «{point}» chỉ nhận phiếu theo mã dùng một lần."
        raise _reject("by_code", template, point=code)
    is_shut = not (arrival.by_code or arrival.admitted or is_collecting(point, incoming.now))
    if is_shut and not _may_wait(point.closed_at, incoming, arrival):
        template = "Điểm lấy ý kiến «{point}» đã đóng nên không nhận phiếu."
        raise _reject("point_closed", template, point=code)
    ends = (wave.closed_at if is_late else None, point.closed_at if is_shut else None)
    begun = begun_at(content.get("started_at"), arrival.clock_offset)
    return _Place(
        wave_id=wave.id,
        point_id=point.id,
        point=code,
        unit_id=_rated_unit(session, point, content),
        receiving_unit_id=point.unit_id,
        procedure_id=_procedure(session, content.get("field")),
        questionnaire=questionnaire,
        hours=point.opening_hours,
        is_late=any(end and not takes_late(end, begun, incoming.now) for end in ends),
    )


def _may_wait(closed_at: datetime | None, incoming: _Incoming, arrival: Arrival) -> bool:
    """Whether a form may have waited on a device since before the end of what it is for."""
    from_device = arrival.device_id is not None and incoming.content["mode"] in FROM_DEVICES
    return from_device and closed_at is not None and closed_at <= incoming.now


def _interview(session: Session, incoming: _Incoming, place: _Place) -> Held | None:
    try:
        return interview_of(session, incoming.content, place.wave_id, place.point_id)
    except WrongInterview as wrong:
        raise _Rejected(ProblemFound("", wrong.code, wrong.refusal)) from None


def _rated_unit(session: Session, point: CollectionPoint, content: Mapping[str, Any]) -> int:
    """The unit of the counter; at a one-stop centre the agency that resolved the dossier.

    Who left a form at a centre before choosing an agency has rated the centre.
    """
    given = content.get("unit")
    agencies = select(PointUnit.unit_id).where(PointUnit.point_id == point.id)
    offered = or_(Unit.id == point.unit_id, Unit.id.in_(agencies))
    choices = dict(iter(session.execute(select(Unit.code, Unit.id).where(offered))))
    if given is None and (len(choices) == 1 or content.get("partial")):
        return point.unit_id
    if given is None:
        template = "Phiếu ở điểm lấy ý kiến «{point}» phải ghi cơ quan giải quyết hồ sơ."
        raise _reject("missing_unit", template, point=point.code)
    if given not in choices:
        template = "Đơn vị «{unit}» không khớp với điểm lấy ý kiến «{point}»."
        raise _reject("wrong_unit", template, unit=given, point=point.code)
    return choices[given]


def _procedure(session: Session, code: str | None) -> int | None:
    if code is None:
        return None
    found: int | None = session.scalar(select(Procedure.id).where(Procedure.code == code))
    if found is None:
        raise _reject("unknown_field", "Không có lĩnh vực hoặc thủ tục «{field}».", field=code)
    return found


def _form(
    session: Session, catalogue: Catalogue, incoming: _Incoming, place: _Place
) -> _Form | None:
    """The version of the form in the words the wave was opened with; None when not known."""
    questionnaire, version = incoming.content["questionnaire"], incoming.content["version"]
    used = session.get(WaveForm, (place.wave_id, questionnaire, version))
    if used is None:
        return None
    if questionnaire != place.questionnaire:
        template = "Điểm lấy ý kiến «{point}» không dùng phiếu «{questionnaire}»."
        fields = {"point": place.point, "questionnaire": questionnaire}
        raise _reject("wrong_questionnaire", template, **fields)
    try:
        form = _read_form(catalogue, f"{questionnaire}/{version}", used.checksum)
    except Refusal:
        return None
    return form if form.checksum == used.checksum else None


@lru_cache(maxsize=64)
def _read_form(catalogue: Catalogue, name: str, _wanted: str) -> _Form:
    """Read a definition once, not at every response; `_wanted` is the checksum asked for."""
    loaded = catalogue.questionnaire(name)
    scales = tuple(item.code for item in loaded.definition.items if item.kind == "scale")
    return _Form(loaded.definition, loaded.checksum, dictionary(loaded.definition), scales)


def _checked(
    version: QuestionnaireVersion, content: Mapping[str, Any]
) -> tuple[CheckedAnswers, list[ProblemFound]]:
    """The answers checked, and what of it stands in the way: on paper nothing is required."""
    checked = check_answers(version, content["answers"])
    found = [
        ProblemFound(problem.item, problem.code, problem.refusal)
        for problem in checked.problems
        if not (problem.code == "required" and (content["mode"] == PAPER or content.get("partial")))
    ]
    return checked, found


def _without_numbers(
    version: QuestionnaireVersion, answers: Mapping[str, Value]
) -> dict[str, Value]:
    """The answers with free text screened; a number that was asked for stays a number."""
    free = {item.code for item in version.items if item.kind == "text"}
    return {
        code: screen(value) if code in free and isinstance(value, str) else value
        for code, value in answers.items()
    }


def _fields(incoming: _Incoming, place: _Place, form: _Form) -> dict[str, Any]:
    content = incoming.content
    return {
        "id": incoming.identity,
        "wave_id": place.wave_id,
        "questionnaire": form.version.code,
        "version": form.version.version,
        "checksum": form.checksum,
        "locale": content["locale"],
        "unit_id": place.unit_id,
        "point_id": place.point_id,
        "mode": content["mode"],
        "started_at": _moment(content.get("started_at")),
        "submitted_at": _moment(content.get("submitted_at")),
        "received_at": incoming.now,
        "content_hash": incoming.content_hash,
        "document": incoming.document,
        "receipt": new_receipt(),
        "receiving_unit_id": place.receiving_unit_id,
        "procedure_id": place.procedure_id,
        "partial": bool(content.get("partial")),
        "helped": content.get("helped"),
        "consent": content.get("consent"),
    }


def _store(
    session: Session,
    fields: Mapping[str, Any],
    answers: Mapping[str, Value],
    known: Circumstances,
    held: Held | None,
) -> Receipt:
    # By table: what the mapper would do for one row costs more than the row.
    session.execute(insert(RESPONSES).values(**fields))
    _store_answers(session, fields["id"], answers)
    if held is not None:
        session.execute(insert(INTERVIEWS).values(response_id=fields["id"], **held.row))
    note_quality(session, fields, known)
    return Receipt(str(fields["id"]), ACCEPTED, fields["receipt"], fields["received_at"])


def _store_answers(session: Session, identity: UUID, answers: Mapping[str, Value]) -> None:
    values = {k: v if isinstance(v, str) else " ".join(v) for k, v in answers.items()}
    if not values:
        return
    if session.get_bind().dialect.name == "postgresql":
        # One statement for all answers takes half the work of one per answer.
        columns_of = (literal(list(part), ARRAY(Text)) for part in (values, values.values()))
        rows = func.unnest(*columns_of).table_valued("item", "value").render_derived()
        chosen = select(literal(identity, Answer.response_id.type), rows.c.item, rows.c.value)
        columns = ["response_id", "item", "value"]
        session.execute(insert(Answer).from_select(columns, chosen))
        return
    session.execute(
        insert(ANSWERS),
        [{"response_id": identity, "item": k, "value": v} for k, v in values.items()],
    )


def _moment(value: Any) -> str | None:
    """What the device says of time: its clock may be wrong, so it is kept as text, unjudged."""
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value[:40]
