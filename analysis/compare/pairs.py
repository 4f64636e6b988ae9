"""Pairs of domains: how the sample ties their estimates together, and tests of many differences."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.dataset import Floats
from analysis.index import FamilyResult
from analysis.variance import ZERO_VARIANCE

Correction = Literal["holm", "bh", "none"]
Words = tuple[str, str, str, str]  # higher, lower, not told apart, equal

TIE = 12  # decimals at which two rates are the same
CANCELLED = 1e-13  # a variance of a difference below this share of its terms is rounding noise


@dataclass(frozen=True)
class Compared:
    """The estimates of one part in the k domains compared.

    `at` (k,) numbers the domains in their family. `rates` (k,) are the official rates, which are
    ranked, `exact` (k,) the unrounded ones, which are tested. `covariance` (k, k) is that of the
    design. `df` (k, k) are the degrees of freedom of the difference of two domains, on the
    diagonal of one, NaN where there are none; `df_together` those of all domains taken as one.
    Domains with the same number in `group` (k,) are tied by PSUs that they share.
    """

    at: NDArray[np.intp]
    rates: Floats
    exact: Floats
    covariance: Floats
    df: Floats
    df_together: float
    group: NDArray[np.intp]

    @property
    def differences(self) -> Floats:
        """Estimate of the row minus that of the column: (k, k)."""
        return settled(self.exact[:, np.newaxis] - self.exact)

    @property
    def errors(self) -> Floats:
        """Standard errors of the differences (k, k): the covariance of two domains enters."""
        variance = np.diag(self.covariance)
        both = variance[:, np.newaxis] + variance
        return roots(both - 2 * self.covariance, both)

    def combination(self, shares: Floats) -> tuple[float, float, float]:
        """A combination a'R of the rates, its standard error sqrt(a'Va) and degrees of freedom.

        `shares` (k,) is a. Where no PSU is shared the degrees of freedom are those of a sum of
        independent variances (Satterthwaite 1946, Biometrics 2), else those of the design.
        """
        used = np.flatnonzero(shares)
        a, covariance = shares[used], self.covariance[np.ix_(used, used)]
        terms = a**2 * np.diag(covariance)
        error = float(roots(np.asarray(a @ covariance @ a), np.asarray(terms.sum())))
        df, own = self.df_together, np.diag(self.df)[used]
        if len(set(self.group[used].tolist())) == len(used):
            vary = terms > 0
            df = float(own.sum())
            if vary.any():
                df = float(terms.sum() ** 2 / (terms[vary] ** 2 / own[vary]).sum())
        return float(a @ self.exact[used]), error, df if bool((own > 0).all()) else np.nan


def compared(family: FamilyResult, part: int, shown: NDArray[np.bool_]) -> Compared:
    """Take the shown domains (domains,) of a family that have an estimate of a part.

    The degrees of freedom of a difference are those of both domains' rows together, as `degf` of
    CRAN survey counts them: PSUs holding a row of either domain minus the strata of these. Two
    domains of the same PSUs have as many as one of them, two of different strata the sum.
    """
    rates = np.round(family.values.official[:, part], TIE)
    at = np.flatnonzero(shown & ~np.isnan(rates))
    shared, together = _shared(family, at)
    own = family.df[at, part]
    usable = (own[:, np.newaxis] > 0) & (own > 0)
    df = np.where(usable, np.maximum(own[:, np.newaxis] + own - shared.df, 1.0), np.nan)
    np.fill_diagonal(df, np.where(own > 0, own, np.nan))
    covariance = family.between(part)[np.ix_(at, at)]
    exact = family.values.exact[at, part]
    return Compared(at, rates[at], exact, covariance, df, together, shared.group)


def settled(difference: Floats) -> Floats:
    """Differences of rates, 0 where they are no more than rounding noise of equal ones."""
    return np.where(np.abs(difference) < 0.5 * 10.0**-TIE, 0.0, difference)


def roots(variance: Floats, terms: Floats) -> Floats:
    """Roots of variances that came from terms as large as `terms`; rounding noise becomes 0."""
    noise = variance < np.maximum(ZERO_VARIANCE, CANCELLED * terms)
    return np.sqrt(np.where(noise, 0.0, variance))


def p_values(difference: Floats, error: Floats, df: Floats) -> Floats:
    """Two-sided p values of t tests, element by element; NaN without degrees of freedom.

    Without sampling error a difference that is not zero has p = 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(np.where(df > 0, df, np.nan), -np.abs(difference) / error)
    p = np.where((error == 0) & (df > 0), (difference == 0).astype(np.float64), p)
    return np.asarray(p)


def quantile(df: Floats, probability: float) -> Floats:
    """Quantiles of Student's t, element by element; NaN without degrees of freedom."""
    distinct, place = np.unique(np.where(df > 0, df, np.nan), return_inverse=True)
    return np.asarray(stdtrit(distinct, probability)[place].reshape(df.shape))


def tail(df: Floats, t: Floats) -> Floats:
    """The probability that |T| is larger than t, T of Student's distribution."""
    return np.asarray(2 * stdtr(df, -np.abs(t)))


def adjusted(p: Floats, correction: Correction) -> Floats:
    """Adjust the p values (tests,) of one family of tests; a NaN is no test and stays.

    `holm`: the largest of (m - i + 1) p_(i) so far (Holm 1979, Scand. J. Stat. 6), which bounds
    the chance of a single false claim; `bh`: the smallest of m p_(i) / i from here on (Benjamini &
    Hochberg 1995, J. R. Stat. Soc. B 57), which bounds the share of false claims.
    """
    found = np.full_like(p, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    place, sorted_p = np.arange(len(order)), p[order]
    if correction == "holm":
        found[order] = np.maximum.accumulate((len(order) - place) * sorted_p)
    elif correction == "bh":
        raised = sorted_p * len(order) / (place + 1)
        found[order] = np.minimum.accumulate(raised[::-1])[::-1]
    else:
        found[order] = sorted_p
    return np.minimum(found, 1.0)


def verdict(difference: float, significant: bool | None, words: Words) -> str:
    """Say a difference in words; `significant` is None where there is no sampling error."""
    higher, lower, undecided, equal = words
    if significant is None:
        return higher if difference > 0 else lower if difference < 0 else equal
    if not significant:
        return undecided
    return f"{higher if difference > 0 else lower} có ý nghĩa thống kê"


@dataclass(frozen=True)
class _Shared:
    """What two domains have in common: PSUs less strata (k, k), and groups (k,) of tied domains."""

    df: Floats
    group: NDArray[np.intp]


def _shared(family: FamilyResult, at: NDArray[np.intp]) -> tuple[_Shared, float]:
    """What PSUs the domains share, and the degrees of freedom of all their PSUs together."""
    df, tied = np.zeros((len(at), len(at))), np.eye(len(at), dtype=bool)
    if family.sampled is None:
        return _Shared(df, np.arange(len(at))), np.nan
    totals = family.sampled.totals
    stage, psu = family.sampled.design.stages[0], family.sampled.design.psu_of(totals.unit)
    place = np.full(totals.domains, -1, dtype=np.intp)
    place[at] = np.arange(len(at))
    of_cell = place[totals.domain]
    inside = of_cell >= 0
    pairs = np.unique(psu[inside] * max(len(at), 1) + of_cell[inside])
    psus, domain = pairs // max(len(at), 1), pairs % max(len(at), 1)
    held, where, times = np.unique(psus, return_inverse=True, return_counts=True)
    strata, stratum = np.unique(stage.parent[held], return_inverse=True)
    together = float(len(held) - len(strata))
    touched = np.zeros((len(strata), len(at)))
    touched[stratum[where], domain] = 1.0
    df -= touched.T @ touched
    several = np.flatnonzero(times[where] > 1)
    if not len(several):
        return _Shared(df, np.arange(len(at))), together
    several = several[np.argsort(stage.parent[psus[several]], kind="stable")]
    starts = np.flatnonzero(np.diff(stage.parent[psus[several]], prepend=-1))
    for of_stratum in np.split(several, starts[1:]):
        columns, column = np.unique(domain[of_stratum], return_inverse=True)
        rows, row = np.unique(psus[of_stratum], return_inverse=True)
        present = np.zeros((len(rows), len(columns)))
        present[row, column] = 1.0
        both = present.T @ present
        df[np.ix_(columns, columns)] += both
        tied[np.ix_(columns, columns)] |= both > 0
    return _Shared(df, _groups(tied)), together


def _groups(tied: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Number the connected components of a symmetric relation (k, k)."""
    group = np.full(len(tied), -1, dtype=np.intp)
    for start in range(len(tied)):
        if group[start] >= 0:
            continue
        reached = tied[start]
        while (wider := tied[reached].any(axis=0) | reached).sum() > reached.sum():
            reached = wider
        group[reached] = start
    return group
