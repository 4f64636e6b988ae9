"""The sufficient statistics: exact weighted totals per unit of the sample and domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm, prod

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Floats, Ints
from analysis.design import SampleDesign, group, in_natural_order
from analysis.exact import EXACT, ExactWeights, steady_sums
from questionnaires.refusal import Refusal

Rates = Callable[[str], Fraction | None]
PEOPLE_CLASSES = 3  # answered all, some or none of the leaves below a node
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
        scale = lcm(*(rate.denominator for rate in rates if rate is not None))
        values = [None if r is None else r.numerator * (scale // r.denominator) for r in rates]
        distinct = sorted({value for value in values if value is not None})
        number: dict[int | None, int] = {value: k for k, value in enumerate(distinct)}
        missing = len(distinct)
        class_of = np.array(
            [number.get(value, missing) for value in values] + [missing],
            dtype=np.min_scalar_type(missing),  # a byte a row, but for numbers of many values
        )
        # An empty cell has the code -1 and wraps to the last class.
        return cls(class_of.take(column.codes, mode="wrap"), tuple(distinct), scale)

    def take(self, rows: Rows) -> "Measure":
        """The same measure of some rows."""
        return Measure(self.classes[rows], self.values, self.scale)

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


def totals_of(wanted: Wanted, design: SampleDesign, families: Sequence[Family]) -> list[Totals]:
    """Pass once over the rows and return the totals of each family of domains.

    Raises `Refusal` when weights times answers are so large that a sum could not be exact.
    """
    positive = rows_where(design.weights.limbs.sum(axis=0) > 0)
    domains = [family.of_row[positive] for family in families]
    unit = design.unit[positive]
    keys = [*(d + 1 for d in domains), unit]
    sizes = [*(len(family.labels) + 1 for family in families), int(unit.max(initial=0)) + 1]
    if design.calibration is not None:
        keys.append(design.calibration.cell[positive])
        sizes.append(len(design.calibration.factor))
    cell, first = group(keys, sizes)
    sheet = _Sheet(design.weights.take(positive), cell, len(first))
    most = min(JOINT, len(cell) // max(1, len(first)))
    leaves: dict[str, LeafColumns] = {}
    widths = {code: len(measure.values) + 1 for code, measure in wanted.measures.items()}
    for codes in _batches(widths, most):
        found = sheet.add_leaves([wanted.measures[code].take(positive) for code in codes])
        leaves |= zip(codes, found, strict=True)
    people: dict[str, PeopleColumns] = {}
    classes = _classes_of_people(wanted, positive)
    for codes in _batches(dict.fromkeys(wanted.nodes, PEOPLE_CLASSES), most):
        columns = sheet.add_people([classes[code] for code in codes])
        people |= zip(codes, columns, strict=True)
    for code in wanted.own_means:
        measures = [wanted.measures[leaf] for leaf in wanted.nodes[code]]
        own = sheet.add_own_means(sum_of_values(measures, positive), len(measures))
        people[code] = replace(people[code], answered=own[0], scale=own[1])
    base = Totals(
        unit[first],
        np.zeros(len(first), dtype=np.intp),
        1,
        *sheet.matrices(),
        leaves,
        people,
        None if design.calibration is None else keys[-1][first],
    )
    return [
        base.regrouped(domain[first], len(family.labels))
        for domain, family in zip(domains, families, strict=True)
    ]


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


def _batches(widths: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """What is counted in one pass: as long as there are few enough combinations of classes."""
    batch: list[str] = []
    combinations = 1
    for code, width in widths.items():
        if batch and combinations * width > most:
            yield batch
            batch, combinations = [], 1
        batch.append(code)
        combinations *= width
    if batch:
        yield batch


def _classes_of_people(wanted: Wanted, rows: Rows) -> dict[str, NDArray[np.uint8]]:
    """For each node, whether a person answered all (0), some (1) or none (2) of its leaves (n,).

    A node above others reads theirs, so that each leaf is looked at once or twice only.
    """
    answered: dict[frozenset[str], tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
    for code, measure in wanted.measures.items():
        valid = measure.valid[rows]
        answered[frozenset([code])] = valid, valid
    classes = {}
    for code, below in sorted(wanted.nodes.items(), key=lambda node: len(node[1])):
        rest, parts = frozenset(below), []
        for leaves in sorted(answered, key=len, reverse=True):
            if leaves <= rest:
                parts.append(answered[leaves])
                rest -= leaves
        some, every = parts[0]
        for other in parts[1:]:
            some, every = some | other[0], every & other[1]
        answered[frozenset(below)] = some, every
        classes[code] = np.asarray(2 - some.view(np.uint8) - every.view(np.uint8))
    return classes


class _Sheet:
    """Collects the columns of the matrix of totals while the rows are passed over."""

    def __init__(self, weights: ExactWeights, cell: NDArray[np.intp], cells: int) -> None:
        self.weights = weights
        self.cell = cell
        self.cells = cells
        self.sums: list[Floats] = []
        self.counts: list[Ints] = []
        # Weight and number of rows are added up in one pass where both fit into 53 bits.
        most = int(np.bincount(cell, minlength=1).max())
        heaviest = float(weights.sums(cell, cells).max(initial=0.0))
        self.step = 2.0 ** most.bit_length()
        fits = len(weights.limbs) == 1 and heaviest * self.step + most < EXACT
        self.packed = weights.limbs[0] * self.step + 1 if fits else None

    def add_leaves(self, measures: Sequence[Measure]) -> list[LeafColumns]:
        """Total leaves by counting the weight of each combination of their answers in each cell."""
        widths = [len(measure.values) + 1 for measure in measures]
        by_class, counted, answers = self._joint([m.classes for m in measures], widths)
        return [
            self._add_leaf(measure, classes, by_class, counted)
            for measure, classes in zip(measures, answers, strict=True)
        ]

    def _joint(
        self, classes: Sequence[NDArray[np.unsignedinteger]], widths: Sequence[int]
    ) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Weight (l, combinations, cells), number (combinations, cells) and what is combined."""
        joint: NDArray[np.unsignedinteger] = classes[0].astype(
            np.min_scalar_type(JOINT * max(widths))
        )
        for more, width in zip(classes[1:], widths[1:], strict=True):
            joint = joint * width + more
        by_class, counted = self._by_class(joint, prod(widths))
        combined = np.indices(widths).reshape(len(widths), -1)
        return by_class, counted, combined

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

    def add_people(self, classes: Sequence[NDArray[np.unsignedinteger]]) -> list[PeopleColumns]:
        """Total the people of nodes from their classes: answered all, some or no leaves."""
        by_class, counted, combined = self._joint(classes, [PEOPLE_CLASSES] * len(classes))
        found = []
        for of_node in combined:
            some, every = (of_node < 2).astype(np.float64), (of_node == 0).astype(np.float64)
            weight = self._add_sum(some @ by_class)
            n = self._add_count((some @ counted).astype(np.int64))
            complete = self._add_count((every @ counted).astype(np.int64))
            found.append(PeopleColumns(weight, n, complete))
        return found

    def add_own_means(
        self, own: tuple[Floats, Ints, int], leaves: int
    ) -> tuple[tuple[int, ...], int]:
        """Total people's sums of values by how many leaves they answered: columns and scale."""
        values, number, scale = own
        columns = tuple(
            self._add_sum(self._sums(np.asarray(np.where(number == m, values, 0.0))))
            for m in range(1, leaves + 1)
        )
        return columns, scale

    def matrices(self) -> tuple[Floats, Ints]:
        """All columns so far: sums (l, cells, columns) and counts (cells, columns)."""
        sums = np.zeros((len(self.weights.limbs), self.cells, len(self.sums)))
        counts = np.zeros((self.cells, len(self.counts)), dtype=np.int64)
        for position, column in enumerate(self.sums):
            sums[:, :, position] = column
        for position, counted in enumerate(self.counts):
            counts[:, position] = counted
        return sums, counts

    def _by_class(self, classes: NDArray[np.unsignedinteger], width: int) -> tuple[Floats, Floats]:
        """Weight (l, classes, cells) and number (classes, cells) of the rows of each class."""
        flat = np.multiply(classes, self.cells, dtype=np.intp) + self.cell
        size = width * self.cells
        if self.packed is not None:
            packed = np.bincount(flat, weights=self.packed, minlength=size)
            weight = np.floor(packed / self.step)
            counted = packed - weight * self.step
            return weight.reshape(1, width, self.cells), counted.reshape(width, self.cells)
        weight = self.weights.sums(flat, size).reshape(-1, width, self.cells)
        counted = np.bincount(flat, minlength=size).astype(np.float64)
        return weight, counted.reshape(width, self.cells)

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
