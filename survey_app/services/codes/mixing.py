"""Which answers of one-time codes move together, and how much of their label they keep."""

import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import StagedResponse
from survey_app.models.waves import Wave
from survey_app.services.codes.pooling import FEWEST, is_enough, pooled
from survey_app.services.door.submissions import INVITATION

STAYING: Final = FEWEST  # stay behind of those alike, so that the last of a wave are never few
MOST: Final = 200  # move in one transaction, so that no other writer waits for long
GRACE: Final = timedelta(minutes=5)  # for what was being sent when the wave closed
UNIT, FIELD = "unit", "field"
Cell = tuple[int, str | None]  # unit and group
_chance = secrets.SystemRandom()


class Keeps(IntEnum):
    """How much of its label an answer keeps when it moves."""

    WAVE_ONLY = 0
    UNIT_ONLY = 1
    LABEL = 2  # unit, rater group and field


@dataclass(frozen=True)
class Batch:
    """Answers that move together; `staying` are those alike that stay behind for later ones."""

    ids: tuple[UUID, ...]
    keeps: Keeps = Keeps.LABEL
    staying: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class _Waiting:
    """A staged answer and all that it will still say of its giver: each is one of ten in that."""

    id: UUID
    wave_id: int
    kind: tuple[str, str, str]  # mode and version of the form: nothing can take them away
    unit_id: int
    rater_group: str | None
    field: str | None


@dataclass(frozen=True)
class _Part:
    """Answers that could move together."""

    rows: tuple[_Waiting, ...]
    keeps: Keeps
    staying: tuple[UUID, ...] = ()


def batches(session: Session, now: datetime, wave: Wave | None = None) -> list[Batch]:
    """What can move now, of all waves or of one; never fewer than ten answers of ten people.

    While a wave is open, answers of the same mode, form, rated unit, group and field move as soon
    as ten go and ten stay, which go being chance. Once it is over, all move: labels with ten or
    more as they are, the smaller ones of a unit together under the unit alone, and units that have
    too few even so together, without unit. A label or unit with enough goes along where the small
    ones would be too few without it. What is fewer than ten in the whole wave never moves.
    What was refused before is not among them: nobody waits for it.
    """
    query = select(StagedResponse).where(StagedResponse.refused.is_(None))
    if wave is not None:
        query = query.where(StagedResponse.wave_id == wave.id)
    waiting = [_waiting(row) for row in session.scalars(query.order_by(StagedResponse.id))]
    found: list[Batch] = []
    for rows in _parted(waiting, lambda row: row.wave_id):
        wave_id = rows[0].wave_id
        over = is_over(session.get_one(Wave, wave_id), now)
        parts = _last(rows, _people(session, wave_id)) if over else _ready(rows)
        for part in parts:
            found += (Batch(ids, part.keeps, part.staying) for ids in _chunks(part.rows))
    return found


def is_over(wave: Wave, now: datetime) -> bool:
    """Say whether nothing more is sent to a wave, not even what was on its way at the close."""
    return wave.closed_at is not None and now >= wave.closed_at + GRACE


def _ready(rows: Sequence[_Waiting]) -> Iterator[_Part]:
    """What goes of the answers that are alike, while as many stay as would be enough to go.

    Which ones go is chance. So whoever noted who answered when cannot tell whose answers a batch
    holds, nor whose are left for the last one.
    """
    for alike in _parted(rows, _label):
        go = len(alike) - STAYING
        if is_enough(go):
            drawn = _chance.sample(alike, len(alike))
            stay = tuple(row.id for row in drawn[go:])
            yield _Part(tuple(drawn[:go]), Keeps.LABEL, stay)


def _last(rows: Sequence[_Waiting], people: Mapping[Cell, set[int]]) -> Iterator[_Part]:
    """How all that is left of a wave moves."""

    def behind(parts: Sequence[_Part]) -> int:
        """People behind the answers of some parts: one who rates several units is one person."""
        listed = [row for part in parts for row in part.rows]
        if not listed or listed[0].kind[0] != INVITATION:
            return len(listed)
        cells = {(row.unit_id, row.rater_group) for row in listed}
        return min(len(listed), len(set().union(*(people[cell] for cell in cells))))

    for kind in _parted(rows, lambda row: row.kind):
        parts: list[_Part] = []
        for unit in _parted(kind, lambda row: row.unit_id):
            labels = [_Part(tuple(alike), Keeps.LABEL) for alike in _parted(unit, _label)]
            apart, together = pooled(labels, behind)
            parts += apart
            if together:
                parts.append(_joined(together, Keeps.UNIT_ONLY))
        apart, together = pooled(parts, behind)
        yield from apart
        if is_enough(behind(together)):
            yield _joined(together, Keeps.WAVE_ONLY)


def _joined(parts: Iterable[_Part], keeps: Keeps) -> _Part:
    return _Part(tuple(row for part in parts for row in part.rows), keeps)


def _people(session: Session, wave_id: int) -> dict[Cell, set[int]]:
    """Who has rated each unit from each group, by the ids of invitations."""
    query = (
        select(InvitationTarget.unit_id, Invitation.rater_group, Invitation.id)
        .join(Invitation, Invitation.id == InvitationTarget.invitation_id)
        .where(Invitation.wave_id == wave_id, InvitationTarget.used)
    )
    found: dict[Cell, set[int]] = defaultdict(set)
    for unit_id, group, who in session.execute(query):
        found[unit_id, group].add(who)
    return found


def _waiting(row: StagedResponse) -> _Waiting:
    content = json.loads(row.content)
    kind = (str(content.get("mode")), content["questionnaire"], content["version"])
    return _Waiting(row.id, row.wave_id, kind, row.unit_id, row.rater_group, content.get(FIELD))


def _label(row: _Waiting) -> Hashable:
    return row.kind, row.unit_id, row.rater_group, row.field


def _parted(
    rows: Iterable[_Waiting], key: Callable[[_Waiting], Hashable]
) -> Iterable[list[_Waiting]]:
    """The rows that are alike in something, together."""
    alike: dict[Hashable, list[_Waiting]] = defaultdict(list)
    for row in rows:
        alike[key(row)].append(row)
    return alike.values()


def _chunks(rows: Sequence[_Waiting]) -> Iterator[tuple[UUID, ...]]:
    """Batches drawn from all that move, so that none is of those who came together."""
    left = [row.id for row in rows]
    _chance.shuffle(left)
    while left:
        n = MOST if len(left) >= MOST + FEWEST else len(left)
        yield tuple(left[:n])
        left = left[n:]
