"""The official staged rounding: decimal, half up, on exact fractions, from leaves to root."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from questionnaires.model import IndexDefinition, Leaf, Node


@dataclass(frozen=True)
class OfficialValue:
    """One node or leaf as the definition rounds it: rate, and points if it has any."""

    rate: Fraction
    points: Fraction | None


def half_up(value: Fraction, decimals: int) -> Fraction:
    """Round a non-negative fraction to so many decimals, halves up."""
    scale = 10**decimals
    return Fraction(floor(value * scale + Fraction(1, 2)), scale)


def has_rounding(index: IndexDefinition) -> bool:
    """Say whether any node or leaf of an index prescribes rounding."""
    parts: tuple[Node | Leaf, ...] = (*index.node, *index.leaf)
    return any(part.round is not None or part.round_points is not None for part in parts)


def official_values(
    index: IndexDefinition, exact: Mapping[str, Fraction | None]
) -> dict[str, OfficialValue | None]:
    """Roll exact rates up with the rounding that the definition prescribes at each place.

    `exact` gives the exact rate of every leaf and of every pooled node; None is undefined.
    `round` rounds the rate in per cent, `round_points` then the points = maximum x rate; what is
    rounded is what the parent reads (PAR INDEX 2022: 1.5 x 80.67 % = 1.21005 -> 1.2101).
    """
    values: dict[str, OfficialValue | None] = {}
    for part in reversed(index.in_order):
        rate = _rate(index, part, exact, values)
        values[part.code] = None if rate is None else _rounded(index, part, rate)
    return values


def coefficients(index: IndexDefinition, node: Node) -> list[tuple[str, Fraction]]:
    """The weight of each child in the rate of a node that is not pooled; the weights sum to one."""
    if node.rollup == "mean":
        return [(child, Fraction(1, len(node.children))) for child in node.children]
    if node.rollup == "weighted_mean":
        weights = [Fraction(weight) for weight in node.weights or ()]
    else:
        parts = index.by_code
        weights = [Fraction(index.max_points_of(parts[child]) or 0) for child in node.children]
    total = sum(weights)
    return [(child, w / total) for child, w in zip(node.children, weights, strict=True)]


def _rate(
    index: IndexDefinition,
    part: Node | Leaf,
    exact: Mapping[str, Fraction | None],
    values: Mapping[str, OfficialValue | None],
) -> Fraction | None:
    if isinstance(part, Leaf) or part.rollup in ("pooled_items", "pooled_respondents"):
        return exact[part.code]
    total = Fraction(0)
    for child, coefficient in coefficients(index, part):
        value = values[child]
        if value is None:
            return None
        total += coefficient * value.rate
    return total


def _rounded(index: IndexDefinition, part: Node | Leaf, rate: Fraction) -> OfficialValue:
    if part.round is not None:
        rate = half_up(rate * 100, part.round) / 100
    maximum = index.max_points_of(part)
    if maximum is None:
        return OfficialValue(rate, None)
    points = Fraction(maximum) * rate
    if part.round_points is not None:
        points = half_up(points, part.round_points)
        rate = points / Fraction(maximum)
    return OfficialValue(rate, points)
