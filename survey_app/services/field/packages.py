"""What a device needs to collect without a network: waves, forms and points of this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.answers import DEFAULT_TEXT_LENGTH
from questionnaires.load import Catalogue, Loaded
from questionnaires.model import Category, Item, QuestionnaireVersion, Section
from questionnaires.refusal import Refusal
from questionnaires.translation import Translation
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WaveKey, WavePoint
from survey_app.services.door.consent import NOTICE, is_sensitive, notice_of
from survey_app.services.door.sealing import find_public_key
from survey_app.services.field.fieldwork import assignments_of
from survey_app.services.field.private_items import private_items, shown_alone
from survey_app.services.plan.waves import is_collecting, is_open

Translations = Sequence[Translation]


@dataclass(frozen=True)
class _Asker:
    """What a notice tells of who asks: the wave, and the unit when all its points have one."""

    wave_id: int
    wave_title: str
    unit_name: str
    by_code: bool = False
    by_invitation: bool = False


def package(
    session: Session, catalogue: Catalogue, now: datetime, device_id: int | None = None
) -> dict[str, Any]:
    """What may be collected now: open waves by form, their open points, and the forms in full.

    A form whose file no longer has the words the wave was opened with is left out: its answers
    would be kept aside. `key` is None for a wave that has none yet (`waves_without_key`).
    `notice_points` are those of `consent`, which whoever gives the package translates.
    `assignments` are the open ones of the device.
    """
    collecting: dict[tuple[str, str], dict[str, Any]] = {}
    forms: dict[str, dict[str, Any] | None] = {}
    for wave, form, point, unit in _open_points(session, now):
        name = form.name
        if name not in forms:
            forms[name] = questionnaire_package(catalogue, name, form.checksum)
        if forms[name] is not None:
            part = collecting.setdefault((wave.code, name), _collected(wave, form))
            part["collection_points"].append({"code": point.code, "unit": unit.code})
            if unit.code not in {known["code"] for known in part["units"]}:
                part["units"].append({"code": unit.code, "name": unit.name})
    used = {name for _, name in collecting}
    for (_, name), part in collecting.items():
        version = catalogue.questionnaire(name).definition
        part["private_items"] = shown_alone(version, part["private_items"])
        _tell_notice(session, part, version)
    places = {
        (part["code"], point["code"])
        for part in collecting.values()
        for point in part["collection_points"]
    }
    assignments = assignments_of(session, device_id) if device_id is not None else []
    return {
        "waves": list(collecting.values()),
        "questionnaires": [forms[name] for name in sorted(used)],
        "assignments": [
            one for one in assignments if (one["wave"], one["collection_point"]) in places
        ],
    }


def waves_without_key(session: Session, now: datetime) -> list[int]:
    """The open waves to which no device could seal yet."""
    keyed = select(WaveKey.wave_id)
    query = select(Wave).where(Wave.opened_at <= now, Wave.id.not_in(keyed)).order_by(Wave.id)
    return [wave.id for wave in session.scalars(query) if is_open(wave, now)]


def _tell_notice(session: Session, part: dict[str, Any], version: QuestionnaireVersion) -> None:
    """Add what respondents of a wave are told before they agree, and the key to seal to."""
    wave_id, units = part.pop("id"), part["units"]
    name = units[0]["name"] if len(units) == 1 else ""
    part["notice"] = NOTICE
    part["notice_points"] = notice_of(session, _Asker(wave_id, part["title"], name), version)
    key = find_public_key(session, wave_id)
    part["key"] = {"wave_id": wave_id, "point": key.point} if key else None


def _open_points(
    session: Session, now: datetime
) -> list[tuple[Wave, WaveForm, CollectionPoint, Unit]]:
    rows = session.execute(
        select(Wave, WaveForm, CollectionPoint, Unit)
        .join(WavePoint, WavePoint.wave_id == Wave.id)
        .join(
            WaveForm,
            (WaveForm.wave_id == Wave.id)
            & (WaveForm.questionnaire == WavePoint.questionnaire)
            & (WaveForm.version == WavePoint.version),
        )
        .join(CollectionPoint, CollectionPoint.id == WavePoint.point_id)
        .join(Unit, Unit.id == CollectionPoint.unit_id)
        .where(Wave.opened_at <= now, CollectionPoint.by_code.is_(False))
        .order_by(Wave.code, WaveForm.questionnaire, WaveForm.version, CollectionPoint.code)
    ).all()
    return [
        (wave, form, point, unit)
        for wave, form, point, unit in rows
        if is_open(wave, now) and is_collecting(point, now)
    ]


def _collected(wave: Wave, form: WaveForm) -> dict[str, Any]:
    return {
        "id": wave.id,
        "code": wave.code,
        "title": wave.title,
        "questionnaire": form.questionnaire,
        "version": form.version,
        "closes_at": wave.closed_at.isoformat() if wave.closed_at else None,
        "private_items": list(private_items(form)),
        "units": [],
        "collection_points": [],
    }


def questionnaire_package(catalogue: Catalogue, name: str, checksum: str) -> dict[str, Any] | None:
    """A form in full and in every language; None when its file has other words by now."""
    try:
        loaded: Loaded[QuestionnaireVersion] = catalogue.questionnaire(name)
        translations = [found.definition for found in catalogue.translations(name)]
    except Refusal:
        return None
    if loaded.checksum != checksum:
        return None
    version = loaded.definition
    return {
        "code": version.code,
        "version": version.version,
        "checksum": checksum,
        "title": _texts(version.title, translations),
        "sections": [_section(section, translations) for section in version.section],
    }


def _section(section: Section, translations: Translations) -> dict[str, Any]:
    return {
        "code": section.code,
        "title": _texts(section.title, translations),
        "intro": _texts(section.intro, translations) if section.intro else None,
        "items": [_item(item, translations) for item in section.item],
    }


def _item(item: Item, translations: Translations) -> dict[str, Any]:
    limit = (item.max_length or DEFAULT_TEXT_LENGTH) if item.kind == "text" else None
    return {
        "code": item.code,
        "kind": item.kind,
        "scale": item.scale,
        "sensitive": is_sensitive(item),
        "text": _texts(item.text, translations),
        "options": [_option(option, translations) for option in item.option],
        "required": item.required and item.kind != "note",
        "min": None if item.min is None else format(item.min, "f"),
        "max": None if item.max is None else format(item.max, "f"),
        "max_length": limit,
        "asked_if": _plain(item.asked_if),
    }


def _option(option: Category, translations: Translations) -> dict[str, Any]:
    return {
        "code": option.code,
        "label": _texts(option.label, translations),
        "exclusive": option.exclusive or option.outside is not None,
        "outside": option.outside,
    }


def _texts(vietnamese: str, translations: Translations) -> Mapping[str, str]:
    """One text in every language that has it."""
    others = {
        translation.locale: translation.texts[vietnamese].text
        for translation in translations
        if vietnamese in translation.texts
    }
    return {"vi": vietnamese} | others


def _plain(rule: Any) -> Any:
    """A rule as JSON: lists, and decimals as text."""
    if isinstance(rule, list | tuple):
        return [_plain(part) for part in rule]
    return format(rule, "f") if isinstance(rule, Decimal) else rule
