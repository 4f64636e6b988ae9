"""The one door through which every answer comes in, whatever the device or the form."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
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
from questionnaires.vector import encode
from survey_app.db import Base, Busy
from survey_app.models.fieldwork import Interview
from survey_app.models.responses import Answer, HeldResponse, Response, Tombstone
from survey_app.services.checking.crowding import Source
from survey_app.services.checking.quality import Circumstances, note_quality
from survey_app.services.door.paradata import read_paradata
from survey_app.services.door.places import Form, Place, Places, read_form
from survey_app.services.door.screening import screen
from survey_app.services.door.submissions import (
    ACCEPTED,
    CODED,
    CONFLICT,
    DUPLICATE,
    PAPER,
    QUARANTINED,
    REJECTED,
    Arrival,
    Incoming,
    ProblemFound,
    Receipt,
    Rejected,
    moment,
    name_given,
    new_receipt,
    read_submission,
    reject,
)
from survey_app.services.field.interviews import Held, interview_of

LATE, OUTDATED = "late", "outdated"  # why it is held, told as `quarantined`
SEND_AGAIN: Final = (Busy, OperationalError, InterfaceError, PoolTimeout)  # no turn: all as before
MOST_PROBLEMS: Final = 200  # told of one response; the rest shows after these are mended


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
    begun or too long ago, and what the office has changed since the device heard of it: another
    point of its assignment, other agencies of its point, another point where it stands, or another
    procedure that it stands for. Anything wrong with the rest is `rejected` and not stored. A
    deleted response is not taken again. The route is recomputed and off-path answers are dropped.
    Works in a savepoint, so one response of a batch cannot harm another.

    A form on paper (mode `paper`) was filled before anybody could ask for more: what stands empty
    on it stays empty, so `required` is not enforced, and a form left blank is a form returned.
    Nor is it for a form that says of itself that it is `partial`. Everything else about answers is
    checked as at any other door.

    Checked are the answers as received; kept are only screened ones (`screening`): no phone number
    or number of an identity paper reaches the document, an Answer or a held form. The content hash
    is that of what is kept. A hash of what was received would give a hidden number away to whoever
    tries all of them, and the same content gives the same hash either way.
    """
    return _accept(session, Places(session, catalogue), content, now, arrival or Arrival())


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
    order = sorted(range(len(contents)), key=lambda number: name_given(contents[number]).lower())
    places, arrival = Places(session, catalogue), arrival or Arrival()
    receipts = {
        number: _accept(session, places, contents[number], now, arrival) for number in order
    }
    return [receipts[number] for number in range(len(contents))]


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
    form = read_form(catalogue, name, response.checksum)
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


def _accept(
    session: Session, places: Places, content: Any, now: datetime, arrival: Arrival
) -> Receipt:
    try:
        incoming = read_submission(content, now, CODED if arrival.by_code else arrival.modes)
        seen = _seen(session, incoming, arrival)
        if seen:
            return seen
        place = places.place_of(incoming, arrival)
        if place.is_late:
            return _held(session, incoming, arrival, LATE)
        form = places.form_of(incoming, place)
        if form is None and arrival.admitted:
            template = "Phiên bản «{version}» của phiếu này vẫn chưa có trong đợt khảo sát."
            raise reject("unknown_version", template, version=incoming.content["version"])
        if form is None:
            return _held(session, incoming, arrival, QUARANTINED)
        held = interview_of(session, incoming.content, place, arrival)
        checked, problems = _checked(form.version, incoming.content)
        if problems:
            raise Rejected(*problems[:MOST_PROBLEMS])
        if place.is_outdated or (held and held.is_outdated):
            return _held(session, incoming, arrival, OUTDATED)
        answers: dict[str, Value] = checked.answers
        fields = _fields(incoming, place, form)
        fields["vector"] = encode(form.slots, answers)
        fields["rater_group"] = arrival.rater_group
        if arrival.by_code:
            fields["receipt"] = None
        elif arrival.admitted:
            fields["receipt"] = arrival.admitted  # what was given for it holds
        answers = _without_numbers(form.version, answers)
        free = [item.code for item in form.version.items if item.kind == "text"]
        frame = {**(arrival.frame or {}), **(held.frame if held else {})}
        fields["frame"] = json.dumps(frame, ensure_ascii=False) if frame else None
        known = Circumstances(
            scales=[str(answers[item]) for item in form.scales if item in answers],
            answered=len(answers),
            hours=place.hours,
            in_office=arrival.in_office,
            seconds=read_paradata(incoming.content.get("paradata")).seconds,
            by_rule=held is None or held.by_rule,
            source=Source(arrival.device_id, arrival.clock_offset, arrival.sender_mark),
            remarks={item: str(answers[item]) for item in free if item in answers},
        )
        return _written(
            session, incoming, arrival, lambda: _store(session, fields, answers, known, held)
        )
    except Rejected as rejected:
        return Receipt(name_given(content), REJECTED, problems=rejected.problems)


def _seen(session: Session, incoming: Incoming, arrival: Arrival) -> Receipt | None:
    """The answer to an id that is already here; None for a new one.

    Of an admitted form it does not matter that it is held.
    """
    name, own = str(incoming.identity), incoming.content_hash
    found: Sequence[Any] = session.execute(_SEEN, {"id": incoming.identity}).all()
    if arrival.admitted:
        found = [row for row in found if row[0] in ("stored", "deleted")]
    if not found:
        return None
    same = {kind: (receipt, at) for kind, content_hash, receipt, at in found if content_hash == own}
    for kind in ("stored", "deleted", QUARANTINED, LATE, OUTDATED):
        if kind in same:
            return Receipt(name, DUPLICATE, *same[kind])
    if CONFLICT in same:
        return Receipt(name, CONFLICT, *same[CONFLICT])
    if any(kind == "deleted" for kind, *_ in found):
        template = "Phiếu này đã được xóa theo yêu cầu nên không nhận lại."
        raise reject("deleted", template)
    return _held(session, incoming, arrival, CONFLICT)


def _held(session: Session, incoming: Incoming, arrival: Arrival, reason: str) -> Receipt:
    """Keep a form apart, for a person to decide on."""
    return _written(session, incoming, arrival, lambda: _hold(session, incoming, arrival, reason))


def _written(
    session: Session, incoming: Incoming, arrival: Arrival, write: Callable[[], Receipt]
) -> Receipt:
    """Write in a savepoint; what was there first at the same moment answers instead."""
    try:
        with session.begin_nested():
            return write()
    except IntegrityError:
        first = _seen(session, incoming, arrival)
    except DataError:
        first = None
    if first is None:
        raise reject("not_stored", "Máy chủ chưa lưu được phiếu này. Xin gửi lại sau.")
    return first


def _hold(session: Session, incoming: Incoming, arrival: Arrival, reason: str) -> Receipt:
    receipt = new_receipt()
    session.execute(
        insert(HeldResponse),
        {
            "response_id": incoming.identity,
            "content_hash": incoming.content_hash,
            "reason": reason,
            "document": incoming.document,
            "receipt": receipt,
            "received_at": incoming.now,
            "device_id": arrival.device_id,
            "clock_offset": arrival.clock_offset,
        },
    )
    status = CONFLICT if reason == CONFLICT else QUARANTINED
    return Receipt(str(incoming.identity), status, receipt, incoming.now)


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


def _fields(incoming: Incoming, place: Place, form: Form) -> dict[str, Any]:
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
        "started_at": moment(content.get("started_at")),
        "submitted_at": moment(content.get("submitted_at")),
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
    session.execute(_RESPONSE, fields)
    _store_answers(session, fields["id"], answers)
    if held is not None:
        session.execute(_INTERVIEW, {"response_id": fields["id"], **held.row})
    note_quality(session, fields, known)
    return Receipt(str(fields["id"]), ACCEPTED, fields["receipt"], fields["received_at"])


def _store_answers(session: Session, identity: UUID, answers: Mapping[str, Value]) -> None:
    values = {k: v if isinstance(v, str) else " ".join(v) for k, v in answers.items()}
    if not values:
        return
    if session.get_bind().dialect.name == "postgresql":
        given = {"id": identity, "items": list(values), "values": list(values.values())}
        session.execute(_ANSWERS_AT_ONCE, given)
        return
    rows = [{"response_id": identity, "item": k, "value": v} for k, v in values.items()]
    session.execute(_ANSWERS, rows)


def _known_by_id() -> Any:
    """What is here under an id: why, the hash of its content, its receipt and moment."""

    def known(reason: Any, table: Any, identity: Any, at: Any) -> Any:
        columns = (reason, table.content_hash, table.receipt, at)
        return select(*columns).where(identity == bindparam("id"))

    return union_all(
        known(literal_column("'stored'"), Response, Response.id, Response.received_at),
        known(
            HeldResponse.reason, HeldResponse, HeldResponse.response_id, HeldResponse.received_at
        ),
        known(literal_column("'deleted'"), Tombstone, Tombstone.response_id, Tombstone.deleted_at),
    )


def _answers_at_once() -> Any:
    """One statement for all answers of a response: half the work of one per answer."""
    columns = (bindparam(name, type_=ARRAY(Text)) for name in ("items", "values"))
    rows = func.unnest(*columns).table_valued("item", "value").render_derived()
    identity = bindparam("id", type_=Answer.response_id.type)
    return insert(Base.metadata.tables[Answer.__tablename__]).from_select(
        ["response_id", "item", "value"], select(identity, rows.c.item, rows.c.value)
    )


# Built once: building takes longer than running. By table: what the mapper would do for one row
# costs more than the row.
_SEEN: Final = _known_by_id()
_RESPONSE: Final = insert(Base.metadata.tables[Response.__tablename__])
_INTERVIEW: Final = insert(Base.metadata.tables[Interview.__tablename__])
_ANSWERS: Final = insert(Base.metadata.tables[Answer.__tablename__])
_ANSWERS_AT_ONCE: Final = _answers_at_once()  # PostgreSQL
