"""Reads the golden cases and holds figures against those of CRAN survey."""

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.dataset import Dataset, read_csv
from analysis.index import IndexResult
from questionnaires.check import problems_in_index
from questionnaires.load import load_index
from questionnaires.model import IndexDefinition

GOLDEN = Path(__file__).parent / "golden"
INTERVALS = ("ci_low", "ci_high")
FIGURES = ("estimate", "se", "df", *INTERVALS, "n", "deff")
Place = tuple[str, str, str]


def golden_data(name: str) -> Dataset:
    """The data of a case."""
    with (GOLDEN / f"{name}.csv").open("rb") as stream:
        return read_csv(stream, f"{name}.csv")


def golden_index(name: str) -> IndexDefinition:
    """The index of a case, which must be sound."""
    index = load_index(GOLDEN / f"{name}.toml").definition
    assert problems_in_index(index) == []
    return index


def golden_rows(name: str, case: str | None = None) -> list[dict[str, str]]:
    """The rows of a file beside the data, or those of one case."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if case is None or row["case"] == case]


def families_in(rows: Iterable[Mapping[str, str]]) -> list[tuple[str]]:
    """The columns by which expected rows are broken down."""
    return [(column,) for column in sorted({row["by"] for row in rows if row["by"]})]


def figures_of(result: IndexResult) -> dict[Place, dict[str, Any]]:
    """All figures of a result by (column, label, node)."""
    return {
        ("".join(family.family.columns), "".join(labels), part.code): {
            "estimate": family.values.exact[d, p],
            "se": family.se[d, p],
            "df": family.df[d, p],
            "ci_low": family.ci_low[d, p],
            "ci_high": family.ci_high[d, p],
            "n": family.values.n[d, p],
            "deff": family.deff[d, p],
        }
        for family in result.families
        for d, labels in enumerate(family.family.labels)
        for p, part in enumerate(result.parts)
    }


def differences(rows: list[dict[str, str]], result: IndexResult) -> list[tuple[Any, ...]]:
    """The figures that differ from the expected rows: place, name, ours, theirs."""
    found = figures_of(result)
    assert len(rows) == len(found)
    return [
        (*place, key, found[place][key], row[key])
        for row in rows
        for place in [(row["by"], row["domain"], row["node"])]
        for key in FIGURES
        if key in row and not agrees(key, found[place][key], row[key])
    ]


def agrees(key: str, value: float, text: str) -> bool:
    """Say whether a value is the one expected.

    Counts and degrees of freedom are the same number, an interval agrees to 1e-7 and anything else
    to 1e-9, relative to its size. R has no value where the text is empty: nothing is asserted of
    a design effect, all else is undefined.
    """
    if text == "":
        return key == "deff" or math.isnan(value)
    if key in ("df", "n"):
        return value == float(text)
    tolerance = 1e-7 if key in INTERVALS else 1e-9
    return math.isclose(value, float(text), rel_tol=tolerance, abs_tol=1e-12)
