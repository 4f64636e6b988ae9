"""The one pass over the rows: weights and numbers of joint classes, cell by cell, exact."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats, Ints
from analysis.design import SampleDesign
from analysis.exact import EXACT, ExactWeights
from analysis.grouping import group
from analysis.measure import Measure, Rows, rows_where, sum_of_values
from analysis.totals import Family, LeafColumns, PeopleColumns, Totals, Wanted
from questionnaires.refusal import Refusal

PEOPLE_CLASSES = 3  # answered all, some or none of the leaves below a node
JOINT = 32  # combinations of answers counted in one pass over the rows


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
        found = sheet.add_leaves({code: wanted.measures[code].take(positive) for code in codes})
        leaves |= zip(codes, found, strict=True)
    people: dict[str, PeopleColumns] = {}
    classes = _classes_of_people(wanted, positive)
    for codes in _batches(dict.fromkeys(wanted.nodes, PEOPLE_CLASSES), most):
        columns = sheet.add_people([classes[code] for code in codes])
        people |= zip(codes, columns, strict=True)
    for code in wanted.own_means:
        measures = [wanted.measures[leaf] for leaf in wanted.nodes[code]]
        own = sheet.add_own_means(code, sum_of_values(measures, positive), len(measures))
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
        self.place = np.empty(len(cell), dtype=np.intp)  # used again in every pass
        self.sums: list[Floats] = []
        self.counts: list[Ints] = []
        # Weight and number of rows are added up in one pass where both fit into 53 bits.
        most = int(np.bincount(cell, minlength=1).max())
        heaviest = float(weights.sums(cell, cells).max(initial=0.0))
        self.total = float(weights.limbs.sum(axis=1).max())
        self.step = 2.0 ** most.bit_length()
        fits = len(weights.limbs) == 1 and heaviest * self.step + most < EXACT
        self.packed = weights.limbs[0] * self.step + 1 if fits else None

    def add_leaves(self, measures: Mapping[str, Measure]) -> list[LeafColumns]:
        """Total leaves by counting the weight of each combination of their answers in each cell."""
        widths = [len(measure.values) + 1 for measure in measures.values()]
        by_class, counted, answers = self._joint([m.classes for m in measures.values()], widths)
        columns = []
        for (code, measure), classes in zip(measures.items(), answers, strict=True):
            if max((1, *measure.values)) * self.total >= EXACT:
                raise _too_large(code)
            values = np.array([*measure.values, 0], dtype=np.float64)[classes]
            columns += [(classes < len(measure.values)).astype(np.float64), values]
            columns += [] if measure.binary else [np.square(values)]
        sums = iter(np.moveaxis(np.stack(columns) @ by_class, 1, 0))
        numbers = iter((np.stack(columns) @ counted).astype(np.int64))
        return [self._add_leaf(measure, sums, numbers) for measure in measures.values()]

    def _add_leaf(
        self, measure: Measure, sums: Iterator[Floats], numbers: Iterator[Ints]
    ) -> LeafColumns:
        """Keep the next columns: weight, value and, unless they equal values, squares."""
        weight, n = self._add_sum(next(sums)), self._add_count(next(numbers))
        value = square = self._add_sum(next(sums))
        next(numbers)
        if not measure.binary:
            square = self._add_sum(next(sums))
            next(numbers)
        return LeafColumns(weight, value, square, n, measure.scale)

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
        return by_class, counted, _combinations(tuple(widths))

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
        self, code: str, own: tuple[Floats, Ints, int], leaves: int
    ) -> tuple[tuple[int, ...], int]:
        """Total people's sums of values by how many leaves they answered: columns and scale."""
        values, number, scale = own
        columns = tuple(
            self._add_sum(self._sums(code, np.asarray(np.where(number == m, values, 0.0))))
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
        flat = np.multiply(classes, self.cells, out=self.place, dtype=np.intp)
        flat += self.cell
        size = width * self.cells
        if self.packed is not None:
            packed = np.bincount(flat, weights=self.packed, minlength=size)
            weight = np.floor(packed / self.step)
            counted = packed - weight * self.step
            return weight.reshape(1, width, self.cells), counted.reshape(width, self.cells)
        weight = self.weights.sums(flat, size).reshape(-1, width, self.cells)
        counted = np.bincount(flat, minlength=size).astype(np.float64)
        return weight, counted.reshape(width, self.cells)

    def _sums(self, code: str, factor: Floats) -> Floats:
        try:
            return self.weights.sums(self.cell, self.cells, factor)
        except OverflowError as error:
            raise _too_large(code) from error

    def _add_sum(self, column: Floats) -> int:
        self.sums.append(column)
        return len(self.sums) - 1

    def _add_count(self, column: Ints) -> int:
        self.counts.append(column)
        return len(self.counts) - 1


@lru_cache(maxsize=64)
def _combinations(widths: tuple[int, ...]) -> NDArray[np.intp]:
    """The classes that each joint class stands for: (what is combined, joint classes)."""
    return np.indices(widths).reshape(len(widths), -1)


def _too_large(code: str) -> Refusal:
    template = (
        "«{code}»: quyền số nhân với điểm của câu trả lời quá lớn để cộng chính xác; hãy bớt số lẻ "
        "của bảng điểm hoặc của quyền số."
    )
    return Refusal(template, code=code)
