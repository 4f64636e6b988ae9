"""Design effects: the variance against that of a simple random sample as large."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign
from analysis.exact import joined
from analysis.measure import Measure, rows_where, sum_of_values
from analysis.rounding import coefficients
from analysis.totals import Family
from analysis.tree import Evaluation
from questionnaires.model import Leaf, Node

Scored = tuple[Floats, Floats]


@dataclass(frozen=True)
class ElementRows:
    """Some responses of a family of domains: all of them, or one batch of what an engine reads.

    `measures` gives each leaf's answers, `domain` (n,) the domain of each response, all inside the
    family, and `weight` (n,) its survey weight in ticks.
    """

    measures: Mapping[str, Measure]
    domain: NDArray[np.intp]
    weight: Floats


class Elements(Protocol):
    """Where single responses can be read again, batch by batch."""

    @property
    def rows(self) -> int:
        """How many responses there are at most."""

    @property
    def heaviest(self) -> float:
        """The largest survey weight, in ticks."""

    def batches(self, family: Family) -> Iterator[ElementRows]:
        """Read the responses that lie in a domain of the family and have a positive weight."""


@dataclass(frozen=True)
class RowsInMemory:
    """The responses of a data set in memory, as one batch."""

    measures: Mapping[str, Measure]
    design: SampleDesign

    @property
    def rows(self) -> int:
        """How many responses there are."""
        return len(self.design.unit)

    @property
    def heaviest(self) -> float:
        """The largest survey weight, in ticks."""
        return float(survey_weights(self.design).max(initial=0.0))

    def batches(self, family: Family) -> Iterator[ElementRows]:
        """Yield the responses that lie in a domain of the family and have a positive weight."""
        weight = survey_weights(self.design)
        inside = rows_where((family.of_row >= 0) & (weight > 0))
        measures = self.measures
        if not isinstance(inside, slice):
            measures = {code: measure.take(inside) for code, measure in measures.items()}
        yield ElementRows(measures, family.of_row[inside], weight[inside])


def element_squares(evaluation: Evaluation, family: Family, elements: Elements) -> Floats:
    """The sum of w u^2 over the responses of each domain: (domains, parts), w in ticks.

    u is the linearised score of a single response: v (f - R) / D for a leaf, and for a node the
    same combination of scores as it makes of rates. Each square is cut on a grid that depends on
    the domain's rates and the heaviest weight only, so sums are exact and neither the order of the
    rows nor the batches matter.
    """
    squares = evaluation.squares.copy()
    if not isinstance(evaluation.tree.parts[0], Node):
        return squares
    sums = _Squares(evaluation, elements)
    for rows in elements.batches(family):
        sums.add(rows)
    nodes = [p for p, part in enumerate(evaluation.tree.parts) if isinstance(part, Node)]
    squares[:, nodes] = sums.found[:, nodes]
    return squares


class _Squares:
    """Adds up the squares of all nodes, batch by batch."""

    def __init__(self, evaluation: Evaluation, elements: Elements) -> None:
        self.evaluation = evaluation
        self.tree = evaluation.tree
        self.heaviest = elements.heaviest
        self.grid = 2.0 ** (elements.rows.bit_length() + 1 - 53)
        self.found = np.full(evaluation.squares.shape, np.nan)

    def add(self, rows: ElementRows) -> None:
        self._score(self.tree.parts[0].code, rows)

    def _score(self, code: str, rows: ElementRows) -> Scored | None:
        """The scores (n,) of a part, and for each domain (domains,) what none can exceed."""
        part = self.tree.index.by_code[code]
        if isinstance(part, Leaf):
            return self._leaf(code, code, rows) if code in rows.measures else None
        if part.rollup.startswith("pooled"):
            scored: Scored | None = self._pooled(part, rows)
            for child in part.children:  # for the squares of the nodes below
                if isinstance(self.tree.index.by_code[child], Node):
                    self._score(child, rows)
        else:
            scored = self._combined(part, rows)
        if scored is not None:
            self._add_squares(self.tree.position[code], scored, rows)
        return scored

    def _combined(self, node: Node, rows: ElementRows) -> Scored | None:
        scored: Scored | None = None
        for child, coefficient in coefficients(self.tree.index, node):
            below = self._score(child, rows)
            if below is not None:
                c = float(coefficient)
                scored = _plus(scored, (below[0] * c, below[1] * abs(c)))
        return scored

    def _pooled(self, node: Node, rows: ElementRows) -> Scored | None:
        if node.rollup == "pooled_respondents":
            return self._own_means(node, rows)
        scored: Scored | None = None
        for leaf in self.tree.index.leaves_below(node.code):
            scored = _plus(scored, self._leaf(leaf.code, node.code, rows))
        return scored

    def _add_squares(self, p: int, scored: Scored, rows: ElementRows) -> None:
        score, bound = scored
        _, exponent = np.frexp(self.heaviest * bound * bound)
        to_one = np.ldexp(1.0, -exponent)
        square = rows.weight * score * score * to_one[rows.domain]
        steps = np.bincount(rows.domain, weights=np.rint(square / self.grid), minlength=len(bound))
        sums = steps * self.grid / to_one
        before = self.found[:, p]
        self.found[:, p] = np.where(np.isnan(before), sums, before + sums)

    def _leaf(self, leaf: str, centre: str, rows: ElementRows) -> Scored:
        """The scores of a leaf's answers around the rate of `centre`, the leaf or its pool."""
        measure = rows.measures[leaf]
        values = np.array(measure.values, dtype=np.float64) / measure.scale
        rate, weight = self._centre(centre)
        table = np.zeros((len(rate), len(values) + 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            table[:, :-1] = (values - rate[:, np.newaxis]) / weight[:, np.newaxis]
        table[~np.isfinite(table)] = 0.0
        score = np.take(table, rows.domain * (len(values) + 1) + measure.classes)
        return score, np.abs(table).max(axis=1)

    def _own_means(self, node: Node, rows: ElementRows) -> Scored:
        leaves = self.tree.index.leaves_below(node.code)
        measures = [rows.measures[leaf.code] for leaf in leaves]
        total, answered, scale = sum_of_values(measures, slice(None))
        means, some = total / (np.maximum(answered, 1) * scale), answered > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            rate, weight = self._centre(node.code)
            score = (means - rate[rows.domain]) / weight[rows.domain]
            bound = np.maximum(rate, 1 - rate) / weight
        score = np.where(some & np.isfinite(score), score, 0.0)
        return score, np.where(np.isfinite(bound), bound, 0.0)

    def _centre(self, code: str) -> tuple[Floats, Floats]:
        """The rate of a part and the weight it is divided by (domains,)."""
        p = self.tree.position[code]
        return self.evaluation.values.exact[:, p], self.evaluation.denominator[:, p]


def _plus(a: Scored | None, b: Scored) -> Scored:
    return b if a is None else (a[0] + b[0], a[1] + b[1])


def design_effects(
    variance: Floats, squares: Floats, evaluation: Evaluation, design: SampleDesign
) -> tuple[Floats, Floats]:
    """Design effects of every estimate (domains, parts), as CRAN survey 4.1 has them for a mean.

        deff = V / { (1 - n/N) S^2 / n },  S^2 = n/(n - 1) sum w (f - R)^2 / sum w,  N = sum w

    and the same with replacement, without 1 - n/N (`deff = TRUE` and `deff = "replace"`).
    `variance` is V and `squares` the sum of w u^2. Where the weights do not add up to a population
    larger than the sample (weights of 1) there is no N and both are with replacement.
    """
    weight, people = evaluation.weight, evaluation.people
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = weight * squares / (people - 1)
        replaced = np.where(simple > 0, variance / simple, np.nan)
        if not expands(design):
            return replaced, replaced
        simple = simple * (1 - people / (weight * float(design.weights.tick)))
        deff = np.where(simple > 0, variance / simple, np.nan)
    return np.asarray(deff), replaced


def expands(design: SampleDesign) -> bool:
    """Say whether the weights add up to more people than were sampled."""
    ticks = survey_weights(design)
    total = float(ticks.sum()) * float(design.weights.tick)
    sampled = ticks > 0
    people = sampled.sum() if design.responses is None else design.responses[sampled].sum()
    return total > float(people) * (1 + 1e-9)


def survey_weights(design: SampleDesign) -> Floats:
    """The final weight of each row (n,) in ticks: base weight times the factor of its cell."""
    ticks = joined(design.weights.limbs)
    if design.calibration is None:
        return ticks
    cell = design.calibration.cell
    return np.where(cell >= 0, ticks * design.calibration.factor[cell], 0.0)
