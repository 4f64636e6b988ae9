"""What an item gives to a leaf: the class of every answer, and the rate of every class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Floats, Ints
from questionnaires.model import IndexDefinition, Leaf

Rates = Callable[[str], Fraction | None]
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
        classes = [number.get(value, missing) for value in values]
        return cls(_looked_up(column, [*classes, missing]), tuple(distinct), scale)

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
class Coding:
    """The class of each code of an item, fixed by the definition whatever codes the data hold.

    `class_of` numbers the class of every code of the scale; class k has the rate
    `values[k] / scale`, whole numbers, in rising order.
    """

    class_of: Mapping[str, int]
    values: tuple[int, ...]
    scale: int

    @classmethod
    def of(cls, index: IndexDefinition, leaf: Leaf) -> "Coding":
        """Code the answers of a leaf as its measure prescribes."""
        points = tuple((leaf.points or {}).items())
        favourable = tuple(sorted(index.favourable_of(leaf)))
        return _coding(leaf.measure, tuple(index.scale_of(leaf)), favourable, points)

    @property
    def binary(self) -> bool:
        """Say whether every rate is 0 or 1, so that squares equal values."""
        return self.scale == 1 and set(self.values) <= {0, 1}

    def measure(self, column: Column) -> Measure:
        """Classify the answers of a column; what is no code of the scale is missing."""
        missing = len(self.values)
        classes = [self.class_of.get(label, missing) for label in column.labels]
        return Measure(_looked_up(column, [*classes, missing]), self.values, self.scale)

    def measured(self, classes: NDArray[np.integer]) -> Measure:
        """The measure of responses whose classes (n,) are known."""
        kind = np.min_scalar_type(len(self.values))
        return Measure(classes.astype(kind, copy=False), self.values, self.scale)


def _looked_up(column: Column, classes: Sequence[int]) -> NDArray[np.unsignedinteger]:
    """The class of each row (n,) by its code; the last class is that of an empty cell, code -1."""
    if column.codes.dtype == np.int8 and max(classes) < 256:
        # Bytes are translated by a table two to three times faster than an array is indexed.
        table = bytes([*classes[:-1], *[classes[-1]] * (257 - len(classes))])
        return np.frombuffer(column.codes.tobytes().translate(table), dtype=np.uint8)
    kind = np.min_scalar_type(max(classes))
    return np.array(classes, dtype=kind).take(column.codes, mode="wrap")


@lru_cache(maxsize=256)  # the items of an index share a few codings
def _coding(
    measure: str,
    scale: tuple[str, ...],
    favourable: tuple[str, ...],
    points: tuple[tuple[str, Decimal], ...],
) -> Coding:
    if measure == "favourable_share":
        rates = {code: Fraction(code in favourable) for code in scale}
    elif measure == "mean_score":
        top = max(Fraction(code) for code in scale)
        rates = {code: Fraction(code) / top for code in scale}
    else:
        rates = {code: Fraction(value) for code, value in points}
    distinct = sorted(set(rates.values()))
    common = lcm(*(rate.denominator for rate in distinct))
    class_of = {code: distinct.index(rate) for code, rate in rates.items()}
    return Coding(class_of, tuple(int(rate * common) for rate in distinct), common)


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
