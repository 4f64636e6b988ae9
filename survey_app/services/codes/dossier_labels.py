"""What a code on a receipt may say of its dossier, so that no code is a name."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.days import day_of
from survey_app.models.codes import DossierCount
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure

# Among thirty dossiers of a month, of which a third or so are answered, an answer belongs to about
# ten people at least: the smallest number of which results are shown elsewhere.
THRESHOLD: Final = 30


@dataclass(frozen=True)
class Label:
    """What a code carries beside its wave and month."""

    unit_id: int
    procedure_id: int | None


class Labels:
    """Which label a dossier gets, by how many dossiers its unit and field had in a month.

    A field of a unit stands on a code when it had `THRESHOLD` dossiers. The fields that had fewer
    are pooled under the unit alone; what is pooled must itself reach the threshold, or it is pooled
    once more with what its siblings have left, under the unit above. Only what shares a label is
    counted for it: a small unit is not hidden by a large sibling whose codes say more. A dossier
    without a field counts for the whole unit, since a system that does not say fields never does.
    """

    def __init__(
        self,
        counts: Mapping[int, Mapping[int | None, int]],
        parents: Mapping[int, int | None],
    ) -> None:
        self._counts, self._parents = counts, parents
        self._pools: dict[int, int] = {}
        self._children: dict[int, list[int]] = defaultdict(list)
        for unit, parent in parents.items():
            if parent is not None:
                self._children[parent].append(unit)

    def of(self, unit_id: int, field_id: int | None) -> Label | None:
        """The label of a dossier; None where even all that is pooled is too little."""
        counts = self._counts.get(unit_id, {})
        if field_id is not None and counts.get(field_id, 0) >= THRESHOLD:
            return Label(unit_id, field_id)
        if field_id is None and sum(counts.values()) >= THRESHOLD:
            return Label(unit_id, None)
        above: int | None = unit_id
        while above is not None:
            if self._pool(above) >= THRESHOLD:
                return Label(above, None)
            above = self._parents.get(above)
        return None

    def _pool(self, unit_id: int) -> int:
        """Dossiers that end under the unit alone: of its small fields, and of units below it."""
        if unit_id not in self._pools:
            counts = self._counts.get(unit_id, {})
            own = sum(n for f, n in counts.items() if f is None or n < THRESHOLD)
            below = (self._pool(child) for child in self._children[unit_id])
            self._pools[unit_id] = own + sum(n for n in below if n < THRESHOLD)
        return self._pools[unit_id]


def labels_of(session: Session, now: datetime) -> Labels:
    """The labels by the dossiers returned in the last full month; one without records is empty."""
    first, after = last_month(now)
    roots = fields_by_code(session)
    grouped = session.execute(
        select(DossierCount.unit_id, DossierCount.field, func.sum(DossierCount.returned))
        .where(DossierCount.day >= first, DossierCount.day < after)
        .group_by(DossierCount.unit_id, DossierCount.field)
    )
    counts: dict[int, Counter[int | None]] = defaultdict(Counter)
    for unit_id, field, returned in grouped:
        counts[unit_id][roots.get(field)] += int(returned)
    parents = session.execute(select(Unit.id, Unit.parent_id))
    return Labels(counts, dict(iter(parents)))


def last_month(now: datetime) -> tuple[date, date]:
    """The last full month: its first day, and the first day after it."""
    after = day_of(now).replace(day=1)
    return (after - timedelta(days=1)).replace(day=1), after


def fields_by_code(session: Session) -> dict[str, int]:
    """The field (lĩnh vực) that each code of a field or of one of its procedures belongs to."""
    rows = session.execute(select(Procedure.id, Procedure.code, Procedure.parent_id)).all()
    parents = {identity: parent for identity, _code, parent in rows}
    return {code: _root(identity, parents) for identity, code, _parent in rows}


def _root(identity: int, parents: Mapping[int, int | None]) -> int:
    seen = {identity}
    while (above := parents.get(identity)) is not None and above not in seen:
        seen.add(above)
        identity = above
    return identity
