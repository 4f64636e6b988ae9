"""The index of a national round, with all errors and intervals, against NumPy and CRAN survey."""

import csv
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import read_csv
from analysis.design import Sample, design_of
from analysis.estimate import Options
from analysis.index import IndexResult, compute_index
from analysis.render import to_json
from analysis.results import Showing, covariances_of, design_record, estimates_of
from analysis.rounding import coefficients
from bench.data import DESIGN, DOMAIN, SCALE, Round, generate, in_memory, write_csv
from questionnaires.load import load_index
from questionnaires.model import IndexDefinition, Leaf

ROOT = Path(__file__).resolve().parent.parent
DEFINITION = Path("questionnaires", "definitions", "indices", "sipas-2022.toml")
SURVEY = Path(__file__).with_name("index_survey.R")
ROWS, MANY_ROWS = 36_000, 1_000_000
PROCESS_BUDGET = 1.5  # seconds
TASK_BUDGET = 0.020  # seconds
AGREEMENT = 1e-9  # relative, of every estimate and standard error with those of R
IDIOMS = {
    "scores_of_responses": "R survey: scores of responses",
    "scores_of_communes": "R survey: scores of communes",
    "svyby": "R survey: svyby, items only, one run",
}
# The least that a process can do with the file: start, import NumPy, split the lines into cells.
BARE_PROCESS = """
import csv, sys, numpy
with open(sys.argv[1], newline="") as stream:
    sum(len(row) for row in csv.reader(stream))
"""

T = TypeVar("T")


def run(large: bool = False) -> None:
    """Measure the whole process, the task after loading, and the same task elsewhere."""
    index = load_index(ROOT / DEFINITION).definition
    drawn = generate(_items(index), ROWS)
    communes = len(np.unique(drawn.commune))
    with TemporaryDirectory() as folder:
        path = Path(folder, "round.csv")
        write_csv(drawn, path)
        sample = _read(path, index)
        result = _compute(index, sample)
        domains = sum(len(family.family.labels) for family in result.families)
        print(
            f"\nindex {index.code}: {ROWS:,} responses to {len(drawn.answers)} items, "
            f"{communes} communes, {domains} domains x {len(result.parts)} parts"
        )
        _whole_process(path)
        seconds = _whole_task(index, sample, drawn)
        _in_r(path, result, seconds)
    if large:
        _large(index)


def best_of(times: int, task: Callable[[], T]) -> tuple[float, T]:
    """The shortest wall time of several runs in seconds, and what the last run returned."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        found = task()
        seconds.append(perf_counter() - start)
    return min(seconds), found


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


def combination_of(index: IndexDefinition) -> dict[str, dict[str, Fraction]]:
    """The coefficient of every item in every part of an index that only averages its parts."""
    found: dict[str, dict[str, Fraction]] = {}
    for part in reversed(index.in_order):
        if isinstance(part, Leaf):
            found[part.code] = {str(part.item): Fraction(1)}
            continue
        found[part.code] = {}
        for child, share in coefficients(index, part):
            for item, coefficient in found[child].items():
                found[part.code][item] = share * coefficient
    return found


def _items(index: IndexDefinition) -> list[str]:
    return [str(leaf.item) for leaf in index.leaf]


def _read(path: Path, index: IndexDefinition) -> Sample:
    with path.open("rb") as stream:
        data = read_csv(stream, path.name, [*DESIGN.names, DOMAIN, *_items(index)])
    return data, design_of(data, DESIGN)


def _compute(index: IndexDefinition, sample: Sample) -> IndexResult:
    return compute_index(index, sample, [(DOMAIN,)])


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
    whole, _ = best_of(3, lambda: _python(*command))
    bare, _ = best_of(3, lambda: _python("-c", BARE_PROCESS, str(path)))
    _line(
        "whole process, CSV to JSON",
        whole,
        f"{_ratio(whole, bare, 'importing NumPy and splitting the same CSV into cells')}, "
        f"{_ratio(whole, PROCESS_BUDGET, 'the budget')}",
    )
    imports, _ = best_of(3, lambda: _python("-c", "import analysis.__main__"))
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
        _line(f"  {name}", seconds, _ratio(seconds, whole, "the whole process"))


def _load(path: Path) -> tuple[IndexDefinition, Sample]:
    index = load_index(ROOT / DEFINITION).definition
    return index, _read(path, index)


def _whole_task(index: IndexDefinition, sample: Sample, drawn: Round) -> float:
    seconds, _ = best_of(15, lambda: _compute(index, sample))
    more, _ = best_of(15, lambda: [f.deff for f in _compute(index, sample).families])
    bare, _ = best_of(15, lambda: bare_totals(drawn))
    for name, measured in (("task after loading", seconds), ("  with design effects", more)):
        _line(
            name,
            measured,
            f"{_ratio(measured, bare, 'bare NumPy totals')}, "
            f"{_ratio(measured, TASK_BUDGET, 'the budget')}",
        )
    return seconds


def _in_r(path: Path, result: IndexResult, ours: float) -> None:
    if not _has_survey():
        for name in IDIOMS.values():
            print(f"  {name}: not run, Rscript or its package survey is not installed")
        return
    combination, estimates, seconds = (
        path.with_name(f"{name}.csv") for name in ("combination", "estimates", "seconds")
    )
    with combination.open("w", encoding="utf-8", newline="") as stream:
        items = _items(result.index)
        writer = csv.writer(stream)
        writer.writerow(["part", *items])
        for part, shares in combination_of(result.index).items():
            writer.writerow([part, *(float(shares.get(item, 0)) for item in items)])
    subprocess.run(["Rscript", SURVEY, path, combination, estimates, seconds], check=True)
    found = _rows(estimates)
    for row in _rows(seconds):
        idiom, measured = row["idiom"], float(row["seconds"])
        same = [other for other in found if other["idiom"] == idiom]
        difference = _difference(result, same)
        _line(
            IDIOMS[idiom],
            measured,
            f"{_ratio(measured, ours, 'our task after loading')}; {len(same):,} estimates and "
            f"their errors agree, largest relative difference {difference:.0e}",
        )


def _has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = 'quit(status = !requireNamespace("survey", quietly = TRUE))'
    return subprocess.run(["Rscript", "-e", asked], capture_output=True).returncode == 0


def _difference(result: IndexResult, others: Sequence[dict[str, str]]) -> float:
    """The largest relative difference from estimates of R; raises `ValueError` if it matters."""
    place = {
        label[0] if label else "": (family, d)
        for family in result.families
        for d, label in enumerate(family.family.labels)
    }
    if {other["unit"] for other in others} != set(place):
        raise ValueError("R has not the same domains")
    position = {part.code: p for p, part in enumerate(result.parts)}
    position |= {str(leaf.item): position[leaf.code] for leaf in result.index.leaf}
    largest = 0.0
    for other in others:
        (family, d), p = place[other["unit"]], position[other["part"]]
        pairs = ("estimate", family.values.exact[d, p]), ("se", family.se[d, p])
        for name, ours in pairs:
            difference = abs(ours / float(other[name]) - 1)
            if not difference <= AGREEMENT:
                raise ValueError(f"R has another {name}: {other}, ours is {ours!r}")
            largest = max(largest, float(difference))
    return largest


def _large(index: IndexDefinition) -> None:
    drawn = generate(_items(index), MANY_ROWS)
    data = in_memory(drawn)
    sample = data, design_of(data, DESIGN)
    held = sum(column.codes.nbytes for column in data.columns.values())
    seconds, _ = best_of(3, lambda: _compute(index, sample))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bare, _ = best_of(3, lambda: bare_totals(drawn))
    print(f"\nindex {index.code}: {MANY_ROWS:,} responses in memory")
    _line("task after loading", seconds, _ratio(seconds, bare, "bare NumPy totals"))
    print(
        f"  {'peak memory of the process':<38}{peak / 2**20:>6.0f} MiB  "
        f"{peak / held:.2f} x the {held / 2**20:.0f} MiB of the coded columns"
    )


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def _ratio(seconds: float, reference: float, name: str) -> str:
    return f"{seconds / reference:,.2f} x {name} ({_time(reference)})"


def _line(name: str, seconds: float, compared: str) -> None:
    print(f"  {name:<38}{_time(seconds):>10}  {compared}")
