"""Kiosks: prepared by an administrator, enrolled once with a code, left with a PIN."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.accounts import AuditEntry, Device
from survey_app.models.waves import CollectionPoint, Procedure, Wave, WaveForm, WavePoint
from survey_app.services.counter.links import link_to, read_token, signer
from survey_app.services.door.sealing import PublicKey
from survey_app.services.field.devices import device_of, give_code, hash_token, prepare_device
from survey_app.services.field.enrolment import Gate, Outcome, enrol, failures
from survey_app.services.field.packages import questionnaire_package
from survey_app.services.operation.accounts import hash_secret, record, secret_fits
from survey_app.services.plan.waves import Door, is_collecting, is_open
from survey_app.services.tables.sorting import vietnamese

KIOSK: Final = "kiosk"
CODE_LIFETIME: Final = timedelta(hours=1)
MOST_TRIES: Final = 10  # wrong codes at a counter within ten minutes, before all are refused
WRONG_PINS: Final = 5
PIN_LOCKED: Final = timedelta(minutes=15)
PREPARED, ENROLLED, REVOKED = "kiosk_prepared", "kiosk_enrolled", "kiosk_revoked"
CODE_FAILED, PIN_FAILED, UNLOCKED, LEFT = (
    "kiosk_code_failed",
    "kiosk_pin_failed",
    "kiosk_unlocked",
    "kiosk_left",
)


@dataclass(frozen=True)
class Kiosk:
    """An enrolled kiosk, as its door needs to know it."""

    id: int
    name: str
    point_id: int


@dataclass(frozen=True)
class Listed:
    """A kiosk as administrators see it; `state` is waiting, expired, active or revoked."""

    id: int
    name: str
    point: str
    unit: str
    state: str
    last_seen_at: datetime | None
    queue_length: int | None
    app_version: str | None
    doors: tuple[tuple[str, str], ...]


def hash_pin(pin: str) -> str:
    """The hash of a PIN, slow on purpose; raises `Refusal` for one that is not 4 to 8 digits."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise Refusal("Mã PIN phải có từ 4 đến 8 chữ số.")
    return hash_secret(pin)


def prepare_kiosk(
    session: Session, point_id: int, name: str, pin_hash: str, now: datetime
) -> tuple[Device, str]:
    """Prepare a kiosk for a counter; returns it and the enrolment code, which is not kept."""
    if session.get(CollectionPoint, point_id) is None:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    device = prepare_device(session, name, KIOSK, now)
    device.point_id, device.pin_hash = point_id, pin_hash
    code = give_code(device, now + CODE_LIFETIME)
    session.flush()
    return device, code


def renew_code(session: Session, device_id: int, now: datetime) -> tuple[Device, str]:
    """A new enrolment code for a kiosk; the browser enrolled before loses its place with it."""
    device = _kiosk_row(session, device_id)
    code = give_code(device, now + CODE_LIFETIME)
    session.flush()
    return device, code


def enrol_kiosk(session: Session, point_id: int, code: str, now: datetime) -> Outcome:
    """Enrol a browser at a counter with the code of a prepared kiosk; the code is then spent.

    Ten wrong codes at a counter within ten minutes refuse further ones there for a while.
    """
    point = session.get(CollectionPoint, point_id)
    if point is None:
        return Outcome(refusal=wrong_code())
    gate = Gate(
        conditions=(Device.kind == KIOSK, Device.point_id == point_id),
        subject=point.code,
        failed=CODE_FAILED,
        enrolled=ENROLLED,
        most_tries=MOST_TRIES,
        wrong_code=wrong_code(),
    )
    return enrol(session, gate, code, now)


def wrong_code() -> Refusal:
    """What is said of a code, whatever is wrong with it."""
    return Refusal("Mã đăng ký chưa đúng, đã hết hạn hoặc dành cho quầy khác. Xin nhập lại.")


def kiosk_of(session: Session, token: str | None) -> Kiosk | None:
    """The kiosk that holds a token; None when there is none, or it was revoked."""
    device = device_of(session, token) if token else None
    if device is None or device.kind != KIOSK or device.point_id is None:
        return None
    return Kiosk(device.id, device.name, device.point_id)


def check_counter(session: Session, kiosk: Kiosk, point_id: int) -> None:
    """Raise `Refusal` when a link leads to another counter than that of the kiosk."""
    if kiosk.point_id == point_id:
        return
    own = session.get_one(CollectionPoint, kiosk.point_id)
    raise Refusal(
        "Máy này đã đăng ký cho «{own}». Xin mở liên kết của đúng quầy đó, hoặc nhờ người quản "
        "trị cấp mã mới cho quầy này.",
        own=own.name,
    )


def field_named(session: Session, kiosk: Kiosk, token: str, secret_key: str) -> str | None:
    """The code of the procedure or field that a kiosk's link names; None for none.

    A link that was revoked or is over still says what the kiosk was opened for; one that nobody can
    read any more, or that leads to another counter, says nothing.
    """
    try:
        link = read_token(session, token, secret_key)
    except (Gone, NotFound):
        return None
    if link.procedure_id is None or link.point_id != kiosk.point_id:
        return None
    return session.get_one(Procedure, link.procedure_id).code


def pin_fits(session: Session, kiosk: Kiosk, pin: str) -> bool:
    """Say whether this is the PIN of a kiosk; slow on purpose, so in a reading session."""
    stored = session.get_one(Device, kiosk.id).pin_hash
    session.rollback()  # no connection is held while the processor works
    return secret_fits(stored, pin)


def use_pin(session: Session, kiosk: Kiosk, fits: bool, now: datetime) -> Refusal | None:
    """What a PIN means after `pin_fits`; five wrong ones lock the pad for fifteen minutes."""
    device = session.scalars(
        select(Device).where(Device.id == kiosk.id).with_for_update()
    ).one_or_none()
    if device is None:
        raise NotFound("Không có ki-ốt này.")
    since = now - PIN_LOCKED
    opened = session.scalar(
        select(func.max(AuditEntry.at)).where(
            AuditEntry.action == UNLOCKED, AuditEntry.subject == device.name, AuditEntry.at > since
        )
    )
    wrong = failures(session, PIN_FAILED, device.name, max(since, opened or since))
    if wrong >= WRONG_PINS:
        return Refusal("Đã nhập sai mã PIN 5 lần. Bàn phím tạm khóa 15 phút.")
    action = UNLOCKED if fits else PIN_FAILED
    record(session, None, action, device.name, now)
    session.flush()
    if fits:
        return None
    left = WRONG_PINS - wrong - 1
    if left == 0:
        return Refusal("Đã nhập sai mã PIN 5 lần. Bàn phím tạm khóa 15 phút.")
    return Refusal("Mã PIN chưa đúng. Còn {n} lần thử.", n=left)


def leave(session: Session, kiosk: Kiosk, now: datetime) -> None:
    """End kiosk mode on the browser that holds the token; a new code enrols it again."""
    device = session.get_one(Device, kiosk.id)
    device.token_hash = hash_token(secrets.token_urlsafe(32))
    device.revoked_at = now
    record(session, None, LEFT, device.name, now)
    session.flush()


def revoke_kiosk(session: Session, device_id: int, now: datetime) -> Device:
    """Take a kiosk's place away, and a code it was given; raises `NotFound`."""
    device = _kiosk_row(session, device_id)
    device.revoked_at = device.revoked_at or now
    device.enrolment_hash, device.enrolment_until = None, None
    session.flush()
    return device


def points(session: Session, now: datetime) -> list[tuple[int, str]]:
    """The counters of waves that are not over, where a kiosk can stand, by the names of units."""
    rows = session.scalars(
        select(CollectionPoint)
        .options(joinedload(CollectionPoint.unit))
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .join(Wave, Wave.id == WavePoint.wave_id)
        .where(CollectionPoint.closed_at.is_(None), CollectionPoint.by_code.is_(False))
        .where(or_(Wave.closed_at.is_(None), Wave.closed_at > now))
        .distinct()
    )
    named = [(point.id, f"{point.unit.name} – {point.name} ({point.code})") for point in rows]
    return sorted(named, key=lambda one: vietnamese(one[1]))


def list_kiosks(session: Session, secret_key: str, now: datetime) -> list[Listed]:
    """All kiosks with the paths of their doors now, by wave; needs a writing session."""
    rows = session.execute(
        select(Device, CollectionPoint)
        .join(CollectionPoint, CollectionPoint.id == Device.point_id)
        .options(joinedload(CollectionPoint.unit))
        .where(Device.kind == KIOSK)
        .order_by(Device.name)
    ).all()
    token, waves = signer(session, secret_key, now), _waves(session)
    found = []
    for device, point in rows:
        open_ones = [wave for wave, _place in waves[point.id] if is_open(wave, now)]
        doors = tuple(
            (wave.title, token(link_to(session, wave, point, now)))
            for wave in (open_ones if is_collecting(point, now) else ())
        )
        listed = (device.last_seen_at, device.queue_length, device.app_version)
        names = (device.id, device.name, point.name, point.unit.name)
        found.append(Listed(*names, _state(device, now), *listed, doors))
    return found


def kiosk_package(
    session: Session, door: Door, key: PublicKey, catalogue: Catalogue
) -> dict[str, Any]:
    """All that a kiosk needs to ask without a network; raises `Gone` when the form has changed."""
    form = session.get(WaveForm, (door.wave_id, door.questionnaire, door.version))
    name = f"{door.questionnaire}/{door.version}"
    asked = questionnaire_package(catalogue, name, form.checksum) if form else None
    if asked is None:
        raise Gone("Điểm lấy ý kiến này hiện không nhận phiếu. Xin cảm ơn Ông/Bà đã quan tâm.")
    return {
        "wave": door.wave,
        "collection_point": door.point,
        "unit_name": door.unit_name,
        "agencies": [{"code": code, "name": name} for code, name in door.agencies],
        "field": door.field,
        "field_name": door.field_name,
        "is_procedure": door.is_procedure,
        "keeps_partial": session.get_one(Wave, door.wave_id).keeps_partial,
        "key": {"wave_id": key.wave_id, "point": key.point},
        "questionnaire": asked,
    }


def _waves(session: Session) -> Mapping[int, list[tuple[Wave, WavePoint]]]:
    """The waves of each counter with a kiosk, the newest first, and its places in them.

    While a caller holds them, `link_to` finds the places in the session and asks for none.
    """
    kiosks = select(Device.point_id).where(Device.kind == KIOSK)
    rows = session.execute(
        select(WavePoint, Wave)
        .join(Wave, Wave.id == WavePoint.wave_id)
        .where(WavePoint.point_id.in_(kiosks))
        .order_by(Wave.id.desc())
    )
    found: dict[int, list[tuple[Wave, WavePoint]]] = defaultdict(list)
    for place, wave in rows:
        found[place.point_id].append((wave, place))
    return found


def _kiosk_row(session: Session, device_id: int) -> Device:
    device = session.get(Device, device_id)
    if device is None or device.kind != KIOSK:
        raise NotFound("Không có ki-ốt này.")
    return device


def _state(device: Device, now: datetime) -> str:
    if device.enrolment_hash is not None and device.enrolment_until is not None:
        return "waiting" if now < device.enrolment_until else "expired"
    return "revoked" if device.revoked_at else "active"
