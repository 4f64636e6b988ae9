"""Indices of a wave: which its forms can be computed into, and how its sample was drawn."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.models.runs import Run
from survey_app.models.waves import Wave, WaveIndex
from survey_app.services.computing.overview import index_title
from survey_app.services.plan.planning import Unfit

DESIGN: Final = ("stratum", "psu", "weight", "fpc")  # columns of WaveIndex
KEYS: Final = re.compile(r"\w[\w.-]{0,39}(\s*,\s*\w[\w.-]{0,39}){0,3}")
INDEX: Final = "index"  # the field of the choices
CHOSEN: Final = "choose_indices"  # what is recorded


@dataclass(frozen=True)
class IndexChoice:
    """An index that the forms of a wave can be computed into; one that `was_computed` stays."""

    code: str
    title: str
    chosen: bool
    was_computed: bool


@dataclass(frozen=True)
class Indices:
    """The indices of a wave, and the keys of the sampling frame by which all are computed."""

    choices: tuple[IndexChoice, ...]
    design: Mapping[str, str]


def indices_of(session: Session, catalogue: Catalogue, wave: Wave) -> Indices:
    """Indices that read a form of a wave, and those it has."""
    rows = session.scalars(select(WaveIndex).where(WaveIndex.wave_id == wave.id)).all()
    chosen = {row.index_code for row in rows}
    computed = set(session.scalars(select(Run.index_code).where(Run.wave_id == wave.id)))
    forms = {form.name for form in wave.forms}
    fitting = {
        code
        for code in catalogue.index_codes
        if forms & set(catalogue.index(code).definition.questionnaires)
    }
    choices = (
        IndexChoice(code, index_title(catalogue, code), code in chosen, code in computed)
        for code in sorted(fitting | chosen)
    )
    return Indices(tuple(choices), {name: _shared(rows, name) for name in DESIGN})


def choose_indices(
    session: Session,
    catalogue: Catalogue,
    wave: Wave,
    codes: Collection[str],
    design: Mapping[str, str],
) -> None:
    """Say which indices a wave is computed into, and the keys of its design.

    Keys are those of a probability sample; of other waves they are left alone. Raises `Unfit`
    for an index that reads no form of the wave, for one to be dropped that was computed, and for a
    wrong key.
    """
    known = {choice.code: choice for choice in indices_of(session, catalogue, wave).choices}
    problems = _wrong_choice(known, codes)
    keys: dict[str, str | None] = {}
    for name in DESIGN if wave.source == "probability" else ():
        try:
            keys[name] = _key(name, design.get(name, ""))
        except Refusal as refusal:
            problems[name] = refusal
    if problems:
        raise Unfit(problems)
    for code in known:
        row = session.get(WaveIndex, (wave.id, code))
        if code in codes:
            row = row or WaveIndex(wave_id=wave.id, index_code=code)
            for name, key in keys.items():
                setattr(row, name, key)
            session.add(row)
        elif row is not None:
            session.delete(row)
    session.flush()


def _wrong_choice(known: Mapping[str, IndexChoice], codes: Collection[str]) -> dict[str, Refusal]:
    for code in codes:
        if code not in known:
            template = "Chỉ số «{index}» không đọc phiếu nào của đợt khảo sát này."
            return {INDEX: Refusal(template, index=code)}
    for one in known.values():
        if one.was_computed and one.chosen and one.code not in codes:
            template = "Chỉ số «{index}» đã được tính nên không bỏ được."
            return {INDEX: Refusal(template, index=one.code)}
    return {}


def _shared(rows: Collection[WaveIndex], name: str) -> str:
    return next((getattr(row, name) for row in rows if getattr(row, name)), "")


def _key(name: str, typed: str) -> str | None:
    text = typed.strip()
    if not text:
        return None
    if not KEYS.fullmatch(text) or (name in ("stratum", "weight") and "," in text):
        template = (
            "Tên cột «{key}» chưa đúng: chỉ gồm chữ, số, gạch dưới; các giai đoạn cách nhau bằng "
            "dấu phẩy."
        )
        raise Refusal(template, key=text[:80])
    return ",".join(part.strip() for part in text.split(","))
