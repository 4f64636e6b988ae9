"""Differences between units: ranks, and the ranks that the sample cannot rule out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.index import FamilyResult
from analysis.variance import ZERO_VARIANCE, covariance_between

TIE = 12  # decimals at which two rates are the same


@dataclass(frozen=True)
class Ranks:
    """Ranks of the domains of one family for one part, 0 where there is none.

    `rank` 1 is the highest, equal rates share a rank (1, 2, 2, 4). `low` and `high` bound the
    ranks that cannot be told apart, all domains at once.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


def ranks_of(family: FamilyResult, part: int, shown: NDArray[np.bool_], confidence: float) -> Ranks:
    """Rank the shown domains (domains,) of a family by one part of the index.

    The rank interval of a domain is [1 + number significantly above, J - number significantly
    below], from all one-sided t tests of pairs at (1 - confidence) / (J (J - 1)), the
    simultaneous Bonferroni form of Mogstad, Romano, Shaikh & Wilhelm (2024, Rev. Econ. Stud. 91).
    The covariance of two domains enters; their degrees of freedom add up. A pair of which one
    domain has no degrees of freedom cannot be told apart.
    """
    rates = np.round(family.values.official[:, part], TIE)
    usable = shown & ~np.isnan(rates)
    rank, low, high = (np.zeros(len(rates), dtype=np.int64) for _ in range(3))
    at = np.flatnonzero(usable)
    if not len(at):
        return Ranks(rank, low, high)
    values = rates[at]
    above = values[np.newaxis, :] > values[:, np.newaxis]
    rank[at] = 1 + above.sum(axis=1)
    significant = _significant(family, part, at, confidence)
    low[at] = 1 + (significant & above).sum(axis=1)
    high[at] = len(at) - (significant & above.T).sum(axis=1)
    return Ranks(rank, low, high)


def _significant(
    family: FamilyResult, part: int, at: NDArray[np.intp], confidence: float
) -> NDArray[np.bool_]:
    """Which pairs of domains differ, whatever the direction: (domains at, domains at)."""
    sampled = family.sampled
    if sampled is None or len(at) < 2:
        return np.zeros((len(at), len(at)), dtype=bool)
    scores = family.evaluation.scores[:, part]
    covariance = covariance_between(scores, sampled.totals, sampled.design)
    rates = family.values.exact[at, part]
    covariance = covariance[np.ix_(at, at)]
    # Values of other indices add variance of their own; NaN, where it is unknown, tells nothing.
    variance = family.se[at, part] ** 2
    of_difference = variance[:, np.newaxis] + variance[np.newaxis, :] - 2 * covariance
    np.fill_diagonal(of_difference, 0.0)
    of_difference = np.where(of_difference < ZERO_VARIANCE, 0.0, of_difference)
    difference = np.abs(rates[:, np.newaxis] - rates[np.newaxis, :])
    df = family.df[at, part]
    usable = (df[:, np.newaxis] > 0) & (df[np.newaxis, :] > 0)
    both = np.where(usable, df[:, np.newaxis] + df[np.newaxis, :], np.nan)
    pairs = len(at) * (len(at) - 1)
    critical = stdtrit(both, 1 - (1 - confidence) / pairs)
    return np.asarray(usable & (difference > critical * np.sqrt(of_difference)))
