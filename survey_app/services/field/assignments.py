"""Assignments of a wave: which tablet interviews which area, how many households, by which rule."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import KISH, NEXT_BIRTHDAY, Assignment, Interview, Visit
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.door.columns import frame_value, is_frame_number, whole
from survey_app.services.field.interviews import frame_of
from survey_app.services.field.private_items import private_items
from survey_app.services.field.tablets import tablet_row, working_tablets
from survey_app.services.plan.waves import frame_keys
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sheets import plain

CODE: Final = re.compile(r"[\w.-]{1,64}")
MOST_HOUSEHOLDS: Final = 10_000  # of an area, and as many substitutes
# How the rules are written in tables, folded.
RULES: Final = {
    "": KISH,
    "kish": KISH,
    "bảng kish": KISH,
    "next_birthday": NEXT_BIRTHDAY,
    "sinh nhật": NEXT_BIRTHDAY,
    "sinh nhật gần nhất": NEXT_BIRTHDAY,
    "sinh nhật tới": NEXT_BIRTHDAY,
}
# Parts of an assignment, each with the titles of its column; the first is used in messages.
PARTS: Final = {
    "code": ("mã phân công", "mã", "code"),
    "point": ("điểm lấy ý kiến", "collection_point"),
    "tablet": ("máy", "tablet"),
    "selection": ("cách chọn", "selection"),
    "quota": ("số hộ", "quota"),
    "reserve": ("hộ dự phòng", "dự phòng", "reserve"),
}
OPEN, CLOSED, FREE = "open", "closed", "free"
ADDED, CHANGED_ONE, CLOSED_ONE, REOPENED, IMPORTED = (
    "add_assignment",
    "change_assignment",
    "close_assignment",
    "reopen_assignment",
    "import_assignments",
)


@dataclass(frozen=True)
class Planned:
    """An assignment as it is asked for, all names found."""

    code: str
    point_id: int
    device_id: int | None
    selection: str
    quota: int
    reserve: int
    frame: Mapping[str, str] = field(default_factory=dict)

    @property
    def frame_text(self) -> str | None:
        """What is kept of the sampling frame."""
        return json.dumps(dict(self.frame), ensure_ascii=False) if self.frame else None


@dataclass(frozen=True)
class AssignmentLine:
    """An assignment in a list."""

    id: int
    code: str
    point: str
    point_name: str
    unit: str
    device_id: int | None
    tablet: str | None
    surveyor: str | None
    selection: str
    quota: int
    reserve: int
    frame: tuple[tuple[str, str], ...]
    closed_at: datetime | None


@dataclass(frozen=True)
class Choices:
    """What an assignment can be made of: points (code, name), tablets, frame keys, forms."""

    points: tuple[tuple[str, str], ...]
    tablets: tuple[tuple[str, str], ...]
    frame: tuple[str, ...]
    forms: tuple[tuple[str, int], ...]


class Reader:
    """Reads assignments of a wave, from a form or a table, against what there is."""

    def __init__(self, session: Session, wave: Wave) -> None:
        """Look up the points and tablets once."""
        points = session.execute(
            select(CollectionPoint.id, CollectionPoint.code, CollectionPoint.name)
            .add_columns(CollectionPoint.units.any().label("is_centre"))
            .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
            .where(WavePoint.wave_id == wave.id, CollectionPoint.by_code.is_(False))
        ).all()
        self._centres = {row.id for row in points if row.is_centre}
        self._points = _by_name([(row.code, row.name, row.id) for row in points])
        self._tablets = {_folded(name): one for one, name, _label in working_tablets(session)}
        self.frame = frame_keys(session, wave)

    def read(self, given: Mapping[str, str], frame: Mapping[str, str]) -> Planned:
        """An assignment from its texts; raises `Refusal` naming the column."""
        code = given.get("code", "").strip()
        if not CODE.fullmatch(code):
            template = (
                "Cột «{column}»: mã «{value}» phải có từ 1 đến 64 chữ, số, dấu chấm hoặc gạch nối."
            )
            raise Refusal(template, column=PARTS["code"][0], value=code[:80])
        return Planned(
            code=code,
            point_id=self._point(given.get("point", "")),
            device_id=self._tablet(given.get("tablet", "")),
            selection=_selection(given.get("selection", "")),
            quota=_count("quota", given.get("quota", ""), 1),
            reserve=_count("reserve", given.get("reserve", "") or "0", 0),
            frame={
                key: frame_value(key, cell.strip(), is_frame_number(key, self._numbers))
                for key, cell in frame.items()
            },
        )

    @property
    def _numbers(self) -> frozenset[str]:
        return frozenset(key for key, is_number in self.frame.items() if is_number)

    def _point(self, given: str) -> int:
        found = self._points.get(_folded(given), ())
        fields = {"column": PARTS["point"][0], "value": given.strip()[:80]}
        if not found:
            template = "Cột «{column}»: đợt khảo sát không có điểm lấy ý kiến «{value}»."
            raise Refusal(template, **fields)
        if len(found) > 1:
            template = "Cột «{column}»: có nhiều điểm lấy ý kiến tên «{value}». Xin ghi mã."
            raise Refusal(template, **fields)
        if found[0] in self._centres:
            template = (
                "Cột «{column}»: «{value}» nhận hồ sơ của nhiều cơ quan nên không là địa bàn được: "
                "ở hộ không ai biết phiếu đánh giá cơ quan nào."
            )
            raise Refusal(template, **fields)
        return found[0]

    def _tablet(self, given: str) -> int | None:
        if not given.strip():
            return None
        found = self._tablets.get(_folded(given))
        if found is None:
            template = "Cột «{column}»: không có máy «{value}» đang dùng."
            raise Refusal(template, column=PARTS["tablet"][0], value=given.strip()[:80])
        return found


def assignments_of(session: Session, wave: Wave, asked: Asked) -> Cut[AssignmentLine]:
    """A page of the assignments of a wave, or of those that are open, closed or without tablet."""
    among = {
        FREE: lambda line: line.device_id is None and line.closed_at is None,
        OPEN: lambda line: line.closed_at is None,
        CLOSED: lambda line: line.closed_at is not None,
    }
    lines = assignments_in(session, wave)
    if asked.only in among:
        lines = [line for line in lines if among[asked.only](line)]
    return cut(lines, _text_of, asked)


def assignments_in(session: Session, wave: Wave) -> list[AssignmentLine]:
    """All assignments of a wave, by code."""
    query = _lines().where(Assignment.wave_id == wave.id).order_by(Assignment.code)
    return [_line(*row) for row in session.execute(query)]


def choices_of(session: Session, wave: Wave) -> Choices:
    """What a new assignment of a wave can be made of, and how many questions of it are private.

    A desk of a one-stop centre is no area: an interview at home names no agency.
    """
    points = session.execute(
        select(CollectionPoint.code, CollectionPoint.name, Unit.name)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .where(WavePoint.wave_id == wave.id, CollectionPoint.by_code.is_(False))
        .where(CollectionPoint.closed_at.is_(None), ~CollectionPoint.units.any())
        .order_by(CollectionPoint.code)
    )
    forms = sorted((form.name, form) for form in wave.forms)
    return Choices(
        points=tuple((code, f"{name} – {unit}") for code, name, unit in points),
        tablets=tuple((name, label) for _id, name, label in working_tablets(session)),
        frame=tuple(frame_keys(session, wave)),
        forms=tuple((name, len(private_items(form))) for name, form in forms),
    )


def assignment_line(session: Session, wave: Wave, code: str) -> AssignmentLine:
    """One assignment of a wave; raises `NotFound`."""
    query = _lines().where(Assignment.id == assignment_in(session, wave, code).id)
    return _line(*session.execute(query).one())


def assignment_in(session: Session, wave: Wave, code: str) -> Assignment:
    """The assignment of a wave with a code; raises `NotFound`."""
    query = select(Assignment).where(Assignment.wave_id == wave.id, Assignment.code == code)
    found = session.scalar(query)
    if found is None:
        raise NotFound("Không có phân công «{code}» trong đợt khảo sát này.", code=code)
    return found


def add_assignment(session: Session, wave: Wave, planned: Planned) -> Assignment:
    """Add an assignment; raises `Refusal` when its code is taken, in whatever wave."""
    if session.scalar(select(Assignment.id).where(Assignment.code == planned.code)) is not None:
        raise Refusal("Đã có phân công mang mã «{code}».", code=planned.code)
    found = new_assignment(wave, planned)
    session.add(found)
    session.flush()
    return found


def new_assignment(wave: Wave, planned: Planned) -> Assignment:
    """An assignment as it is planned."""
    found = Assignment(code=planned.code, wave_id=wave.id)
    set_to(found, planned)
    return found


def set_to(assignment: Assignment, planned: Planned) -> None:
    """Make an assignment what is planned."""
    assignment.point_id, assignment.selection = planned.point_id, planned.selection
    assignment.device_id = planned.device_id
    assignment.quota, assignment.reserve = planned.quota, planned.reserve
    assignment.frame = planned.frame_text


def check_change(assignment: Assignment, planned: Planned, has_begun: bool) -> None:
    """Raise `Refusal` where a plan moves work that has begun: area and selection stay then."""
    moved = (assignment.point_id, assignment.selection) != (planned.point_id, planned.selection)
    if moved and has_begun:
        template = "Phân công «{code}» đã có lần tiếp cận nên không đổi điểm và cách chọn được."
        raise Refusal(template, code=assignment.code)


def is_as(assignment: Assignment, planned: Planned) -> bool:
    """Say whether an assignment is what is planned already."""
    places = (assignment.point_id, assignment.device_id, assignment.selection)
    numbers = (assignment.quota, assignment.reserve)
    return (
        places == (planned.point_id, planned.device_id, planned.selection)
        and numbers == (planned.quota, planned.reserve)
        and frame_of(assignment) == dict(planned.frame)
    )


def reassign(session: Session, assignment: Assignment, device_id: int | None) -> None:
    """Give an assignment to a tablet, or to none; what the old one still sends is taken."""
    if device_id is not None:
        device = tablet_row(session, device_id)
        if device.retired_at is not None or device.revoked_at is not None:
            raise Refusal("Máy «{name}» không còn dùng nên không nhận phân công.", name=device.name)
    assignment.device_id = device_id
    session.flush()


def set_households(assignment: Assignment, quota: str, reserve: str) -> None:
    """Change how many households are visited, and how many may stand in for others."""
    counts = _count("quota", quota, 1), _count("reserve", reserve or "0", 0)
    assignment.quota, assignment.reserve = counts


def close_assignment(assignment: Assignment, now: datetime) -> None:
    """End the work on an assignment; what was collected before is still taken."""
    if assignment.closed_at is not None:
        raise Stale("Phân công này đã đóng trước đó.")
    assignment.closed_at = now


def reopen_assignment(assignment: Assignment) -> None:
    """Take the work on a closed assignment up again."""
    assignment.closed_at = None


def begun_ones(session: Session, wave: Wave) -> frozenset[int]:
    """The assignments of a wave whose work has begun: with a call or an interview."""
    own = select(Assignment.id).where(Assignment.wave_id == wave.id)
    visits = select(Visit.assignment_id).where(Visit.assignment_id.in_(own))
    interviews = select(Interview.assignment_id).where(Interview.assignment_id.in_(own))
    return frozenset(session.scalars(union(visits, interviews)))


def _lines() -> Any:
    return (
        select(Assignment, CollectionPoint, Unit.name, Device)
        .join(CollectionPoint, CollectionPoint.id == Assignment.point_id)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .outerjoin(Device, Device.id == Assignment.device_id)
    )


def _line(
    assignment: Assignment, point: CollectionPoint, unit: str, device: Device | None
) -> AssignmentLine:
    return AssignmentLine(
        id=assignment.id,
        code=assignment.code,
        point=point.code,
        point_name=point.name,
        unit=unit,
        device_id=assignment.device_id,
        tablet=device.name if device else None,
        surveyor=device.surveyor if device else None,
        selection=assignment.selection,
        quota=assignment.quota,
        reserve=assignment.reserve,
        frame=tuple(frame_of(assignment).items()),
        closed_at=assignment.closed_at,
    )


def _text_of(line: AssignmentLine) -> str:
    parts = (line.code, line.point, line.point_name, line.unit, line.tablet, line.surveyor)
    return " ".join(part for part in parts if part)


def _by_name(rows: list[tuple[str, str, int]]) -> dict[str, tuple[int, ...]]:
    """Points by code and by name; a code wins, a name may be that of several."""
    found: dict[str, tuple[int, ...]] = {}
    for _code, name, identity in rows:
        found[_folded(name)] = (*found.get(_folded(name), ()), identity)
    return found | {_folded(code): (identity,) for code, _name, identity in rows}


def _selection(given: str) -> str:
    found = RULES.get(_folded(given))
    if found is None:
        template = "Cột «{column}»: không có cách chọn «{value}». Xin ghi Kish hoặc sinh nhật."
        raise Refusal(template, column=PARTS["selection"][0], value=given.strip()[:80])
    return found


def _count(part: str, given: str, least: int) -> int:
    text = whole(given.strip())
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= MOST_HOUSEHOLDS:
        return int(text)
    template = "Cột «{column}» phải là số nguyên từ {least} đến {most}, không phải «{value}»."
    fields = {"least": least, "most": MOST_HOUSEHOLDS, "value": given.strip()[:40]}
    raise Refusal(template, column=PARTS[part][0], **fields)


def _folded(text: str) -> str:
    return plain(text).casefold()
