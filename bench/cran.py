"""The same index in R with CRAN survey: timed in the same run, and every figure compared."""

import csv
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from analysis.index import IndexResult
from bench.data import DOMAIN, Round, combination_of, items_of
from bench.measure import line, ratio, verdict

SURVEY = Path(__file__).with_name("index_survey.R")
AGREEMENT = 1e-9  # relative, of every estimate and standard error with those of R
IDIOMS = {
    "scores_of_responses": "R survey: influence matrix",
    "scores_of_communes": "R survey: the same, by commune",
    "svyby": "R survey: svyby, items only",
}

Row = dict[str, str]


def compare_with_survey(
    drawn: Round,
    result: IndexResult,
    ours: float,
    runs: Mapping[str, int],
    asked: Mapping[str, int],
) -> None:
    """Run some idioms of R so many times each, print their times, compare all their figures.

    `ours` are the seconds of the same task here, `asked` how many times faster it ought to be.
    Raises `ValueError` when an estimate or a standard error of R differs by more than 1e-9.
    """
    if not _has_survey():
        for idiom in runs:
            print(f"  {IDIOMS[idiom]}: not run, Rscript or its package survey is not installed")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write(drawn, result, folder)
        wanted = [f"{idiom}={times}" for idiom, times in runs.items()]
        subprocess.run(["Rscript", SURVEY, folder, *wanted], check=True)
        found, seconds = _rows(folder / "estimates.csv"), _rows(folder / "seconds.csv")
    for row in seconds:
        idiom, measured = row["idiom"], float(row["seconds"])
        same = [other for other in found if other["idiom"] == idiom]
        difference = _difference(result, same)
        notes = [ratio(measured, ours, "our task")]
        if idiom in asked:
            met = verdict(measured / ours >= asked[idiom], "met", "NOT met")
            notes.append(f"{asked[idiom]} x asked for: {met}")
        notes.append(f"{len(same):,} estimates and errors agree to {difference:.0e}")
        line(IDIOMS[idiom], measured, *notes)


@cache
def _has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = 'quit(status = !requireNamespace("survey", quietly = TRUE))'
    return subprocess.run(["Rscript", "-e", asked], capture_output=True).returncode == 0


def _write(drawn: Round, result: IndexResult, folder: Path) -> None:
    items = items_of(result.index)
    with (folder / "combination.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["part", *items])
        for part, shares in combination_of(result.index).items():
            writer.writerow([part, *(float(shares.get(item, 0)) for item in items)])
    columns = {DOMAIN: drawn.unit + 1, "stratum": drawn.stratum + 1, "psu": drawn.psu + 1}
    for name, codes in columns.items():
        codes.astype("<i4").tofile(folder / f"{name}.bin")
    np.array(drawn.weights, dtype="<f8").tofile(folder / "weight.bin")
    for item, answers in drawn.answers.items():
        answers.astype(np.int8).tofile(folder / f"{item}.bin")


def _difference(result: IndexResult, others: Sequence[Row]) -> float:
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


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
