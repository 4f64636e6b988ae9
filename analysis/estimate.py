"""One estimate with its uncertainty, and the intervals that go with it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import betaincinv, expit, logit, stdtrit

from analysis.dataset import Floats

IntervalMethod = Literal["logit", "t"]


@dataclass(frozen=True)
class Options:
    """How intervals are made: the method and the confidence level."""

    method: IntervalMethod = "logit"
    confidence: float = 0.95


@dataclass(frozen=True)
class Estimate:
    """Ước lượng: the value of one node or leaf in one domain, with all that it depends on.

    Rates lie in [0, 1]. `estimate` and `points` follow the rounding the definition prescribes;
    `estimate_exact` and `points_exact` are not rounded. `se` is the standard error, `df` the
    degrees of freedom of the design in the domain, `n` the number of answers or people,
    `n_effective` = n / `deff`. `status` is ok, suppressed or undefined and `reason` says why, as
    a code. `notice` is set where the data are not original answers.
    """

    node: str
    title: str
    domain: dict[str, str]
    estimate: float | None
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    n: int | None
    n_effective: float | None
    deff: float | None
    points: float | None
    max_points: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    status: Literal["ok", "suppressed", "undefined"]
    reason: str | None
    estimate_exact: float | None
    points_exact: float | None
    notice: str | None = None


def interval(
    rate: Floats, se: Floats, df: Floats, n: Floats, options: Options
) -> tuple[Floats, Floats]:
    """Confidence limits of rates, element by element.

    `t`: p -+ t s. `logit`: expit(logit p -+ t s / (p (1 - p))), t the quantile of Student's t with
    `df` degrees of freedom (Korn & Graubard 1999, section 2.5; `svyciprop(method = "xlogit")` of
    CRAN survey); where p is 0 or 1 the logit form has no meaning and the Clopper-Pearson limits on
    n answers are given (Parker et al. 2017, NCHS Series 2 no. 175). NaN where df is 0.
    """
    tail = (1 - options.confidence) / 2
    usable = np.where(df > 0, df, np.nan)
    t = np.empty_like(usable)
    for value in np.unique(usable[np.isfinite(usable)]):
        t[usable == value] = stdtrit(value, 1 - tail)
    t[~np.isfinite(usable)] = np.nan
    half = np.where(se == 0, 0.0, t * se)
    half[~(df > 0)] = np.nan
    if options.method == "t":
        return rate - half, rate + half
    inside = (rate > 0) & (rate < 1)
    p = np.where(inside, rate, 0.5)
    margin = half / (p * (1 - p))
    low, high = expit(logit(p) - margin), expit(logit(p) + margin)
    low, high = np.where(half == 0, p, low), np.where(half == 0, p, high)
    people = np.where(n > 0, n, np.nan)
    none, all_ = rate == 0, rate == 1
    low = np.where(none, 0.0, np.where(all_, betaincinv(people, 1, tail), low))
    high = np.where(none, betaincinv(1, people, 1 - tail), np.where(all_, 1.0, high))
    missing = np.isnan(rate)
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)
