"""The sufficient statistics: exact weighted totals per unit of the sample and domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Floats, Ints
from analysis.design import SampleDesign
from analysis.exact import ExactWeights, steady_sums
from analysis.grouping import group, in_natural_order
from analysis.measure import Measure


@dataclass(frozen=True)
class Family:
    """A family of domains: one `--by`, or the whole (no column).

    `of_row` (n,) numbers each row's domain, -1 for a row that belongs to none.
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    of_row: NDArray[np.intp]

    @classmethod
    def of(cls, data: Dataset, names: Sequence[str]) -> "Family":
        """Cross the columns named; a row with an empty cell in one of them is in no domain."""
        if not names:
            return cls((), ((),), np.zeros(data.rows, dtype=np.intp))
        columns = [in_natural_order(data.column(name)) for name in names]
        if len(columns) == 1 and _all_occur(columns[0]):
            labels = tuple((label,) for label in columns[0].labels)
            return cls(tuple(names), labels, columns[0].codes.astype(np.intp))
        inside = np.logical_and.reduce([column.codes >= 0 for column in columns])
        of_row = np.full(data.rows, -1, dtype=np.intp)
        if not inside.any():
            return cls(tuple(names), (), of_row)
        codes = [column.codes[inside] for column in columns]
        of_row[inside], first = group(codes, [len(column.labels) for column in columns])
        labels = tuple(
            tuple(column.labels[code[row]] for column, code in zip(columns, codes, strict=True))
            for row in first
        )
        return cls(tuple(names), labels, of_row)


@dataclass(frozen=True)
class LeafColumns:
    """Where the totals of one leaf stand in the matrix of sums, and how its values are scaled.

    `weight` is the sum of w v, `value` of w v times the whole number of the answer's rate,
    `square` of w v times its square (only for design effects, so it need not be exact); `n` is
    the column of counts with the valid answers.
    """

    weight: int
    value: int
    square: int
    n: int
    scale: int


@dataclass(frozen=True)
class PeopleColumns:
    """Where the totals over the people of a node stand, who answered some or all of its leaves.

    `weight` is the sum of w over people with at least one answer; `n` and `complete` count people
    with at least one and with all answers. `answered[m - 1]` sums w times the sum of a person's
    whole numbers over people with m answers (only where own means are wanted): the sum of w times
    own mean is the sum over m of these divided by m times `scale`.
    """

    weight: int
    n: int
    complete: int
    answered: tuple[int, ...] = ()
    scale: int = 1


@dataclass(frozen=True)
class Totals:
    """One matrix of totals per cell, a cell being what one sampled unit holds of one domain.

    `unit` and `domain` (cells,) say which; cells are sorted by domain, then unit. `sums`
    (l, cells, columns) holds whole ticks of the weights as limbs (see `analysis.exact`), `counts`
    (cells, columns) numbers of rows. Totals of disjoint sets of rows simply add up. Where weights
    are to be calibrated the sums are those of base weights and `calibration_cell` (cells,) is a
    third key; with `exact` false the sums are (1, cells, columns) of calibrated weights in ticks.
    """

    unit: NDArray[np.intp]
    domain: NDArray[np.intp]
    domains: int
    sums: Floats
    counts: Ints
    leaves: Mapping[str, LeafColumns]
    people: Mapping[str, PeopleColumns]
    calibration_cell: NDArray[np.intp] | None = None
    exact: bool = True

    def regrouped(self, domain_of_cell: NDArray[np.intp], domains: int) -> "Totals":
        """Give each cell another domain, drop cells with -1 and add up what falls together."""
        keep = np.flatnonzero(domain_of_cell >= 0)
        keys = [self.unit[keep], domain_of_cell[keep]]
        if self.calibration_cell is not None:
            keys.insert(0, self.calibration_cell[keep])
        order = np.lexsort(keys)
        keys = [key[order] for key in keys]
        first = np.flatnonzero(np.logical_or.reduce([np.diff(key, prepend=-1) for key in keys]))
        sums, counts = self.sums[:, keep[order]], self.counts[keep[order]]
        if len(first) < len(order):
            sums = np.add.reduceat(sums, first, axis=1)
            counts = np.add.reduceat(counts, first, axis=0)
        unit, domain = keys[-2][first], keys[-1][first]
        cell = None if self.calibration_cell is None else keys[0][first]
        return replace(
            self,
            unit=unit,
            domain=domain,
            domains=domains,
            sums=sums,
            counts=counts,
            calibration_cell=cell,
        )

    def over_domains(self) -> tuple[Floats, Ints]:
        """Add the cells of each domain: sums (l, domains, columns), counts (domains, columns)."""
        sums = np.zeros((len(self.sums), self.domains, self.sums.shape[2]))
        counts = np.zeros((self.domains, self.counts.shape[1]), dtype=np.int64)
        if len(self.domain):
            first = np.flatnonzero(np.diff(self.domain, prepend=-1))
            present = self.domain[first]
            if self.exact:
                sums[:, present] = np.add.reduceat(self.sums, first, axis=1)
            else:
                sums[0] = steady_sums(self.sums[0], self.domain, self.domains)
            counts[present] = np.add.reduceat(self.counts, first, axis=0)
        return sums, counts


@dataclass(frozen=True)
class CellTotals:
    """Bảng tổng theo ô: totals of the finest cells with the labels that tell the cells apart.

    What numpy, DuckDB or PostgreSQL make of responses, what can be stored, and added to. `keys`
    has a row per cell and the columns of the design (without the weight), of all domains and of
    the calibration; cells without positive weight are there too, for their units were sampled.
    `sums`, `counts`, `leaves` and `people` are as in `Totals`, of rows of positive weight;
    `weight` is the column of sums with the total weight, `responses` that of counts with the
    number of responses, and `tick` the weight of one whole.
    """

    keys: Dataset
    sums: Floats
    counts: Ints
    leaves: Mapping[str, LeafColumns]
    people: Mapping[str, PeopleColumns]
    weight: int
    responses: int
    tick: Fraction

    @property
    def weights(self) -> ExactWeights:
        """The total weight of each cell."""
        return ExactWeights(self.sums[:, :, self.weight], self.tick)


@dataclass(frozen=True)
class Wanted:
    """What is to be totalled: the measures by leaf, the leaves below each node, and the nodes
    for which the mean of people's own means is wanted."""

    measures: Mapping[str, Measure]
    nodes: Mapping[str, Sequence[str]]
    own_means: Sequence[str] = ()


def totals_from(
    cells: CellTotals, design: SampleDesign, families: Sequence[Family]
) -> list[Totals]:
    """The totals of each family of domains from those of the finest cells.

    `design` and `families` are those of `cells.keys`.
    """
    keep = np.flatnonzero(cells.counts[:, cells.responses] > 0)
    base = Totals(
        design.unit[keep],
        np.zeros(len(keep), dtype=np.intp),
        1,
        cells.sums[:, keep],
        cells.counts[keep],
        cells.leaves,
        cells.people,
        None if design.calibration is None else design.calibration.cell[keep],
    )
    return [base.regrouped(family.of_row[keep], len(family.labels)) for family in families]


def _all_occur(column: Column) -> bool:
    counted = np.bincount(column.codes + 1, minlength=len(column.labels) + 1)
    return bool((counted[1:] > 0).all())
