"""Totals of the finest cells from rows in memory, and the sum of two such tables."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import gcd

import numpy as np
from numpy.typing import NDArray

from analysis.counting import totals_of
from analysis.dataset import PROVENANCE, Column, Dataset, Floats, Ints
from analysis.design import SampleDesign, design_of
from analysis.engines.layout import CellColumns, CellLayout
from analysis.exact import EXACT, HEADROOM, LIMB, joined
from analysis.grouping import group, in_natural_order
from analysis.index import wanted_by
from analysis.totals import CellTotals, Family, Totals
from questionnaires.refusal import Refusal


def cells_of(data: Dataset, layout: CellLayout) -> CellTotals:
    """Total the responses of a data set in the finest cells.

    Raises `Refusal` as `design_of` does, and without a column of sampled units, for then each row
    would be a cell of its own.
    """
    if not layout.design.psu:
        raise Refusal("Bảng tổng theo ô cần cột đơn vị chọn mẫu: nêu bằng --psu.")
    names = (*layout.keys, *((PROVENANCE,) if PROVENANCE in data.columns else ()))
    columns = {name: in_natural_order(data.column(name)) for name in names}
    cell, first = _numbered(list(columns.values()))
    weights = design_of(data, layout.design, lonely="certainty").weights
    measures = {
        code: coding.measure(data.column(layout.items[code]))
        for code, coding in layout.codings.items()
    }
    design = SampleDesign(cell, weights, (), layout.design)
    everyone = Family((), ((),), np.zeros(data.rows, dtype=np.intp))
    (found,) = totals_of(wanted_by(layout.tree, measures), design, [everyone])
    at, cells = layout.columns, len(first)
    sums = np.zeros((len(weights.limbs), cells, at.weight + 1))
    counts = np.zeros((cells, at.rows + 1), dtype=np.int64)
    _move(found, at, sums, counts)
    sums[:, :, at.weight] = weights.sums(cell, cells)
    counts[:, at.responses] = np.bincount(cell[weights.limbs.any(axis=0)], minlength=cells)
    counts[:, at.rows] = np.bincount(cell, minlength=cells)
    keys = {name: Column(column.codes[first], column.labels) for name, column in columns.items()}
    return table_of(Dataset(data.name, cells, keys), sums, counts, at, weights.tick)


def table_of(
    keys: Dataset, sums: Floats, counts: Ints, at: CellColumns, tick: Fraction
) -> CellTotals:
    """Put a table together from totals of cells, some of which may have the same labels.

    Each cell comes once, cells and labels in natural order, sums in as few limbs as hold them:
    equal totals are equal in every bit, whatever made them.
    """
    columns = {name: in_natural_order(column) for name, column in keys.columns.items()}
    number, first = _numbered(list(columns.values()))
    size = len(first)
    merged = np.zeros((size, counts.shape[1]), dtype=np.int64)
    np.add.at(merged, number, counts)
    digits = _carried(sums)
    added_up = np.zeros((len(digits), size, digits.shape[2]))
    for total, limb in zip(added_up, digits, strict=True):
        np.add.at(total, number, limb)
    kept = {name: _used(column.codes[first], column.labels) for name, column in columns.items()}
    return CellTotals(
        replace(keys, rows=size, columns=kept),
        _fewest(added_up, at.weight),
        merged,
        at.leaves,
        at.people,
        at.weight,
        at.responses,
        tick,
    )


def rows_of(cells: CellTotals) -> int:
    """How many rows were totalled, those without weight included."""
    return int(cells.counts[:, cells.responses + 1].sum())


def added(a: CellTotals, b: CellTotals) -> CellTotals:
    """The totals of the responses of both: sums are exact, so batches make no difference.

    Both must be of one layout (else `ValueError`); cells are matched by their labels, sums brought
    to the finer tick, and the name is that of `a`. A column that says where answers came from may
    be in one only. Raises `Refusal` when one holds weights with at most four decimals and the
    other weights with more, which share no tick.
    """
    if (a.leaves, a.people) != (b.leaves, b.people):
        raise ValueError("totals of two layouts cannot be added")
    tick = _finer(a, b)
    sums = [_digits(cells.sums, int(cells.tick / tick)) for cells in (a, b)]
    limbs = max(len(part) for part in sums)
    padded = [np.pad(part, ((0, limbs - len(part)), (0, 0), (0, 0))) for part in sums]
    rows = a.keys.rows + b.keys.rows
    names = tuple(dict.fromkeys((*a.keys.columns, *b.keys.columns)))
    keys = {name: _joined(_column(a.keys, name), _column(b.keys, name)) for name in names}
    at = CellColumns(a.leaves, a.people, a.weight, a.responses)
    return table_of(
        replace(a.keys, rows=rows, columns=keys),
        np.concatenate(padded, axis=1),
        np.concatenate([a.counts, b.counts]),
        at,
        tick,
    )


def located(keys: Dataset, rows: Dataset) -> NDArray[np.intp]:
    """The cell (n,) of each row, by the labels of all key columns; every row must have one."""
    joined_up = [_joined(column, _column(rows, name)) for name, column in keys.columns.items()]
    number, first = _numbered(joined_up)
    cell = np.zeros(len(first), dtype=np.intp)
    cell[number[: keys.rows]] = np.arange(keys.rows)
    return cell[number[keys.rows :]]


def _move(found: Totals, at: CellColumns, sums: Floats, counts: Ints) -> None:
    """Copy totals whose units are cells to the places that the layout gives them."""
    of_sums: list[tuple[int, int]] = []
    of_counts: list[tuple[int, int]] = []
    for code, leaf in at.leaves.items():
        came = found.leaves[code]
        of_sums += [(leaf.weight, came.weight), (leaf.value, came.value)]
        of_sums += [(leaf.square, came.square)]
        of_counts += [(leaf.n, came.n)]
    for code, people in at.people.items():
        own = found.people[code]
        of_sums += [(people.weight, own.weight)]
        of_sums += zip(people.answered, own.answered, strict=True)
        of_counts += [(people.n, own.n), (people.complete, own.complete)]
    for to, source in of_sums:
        sums[:, found.unit, to] = found.sums[:, :, source]
    for to, source in of_counts:
        counts[found.unit, to] = found.counts[:, source]


def _numbered(columns: Sequence[Column]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the combinations of labels (n,) in their order, empty cells first: see `group`."""
    rows = len(columns[0].codes)
    number, first = np.zeros(rows, dtype=np.intp), np.zeros(min(rows, 1), dtype=np.intp)
    for column in columns:
        codes = column.codes.astype(np.intp) + 1
        number, first = group([number, codes], [len(first), len(column.labels) + 1])
    return number, first


def _column(keys: Dataset, name: str) -> Column:
    empty = Column(np.full(keys.rows, -1, dtype=np.int8), ())
    return keys.columns.get(name, empty) if name == PROVENANCE else keys.column(name)


def _joined(a: Column, b: Column) -> Column:
    labels = {label: code for code, label in enumerate(a.labels)}
    renamed = [labels.setdefault(label, len(labels)) for label in b.labels]
    codes = np.array([*renamed, -1], dtype=np.intp)[b.codes]
    return Column.narrow(np.concatenate([a.codes, codes]), tuple(labels))


def _used(codes: NDArray[np.signedinteger], labels: Sequence[str]) -> Column:
    """A column without labels that no cell has."""
    used = np.unique(codes[codes >= 0])
    rank = np.full(len(labels) + 1, -1, dtype=np.intp)
    rank[used] = np.arange(len(used))
    return Column.narrow(rank[codes], tuple(labels[code] for code in used))


def _finer(a: CellTotals, b: CellTotals) -> Fraction:
    tick = min(a.tick, b.tick)
    if a.tick % tick or b.tick % tick:
        template = (
            "Tệp {file}: chỉ một trong hai phần phiếu có quyền số hơn bốn chữ số thập phân nên "
            "không cộng chính xác được vào bảng tổng; hãy tính lại từ toàn bộ phiếu."
        )
        raise Refusal(template, file=b.keys.name)
    return tick


def _digits(sums: Floats, factor: int) -> Floats:
    """Multiply sums kept as limbs by 10**k or 2**k, exactly; every limb is below 2**26."""
    digits = _carried(sums)
    while factor > 1:
        step = factor if factor <= LIMB else gcd(factor, int(LIMB))
        digits = _carried(digits * step)
        factor //= step
    return digits


def _carried(sums: Floats) -> Floats:
    """Bring every limb below 2**26 by carrying, as in adding by hand."""
    digits: list[Floats] = []
    carry = np.zeros(sums.shape[1:])
    for limb in sums:
        total = limb + carry
        carry = np.floor(total / LIMB)
        digits.append(total - carry * LIMB)
    while carry.any():
        above = np.floor(carry / LIMB)
        digits.append(carry - above * LIMB)
        carry = above
    return np.stack(digits)


def _fewest(sums: Floats, weight: int) -> Floats:
    """A single limb where the totals leave room for answers, as `ExactWeights` has it."""
    totals = joined(sums.sum(axis=1))
    if totals[weight] * HEADROOM < EXACT and float(totals.max()) < EXACT:
        powers = LIMB ** np.arange(len(sums), dtype=np.float64)
        return np.asarray((sums * powers[:, np.newaxis, np.newaxis]).sum(axis=0))[np.newaxis]
    return _carried(sums)
