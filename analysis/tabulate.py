"""Tabulation of every item of a questionnaire: shares of options with bases and intervals."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset
from analysis.design import Sample
from analysis.estimate import Estimate, Options
from analysis.given import Given
from analysis.index import compute_tree
from analysis.results import Showing, estimates_of
from analysis.totals import Measure
from analysis.tree import ScoreTree
from questionnaires.model import IndexDefinition, Item, Leaf, QuestionnaireVersion
from questionnaires.rules import number

HEADLINE = "+"  # stands for the options whose joint share the official tables print
MEAN = "mean"
ANSWERED = "answered"


@dataclass(frozen=True)
class ItemShare:
    """One line of a table: an option of an item, in one domain.

    `option` is the code, or `+` for the headline options together, `mean` for the mean of a
    number, `answered` for a text; `count` is the unweighted number of answers, `estimate` the
    estimate with its base n. For answers outside the scale (không biết / không trả lời / không áp
    dụng) and empty cells there is a count and no estimate, and `outside` says which.
    """

    item: Item
    option: str
    label: str
    domain: dict[str, str]
    count: int | None
    estimate: Estimate | None
    outside: str | None = None

    def record(self, notice: str | None = None) -> dict[str, Any]:
        """The line as a flat row, ready for JSON and CSV."""
        row: dict[str, Any] = {
            "item": self.item.code,
            "text": self.item.text,
            "wording": self.item.wording,
            "option": self.option,
            "label": self.label,
            "domain": self.domain,
            "count": self.count,
        }
        found = vars(self.estimate) if self.estimate else {}
        names = ("estimate", "se", "df", "ci_low", "ci_high", "n", "n_effective", "deff")
        row |= {name: found.get(name) for name in names}
        row["status"] = found.get("status", "outside")
        row["reason"] = found.get("reason", self.outside)
        return row | {"notice": notice}


def describe(
    version: QuestionnaireVersion,
    sample: Sample,
    families: Sequence[Sequence[str]] = (),
    showing: Showing | None = None,
    options: Options | None = None,
) -> Iterator[ItemShare]:
    """Tabulate every item that the data hold, in the order of the form.

    A multiple choice has its codes in one cell, separated by spaces; its shares are of the people
    who answered the item. Raises `Refusal`, naming file, row and item, for an answer that is no
    option of its item.
    """
    data, _ = sample
    for item in version.items:
        if item.kind == "note" or item.code not in data.columns:
            continue
        _refuse_unknown(item, data)
        yield from _ItemTable(
            item, sample, families, showing or Showing(), options or Options()
        ).lines()


def _refuse_unknown(item: Item, data: Dataset) -> None:
    if item.kind == "text":
        return
    column = data.column(item.code)
    known = {option.code for option in item.option}

    def is_known(label: str) -> bool:
        codes = label.split() if item.kind == "multiple" else [label]
        if item.kind == "number" and label not in known:
            return _as_number(label) is not None
        return known.issuperset(codes)

    wrong = np.array([not is_known(label) for label in column.labels] + [False])
    template = "Tệp {file}, dòng {row}, câu hỏi «{column}»: không có phương án «{value}»."
    data.refuse_rows(wrong[column.codes], item.code, template)


@dataclass(frozen=True)
class _ItemTable:
    """The table of one item."""

    item: Item
    sample: Sample
    families: Sequence[Sequence[str]]
    showing: Showing
    options: Options

    def lines(self) -> Iterator[ItemShare]:
        data, design = self.sample
        column = data.column(self.item.code)
        measures, labels = self._measures(column)
        leaves = tuple(
            Leaf(code=code, item=self.item.code, measure="favourable_share") for code in measures
        )
        index = IndexDefinition(code=self.item.code, root=leaves[0].code, leaf=leaves)
        tree = ScoreTree(index, Given(), parts=leaves)
        options = replace(self.options, method="t") if self.item.kind == "number" else self.options
        result = compute_tree(tree, measures, self.sample, self.families, options)
        rows = estimates_of(result, self.showing)
        positive = design.weights.limbs.sum(axis=0) > 0
        for family in result.families:
            for d, place in enumerate(family.family.labels):
                domain = dict(zip(family.family.columns, place, strict=True))
                inside = positive & (family.family.of_row == d)
                shares = {code: next(rows) for code in measures}
                hidden = any(share.status == "suppressed" for share in shares.values())
                for code, share in shares.items():
                    count = None if hidden else self._count(measures[code], inside)
                    yield ItemShare(self.item, code, labels[code], domain, count, share)
                for code, label, why, found in self._outside(column, inside):
                    count = None if hidden else found
                    yield ItemShare(self.item, code, label, domain, count, None, why)

    def _measures(self, column: Column) -> tuple[dict[str, Measure], dict[str, str]]:
        item = self.item
        if item.kind == "text":
            filled = (column.codes >= 0).astype(np.uint8)
            return {ANSWERED: Measure(filled, (0, 1), 1)}, {ANSWERED: "Có trả lời"}
        inside = {option.code for option in item.inside}
        if item.kind == "number":
            outside = {option.code for option in item.option}
            mean = Measure.of(column, lambda v: None if v in outside else _as_number(v))
            return {MEAN: mean}, {MEAN: "Trung bình"}

        def share_of(chosen: Collection[str]) -> Measure:
            def rate(label: str) -> Fraction | None:
                codes = label.split() if item.kind == "multiple" else [label]
                if not inside.issuperset(codes):
                    return None
                return Fraction(not set(chosen).isdisjoint(codes))

            return Measure.of(column, rate)

        labels = {option.code: option.label for option in item.inside}
        measures = {code: share_of([code]) for code in labels}
        if item.headline:
            labels[HEADLINE] = " + ".join(labels[code] for code in item.headline)
            measures[HEADLINE] = share_of(item.headline)
        return measures, labels

    def _count(self, measure: Measure, inside: NDArray[np.bool_]) -> int:
        """Unweighted: the answers with a rate above 0, for a number all its answers."""
        if self.item.kind == "number":
            return int((measure.valid & inside).sum())
        counted = np.array([value > 0 for value in measure.values] + [False])
        return int((counted[measure.classes] & inside).sum())

    def _outside(
        self, column: Column, inside: NDArray[np.bool_]
    ) -> Iterator[tuple[str, str, str, int]]:
        """Answers outside the scale and empty cells: code, label, which, and their number."""
        for option in self.item.option:
            if option.outside and option.code in column.labels:
                same = column.codes == column.labels.index(option.code)
                yield option.code, option.label, option.outside, int((same & inside).sum())
        yield "", "(để trống)", "empty", int(((column.codes < 0) & inside).sum())


def _as_number(label: str) -> Fraction | None:
    value = number(label)
    return None if value is None else Fraction(value)
