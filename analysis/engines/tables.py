"""Responses in DuckDB or PostgreSQL: what stands in their columns, read over a connection."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from analysis.dataset import PROVENANCE, Column, Dataset, from_arrays
from analysis.design import HEAVIEST, LIGHTEST
from analysis.engines.layout import CellLayout
from analysis.engines.sql import (
    Source,
    Ticks,
    among,
    distinct_text,
    double,
    quoted,
    text,
    weights_text,
)
from analysis.measure import Coding
from questionnaires.refusal import Refusal

MOST_CELLS = 10_000  # different texts in a column of answers
MOST_ROWS = 2**27  # see `exact.LIMB_BITS`
FETCH = 50_000
KINDS = {
    "boolean": ("BOOLEAN", 16),
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
                "UBIGINT", 20, 21, 23),
    "real": ("FLOAT", "DOUBLE", "DECIMAL", 700, 701, 1700),
    "text": ("VARCHAR", 25, 1042, 1043),
}  # fmt: skip


class UnsuitableError(Exception):
    """An engine cannot total these rows as memory would: read them into memory instead.

    Memory then either does it, or refuses naming file, row and column.
    """


class Connection(Protocol):
    """What an engine needs of an open connection of `duckdb` or `psycopg`."""

    def execute(self, query: Any, /) -> Any:
        """Run a statement and return its cursor."""


@dataclass(frozen=True)
class Table:
    """Responses in an engine: an open connection and what follows FROM, one row per response.

    `source` is SQL of our own (`read_parquet('...')`, a quoted table), never a user's; `name` is
    how messages call it.
    """

    connection: Connection
    source: str
    name: str

    def kinds(self) -> dict[str, str]:
        """The columns and what kind of cells they hold: a key of `KINDS`, or '' for another."""
        cursor = self.connection.execute(f"SELECT * FROM {self.source} LIMIT 0")
        kind_of = {code: kind for kind, codes in KINDS.items() for code in codes}
        return {
            column[0]: kind_of.get(
                column[1] if isinstance(column[1], int) else str(column[1]).split("(")[0], ""
            )
            for column in cursor.description
        }

    def fetch(self, query: str) -> dict[str, Any]:
        """Run a query and return its columns: arrays, masked where a cell is empty."""
        return _fetched(self.connection.execute(query))

    def read(self, wanted: Sequence[str]) -> Dataset:
        """Read columns into memory, those of `wanted` that are there, as `dataset` reads a file."""
        kinds = self.kinds()
        real = frozenset(name for name, kind in kinds.items() if kind == "real")
        source = Source(self.source, {}, frozenset(), real)
        names = [name for name in dict.fromkeys(wanted) if name in kinds]
        columns = ", ".join(f"{source.column(name)} AS {quoted(name)}" for name in names) or "1"
        return from_arrays(self.fetch(f"SELECT {columns} FROM {self.source}"), self.name)

    def unknown(self, options: Mapping[str, Collection[str]]) -> dict[str, dict[str, list[int]]]:
        """Answers that are none of the options of their item: how often, by item and label."""
        kinds = self.kinds()
        real, whole = (
            frozenset(name for name, kind in kinds.items() if kind == wanted)
            for wanted in ("real", "integer")
        )
        source = Source(self.source, {}, whole, real)
        found: dict[str, dict[str, list[int]]] = {}
        for item in _suspicious(self, source, kinds, options):
            column = source.column(item)
            query = f"SELECT {column} AS cell, count(*) AS n FROM {self.source} GROUP BY 1"
            rows = self.fetch(query)
            cells = from_arrays({"cell": rows["cell"]}, self.name).column("cell")
            for code, times in zip(cells.codes.tolist(), rows["n"].tolist(), strict=True):
                if code >= 0 and (label := cells.labels[code]) not in options[item]:
                    found.setdefault(item, {}).setdefault(label, [0])[0] += int(times)
        return found

    def fetch_in_batches(self, query: str) -> Iterator[dict[str, Any]]:
        """Run a query whose result may be long; DuckDB gives it at once, PostgreSQL in parts."""
        if self.is_duckdb:
            yield self.fetch(query)
            return
        self.connection.execute(f"DECLARE responses NO SCROLL CURSOR WITH HOLD FOR {query}")
        try:
            while len(next(iter((found := self.fetch(f"FETCH {FETCH} FROM responses")).values()))):
                yield found
        finally:
            self.connection.execute("CLOSE responses")

    @property
    def is_duckdb(self) -> bool:
        """Say whether the connection is one of DuckDB, which returns arrays."""
        return hasattr(self.connection, "fetchnumpy")

    def row_number(self) -> str:
        """The column by which DuckDB finds some rows without reading all; empty without one."""
        if not self.is_duckdb:
            return ""
        for name in ("file_row_number", "rowid"):
            try:
                self.connection.execute(f"SELECT {name} FROM {self.source} LIMIT 0")
            except Exception:  # the errors of duckdb are not ours to import
                continue
            return name
        return ""


def _suspicious(
    table: Table, source: Source, kinds: Mapping[str, str], options: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Items that may hold an answer that is no option; of whole numbers one pass tells all."""
    whole = [item for item in options if kinds.get(item) == "integer"]
    yield from (item for item in options if item in kinds and item not in whole)
    if not whole:
        return
    counts = []
    for i, item in enumerate(whole):
        codes = [code for code in options[item] if code.lstrip("-").isdecimal()]
        known = among(source, item, codes) or "FALSE"
        counts.append(f"count(CASE WHEN NOT ({known}) THEN 1 END) AS u{i}")
    row = table.fetch(f"SELECT {', '.join(counts)} FROM {table.source}")
    yield from (item for i, item in enumerate(whole) if row[f"u{i}"][0])


def key_names(table: Table, layout: CellLayout) -> tuple[str, ...]:
    """The columns to group by: the keys of the layout, and what says where answers came from.

    Raises `Refusal` naming a column that is not there, `UnsuitableError` for cells of other types.
    """
    if not layout.design.psu:
        raise UnsuitableError("each row is a unit of its own")
    kinds = table.kinds()
    weight = () if layout.design.weight is None else (layout.design.weight,)
    needed = (*layout.sampled, *weight, *layout.items.values(), *layout.keys)
    for name in needed:
        if name not in kinds:
            template = "Tệp {file} không có cột «{column}»."
            raise Refusal(template, file=table.name, column=name)
    if not all(kinds[name] for name in needed):
        raise UnsuitableError("cells of an unusual type")
    if any(kinds[name] not in ("integer", "real") for name in weight):
        raise UnsuitableError("weights written as text")
    return (*layout.keys, *((PROVENANCE,) if PROVENANCE in kinds else ()))


def source_of(table: Table, layout: CellLayout) -> Source:
    """Find out which raw cells stand for the codes of each leaf, as `dataset` would read them."""
    kinds = table.kinds()
    of_kind = {kind: frozenset(c for c in kinds if kinds[c] == kind) for kind in KINDS}
    bare = Source(table.source, {}, of_kind["integer"], of_kind["real"])
    literals: dict[str, list[list[str]]] = {}
    raw: dict[str, list[tuple[str, str]]] = {}
    for code, item in layout.items.items():
        if item not in raw:
            raw[item] = list(_raw_cells(table, bare, item, layout, kinds[item]))
        literals[code] = _by_class(layout.codings[code], raw[item])
    return replace(bare, literals=literals)


def _by_class(coding: Coding, raw: Sequence[tuple[str, str]]) -> list[list[str]]:
    classes: list[list[str]] = [[] for _ in coding.values]
    for literal, label in raw:
        if label in coding.class_of:
            classes[coding.class_of[label]].append(literal)
    return classes


def _raw_cells(
    table: Table, source: Source, item: str, layout: CellLayout, kind: str
) -> Iterator[tuple[str, str]]:
    """Literals of cells that an item may hold, with the label that `dataset` makes of each."""
    if kind == "text":
        cells = table.fetch(distinct_text(source, item, MOST_CELLS))["cell"]
        if len(cells) > MOST_CELLS:
            raise UnsuitableError("too many different texts")
        present = list(np.ma.compressed(cells))
        column = Column.of(present)
        labels = [column.labels[code] if code >= 0 else "" for code in column.codes.tolist()]
        yield from zip(map(text, present), labels, strict=True)
        return
    scale = dict.fromkeys(
        label
        for code, its in layout.items.items()
        if its == item
        for label in layout.codings[code].class_of
    )
    for label in scale:
        cell = _cell(label, kind)
        if cell is not None and Column.of([cell]).labels == (label,):
            literal = double(cell) if isinstance(cell, float) else str(cell)
            yield literal, label


def _cell(label: str, kind: str) -> Any:
    """The cell of a column of some kind that could have a label."""
    if kind == "boolean":
        return {"True": True, "False": False}.get(label)
    try:
        return int(label) if kind == "integer" else float(label)
    except ValueError:
        return None


def ticks_of(table: Table, source: Source, weight: str | None) -> Ticks:
    """Find out how the weights can be summed exactly; the first, cheap pass over them.

    Raises `Refusal` for a table without rows and `UnsuitableError` for weights that are empty,
    negative, infinite or of too many different sizes.
    """
    known = {key: column[0] for key, column in table.fetch(weights_text(source, weight)).items()}
    rows = int(known["n"])
    if not rows:
        raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=table.name)
    if weight is None:
        known |= {"present": rows, "lowest": 1.0, "lightest": 1.0, "heaviest": 1.0}
        known |= {"total": float(rows), "decimals": 0}
    if int(known["present"]) < rows or rows > MOST_ROWS:
        raise UnsuitableError("empty weights, or more rows than limbs can hold")
    lowest, heaviest = float(known["lowest"]), float(known["heaviest"])
    if not (lowest >= 0 and np.isfinite(heaviest)):
        raise UnsuitableError("negative or infinite weights")
    lightest = heaviest if np.ma.is_masked(known["lightest"]) else float(known["lightest"])
    if 0 < lightest < LIGHTEST or heaviest > HEAVIEST:
        raise UnsuitableError("weights that are refused by row")
    ticks = Ticks.of(int(known["decimals"]), lightest, heaviest, float(known["total"]))
    if ticks is None:
        raise UnsuitableError("weights of too many different sizes")
    return ticks


def _fetched(cursor: Any) -> dict[str, Any]:
    if hasattr(cursor, "fetchnumpy"):
        arrays: dict[str, Any] = cursor.fetchnumpy()
        return arrays
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: _array(cells) for name, cells in zip(names, columns, strict=True)}


def _array(cells: Sequence[Any]) -> Any:
    """Cells of one column as DuckDB would return them."""
    empty = [cell is None for cell in cells]
    present = [cell for cell in cells if cell is not None]
    kind = type(present[0]) if present else str
    if kind not in (int, float):
        values = np.empty(len(cells), dtype=object)
        values[:] = cells
        return np.ma.masked_array(values, empty)
    return np.ma.masked_array([kind(0) if cell is None else cell for cell in cells], empty)
