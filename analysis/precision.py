"""Design effects: the variance against that of a simple random sample as large."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign
from analysis.exact import joined, steady_sums
from analysis.rounding import coefficients
from analysis.totals import Family, Measure, Rows, rows_where, sum_of_values
from analysis.tree import Evaluation, ScoreTree
from questionnaires.model import Leaf, Node


@dataclass(frozen=True)
class ElementScores:
    """Linearised scores of single responses: u = v (f - R) / D for a leaf, and for a node the
    same combination of scores as it makes of rates."""

    evaluation: Evaluation
    measures: Mapping[str, Measure]

    def squares(self, family: Family, design: SampleDesign) -> Floats:
        """The sum of w u^2 over the responses of each domain: (domains, parts), w in ticks."""
        weight = joined(design.weights.limbs)
        inside = rows_where((family.of_row >= 0) & (weight > 0))
        rows = _Rows(inside, family.of_row[inside], weight[inside], len(family.labels))
        squares = self.evaluation.squares.copy()
        if isinstance(self.tree.parts[0], Node):
            self._score(self.tree.parts[0].code, rows, squares)
        return squares

    @property
    def tree(self) -> ScoreTree:
        """The score tree that was evaluated."""
        return self.evaluation.tree

    def _score(self, code: str, rows: "_Rows", found: Floats) -> Floats | None:
        part = self.tree.index.by_code[code]
        if isinstance(part, Leaf):
            return self._leaf(code, code, rows) if code in self.measures else None
        if part.rollup == "pooled_items":
            below = [leaf.code for leaf in self.tree.index.leaves_below(code)]
            scores = [self._leaf(leaf, code, rows) for leaf in below]
            score: Floats | None = np.sum(scores, axis=0)
        elif part.rollup == "pooled_respondents":
            score = self._own_means(part, rows)
        else:
            score = None
            for child, coefficient in coefficients(self.tree.index, part):
                below_score = self._score(child, rows, found)
                if below_score is not None:
                    term = below_score * float(coefficient)
                    score = term if score is None else score + term
        if part.rollup.startswith("pooled"):
            for child in part.children:  # for the squares of the nodes below
                if isinstance(self.tree.index.by_code[child], Node):
                    self._score(child, rows, found)
        if score is not None:
            square = rows.weight * score * score
            found[:, self.tree.position[code]] = steady_sums(
                square, rows.domain, rows.domains, cuts=1
            )
        return score

    def _leaf(self, leaf: str, centre: str, rows: "_Rows") -> Floats:
        """The scores of a leaf's answers around the rate of `centre`, the leaf or its pool."""
        measure = self.measures[leaf]
        values = np.array(measure.values, dtype=np.float64) / measure.scale
        table = np.zeros((rows.domains, len(values) + 1))
        rate, weight = self._centre(centre)
        with np.errstate(divide="ignore", invalid="ignore"):
            table[:, :-1] = (values - rate[:, np.newaxis]) / weight[:, np.newaxis]
        table[~np.isfinite(table)] = 0.0
        return np.take(table, rows.domain * (len(values) + 1) + measure.classes[rows.inside])

    def _own_means(self, node: Node, rows: "_Rows") -> Floats:
        measures = [self.measures[leaf.code] for leaf in self.tree.index.leaves_below(node.code)]
        total, answered, scale = sum_of_values(measures, rows.inside)
        means, some = total / (np.maximum(answered, 1) * scale), answered > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            rate, weight = self._centre(node.code)
            score = (means - rate[rows.domain]) / weight[rows.domain]
        return np.where(some & np.isfinite(score), score, 0.0)

    def _centre(self, code: str) -> tuple[Floats, Floats]:
        """The rate of a part and the weight it is divided by (domains,)."""
        p = self.tree.position[code]
        return self.evaluation.values.exact[:, p], self.evaluation.denominator[:, p]


@dataclass(frozen=True)
class _Rows:
    inside: Rows
    domain: NDArray[np.intp]
    weight: Floats
    domains: int


def design_effects(
    variance: Floats, squares: Floats, evaluation: Evaluation, design: SampleDesign
) -> Floats:
    """Design effect of every estimate (domains, parts), as CRAN survey 4.1 defines it for a mean.

        deff = V / { (1 - n/N) S^2 / n },  S^2 = n/(n - 1) sum w (f - R)^2 / sum w,  N = sum w

    `variance` is V and `squares` the sum of w u^2. Where the weights do not add up to a population
    larger than the sample (weights of 1), the comparison is with sampling with replacement,
    without 1 - n/N.
    """
    weight, people = evaluation.weight, evaluation.people
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = weight * squares / (people - 1)
        if expands(design):
            simple = simple * (1 - people / (weight * float(design.weights.tick)))
        deff = np.where(simple > 0, variance / simple, np.nan)
    return np.asarray(deff)


def expands(design: SampleDesign) -> bool:
    """Say whether the weights add up to more people than were sampled."""
    values = design.weights.values
    return float(values.sum()) > float((values > 0).sum()) * (1 + 1e-9)
