"""Who adds up: DuckDB on Parquet, out of core, or PostgreSQL, by the GROUP BY of `sql`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.dataset import Dataset, Floats, Ints, Progress, from_arrays
from analysis.design import SampleDesign, design_of
from analysis.engines.cells import located, rows_of, table_of
from analysis.engines.layout import CellLayout
from analysis.engines.sql import Source, Ticks, responses_text, totals_text
from analysis.engines.tables import Table, UnsuitableError, key_names, source_of, ticks_of
from analysis.exact import EXACT
from analysis.precision import ElementRows
from analysis.totals import CellTotals, Family
from questionnaires.refusal import Refusal

MOST_COLUMNS = 1_600  # PostgreSQL has 1664 in a result
BATCH = 500_000  # responses read at a time


@dataclass(frozen=True)
class Reading:
    """What an engine made of responses: their totals, and how to read them again one by one.

    `heaviest` (cells,) is the largest weight in each cell of `cells`, in ticks.
    """

    cells: CellTotals
    heaviest: Floats
    table: Table
    layout: CellLayout
    source: Source
    ticks: Ticks

    def elements(self, design: SampleDesign, progress: Progress | None = None) -> "TableRows":
        """The single responses for design effects; `design` is that of the cells."""
        return TableRows(self, design, progress)


def read_totals(table: Table, layout: CellLayout) -> Reading:
    """Total the responses of a table in one pass, exactly as `cells.cells_of` would in memory.

    Raises `UnsuitableError` where memory has to do it: no column of sampled units, cells that are
    no numbers, texts or booleans, empty or negative weights, empty cells in the design, population
    counts that do not agree, sums too large; and `Refusal` naming a column that is not there.
    """
    names = key_names(table, layout)
    source = source_of(table, layout)
    ticks = ticks_of(table, source, layout.design.weight)
    query = totals_text(source, layout, names, ticks)
    if query.count(" AS ") > MOST_COLUMNS:
        raise UnsuitableError("too many columns for a database")
    found = table.fetch(query)
    keys = _dataset(found, names, table.name)
    sums, counts = _matrices(found, layout, ticks)
    cells = table_of(keys, sums, counts, layout.columns, ticks.tick)
    try:
        design_of(cells.keys, replace(layout.design, weight=None), lonely="certainty")
    except Refusal as refusal:
        raise UnsuitableError("the design is wrong in some row") from refusal
    heaviest = np.zeros(cells.keys.rows)
    np.maximum.at(heaviest, located(cells.keys, keys), _numbers(found["heaviest"]))
    return Reading(cells, heaviest, table, layout, source, ticks)


@dataclass(frozen=True)
class TableRows:
    """The responses of a table, read batch by batch (see `precision.Elements`)."""

    reading: Reading
    design: SampleDesign
    progress: Progress | None = None

    @property
    def rows(self) -> int:
        """How many responses there are."""
        return rows_of(self.reading.cells)

    @property
    def heaviest(self) -> float:
        """The largest survey weight, in ticks."""
        return float(self._survey(self.reading.heaviest, slice(None)).max(initial=0.0))

    def batches(self, family: Family) -> Iterator[ElementRows]:
        """Read the responses in a domain of a family of `cells.keys`, with positive weight."""
        reading, done = self.reading, 0
        names = tuple(reading.cells.keys.columns)
        for found in self._fetched(names):
            rows = _dataset(found, names, reading.table.name)
            cell = located(reading.cells.keys, rows)
            weight = self._survey(_numbers(found["t"]), cell)
            domain = family.of_row[cell]
            inside = np.flatnonzero((domain >= 0) & (weight > 0))
            measures = {
                code: coding.measured(_integers(found[f"c{i}"])[inside])
                for i, (code, coding) in enumerate(reading.layout.codings.items())
            }
            yield ElementRows(measures, domain[inside], weight[inside])
            done += rows.rows
            if self.progress:
                self.progress(done)

    def _fetched(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The columns of `sql.responses_text` in batches, never empty ones."""
        reading, table = self.reading, self.reading.table
        number = table.row_number()
        wheres = [""]
        if number:
            starts = range(0, self.rows, BATCH)
            wheres = [f"{number} >= {first} AND {number} < {first + BATCH}" for first in starts]
        for where in wheres:
            query = responses_text(reading.source, reading.layout, names, reading.ticks, where)
            for found in table.fetch_in_batches(query):
                if len(found["t"]):
                    yield found

    def _survey(self, ticks: Floats, cell: Any) -> Floats:
        calibration = self.design.calibration
        if calibration is None:
            return ticks
        group = calibration.cell[cell]
        return np.where(group >= 0, ticks * calibration.factor[group], 0.0)


def _numbers(column: Any) -> Floats:
    return np.asarray(np.ma.getdata(column), dtype=np.float64)


def _integers(column: Any) -> Ints:
    return np.asarray(np.ma.getdata(column), dtype=np.int64)


def _dataset(found: Mapping[str, Any], names: Sequence[str], name: str) -> Dataset:
    """The key columns of a result under their own names."""
    data = from_arrays({f"k{i}": found[f"k{i}"] for i in range(len(names))}, name)
    return replace(data, columns={key: data.columns[f"k{i}"] for i, key in enumerate(names)})


def _matrices(found: Mapping[str, Any], layout: CellLayout, ticks: Ticks) -> tuple[Floats, Ints]:
    """Read the columns of `sql.totals_text` into those of the layout: (l, cells, columns), counts.

    Raises `UnsuitableError` where a sum might not be exact.
    """
    at, cells, limbs = layout.columns, len(found["n"]), range(ticks.limbs)
    sums = np.zeros((ticks.limbs, cells, at.weight + 1))
    counts = np.zeros((cells, at.rows + 1), dtype=np.int64)

    def limbs_of(name: str) -> Floats:
        return np.stack([_numbers(found[f"{name}_{limb}"]) for limb in limbs])

    weight = limbs_of("w")
    heaviest = float(weight.sum(axis=1).max())
    for i, (code, coding) in enumerate(layout.codings.items()):
        leaf = at.leaves[code]
        values = np.array(coding.values, dtype=np.float64)
        if heaviest * max(1.0, float(values.max(initial=0.0))) >= EXACT:
            raise UnsuitableError("sums too large")
        by_class = np.stack([limbs_of(f"c_{i}_{k}") for k in range(len(values))], axis=2)
        sums[:, :, leaf.weight] = by_class.sum(axis=2)
        sums[:, :, leaf.value] = by_class @ values
        if leaf.square != leaf.value:
            sums[:, :, leaf.square] = by_class @ np.square(values)
        counts[:, leaf.n] = _integers(found[f"c_{i}"])
    for i, (code, below) in enumerate(layout.nodes.items()):
        people = at.people[code]
        sums[:, :, people.weight] = limbs_of(f"p_{i}")
        counts[:, people.n] = _integers(found[f"p_{i}"])
        counts[:, people.complete] = _integers(found[f"e_{i}"])
        if people.answered and heaviest * people.scale * len(below) >= EXACT:
            raise UnsuitableError("sums too large")
        for answers, column in enumerate(people.answered, 1):
            sums[:, :, column] = limbs_of(f"m_{i}_{answers}")
    sums[:, :, at.weight] = weight
    counts[:, at.responses] = _integers(found["n"])
    counts[~np.asarray(np.ma.getdata(found["positive"]), dtype=bool)] = 0
    counts[:, at.rows] = _integers(found["n"])
    return sums, counts
