"""Where a form that was held may be counted: at which point, for which unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.fieldwork import Assignment
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.door.submissions import Placed


@dataclass(frozen=True)
class PlaceChoice:
    """A place that a person can choose: names of point and unit; `is_own` is the point it names."""

    placed: Placed
    point_name: str
    unit_name: str
    is_own: bool

    @property
    def key(self) -> str:
        """The choice as a form of a page sends it."""
        return f"{self.placed.point} {self.placed.unit}"


def places_for(session: Session, wave: Wave, content: Mapping[str, Any]) -> tuple[PlaceChoice, ...]:
    """Where a form can be counted when it does not say so by itself any more; else empty.

    It does not when its assignment has been given another point, or when its point serves other
    agencies than the one it names. Those are the choices then: its own point and that of the
    assignment, each with the unit it names or, without one, with every unit there.
    """
    found = [choice for point in _points(session, wave, content) for choice in _at(point, content)]
    if len(found) == 1 and found[0].is_own:
        is_clear = content.get("unit") in (None, found[0].placed.unit)
        return () if is_clear else tuple(found)
    return tuple(sorted(found, key=lambda one: not one.is_own))


def place_chosen(choices: tuple[PlaceChoice, ...], given: str) -> Placed | None:
    """The place that was chosen, None where there is none to choose; raises `Refusal`."""
    if not choices:
        return None
    for choice in choices:
        if choice.key == given:
            return choice.placed
    raise Refusal("Xin chọn điểm lấy ý kiến và đơn vị mà phiếu này được tính cho.")


def _points(session: Session, wave: Wave, content: Mapping[str, Any]) -> list[CollectionPoint]:
    of_assignment = select(Assignment.point_id).where(
        Assignment.code == str(content.get("assignment") or ""), Assignment.wave_id == wave.id
    )
    is_named = CollectionPoint.code == content["collection_point"]
    query = (
        select(CollectionPoint)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .where(WavePoint.wave_id == wave.id)
        .where(is_named | CollectionPoint.id.in_(of_assignment))
        .order_by(CollectionPoint.code)
    )
    return list(session.scalars(query))


def _at(point: CollectionPoint, content: Mapping[str, Any]) -> list[PlaceChoice]:
    """The choices at a point: one, where the form names its unit or left before it could."""
    is_own = point.code == content["collection_point"]
    units: list[Unit] = [point.unit, *point.units]
    named = [unit for unit in units if unit.code == content.get("unit")]
    if not named and content.get("partial") and content.get("unit") is None:
        named = [point.unit]
    return [
        PlaceChoice(Placed(point.code, unit.code), point.name, unit.name, is_own)
        for unit in named or units
    ]
