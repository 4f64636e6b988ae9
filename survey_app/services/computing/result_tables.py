"""Tables of a Run read from its JSON: single figures, items with their options, rows by domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.merge import merged
from questionnaires.model import IndexDefinition, Node
from survey_app.models.units import Unit
from survey_app.models.waves import Wave, WaveUnit
from survey_app.services.tables.sorting import vietnamese

EXPECTATION = "expectation"
HEADLINE = "+"  # the options together whose joint share the official tables print
UNIT, HELPED, RATER_GROUP = "unit", "helped", "rater_group"  # what Runs are tabulated by
HELPERS = {
    "nobody": "không ai giúp",
    "relative": "người thân giúp",
    "official": "cán bộ giúp",
    "unknown": "không rõ",
}
HUNDREDTH = Decimal("0.01")


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

    @property
    def is_expectation(self) -> bool:
        """Say whether it tells what people expect, not what they found."""
        return all(table.item.startswith(EXPECTATION) for table in self.items)


@dataclass(frozen=True)
class UnitRow:
    """A unit, or who helped to answer, with its figures in the order of the columns."""

    code: str
    name: str
    figures: tuple[Figure, ...]


def rounded_percent(rate: float) -> Decimal:
    """A rate in per cent with two decimals, half up, as the official tables round."""
    return (100 * Decimal(repr(rate))).quantize(HUNDREDTH, ROUND_HALF_UP)


def unit_rows(
    session: Session, wave: Wave, index: IndexDefinition, document: Mapping[str, Any]
) -> tuple[UnitRow, ...]:
    """The root and its children by unit, the best first."""
    query = select(Unit.code, Unit.name).join(WaveUnit, WaveUnit.unit_id == Unit.id)
    taking_part = session.execute(query.where(WaveUnit.wave_id == wave.id))
    rows = _rows_by(UNIT, dict(iter(taking_part)), index, document)
    rows.sort(key=lambda row: (-(row.figures[0].estimate or -1), vietnamese(row.name)))
    return tuple(rows)


def helper_rows(index: IndexDefinition, document: Mapping[str, Any]) -> tuple[UnitRow, ...]:
    """The same by who helped to answer, in a fixed order; empty where no form says so."""
    order = list(HELPERS)
    rows = _rows_by(HELPED, HELPERS, index, document)
    return tuple(sorted(rows, key=lambda row: order.index(row.code)))


def rater_rows(index: IndexDefinition, document: Mapping[str, Any]) -> tuple[UnitRow, ...]:
    """The same by group of invited officials; empty where none was invited."""
    rows = _rows_by(RATER_GROUP, {}, index, document)
    return tuple(sorted(rows, key=lambda row: vietnamese(row.name)))


def top_of(index: IndexDefinition) -> tuple[str, ...]:
    """The root and its children: the columns of rows by domain."""
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
        UnitRow(code, names.get(code, code), tuple(Figure.of(rows[node]) for node in top_of(index)))
        for code, rows in found.items()
    ]


def item_groups(
    catalogue: Catalogue, index: IndexDefinition, tables: Mapping[str, Any]
) -> tuple[ItemGroup, ...]:
    """One table for items of a section that share a scale; items of the tree are left out."""
    read, sections = {leaf.item for leaf in index.leaf}, _sections(catalogue, tables)
    by_item: dict[str, list[Mapping[str, Any]]] = {}
    for row in tables.get("results", ()):
        if row["item"] not in read and not row["domain"]:
            by_item.setdefault(row["item"], []).append(row)
    grouped: dict[tuple[str, str], list[ItemTable]] = {}
    for item, members in by_item.items():
        grouped.setdefault(sections[item], []).append(_item_table(item, members))
    return tuple(ItemGroup(title, tuple(items)) for (title, _), items in grouped.items())


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
