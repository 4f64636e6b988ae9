"""Counters of a wave: what is known of each, its hours and agencies, closing, cards to print."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, contains_eager

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    LinkKey,
    PointUnit,
    Procedure,
    Wave,
    WaveForm,
    WavePoint,
)
from survey_app.services.counter.links import VALID_KEYS, link_to, signer
from survey_app.services.plan.waves import add_point, hold, is_collecting
from survey_app.services.tables.paging import Asked, Cut, cut
from survey_app.services.tables.sorting import vietnamese

LONGEST_NAME: Final = 120
WEEK: Final = {  # as in the JSON of opening hours
    "1": "Thứ Hai",
    "2": "Thứ Ba",
    "3": "Thứ Tư",
    "4": "Thứ Năm",
    "5": "Thứ Sáu",
    "6": "Thứ Bảy",
    "7": "Chủ nhật",
}
SPAN: Final = re.compile(r"(\d{1,2})[:hg](\d{2})\s*[-–]\s*(\d{1,2})[:hg](\d{2})")


@dataclass(frozen=True)
class PointLine:
    """A counter in a list."""

    code: str
    name: str
    unit_code: str
    unit: str
    form: str
    agencies: int
    closed_at: datetime | None
    token: str
    last_day: date


@dataclass(frozen=True)
class Card:
    """What is printed for one counter; `token` stands behind its QR code until `last_day`.

    `procedure` is the name of the one that answers will be about, where the code says so.
    """

    unit: str
    name: str
    token: str
    last_day: date
    procedure: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which cards are printed: of one counter (its code) or of all, with a procedure or without."""

    point: str | None = None
    procedure: Procedure | None = None


@dataclass(frozen=True)
class Rotation:
    """What changing the signing key does: codes printed in a period stop, None when none do."""

    newest: datetime | None
    stops_from: datetime | None
    stops_until: datetime | None


def points_of(
    session: Session, wave: Wave, asked: Asked, secret_key: str, now: datetime
) -> Cut[PointLine]:
    """A page of the counters of a wave, with the links that would be printed now.

    Needs a writing session: see `token_of`.
    """
    page = cut(counters_of(session, wave), lambda row: text_of(row[0]), asked)
    agencies = _agencies(session, [point.id for point, _place in page.lines])
    token, lines = signer(session, secret_key, now), []
    for point, place in page.lines:
        link = link_to(session, wave, point, now)
        lines.append(
            PointLine(
                code=point.code,
                name=point.name,
                unit_code=point.unit.code,
                unit=point.unit.name,
                form=place.form,
                agencies=agencies.get(point.id, 0),
                closed_at=None if is_collecting(point, now) else point.closed_at,
                token=token(link),
                last_day=link.last_day,
            )
        )
    return Cut(tuple(lines), page.total, page.found, page.page, page.pages)


def point_in(session: Session, wave: Wave, code: str) -> CollectionPoint:
    """A counter of a wave; raises `NotFound` when it does not collect for it."""
    query = select(CollectionPoint).join(WavePoint, WavePoint.point_id == CollectionPoint.id)
    point = session.scalar(query.where(WavePoint.wave_id == wave.id, CollectionPoint.code == code))
    if point is None:
        raise NotFound("Không tìm thấy điểm lấy ý kiến này.")
    return point


def units_on(session: Session, day: date) -> list[Unit]:
    """The units that exist on a day, by level and name."""
    ends = or_(Unit.valid_to.is_(None), Unit.valid_to > day)
    query = select(Unit).where(Unit.valid_from <= day, ends)
    found = session.scalars(query)
    return sorted(found, key=lambda unit: (unit.level, vietnamese(unit.name), unit.code))


def unit_named(units: Sequence[Unit], given: str) -> Unit:
    """The unit that a code or a full name means; raises `Refusal` for none or several."""
    text = unicodedata.normalize("NFC", given).strip()
    found = [unit for unit in units if unit.code == text] or [
        unit for unit in units if unit.name.casefold() == text.casefold()
    ]
    if not found:
        template = "Không có đơn vị «{unit}» đang hoạt động. Xin ghi đúng mã hoặc tên đầy đủ."
        raise Refusal(template, unit=text)
    if len(found) > 1:
        raise Refusal("Có nhiều đơn vị tên «{unit}». Xin ghi mã đơn vị.", unit=text)
    return found[0]


def form_named(session: Session, wave: Wave, name: str) -> WaveForm:
    """The form `code/version` of a wave; raises `Refusal` when the wave does not use it."""
    code, _, version = name.partition("/")
    form = session.get(WaveForm, (wave.id, code, version))
    if form is None:
        raise Refusal("Đợt khảo sát không dùng phiếu «{form}».", form=name)
    return form


def clean_name(given: str) -> str:
    """The name of a counter in one spelling; raises `Refusal` when it cannot be printed."""
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal("Tên quầy phải có từ 1 đến {most} ký tự.", most=LONGEST_NAME)
    return name


def add_counter(
    session: Session, wave: Wave, unit: Unit, name: str, form: WaveForm
) -> CollectionPoint:
    """Add a counter to a wave; raises `Refusal` when the unit has one of this name already."""
    name = clean_name(name)
    hold(session, wave)
    if any(
        point.unit_id == unit.id and point.name == name
        for point, _place in counters_of(session, wave)
    ):
        template = "Đơn vị «{unit}» đã có quầy «{name}» trong đợt này."
        raise Refusal(template, unit=unit.name, name=name)
    return add_point(session, wave, unit, name, form)


def set_agencies(session: Session, point: CollectionPoint, codes: Sequence[str], day: date) -> None:
    """Say which agencies a desk of a one-stop centre takes dossiers for; none for a plain counter.

    An agency that has ceased to exist meanwhile stays only if it is named again.
    """
    known = {unit.code: unit for unit in [*point.units, *units_on(session, day)]}
    unknown = [code for code in codes if code not in known]
    if unknown:
        template = "Không có đơn vị «{unit}» đang hoạt động. Xin ghi đúng mã hoặc tên đầy đủ."
        raise Refusal(template, unit=unknown[0])
    point.units = [known[code] for code in dict.fromkeys(codes) if code != point.unit.code]
    session.flush()


def read_hours(days: Sequence[str]) -> str | None:
    """The opening hours of a week as JSON, from a text a day such as 07:30-11:30, 13:30-17:00.

    None when no day has any: then hours are not known. Raises `Refusal` naming the day.
    """
    hours = {}
    for day, given in zip(WEEK, days, strict=True):
        spans = _spans(day, given)
        if spans:
            hours[day] = spans
    return json.dumps(hours) if hours else None


def hours_as_text(opening_hours: str | None) -> tuple[str, ...]:
    """The opening hours of each day of the week as they are typed."""
    hours = json.loads(opening_hours) if opening_hours else {}
    return tuple(", ".join("-".join(span) for span in hours.get(day, [])) for day in WEEK)


def close_point(point: CollectionPoint, now: datetime) -> None:
    """Close a counter for all waves; the first moment counts."""
    point.closed_at = point.closed_at or now


def reopen_point(point: CollectionPoint) -> None:
    """Open a closed counter again; its printed codes work as before."""
    point.closed_at = None


def set_last_day(wave: Wave, given: str, today: date) -> None:
    """Set until when links printed from now on work; empty takes the usual time."""
    if not given.strip():
        wave.links_expire_on = None
        return
    try:
        day = date.fromisoformat(given.strip())
    except ValueError:
        raise Refusal("Ngày «{day}» chưa đúng. Ví dụ đúng: 2026-12-31.", day=given[:40]) from None
    if not today <= day <= date(today.year + 10, 12, 31):
        template = "Ngày cuối của mã phải từ hôm nay đến hết năm {year}."
        raise Refusal(template, year=today.year + 10)
    wave.links_expire_on = day


def rotation(session: Session) -> Rotation:
    """Which printed codes stop working when the key is changed now."""
    query = select(LinkKey.made_at).order_by(LinkKey.id.desc()).limit(VALID_KEYS)
    made = list(session.scalars(query))
    if len(made) < VALID_KEYS:
        return Rotation(made[0] if made else None, None, None)
    return Rotation(made[0], made[-1], made[-2])


def cards(
    session: Session, wave: Wave, wanted: Wanted, secret_key: str, now: datetime
) -> list[Card]:
    """The cards of the open counters of a wave that are wanted; raises `Refusal` for none.

    Needs a writing session: see `token_of`.
    """
    token, found = signer(session, secret_key, now), []
    told = wanted.procedure.name if wanted.procedure else ""
    rows = counters_of(session, wave)
    for point, _place in rows:
        if is_collecting(point, now) and wanted.point in (None, point.code):
            link = link_to(session, wave, point, now, wanted.procedure)
            found.append(Card(point.unit.name, point.name, token(link), link.last_day, told))
    if not found:
        raise Refusal("Không có quầy nào đang mở để in mã. Xin thêm hoặc mở lại quầy trước.")
    return found


def counters_of(session: Session, wave: Wave) -> list[tuple[CollectionPoint, WavePoint]]:
    """The counters of a wave with their places in it, by code.

    While a caller holds them, `link_to` finds the places in the session and asks for none.
    """
    query = (
        select(CollectionPoint, WavePoint)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .options(contains_eager(CollectionPoint.unit))
        .where(WavePoint.wave_id == wave.id, CollectionPoint.by_code.is_(False))
        .order_by(CollectionPoint.code)
    )
    return [(point, place) for point, place in session.execute(query)]


def _agencies(session: Session, points: Sequence[int]) -> dict[int, int]:
    query = select(PointUnit.point_id, func.count().label("agencies")).group_by(PointUnit.point_id)
    query = query.where(PointUnit.point_id.in_(points))
    return {row.point_id: row.agencies for row in session.execute(query)}


def text_of(point: CollectionPoint) -> str:
    """What a search for a counter reads."""
    return f"{point.code} {point.name} {point.unit.code} {point.unit.name}"


def _spans(day: str, given: str) -> list[list[str]]:
    spans: list[list[str]] = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", given))):
        match = SPAN.fullmatch(part)
        span = _clock_times(match) if match else None
        if span is None or span[0] >= span[1] or (spans and span[0] < spans[-1][1]):
            template = "Giờ làm việc {day} chưa đúng: «{given}». Ví dụ đúng: {example}."
            fields = {"day": WEEK[day], "given": given.strip()[:40]}
            raise Refusal(template, **fields, example="07:30-11:30, 13:30-17:00")
        spans.append(span)
    return spans


def _clock_times(match: re.Match[str]) -> list[str] | None:
    hour, minute, last_hour, last_minute = (int(part) for part in match.groups())
    try:
        return [f"{time(hour, minute):%H:%M}", f"{time(last_hour, last_minute):%H:%M}"]
    except ValueError:
        return None
