"""Would the figures of a wave be others without the answers that are in doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import LargeBinary, and_, case, func, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.vector import Slot, dictionary
from survey_app.models.responses import Response, ResponseQuality
from survey_app.models.waves import Wave
from survey_app.services.checking.quality import FLAGGED
from survey_app.services.codes.pooling import is_enough

SATISFACTION: Final = ("1", "2", "3", "4", "5")
SATISFIED: Final = ("4", "5")


@dataclass(frozen=True)
class Share:
    """The mean over the scale items of the share of satisfied answers.

    None where it would be that of too few, or where too few were left out: a subtraction would tell
    of those.
    """

    n: int
    rate: float | None


@dataclass(frozen=True)
class Sensitivity:
    """The same mean three times, for one form of a wave."""

    form: str
    everything: Share
    without_flagged: Share
    without_helped: Share


def sensitivity_of(session: Session, catalogue: Catalogue, wave: Wave) -> tuple[Sensitivity, ...]:
    """Compare, form by form, all answers with those that are not in doubt.

    A plain mean without weights, added up by the database from the coded vectors: it tells whether
    doubtful answers move the figures, and is no estimate of the index, which a Run computes.
    """
    found = (
        _of_form(session, catalogue, wave, form.name)
        for form in sorted(wave.forms, key=lambda form: (form.questionnaire, form.version))
    )
    return tuple(one for one in found if one is not None and one.everything.n)


def _of_form(session: Session, catalogue: Catalogue, wave: Wave, name: str) -> Sensitivity | None:
    definition = catalogue.questionnaire(name).definition
    scales = {
        item.code
        for item in definition.items
        if item.kind == "scale" and tuple(c.code for c in item.inside) == SATISFACTION
    }
    slots = [slot for slot in dictionary(definition) if slot.item in scales]
    if not slots:
        return None
    flagged = case((ResponseQuality.score >= FLAGGED, 1), else_=0).label("doubtful")
    helped = case((Response.helped == "official", 1), else_=0).label("assisted")
    counts = [_count(slot, codes) for slot in slots for codes in (SATISFIED, SATISFACTION)]
    query = (
        select(flagged, helped, func.count(), *counts)
        .join(ResponseQuality, ResponseQuality.response_id == Response.id)
        .where(
            and_(Response.wave_id == wave.id, Response.questionnaire == definition.code),
            Response.version == definition.version,
            Response.voided_at.is_(None),
            Response.partial.is_(False),
        )
        .group_by("doubtful", "assisted")
    )
    groups = {(row[0], row[1]): [int(n) for n in row[2:]] for row in session.execute(query)}
    return Sensitivity(
        name,
        _share(groups, {(0, 0), (0, 1), (1, 0), (1, 1)}),
        _share(groups, {(0, 0), (0, 1)}),
        _share(groups, {(0, 0), (1, 0)}),
    )


def _count(slot: Slot, codes: tuple[str, ...]) -> Any:
    """How many answered one of the codes."""
    byte = func.substr(Response.vector, slot.start + 1, 1, type_=LargeBinary)
    wanted = [bytes([1 + slot.codes.index(code)]) for code in codes]
    return func.sum(case((byte.in_(wanted), 1), else_=0))


def _share(groups: Mapping[tuple[int, int], list[int]], kept: set[tuple[int, int]]) -> Share:
    rows = [counts for key, counts in groups.items() if key in kept]
    left_out = sum(counts[0] for key, counts in groups.items() if key not in kept)
    n, *sums = [sum(column) for column in zip(*rows, strict=True)] if rows else [0]
    rates = [
        satisfied / valid for satisfied, valid in zip(sums[::2], sums[1::2], strict=True) if valid
    ]
    if not is_enough(n) or (left_out and not is_enough(left_out)) or not rates:
        return Share(n, None)
    return Share(n, sum(rates) / len(rates))
