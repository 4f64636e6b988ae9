"""What the pages of results show: waves, counts, and a Run unfolded from its JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from statistics import NormalDist
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.merge import merged
from questionnaires.model import IndexDefinition, Leaf, Node
from survey_app.errors import NotFound
from survey_app.models.accounts import Account
from survey_app.models.responses import HeldResponse, Response
from survey_app.models.runs import Run
from survey_app.models.units import Unit
from survey_app.models.waves import ReportedValue, Wave, WaveIndex, WaveUnit
from survey_app.services.sorting import vietnamese

EXPECTATION = "expectation"
HEADLINE = "+"  # the options together whose joint share the official tables print
SELF_SELECTED = "self-selected"
UNIT, HELPED, RATER_GROUP = "unit", "helped", "rater_group"  # what Runs are tabulated by
HELPERS = {
    "nobody": "không ai giúp",
    "relative": "người thân giúp",
    "official": "cán bộ giúp",
    "unknown": "không rõ",
}
HUNDREDTH = Decimal("0.01")
VALID = (Response.voided_at.is_(None), Response.partial.is_(False))


@dataclass(frozen=True)
class RunLine:
    """A Run in a list."""

    id: UUID
    index_code: str
    index_title: str
    computed_at: datetime
    computed_by: str | None
    responses: int


@dataclass(frozen=True)
class WaveLine:
    """A wave in a list, with the newest Run of each of its indices."""

    code: str
    title: str
    year: int
    source: str
    opened_at: datetime | None
    closed_at: datetime | None
    valid: int
    runs: tuple[RunLine, ...]


@dataclass(frozen=True)
class UnitCount:
    """How far a unit has come."""

    code: str
    name: str
    returned: int
    valid: int


@dataclass(frozen=True)
class Counts:
    """Phiếu phát ra, thu về, hợp lệ.

    `partial` are forms that their givers left before the end (phiếu dở dang): returned, not valid.
    `voided` and `held` say why forms do not count: reason and number. Rejected forms were never
    stored.
    """

    issued: int | None
    returned: int
    valid: int
    partial: int
    voided: tuple[tuple[str, int], ...]
    held: tuple[tuple[str, int], ...]
    units: tuple[UnitCount, ...]

    @property
    def return_rate(self) -> float | None:
        """Forms returned of those handed out."""
        return self.returned / self.issued if self.issued else None

    @property
    def valid_rate(self) -> float | None:
        """Valid forms of those returned."""
        return self.valid / self.returned if self.returned else None


@dataclass(frozen=True)
class WavePage:
    """A wave with its counts, the indices it is computed into, and all Runs, newest first."""

    wave: WaveLine
    provenance: str | None
    counts: Counts
    indices: tuple[tuple[str, str], ...]
    runs: tuple[RunLine, ...]


@dataclass(frozen=True)
class Figure:
    """One estimate as its Run wrote it; rates are fractions."""

    estimate: float | None
    exact: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    n: int | None
    n_effective: float | None
    points: float | None
    points_exact: float | None
    max_points: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    status: str
    reason: str | None
    notice: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Figure":
        """Read a row of a result."""
        fields: dict[str, Any] = {key: row.get(key) for key in cls.__dataclass_fields__}
        return cls(**fields | {"exact": row.get("estimate_exact")})

    @property
    def shortfall(self) -> float | None:
        """Điểm chưa đạt: maximum points less points."""
        if self.points is None or self.max_points is None:
            return None
        return float(Decimal(repr(self.max_points)) - Decimal(repr(self.points)))


@dataclass(frozen=True)
class Before:
    """Last year's figure of the same node.

    `change` is in percentage points, between figures rounded as they are shown. `significant` is
    None where one of the two has no standard error. `same_method` is False where the node was put
    together from other parts.
    """

    year: int
    estimate: float
    change: Decimal
    significant: bool | None
    same_method: bool


@dataclass(frozen=True)
class TreeRow:
    """A node or leaf of the index, from the root down; `depth` 0 is the root.

    `evidence` names the document of a reported number.
    """

    code: str
    title: str
    depth: int
    is_leaf: bool
    figure: Figure
    before: Before | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class OptionRow:
    """One option of an item: the share is None for answers outside the scale."""

    code: str
    label: str
    count: int | None
    figure: Figure | None
    headline: bool = False


@dataclass(frozen=True)
class ItemTable:
    """A question with the shares of its options; `draft` marks wording that is not official."""

    item: str
    text: str
    draft: bool
    options: tuple[OptionRow, ...]
    outside: tuple[OptionRow, ...]


@dataclass(frozen=True)
class ItemGroup:
    """Items that share their options, shown as one table: a row an item, a column an option."""

    title: str
    items: tuple[ItemTable, ...]


@dataclass(frozen=True)
class UnitRow:
    """A unit, or who helped to answer, with its figures in the order of the columns."""

    code: str
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class ResultsPage:
    """A Run unfolded for reading, and everything that says how its figures came about."""

    run: RunLine
    wave_code: str
    wave_title: str
    wave_year: int
    source: str
    draft: bool
    note: str | None
    definition_checksum: str
    data_checksum: str
    code_version: str
    confidence: float
    minimum: int
    notice: str | None
    assumption: str | None
    reads: tuple[tuple[str, str], ...]
    tree: tuple[TreeRow, ...]
    perceptions: tuple[ItemGroup, ...]
    expectations: tuple[ItemGroup, ...]
    unit_columns: tuple[tuple[str, str], ...]
    units: tuple[UnitRow, ...]
    helpers: tuple[UnitRow, ...]
    groups: tuple[UnitRow, ...]

    @property
    def root(self) -> TreeRow:
        """The index itself."""
        return self.tree[0]

    @property
    def in_points(self) -> bool:
        """Say whether the index is scored in points."""
        return self.root.figure.max_points is not None

    @property
    def with_before(self) -> bool:
        """Say whether last year is known for anything."""
        return any(row.before for row in self.tree)

    @property
    def self_selected(self) -> bool:
        """Say whether people chose themselves to answer."""
        return self.source == SELF_SELECTED


def waves(session: Session, catalogue: Catalogue) -> tuple[WaveLine, ...]:
    """All waves, the newest year first."""
    counted = select(Response.wave_id, func.count()).where(*VALID)
    rows = session.execute(counted.group_by(Response.wave_id))
    valid: dict[int, int] = dict(iter(rows))
    found = session.scalars(select(Wave).order_by(Wave.year.desc(), Wave.code.desc())).all()
    return tuple(
        _wave_line(wave, valid.get(wave.id, 0), _newest(_runs(session, catalogue, wave)))
        for wave in found
    )


def wave_page(session: Session, catalogue: Catalogue, code: str) -> WavePage:
    """A wave with its counts and Runs; raises `NotFound` when there is none."""
    wave = wave_named(session, code)
    counts, runs = counts_of(session, wave), _runs(session, catalogue, wave)
    query = select(WaveIndex.index_code).where(WaveIndex.wave_id == wave.id)
    codes = sorted(session.scalars(query))
    indices = tuple((code, _title(catalogue, code)) for code in codes)
    line = _wave_line(wave, counts.valid, _newest(runs))
    return WavePage(line, wave.provenance, counts, indices, tuple(runs))


def wave_named(session: Session, code: str) -> Wave:
    """The wave with a code; raises `NotFound` when there is none."""
    wave = session.scalar(select(Wave).where(Wave.code == code))
    if wave is None:
        raise NotFound("Không có đợt khảo sát «{wave}».", wave=code)
    return wave


def counts_of(session: Session, wave: Wave) -> Counts:
    """Count the forms of a wave, per unit, and why some do not count."""
    valid = func.sum(case((and_(*VALID), 1), else_=0))
    unfinished = select(func.count()).where(
        Response.wave_id == wave.id, Response.voided_at.is_(None), Response.partial
    )
    per_unit = {
        unit_id: (int(returned), int(good))
        for unit_id, returned, good in session.execute(
            select(Response.unit_id, func.count(), valid)
            .where(Response.wave_id == wave.id)
            .group_by(Response.unit_id)
        )
    }
    query = (
        select(Unit).join(WaveUnit, WaveUnit.unit_id == Unit.id).where(WaveUnit.wave_id == wave.id)
    )
    units = tuple(
        UnitCount(unit.code, unit.name, *per_unit.get(unit.id, (0, 0)))
        for unit in sorted(session.scalars(query), key=lambda unit: vietnamese(unit.name))
    )
    voided = session.execute(
        select(Response.void_reason, func.count())
        .where(Response.wave_id == wave.id, Response.voided_at.is_not(None))
        .group_by(Response.void_reason)
        .order_by(func.count().desc(), Response.void_reason)
    )
    held = session.execute(  # the wave stands in the canonical document only
        select(HeldResponse.reason, func.count())
        .where(HeldResponse.document.contains(f'"wave":{json.dumps(wave.code)}', autoescape=True))
        .group_by(HeldResponse.reason)
        .order_by(HeldResponse.reason)
    )
    returned = sum(n for n, _ in per_unit.values())
    good = sum(n for _, n in per_unit.values())
    reasons = tuple((str(reason), n) for reason, n in voided)
    return Counts(
        issued=wave.issued,
        returned=returned,
        valid=good,
        partial=session.scalar(unfinished) or 0,
        voided=reasons,
        held=tuple((r, n) for r, n in held),
        units=units,
    )


def results_page(session: Session, catalogue: Catalogue, run_id: UUID) -> ResultsPage:
    """Unfold a Run; raises `NotFound` when there is none."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound("Không có lần tính này.")
    return page_of(session, catalogue, run)


def page_of(session: Session, catalogue: Catalogue, run: Run) -> ResultsPage:
    """Unfold a Run, stored or not yet."""
    wave = session.get_one(Wave, run.wave_id)
    index = catalogue.index(run.index_code).definition
    document, tables = json.loads(run.result), json.loads(run.tables)
    design = document["design"]
    whole = {row["node"]: row for row in document["results"] if not row["domain"]}
    before = _Past.find(session, catalogue, wave, index)
    evidence = _evidence(session, wave, run.index_code)
    tree = tuple(
        TreeRow(
            part.code,
            whole[part.code]["title"],
            depth,
            isinstance(part, Leaf),
            Figure.of(whole[part.code]),
            before.of(part, whole[part.code], design["confidence"]) if before else None,
            evidence.get(part.code),
        )
        for part, depth in _walk(index, index.root, 0)
        if part.code in whole
    )
    groups = _groups(tables.get("results", ()), _sections(catalogue, tables), _read_items(index))
    columns, units = _units(session, wave, index, document)
    return ResultsPage(
        run=_run_line(session, catalogue, run),
        wave_code=wave.code,
        wave_title=wave.title,
        wave_year=wave.year,
        source=wave.source,
        draft=document["draft"],
        note=document["note"],
        definition_checksum=run.definition_checksum,
        data_checksum=run.data_checksum,
        code_version=run.code_version,
        confidence=design["confidence"],
        minimum=design["min_n"],
        notice=design.get("notice"),
        assumption=design.get("assumption"),
        reads=tuple(tables.get("reads", {}).items()),
        tree=tree,
        perceptions=tuple(g for g in groups if not _is_expectation(g)),
        expectations=tuple(g for g in groups if _is_expectation(g)),
        unit_columns=columns,
        units=units,
        helpers=_helpers(index, document),
        groups=_groups_of_raters(index, document),
    )


def result_json(session: Session, run_id: UUID) -> str:
    """The JSON document of a Run, the very text that was computed."""
    result = session.scalar(select(Run.result).where(Run.id == run_id))
    if result is None:
        raise NotFound("Không có lần tính này.")
    return result


def rounded_percent(rate: float) -> Decimal:
    """A rate in per cent with two decimals, half up, as the official tables round."""
    return (100 * Decimal(repr(rate))).quantize(HUNDREDTH, ROUND_HALF_UP)


@dataclass(frozen=True)
class _Past:
    """The newest Run of the year before of an index with the same root.

    Answers that people gave of their own accord are compared with such answers only.
    """

    year: int
    index: IndexDefinition
    rows: Mapping[str, Mapping[str, Any]]

    @classmethod
    def find(
        cls, session: Session, catalogue: Catalogue, wave: Wave, index: IndexDefinition
    ) -> "_Past | None":
        query = (
            select(Run)
            .join(Wave, Wave.id == Run.wave_id)
            .where(
                Wave.year == wave.year - 1,
                (Wave.source == SELF_SELECTED).is_(wave.source == SELF_SELECTED),
            )
            .order_by(Run.computed_at.desc(), Run.id.desc())
        )
        for run in session.scalars(query):
            if run.index_code not in catalogue.index_codes:
                continue
            other = catalogue.index(run.index_code).definition
            if other.root == index.root:
                rows = json.loads(run.result)["results"]
                whole = {row["node"]: row for row in rows if not row["domain"]}
                return cls(wave.year - 1, other, whole)
        return None

    def of(self, part: Node | Leaf, row: Mapping[str, Any], confidence: float) -> Before | None:
        """Last year's figure of a part: the one of its code, or else one of the same children."""
        twin = self.index.by_code.get(part.code) or self._same_children(part)
        found = self.rows.get(twin.code) if twin else None
        if twin is None or found is None or found["estimate"] is None or row["estimate"] is None:
            return None
        change = rounded_percent(row["estimate"]) - rounded_percent(found["estimate"])
        significant = None
        if row["se"] is not None and found["se"] is not None:
            spread = sqrt(row["se"] ** 2 + found["se"] ** 2)
            limit = NormalDist().inv_cdf((1 + confidence) / 2) * spread
            significant = abs(row["estimate_exact"] - found["estimate_exact"]) > limit
        same = True
        if isinstance(twin, Node) and isinstance(part, Node):
            same = twin.children == part.children
        return Before(self.year, found["estimate"], change, significant, same)

    def _same_children(self, part: Node | Leaf) -> Node | None:
        if not isinstance(part, Node):
            return None
        alike = (n for n in self.index.node if n.children == part.children)
        return next((n for n in alike if n.rollup == part.rollup), None)


def _evidence(session: Session, wave: Wave, index_code: str) -> dict[str, str]:
    query = select(ReportedValue.leaf, ReportedValue.source).where(
        ReportedValue.wave_id == wave.id, ReportedValue.index_code == index_code
    )
    return dict(iter(session.execute(query)))


def _walk(index: IndexDefinition, code: str, depth: int) -> Iterator[tuple[Node | Leaf, int]]:
    part = index.by_code[code]
    yield part, depth
    for child in part.children if isinstance(part, Node) else ():
        yield from _walk(index, child, depth + 1)


def _units(
    session: Session, wave: Wave, index: IndexDefinition, document: Mapping[str, Any]
) -> tuple[tuple[tuple[str, str], ...], tuple[UnitRow, ...]]:
    """The root and its children by unit, the best first."""
    query = select(Unit.code, Unit.name).join(WaveUnit, WaveUnit.unit_id == Unit.id)
    taking_part = session.execute(query.where(WaveUnit.wave_id == wave.id))
    rows = _rows_by(UNIT, dict(iter(taking_part)), index, document)
    rows.sort(key=lambda row: (-(row.figures[0].estimate or -1), vietnamese(row.name)))
    titles = {row["node"]: row["title"] for row in document["results"]}
    return tuple((code, titles.get(code, code)) for code in _top(index)), tuple(rows)


def _helpers(index: IndexDefinition, document: Mapping[str, Any]) -> tuple[UnitRow, ...]:
    """The same by who helped to answer, in a fixed order; empty where no form says so."""
    order = list(HELPERS)
    rows = _rows_by(HELPED, HELPERS, index, document)
    return tuple(sorted(rows, key=lambda row: order.index(row.code)))


def _groups_of_raters(index: IndexDefinition, document: Mapping[str, Any]) -> tuple[UnitRow, ...]:
    """The same by group of invited officials; empty where none was invited."""
    rows = _rows_by(RATER_GROUP, {}, index, document)
    return tuple(sorted(rows, key=lambda row: vietnamese(row.name)))


def _top(index: IndexDefinition) -> tuple[str, ...]:
    root = index.by_code[index.root]
    return (root.code, *(root.children if isinstance(root, Node) else ()))


def _rows_by(
    variable: str, names: Mapping[str, str], index: IndexDefinition, document: Mapping[str, Any]
) -> list[UnitRow]:
    """The root and its children for every domain of one variable."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in document["results"]:
        if variable in row["domain"]:
            found.setdefault(row["domain"][variable], {})[row["node"]] = row
    return [
        UnitRow(code, names.get(code, code), tuple(Figure.of(rows[node]) for node in _top(index)))
        for code, rows in found.items()
    ]


def _read_items(index: IndexDefinition) -> set[str]:
    """The items whose answers are in the tree already."""
    return {leaf.item for leaf in index.leaf if leaf.item}


def _sections(catalogue: Catalogue, tables: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The section of each item, and the name of the scale it uses."""
    if "questionnaire" not in tables:
        return {}
    names = [*tables.get("older", ()), tables["questionnaire"]]
    version = merged([catalogue.questionnaire(name).definition for name in names])
    return {
        item.code: (section.title, item.scale or item.code)
        for section in version.section
        for item in section.item
    }


def _groups(
    rows: Sequence[Mapping[str, Any]], sections: Mapping[str, tuple[str, str]], read: set[str]
) -> tuple[ItemGroup, ...]:
    """One table for items of a section that share a scale; items of the tree are left out."""
    by_item: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["item"] not in read and not row["domain"]:
            by_item.setdefault(row["item"], []).append(row)
    grouped: dict[tuple[str, str], list[ItemTable]] = {}
    for item, members in by_item.items():
        grouped.setdefault(sections[item], []).append(_item_table(item, members))
    return tuple(ItemGroup(title, tuple(items)) for (title, _), items in grouped.items())


def _item_table(item: str, rows: Sequence[Mapping[str, Any]]) -> ItemTable:
    options: list[OptionRow] = []
    outside: list[OptionRow] = []
    headline = {row["label"] for row in rows if row["option"] == HEADLINE}
    labels = {row["label"] for row in rows if row["option"] != HEADLINE}
    for row in rows:
        if row["option"] == HEADLINE and row["label"] in labels:
            continue  # the headline is one option, which has its row
        away = row["status"] == "outside"
        figure = None if away else Figure.of(row)
        is_headline = row["label"] in headline
        line = OptionRow(row["option"], row["label"], row["count"], figure, is_headline)
        (outside if away else options).append(line)
    text, draft = rows[0]["text"], rows[0]["wording"] == "draft"
    return ItemTable(item, text, draft, tuple(options), tuple(outside))


def _is_expectation(group: ItemGroup) -> bool:
    return all(table.item.startswith(EXPECTATION) for table in group.items)


def _runs(session: Session, catalogue: Catalogue, wave: Wave) -> list[RunLine]:
    columns = (Run.id, Run.index_code, Run.computed_at, Account.name, Run.responses)
    query = (
        select(*columns)
        .outerjoin(Account, Account.id == Run.computed_by)
        .where(Run.wave_id == wave.id)
        .order_by(Run.computed_at.desc(), Run.id.desc())
    )
    return [
        RunLine(identity, code, _title(catalogue, code), at, by, responses)
        for identity, code, at, by, responses in session.execute(query)
    ]


def _run_line(session: Session, catalogue: Catalogue, run: Run) -> RunLine:
    by = session.get(Account, run.computed_by) if run.computed_by else None
    title = _title(catalogue, run.index_code)
    name = by.name if by else None
    return RunLine(run.id, run.index_code, title, run.computed_at, name, run.responses)


def _newest(runs: Sequence[RunLine]) -> tuple[RunLine, ...]:
    newest: dict[str, RunLine] = {}
    for run in runs:
        newest.setdefault(run.index_code, run)
    return tuple(newest.values())


def _wave_line(wave: Wave, valid: int, runs: tuple[RunLine, ...]) -> WaveLine:
    return WaveLine(
        wave.code,
        wave.title,
        wave.year,
        wave.source,
        wave.opened_at,
        wave.closed_at,
        valid,
        runs,
    )


def _title(catalogue: Catalogue, code: str) -> str:
    if code not in catalogue.index_codes:
        return code
    return catalogue.index(code).definition.title.get("vi", code)
