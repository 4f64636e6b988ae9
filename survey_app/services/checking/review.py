"""What a supervisor sees of how answers came in, and the voiding of responses with a reason."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.responses import Response, ResponseQuality
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.checking.quality import FLAGGED, POINTS
from survey_app.services.door.submissions import INVITATION
from survey_app.services.operation.accounts import record
from survey_app.services.tables.sorting import vietnamese

A_PAGE: Final = 50
LONGEST_WORDS: Final = 200
VOIDED, VOIDED_ALL, RESTORED = "response_voided", "responses_voided", "response_restored"
OTHER: Final = "other"
BEFORE_WORDS: Final = ": "  # stands between what was chosen and what was written


@dataclass(frozen=True)
class Choice:
    """Which responses a supervisor looks at: by signal, counter, unit, and from which score on."""

    signal: str = ""
    point: str = ""
    unit: str = ""
    least: int = FLAGGED
    voided: bool = False


@dataclass(frozen=True)
class ReviewLine:
    """A response without its answers: where it came from, when, how long it took, what is odd."""

    id: UUID
    point: str
    point_name: str
    unit_name: str
    mode: str
    received_at: datetime
    seconds: int | None
    score: int
    signals: tuple[str, ...]
    voided_at: datetime | None
    void_reason: str | None


@dataclass(frozen=True)
class PointLine:
    """A counter in numbers; shares are fractions of its `n` responses."""

    code: str
    name: str
    unit_name: str
    n: int
    flagged: float
    median_seconds: float | None
    helped: float


@dataclass(frozen=True)
class ReviewPage:
    """A wave as a supervisor sees it; `following` is the key of the next page of `lines`."""

    wave_code: str
    wave_title: str
    total: int
    flagged: int
    scores: tuple[tuple[int, int], ...]
    signals: tuple[tuple[str, int], ...]
    points: tuple[PointLine, ...]
    units: tuple[tuple[str, str], ...]
    chosen: int
    lines: tuple[ReviewLine, ...]
    following: str | None


@dataclass(frozen=True)
class Void:
    """Why responses are voided: a code, what it says in the language of record, and words.

    The label is None for an unknown code; words are needed for «other».
    """

    reason: str
    label: str | None
    words: str = ""

    def text(self) -> str:
        """The reason as it is kept; raises `Refusal` for an unknown one or one without words."""
        words = " ".join(self.words.split())
        if self.label is None:
            raise Refusal("Xin chọn lý do hủy phiếu.")
        if self.reason == OTHER and not words:
            raise Refusal("Xin ghi rõ lý do hủy phiếu.")
        if len(words) > LONGEST_WORDS:
            raise Refusal("Lý do hủy phiếu dài tối đa {n} ký tự.", n=LONGEST_WORDS)
        return f"{self.label}{BEFORE_WORDS}{words}" if words else self.label


def review_page(session: Session, wave: Wave, choice: Choice, after: str = "") -> ReviewPage:
    """Distribution, counters and one page of the responses chosen, the highest score first."""
    counted = and_(Response.wave_id == wave.id, Response.voided_at.is_(None))
    groups = session.execute(
        select(ResponseQuality.score, ResponseQuality.signals, func.count())
        .join(Response, Response.id == ResponseQuality.response_id)
        .where(counted)
        .group_by(ResponseQuality.score, ResponseQuality.signals)
    )
    scores: Counter[int] = Counter()
    signals: Counter[str] = Counter()
    for score, noticed, n in groups:
        scores[score] += n
        signals.update(dict.fromkeys(json.loads(noticed), n))
    lines = _lines(session, wave, choice, after)
    following = None
    if len(lines) > A_PAGE:
        lines = lines[:A_PAGE]
        following = f"{lines[-1].score}-{lines[-1].id.hex}"
    points = _points(session, wave, counted)
    return ReviewPage(
        wave_code=wave.code,
        wave_title=wave.title,
        total=sum(scores.values()),
        flagged=sum(n for score, n in scores.items() if score >= FLAGGED),
        scores=tuple(sorted(scores.items())),
        signals=tuple((name, signals[name]) for name in POINTS if signals[name]),
        points=points,
        units=_units(session, wave),
        chosen=chosen_count(session, wave, choice),
        lines=tuple(lines),
        following=following,
    )


def review_line(session: Session, wave: Wave, identity: UUID) -> ReviewLine:
    """One response of a wave as a supervisor sees it.

    Raises `NotFound`, and `Refusal` for one of an invited official.
    """
    _response(session, wave, identity)
    return _line(session.execute(_query().where(Response.id == identity)).one())


def chosen_count(session: Session, wave: Wave, choice: Choice) -> int:
    """How many responses a choice holds."""
    chosen = _chosen(wave, choice).subquery()
    return session.scalar(select(func.count()).select_from(chosen)) or 0


def void_response(
    session: Session, wave: Wave, identity: UUID, void: Void, by: tuple[int | None, datetime]
) -> None:
    """Take one response out of the count with a reason; `by` is who and when.

    Raises `Stale` when it is voided already, and `Refusal` for one of an invited official: with and
    without it computed, its answers would be the difference.
    """
    account, now = by
    response = _response(session, wave, identity, lock=True)
    if response.voided_at is not None:
        raise Stale("Phiếu này đã được hủy trước đó.")
    response.voided_at, response.void_reason = now, void.text()
    record(session, account, VOIDED, f"{wave.code} {identity}", now)
    session.flush()


def restore_response(
    session: Session, wave: Wave, identity: UUID, by: tuple[int | None, datetime]
) -> None:
    """Count a voided response again; raises `Stale` when it is not voided."""
    account, now = by
    response = _response(session, wave, identity, lock=True)
    if response.voided_at is None:
        raise Stale("Phiếu này đang được tính, không cần khôi phục.")
    response.voided_at = response.void_reason = None
    record(session, account, RESTORED, f"{wave.code} {identity}", now)
    session.flush()


@dataclass(frozen=True)
class Sweep:
    """The voiding of all responses of a choice; `expected` is the number its reader agreed to."""

    choice: Choice
    void: Void
    expected: int


def void_chosen(session: Session, wave: Wave, sweep: Sweep, by: tuple[int | None, datetime]) -> int:
    """Void all responses of a choice; raises `Stale` when they are not as many as were shown."""
    account, now = by
    text = sweep.void.text()
    step = session.begin_nested()
    done = session.execute(
        update(Response)
        .where(Response.id.in_(_chosen(wave, sweep.choice)), Response.voided_at.is_(None))
        .values(voided_at=now, void_reason=text)
        .execution_options(synchronize_session=False)
    )
    # What was counted before could have grown by the time it is voided.
    found = done.rowcount if isinstance(done, CursorResult) else 0
    if found != sweep.expected:
        step.rollback()
        template = "Số phiếu theo bộ lọc nay là {found}, không còn là {expected}. Xin xem lại."
        raise Stale(template, found=found, expected=sweep.expected)
    step.commit()
    session.expire_all()
    record(session, account, VOIDED_ALL, f"{wave.code} {_named(sweep.choice)}: {found}", now)
    session.flush()
    return found


def _response(session: Session, wave: Wave, identity: UUID, lock: bool = False) -> Response:
    response = session.get(Response, identity, with_for_update=lock)
    if response is None or response.wave_id != wave.id:
        raise NotFound("Không có phiếu này trong đợt khảo sát.")
    if response.mode == INVITATION:
        raise Refusal(
            "Phiếu theo thư mời được giữ kín nên không xem, hủy hay khôi phục riêng được."
        )
    return response


def _named(choice: Choice) -> str:
    parts = {"signal": choice.signal, "point": choice.point, "unit": choice.unit}
    return " ".join([f"score>={choice.least}", *(f"{k}={v}" for k, v in parts.items() if v)])


def _conditions(wave: Wave, choice: Choice) -> Iterable[ColumnElement[bool]]:
    yield Response.wave_id == wave.id
    yield Response.mode != INVITATION  # voided or restored, one would tell itself
    yield Response.voided_at.is_not(None) if choice.voided else Response.voided_at.is_(None)
    yield ResponseQuality.score >= choice.least
    if choice.signal:
        yield ResponseQuality.signals.contains(json.dumps(choice.signal), autoescape=True)
    if choice.point:
        yield Response.point_id.in_(
            select(CollectionPoint.id).where(CollectionPoint.code == choice.point)
        )
    if choice.unit:
        yield Response.unit_id.in_(select(Unit.id).where(Unit.code == choice.unit))


def _chosen(wave: Wave, choice: Choice) -> Any:
    query = select(Response.id).join(ResponseQuality, ResponseQuality.response_id == Response.id)
    return query.where(*_conditions(wave, choice))


def _query() -> Any:
    columns = (
        Response.id,
        CollectionPoint.code,
        CollectionPoint.name,
        Unit.name,
        Response.mode,
        Response.received_at,
        ResponseQuality.seconds,
        ResponseQuality.score,
        ResponseQuality.signals,
        Response.voided_at,
        Response.void_reason,
    )
    return (
        select(*columns)
        .join(ResponseQuality, ResponseQuality.response_id == Response.id)
        .join(CollectionPoint, CollectionPoint.id == Response.point_id)
        .join(Unit, Unit.id == Response.unit_id)
    )


def _lines(session: Session, wave: Wave, choice: Choice, after: str) -> list[ReviewLine]:
    query = _query().where(*_conditions(wave, choice))
    key = _key(after)
    if key is not None:
        score, identity = key
        further = and_(ResponseQuality.score == score, ResponseQuality.response_id > identity)
        query = query.where(or_(ResponseQuality.score < score, further))
    order = (ResponseQuality.score.desc(), ResponseQuality.response_id)
    return [_line(row) for row in session.execute(query.order_by(*order).limit(A_PAGE + 1))]


def _line(row: Sequence[Any]) -> ReviewLine:
    fields = list(row)
    noticed = json.loads(fields[8])
    fields[8] = tuple(name for name in POINTS if name in noticed)
    return ReviewLine(*fields)


def _key(after: str) -> tuple[int, UUID] | None:
    """Where a page begins; an edited address begins at the beginning."""
    score, _, identity = after.partition("-")
    try:
        return int(score), UUID(hex=identity)
    except ValueError:
        return None


def _points(session: Session, wave: Wave, counted: ColumnElement[bool]) -> tuple[PointLine, ...]:
    flagged = func.sum(case((ResponseQuality.score >= FLAGGED, 1), else_=0))
    helped = func.sum(case((Response.helped == "official", 1), else_=0))
    grouped = (
        select(Response.point_id, ResponseQuality.seconds, func.count(), flagged, helped)
        .join(ResponseQuality, ResponseQuality.response_id == Response.id)
        .where(counted)
        .group_by(Response.point_id, ResponseQuality.seconds)
    )
    took: dict[int, Counter[int | None]] = {}
    sums: dict[int, list[int]] = {}
    for point, seconds, n, odd, with_help in session.execute(grouped):
        took.setdefault(point, Counter())[seconds] += n
        total = sums.setdefault(point, [0, 0, 0])
        for k, value in enumerate((n, odd, with_help)):
            total[k] += int(value)
    query = (
        select(CollectionPoint, Unit.name)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .where(WavePoint.wave_id == wave.id)
    )
    points = session.execute(query).all()
    lines = []
    for point, unit_name in sorted(points, key=lambda row: (vietnamese(row[1]), row[0].code)):
        n, odd, with_help = sums.get(point.id, (0, 0, 0))
        median = _median(took.get(point.id, Counter()))
        shares = (odd / n if n else 0.0, median, with_help / n if n else 0.0)
        lines.append(PointLine(point.code, point.name, unit_name, n, *shares))
    return tuple(lines)


def _median(took: Counter[int | None]) -> float | None:
    known = sorted((seconds, n) for seconds, n in took.items() if seconds is not None)
    total = sum(n for _, n in known)
    if not total:
        return None
    middle = []
    for position in ((total - 1) // 2, total // 2):
        passed = 0
        for seconds, n in known:
            passed += n
            if position < passed:
                middle.append(seconds)
                break
    return sum(middle) / 2


def _units(session: Session, wave: Wave) -> tuple[tuple[str, str], ...]:
    rated = select(Response.unit_id).where(Response.wave_id == wave.id).distinct()
    query = select(Unit.code, Unit.name).where(Unit.id.in_(rated))
    found = ((code, name) for code, name in session.execute(query))
    return tuple(sorted(found, key=lambda unit: vietnamese(unit[1])))
