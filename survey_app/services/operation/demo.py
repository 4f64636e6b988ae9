"""The demo waves: published figures of Sóc Trăng, loaded through the door every answer takes."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from survey_app import demo
from survey_app.db import Base
from survey_app.demo.figures import PROVENANCE
from survey_app.models.fieldwork import Assignment
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    Procedure,
    ReportedValue,
    Wave,
    WaveForm,
    WaveIndex,
    WavePoint,
    WaveUnit,
)
from survey_app.services.counter.links import Link, link_to
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ACCEPTED, DUPLICATE, Arrival
from survey_app.services.plan.waves import add_form, add_point

Opener = Callable[[], AbstractContextManager[Session]]
Progress = Callable[[str, int, int], None]
Row = dict[str, str]
Stored = TypeVar("Stored", bound=Base)

FOLDER = Path(demo.__file__).parent
BATCH = 500
IDENTITIES = uuid5(NAMESPACE_URL, "urn:sipas:demo")

# When each unit of 2022 was founded is not published in the tables used here: one date before all
# of them stands for it. The end is real: on 1 July 2025 the provinces Sóc Trăng and Hậu Giang and
# the city of Cần Thơ became the new city of Cần Thơ, and districts ceased to exist in the country
# (Nghị quyết 202/2025/QH15).
FOUNDED = date(2004, 1, 1)
MERGED = date(2025, 7, 1)

# Units of today, where a visitor may answer. Phú Lợi, Sóc Trăng and Mỹ Xuyên are three of the 31
# wards of the new city (Nghị quyết 1668/NQ-UBTVQH15 ngày 16/06/2025). Codes are ours.
CITY = ("TPCT", "Thành phố Cần Thơ", "province")
WARDS = (
    ("PL", "Phường Phú Lợi", "commune"),
    ("PST", "Phường Sóc Trăng", "commune"),
    ("PMX", "Phường Mỹ Xuyên", "commune"),
)
# A one-stop centre of the city; its departments are those in being since 1 March 2025.
CENTRE_POINT = "Quầy một cửa"
CENTRE = ("TTPVHCC", "Trung tâm Phục vụ hành chính công thành phố Cần Thơ", "centre")
DEPARTMENTS = (
    ("STC-CT", "Sở Tài chính", "department"),
    ("SXD-CT", "Sở Xây dựng", "department"),
    ("SNNMT-CT", "Sở Nông nghiệp và Môi trường", "department"),
)
REORGANISED = date(2025, 3, 1)
PROCEDURES = (  # fields, and procedures of them; these codes are ours too
    ("dat-dai", "Đất đai", ""),
    ("ho-tich", "Hộ tịch", ""),
    ("dang-ky-kinh-doanh", "Đăng ký kinh doanh", ""),
    ("xay-dung", "Xây dựng", ""),
    ("chung-thuc", "Chứng thực", ""),
    ("HT-KS", "Đăng ký khai sinh", "ho-tich"),
    ("HT-KH", "Đăng ký kết hôn", "ho-tich"),
    ("CT-BS", "Chứng thực bản sao từ bản chính", "chung-thuc"),
    ("KD-HKD", "Đăng ký thành lập hộ kinh doanh", "dang-ky-kinh-doanh"),
    ("DD-BD", "Đăng ký biến động quyền sử dụng đất", "dat-dai"),
    ("XD-GP", "Cấp giấy phép xây dựng mới", "xay-dung"),
)
COUNTER = "sipas-counter/1"
CITIZEN = "sipas-citizen/2022"
VISIT = "demo"
COUNTER_POINT = "Quầy tiếp nhận và trả kết quả"
LONG_POINT = "Phiếu đầy đủ"
PAPER_POINT = "Nhập phiếu giấy"

# How the real sample of 2022 was drawn is not published; strata, communes, villages and counts are
# those of the reconstruction.
SAMPLE = {
    "stratum": "stratum",
    "psu": "commune,village",
    "weight": "weight",
    "fpc": "communes_in_stratum,villages_in_commune",
}
# The dates of fieldwork are not published either: these are invented.
OPENED = datetime(2022, 10, 1, tzinfo=UTC)
CLOSED = datetime(2022, 12, 16, tzinfo=UTC)


@dataclass(frozen=True)
class _Area:
    """An invented enumeration area."""

    code: str
    ward: str
    name: str
    selection: str
    quota: int
    reserve: int


FIELD_POINT = "Khảo sát tại nhà"
PRIVATE = ("harassment", "payment")  # asked while the respondent holds the tablet
AREAS = (
    _Area("PL-01", "PL", "Khóm 1, Phường Phú Lợi", "kish", 8, 4),
    _Area("PL-02", "PL", "Khóm 2, Phường Phú Lợi", "kish", 6, 3),
    _Area("PMX-01", "PMX", "Khóm Mỹ Xuyên, Phường Mỹ Xuyên", "next_birthday", 6, 3),
)


@dataclass(frozen=True)
class _Reconstructed:
    """A wave whose answers are rebuilt from a published table; `design` names frame columns."""

    code: str
    title: str
    file: str
    questionnaire: str
    index: str
    design: Mapping[str, str]


# Neither wave has `issued`: the number of forms handed out was not published. The ministry chose
# the officials; how is not known, so there is no design and each form stands for itself.
RECONSTRUCTED = (
    _Reconstructed(
        "sipas-2022",
        "Đo lường sự hài lòng của người dân năm 2022, tỉnh Sóc Trăng",
        "citizens_2022_reconstructed.csv",
        CITIZEN,
        "sipas-2022",
        SAMPLE,
    ),
    _Reconstructed(
        "cbcc-2022",
        "Khảo sát công chức, lãnh đạo quản lý năm 2022, tỉnh Sóc Trăng",
        "officials_2022_reconstructed.csv",
        "par-officials/2022",
        "par-survey-2022",
        {},
    ),
)
REPORTED = "sipas-2021"
DEMO_WAVES = (*(wave.code for wave in RECONSTRUCTED), REPORTED, VISIT)


def load_demo(opener: Opener, catalogue: Catalogue, now: datetime, progress: Progress) -> int:
    """Load what is missing of the demo waves; returns how many responses were added.

    `opener` opens a writing session that is committed at its end; responses come in batches of 500,
    so a load that was cut short goes on where it stopped. Identities are derived from the rows, so
    a second load adds nothing. `progress` is told wave, rows done and rows in all.
    """
    with opener() as session:
        _load_units(session)
        _load_reported(session)
        _load_visit(session, catalogue, now)
        _load_centre(session)
        _load_fieldwork(session, catalogue)
    return sum(_load_wave(opener, wave, catalogue, now, progress) for wave in RECONSTRUCTED)


def is_for_demo(session: Session) -> bool:
    """Say whether a database holds no other waves than those of the demo."""
    return not session.scalars(select(Wave.id).where(Wave.code.not_in(DEMO_WAVES)).limit(1)).all()


def visitors_link(session: Session, now: datetime) -> Link | None:
    """The link to the counter whose form a visitor is shown first."""
    found = session.execute(
        select(Wave, CollectionPoint)
        .join(WavePoint, WavePoint.wave_id == Wave.id)
        .join(CollectionPoint, CollectionPoint.id == WavePoint.point_id)
        .where(Wave.code == VISIT, WavePoint.questionnaire == COUNTER.partition("/")[0])
        .order_by(CollectionPoint.id)
        .limit(1)
    ).first()
    return link_to(session, found[0], found[1], now) if found else None


def _load_units(session: Session) -> None:
    if _unit(session, "ST", FOUNDED):
        return
    known: dict[str, Unit] = {}
    for row in _rows("published/units_soc_trang_2022.csv"):
        unit = Unit(code=row["code"], name=row["name"], level=row["level"])
        unit.valid_from, unit.valid_to = FOUNDED, MERGED
        unit.parent_id = known[row["parent"]].id if row["parent"] else None
        known[unit.code] = _added(session, unit)
    city = Unit(code=CITY[0], name=CITY[1], level=CITY[2], valid_from=MERGED)
    city.predecessor_id = known["ST"].id  # one of its three
    _added(session, city)
    for code, name, level in WARDS:
        ward = Unit(code=code, name=name, level=level, valid_from=MERGED, parent_id=city.id)
        _added(session, ward)


def _load_reported(session: Session) -> None:
    """2021: only published results exist, so there is no form, no answer and no interval."""
    if _wave(session, REPORTED):
        return
    title = "Kết quả đo lường sự hài lòng năm 2021, tỉnh Sóc Trăng (số đã công bố)"
    wave = _added(session, Wave(code=REPORTED, title=title, year=2021, source="reported"))
    session.add(WaveIndex(wave_id=wave.id, index_code=REPORTED))
    province = _unit(session, "ST", FOUNDED)
    assert province
    session.add(WaveUnit(wave_id=wave.id, unit_id=province.id))
    for row in _rows("published/reported_sipas_2021.csv"):
        value = ReportedValue(wave_id=wave.id, index_code=REPORTED, leaf=row["leaf"])
        value.rate, value.source = float(row["value"]), row["source"]
        session.add(value)
    session.flush()


def _load_visit(session: Session, catalogue: Catalogue, now: datetime) -> None:
    """The open wave, in which a visitor answers."""
    if _wave(session, VISIT):
        return
    title = "Đợt lấy ý kiến thử"
    wave = Wave(code=VISIT, title=title, year=now.year, source="self-selected", opened_at=now)
    _added(session, wave)
    session.add(WaveIndex(wave_id=wave.id, index_code="sipas-counter"))
    counter = add_form(session, wave, COUNTER, catalogue)
    long = add_form(session, wave, CITIZEN, catalogue)
    wards = [_unit(session, code, MERGED) for code, _name, _level in WARDS]
    for ward in wards:
        assert ward
        add_point(session, wave, ward, COUNTER_POINT, counter)
    assert wards[0]
    add_point(session, wave, wards[0], LONG_POINT, long)


def _load_centre(session: Session) -> None:
    """A one-stop centre in the open wave, its agencies and procedures; tops up older databases."""
    known = {row.code: row for row in session.scalars(select(Procedure))}
    for code, name, field in PROCEDURES:
        if code not in known:
            above = known[field].id if field else None
            known[code] = _added(session, Procedure(code=code, name=name, parent_id=above))
    if _unit(session, CENTRE[0], MERGED):
        return
    city, wave = _unit(session, CITY[0], MERGED), _existing(session, VISIT)
    assert city
    centre = Unit(code=CENTRE[0], name=CENTRE[1], level=CENTRE[2], parent_id=city.id)
    centre.valid_from = MERGED
    _added(session, centre)
    agencies = []
    for code, name, level in DEPARTMENTS:
        unit = Unit(code=code, name=name, level=level, parent_id=city.id)
        unit.valid_from = REORGANISED
        agencies.append(_added(session, unit))
    code, _, version = COUNTER.partition("/")
    form = session.get_one(WaveForm, (wave.id, code, version))
    point = add_point(session, wave, centre, CENTRE_POINT, form)
    point.units = agencies
    session.flush()


def _load_fieldwork(session: Session, catalogue: Catalogue) -> None:
    """Areas of two wards to interview with a tablet in the open wave; tops up older databases.

    The areas are invented, and so are their numbers of households.
    """
    wave = _existing(session, VISIT)
    known = select(Assignment.id).where(Assignment.wave_id == wave.id)
    if session.scalars(known.limit(1)).first() is not None:
        return
    code, _, version = CITIZEN.partition("/")
    form = session.get(WaveForm, (wave.id, code, version)) or add_form(
        session, wave, CITIZEN, catalogue
    )
    form.private_items = " ".join(PRIVATE)
    points: dict[str, CollectionPoint] = {}
    for area in AREAS:
        ward = _unit(session, area.ward, MERGED)
        assert ward
        if area.ward not in points:
            points[area.ward] = add_point(session, wave, ward, FIELD_POINT, form)
        _added(
            session,
            Assignment(
                code=area.code,
                wave_id=wave.id,
                point_id=points[area.ward].id,
                selection=area.selection,
                quota=area.quota,
                reserve=area.reserve,
                frame=json.dumps({"area": area.name}, ensure_ascii=False),
            ),
        )


def _load_wave(
    opener: Opener, plan: _Reconstructed, catalogue: Catalogue, now: datetime, progress: Progress
) -> int:
    with opener() as session:
        wave = _wave(session, plan.code) or _new_wave(session, plan, catalogue)
        if wave.closed_at is not None:
            return 0
    rows, added = _rows(plan.file), 0
    progress(plan.code, 0, len(rows))
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        with opener() as session:
            added += _load_batch(session, plan, batch, catalogue, now)
        progress(plan.code, start + len(batch), len(rows))
    with opener() as session:
        # Closed at its own date, which is before the moment at which these forms were received.
        _existing(session, plan.code).closed_at = CLOSED
    return added


def _new_wave(session: Session, plan: _Reconstructed, catalogue: Catalogue) -> Wave:
    wave = Wave(code=plan.code, title=plan.title, year=2022, source="probability")
    wave.provenance, wave.opened_at = PROVENANCE, OPENED
    _added(session, wave)
    session.add(WaveIndex(wave_id=wave.id, index_code=plan.index, **plan.design))
    form = add_form(session, wave, plan.questionnaire, catalogue)
    for code in sorted({row["unit"] for row in _rows(plan.file)}):
        unit = _unit(session, code, FOUNDED)
        assert unit
        add_point(session, wave, unit, PAPER_POINT, form)
    return wave


def _load_batch(
    session: Session,
    plan: _Reconstructed,
    rows: Sequence[Row],
    catalogue: Catalogue,
    now: datetime,
) -> int:
    version = catalogue.questionnaire(plan.questionnaire).definition
    kinds = {item.code: item.kind for item in version.items}
    points = _points(session, plan.code)
    added = 0
    for row in rows:
        content = {
            "id": str(uuid5(IDENTITIES, f"{plan.code}/{row['response_id']}")),
            "questionnaire": version.code,
            "version": version.version,
            "wave": plan.code,
            "collection_point": points[row["unit"]],
            "unit": row["unit"],
            "mode": "paper",
            "locale": "vi",
            "answers": _answers(row, kinds),
        }
        arrival = Arrival(_frame(row, kinds))
        receipt = accept_response(session, content, now, catalogue, arrival)
        if receipt.status not in (ACCEPTED, DUPLICATE):
            said = "; ".join(str(problem.refusal) for problem in receipt.problems)
            raise ValueError(f"{plan.file}, {row['response_id']}: {receipt.status} {said}")
        added += receipt.status == ACCEPTED
    return added


def _answers(row: Row, kinds: Mapping[str, str]) -> dict[str, Any]:
    """The filled cells of the questionnaire's items; a multiple choice holds several codes."""
    given = {item: cell for item, cell in row.items() if item in kinds and cell}
    return {k: v.split() if kinds[k] == "multiple" else v for k, v in given.items()}


def _frame(row: Row, kinds: Mapping[str, str]) -> Row:
    """What the frame says of the respondent's place: every column that is no answer."""
    other = {"response_id", "provenance", "unit", *kinds}
    return {column: cell for column, cell in row.items() if column not in other}


def _points(session: Session, wave_code: str) -> dict[str, str]:
    """The collection point of each unit of a wave."""
    rows = session.execute(
        select(Unit.code.label("unit"), CollectionPoint.code.label("point"))
        .join(CollectionPoint, CollectionPoint.unit_id == Unit.id)
        .join(WavePoint, WavePoint.point_id == CollectionPoint.id)
        .join(Wave, Wave.id == WavePoint.wave_id)
        .where(Wave.code == wave_code)
    )
    return {row.unit: row.point for row in rows}


def _wave(session: Session, code: str) -> Wave | None:
    return session.scalar(select(Wave).where(Wave.code == code))


def _existing(session: Session, code: str) -> Wave:
    return session.scalars(select(Wave).where(Wave.code == code)).one()


def _unit(session: Session, code: str, valid_from: date) -> Unit | None:
    return session.scalar(select(Unit).where(Unit.code == code, Unit.valid_from == valid_from))


def _added(session: Session, row: Stored) -> Stored:
    session.add(row)
    session.flush()
    return row


def _rows(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
