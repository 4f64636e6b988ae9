"""Forms that were kept but not counted: compared with what was first, and settled by a person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import ADMITTED, SET_ASIDE, Answer, HeldResponse, Response
from survey_app.models.waves import CollectionPoint, Wave, WaveForm
from survey_app.services.door.held_places import PlaceChoice, place_chosen, places_for
from survey_app.services.door.responses import LATE, OUTDATED, accept_response
from survey_app.services.door.submissions import (
    ACCEPTED,
    CODED,
    CONFLICT,
    PAPER,
    QUARANTINED,
    Arrival,
)
from survey_app.services.field.private_items import secret_items
from survey_app.services.plan.waves import held_for
from survey_app.services.tables.paging import Asked, Cut, cut

REASONS: Final = (CONFLICT, QUARANTINED, LATE, OUTDATED)
SETTLED: Final = "settled"
LONGEST_WORDS: Final = 200
AT_ONCE: Final = 500
TAKEN, ASIDE = "held_accepted", "held_set_aside"  # what is recorded


@dataclass(frozen=True)
class HeldLine:
    """A form kept apart, without its answers."""

    id: UUID
    content_hash: str
    reason: str
    received_at: datetime
    form: str
    point: str
    point_name: str
    mode: str
    assignment: str | None
    field: str | None
    receipt: str
    settled_at: datetime | None
    settlement: str | None


@dataclass(frozen=True)
class ItemLine:
    """A question and its two answers; those of a `secret` one are not shown, only if they differ.

    `text` is None where the form is not known.
    """

    code: str
    text: str | None
    first: str
    second: str
    differs: bool
    secret: bool


@dataclass(frozen=True)
class HeldPage:
    """A form kept apart, beside the one that came first under the same id, if there is one.

    `first` says what that one is: `stored`, `voided` or `held`. `circumstances` are what else the
    two say differently (name, first, second). `others` counts further copies under the id. `places`
    are where it can be counted when it does not say so by itself any more, and `alike` how many
    others wait for the same reason.
    """

    line: HeldLine
    first: str | None
    first_received_at: datetime | None
    circumstances: tuple[tuple[str, str, str], ...]
    items: tuple[ItemLine, ...]
    others: int
    version_known: bool
    places: tuple[PlaceChoice, ...]
    alike: int


@dataclass(frozen=True)
class Decision:
    """What a person says of a form: who it was, when, why, and the key of a `PlaceChoice`."""

    account: int | None
    now: datetime
    words: str = ""
    place: str = ""

    def reason(self, required: bool) -> str | None:
        """The reason as it is kept; raises `Refusal` for a missing or a long one."""
        words = " ".join(self.words.split())
        if required and not words:
            raise Refusal("Xin ghi lý do xử lý phiếu này.")
        if len(words) > LONGEST_WORDS:
            raise Refusal("Lý do dài tối đa {n} ký tự.", n=LONGEST_WORDS)
        return words or None


def held_of(session: Session, wave: Wave, asked: Asked) -> Cut[HeldLine]:
    """A page of the forms of a wave that wait to be settled; by reason, or the settled ones."""
    query = select(HeldResponse).where(held_for(wave))
    is_settled = HeldResponse.settled_at.is_not(None)
    query = query.where(is_settled if asked.only == SETTLED else ~is_settled)
    if asked.only in REASONS:
        query = query.where(HeldResponse.reason == asked.only)
    order = (HeldResponse.received_at.desc(), HeldResponse.response_id, HeldResponse.content_hash)
    names = _point_names(session)
    lines = [_line(row, names) for row in session.scalars(query.order_by(*order))]
    return cut(lines, _text_of, asked)


def held_page(
    session: Session, catalogue: Catalogue, wave: Wave, key: tuple[UUID, str]
) -> HeldPage:
    """One form kept apart, item by item beside the first one; raises `NotFound`."""
    row = _row(session, wave, key)
    content = json.loads(row.document)
    version = _version(session, catalogue, wave, content)
    rest = session.scalars(
        select(HeldResponse)
        .where(HeldResponse.response_id == row.response_id)
        .where(HeldResponse.content_hash != row.content_hash)
        .order_by(HeldResponse.received_at)
    ).all()
    kind, at, first = _first(session, row, rest)
    # Of a form that is not known nobody can say which questions are secret: then all are.
    secret = secret_items(session, wave.id, version) if version else None
    items = _items(version, first.get("answers", {}), content.get("answers", {}), secret)
    if kind is None:
        items = ()  # nothing to compare with: what a person answered is nobody's to read
    told = tuple(_circumstances(first, content)) if kind else ()
    line = _line(row, _point_names(session))
    places = places_for(session, wave, content)
    alike, known = len(_alike(session, wave, row)), version is not None
    return HeldPage(line, kind, at, told, items, len(rest), known, places, alike)


def accept_held(
    session: Session,
    catalogue: Catalogue,
    wave: Wave,
    key: tuple[UUID, str],
    by: Decision,
) -> None:
    """Take a form into its wave after all, through the one door, under the receipt it has.

    A late form needs a reason, and one that does not say where it belongs any more a place. Raises
    `Refusal` with what is still wrong, or when a form under the same id is counted already; `Stale`
    when it has been settled.
    """
    row = _waiting(session, wave, key)
    if session.get(Response, row.response_id) is not None:
        template = "Đã có một phiếu mang mã này trong đợt khảo sát, nên bản này chỉ để riêng được."
        raise Refusal(template)
    by.reason(required=row.reason == LATE)
    _accept(session, catalogue, wave, row, by)
    _settle(session, wave, row, ADMITTED, by)


def accept_known(
    session: Session, catalogue: Catalogue, wave: Wave, by: Decision
) -> tuple[int, int]:
    """Take all forms that waited for their version and are sound by now; the rest stays.

    Returns how many were taken, and how many are left; at most 500 are tried at once.
    """
    rows = session.scalars(_waiting_for(wave, QUARANTINED).limit(AT_ONCE)).all()
    taken = sum(_takes(session, catalogue, wave, row, by) for row in rows)
    return taken, len(rows) - taken


def accept_alike(
    session: Session, catalogue: Catalogue, wave: Wave, key: tuple[UUID, str], by: Decision
) -> tuple[int, int]:
    """Take a form as `accept_held` does, and with it those that the same change keeps waiting.

    Returns how many were taken, and how many of them are left; at most 500 are tried at once.
    """
    alike = _alike(session, wave, _row(session, wave, key))
    accept_held(session, catalogue, wave, key, by)
    taken = sum(_takes(session, catalogue, wave, row, by) for row in alike[:AT_ONCE])
    return 1 + taken, len(alike) - taken


def set_aside(
    session: Session,
    wave: Wave,
    key: tuple[UUID, str],
    by: Decision,
) -> None:
    """Leave a form uncounted for good, with a reason; it is kept as long as the documents are.

    Raises `Stale` when it has been settled.
    """
    row = _waiting(session, wave, key)
    by.reason(required=True)
    _settle(session, wave, row, SET_ASIDE, by)


def _accept(
    session: Session, catalogue: Catalogue, wave: Wave, row: HeldResponse, by: Decision
) -> None:
    content = json.loads(row.document)
    paradata = content.get("paradata")
    is_paper = content.get("mode") == PAPER and isinstance(paradata, dict)
    arrival = Arrival(
        frame=paradata.get("frame") if is_paper else None,  # as the import of paper forms kept it
        by_code=content.get("mode") in CODED,
        device_id=row.device_id,
        clock_offset=row.clock_offset,
        admitted=row.receipt,
        placed=place_chosen(places_for(session, wave, content), by.place),
    )
    receipt = accept_response(session, content, row.received_at, catalogue, arrival)
    if receipt.problems:
        raise receipt.problems[0].refusal
    if receipt.status != ACCEPTED:
        raise Refusal("Phiếu này đã được xóa theo yêu cầu nên không nhận lại.")


def _takes(
    session: Session, catalogue: Catalogue, wave: Wave, row: HeldResponse, by: Decision
) -> bool:
    """Take one of many, if that can be; else it waits on."""
    if session.get(Response, row.response_id) is not None:
        return False
    try:
        _accept(session, catalogue, wave, row, by)
    except Refusal:
        return False
    _settle(session, wave, row, ADMITTED, by)
    return True


def _alike(session: Session, wave: Wave, row: HeldResponse) -> list[HeldResponse]:
    """The other forms of the same assignment, point and unit that the office's change holds."""
    if row.reason != OUTDATED:
        return []
    own = _belonging(row)
    waiting = session.scalars(_waiting_for(wave, OUTDATED))
    return [one for one in waiting if one is not row and _belonging(one) == own]


def _belonging(row: HeldResponse) -> tuple[Any, ...]:
    content = json.loads(row.document)
    return tuple(content.get(name) for name in ("assignment", "collection_point", "unit", "field"))


def _waiting_for(wave: Wave, reason: str) -> Select[HeldResponse]:
    return (
        select(HeldResponse)
        .where(held_for(wave), HeldResponse.settled_at.is_(None), HeldResponse.reason == reason)
        .order_by(HeldResponse.received_at, HeldResponse.response_id)
    )


def _settle(session: Session, wave: Wave, row: HeldResponse, how: str, by: Decision) -> None:
    row.settled_at, row.settlement = by.now, how
    entry = AuditEntry(
        at=by.now,
        account_id=by.account,
        action=TAKEN if how == ADMITTED else ASIDE,
        subject=f"{wave.code} {row.response_id} {row.reason}",
        detail=by.reason(required=False),
    )
    session.add(entry)
    session.flush()


def _waiting(session: Session, wave: Wave, key: tuple[UUID, str]) -> HeldResponse:
    row = _row(session, wave, key, lock=True)
    if row.settled_at is not None:
        raise Stale("Phiếu này đã được xử lý trước đó.")
    return row


def _row(session: Session, wave: Wave, key: tuple[UUID, str], lock: bool = False) -> HeldResponse:
    row = session.get(HeldResponse, key, with_for_update=lock)
    if row is None or json.loads(row.document).get("wave") != wave.code:
        raise NotFound("Không có phiếu này trong số phiếu chờ xử lý của đợt khảo sát.")
    return row


def _first(
    session: Session, row: HeldResponse, rest: Sequence[HeldResponse]
) -> tuple[str | None, datetime | None, dict[str, Any]]:
    """What came first under the id of a form: its kind, its moment, its content."""
    stored = session.get(Response, row.response_id)
    if stored is not None:
        answers = select(Answer.item, Answer.value).where(Answer.response_id == stored.id)
        content: dict[str, Any] = json.loads(stored.document) if stored.document else {}
        content["answers"] = dict(iter(session.execute(answers)))
        return "voided" if stored.voided_at else "stored", stored.received_at, content
    if rest and row.reason == CONFLICT:
        return "held", rest[0].received_at, json.loads(rest[0].document)
    return None, None, {}


def _version(
    session: Session, catalogue: Catalogue, wave: Wave, content: Mapping[str, Any]
) -> QuestionnaireVersion | None:
    """The version a form names, when the wave uses it in these words."""
    used = session.get(WaveForm, (wave.id, content["questionnaire"], content["version"]))
    if used is None:
        return None
    try:
        loaded = catalogue.questionnaire(used.name)
    except Refusal:
        return None
    return loaded.definition if loaded.checksum == used.checksum else None


def _items(
    version: QuestionnaireVersion | None,
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    secret: frozenset[str] | None,
) -> tuple[ItemLine, ...]:
    known = {item.code: item for item in version.items} if version else {}
    codes = [code for code in known if code in first or code in second]
    codes += sorted({*first, *second} - set(known))
    lines = []
    for code in codes:
        ours, theirs = (_shown(known.get(code), one.get(code)) for one in (first, second))
        hidden = secret is None or code in secret or code not in known
        text = known[code].text if code in known else None
        told = ("", "") if hidden else (ours, theirs)
        lines.append(ItemLine(code[:64], text, *told, ours != theirs, hidden))
    return tuple(lines)


def _shown(item: Item | None, value: Any) -> str:
    """An answer in the words of the form; codes of a multiple choice come in any order."""
    if value is None:
        return ""
    if item is not None and item.kind == "multiple" and isinstance(value, str | list):
        parts = value.split() if isinstance(value, str) else map(str, value)
        return "; ".join(sorted(item.words(parts)))
    if not isinstance(value, str):
        return json.dumps(value)
    return "".join(item.words(value)) if item else value


def _circumstances(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> Sequence[tuple[str, str, str]]:
    named = ("collection_point", "unit", "mode", "locale", "version", "started_at", "submitted_at")
    pairs = ((name, first.get(name), second.get(name)) for name in named)
    return [(name, str(a or ""), str(b or "")) for name, a, b in pairs if a != b]


def _point_names(session: Session) -> dict[str, str]:
    return dict(iter(session.execute(select(CollectionPoint.code, CollectionPoint.name))))


def _line(row: HeldResponse, names: Mapping[str, str]) -> HeldLine:
    content = json.loads(row.document)
    point, assignment = content["collection_point"], content.get("assignment")
    return HeldLine(
        id=row.response_id,
        content_hash=row.content_hash,
        reason=row.reason,
        received_at=row.received_at,
        form=f"{content['questionnaire']}/{content['version']}",
        point=point,
        point_name=names.get(point, ""),
        mode=content["mode"],
        assignment=assignment if isinstance(assignment, str) else None,
        field=content.get("field"),
        receipt=row.receipt,
        settled_at=row.settled_at,
        settlement=row.settlement,
    )


def _text_of(line: HeldLine) -> str:
    return f"{line.id} {line.form} {line.point} {line.point_name} {line.assignment or ''}"
