"""Waves and collection points: opening, closing, and what a door collects now."""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from questionnaires.compare import require_compatible
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.responses import HeldResponse
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    Procedure,
    Wave,
    WaveForm,
    WaveIndex,
    WavePoint,
    WaveUnit,
)
from survey_app.services.counter.links import Link, check_link
from survey_app.services.tables.sorting import vietnamese

LATE: Final = timedelta(days=30)  # tablets come back from the field within a month
FROM_DEVICES: Final = ("tablet", "kiosk", "paper", "phone")  # what may wait on a device
PLANNED, OPEN, CLOSED = "planned", "open", "closed"  # states of a wave


@dataclass(frozen=True)
class Door:
    """What stands behind a link now: the wave, the counter and the questionnaire version.

    `unit` is that of the counter. At a one-stop centre the rated unit is one of `agencies` (code,
    name), which the citizen chooses. `field` is the code of the procedure or field that the link
    names, and `field_name` its name where the citizen is told it, as a procedure or as a field.
    `for_citizens` says that a citizen answers here, who is asked whether somebody helped.
    `by_code` says that a one-time code is spent, so that the answer cannot be found again, and
    `by_invitation` that it is an official's letter.
    """

    wave_id: int
    wave: str
    wave_title: str
    point_id: int
    point: str
    point_name: str
    unit: str
    unit_name: str
    questionnaire: str
    version: str
    agencies: tuple[tuple[str, str], ...]
    field: str | None
    field_name: str = ""
    is_procedure: bool = False
    for_citizens: bool = False
    by_code: bool = False
    by_invitation: bool = False


def is_open(wave: Wave, now: datetime) -> bool:
    """Say whether a wave takes responses at a moment."""
    if wave.opened_at is None or now < wave.opened_at:
        return False
    return wave.closed_at is None or now < wave.closed_at


def state_of(wave: Wave, now: datetime) -> str:
    """Whether a wave is `PLANNED` (perhaps with a date of opening), `OPEN` or `CLOSED`."""
    if is_open(wave, now):
        return OPEN
    return PLANNED if wave.opened_at is None or now < wave.opened_at else CLOSED


def is_collecting(point: CollectionPoint, now: datetime) -> bool:
    """Say whether a collection point has not been closed at a moment."""
    return point.closed_at is None or now < point.closed_at


def corrected(told: object, clock_offset: int | None) -> datetime | None:
    """A moment by the device's clock, corrected by how far it was behind ours; None for none."""
    try:
        found = datetime.fromisoformat(str(told)) + timedelta(seconds=clock_offset or 0)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def takes_late(closed_at: datetime, begun: datetime | None, now: datetime) -> bool:
    """Say whether what waited on a device when a wave or a point closed still counts."""
    return begun is not None and begun < closed_at and now < closed_at + LATE


def wave_named(session: Session, code: str) -> Wave:
    """The wave with a code; raises `NotFound` when there is none."""
    wave = session.scalar(select(Wave).where(Wave.code == code))
    if wave is None:
        raise NotFound("Không có đợt khảo sát «{wave}».", wave=code)
    return wave


def door_of(session: Session, link: Link, now: datetime, *, has_begun: bool = False) -> Door:
    """Find what stands behind a link now.

    Raises `NotFound` for an unknown point and `Gone` when the link is not valid any more, or when
    the wave is not open there. Who `has_begun` a form behind this link while it was may end it.
    """
    if not has_begun:
        check_link(session, link, now)
    wave, point = session.get(Wave, link.wave_id), session.get(CollectionPoint, link.point_id)
    assigned = session.get(WavePoint, (link.wave_id, link.point_id))
    if wave is None or point is None or assigned is None or point.by_code:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    if not (has_begun or (is_collecting(point, now) and is_open(wave, now))):
        raise Gone("Điểm lấy ý kiến này hiện không nhận phiếu. Xin cảm ơn Ông/Bà đã quan tâm.")
    procedure = session.get(Procedure, link.procedure_id) if link.procedure_id else None
    agencies = ((unit.code, unit.name) for unit in point.units)
    return Door(
        wave_id=wave.id,
        wave=wave.code,
        wave_title=wave.title,
        point_id=point.id,
        point=point.code,
        point_name=point.name,
        unit=point.unit.code,
        unit_name=point.unit.name,
        questionnaire=assigned.questionnaire,
        version=assigned.version,
        agencies=tuple(sorted(agencies, key=lambda agency: vietnamese(agency[1]))),
        field=procedure.code if procedure else None,
        field_name=procedure.name if procedure else "",
        is_procedure=procedure is not None and procedure.parent_id is not None,
        for_citizens=True,
    )


def exists_on(day: date) -> ColumnElement[bool]:
    """The condition that a procedure or field is not ended on a day."""
    return or_(Procedure.valid_to.is_(None), Procedure.valid_to > day)


def fields_of_work(session: Session, day: date | None = None) -> tuple[tuple[str, str], ...]:
    """The fields (lĩnh vực) that procedures belong to, all or those of a day: code and name."""
    query = select(Procedure.code, Procedure.name).where(Procedure.parent_id.is_(None))
    if day is not None:
        query = query.where(exists_on(day))
    found = ((code, name) for code, name in session.execute(query))
    return tuple(sorted(found, key=lambda field: vietnamese(field[1])))


def hold(session: Session, wave: Wave) -> None:
    """Let no other transaction that holds a wave go on until this one ends.

    For what must not be done twice at the same moment, as importing one list in two windows.
    Answers still come in. On SQLite writers stand in one queue anyway.
    """
    lock = select(Wave.id).where(Wave.id == wave.id).with_for_update(key_share=True)
    session.execute(lock)


def held_for(wave: Wave) -> ColumnElement[bool]:
    """The condition that a form kept apart names a wave, which stands in its document only.

    Not by LIKE, in which SQLite takes «dot-a» for «DOT-A».
    """
    naming = f'"wave":{json.dumps(wave.code, ensure_ascii=False)}'
    return func.replace(HeldResponse.document, naming, "") != HeldResponse.document


def add_form(session: Session, wave: Wave, name: str, catalogue: Catalogue) -> WaveForm:
    """Let a wave use the questionnaire version `code/version`, with its checksum of today.

    Raises `Refusal` when an item keeps its code although its scale or kind is another one than in
    a version the wave uses already: answers to both would stand in one column.
    """
    loaded = catalogue.questionnaire(name)
    for used in versions_used(session, wave, loaded.definition.code):
        require_compatible(catalogue.questionnaire(used).definition, loaded.definition)
    form = WaveForm(
        wave_id=wave.id,
        questionnaire=loaded.definition.code,
        version=loaded.definition.version,
        checksum=loaded.checksum,
    )
    session.add(form)
    session.flush()
    return form


def versions_used(session: Session, wave: Wave, questionnaire: str) -> tuple[str, ...]:
    """The versions `code/version` of a questionnaire that a wave uses, the newest last.

    Versions are ordered by their names, numbers in them as numbers: 2022, 2022-2, 2022-10.
    """
    query = select(WaveForm.version).where(
        WaveForm.wave_id == wave.id, WaveForm.questionnaire == questionnaire
    )
    return tuple(f"{questionnaire}/{version}" for version in in_order(session.scalars(query)))


def in_order(versions: Iterable[str]) -> list[str]:
    """Versions of a questionnaire by their names, the newest last."""
    return sorted(versions, key=_parts)


def move_points(session: Session, wave: Wave, form: WaveForm) -> None:
    """Let all points of a wave that collect a questionnaire go on with a version of it.

    What was begun with another version, on paper or on a device, is still taken under that one.
    """
    session.execute(
        update(WavePoint)
        .where(WavePoint.wave_id == wave.id, WavePoint.questionnaire == form.questionnaire)
        .values(version=form.version)
    )


def add_point(
    session: Session, wave: Wave, unit: Unit, name: str, form: WaveForm
) -> CollectionPoint:
    """Make a collection point at a unit, collecting one form for the wave."""
    unnamed = secrets.token_hex(8)  # until its number is known, which no other point has
    point = CollectionPoint(code=unnamed, name=name, unit_id=unit.id)
    session.add(point)
    session.flush()
    point.code = f"D{point.id:05d}"
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
    """Open a wave, also before its date; raises `Refusal` when it was opened before."""
    if state_of(wave, now) != PLANNED:
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


def frame_keys(session: Session, wave: Wave) -> dict[str, bool]:
    """The keys of the sampling frame that the wave's indices read, and whether each is a number."""
    found: dict[str, bool] = {}
    for index in session.scalars(select(WaveIndex).where(WaveIndex.wave_id == wave.id)):
        columns = ((index.stratum, False), (index.psu, False), (index.weight, True))
        for names, is_number in (*columns, (index.fpc, True)):
            found |= {name.strip(): is_number for name in (names or "").split(",") if name.strip()}
    return found


def _parts(version: str) -> list[tuple[bool, int, str]]:
    """The name of a version cut into numbers and words, to be put in order."""
    parts = re.split(r"([0-9]+)", version)
    return [(True, int(part), "") if part.isdigit() else (False, 0, part) for part in parts]
