"""A made-up national round: units, strata, communes, weights and answers, the same at every run."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Ints
from analysis.design import DesignColumns
from analysis.rounding import coefficients
from bench.measure import ROOT
from questionnaires.load import load_index
from questionnaires.model import IndexDefinition, Leaf

DEFINITION = Path("questionnaires", "definitions", "indices", "sipas-2022.toml")
SEED = 2022
UNITS = 63
FEEDBACK = "s5_"  # items asked only of those who gave feedback
GAVE_FEEDBACK = 0.28
WEIGHT_DECIMALS = 4
SCALE = ("1", "2", "3", "4", "5")
CUTS = (-2.6, -1.9, -0.9, 0.9)  # of the latent satisfaction: about four in five are 4 or 5
DESIGN = DesignColumns(stratum="stratum", psu=("psu",), weight="weight")
DOMAIN = "unit"


@dataclass(frozen=True)
class Round:
    """Answers (n,) by item, -1 for none and k for the code k + 1, and how the n were sampled.

    `commune` (n,) numbers each row's commune nationally; `psu` numbers it within its unit only, as
    in the field. `ticks` (n,) are the weights in units of their last decimal.
    """

    unit: NDArray[np.int32]
    stratum: NDArray[np.int32]
    psu: NDArray[np.int32]
    commune: NDArray[np.int32]
    ticks: Ints
    answers: Mapping[str, NDArray[np.int32]]

    @property
    def weights(self) -> list[str]:
        """The weights as they stand in a file."""
        return [f"{tick / 10**WEIGHT_DECIMALS:.{WEIGHT_DECIMALS}f}" for tick in self.ticks.tolist()]

    def some(self, rows: slice) -> "Round":
        """Only some of the rows."""
        answers = {item: codes[rows] for item, codes in self.answers.items()}
        places = (self.unit[rows], self.stratum[rows], self.psu[rows], self.commune[rows])
        return Round(*places, self.ticks[rows], answers)


def index_2022() -> IndexDefinition:
    """The index that the benches compute: 33 items, 9 components, 2 pillars, the whole."""
    return load_index(ROOT / DEFINITION).definition


def items_of(index: IndexDefinition) -> list[str]:
    """The columns of the answers, in the order of the leaves."""
    return [str(leaf.item) for leaf in index.leaf]


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


def generate(items: Sequence[str], rows: int) -> Round:
    """Draw a round: 10 to 14 communes per unit in an urban and a rural stratum, rows unsorted."""
    rng = np.random.default_rng(SEED)
    communes_of_unit = rng.integers(10, 15, UNITS)
    unit_of = np.repeat(np.arange(UNITS), communes_of_unit)
    psu_of = np.concatenate([np.arange(count) for count in communes_of_unit])
    rural_of = psu_of >= communes_of_unit[unit_of] // 3
    commune = rng.integers(0, len(unit_of), rows).astype(np.int32)
    size_of = rng.lognormal(3.5, 0.5, len(unit_of))
    factor = rng.lognormal(0, 0.25, 40)[rng.integers(0, 40, rows)]  # sex x age x ethnicity
    ticks = np.rint(size_of[commune] * factor * 10**WEIGHT_DECIMALS).astype(np.int64)

    level_of = rng.normal(0, 0.25, UNITS)[unit_of] + rng.normal(0, 0.3, len(unit_of))
    person = level_of[commune] + rng.normal(0, 0.8, rows)
    feedback = rng.random(rows) < GAVE_FEEDBACK
    answers = {}
    for item in items:
        latent = person + rng.normal(0, 0.25) + rng.normal(0, 0.8, rows)
        answered = feedback if item.startswith(FEEDBACK) else rng.random(rows) > rng.beta(2, 48)
        answers[item] = np.where(answered, np.searchsorted(CUTS, latent), -1).astype(np.int32)
    unit = unit_of.astype(np.int32)[commune]
    stratum = (2 * unit_of + rural_of).astype(np.int32)[commune]
    return Round(unit, stratum, psu_of.astype(np.int32)[commune], commune, ticks, answers)


def write_csv(drawn: Round, path: Path) -> None:
    """Write a round as the CSV file that a data manager would send: an empty cell for no answer."""
    cell = np.array([*SCALE, ""])  # -1 is the last
    columns = {
        DOMAIN: (drawn.unit + 1).tolist(),
        "stratum": (drawn.stratum + 1).tolist(),
        "psu": (drawn.psu + 1).tolist(),
        "weight": drawn.weights,
    } | {item: cell[codes].tolist() for item, codes in drawn.answers.items()}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def in_memory(drawn: Round) -> Dataset:
    """The same round as a data set that never was a file."""
    columns = {
        name: Column.narrow(codes, tuple(str(code + 1) for code in range(int(codes.max()) + 1)))
        for name, codes in ((DOMAIN, drawn.unit), ("stratum", drawn.stratum), ("psu", drawn.psu))
    }
    columns["weight"] = Column.of(drawn.weights)
    columns |= {item: Column.narrow(codes, SCALE) for item, codes in drawn.answers.items()}
    return Dataset("bench", len(drawn.ticks), columns)
