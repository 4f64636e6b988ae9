"""Tabulation of every item of a questionnaire: shares of options with bases and intervals."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.bands import Band, Cuts, bands_of
from analysis.dataset import Column, Dataset
from analysis.design import Sample
from analysis.estimate import Estimate, Options
from analysis.given import Given
from analysis.index import IndexResult, compute_tree
from analysis.measure import Measure, Rates
from analysis.results import Showing, estimates_of
from analysis.suppress import BELOW_MINIMUM, COMPLEMENTARY
from analysis.tree import ScoreTree
from questionnaires.model import IndexDefinition, Item, Leaf, QuestionnaireVersion
from questionnaires.rules import number

HEADLINE = "+"  # stands for the options whose joint share the official tables print
MEAN = "mean"
ANSWERED = "answered"
BASE = "base"  # never a line of its own: everybody, and whether they answered


@dataclass(frozen=True)
class Tabulation(Options):
    """How tables are made: intervals, and where numbers are cut into bands, by item.

    Cuts (18, 30, 60) make the bands below 18, from 18 to below 30, from 30 to below 60, from 60.
    """

    bands: Mapping[str, Cuts] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemShare:
    """One line of a table: an option of an item, in one domain.

    `option` is the code, or `+` for the headline options together, `mean` for the mean of a
    number, `<18`, `18–29`, `>=60` for its bands, `answered` for a text; `count` is the unweighted
    number of answers, `estimate` the estimate with its base n. For answers outside the scale
    (không biết / không trả lời / không áp dụng) and empty cells there is a count and no estimate,
    and `outside` says which. `answered` is the weighted share of people whose answer counts.
    """

    item: Item
    option: str
    label: str
    domain: dict[str, str]
    count: int | None
    estimate: Estimate | None
    outside: str | None = None
    answered: float | None = None

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
        return row | {
            "notice": notice,
            "reliability": found.get("reliability"),
            "response_rate": self.answered,
        }


def describe(
    version: QuestionnaireVersion,
    sample: Sample,
    families: Sequence[Sequence[str]] = (),
    showing: Showing | None = None,
    options: Options | None = None,
) -> Iterator[ItemShare]:
    """Tabulate every item that the data hold, in the order of the form.

    Each option of an item has the same base: the people with an answer on the scale. A multiple
    choice has its codes in one cell, separated by spaces; its shares do not add up to 1. `options`
    may be a `Tabulation` with bands. Raises `Refusal`, naming file, row and item, for an answer
    that is no option of its item and for an exclusive option chosen together with another one, and
    naming the item for bands that cannot be made.
    """
    data, _ = sample
    options = options or Options()
    bands = bands_of(version, options.bands) if isinstance(options, Tabulation) else {}
    showing = replace(showing or Showing(), ranking=None)
    for code in bands:
        data.column(code)
    for item in version.items:
        if item.kind == "note" or item.code not in data.columns:
            continue
        _refuse_unknown(item, data)
        rules = _Rules(families, showing, options, bands.get(item.code, ()))
        yield from _ItemTable(item, sample, rules).lines()


def _refuse_unknown(item: Item, data: Dataset) -> None:
    if item.kind == "text":
        return
    column = data.column(item.code)
    known = {option.code for option in item.option}
    alone = {option.code for option in item.option if option.exclusive or option.outside}

    def is_known(label: str) -> bool:
        codes = label.split() if item.kind == "multiple" else [label]
        if item.kind == "number" and label not in known:
            return _as_number(label) is not None
        return known.issuperset(codes)

    wrong = np.array([not is_known(label) for label in column.labels] + [False])
    template = "Tệp {file}, dòng {row}, câu hỏi «{column}»: không có phương án «{value}»."
    data.refuse_rows(wrong[column.codes], item.code, template)
    if item.kind == "multiple":
        chosen = [set(label.split()) for label in column.labels]
        wrong = np.array(
            [len(codes) > 1 and not alone.isdisjoint(codes) for codes in chosen] + [False]
        )
        template = (
            "Tệp {file}, dòng {row}, câu hỏi «{column}»: «{value}» có phương án không được chọn "
            "cùng phương án khác."
        )
        data.refuse_rows(wrong[column.codes], item.code, template)


@dataclass(frozen=True)
class _Rules:
    """What holds for all lines of a table."""

    families: Sequence[Sequence[str]]
    showing: Showing
    options: Options
    bands: Sequence[Band] = ()


@dataclass(frozen=True)
class _Lines:
    """Lines of one kind: their measures and labels by code."""

    measures: Mapping[str, Measure]
    labels: Mapping[str, str]
    share: bool = True


@dataclass(frozen=True)
class _ItemTable:
    """The table of one item."""

    item: Item
    sample: Sample
    rules: _Rules

    def lines(self) -> Iterator[ItemShare]:
        data, design = self.sample
        column = data.column(self.item.code)
        groups = [(lines, *self._computed(lines)) for lines in self._groups(column)]
        positive = design.weights.limbs.sum(axis=0) > 0
        for family in groups[0][1].families:
            for d, place in enumerate(family.family.labels):
                domain = dict(zip(family.family.columns, place, strict=True))
                inside = positive & (family.family.of_row == d)
                base: Estimate | None = None
                small = False
                for lines, _, rows in groups:
                    shares = {code: next(rows) for code in lines.measures}
                    base = shares.pop(BASE, base)
                    small |= any(_is_small(share) for share in (base, *shares.values()))
                    answered = None if small or base is None else base.estimate
                    for code, share in shares.items():
                        unseen = small or share.status == "suppressed"
                        count = None if unseen else self._count(lines, code, inside)
                        label = lines.labels[code]
                        yield ItemShare(
                            self.item, code, label, domain, count, share, None, answered
                        )
                for code, label, why, found in self._outside(column, inside):
                    count = None if small else found
                    yield ItemShare(self.item, code, label, domain, count, None, why, answered)

    def _computed(self, lines: _Lines) -> tuple[IndexResult, Iterator[Estimate]]:
        measure: Literal["favourable_share", "mean_score"] = (
            "favourable_share" if lines.share else "mean_score"
        )
        leaves = tuple(
            Leaf(code=code, item=self.item.code, measure=measure) for code in lines.measures
        )
        index = IndexDefinition(code=self.item.code, root=leaves[0].code, leaf=leaves)
        tree = ScoreTree(index, Given(), parts=leaves)
        rules = self.rules
        options = Options(rules.options.method if lines.share else "t", rules.options.confidence)
        result = compute_tree(tree, lines.measures, self.sample, rules.families, options)
        return result, estimates_of(result, rules.showing)

    def _groups(self, column: Column) -> Iterator[_Lines]:
        """Shares first, then the mean of a number; who answered comes with the shares."""
        item = self.item
        if item.kind == "text":
            filled = (column.codes >= 0).astype(np.uint8)
            answered = Measure(filled, (0, 1), 1)
            yield _Lines({ANSWERED: answered, BASE: answered}, {ANSWERED: "Có trả lời"})
            return
        if item.kind == "number":
            outside = {option.code for option in item.option}
            value = {v: None if v in outside else _as_number(v) for v in column.labels}
            measures = {
                band.code: Measure.of(column, _through(value, band)) for band in self.rules.bands
            }
            mean = Measure.of(column, value.get)
            measures[BASE] = _answering(mean)
            yield _Lines(measures, {band.code: band.label for band in self.rules.bands})
            yield _Lines({MEAN: mean}, {MEAN: "Trung bình"}, share=False)
            return
        codes_of = {
            label: frozenset(label.split() if item.kind == "multiple" else [label])
            for label in column.labels
        }
        on_scale = frozenset(option.code for option in item.inside)

        def share_of(chosen: Collection[str]) -> Measure:
            wanted = frozenset(chosen)

            def rate(label: str) -> Fraction | None:
                codes = codes_of[label]
                return Fraction(not wanted.isdisjoint(codes)) if codes <= on_scale else None

            return Measure.of(column, rate)

        labels = {option.code: option.label for option in item.inside}
        measures = {code: share_of([code]) for code in labels}
        if item.headline:
            labels[HEADLINE] = " + ".join(labels[code] for code in item.headline)
            measures[HEADLINE] = share_of(item.headline)
        measures[BASE] = _answering(next(iter(measures.values())))
        yield _Lines(measures, labels)

    def _count(self, lines: _Lines, code: str, inside: NDArray[np.bool_]) -> int:
        """Unweighted: the answers with a rate above 0, for a mean all its answers."""
        measure = lines.measures[code]
        if not lines.share:
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


def _answering(measure: Measure) -> Measure:
    """Among all people: who gave an answer that counts."""
    return Measure(measure.valid.astype(np.uint8), (0, 1), 1)


def _through(value: Mapping[str, Fraction | None], band: Band) -> Rates:
    return lambda label: band.holds(value[label])


def _is_small(share: Estimate | None) -> bool:
    return share is not None and share.reason in (BELOW_MINIMUM, COMPLEMENTARY)


def _as_number(label: str) -> Fraction | None:
    value = number(label)
    return None if value is None else Fraction(value)
