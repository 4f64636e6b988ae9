"""Tablets of surveyors: prepared with a one-time code, listed with what they say, taken back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import Assignment
from survey_app.models.responses import Response, ResponseQuality
from survey_app.models.waves import CollectionPoint, Wave
from survey_app.services.field.devices import give_code, prepare_device, readable
from survey_app.services.field.enrolment import TABLET
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sorting import vietnamese

CODE_LIFETIME: Final = timedelta(hours=24)
SILENCE: Final = timedelta(days=3)  # with forms waiting: somebody should go and see
ACTIVE, WAITING, EXPIRED, RETIRED, REVOKED = "active", "waiting", "expired", "retired", "revoked"
STATES: Final = (ACTIVE, WAITING, EXPIRED, RETIRED, REVOKED)
SILENT: Final = "silent"
# What is recorded of each deed.
DEEDS: Final = {
    "prepare": "tablet_prepared",
    "renew": "tablet_code",
    "retire": "tablet_retired",
    "resume": "tablet_resumed",
    "revoke": "tablet_revoked",
    "rename": "tablet_surveyor",
}


@dataclass(frozen=True)
class Tablet:
    """A tablet as administrators see it; `state` is one of `STATES`.

    It is `silent` when forms waited on it at its last contact and that is three days ago.
    `assignments` counts those it still works on.
    """

    id: int
    name: str
    surveyor: str | None
    state: str
    last_seen_at: datetime | None
    queue_length: int | None
    app_version: str | None
    silent: bool
    assignments: int


@dataclass(frozen=True)
class TabletPage:
    """One tablet with its work (wave, its title, assignment, place, closed or not).

    `clock_offset` is by how many seconds its clock was behind ours when it last sent a form.
    """

    tablet: Tablet
    clock_offset: int | None
    work: tuple[tuple[str, str, str, str, bool], ...]


def prepare_tablet(session: Session, name: str, surveyor: str, now: datetime) -> tuple[Device, str]:
    """Prepare a tablet for a surveyor; returns it and the enrolment code, which is not kept."""
    device = prepare_device(session, name, TABLET, now)
    device.surveyor = _surveyor(surveyor)
    code = give_code(device, now + CODE_LIFETIME)
    session.flush()
    return device, code


def renew_code(session: Session, device_id: int, now: datetime) -> tuple[Device, str]:
    """A new enrolment code, also for a tablet that was revoked and has been found again.

    The browser enrolled before loses its place when the code is used. Raises `Refusal` for a
    retired tablet, which is taken back into use first.
    """
    device = tablet_row(session, device_id)
    if device.retired_at is not None:
        raise Refusal("Máy này đã thôi dùng. Xin đưa vào dùng lại rồi cấp mã.")
    code = give_code(device, now + CODE_LIFETIME)
    session.flush()
    return device, code


def retire(session: Session, device_id: int, now: datetime) -> Device:
    """Give a tablet nothing more to collect; what waits on it is still taken."""
    device = tablet_row(session, device_id)
    device.retired_at = device.retired_at or now
    device.enrolment_hash, device.enrolment_until = None, None
    session.flush()
    return device


def resume(session: Session, device_id: int) -> Device:
    """Take a retired tablet back into use."""
    device = tablet_row(session, device_id)
    device.retired_at = None
    session.flush()
    return device


def revoke(session: Session, device_id: int, now: datetime) -> Device:
    """A tablet is lost: its token is worth nothing any more, nor is a code it was given."""
    device = tablet_row(session, device_id)
    device.revoked_at = device.revoked_at or now
    device.enrolment_hash, device.enrolment_until = None, None
    session.flush()
    return device


def give_to(session: Session, device_id: int, surveyor: str) -> Device:
    """Write down that another surveyor works with a tablet."""
    device = tablet_row(session, device_id)
    device.surveyor = _surveyor(surveyor)
    session.flush()
    return device


def tablet_row(session: Session, device_id: int) -> Device:
    """The tablet with an id; raises `NotFound`."""
    device = session.get(Device, device_id)
    if device is None or device.kind != TABLET:
        raise NotFound("Không có máy tính bảng này.")
    return device


def tablets(session: Session, asked: Asked, now: datetime) -> Cut[Tablet]:
    """A page of all tablets, or of those in a state or `SILENT`; silent ones stand first."""
    found = [tablet for tablet in _all(session, now) if _is_among(tablet, asked.only)]
    found.sort(key=lambda tablet: (not tablet.silent, vietnamese(tablet.name)))
    return cut(found, lambda tablet: f"{tablet.name} {tablet.surveyor or ''}", asked)


def silent_count(session: Session, now: datetime) -> int:
    """How many tablets have been silent for three days while forms wait on them."""
    return sum(tablet.silent for tablet in _all(session, now))


def tablet_page(session: Session, device_id: int, now: datetime) -> TabletPage:
    """One tablet, with its assignments in all waves, the newest first; raises `NotFound`."""
    device = tablet_row(session, device_id)
    rows = session.execute(
        select(Wave.code, Wave.title, Assignment.code, CollectionPoint.name, Assignment.closed_at)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(CollectionPoint, CollectionPoint.id == Assignment.point_id)
        .where(Assignment.device_id == device_id)
        .order_by(Wave.id.desc(), Assignment.code)
    )
    work = tuple((*row[:4], row[4] is not None) for row in rows)
    offset = session.scalar(
        select(ResponseQuality.clock_offset)
        .join(Response, Response.id == ResponseQuality.response_id)
        .where(ResponseQuality.device_id == device_id, ResponseQuality.clock_offset.is_not(None))
        .order_by(Response.received_at.desc())
        .limit(1)
    )
    open_ones = sum(not closed for *_, closed in work)
    return TabletPage(_tablet(device, open_ones, now), offset, work)


def working_tablets(session: Session) -> list[tuple[int, str, str]]:
    """The tablets that work can be given to: id, name, and name with surveyor."""
    query = select(Device).where(
        Device.kind == TABLET, Device.retired_at.is_(None), Device.revoked_at.is_(None)
    )
    found = sorted(session.scalars(query), key=lambda device: vietnamese(device.name))
    return [
        (one.id, one.name, f"{one.name} – {one.surveyor}" if one.surveyor else one.name)
        for one in found
    ]


def _all(session: Session, now: datetime) -> list[Tablet]:
    open_ones = dict(
        iter(
            session.execute(
                select(Assignment.device_id, func.count())
                .where(Assignment.closed_at.is_(None))
                .group_by(Assignment.device_id)
            )
        )
    )
    devices = session.scalars(select(Device).where(Device.kind == TABLET))
    return [_tablet(device, open_ones.get(device.id, 0), now) for device in devices]


def _tablet(device: Device, assignments: int, now: datetime) -> Tablet:
    seen = device.last_seen_at
    return Tablet(
        id=device.id,
        name=device.name,
        surveyor=device.surveyor,
        state=_state(device, now),
        last_seen_at=seen,
        queue_length=device.queue_length,
        app_version=device.app_version,
        silent=bool(device.queue_length) and seen is not None and now - seen > SILENCE,
        assignments=assignments,
    )


def _state(device: Device, now: datetime) -> str:
    if device.enrolment_hash is not None and device.enrolment_until is not None:
        return WAITING if now < device.enrolment_until else EXPIRED
    if device.revoked_at is not None:
        return REVOKED
    return RETIRED if device.retired_at is not None else ACTIVE


def _is_among(tablet: Tablet, only: str) -> bool:
    return not only or tablet.state == only or (only == SILENT and tablet.silent)


def _surveyor(given: str) -> str:
    return readable(given, "Tên điều tra viên phải có từ 1 đến {most} ký tự đọc được.")
