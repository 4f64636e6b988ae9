"""Before fieldwork: sample size, design effect and the allocation of a sample to strata."""

from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.dataset import Floats, Ints
from questionnaires.refusal import Refusal

Rule = Literal["proportional", "neyman", "cost", "power", "equal"]
RULES: tuple[Rule, ...] = get_args(Rule)
NOISE = 1e-9  # below this a difference of counts comes from rounding of floating point


@dataclass(frozen=True)
class Assumptions:
    """What a sample size rests on.

    `rate` is the proportion p expected, `deff` the design effect, `population` the people N
    (infinite: no finite population correction). `df` are the degrees of freedom that the sample
    will have: infinite means the normal quantile z, anything else Student's t.
    """

    rate: float = 0.5
    deff: float = 1.0
    population: float = inf
    confidence: float = 0.95
    df: float = inf

    @property
    def variance(self) -> float:
        """p (1 - p) deff, the variance that one respondent stands for."""
        return self.rate * (1 - self.rate) * self.deff


def quantile(probability: float, df: float = inf) -> float:
    """The quantile of Student's t with `df` degrees of freedom, of the normal where infinite.

    Without a degree of freedom nothing can be said: infinite.
    """
    if df <= 0:
        return inf
    if isfinite(df):
        return float(stdtrit(df, probability))
    return NormalDist().inv_cdf(probability)


def two_sided(confidence: float, df: float = inf) -> float:
    """The quantile of a two-sided interval: 1.96 at 95 % with infinite `df`."""
    return quantile((1 + confidence) / 2, df)


def size_for_margin(margin: float, given: Assumptions) -> float:
    """Respondents (not rounded) for an interval of p -+ margin.

        n0 = t^2 p (1 - p) / e^2,   n = n0 deff / (1 + n0 deff / N)

    Cochran 1977, Sampling Techniques, 3rd ed., section 4.4. Neither the response rate nor
    rounding is in it: see `approached`.
    """
    n0 = two_sided(given.confidence, given.df) ** 2 * given.variance / margin**2
    return n0 / (1 + n0 / given.population)


def margin_of(respondents: float, given: Assumptions) -> float:
    """The half-width of the interval that so many respondents give; undoes `size_for_margin`.

    e = t sqrt(p (1 - p) deff (1/n - 1/N)), 0 when everybody is asked.
    """
    share = max(0.0, 1 / respondents - 1 / given.population)
    return two_sided(given.confidence, given.df) * sqrt(given.variance * share)


def size_for_change(change: float, given: Assumptions, power: float = 0.8, r: float = 0.0) -> float:
    """Respondents per year for showing a change from p to p + change in a two-sided test.

        n = (t_{1 - alpha/2} + t_power)^2 (p1 q1 + p2 q2 - 2 r sqrt(p1 q1 p2 q2)) deff / d^2

    Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, chapter 4, without
    continuity correction; `r` is the correlation of the two estimates, 0 for new communes (0.5 is
    what a return to the same ones may give). Raises `Refusal` when p + change leaves [0, 1].
    """
    rate = given.rate + change
    if not 0 <= rate <= 1:
        template = "Tỷ lệ {rate} thay đổi {change} thì ra ngoài khoảng từ 0 đến 1."
        raise Refusal(template, rate=given.rate, change=change)
    first, second = given.rate * (1 - given.rate), rate * (1 - rate)
    variance = (first + second - 2 * r * sqrt(first * second)) * given.deff
    steps = two_sided(given.confidence, given.df) + quantile(power, given.df)
    n0 = steps**2 * variance / change**2
    return n0 / (1 + n0 / given.population)


def approached(respondents: float, response_rate: float) -> int:
    """How many people must be approached for so many respondents, rounded up."""
    return ceil(respondents / response_rate - NOISE)


def design_effect(take: float, rho: float, weight_effect: float = 1.0) -> float:
    """The design effect of `take` respondents per PSU alike by `rho`: (1 + (m - 1) rho)(1 + cv^2).

    `weight_effect` is Kish's 1 + cv^2 of the weights (Kish 1965, Survey Sampling, chapters 5
    and 11; Gabler, Haeder & Lahiri 1999, Survey Methodology 25, for the product).
    """
    return (1 + (take - 1) * rho) * weight_effect


def homogeneity(deff: float, take: float, weight_effect: float = 1.0) -> float:
    """The intra-cluster correlation within a design effect: rho = (deff/(1 + cv^2) - 1)/(m - 1).

    Undoes `design_effect`, so that the effect can be carried over to another take. Raises
    `Refusal` when no PSU held two respondents: then the effect says nothing of rho.
    """
    if take <= 1:
        raise Refusal(
            "Mỗi đơn vị chọn mẫu chỉ có một phiếu nên hiệu ứng thiết kế không cho biết rho."
        )
    return (deff / weight_effect - 1) / (take - 1)


def optimal_take(cost_ratio: float, rho: float) -> float:
    """Respondents per PSU with the smallest variance for the money: sqrt(C/c (1 - rho)/rho).

    `cost_ratio` is the cost of opening a PSU over the cost of one respondent (Cochran 1977,
    chapter 10). Infinite where rho is 0.
    """
    return sqrt(cost_ratio * (1 - rho) / rho) if rho > 0 else inf


def measures_of(
    rule: Rule, population: Floats, sd: Floats, cost: Floats, exponent: float = 0.5
) -> Floats:
    """What each stratum's share of the sample is proportional to (strata,).

    proportional N, neyman N S, cost N S / sqrt(c) (Cochran 1977, chapter 5), power
    N^q with q = `exponent` (Bankier 1988, JASA 83, p. 174: between equal at 0 and proportional
    at 1), equal 1.
    """
    if rule == "proportional":
        return population
    if rule == "power":
        return np.asarray(population**exponent)
    if rule == "equal":
        return np.ones_like(population)
    return population * sd / (np.sqrt(cost) if rule == "cost" else 1.0)


def allocate(total: int, measures: Floats, floors: Ints, caps: Ints) -> Ints:
    """Share `total` out to strata in proportion to `measures`, within floors and caps (strata,).

    A share is lambda x measure, raised to its floor or cut to its cap, with the one lambda that
    makes the sum right; for Neyman's measures that is the allocation of least variance under the
    bounds (Gabler, Ganninger & Muennich 2012, Metrika 75). Largest remainder makes it whole: of
    two equal remainders the larger measure, then the earlier stratum goes first. A stratum with
    measure 0 gets more than its floor only when all others are full. Raises `Refusal` when the
    total is below the sum of the floors or above that of the caps.
    """
    least, most = int(floors.sum()), int(caps.sum())
    if total < least:
        template = "Cỡ mẫu {total} không đủ cho mức tối thiểu của các tầng, cộng lại là {least}."
        raise Refusal(template, total=total, least=least)
    if total > most:
        template = "Cỡ mẫu {total} vượt số có thể chọn trong các tầng, cộng lại là {most}."
        raise Refusal(template, total=total, most=most)
    parts = np.round(shares(total, _positive(measures), floors, caps), 9)
    whole = np.floor(parts).astype(np.int64)
    order = np.lexsort((np.arange(len(parts)), -measures, -(parts - whole)))
    open_ = order[whole[order] < caps[order]]
    whole[open_[: total - int(whole.sum())]] += 1
    return whole


def _positive(measures: Floats) -> Floats:
    largest = float(measures.max(initial=0.0))
    return np.maximum(measures / largest, 1e-12) if largest > 0 else np.ones_like(measures)


def shares(total: int, measures: Floats, floors: Ints, caps: Ints) -> Floats:
    """The shares clip(lambda x measure, floor, cap) that add up to the total, not rounded.

    All measures must be positive. The sum is piecewise linear in lambda, with a bend wherever a
    stratum meets a bound; the bends on both sides of the total are found by bisection, what lies
    between by interpolation.
    """

    def at(factor: float) -> NDArray[np.float64]:
        return np.clip(factor * measures, floors, caps)

    bends = np.unique(np.concatenate([[0.0], floors / measures, caps / measures]))
    low, high = 0, len(bends) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(bends[middle]).sum() <= total else (low, middle)
    below, above = at(bends[low]), at(bends[high])
    gap = float(above.sum() - below.sum())
    share = (total - float(below.sum())) / gap if gap > 0 else 0.0
    return below + (above - below) * share
