"""Waves and collection points: opening, closing, and what a door collects now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    Wave,
    WaveForm,
    WaveIndex,
    WavePoint,
    WaveUnit,
)


@dataclass(frozen=True)
class Door:
    """What a collection point collects now: the wave and the questionnaire version."""

    wave_id: int
    wave: str
    wave_title: str
    point_id: int
    point: str
    unit: str
    unit_name: str
    questionnaire: str
    version: str


def is_open(wave: Wave, now: datetime) -> bool:
    """Say whether a wave takes responses at a moment."""
    if wave.opened_at is None or now < wave.opened_at:
        return False
    return wave.closed_at is None or now < wave.closed_at


def is_collecting(point: CollectionPoint, now: datetime) -> bool:
    """Say whether a collection point has not been closed at a moment."""
    return point.closed_at is None or now < point.closed_at


def door_of(session: Session, point_code: str, now: datetime) -> Door:
    """Find what a collection point collects now.

    Raises `NotFound` for an unknown point and `Gone` when no wave is open there.
    """
    point = session.scalar(select(CollectionPoint).where(CollectionPoint.code == point_code))
    if point is None:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    rows = session.execute(
        select(Wave, WavePoint)
        .join(WavePoint, WavePoint.wave_id == Wave.id)
        .where(WavePoint.point_id == point.id)
        .order_by(Wave.opened_at.desc())
    )
    for wave, assigned in rows:
        if is_collecting(point, now) and is_open(wave, now):
            return Door(
                wave_id=wave.id,
                wave=wave.code,
                wave_title=wave.title,
                point_id=point.id,
                point=point.code,
                unit=point.unit.code,
                unit_name=point.unit.name,
                questionnaire=assigned.questionnaire,
                version=assigned.version,
            )
    raise Gone("Điểm lấy ý kiến này hiện không nhận phiếu. Xin cảm ơn Ông/Bà đã quan tâm.")


def add_form(session: Session, wave: Wave, name: str, catalogue: Catalogue) -> WaveForm:
    """Let a wave use the questionnaire version `code/version`, with its checksum of today."""
    loaded = catalogue.questionnaire(name)
    form = WaveForm(
        wave_id=wave.id,
        questionnaire=loaded.definition.code,
        version=loaded.definition.version,
        checksum=loaded.checksum,
    )
    session.add(form)
    session.flush()
    return form


def add_point(
    session: Session, wave: Wave, unit: Unit, name: str, form: WaveForm
) -> CollectionPoint:
    """Make a collection point at a unit, collecting one form for the wave."""
    newest = session.scalar(select(func.max(CollectionPoint.id))) or 0
    point = CollectionPoint(code=f"D{newest + 1:05d}", name=name, unit_id=unit.id)
    session.add(point)
    session.flush()
    session.add(
        WavePoint(
            wave_id=wave.id,
            point_id=point.id,
            questionnaire=form.questionnaire,
            version=form.version,
        )
    )
    if session.get(WaveUnit, (wave.id, unit.id)) is None:
        session.add(WaveUnit(wave_id=wave.id, unit_id=unit.id))
    session.flush()
    return point


def open_wave(wave: Wave, now: datetime) -> None:
    """Open a wave; raises `Refusal` when it was opened before."""
    if wave.opened_at is not None:
        raise Refusal("Đợt khảo sát «{wave}» đã mở rồi.", wave=wave.code)
    wave.opened_at = now


def close_wave(wave: Wave, now: datetime) -> None:
    """Close a wave; raises `Refusal` when it is not open."""
    if not is_open(wave, now):
        raise Refusal("Đợt khảo sát «{wave}» không mở nên không đóng được.", wave=wave.code)
    wave.closed_at = now


def index_of(session: Session, wave: Wave, index_code: str) -> WaveIndex:
    """How a wave is computed into an index; raises `NotFound` when it is not."""
    found = session.get(WaveIndex, (wave.id, index_code))
    if found is None:
        template = "Đợt khảo sát «{wave}» không tính chỉ số «{index}»."
        raise NotFound(template, wave=wave.code, index=index_code)
    return found
