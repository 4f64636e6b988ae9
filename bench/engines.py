"""A wave in a Parquet file larger than memory ought to be: the index against one bare GROUP BY."""

import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from analysis.engines.layout import CellLayout
from analysis.engines.reading import read_totals
from analysis.engines.tables import Table
from analysis.index import compute_cells, design_of_cells
from bench.data import DEFINITION, DOMAIN, index_2022, items_of
from bench.measure import (
    MEBIBYTE,
    Child,
    best_of,
    budget,
    child,
    growth_line,
    line,
    memory_line,
    ratio,
    verdict,
)
from bench.wave_file import DESIGN, quoted, write_wave
from questionnaires.model import IndexDefinition

ROWS = (1_000_000, 10_000_000)
BUDGET, MEMORY = 4.0, 500 * 10**6  # seconds and bytes, asked for at 10,000,000 rows
BARE = "one bare GROUP BY"
TIMES = 3
AGREEMENT = 1e-12  # of the national rates with those of the bare query


def run(large: bool = False) -> None:
    """Measure the whole task and the bare query, each in a process of its own."""
    index = index_2022()
    taken = []
    with TemporaryDirectory() as folder:
        for rows in ROWS:
            path = Path(folder, f"{rows}.parquet")
            seconds, _ = best_of(1, partial(write_wave, path, items_of(index), rows))
            made = f"{path.stat().st_size / MEBIBYTE:.0f} MiB, made in {seconds:.1f} s"
            print(f"\nengines: {rows:,} responses in a Parquet file ({made})")
            bare = _best("bench.bare_query", bare_text(path))
            line(BARE, bare.seconds)
            memory_line("  its peak of memory", bare.peak)
            taken.append(_task(index, path, bare, rows == ROWS[-1]))
            if large or rows < ROWS[-1]:
                _command(path, bare)
            path.unlink()
    growth_line(ROWS, taken)


def bare_text(path: Path) -> str:
    """One GROUP BY with two sums per item, as fast as it can be written.

    The weights are ticks in DOUBLE, so that the sums are exact; products with 0 and 1 take half
    the time of CASE and a tenth of that of FILTER.
    """
    sums = ", ".join(
        f'sum(w * CAST("{item}" IS NOT NULL AS TINYINT)) AS "{item} valid", '
        f'sum(w * CAST("{item}" >= 4 AS TINYINT)) AS "{item} favourable"'
        for item in items_of(index_2022())
    )
    return (
        f"SELECT {sums} FROM (SELECT *, round(weight * 10000) AS w FROM {quoted(path)}) "
        "GROUP BY unit, stratum, psu"
    )


def task_rates(path: Path) -> dict[str, float]:
    """Estimates, errors and intervals of all parts for the whole and the units: national rates."""
    index = index_2022()
    layout = CellLayout(index, DESIGN, ((DOMAIN,),))
    with duckdb.connect() as connection:
        table = Table(connection, f"read_parquet({quoted(path)})", path.name)
        cells = read_totals(table, layout).cells
    result = compute_cells(index, cells, (design_of_cells(cells, DESIGN), None), layout.families)
    national = result.families[0].values.exact[0].tolist()
    rates = {part.code: rate for part, rate in zip(result.parts, national, strict=True)}
    return {str(leaf.item): rates[leaf.code] for leaf in index.leaf}


def _task(index: IndexDefinition, path: Path, bare: Child, judged: bool) -> float:
    ours = _best("bench.engines", str(path))
    for item, found in ours.answer.items():
        rate = bare.answer[f"{item} favourable"] / bare.answer[f"{item} valid"]
        if not abs(found / rate - 1) <= AGREEMENT:
            raise ValueError(f"{item}: {found!r}, but the bare query says {rate!r}")
    notes = [ratio(ours.seconds, bare.seconds, BARE)]
    memory = [f"{ours.peak / bare.peak:.2f} x that of {BARE}"]
    if judged:
        notes.append(budget(ours.seconds, BUDGET))
        within = verdict(ours.peak < MEMORY, "within", "OVER")
        memory.append(f"{ours.peak / MEMORY:.2f} x the budget ({MEMORY // 10**6} MB): {within}")
    line("all estimates, errors, intervals", ours.seconds, *notes)
    memory_line("  their peak of memory", ours.peak, *memory)
    return ours.seconds


def _command(path: Path, bare: Child) -> None:
    out = path.with_suffix(".json")
    command = ["index", "--index", str(DEFINITION), "--data", str(path), "--by", DOMAIN]
    command += ["--stratum", "stratum", "--psu", "psu", "--weight", "weight", "--out", str(out)]
    whole = _best("analysis", *command)
    line(
        "command with design effects and JSON",
        whole.seconds,
        ratio(whole.seconds, bare.seconds, BARE),
    )
    memory_line(
        "  its peak of memory", whole.peak, f"{whole.peak / bare.peak:.2f} x that of {BARE}"
    )


def _best(module: str, *arguments: str) -> Child:
    return min((child(module, *arguments) for _ in range(TIMES)), key=lambda run: run.seconds)


if __name__ == "__main__":
    print(json.dumps(task_rates(Path(sys.argv[1]))))
