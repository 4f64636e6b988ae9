"""One estimate with its uncertainty, and the intervals that go with it."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri, stdtrit

from analysis.dataset import Floats

IntervalMethod = Literal["logit", "t", "kg"]
CHANGE = "change"  # how the names of the fields begin that speak of a previous wave


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
    `n_effective` = n / `deff`; `deff_replace` compares with sampling with replacement. `status` is
    ok, suppressed or undefined and `reason` says why, as a code. `notice` is set where the data
    are not original answers. `places` is the number of places of the ranking, `reliability` the
    verdict of `analysis.suppress`. The fields of the change since a previous wave, in rates too,
    are empty where none was given or nothing changed that may be told; `change_reason` then says
    why.
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
    places: int | None = None
    reliability: str | None = None
    deff_replace: float | None = None
    change: float | None = None
    change_se: float | None = None
    change_df: float | None = None
    change_p: float | None = None
    change_ci_low: float | None = None
    change_ci_high: float | None = None
    change_verdict: str | None = None
    change_reason: str | None = None

    def record(self, with_change: bool = False) -> dict[str, Any]:
        """The estimate as a flat row, ready for JSON and CSV; changes only where asked for."""
        row = vars(self)
        if with_change:
            return dict(row)
        return {name: row[name] for name in WITHOUT_CHANGE}


WITHOUT_CHANGE = tuple(
    name for name in Estimate.__dataclass_fields__ if not name.startswith(CHANGE)
)


def interval(
    rate: Floats, se: Floats, df: Floats, n: Floats, options: Options
) -> tuple[Floats, Floats]:
    """Confidence limits of rates, element by element.

    `t`: p -+ t s. `logit`: expit(logit p -+ t s / (p (1 - p))), t the quantile of Student's t with
    `df` degrees of freedom (Korn & Graubard 1999, section 2.5; `svyciprop(method = "xlogit")` of
    CRAN survey); where p is 0 or 1 the logit form has no meaning and the Clopper-Pearson limits on
    n answers are given (Parker et al. 2017, NCHS Series 2 no. 175). `kg`: see `korn_graubard`. NaN
    where df is 0, but for p = 0 and p = 1 in the forms `logit` and `kg`.
    """
    if options.method == "kg":
        return korn_graubard(rate, se, df, n, options.confidence)
    half = np.where(se == 0, 0.0, t_quantile(df, options.confidence) * se)
    half[~(df > 0)] = np.nan
    if options.method == "t":
        return rate - half, rate + half
    inside = (rate > 0) & (rate < 1)
    p = np.where(inside, rate, 0.5)
    margin = half / (p * (1 - p))
    low, high = expit(logit(p) - margin), expit(logit(p) + margin)
    low, high = np.where(half == 0, p, low), np.where(half == 0, p, high)
    people = np.where(n > 0, n, np.nan)
    tail = (1 - options.confidence) / 2
    none, all_ = rate == 0, rate == 1
    low = np.where(none, 0.0, np.where(all_, betaincinv(people, 1, tail), low))
    high = np.where(none, betaincinv(1, people, 1 - tail), np.where(all_, 1.0, high))
    # Half of an interval is none: without a known n there is nothing to say at 0 and 1.
    missing = np.isnan(rate) | ((none | all_) & np.isnan(people))
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)


def korn_graubard(
    rate: Floats, se: Floats, df: Floats, n: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Korn-Graubard limits of shares, element by element, as NCHS computes them.

    Clopper-Pearson limits with n* for the number of answers and n* p for the favourable ones:

        n* = min(n, p (1 - p) / s^2 * (t_{n-1} / t_df)^2)

    (Korn & Graubard 1998, Surv. Methodol. 24; Parker et al. 2017, NCHS Series 2 no. 175, whose
    programs cut at n once, after the factor for degrees of freedom). Up to n* = n these are the
    limits of `svyciprop(method = "beta")` of CRAN survey, which does not cut. n* = n where p is 0
    or 1, and where s is 0 in between: the formula's limit, and what the programs of NCHS do. An n
    that is not known (values of other indices) cuts nothing and takes the normal quantile for
    t_{n-1}. NaN where df is 0, unless p is 0 or 1, and where n is 0: a node may have an estimate
    though nobody answered all that is below it.
    """
    known, inside = n > 0, (rate > 0) & (rate < 1)
    unknown = np.where(known, np.inf, normal_quantile(confidence))
    t_n = np.where(known & (n > 1), t_quantile(n - 1, confidence), unknown)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = rate * (1 - rate) / se**2 * (t_n / t_quantile(df, confidence)) ** 2
    size = np.where(inside & (se == 0) & (df > 0), np.inf, size)
    size = np.where(known, np.minimum(size, n), np.where(n == 0, np.nan, size))
    size = np.where(inside, size, np.where(known, n, np.nan))
    point = np.isinf(size)  # without error and without a known n
    size = np.where(point, 1.0, size)
    tail, yes = (1 - confidence) / 2, size * rate
    no = size * (1 - rate)
    low = np.where(rate == 0, 0 * size, betaincinv(yes, no + 1, tail))
    high = np.where(rate == 1, 1 + 0 * size, betaincinv(yes + 1, no, 1 - tail))
    return np.where(point, rate, low), np.where(point, rate, high)


def effective_n(rate: Floats, se: Floats, n: Floats) -> Floats:
    """The effective number of answers of shares by NCHS: p (1 - p) / s^2, at most n.

    Where p is 0 or 1, or s is 0, it is n (Parker et al. 2017, NCHS Series 2 no. 175). It is not
    n* of `korn_graubard`, which a lack of degrees of freedom makes smaller.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = rate * (1 - rate) / se**2
    return np.where((rate == 0) | (rate == 1) | (se == 0), n, np.minimum(size, n))


def t_quantile(df: Floats, confidence: float) -> Floats:
    """The quantile of Student's t that a two-sided interval takes; NaN where df is not above 0."""
    usable = np.where(df > 0, df, np.nan)
    distinct, place = np.unique(usable, return_inverse=True)
    return np.asarray(stdtrit(distinct, (1 + confidence) / 2)[place].reshape(usable.shape))


def normal_quantile(confidence: float) -> float:
    """What the quantile of t comes to with many degrees of freedom: 1.96 at 95 %."""
    return float(ndtri((1 + confidence) / 2))


def number(value: float) -> float | None:
    """A float for JSON, None where it does not exist."""
    return float(value) if isfinite(value) else None
