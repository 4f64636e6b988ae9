"""The responses of a wave as a table for the mathematics, read from their coded vectors."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.dataset import PROVENANCE, Column, Dataset
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from questionnaires.vector import NONE, Slot, dictionary
from survey_app.models.responses import Response
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.codes.code_points import MIXED_UNIT

UNIT = "unit"
HELPED = "helped"
RATER_GROUP = "rater_group"
UNKNOWN_HELP = "unknown"  # a form that says nothing of it, where others do


@dataclass(frozen=True)
class Form:
    """One response as the mathematics needs it."""

    id: UUID
    version: str
    revision: int
    content_hash: str
    vector: bytes
    frame: str | None
    unit: str | None
    helped: str | None
    rater_group: str | None


def forms_of(session: Session, wave: Wave, *names: str) -> Sequence[Form]:
    """The responses of a wave to versions of a questionnaire that count, in the order of their ids.

    `names` are `code/version` of one questionnaire. Voided ones do not count, nor do partial ones,
    which their giver left before the end. What was corrected counts as it reads now.
    """
    (code,) = {name.partition("/")[0] for name in names}
    versions = [name.partition("/")[2] for name in names]
    columns = (Response.id, Response.version, Response.revision, Response.content_hash)
    query = (
        select(*columns, Response.vector, Response.frame)
        .add_columns(func.nullif(Unit.code, MIXED_UNIT), Response.helped, Response.rater_group)
        .join(Unit, Unit.id == Response.unit_id)
        .where(
            Response.wave_id == wave.id,
            Response.questionnaire == code,
            Response.version.in_(versions),
            Response.voided_at.is_(None),
            Response.partial.is_(False),
        )
        .order_by(Response.id)
    )
    return [Form(*row) for row in session.execute(query)]


def dataset_of(session: Session, catalogue: Catalogue, wave: Wave, *names: str) -> Dataset:
    """The data set of a wave for versions `code/version` of a questionnaire, the newest last.

    Each vector is read by the dictionary of its own version. Columns: every closed item that any of
    them asks (empty where a version does not), what the sampling frame says of each place, `unit`
    (empty for answers that are kept without theirs), `helped` where any form says who helped to
    answer, `rater_group` where invited officials answered (empty for those of pooled groups), and
    `provenance` where the answers of the wave are not original ones. Voided and partial responses
    are left out; so are numbers and texts, which no index reads. Raises `Refusal` when
    nothing is left.
    """
    return dataset_from(forms_of(session, wave, *names), catalogue, wave, *names)


def dataset_from(forms: Sequence[Form], catalogue: Catalogue, wave: Wave, *names: str) -> Dataset:
    """The same as `dataset_of`, from forms that have been read already."""
    if not forms:
        template = "Đợt khảo sát «{wave}» chưa có phiếu «{form}» nào để tính."
        raise Refusal(template, wave=wave.code, form=", ".join(names))
    columns = dict(_frame_columns([form.frame for form in forms]))
    columns |= _item_columns(forms, catalogue, wave, names)
    columns[UNIT] = Column.of(form.unit for form in forms)
    if any(form.helped for form in forms):
        columns[HELPED] = Column.of(form.helped or UNKNOWN_HELP for form in forms)
    if any(form.rater_group for form in forms):
        columns[RATER_GROUP] = Column.of(form.rater_group for form in forms)
    if wave.provenance:
        columns[PROVENANCE] = Column.of([wave.provenance] * len(forms))
    return Dataset(wave.code, len(forms), columns, first_row=1)


def data_checksum(forms: Sequence[Form]) -> str:
    """The sha256 over id, content hash and sampling frame of responses, whatever their order.

    The content hash stays that of the form as collected, so a corrected one adds its revision.
    """
    digest = hashlib.sha256()
    for line in sorted(_mark(form) for form in forms):
        digest.update(line.encode("utf-8"))
    return digest.hexdigest()


def _mark(form: Form) -> str:
    revised = f" {form.revision}" if form.revision else ""
    return f"{form.id} {form.content_hash} {form.frame or ''}{revised}\n"


def _item_columns(
    forms: Sequence[Form], catalogue: Catalogue, wave: Wave, names: Sequence[str]
) -> dict[str, Column]:
    """A column for every closed item of any version, in the order of the newest."""
    found: dict[str, list[tuple[NDArray[np.intp], Column]]] = {}
    for name in reversed(names):
        version = name.partition("/")[2]
        rows = np.array([k for k, form in enumerate(forms) if form.version == version], np.intp)
        slots = dictionary(catalogue.questionnaire(name).definition)
        width = sum(slot.width for slot in slots)
        coded = np.frombuffer(b"".join(forms[k].vector for k in rows), dtype=np.uint8)
        if len(coded) != width * len(rows):
            template = "Đợt khảo sát «{wave}»: có phiếu «{form}» không mã hóa theo phiên bản này."
            raise Refusal(template, wave=wave.code, form=name)
        matrix = coded.reshape(len(rows), width)
        for slot in slots:
            found.setdefault(slot.item, []).append((rows, _item_column(slot, matrix)))
    return {item: _joined(len(forms), parts) for item, parts in found.items()}


def _joined(n: int, parts: Sequence[tuple[NDArray[np.intp], Column]]) -> Column:
    """One column of `n` rows out of columns of some of them; the other rows are empty."""
    labels: dict[str, int] = {}
    codes = np.full(n, -1, dtype=np.int32)
    for rows, column in parts:
        places = [labels.setdefault(label, len(labels)) for label in column.labels]
        codes[rows] = np.array([*places, -1], np.int32)[column.codes]
    return Column.narrow(codes, tuple(labels))


def _item_column(slot: Slot, matrix: NDArray[np.uint8]) -> Column:
    """Read one item; only answers that were given stand among the labels, as from a file."""
    part = matrix[:, slot.start : slot.start + slot.width]
    distinct, code = np.unique(part, axis=0, return_inverse=True)
    labels: list[str] = []
    position = np.full(len(distinct), -1, dtype=np.int32)
    for k, answer in enumerate(distinct.tolist()):
        text = _answer_text(slot, answer)
        if text:
            position[k] = len(labels)
            labels.append(text)
    return Column.narrow(position[code.reshape(-1)], tuple(labels))


def _answer_text(slot: Slot, answer: list[int]) -> str:
    if slot.multiple:
        return " ".join(code for code, ticked in zip(slot.codes, answer, strict=True) if ticked)
    return "" if answer[0] == NONE else slot.codes[answer[0] - 1]


def _frame_columns(frames: Sequence[str | None]) -> Iterator[tuple[str, Column]]:
    """A column for every key that the sampling frame of any response has."""
    read = {text: json.loads(text) if text else {} for text in set(frames)}
    names = sorted({key for place in read.values() for key in place})
    for name in names:
        yield name, Column.of(read[text].get(name) for text in frames)
