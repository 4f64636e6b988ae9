"""Margins: known population totals, read from a file and held against the rows of a data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Floats
from analysis.design import SampleDesign
from analysis.exact import joined
from analysis.grouping import group, in_natural_order, natural_key
from questionnaires.refusal import Refusal

Category = tuple[str, ...]  # a label for each column of the margin

CROSSED = ":"
AGREEMENT = Fraction(1, 10**9)  # relative difference up to which margins have the same total


@dataclass(frozen=True)
class Margin:
    """Tổng biên: the population totals of one classification.

    `columns` are the columns of the data that it crosses, `totals` its exact totals by category in
    natural order, and `rows` says in which row of the file each of them stands.
    """

    name: str
    columns: tuple[str, ...]
    totals: Mapping[Category, Fraction]
    rows: Mapping[Category, int]

    @property
    def grand(self) -> Fraction:
        """The sum of all totals."""
        return sum(self.totals.values(), Fraction(0))


@dataclass(frozen=True)
class Margins:
    """All margins of a file, `name`, in the natural order of their names."""

    name: str
    margins: tuple[Margin, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that the margins cross, each once."""
        return tuple(dict.fromkeys(name for margin in self.margins for name in margin.columns))

    @classmethod
    def of(cls, table: Dataset) -> "Margins":
        """Read margins from a table with the columns margin, category and total.

        A row ("sex:area", "male:urban", 1200) says how many of the population fall into a
        category of the crossing of two columns. Totals stay exact. Raises `Refusal` naming file,
        row and column for an empty cell, a total that is no number or negative, a category with
        another number of parts than its margin, a category given twice, and naming both margins
        and both totals when they differ by more than 1e-9.
        """
        if not table.rows:
            raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=table.name)
        names, categories = _texts(table, "margin"), _texts(table, "category")
        totals = _totals(table)
        found: dict[str, dict[Category, tuple[Fraction, int]]] = {}
        for row, (name, category, total) in enumerate(
            zip(names, categories, totals, strict=True), start=table.first_row
        ):
            where = {"file": table.name, "row": row, "margin": name}
            columns, labels = _parts(name), _parts(category)
            if len(columns) != len(labels) or not all(columns) or not all(labels):
                template = (
                    "Tệp {file}, dòng {row}, cột «category»: «{category}» không ứng với "
                    "tổng biên «{margin}» (mỗi cột một giá trị, cách nhau bằng dấu hai chấm)."
                )
                raise Refusal(template, category=category, **where)
            before = found.setdefault(CROSSED.join(columns), {})
            if labels in before:
                template = (
                    "Tệp {file}, dòng {row}, cột «category»: «{category}» của tổng biên «{margin}» "
                    "đã có ở dòng {first}."
                )
                raise Refusal(template, category=category, first=before[labels][1], **where)
            before[labels] = (total, row)
        margins = tuple(_margin(name, found[name]) for name in sorted(found, key=natural_key))
        _refuse_disagreement(table.name, margins)
        return cls(table.name, margins)


@dataclass(frozen=True)
class Cells:
    """Cells of a calibration: the combinations of all columns of the margins that occur.

    `labels` are in natural order, `number` (n,) is each row's cell, -1 for a row of weight 0, and
    `total` (cells,) the exact sum of base weights, rounded once.
    """

    columns: tuple[str, ...]
    labels: tuple[Category, ...]
    number: NDArray[np.intp]
    total: Floats

    def named(self, cell: int) -> str:
        """A cell as a message calls it."""
        pairs = zip(self.columns, self.labels[cell], strict=True)
        return ", ".join(f"{column}={label}" for column, label in pairs)


@dataclass(frozen=True)
class Targets:
    """What the cells have to add up to.

    `auxiliary` (cells, categories) is 1 where a cell belongs to a category, `given` (categories,)
    the totals as given and `wanted` (categories,) the same brought to one grand total, `grand`.
    `names` are the pairs (margin, category).
    """

    file: str
    auxiliary: Floats
    given: Floats
    wanted: Floats
    grand: Fraction
    names: tuple[tuple[str, str], ...]

    def named(self, category: int) -> str:
        """A category as a message calls it."""
        margin, label = self.names[category]
        return f"«{label}» của tổng biên «{margin}»"


def cells_of(data: Dataset, design: SampleDesign, margins: Margins) -> Cells:
    """Find the cells of the rows of positive weight.

    Neither the numbering nor the totals depend on the order of the rows. Raises `Refusal` for a
    column that the data do not have and, naming the row, for an empty cell.
    """
    for margin in margins.margins:
        for name in margin.columns:
            if name not in data.columns:
                template = (
                    "Tệp {file}, dòng {row}, cột «margin»: tổng biên «{margin}» cần cột «{column}» "
                    "mà tệp {data} không có."
                )
                where = {"file": margins.name, "row": min(margin.rows.values())}
                raise Refusal(template, margin=margin.name, column=name, data=data.name, **where)
    columns = tuple(dict.fromkeys(name for margin in margins.margins for name in margin.columns))
    weighing = design.weights.limbs.any(axis=0)
    rows = np.flatnonzero(weighing)
    if not len(rows):
        raise Refusal("Tệp {file} không có phiếu nào có quyền số dương.", file=data.name)
    found = np.zeros(len(rows), dtype=np.intp)
    labels: tuple[Category, ...] = ((),)
    for name in columns:
        column = in_natural_order(data.column(name))
        template = "Tệp {file}, dòng {row}, cột «{column}»: ô để trống, cần có để hiệu chỉnh."
        data.refuse_rows((column.codes < 0) & weighing, name, template)
        codes, above = column.codes[rows], found
        found, first = group([above, codes], [len(labels), len(column.labels)])
        labels = tuple((*labels[above[i]], column.labels[codes[i]]) for i in first)
    number = np.full(data.rows, -1, dtype=np.intp)
    number[rows] = found
    weights = design.weights.take(rows)
    return Cells(columns, labels, number, weights.scaled(joined(weights.sums(found, len(labels)))))


def targets_of(data: Dataset, cells: Cells, margins: Margins) -> Targets:
    """Hold the cells against the margins.

    A category with total 0 and without respondents is left out. Raises `Refusal` for a respondent
    whose category is not in the margin (naming file, row, column), for a category with a positive
    total that has no respondent, and for one with total 0 that has.
    """
    grand = margins.margins[0].grand
    blocks, names = [], []
    given: list[Fraction] = []
    wanted: list[Fraction] = []
    for margin in margins.margins:
        block = _block(data, cells, margins.name, margin)
        positive = {kind: total for kind, total in margin.totals.items() if total > 0}
        to_one_total = grand / margin.grand
        blocks.append(block[:, [total > 0 for total in margin.totals.values()]])
        names += [(margin.name, CROSSED.join(kind)) for kind in positive]
        given += positive.values()
        wanted += [total * to_one_total for total in positive.values()]
    totals = [np.array([float(total) for total in column]) for column in (given, wanted)]
    return Targets(margins.name, np.hstack(blocks), totals[0], totals[1], grand, tuple(names))


def _block(data: Dataset, cells: Cells, file: str, margin: Margin) -> Floats:
    """The indicators (cells, categories) of one margin."""
    place = [cells.columns.index(name) for name in margin.columns]
    position = {category: k for k, category in enumerate(margin.totals)}
    categories = [tuple(labels[i] for i in place) for labels in cells.labels]
    of_cell = np.array([position.get(category, -1) for category in categories])
    if (of_cell < 0).any():
        row = int(np.argmax((of_cell < 0)[cells.number] & (cells.number >= 0)))
        template = (
            "Tệp {file}, dòng {row}, cột «{column}»: «{category}» không có trong tổng biên "
            "«{margin}» của tệp {margins}."
        )
        where = {"file": data.name, "row": row + data.first_row, "column": margin.name}
        category = CROSSED.join(categories[cells.number[row]])
        raise Refusal(template, category=category, margin=margin.name, margins=file, **where)
    block = np.zeros((len(of_cell), len(position)))
    block[np.arange(len(of_cell)), of_cell] = 1.0
    occurring = block.sum(axis=0) > 0
    for (kind, total), occurs in zip(margin.totals.items(), occurring.tolist(), strict=True):
        place_in_file = {"file": file, "row": margin.rows[kind], "margin": margin.name}
        if total > 0 and not occurs:
            template = (
                "Tệp {file}, dòng {row}, cột «category»: «{category}» của tổng biên «{margin}» có "
                "tổng {total:.10g} nhưng không có phiếu nào; hãy gộp với phương án khác."
            )
            named = {"category": CROSSED.join(kind), "total": float(total)}
            raise Refusal(template, **named, **place_in_file)
        if total == 0 and occurs:
            template = (
                "Tệp {file}, dòng {row}, cột «total»: «{category}» của tổng biên «{margin}» có "
                "tổng 0 nhưng tệp {data} có phiếu thuộc phương án này."
            )
            raise Refusal(template, category=CROSSED.join(kind), data=data.name, **place_in_file)
    return block


def _texts(table: Dataset, name: str) -> list[str]:
    column = table.column(name)
    template = "Tệp {file}, dòng {row}, cột «{column}»: ô để trống."
    table.refuse_rows(column.codes < 0, name, template)
    return [column.labels[code] for code in column.codes]


def _totals(table: Dataset) -> list[Fraction]:
    values = table.numbers("total")
    template = "Tệp {file}, dòng {row}, cột «{column}»: tổng {value} là số âm."
    table.refuse_rows(values < 0, "total", template)
    # What rounds to 0 as a float64 may have an exponent too long to write out as a fraction.
    cells = zip(_texts(table, "total"), values, strict=True)
    return [Fraction(text) if value else Fraction(0) for text, value in cells]


def _parts(text: str) -> Category:
    """The labels of a crossing, each written as cells of the data are."""
    cells = [Column.of([part]).labels for part in text.split(CROSSED)]
    return tuple(labels[0] if labels else "" for labels in cells)


def _margin(name: str, found: Mapping[Category, tuple[Fraction, int]]) -> Margin:
    order = sorted(found, key=lambda category: [natural_key(label) for label in category])
    totals = {category: found[category][0] for category in order}
    rows = {category: found[category][1] for category in order}
    return Margin(name, tuple(name.split(CROSSED)), totals, rows)


def _refuse_disagreement(file: str, margins: tuple[Margin, ...]) -> None:
    for a, b in combinations(margins, 2):
        if abs(a.grand - b.grand) > AGREEMENT * max(a.grand, b.grand):
            template = (
                "Tệp {file}: tổng biên «{a}» cộng thành {total_a:.15g} nhưng «{b}» cộng thành "
                "{total_b:.15g}; hai tổng phải bằng nhau."
            )
            totals = {"total_a": float(a.grand), "total_b": float(b.grand)}
            raise Refusal(template, file=file, a=a.name, b=b.name, **totals)
