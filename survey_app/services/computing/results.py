"""A Run unfolded for reading: the index tree from the root down, beside last year and tables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import NormalDist
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import IndexDefinition, Leaf, Node
from survey_app.errors import NotFound
from survey_app.models.runs import Run
from survey_app.models.waves import ReportedValue, Wave
from survey_app.services.computing.overview import RunLine, run_line
from survey_app.services.computing.result_tables import (
    Figure,
    ItemGroup,
    UnitRow,
    helper_rows,
    item_groups,
    rater_rows,
    rounded_percent,
    top_of,
    unit_rows,
)

SELF_SELECTED = "self-selected"


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
    groups = item_groups(catalogue, index, tables)
    titles = {row["node"]: row["title"] for row in document["results"]}
    return ResultsPage(
        run=run_line(session, catalogue, run),
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
        perceptions=tuple(group for group in groups if not group.is_expectation),
        expectations=tuple(group for group in groups if group.is_expectation),
        unit_columns=tuple((code, titles.get(code, code)) for code in top_of(index)),
        units=unit_rows(session, wave, index, document),
        helpers=helper_rows(index, document),
        groups=rater_rows(index, document),
    )


def result_json(session: Session, run_id: UUID) -> str:
    """The JSON document of a Run, the very text that was computed."""
    result = session.scalar(select(Run.result).where(Run.id == run_id))
    if result is None:
        raise NotFound("Không có lần tính này.")
    return result


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
            select(Run.id, Run.index_code)
            .join(Wave, Wave.id == Run.wave_id)
            .where(
                Wave.year == wave.year - 1,
                (Wave.source == SELF_SELECTED).is_(wave.source == SELF_SELECTED),
            )
            .order_by(Run.computed_at.desc(), Run.id.desc())
        )
        for run_id, code in session.execute(query):
            if code not in catalogue.index_codes:
                continue
            other = catalogue.index(code).definition
            if other.root == index.root:
                rows = json.loads(result_json(session, run_id))["results"]
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
