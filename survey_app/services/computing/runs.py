"""One reproducible computation of an index on a wave; only the worker imports this."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.dataset import Dataset
from analysis.design import DesignColumns, Sample, Source, design_of
from analysis.estimate import Options
from analysis.given import Given, OtherResult
from analysis.index import compute_index
from analysis.render import to_json
from analysis.results import Showing, design_record, index_document, notice_for
from analysis.tabulate import describe
from questionnaires.load import Catalogue
from questionnaires.merge import merged
from questionnaires.model import IndexDefinition
from questionnaires.refusal import Refusal
from survey_app.config import ROOT
from survey_app.models.runs import Run
from survey_app.models.waves import ReportedValue, Wave, WaveIndex
from survey_app.services.codes.staging import unsettled
from survey_app.services.computing.datasets import (
    HELPED,
    RATER_GROUP,
    UNIT,
    Form,
    data_checksum,
    dataset_from,
    forms_of,
)
from survey_app.services.operation.accounts import record
from survey_app.services.operation.jobs import new_id
from survey_app.services.plan.versions import meaning_changes
from survey_app.services.plan.waves import index_of, versions_used

Progress = Callable[[int], object]
REPORTED = "reported"
COMPUTED = "compute"
BY_UNIT = (UNIT,)
WHERE_TOLD = (HELPED, RATER_GROUP)  # families of their own where any form says something of it


@dataclass(frozen=True)
class Order:
    """What is to be computed, and who asked for it."""

    wave: Wave
    index_code: str
    by: int | None = None


@dataclass(frozen=True)
class _Inputs:
    """What goes into a computation: responses, values from elsewhere, and how to know them again.

    `checksum` is that of the responses or of the reported numbers; `reads` names the Runs of other
    indices by their codes.
    """

    sample: Sample | None
    names: tuple[str, ...]
    given: Given
    checksum: str
    responses: int
    reads: dict[str, str]


def compute_run(
    session: Session,
    catalogue: Catalogue,
    order: Order,
    now: datetime,
    progress: Progress | None = None,
) -> Run:
    """Compute an index on a wave for the whole and for the families of domains; keep the Run.

    Raises `Refusal` when the wave is not computed into the index, has no responses yet, needs a Run
    of another index that is not there, or waits for answers of invited officials.
    """
    return keep_run(session, computed_run(session, catalogue, order, now, progress))


def keep_run(session: Session, run: Run) -> Run:
    """Store a computed Run, with its audit row; what was stored before stays as it is."""
    session.add(run)
    wave = session.get_one(Wave, run.wave_id)
    record(session, run.computed_by, COMPUTED, f"{wave.code} {run.index_code}", run.computed_at)
    session.flush()
    return run


def computed_run(
    session: Session,
    catalogue: Catalogue,
    order: Order,
    now: datetime,
    progress: Progress | None = None,
) -> Run:
    """Compute without storing, so that a worker holds no writer's turn meanwhile."""
    tell = progress or (lambda _per_cent: None)
    tell(5)
    wave, loaded = order.wave, catalogue.index(order.index_code)
    index, columns = loaded.definition, index_of(session, wave, order.index_code)
    waits = unsettled(session, wave, index, now)
    if waits is not None:
        raise waits
    inputs = _inputs(session, catalogue, wave, index, columns)
    tell(30)
    families = _families(inputs.sample)
    result = compute_index(index, inputs.sample, families, inputs.given, Options())
    data = inputs.sample[0] if inputs.sample else None
    document = index_document(result, data, inputs.given, Showing(), loaded.checksum)
    tell(60)
    tables: dict[str, Any] = {"reads": inputs.reads}
    if inputs.sample:
        tables |= _tables(catalogue, inputs.names, inputs.sample)
    tell(80)
    return Run(
        id=new_id(),
        wave_id=wave.id,
        index_code=index.code,
        definition_checksum=loaded.checksum,
        data_checksum=inputs.checksum,
        code_version=code_version(),
        responses=inputs.responses,
        result=to_json(document),
        tables=to_json(tables),
        computed_at=now,
        computed_by=order.by,
    )


def newest_run(session: Session, index_code: str, year: int) -> Run | None:
    """The newest Run of an index on a wave of a year."""
    query = (
        select(Run)
        .join(Wave, Wave.id == Run.wave_id)
        .where(Run.index_code == index_code, Wave.year == year)
        .order_by(Run.computed_at.desc(), Run.id.desc())
    )
    return session.scalar(query.limit(1))


def reported_before(session: Session, wave: Wave) -> list[Order]:
    """What was reported for the year before and has no Run yet, so that change can be shown."""
    query = (
        select(Wave, WaveIndex.index_code)
        .join(WaveIndex, WaveIndex.wave_id == Wave.id)
        .where(Wave.year == wave.year - 1, Wave.source == REPORTED)
    )
    found = [Order(before, code) for before, code in session.execute(query)]
    return [o for o in found if newest_run(session, o.index_code, o.wave.year) is None]


@cache
def code_version() -> str:
    """The version of this program with a checksum over the source of its mathematics."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    digest = hashlib.sha256()
    for package in ("analysis", "questionnaires"):
        for path in sorted((ROOT / package).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{project['version']}+{digest.hexdigest()[:12]}"


def _families(sample: Sample | None) -> list[tuple[str, ...]]:
    """By unit; and apart by who helped to answer and by group of raters, where forms say so."""
    if sample is None:
        return []
    return [BY_UNIT, *((name,) for name in WHERE_TOLD if name in sample[0].columns)]


def _inputs(
    session: Session,
    catalogue: Catalogue,
    wave: Wave,
    index: IndexDefinition,
    columns: WaveIndex,
) -> _Inputs:
    others, reads = _others(session, wave, index)
    if wave.source == REPORTED:
        values = _reported(session, wave, index)
        given = Given(others, {(v.leaf, frozenset()): _rate(v) for v in values})
        return _Inputs(None, (), given, _reported_checksum(values), 0, reads)
    names = _versions_read(session, catalogue, wave, index)
    forms: list[Form] = list(forms_of(session, wave, *names))
    data = dataset_from(forms, catalogue, wave, *names)
    sample = (data, _design(data, columns, wave))
    return _Inputs(sample, names, Given(others), data_checksum(forms), len(forms), reads)


def _design(data: Dataset, columns: WaveIndex, wave: Wave) -> Any:
    """The design as the wave declares it.

    While answers still come in, a stratum may hold a single sampled unit: it then counts by its
    deviation from the mean of all (`adjust`, which overstates the error), and the result says so.
    """
    named = DesignColumns(
        columns.stratum or None, _names(columns.psu), columns.weight or None, _names(columns.fpc)
    )
    sources: Mapping[str, Source] = {
        "probability": "probability",
        "census": "census",
        "self-selected": "self-selected",
    }
    design = design_of(data, named, sources[wave.source], "adjust")
    return design if design.lonely_names else replace(design, lonely="fail")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _versions_read(
    session: Session, catalogue: Catalogue, wave: Wave, index: IndexDefinition
) -> tuple[str, ...]:
    """The versions of the one questionnaire of the wave that the index reads, the newest last.

    A version that came into the wave later is read too. Raises `Refusal` when it gives another
    meaning to an item of the index: how to join such answers is no choice of a computation.
    """
    used = [form.name for form in wave.forms]
    read = {n for n in used if not index.questionnaires or n in index.questionnaires}
    codes = {name.partition("/")[0] for name in read}
    if len(codes) != 1:
        template = "Đợt khảo sát «{wave}» cần dùng đúng một phiếu mà chỉ số «{index}» đọc."
        raise Refusal(template, wave=wave.code, index=index.code)
    names = versions_used(session, wave, codes.pop())
    versions = [catalogue.questionnaire(name).definition for name in names]
    items = {leaf.item for leaf in index.leaf if leaf.item}
    for old, new in pairwise(versions):
        for found in meaning_changes(old, new, items):
            template = (
                "Phiếu {new} đổi câu «{item}» so với phiếu {old}, nên câu trả lời của hai "
                "phiên bản không tính chung được vào chỉ số «{index}»."
            )
            fields = {"old": old.name, "new": new.name, "item": found.where.partition("/")[0]}
            raise Refusal(template, index=index.code, **fields)
    return names


def _others(
    session: Session, wave: Wave, index: IndexDefinition
) -> tuple[dict[str, OtherResult], dict[str, str]]:
    """The newest Runs of the same year that leaves of this index read."""
    results: dict[str, OtherResult] = {}
    reads: dict[str, str] = {}
    for code in sorted({str(leaf.index) for leaf in index.leaf if leaf.measure == "node"}):
        run = newest_run(session, code, wave.year)
        if run is None:
            template = "Cần tính chỉ số «{other}» năm {year} trước khi tính «{index}»."
            raise Refusal(template, other=code, year=wave.year, index=index.code)
        document = json.loads(run.result, parse_float=Decimal)
        results[code] = OtherResult.of(document, code)
        reads[code] = str(run.id)
    return results, reads


def _reported(session: Session, wave: Wave, index: IndexDefinition) -> list[ReportedValue]:
    query = select(ReportedValue).where(
        ReportedValue.wave_id == wave.id, ReportedValue.index_code == index.code
    )
    return list(session.scalars(query.order_by(ReportedValue.leaf)))


def _rate(value: ReportedValue) -> Fraction:
    return Fraction(Decimal(repr(value.rate)))  # as it was written: 0.9095, not its binary value


def _reported_checksum(values: list[ReportedValue]) -> str:
    lines = (f"{value.leaf} {value.rate!r} {value.source}\n" for value in values)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def _tables(catalogue: Catalogue, names: Sequence[str], sample: Sample) -> dict[str, Any]:
    """Every closed item of the form for the whole, as `python -m analysis describe` tells it.

    Over several versions these are the items and options of all of them, in the newest words.
    """
    loaded = [catalogue.questionnaire(name) for name in names]
    notice = notice_for(sample[0])
    whole = merged([one.definition for one in loaded])
    rows = [share.record(notice) for share in describe(whole, sample)]
    older = {name: one.checksum for name, one in zip(names[:-1], loaded, strict=False)}
    return {
        "questionnaire": names[-1],
        "checksum": loaded[-1].checksum,
        **({"older": older} if older else {}),
        "design": design_record(sample, Options(), Showing(), notice),
        "results": rows,
    }
