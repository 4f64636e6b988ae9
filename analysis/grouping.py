"""Combinations of labels numbered in one order, whatever the order of the rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column

DENSE = 4_000_000  # up to so many possible combinations a table is kept
SPARSE = 32  # where only one in so many occurs, sorting is faster than a table


def group(
    codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the combinations of codes that occur, in the order of the codes.

    Each array of `codes` (n,) lies in [0, size). Returns the number of each row's combination (n,)
    and, for each combination, one row that has it.
    """
    key = np.zeros(len(codes[0]), dtype=np.int64)
    span = 1
    for code, size in zip(codes, sizes, strict=True):
        key = key * size + code
        span *= size
    if span <= min(DENSE, SPARSE * len(key)):
        row_of_key = np.full(span, -1, dtype=np.intp)
        row_of_key[key[::-1]] = np.arange(len(key) - 1, -1, -1)
        present = row_of_key >= 0
        number = np.cumsum(present) - 1
        return number[key], row_of_key[present]
    _, first_row, number = np.unique(key, return_index=True, return_inverse=True)
    return number.astype(np.intp), first_row


def natural_key(label: str) -> tuple[int, float, str]:
    """Sort key that puts numbers first, by size, then texts."""
    try:
        value = float(label)
    except ValueError:
        return (1, 0.0, label)
    return (0, value, label) if value == value else (1, 0.0, label)


def in_natural_order(column: Column) -> Column:
    """The same column with its labels sorted, so that nothing depends on the order of the rows."""
    order = sorted(range(len(column.labels)), key=lambda i: natural_key(column.labels[i]))
    rank = np.full(len(order) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(order))
    return Column.narrow(rank[column.codes], [column.labels[i] for i in order])
