"""Answers given with a one-time code wait here and move late, among others and shuffled."""

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from survey_app.models.responses import StagedResponse
from survey_app.models.waves import Wave
from survey_app.services.links import HANOI
from survey_app.services.responses import accept_response
from survey_app.services.screening import screened_content
from survey_app.services.submissions import REJECTED, Arrival

FEWEST: Final = 10  # move together, so whoever knows who was invited has ten to choose from
MOST: Final = 200  # move in one transaction, so that no other writer waits for long
GRACE: Final = timedelta(minutes=5)  # for what was being sent when the wave closed
GROUP, FIELD = "rater_group", "field"
NOT_STORED: Final = "not_stored"  # the database had no room or time for it
LONGEST_REASON: Final = 32
TRIED_AGAIN: Final = "staged_tried_again"  # what is recorded
_chance = secrets.SystemRandom()


@dataclass(frozen=True)
class Batch:
    """Answers that move together; `pooled` ones leave behind what few of them have in common."""

    ids: tuple[UUID, ...]
    pooled: bool = False


@dataclass(frozen=True)
class _Waiting:
    """A staged answer and all that it will still say of its giver: each is one of ten in that."""

    id: UUID
    wave_id: int
    form: str
    unit_id: int
    rater_group: str | None
    field: str | None


def stage(
    session: Session,
    wave_id: int,
    unit_id: int,
    rater_group: str | None,
    content: Mapping[str, Any],
) -> None:
    """Put an answer where it waits for others, in the transaction that spends its code.

    `content` is the response object without id and moments; its free text is screened already
    here. `unit_id` is the rated unit.
    """
    moments = {"id", "started_at", "submitted_at", "paradata"} & set(content)
    if moments:
        raise ValueError(f"a staged answer must not say {sorted(moments)}")
    written = json.dumps(screened_content(content), ensure_ascii=False, sort_keys=True)
    staged = StagedResponse(
        id=uuid4(), wave_id=wave_id, unit_id=unit_id, rater_group=rater_group, content=written
    )
    session.add(staged)
    session.flush()


def batches(session: Session, now: datetime) -> list[Batch]:
    """What can move now.

    Of the same wave, form, rated unit, group and field at least ten move together: all these stand
    in the response and with the code. Once a wave is closed the rest moves too: first what is ten
    or more of the same form and unit, without group and field; at last everything together. What
    was refused before is not among them: nobody waits for it.
    """
    waiting: dict[int, list[_Waiting]] = defaultdict(list)
    query = select(StagedResponse).where(StagedResponse.refused.is_(None))
    for row in session.scalars(query.order_by(StagedResponse.id)):
        waiting[row.wave_id].append(_waiting(row))
    found: list[Batch] = []
    for wave_id, rows in waiting.items():
        alike, few = _parted(rows, lambda row: (row.form, row.unit_id, row.rater_group, row.field))
        found += (Batch(ids) for ids in alike)
        if few and _is_over(session.get_one(Wave, wave_id), now):
            pools, rest = _parted(few, lambda row: (row.form, row.unit_id))
            found += (Batch(ids, pooled=True) for ids in pools)
            if rest:
                found.append(Batch(tuple(row.id for row in rest), pooled=True))
    return found


def move_batch(session: Session, catalogue: Catalogue, batch: Batch, now: datetime) -> int:
    """Move a batch into the responses, shuffled, under new ids and with the date only.

    Returns how many moved: 0 when another worker has moved some of them meanwhile, or when too few
    could be accepted. What cannot be accepted stays, and is marked with what stood in its way. All
    is one transaction with the deletion of what was staged, so nothing is lost or doubled whenever
    the worker dies.
    """
    chosen = select(StagedResponse).where(StagedResponse.id.in_(batch.ids))
    rows = list(session.scalars(chosen.order_by(StagedResponse.id).with_for_update()))
    if len(rows) != len(batch.ids):
        return 0
    _chance.shuffle(rows)
    day = now.astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0)
    refused: dict[UUID, str] = {}
    with session.begin_nested() as step:
        for row in rows:
            refused |= _refused(session, catalogue, row, batch, day)
        moved = set(batch.ids) - set(refused)
        if len(moved) < min(len(rows), FEWEST):
            step.rollback()
            moved = set()
        else:
            session.execute(delete(StagedResponse).where(StagedResponse.id.in_(moved)))
    _mark(session, refused)
    return len(moved)


def refused_in(session: Session, wave: Wave) -> tuple[tuple[str, int], ...]:
    """What stood in the way of staged answers of a wave: codes, and how many each; no more."""
    rows = session.execute(
        select(StagedResponse.refused, func.count())
        .where(StagedResponse.wave_id == wave.id, StagedResponse.refused.is_not(None))
        .group_by(StagedResponse.refused)
        .order_by(StagedResponse.refused)
    )
    return tuple((str(code), n) for code, n in rows)


def try_again(session: Session, wave: Wave) -> None:
    """Let what was refused be tried once more, among others, after something was mended."""
    session.execute(
        update(StagedResponse).where(StagedResponse.wave_id == wave.id).values(refused=None)
    )


def _refused(
    session: Session, catalogue: Catalogue, row: StagedResponse, batch: Batch, day: datetime
) -> dict[UUID, str]:
    """Put a staged answer among the responses; its id and the reason when it is refused."""
    content = json.loads(row.content) | {"id": str(uuid4())}
    if batch.pooled:
        content.pop(FIELD, None)
    group = None if batch.pooled else row.rater_group
    arrival = Arrival(by_code=True, rater_group=group)
    receipt = accept_response(session, content, day, catalogue, arrival)
    return {row.id: receipt.problems[0].code} if receipt.status == REJECTED else {}


def _mark(session: Session, refused: Mapping[UUID, str]) -> None:
    """Write down what stood in the way, unless it passes by itself."""
    for identity, code in refused.items():
        if code != NOT_STORED:
            session.execute(
                update(StagedResponse)
                .where(StagedResponse.id == identity)
                .values(refused=code[:LONGEST_REASON])
            )


def _waiting(row: StagedResponse) -> _Waiting:
    content = json.loads(row.content)
    form = f"{content['questionnaire']}/{content['version']}"
    return _Waiting(row.id, row.wave_id, form, row.unit_id, row.rater_group, content.get(FIELD))


def _is_over(wave: Wave, now: datetime) -> bool:
    return wave.closed_at is not None and now >= wave.closed_at + GRACE


def _parted(rows: Iterable[_Waiting], key: Any) -> tuple[list[tuple[UUID, ...]], list[_Waiting]]:
    """The rows that are ten or more alike, in batches of chance, and those that are fewer."""
    alike: dict[Any, list[_Waiting]] = defaultdict(list)
    for row in rows:
        alike[key(row)].append(row)
    enough: list[tuple[UUID, ...]] = []
    few: list[_Waiting] = []
    for found in alike.values():
        if len(found) < FEWEST:
            few += found
        else:
            enough += _chunks([row.id for row in found])
    return enough, few


def _chunks(ids: Sequence[UUID]) -> Iterator[tuple[UUID, ...]]:
    """Batches drawn from all that wait, so that none is of those who came together."""
    left = list(ids)
    _chance.shuffle(left)
    while left:
        n = MOST if len(left) >= MOST + FEWEST else len(left)
        yield tuple(left[:n])
        left = left[n:]
