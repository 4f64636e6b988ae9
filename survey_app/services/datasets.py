"""The responses of a wave as a table for the mathematics, read from their coded vectors."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.dataset import PROVENANCE, Column, Dataset
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from questionnaires.vector import NONE, Slot, dictionary
from survey_app.models.responses import Response
from survey_app.models.units import Unit
from survey_app.models.waves import Wave

UNIT = "unit"
HELPED = "helped"
RATER_GROUP = "rater_group"
UNKNOWN_HELP = "unknown"  # a form that says nothing of it, where others do


@dataclass(frozen=True)
class Form:
    """One response as the mathematics needs it."""

    id: UUID
    content_hash: str
    vector: bytes
    frame: str | None
    unit: str
    helped: str | None
    rater_group: str | None


def forms_of(session: Session, wave: Wave, name: str) -> Sequence[Form]:
    """The responses of a wave to a questionnaire version that count, in the order of their ids.

    Voided ones do not, nor do partial ones, which their giver left before the end.
    """
    code, _, version = name.partition("/")
    columns = (Response.id, Response.content_hash, Response.vector, Response.frame)
    query = (
        select(*columns, Unit.code, Response.helped, Response.rater_group)
        .join(Unit, Unit.id == Response.unit_id)
        .where(
            Response.wave_id == wave.id,
            Response.questionnaire == code,
            Response.version == version,
            Response.voided_at.is_(None),
            Response.partial.is_(False),
        )
        .order_by(Response.id)
    )
    return [Form(*row) for row in session.execute(query)]


def dataset_of(session: Session, catalogue: Catalogue, wave: Wave, name: str) -> Dataset:
    """The data set of a wave for the questionnaire version `code/version`.

    Columns: every closed item, what the sampling frame says of each place, `unit`, `helped` where
    any form says who helped to answer, `rater_group` where invited officials answered (empty for
    those of pooled groups), and `provenance` where the answers of the wave are not original ones.
    Voided and partial responses are left out; so are numbers and texts, which no
    index reads. Raises `Refusal` when nothing is left.
    """
    return dataset_from(forms_of(session, wave, name), catalogue, wave, name)


def dataset_from(forms: Sequence[Form], catalogue: Catalogue, wave: Wave, name: str) -> Dataset:
    """The same as `dataset_of`, from forms that have been read already."""
    if not forms:
        template = "Đợt khảo sát «{wave}» chưa có phiếu «{form}» nào để tính."
        raise Refusal(template, wave=wave.code, form=name)
    slots = dictionary(catalogue.questionnaire(name).definition)
    width = sum(slot.width for slot in slots)
    coded = np.frombuffer(b"".join(form.vector for form in forms), dtype=np.uint8)
    if len(coded) != width * len(forms):
        template = "Đợt khảo sát «{wave}»: có phiếu «{form}» không mã hóa theo phiên bản này."
        raise Refusal(template, wave=wave.code, form=name)
    matrix = coded.reshape(len(forms), width)
    columns = dict(_frame_columns([form.frame for form in forms]))
    columns |= {slot.item: _item_column(slot, matrix) for slot in slots}
    columns[UNIT] = Column.of(form.unit for form in forms)
    if any(form.helped for form in forms):
        columns[HELPED] = Column.of(form.helped or UNKNOWN_HELP for form in forms)
    if any(form.rater_group for form in forms):
        columns[RATER_GROUP] = Column.of(form.rater_group for form in forms)
    if wave.provenance:
        columns[PROVENANCE] = Column.of([wave.provenance] * len(forms))
    return Dataset(wave.code, len(forms), columns, first_row=1)


def data_checksum(forms: Sequence[Form]) -> str:
    """The sha256 over id, content hash and sampling frame of responses, whatever their order."""
    digest = hashlib.sha256()
    for line in sorted(f"{form.id} {form.content_hash} {form.frame or ''}\n" for form in forms):
        digest.update(line.encode("utf-8"))
    return digest.hexdigest()


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
