"""Orders of codes for receipts of dossiers: by the one-stop system, or as a sheet to be printed."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.days import day_of
from survey_app.errors import Gone
from survey_app.models.codes import DossierCode
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure, Wave, WaveUnit
from survey_app.services.codes.code_points import ensure_receipt_point
from survey_app.services.codes.dossier_codes import CODE_LENGTH, hash_of
from survey_app.services.codes.dossier_labels import THRESHOLD, Label, fields_by_code, labels_of
from survey_app.services.door.submissions import ALPHABET, LONGEST_CODE
from survey_app.services.operation.accounts import record
from survey_app.services.operation.retention import CONTACTS, check_kept
from survey_app.services.plan.waves import fields_of_work, wave_named
from survey_app.services.tables.sorting import vietnamese

MOST: Final = 500  # codes at a time
KEYS: Final = ("unit", "field", "month")
MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
PRINTED: Final = "dossier_codes_printed"


@dataclass(frozen=True)
class CodeRequest:
    """One dossier whose result is returned: who resolved it, the field, the month; no more."""

    unit: str
    field: str | None = None
    month: str | None = None


@dataclass(frozen=True)
class CodeSheet:
    """Codes for pre-printed receipts, and what each of them says when it is opened."""

    codes: tuple[str, ...]
    unit_name: str
    field_name: str | None
    month: str


def read_requests(items: Any) -> list[CodeRequest]:
    """Read what a system asks for; raises `Refusal` for anything but unit, field and month.

    Nothing else is taken, not even to be thrown away: a dossier number or a name must not come here
    by a careless integration.
    """
    if not isinstance(items, list):
        raise Refusal("«items» phải là một danh sách.")
    return [_request(n, item) for n, item in enumerate(items, start=1)]


def issue_codes(
    session: Session, wave_code: str, requests: Sequence[CodeRequest], now: datetime
) -> list[str | None]:
    """Make a one-time code for each dossier, in their order; only the hashes are stored.

    None stands where the dossiers are so few, even together with those of the unit above, that the
    code would be a name. Raises `NotFound` for an unknown wave, `Gone` for a closed one, `Refusal`
    for an unknown unit, field or month. Rows are stored in the order of their hashes, which is
    chance, so the table does not tell the order of the dossiers.
    """
    wave = _open_wave(session, wave_code, now)
    labels = labels_of(session, now)
    units = _units(session, {request.unit for request in requests}, now)
    fields = _fields(session, {request.field for request in requests if request.field})
    codes: list[str | None] = []
    rows: list[dict[str, Any]] = []
    for request in requests:
        field = fields[request.field] if request.field else None
        label = labels.of(units[request.unit].id, field)
        code = _new_code() if label else None
        codes.append(code)
        if label and code:
            rows.append(_stored(wave, label, _month(request.month, now), code))
    for unit_id in sorted({row["unit_id"] for row in rows}):
        ensure_receipt_point(session, wave, unit_id)
    if rows:
        session.execute(insert(DossierCode), sorted(rows, key=lambda row: str(row["code_hash"])))
    return codes


@dataclass(frozen=True)
class SheetOrder:
    """What an administrator asks to be printed."""

    wave: str
    request: CodeRequest
    count: int
    by: int | None


def issue_sheet(session: Session, order: SheetOrder, now: datetime) -> CodeSheet:
    """Make codes for receipts that are printed beforehand.

    At least as many as dossiers are needed to hide among; raises `Refusal` for fewer or too many,
    and when the unit had so few dossiers that every code would be a name.
    """
    if not THRESHOLD <= order.count <= MOST:
        template = "Mỗi lần in từ {least} đến {most} mã; ít hơn thì mã dễ lộ người trả lời."
        raise Refusal(template, least=THRESHOLD, most=MOST)
    codes = issue_codes(session, order.wave, [order.request] * order.count, now)
    made = tuple(code for code in codes if code)
    if not made:
        template = (
            "Tháng trước «{unit}» cùng cấp trên trả dưới {n} hồ sơ, hoặc chưa nhập số hồ sơ, "
            "nên chưa cấp mã."
        )
        raise Refusal(template, unit=order.request.unit, n=THRESHOLD)
    row = session.get_one(DossierCode, hash_of(made[0]))
    field = session.get(Procedure, row.procedure_id) if row.procedure_id else None
    unit = session.get_one(Unit, row.unit_id)
    record(session, order.by, PRINTED, f"{order.wave} {unit.code}: {len(made)}", now)
    session.flush()
    return CodeSheet(made, unit.name, field.name if field else None, row.month)


@dataclass(frozen=True)
class CodeChoices:
    """What an administrator may choose from when a sheet is ordered."""

    wave_title: str
    units: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    months: tuple[str, ...]


def code_choices(session: Session, wave_code: str, now: datetime) -> CodeChoices:
    """Units of a wave, fields, and the months for which codes are made; raises `NotFound`."""
    wave = _open_wave(session, wave_code, now)
    units = select(Unit.code, Unit.name).join(WaveUnit, WaveUnit.unit_id == Unit.id)
    rated = session.execute(units.where(WaveUnit.wave_id == wave.id))
    return CodeChoices(
        wave.title,
        tuple(sorted(((code, name) for code, name in rated), key=lambda one: vietnamese(one[1]))),
        fields_of_work(session),
        _months(now),
    )


def _request(n: int, item: Any) -> CodeRequest:
    if not isinstance(item, Mapping):
        raise Refusal("Mục {n}: phải là một đối tượng JSON.", n=n)
    unknown = sorted(str(key)[:LONGEST_CODE] for key in item if key not in KEYS)
    if unknown:
        template = "Mục {n}: không nhận «{key}»; chỉ gửi unit, field, month."
        raise Refusal(template, n=n, key=unknown[0])
    for key in KEYS:
        value = item.get(key)
        if value is None and key != "unit":
            continue
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE:
            raise Refusal("Mục {n}: thiếu «{key}» hoặc ghi sai.", n=n, key=key)
    return CodeRequest(item["unit"], item.get("field"), item.get("month"))


def _open_wave(session: Session, code: str, now: datetime) -> Wave:
    wave = wave_named(session, code)
    if wave.closed_at is not None and wave.closed_at <= now:
        raise Gone("Đợt khảo sát «{wave}» đã đóng nên không cấp mã nữa.", wave=code)
    check_kept(wave, CONTACTS, now)
    return wave


def _units(session: Session, codes: set[str], now: datetime) -> dict[str, Unit]:
    today = day_of(now)
    living = (Unit.valid_to.is_(None)) | (Unit.valid_to > today)
    query = select(Unit).where(Unit.code.in_(codes), Unit.valid_from <= today, living)
    found = {unit.code: unit for unit in session.scalars(query)}
    for code in sorted(codes - set(found)):
        raise Refusal("Không có đơn vị «{unit}» đang hoạt động.", unit=code)
    return found


def _fields(session: Session, codes: set[str]) -> dict[str, int]:
    """The field of each code, which may be that of one of its procedures."""
    known = fields_by_code(session) if codes else {}
    for code in sorted(codes - set(known)):
        raise Refusal("Không có lĩnh vực hoặc thủ tục «{field}».", field=code)
    return {code: known[code] for code in codes}


def _months(now: datetime) -> tuple[str, ...]:
    """This month, the one before and the next: receipts are printed a little ahead."""
    this = day_of(now).replace(day=1)
    before, after = this - timedelta(days=1), (this + timedelta(days=32)).replace(day=1)
    return tuple(_written(day) for day in (this, after, before))


def _written(day: date) -> str:
    return f"{day:%Y-%m}"


def _month(text: str | None, now: datetime) -> str:
    months = _months(now)
    if text is None:
        return months[0]
    if not MONTH.fullmatch(text) or text not in months:
        template = "Tháng «{month}» phải là tháng này, tháng trước hoặc tháng sau, ghi như {this}."
        raise Refusal(template, month=text, this=months[0])
    return text


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def _stored(wave: Wave, label: Label, month: str, code: str) -> dict[str, Any]:
    return {
        "code_hash": hash_of(code),
        "wave_id": wave.id,
        "unit_id": label.unit_id,
        "procedure_id": label.procedure_id,
        "month": month,
        "used": False,
    }
