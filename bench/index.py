"""The index of a national round, with all errors and intervals, against NumPy and CRAN survey."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import read_csv
from analysis.design import Sample, design_of
from analysis.estimate import Options
from analysis.index import IndexResult, compute_index
from analysis.render import to_json
from analysis.results import Showing, covariances_of, design_record, estimates_of
from bench.cran import compare_with_survey
from bench.data import (
    DEFINITION,
    DESIGN,
    DOMAIN,
    SCALE,
    Round,
    generate,
    in_memory,
    index_2022,
    items_of,
    write_csv,
)
from bench.measure import (
    best_of,
    budget,
    growth_line,
    line,
    memory_line,
    peak_memory,
    python,
    ratio,
)
from questionnaires.model import IndexDefinition

ROWS, MANY_ROWS = 36_000, 1_000_000
PROCESS_BUDGET = 1.5  # seconds
TASK_BUDGET, LARGE_TASK_BUDGET = 0.008, 0.20  # seconds, after loading
FASTER = {"scores_of_responses": 30, "svyby": 800}  # times, asked for at 1,000,000 responses
# The least that a process can do with the file: start, import NumPy, split the lines into cells.
BARE_PROCESS = """
import csv, sys, numpy
with open(sys.argv[1], newline="") as stream:
    sum(len(row) for row in csv.reader(stream))
"""


def run(large: bool = False) -> None:
    """Measure the whole process, then the task after loading, and the same task elsewhere."""
    index = index_2022()
    drawn = generate(items_of(index), ROWS)
    with TemporaryDirectory() as folder:
        path = Path(folder, "round.csv")
        write_csv(drawn, path)
        sample = _read(path, index)
        _say(index, sample, drawn)
        _whole_process(path)
    small = _task(index, sample, drawn, TASK_BUDGET, 15)
    runs = {"scores_of_responses": 5, "scores_of_communes": 5, "svyby": 1}
    compare_with_survey(drawn, _compute(index, sample), small, runs, {})

    drawn = generate(items_of(index), MANY_ROWS)
    data = in_memory(drawn)
    sample = data, design_of(data, DESIGN)
    _say(index, sample, drawn)
    many = _task(index, sample, drawn, LARGE_TASK_BUDGET, 7)
    held = sum(column.codes.nbytes for column in data.columns.values())
    peak = peak_memory()
    memory_line("peak memory of the process", peak, f"{peak / held:.2f} x the coded columns")
    growth_line((ROWS, MANY_ROWS), (small, many))
    runs = {"scores_of_responses": 1, "scores_of_communes": 1} | ({"svyby": 1} if large else {})
    compare_with_survey(drawn, _compute(index, sample), many, runs, FASTER)


def bare_totals(drawn: Round) -> list[NDArray[np.number]]:
    """The weight of each class of answers in each commune, item by item: the least to be done."""
    classes = len(SCALE) + 1  # with the missing answer, which stands as -1
    key = drawn.commune.astype(np.intp) * classes + 1
    weights = drawn.ticks.astype(np.float64)
    size = (int(drawn.commune.max()) + 1) * classes
    return [
        np.bincount(key + answers, weights=weights, minlength=size)
        for answers in drawn.answers.values()
    ]


def _read(path: Path, index: IndexDefinition) -> Sample:
    with path.open("rb") as stream:
        data = read_csv(stream, path.name, [*DESIGN.names, DOMAIN, *items_of(index)])
    return data, design_of(data, DESIGN)


def _compute(index: IndexDefinition, sample: Sample) -> IndexResult:
    return compute_index(index, sample, [(DOMAIN,)])


def _say(index: IndexDefinition, sample: Sample, drawn: Round) -> None:
    result = _compute(index, sample)
    domains = sum(len(family.family.labels) for family in result.families)
    print(
        f"\nindex {index.code}: {len(drawn.ticks):,} responses to {len(drawn.answers)} items, "
        f"{len(np.unique(drawn.commune))} communes, {domains} domains x {len(result.parts)} parts"
    )


def _write(result: IndexResult, sample: Sample, path: Path) -> None:
    """Everything that follows the computation: design effects, ranks, rows, JSON."""
    showing = Showing()
    document = {
        "index": result.index.code,
        "design": design_record(sample, Options(), showing),
        "results": [vars(estimate) for estimate in estimates_of(result, showing)],
        "covariance": list(covariances_of(result, showing)),
    }
    path.write_text(to_json(document), encoding="utf-8")


def _whole_process(path: Path) -> None:
    out = path.with_name("result.json")
    command = ["-m", "analysis", "index", "--index", str(DEFINITION), "--data", str(path)]
    command += ["--stratum", "stratum", "--psu", "psu", "--weight", "weight"]
    command += ["--by", DOMAIN, "--out", str(out)]
    whole, _ = best_of(3, lambda: python(*command))
    bare, _ = best_of(3, lambda: python("-c", BARE_PROCESS, str(path)))
    compared = ratio(whole, bare, "importing NumPy and splitting the same CSV into cells")
    line("whole process, CSV to JSON", whole, compared, budget(whole, PROCESS_BUDGET))
    imports, _ = best_of(3, lambda: python("-c", "import analysis.__main__"))
    reading, (index, sample) = best_of(3, lambda: _load(path))
    computing, _ = best_of(3, lambda: _compute(index, sample))
    output, _ = best_of(3, lambda: _write(_compute(index, sample), sample, out))
    parts = {
        "interpreter and imports": imports,
        "reading definition, CSV and design": reading,
        "computing": computing,
        "design effects, ranks and JSON": output - computing,
    }
    for name, seconds in parts.items():
        line(f"  {name}", seconds, ratio(seconds, whole, "the whole process"))


def _load(path: Path) -> tuple[IndexDefinition, Sample]:
    index = index_2022()
    return index, _read(path, index)


def _task(index: IndexDefinition, sample: Sample, drawn: Round, most: float, times: int) -> float:
    seconds, _ = best_of(times, lambda: _compute(index, sample))
    bare, _ = best_of(times, lambda: bare_totals(drawn))
    line(
        "task after loading",
        seconds,
        ratio(seconds, bare, "bare NumPy totals"),
        budget(seconds, most),
    )
    more, _ = best_of(times, lambda: [f.deff for f in _compute(index, sample).families])
    line("  with design effects", more, ratio(more, bare, "bare NumPy totals"))
    return seconds
