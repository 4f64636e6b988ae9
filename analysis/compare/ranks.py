"""Ranks of domains, the ranks that the sample cannot rule out, tiers, and bars for the eye."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.compare.pairs import Compared, compared, tail
from analysis.compare.simultaneous import MOST, Draws, MaxT, Pairs, bonferroni
from analysis.dataset import Floats, Ints
from analysis.index import FamilyResult

Order = Literal["competition", "dense"]
Form = Literal["bonferroni", "max-t"]

DRAWS = Draws()
HALVINGS = 200  # more than enough to find a root to the last digit


@dataclass(frozen=True)
class Ranking:
    """How domains are ranked: the order of ties and the form of the simultaneous rank intervals.

    `competition` counts domains (1, 2, 2, 4), `dense` counts places (1, 2, 2, 3).
    """

    order: Order = "competition"
    form: Form = "bonferroni"
    draws: Draws = DRAWS


@dataclass(frozen=True)
class Ranks:
    """Ranks of the domains of one family for one part, 0 where there is none.

    `rank` 1 is the highest, equal rates share a rank; `places` is the last rank there could be.
    `low` and `high` bound the ranks that cannot be ruled out, all domains at once.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    places: int = 0


@dataclass(frozen=True)
class RankTable:
    """Everything a league table says of the domains compared, arrays (k,) in their order.

    Rank intervals (2, k), lower then upper, are simultaneous by max-t, marginal by max-t (right
    for a single domain of interest) and simultaneous by Bonferroni. `tier` 1 is the top, and
    `bar` (2, k) are Goldstein-Healy limits, which overlap where two domains cannot be told apart.
    """

    compared: Compared
    rank: Ints
    places: int
    simultaneous: Ints
    marginal: Ints
    bonferroni: Ints
    tier: Ints
    bar: Floats


def ranks_of(
    family: FamilyResult,
    part: int,
    shown: NDArray[np.bool_],
    confidence: float,
    ranking: Ranking | None = None,
) -> Ranks:
    """Rank the shown domains (domains,) of a family by one part of the index.

    The rank interval of a domain is [1 + number significantly above, J - number significantly
    below], all one-sided t tests of pairs at once (Mogstad, Romano, Shaikh & Wilhelm 2024, Rev.
    Econ. Stud. 91), by default in the deterministic Bonferroni form. The covariance of two domains
    enters. A pair of which one domain has no degrees of freedom cannot be told apart; where
    values are reported without sampling error there are ranks and no intervals.
    """
    ranking = ranking or Ranking()
    rank, low, high = (np.zeros(len(family.values.n), dtype=np.int64) for _ in range(3))
    field = compared(family, part, shown)
    if not len(field.at):
        return Ranks(rank, low, high)
    rank[field.at], places = ordinals(field.rates, ranking.order)
    if not family.evaluation.tree.only_reported[part]:
        above = _simultaneous(field, confidence, ranking)
        low[field.at], high[field.at] = intervals(field.rates, above.T, above, ranking.order)
    return Ranks(rank, low, high, places)


def rank_table(field: Compared, confidence: float, ranking: Ranking) -> RankTable:
    """Rank the domains compared, with every form of rank interval, tiers and bars."""
    rank, places = ordinals(field.rates, ranking.order)
    by_bonferroni = bonferroni(field, confidence)
    above, marginal = by_bonferroni, (by_bonferroni.T, by_bonferroni)
    if drawn(field):
        drawing = MaxT(field, confidence, ranking.draws)
        above, marginal = drawing.above(), drawing.marginal()

    def bounds(higher: Pairs, lower: Pairs) -> Ints:
        return intervals(field.rates, higher, lower, ranking.order)

    return RankTable(
        field,
        rank,
        places,
        bounds(above.T, above),
        bounds(*marginal),
        bounds(by_bonferroni.T, by_bonferroni),
        tiers(field.rates, above),
        goldstein_healy(field, 1 - confidence),
    )


def drawn(field: Compared) -> bool:
    """Say whether max-t values are drawn; for very many domains Bonferroni stands in for them."""
    return len(field.at) <= MOST


def ordinals(rates: Floats, order: Order) -> tuple[Ints, int]:
    """Ranks of rates (k,), 1 the highest, and the number of places.

    Competition ranks are 1 + the number of higher rates, of k places; dense ranks number the
    distinct rates, of as many places as these.
    """
    distinct, place = np.unique(-rates, return_inverse=True)
    if order == "dense":
        return place.astype(np.int64) + 1, len(distinct)
    return 1 + (rates[np.newaxis, :] > rates[:, np.newaxis]).sum(axis=1), len(rates)


def intervals(rates: Floats, above: Pairs, below: Pairs, order: Order) -> Ints:
    """Rank intervals (2, k): [1 + number significantly above, places - number below].

    Row i of `above` and `below` (k, k) marks the domains significantly above and below domain i.
    For dense ranks the numbers are those of distinct rates, as places are.
    """
    # A rounded tie or reversal is shown as such, whatever the unrounded rates would say.
    above = above & (rates > rates[:, np.newaxis])
    below = below & (rates < rates[:, np.newaxis])
    if order == "competition":
        return np.stack([1 + above.sum(axis=1), len(rates) - below.sum(axis=1)])
    distinct, place = np.unique(rates, return_inverse=True)
    belongs = np.eye(len(distinct), dtype=np.int64)[place]
    higher, lower = above @ belongs > 0, below @ belongs > 0
    return np.stack([1 + higher.sum(axis=1), len(distinct) - lower.sum(axis=1)])


def tiers(rates: Floats, above: Pairs) -> Ints:
    """Number groups (k,) of domains that cannot be told from the best of their group.

    Going down from the highest rate, a new tier starts at the first domain that the top of the
    current tier is significantly above, all pairs at once; it becomes the top of the new tier.
    Domains of one tier may still differ from each other, and neighbours of two tiers may not.
    """
    tier = np.zeros(len(rates), dtype=np.int64)
    top, number = -1, 0
    for i in np.argsort(-rates, kind="stable").tolist():
        if top < 0 or (above[top, i] and rates[top] > rates[i]):
            top, number = i, number + 1
        tier[i] = number
    return tier


def goldstein_healy(field: Compared, alpha: float) -> Floats:
    """Limits (2, k) for comparison by eye: R -+ z s, z so that bars of equals miss by chance alpha.

    Two bars do not overlap with probability P(|T| > z (s_i + s_j) / s_ij) when the two are equal,
    s_ij the standard error of their difference and T of Student's distribution with its degrees of
    freedom; z makes the mean over all pairs alpha (Goldstein & Healy 1995, J. R. Stat. Soc. A 158,
    formula 2, there with independent estimates and the normal distribution: z = 1.39 when all s
    are equal). NaN where there is no pair with a sampling error.
    """
    own = np.sqrt(np.maximum(np.diag(field.covariance), 0.0))
    errors = field.errors
    i, j = np.nonzero(np.triu((errors > 0) & (field.df > 0), 1))
    if not len(i):
        return np.full((2, len(own)), np.nan)
    ratio, df = (own[i] + own[j]) / errors[i, j], field.df[i, j]
    low, high = 0.0, 1.0
    while tail(df, high * ratio).mean() > alpha:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if tail(df, middle * ratio).mean() > alpha:
            low = middle
        else:
            high = middle
    usable = np.diag(field.df) > 0
    half = np.where(usable, high * own, np.nan)
    return np.stack([field.exact - half, field.exact + half])


def _simultaneous(field: Compared, confidence: float, ranking: Ranking) -> Pairs:
    if ranking.form == "max-t" and drawn(field):
        return MaxT(field, confidence, ranking.draws).above()
    return bonferroni(field, confidence)
