"""The score tree evaluated on all domains at once: rates, scores of sampled units, gradients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from analysis.dataset import Floats, Ints
from analysis.exact import EXACT, joined, whole
from analysis.given import Domain, Given
from analysis.rounding import coefficients, has_rounding, official_values
from analysis.totals import Family, Totals
from questionnaires.model import ANSWERED, IndexDefinition, Leaf, Node


@dataclass(frozen=True)
class Values:
    """What an index is worth in each domain: arrays (domains, parts), NaN where undefined.

    `exact` is the rate, `official` the rate as the definition rounds it, both with their points
    (NaN without maximum). `n` counts answers or people, -1 where nothing is counted. `reasons`
    says, by (domain, part), why a rate is undefined, as a code.
    """

    exact: Floats
    official: Floats
    points_exact: Floats
    points: Floats
    n: Ints
    reasons: dict[tuple[int, int], str]


@dataclass(frozen=True)
class Evaluation:
    """The values of a family of domains and what their variance is made of.

    `scores` (cells, parts) is the linearised score of each cell of the scored totals, `gradient`
    (parts, given leaves) the derivative of each part by each leaf that takes a given value.
    `weight` and `people` (domains, parts) are the weight in ticks, and the number, of people with
    at least one answer below a part; `squares` (domains, parts) the sum of w (v (f - R) / D)^2 of
    leaves, NaN for nodes. `denominator` (domains, parts) is D, for pooled nodes their own.
    """

    tree: "ScoreTree"
    values: Values
    scores: Floats
    gradient: Floats
    weight: Floats
    people: Floats
    squares: Floats
    denominator: Floats


class ScoreTree:
    """An index definition prepared for evaluation.

    `parts` are evaluated from the last to the first: by default the whole tree from its root.
    """

    def __init__(
        self, index: IndexDefinition, given: Given, parts: Sequence[Node | Leaf] | None = None
    ) -> None:
        self.index = index
        self.given = given
        self.parts = index.in_order if parts is None else tuple(parts)
        self.position = {part.code: i for i, part in enumerate(self.parts)}
        leaves = [part for part in self.parts if isinstance(part, Leaf)]
        self.answered = [leaf for leaf in leaves if leaf.measure in ANSWERED]
        self.given_leaves = [leaf for leaf in leaves if leaf.measure not in ANSWERED]
        answered = {leaf.code for leaf in self.answered}
        self.answered_below = {
            node.code: [
                leaf.code for leaf in index.leaves_below(node.code) if leaf.code in answered
            ]
            for node in index.node
        }
        self.combinations = {
            part.code: self._combination(part)
            for part in self.parts
            if isinstance(part, Node) and not part.rollup.startswith("pooled")
        }
        # A value that rests on nothing but reported numbers has no sampling error to estimate.
        self.only_reported = np.array(
            [
                all(leaf.measure == "reported" for leaf in index.leaves_below(part.code))
                for part in self.parts
            ]
        )

        # Nor has one that rests on answers which people gave of their own accord.
        chosen = {leaf.code for leaf in self.given_leaves if given.self_selected(leaf)}
        self.self_selected = np.array(
            [
                bool(chosen) and any(leaf.code in chosen for leaf in index.leaves_below(part.code))
                for part in self.parts
            ]
        )

    def _combination(self, node: Node) -> tuple[list[int], Floats, int]:
        shares = coefficients(self.index, node)
        # Whole numbers over one denominator: ten rates of 1 have a mean of exactly 1.
        whole_of = lcm(*(share.denominator for _, share in shares))
        multiples = np.array([float(share * whole_of) for _, share in shares])
        return [self.position[child] for child, _ in shares], multiples, whole_of

    def evaluate(
        self, totals: Totals | None, family: Family, scored: Totals | None = None
    ) -> Evaluation:
        """Evaluate every part on every domain of a family; without totals only given values.

        The scores are those of the cells of `scored`, by default of `totals`: for calibrated
        weights the values come from calibrated totals and the scores from those of base weights.
        """
        work = _Work(self, totals, family, scored or totals)
        if self.answered:
            work.answered_leaves()
        for leaf in self.given_leaves:
            work.given_leaf(leaf)
        for part in reversed(self.parts):
            if isinstance(part, Node):
                work.node(part)
        return work.finished()


def domains_of(family: Family) -> Iterator[Domain]:
    """Each domain of a family as (column, value) pairs."""
    for labels in family.labels:
        yield tuple(zip(family.columns, labels, strict=True))


class _Work:
    """One evaluation under way."""

    def __init__(
        self, tree: ScoreTree, totals: Totals | None, family: Family, scored: Totals | None
    ) -> None:
        self.tree = tree
        self.totals = totals
        self.scored = scored
        self.family = family
        domains, parts = len(family.labels), len(tree.parts)
        self.rates = np.full((domains, parts), np.nan)
        self.n = np.full((domains, parts), -1, dtype=np.int64)
        self.weight = np.full((domains, parts), np.nan)
        self.people = np.full((domains, parts), np.nan)
        self.squares = np.full((domains, parts), np.nan)
        self.denominator = np.full((domains, parts), np.nan)
        self.scores = np.zeros((0 if scored is None else len(scored.unit), parts))
        self.gradient = np.zeros((parts, len(tree.given_leaves)))
        self.reasons: dict[tuple[int, int], str] = {}
        self.fractions: list[dict[str, Fraction | None]] = [{} for _ in range(domains)]
        self.rounding = has_rounding(tree.index)
        if totals is not None and scored is not None:
            self.cells = joined(scored.sums)
            self.limbs, self.counts = totals.over_domains()
            self.sums = joined(self.limbs)

    def answered_leaves(self) -> None:
        """The leaves read from answers: rate A / D, score (A_c - R D_c) / D."""
        assert self.totals is not None
        codes = [leaf.code for leaf in self.tree.answered]
        columns = [self.totals.leaves[code] for code in codes]
        at = [self.tree.position[code] for code in codes]
        values, weights = [c.value for c in columns], [c.weight for c in columns]
        scales = np.array([float(c.scale) for c in columns])
        rates = self._ratios(codes, self.limbs[:, :, values], self.limbs[:, :, weights] * scales)
        weight = self.sums[:, weights]
        n = self.counts[:, [c.n for c in columns]]
        self.rates[:, at], self.weight[:, at] = rates, weight
        self.n[:, at], self.people[:, at] = n, n
        with np.errstate(divide="ignore", invalid="ignore"):
            square = self.sums[:, [c.square for c in columns]] / scales**2
            self.squares[:, at] = np.maximum(square - rates * rates * weight, 0.0) / weight**2
        self._score(at, self.cells[:, values] / scales, self.cells[:, weights], weight)

    def given_leaf(self, leaf: Leaf) -> None:
        """A leaf that takes the value of another index or a reported number."""
        p = self.tree.position[leaf.code]
        self.gradient[p, self.tree.given_leaves.index(leaf)] = 1.0
        for d, domain in enumerate(domains_of(self.family)):
            value = self.tree.given.value(leaf, domain)
            self.fractions[d][leaf.code] = value.rate
            if value.rate is None:
                self.reasons[d, p] = str(value.reason)
            else:
                self.rates[d, p] = float(value.rate)
            self.n[d, p] = -1 if value.n is None else value.n

    def node(self, node: Node) -> None:
        """A node: its rate, score and gradient are the same combination of its children's."""
        p = self.tree.position[node.code]
        below = self.tree.answered_below[node.code]
        if below and self.totals is not None:
            people = self.totals.people[node.code]
            self.n[:, p] = self.counts[:, people.complete]
            self.weight[:, p] = self.sums[:, people.weight]
            self.people[:, p] = self.counts[:, people.n]
        if node.rollup == "pooled_items":
            self._pool_items(node, p, below)
        elif node.rollup == "pooled_respondents":
            self._pool_respondents(node, p, below)
        else:
            self._combine(node, p)

    def finished(self) -> Evaluation:
        """Everything found, with points and, where the definition rounds, the official values."""
        maximum = [self.tree.index.max_points_of(part) for part in self.tree.parts]
        most = np.array([np.nan if points is None else float(points) for points in maximum])
        official, points = self.rates, self.rates * most
        if self.rounding:
            official, points = self._official()
        values = Values(self.rates, official, self.rates * most, points, self.n, self.reasons)
        return Evaluation(
            self.tree,
            values,
            self.scores,
            self.gradient,
            self.weight,
            self.people,
            self.squares,
            self.denominator,
        )

    def _combine(self, node: Node, p: int) -> None:
        children, multiples, whole_of = self.tree.combinations[node.code]
        self.rates[:, p] = (self.rates[:, children] * multiples).sum(axis=1) / whole_of
        self.scores[:, p] = self.scores[:, children] @ (multiples / whole_of)
        self.gradient[p] = (multiples / whole_of) @ self.gradient[children]
        for d in np.flatnonzero(np.isnan(self.rates[:, p])):
            missing = next(c for c in children if np.isnan(self.rates[d, c]))
            self.reasons[int(d), p] = f"undefined:{self.tree.parts[missing].code}"

    def _pool_items(self, node: Node, p: int, below: list[str]) -> None:
        assert self.totals is not None
        columns = [self.totals.leaves[code] for code in below]
        scale = lcm(*(c.scale for c in columns))
        multiples = [scale // c.scale for c in columns]
        total = self.limbs[:, :, [c.value for c in columns]] @ np.array(multiples, dtype=np.float64)
        answers = self.limbs[:, :, [c.weight for c in columns]].sum(axis=2) * scale
        rates = self._ratios([node.code], total[:, :, np.newaxis], answers[:, :, np.newaxis])
        self.rates[:, p] = rates[:, 0]
        self.n[:, p] = sum(self.counts[:, c.n] for c in columns)
        value = sum(self.cells[:, c.value] / c.scale for c in columns)
        weight_of_cell = sum(self.cells[:, c.weight] for c in columns)
        weight = sum(self.sums[:, c.weight] for c in columns)
        self._pool_score(p, np.asarray(value), np.asarray(weight_of_cell), np.asarray(weight))

    def _pool_respondents(self, node: Node, p: int, below: list[str]) -> None:
        assert self.totals is not None
        people = self.totals.people[node.code]
        divisors = np.arange(1, len(below) + 1) * float(people.scale)
        value = (self.sums[:, people.answered] / divisors).sum(axis=1)
        weight = self.sums[:, people.weight]
        with np.errstate(divide="ignore", invalid="ignore"):
            self.rates[:, p] = value / weight
        if self.rounding and self.totals.exact:
            self._exact_own_means(node.code, people.answered, people.weight, people.scale)
        elif self.rounding:
            for d, rate in enumerate(self.rates[:, p].tolist()):
                self.fractions[d][node.code] = None if rate != rate else Fraction(rate)
        self.n[:, p] = self.counts[:, people.n]
        value_of_cell = (self.cells[:, people.answered] / divisors).sum(axis=1)
        self._pool_score(p, value_of_cell, self.cells[:, people.weight], weight)

    def _pool_score(self, p: int, value: Floats, weight_of_cell: Floats, weight: Floats) -> None:
        columns = (array[:, np.newaxis] for array in (value, weight_of_cell, weight))
        self._score([p], *columns)

    def _score(self, at: list[int], value: Floats, weight_of_cell: Floats, weight: Floats) -> None:
        assert self.scored is not None
        domain = self.scored.domain
        rates = self.rates[:, at]
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (value - rates[domain] * weight_of_cell) / weight[domain]
        self.denominator[:, at] = weight
        self.scores[:, at] = np.where(np.isfinite(score), score, 0.0)
        for d, i in np.argwhere(np.isnan(rates)).tolist():
            self.reasons[d, at[i]] = "no_valid_answer"

    def _ratios(self, codes: list[str], above: Floats, below: Floats) -> Floats:
        """Divide exact sums (l, domains, codes) once, correctly rounded: (domains, codes)."""
        assert self.totals is not None
        simple = len(above) == 1 and max(above.max(initial=0), below.max(initial=0)) < EXACT
        if not self.totals.exact or (simple and not self.rounding):
            with np.errstate(divide="ignore", invalid="ignore"):
                quotients = np.asarray(above[0] / below[0])
            if self.rounding:
                for d, row in enumerate(quotients.tolist()):
                    values = (None if rate != rate else Fraction(rate) for rate in row)
                    self.fractions[d] |= zip(codes, values, strict=True)
            return quotients
        rates = np.full(above.shape[1:], np.nan)
        for i, code in enumerate(codes):
            pairs = zip(whole(above[:, :, i]), whole(below[:, :, i]), strict=True)
            for d, (a, b) in enumerate(pairs):
                self.fractions[d][code] = Fraction(a, b) if b else None
                if b:
                    rates[d, i] = a / b
        return rates

    def _exact_own_means(
        self, code: str, answered: tuple[int, ...], weight: int, scale: int
    ) -> None:
        by_answered = [whole(self.limbs[:, :, column]) for column in answered]
        for d, total in enumerate(whole(self.limbs[:, :, weight])):
            value = sum(
                (Fraction(s[d], m * scale) for m, s in enumerate(by_answered, 1)), Fraction(0)
            )
            self.fractions[d][code] = value / total if total else None

    def _official(self) -> tuple[Floats, Floats]:
        rates, points = np.full_like(self.rates, np.nan), np.full_like(self.rates, np.nan)
        for d, fractions in enumerate(self.fractions):
            for code, value in official_values(self.tree.index, fractions).items():
                if value is not None:
                    rates[d, self.tree.position[code]] = float(value.rate)
                    if value.points is not None:
                        points[d, self.tree.position[code]] = float(value.points)
        return rates, points
