"""Where a response is from: its wave, its counter, the unit it rates, the form in its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.vector import Slot, dictionary
from survey_app.models.responses import Response
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    PointUnit,
    Procedure,
    Wave,
    WaveForm,
    WavePoint,
)
from survey_app.services.door.submissions import Arrival, Incoming, Rejected, reject
from survey_app.services.plan.waves import (
    FROM_DEVICES,
    corrected,
    is_collecting,
    is_open,
    takes_late,
)

# How people answer by themselves: who left such a form has not sent it, and only a wave may say
# that it is kept. An interviewer ends an interview and says so, and paper was handed in.
ALONE: Final = ("web", "kiosk")


@dataclass(frozen=True)
class Place:
    """Where a response is from, by the keys of rows; `is_late` and `is_outdated` ones are held."""

    wave_id: int
    point_id: int
    point: str
    unit_id: int
    receiving_unit_id: int
    procedure_id: int | None
    questionnaire: str
    hours: str | None
    is_late: bool
    is_outdated: bool


@dataclass(frozen=True)
class Form:
    """A questionnaire version as read, with what is asked of it at every response."""

    version: QuestionnaireVersion
    checksum: str
    slots: tuple[Slot, ...]
    scales: tuple[str, ...]


class Places:
    """What the responses of one transaction are from, each thing looked up once."""

    def __init__(self, session: Session, catalogue: Catalogue) -> None:
        self._session, self._catalogue = session, catalogue
        self._waves: dict[str, Wave | None] = {}
        self._points: dict[tuple[int, str], tuple[CollectionPoint, str] | None] = {}
        self._offered: dict[int, Mapping[str, int]] = {}
        self._procedures: dict[str, int | None] = {}
        self._checksums: dict[tuple[int, str, str], str | None] = {}

    def place_of(self, incoming: Incoming, arrival: Arrival) -> Place:
        """The place a submission names; raises `Rejected`, also when nothing is taken there now."""
        content = incoming.content
        wave = self._wave(content["wave"])
        is_late = not (arrival.by_code or arrival.admitted or is_open(wave, incoming.now))
        if is_late and not _may_wait(wave.closed_at, incoming, arrival):
            template = "Đợt khảo sát «{wave}» không nhận phiếu vào lúc này."
            raise reject("wave_closed", template, wave=wave.code)
        if content.get("partial") and content["mode"] in ALONE and not wave.keeps_partial:
            template = "Đợt khảo sát «{wave}» không giữ phiếu mà người trả lời bỏ dở."
            raise reject("partial_not_kept", template, wave=wave.code)
        placed = arrival.placed
        if placed is not None:
            content = {**content, "collection_point": placed.point, "unit": placed.unit}
        point, questionnaire = self._point(wave, content["collection_point"])
        if point.by_code and not arrival.by_code:
            template = "Điểm lấy ý kiến «{point}» chỉ nhận phiếu theo mã dùng một lần."
            raise reject("by_code", template, point=point.code)
        is_shut = not (arrival.by_code or arrival.admitted or is_collecting(point, incoming.now))
        if is_shut and not _may_wait(point.closed_at, incoming, arrival):
            template = "Điểm lấy ý kiến «{point}» đã đóng nên không nhận phiếu."
            raise reject("point_closed", template, point=point.code)
        ends = (wave.closed_at if is_late else None, point.closed_at if is_shut else None)
        begun = corrected(content.get("started_at"), arrival.clock_offset)
        if begun and wave.opened_at and begun < wave.opened_at:
            begun = None  # nobody knows when: its clock was set anew since
        unit_id = self._unit_of(point, content, arrival)
        return Place(
            wave_id=wave.id,
            point_id=point.id,
            point=point.code,
            unit_id=unit_id or point.unit_id,
            receiving_unit_id=point.unit_id,
            procedure_id=self._procedure(content.get("field")),
            questionnaire=questionnaire,
            hours=point.opening_hours,
            is_late=any(end and not takes_late(end, begun, incoming.now) for end in ends),
            is_outdated=unit_id is None or _is_elsewhere(point, content, arrival),
        )

    def form_of(self, incoming: Incoming, place: Place) -> Form | None:
        """The version of the form in the words the wave was opened with; None when not known.

        Raises `Rejected` for a form that is not used at this place.
        """
        questionnaire, version = incoming.content["questionnaire"], incoming.content["version"]
        used = (place.wave_id, questionnaire, version)
        if used not in self._checksums:
            self._checksums[used] = self._session.scalar(_FORM, dict(zip(_USED, used, strict=True)))
        checksum = self._checksums[used]
        if checksum is None:
            return None
        if questionnaire != place.questionnaire:
            template = "Điểm lấy ý kiến «{point}» không dùng phiếu «{questionnaire}»."
            fields = {"point": place.point, "questionnaire": questionnaire}
            raise reject("wrong_questionnaire", template, **fields)
        try:
            form = read_form(self._catalogue, f"{questionnaire}/{version}", checksum)
        except Refusal:
            return None
        return form if form.checksum == checksum else None

    def _wave(self, code: str) -> Wave:
        if code not in self._waves:
            self._waves[code] = self._session.scalar(_WAVE, {"wave": code})
        wave = self._waves[code]
        if wave is None:
            raise reject("unknown_wave", "Không có đợt khảo sát «{wave}».", wave=code)
        return wave

    def _point(self, wave: Wave, code: str) -> tuple[CollectionPoint, str]:
        named = (wave.id, code)
        if named not in self._points:
            row = self._session.execute(_POINT, {"wave": wave.id, "point": code}).one_or_none()
            self._points[named] = (row[0], row[1]) if row else None
        found = self._points[named]
        if found is None:
            template = "Điểm lấy ý kiến «{point}» không thuộc đợt khảo sát."
            raise reject("unknown_point", template, point=code)
        return found

    def _unit_of(
        self, point: CollectionPoint, content: Mapping[str, Any], arrival: Arrival
    ) -> int | None:
        """The rated unit; None where a device could not know which agencies there are by now."""
        try:
            return self._rated_unit(point, content)
        except Rejected:
            if not (arrival.may_wait and self._was_so(point, content.get("unit"))):
                raise
        return None

    def _was_so(self, point: CollectionPoint, unit: str | None) -> bool:
        """Whether a point may have had no agencies, and did have the one that a form names."""
        named = {"point": point.id, "unit": unit}
        return unit is None or self._session.scalar(_RATED, named) is not None

    def _rated_unit(self, point: CollectionPoint, content: Mapping[str, Any]) -> int:
        """The unit of the counter; at a one-stop centre the agency that resolved the dossier.

        Who left a form at a centre before choosing an agency has rated the centre.
        """
        given = content.get("unit")
        if point.id not in self._offered:
            rows = self._session.execute(_OFFERED, {"point": point.id, "unit": point.unit_id})
            self._offered[point.id] = dict(iter(rows))
        offered = self._offered[point.id]
        if given is None and (len(offered) == 1 or content.get("partial")):
            return point.unit_id
        if given is None:
            template = "Phiếu ở điểm lấy ý kiến «{point}» phải ghi cơ quan giải quyết hồ sơ."
            raise reject("missing_unit", template, point=point.code)
        if given not in offered:
            template = "Đơn vị «{unit}» không khớp với điểm lấy ý kiến «{point}»."
            raise reject("wrong_unit", template, unit=given, point=point.code)
        return offered[given]

    def _procedure(self, code: str | None) -> int | None:
        if code is None:
            return None
        if code not in self._procedures:
            self._procedures[code] = self._session.scalar(_PROCEDURE, {"field": code})
        found = self._procedures[code]
        if found is None:
            raise reject("unknown_field", "Không có lĩnh vực hoặc thủ tục «{field}».", field=code)
        return found


@lru_cache(maxsize=64)
def read_form(catalogue: Catalogue, name: str, _wanted: str) -> Form:
    """Read a definition once, not at every response; `_wanted` is the checksum asked for.

    Raises `Refusal` when the catalogue does not have it.
    """
    loaded = catalogue.questionnaire(name)
    scales = tuple(item.code for item in loaded.definition.items if item.kind == "scale")
    return Form(loaded.definition, loaded.checksum, dictionary(loaded.definition), scales)


def _is_elsewhere(point: CollectionPoint, content: Mapping[str, Any], arrival: Arrival) -> bool:
    """Whether its sender does not stand at the point, or for the procedure, that a form names."""
    if arrival.stands_at not in (None, point.code):
        return True
    field = content.get("field")
    return field is not None and arrival.fields is not None and field not in arrival.fields


def _may_wait(closed_at: datetime | None, incoming: Incoming, arrival: Arrival) -> bool:
    """Whether a form may have waited, on a device or here, since before what it is for ended."""
    from_device = arrival.device_id is not None and incoming.content["mode"] in FROM_DEVICES
    has_waited = from_device or arrival.from_draft
    return has_waited and closed_at is not None and closed_at <= incoming.now


# Built once: building takes longer than running.
_USED: Final = ("wave", "questionnaire", "version")
_FORM: Final = select(WaveForm.checksum).where(
    WaveForm.wave_id == bindparam("wave"),
    WaveForm.questionnaire == bindparam("questionnaire"),
    WaveForm.version == bindparam("version"),
)
_WAVE: Final = select(Wave).where(Wave.code == bindparam("wave"))
_POINT: Final = (
    select(CollectionPoint, WavePoint.questionnaire)
    .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
    .where(CollectionPoint.code == bindparam("point"), WavePoint.wave_id == bindparam("wave"))
)
_AGENCIES: Final = select(PointUnit.unit_id).where(PointUnit.point_id == bindparam("point"))
_OFFERED: Final = select(Unit.code, Unit.id).where(
    or_(Unit.id == bindparam("unit"), Unit.id.in_(_AGENCIES))
)
_RATED: Final = (
    select(Response.id)
    .join(Unit, Unit.id == Response.unit_id)
    .where(Response.point_id == bindparam("point"), Unit.code == bindparam("unit"))
    .limit(1)
)
_PROCEDURE: Final = select(Procedure.id).where(Procedure.code == bindparam("field"))
