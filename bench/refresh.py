"""A stored wave gets 1,000 responses more: all estimates anew from its totals, and written."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from analysis.dataset import Dataset
from analysis.design import design_of
from analysis.engines.cells import cells_of
from analysis.engines.layout import CellLayout
from analysis.engines.stored import StoredTotals, from_bytes, to_bytes
from analysis.index import IndexResult, compute_cells, compute_index, design_of_cells
from bench.data import DESIGN, DOMAIN, generate, in_memory, index_2022, items_of
from bench.measure import best_of, budget, growth_line, line, ratio
from questionnaires.model import IndexDefinition

ROWS = (36_000, 1_000_000)
NEW = 1_000
BUDGET = 0.050  # seconds, whatever the size of the wave
TIMES = 15
INDEX, OLD_DATA, NEW_DATA = "index", "old", "new"  # stand for the checksums of files


def run(large: bool = False) -> None:
    """Refresh a small and a large wave, each against computing all its responses anew."""
    index = index_2022()
    taken = [_refreshed(index, rows) for rows in ROWS]
    growth_line(ROWS, taken)


def refresh(path: Path, layout: CellLayout, new: Dataset) -> IndexResult:
    """Read the stored totals, add new responses, compute everything, write the totals safely."""
    stored = from_bytes(path.read_bytes(), layout, INDEX, path.name)
    stored = stored.with_rows(new, layout, NEW_DATA)
    cells = stored.cells
    design = design_of_cells(cells, layout.design)
    result = compute_cells(layout.index, cells, (design, None), layout.families)
    _write(path.with_suffix(".next"), to_bytes(stored, layout, INDEX))
    return result


def _refreshed(index: IndexDefinition, rows: int) -> float:
    drawn = generate(items_of(index), rows + NEW)
    layout = CellLayout(index, DESIGN, ((DOMAIN,),))
    before, new = (in_memory(drawn.some(part)) for part in (slice(rows), slice(rows, None)))
    totals = StoredTotals.of(cells_of(before, layout), OLD_DATA)
    content = to_bytes(totals, layout, INDEX)
    print(f"\nrefresh: {NEW:,} responses to {rows:,}, stored as {totals.cells.keys.rows:,} cells")
    with TemporaryDirectory() as folder:
        path = Path(folder, "totals")
        _write(path, content)
        seconds, result = best_of(TIMES, lambda: refresh(path, layout, new))
        writing, _ = best_of(TIMES, lambda: _write(path, content))
    together = in_memory(drawn)
    sample = together, design_of(together, DESIGN)
    anew, whole = best_of(5, lambda: compute_index(index, sample, layout.families))
    _require_equal(result, whole)
    line(
        "add, compute all, write",
        seconds,
        ratio(seconds, anew, "computing the wave anew, data at hand"),
        ratio(seconds, writing, f"writing the {len(content) / 1e6:.1f} MB of totals"),
        budget(seconds, BUDGET),
    )
    return seconds


def _write(path: Path, content: bytes) -> None:
    """Write as one must who can lose power: a part, synced, then renamed."""
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _require_equal(ours: IndexResult, whole: IndexResult) -> None:
    """Raise `ValueError` unless every digit is that of the wave computed at once."""
    for a, b in zip(ours.families, whole.families, strict=True):
        for name in ("se", "df", "ci_low", "ci_high"):
            if not np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True):
                raise ValueError(f"refreshed totals give another {name}")
        if not np.array_equal(a.values.exact, b.values.exact, equal_nan=True):
            raise ValueError("refreshed totals give other estimates")
