"""The sufficient statistics: exact weighted totals per unit of the sample and domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm, prod

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Floats, Ints
from analysis.design import SampleDesign, group, in_natural_order
from analysis.exact import EXACT, ExactWeights
from questionnaires.refusal import Refusal

Rates = Callable[[str], Fraction | None]
JOINT = 32  # combinations of answers counted in one pass over the rows
Rows = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Measure:
    """What an item gives to a leaf: each row's class and each class's rate.

    `classes` (n,) numbers the class of a row's answer; a missing answer has the last number,
    `len(values)`. The rate of class k is `values[k] / scale`, whole numbers.
    """

    classes: NDArray[np.unsignedinteger]
    values: tuple[int, ...]
    scale: int

    @classmethod
    def of(cls, column: Column, rate_of: Rates) -> "Measure":
        """Classify the answers of a column; `rate_of` gives None for what is no valid answer."""
        rates = [rate_of(label) for label in column.labels]
        distinct = sorted({rate for rate in rates if rate is not None})
        scale = lcm(*(rate.denominator for rate in distinct))
        number = {rate: k for k, rate in enumerate(distinct)}
        missing = len(distinct)
        class_of = np.array(
            [missing if rate is None else number[rate] for rate in rates] + [missing],
            dtype=np.min_scalar_type(missing),  # a byte a row, but for numbers of many values
        )
        return cls(
            class_of.take(column.codes), tuple(int(rate * scale) for rate in distinct), scale
        )

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which rows (n,) hold a valid answer."""
        return self.classes < len(self.values)

    @property
    def binary(self) -> bool:
        """Say whether every rate is 0 or 1, so that squares equal values."""
        return self.scale == 1 and set(self.values) <= {0, 1}


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
    """One matrix of exact totals per cell, a cell being what one sampled unit holds of one domain.

    `unit` and `domain` (cells,) say which; cells are sorted by domain, then unit. `sums`
    (l, cells, columns) holds whole ticks of the weights as limbs (see `analysis.exact`), `counts`
    (cells, columns) numbers of rows. Totals of disjoint sets of rows simply add up.
    """

    unit: NDArray[np.intp]
    domain: NDArray[np.intp]
    domains: int
    sums: Floats
    counts: Ints
    leaves: Mapping[str, LeafColumns]
    people: Mapping[str, PeopleColumns]

    def regrouped(self, domain_of_cell: NDArray[np.intp], domains: int) -> "Totals":
        """Give each cell another domain, drop cells with -1 and add up what falls together."""
        keep = np.flatnonzero(domain_of_cell >= 0)
        order = keep[np.lexsort((self.unit[keep], domain_of_cell[keep]))]
        domain, unit = domain_of_cell[order], self.unit[order]
        first = np.flatnonzero(np.diff(domain, prepend=-1) | np.diff(unit, prepend=-1))
        sums, counts = self.sums[:, order], self.counts[order]
        if len(first) < len(order):
            sums = np.add.reduceat(sums, first, axis=1)
            counts = np.add.reduceat(counts, first, axis=0)
        return replace(
            self, unit=unit[first], domain=domain[first], domains=domains, sums=sums, counts=counts
        )

    def over_domains(self) -> tuple[Floats, Ints]:
        """Add the cells of each domain: sums (l, domains, columns), counts (domains, columns)."""
        sums = np.zeros((len(self.sums), self.domains, self.sums.shape[2]))
        counts = np.zeros((self.domains, self.counts.shape[1]), dtype=np.int64)
        if len(self.domain):
            first = np.flatnonzero(np.diff(self.domain, prepend=-1))
            present = self.domain[first]
            sums[:, present] = np.add.reduceat(self.sums, first, axis=1)
            counts[present] = np.add.reduceat(self.counts, first, axis=0)
        return sums, counts


@dataclass(frozen=True)
class Wanted:
    """What is to be totalled: the measures by leaf, the leaves below each node, and the nodes
    for which the mean of people's own means is wanted."""

    measures: Mapping[str, Measure]
    nodes: Mapping[str, Sequence[str]]
    own_means: Sequence[str] = ()


def totals_of(wanted: Wanted, design: SampleDesign, families: Sequence[Family]) -> list[Totals]:
    """Pass once over the rows and return the totals of each family of domains.

    Raises `Refusal` when weights times answers are so large that a sum could not be exact.
    """
    positive = rows_where(design.weights.limbs.sum(axis=0) > 0)
    domains = [family.of_row[positive] for family in families]
    unit = design.unit[positive]
    sizes = [len(family.labels) + 1 for family in families]
    cell, first = group([*(d + 1 for d in domains), unit], [*sizes, int(unit.max(initial=0)) + 1])
    sheet = _Sheet(design.weights.take(positive), cell, len(first))
    leaves: dict[str, LeafColumns] = {}
    for codes in _batches(wanted.measures, min(JOINT, len(cell) // max(1, len(first)))):
        found = sheet.add_leaves([wanted.measures[code] for code in codes], positive)
        leaves |= zip(codes, found, strict=True)
    people = {}
    valid = {code: measure.valid[positive] for code, measure in wanted.measures.items()}
    for code, below in wanted.nodes.items():
        answered = np.stack([valid[leaf] for leaf in below])
        own = None
        if code in wanted.own_means:
            own = sum_of_values([wanted.measures[leaf] for leaf in below], positive)
        people[code] = sheet.add_people(answered, own)
    base = Totals(
        unit[first],
        np.zeros(len(first), dtype=np.intp),
        1,
        *sheet.matrices(),
        leaves,
        people,
    )
    return [
        base.regrouped(domain[first], len(family.labels))
        for domain, family in zip(domains, families, strict=True)
    ]


def _batches(measures: Mapping[str, Measure], most: int) -> Iterator[list[str]]:
    """Leaves to be counted in one pass: few enough combinations of their answers."""
    batch: list[str] = []
    combinations = 1
    for code, measure in measures.items():
        width = len(measure.values) + 1
        if batch and combinations * width > most:
            yield batch
            batch, combinations = [], 1
        batch.append(code)
        combinations *= width
    if batch:
        yield batch


class _Sheet:
    """Collects the columns of the matrix of totals while the rows are passed over."""

    def __init__(self, weights: ExactWeights, cell: NDArray[np.intp], cells: int) -> None:
        self.weights = weights
        self.cell = cell
        self.cells = cells
        self.sums: list[Floats] = []
        self.counts: list[Ints] = []

    def add_leaves(self, measures: Sequence[Measure], rows: Rows) -> list[LeafColumns]:
        """Total leaves by counting the weight of each combination of their answers in each cell."""
        widths = [len(measure.values) + 1 for measure in measures]
        joint: NDArray[np.unsignedinteger] = (
            measures[0].classes[rows].astype(np.min_scalar_type(JOINT * max(widths)))
        )
        for measure, width in zip(measures[1:], widths[1:], strict=True):
            joint = joint * width + measure.classes[rows]
        by_class, counted = self._by_class(joint, prod(widths))
        answers = np.indices(widths).reshape(len(widths), -1)
        return [
            self._add_leaf(measure, classes, by_class, counted.astype(np.float64))
            for measure, classes in zip(measures, answers, strict=True)
        ]

    def _add_leaf(
        self, measure: Measure, classes: NDArray[np.intp], by_class: Floats, counted: Floats
    ) -> LeafColumns:
        """Read the totals of one leaf off a table by class, `classes` being its own classes."""
        values = np.array([*measure.values, 0], dtype=np.float64)[classes]
        valid = (classes < len(measure.values)).astype(np.float64)
        weights = valid @ by_class
        largest = float(values.max(initial=1.0))
        if float(weights.sum(axis=1).max(initial=0.0)) * largest >= EXACT:
            raise _too_large()
        weight = self._add_sum(weights)
        value = self._add_sum(values @ by_class)
        square = value if measure.binary else self._add_sum(np.square(values) @ by_class)
        n = self._add_count((valid @ counted).astype(np.int64))
        return LeafColumns(weight, value, square, n, measure.scale)

    def add_people(
        self, answered: NDArray[np.bool_], own: tuple[Floats, Ints, int] | None
    ) -> PeopleColumns:
        """Total the people of a node from which leaves (leaves, n) they answered."""
        some = np.logical_or.reduce(answered, axis=0)
        every = np.logical_and.reduce(answered, axis=0)
        # Class 0 answered all leaves, class 1 some of them, class 2 none.
        classes = np.asarray(2 - some.view(np.uint8) - every.view(np.uint8))
        by_class, counted = self._by_class(classes, 3)
        weight = self._add_sum(by_class[:, 0] + by_class[:, 1])
        n, complete = self._add_count(counted[0] + counted[1]), self._add_count(counted[0])
        if own is None:
            return PeopleColumns(weight, n, complete)
        values, number, scale = own
        columns = tuple(
            self._add_sum(self._sums(np.asarray(np.where(number == m, values, 0.0))))
            for m in range(1, len(answered) + 1)
        )
        return PeopleColumns(weight, n, complete, columns, scale)

    def matrices(self) -> tuple[Floats, Ints]:
        """All columns so far: sums (l, cells, columns) and counts (cells, columns)."""
        sums = np.zeros((len(self.weights.limbs), self.cells, len(self.sums)))
        counts = np.zeros((self.cells, len(self.counts)), dtype=np.int64)
        for position, column in enumerate(self.sums):
            sums[:, :, position] = column
        for position, counted in enumerate(self.counts):
            counts[:, position] = counted
        return sums, counts

    def _by_class(self, classes: NDArray[np.unsignedinteger], width: int) -> tuple[Floats, Ints]:
        """Weight (l, classes, cells) and number (classes, cells) of the rows of each class."""
        flat = np.multiply(classes, self.cells, dtype=np.intp) + self.cell
        size = width * self.cells
        weight = self.weights.sums(flat, size).reshape(-1, width, self.cells)
        return weight, np.bincount(flat, minlength=size).reshape(width, self.cells)

    def _sums(self, factor: Floats) -> Floats:
        try:
            return self.weights.sums(self.cell, self.cells, factor)
        except OverflowError as error:
            raise _too_large() from error

    def _add_sum(self, column: Floats) -> int:
        self.sums.append(column)
        return len(self.sums) - 1

    def _add_count(self, column: Ints) -> int:
        self.counts.append(column)
        return len(self.counts) - 1


def rows_where(mask: NDArray[np.bool_]) -> Rows:
    """The marked rows as an index; a slice, which copies nothing, when all are marked."""
    return slice(None) if mask.all() else np.flatnonzero(mask)


def sum_of_values(measures: Sequence[Measure], rows: Rows) -> tuple[Floats, Ints, int]:
    """The sum of rates over the valid answers of each of some rows, their number, and the scale.

    The sums are whole numbers of one common scale: rate sum = sum / scale.
    """
    scale = lcm(*(measure.scale for measure in measures))
    total = np.zeros(len(measures[0].classes[rows]))
    answered = np.zeros(len(total), dtype=np.int64)
    for measure in measures:
        factor = scale // measure.scale
        values = np.array([v * factor for v in measure.values] + [0], dtype=np.float64)
        classes = measure.classes[rows]
        total += values[classes]
        answered += classes < len(measure.values)
    return total, answered, scale


def _too_large() -> Refusal:
    return Refusal(
        "Quyền số quá lớn: tổng không còn chính xác; hãy dùng quyền số nhỏ hơn hoặc ít số lẻ hơn."
    )
