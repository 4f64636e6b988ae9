"""Responses put into a table of DuckDB or PostgreSQL, and documents of the same index on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.engines.cells import rows_of
from analysis.engines.layout import CellLayout
from analysis.engines.reading import Reading
from analysis.engines.tables import Table
from analysis.estimate import Options
from analysis.index import IndexResult, compute_cells, compute_tree, design_of_cells
from analysis.measure import Measure
from analysis.precision import Elements
from analysis.render import to_json
from analysis.results import Showing, index_document
from analysis.totals import CellTotals
from tests.analysis.factories import dec, index_of, leaf, node

NAME = "phieu"
DESIGN = DesignColumns(stratum="h", psu=("i",), weight="w")
POINTS = {"1": dec("1"), "2": dec("0.75"), "3": dec("0.5"), "4": dec("0.25"), "5": dec("0")}
INDEX = index_of(
    node("R", ["M", "P", "I"]),
    node("M", ["a", "b"]),
    node("P", ["c", "d"], "pooled_respondents"),
    node("I", ["e", "f"], "pooled_items"),
    leaf("a"),
    leaf("b", measure="mean_score"),
    leaf("c", measure="option_points", points=POINTS),
    leaf("d", measure="mean_score"),
    leaf("e", favourable=("1", "3")),
    leaf("f"),
)
ITEMS = "abcdef"
LAYOUT = CellLayout(INDEX, DESIGN, (("u",), ("u", "x")))


def into(connection: Any, columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> Table:
    """Create a temporary table; columns without a type given hold texts."""
    mark = "?" if hasattr(connection, "fetchnumpy") else "%s"
    named = ", ".join(f'"{name}" {types.get(name, "text")}' for name in columns)
    connection.execute("DROP TABLE IF EXISTS responses_of_test")
    connection.execute(f"CREATE TEMPORARY TABLE responses_of_test ({named})")
    rows = list(zip(*columns.values(), strict=True))
    marks = ", ".join(mark for _ in columns)
    inserting = connection if mark == "?" else connection.cursor()
    if rows:
        inserting.executemany(f"INSERT INTO responses_of_test VALUES ({marks})", rows)
    return Table(connection, "responses_of_test", NAME)


def from_rows(data: Dataset, layout: CellLayout = LAYOUT) -> str:
    """The document that memory makes of a data set."""
    sample = data, design_of(data, layout.design, lonely="certainty")
    measures = measures_of(layout, data)
    return _document(compute_tree(layout.tree, measures, sample, layout.families, Options()), data)


def measures_of(layout: CellLayout, data: Dataset) -> dict[str, Measure]:
    """The answers to each leaf, classified by the definition alone."""
    return {
        code: coding.measure(data.column(layout.items[code]))
        for code, coding in layout.codings.items()
    }


def from_cells(
    cells: CellTotals, layout: CellLayout = LAYOUT, reading: Reading | None = None
) -> str:
    """The document made of totals of cells, with design effects if responses can be read again."""
    design = design_of_cells(cells, layout.design, lonely="certainty")
    elements: Elements | None = reading and reading.elements(design)
    result = compute_cells(layout.index, cells, (design, elements), layout.families)
    return _document(result, replace(cells.keys, rows=rows_of(cells)))


def _document(result: IndexResult, data: Dataset) -> str:
    data = replace(data, name=NAME)
    document = index_document(result, data, None, Showing(minimum=0), "checksum")
    document["design"]["rows"] = data.rows  # those without weight included
    return to_json(document)
