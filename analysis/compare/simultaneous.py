"""All pairs of domains tested at once: who is significantly above whom, by Bonferroni or max-t."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.compare.pairs import Compared, quantile
from analysis.dataset import Floats

Pairs = NDArray[np.bool_]
Places = NDArray[np.intp]

KEPT = 2**25  # drawn statistics kept in memory; more are drawn again for every step
AT_ONCE = 2**17  # drawn statistics made in one go, so few that they stay in the cache
MOST = 200  # domains for which statistics are drawn at all


@dataclass(frozen=True)
class Draws:
    """How many draws a critical value rests on, and the seed of numpy's PCG64 they come from."""

    number: int = 4000
    seed: int = 2024


def bonferroni(compared: Compared, confidence: float) -> Pairs:
    """Which domain (row) is significantly above which (column): (k, k).

    One-sided t tests of all k (k - 1) ordered pairs at (1 - confidence) / (k (k - 1)) each.
    """
    pairs = max(len(compared.at) * (len(compared.at) - 1), 1)
    critical = quantile(compared.df, 1 - (1 - confidence) / pairs)
    return np.asarray(_statistics(compared) > critical)


class MaxT:
    """Critical values from the largest of many t statistics, in steps.

    Under the null every statistic is drawn jointly: (Z_i - Z_j) / s_ij with Z ~ N(0, V) and s_ij
    the standard error with variances drawn too, so that few PSUs are honoured. The variance of a
    domain is V chi2_df / df. Domains tied by shared PSUs have their whole covariance matrix drawn,
    from Wishart(df, V) / df with the smallest df among them (Bartlett's decomposition; Srivastava
    2003, Ann. Stat. 31, where df is below the number of domains). Drawn and observed statistics
    are brought to one scale, that of normal deviates (see `normal_scale`), lest the heavy tail of
    one domain of few PSUs rule the whole table (balance: Beran 1988, J. Am. Stat. Assoc. 83).

    The critical value of a set of tests is the quantile of their largest drawn statistic. Tests
    it rejects leave the set and the quantile is taken again, until none is rejected: the step-down
    of Romano & Wolf (2005, Econometrica 73), as Mogstad, Romano, Shaikh & Wilhelm (2024, Rev.
    Econ. Stud. 91, section 3) use it for ranks. Everything is drawn from a fixed seed in the order
    of the domains' labels, so the rows' order changes nothing.
    """

    def __init__(self, compared: Compared, confidence: float, draws: Draws) -> None:
        self.compared = compared
        self.confidence = confidence
        self.draws = draws
        self.df = _satterthwaite(compared)
        self.observed = normal_scale(_statistics(compared), self.df)
        testable = (compared.df > 0) & (compared.errors > 0)
        self.first, self.second = np.nonzero(np.triu(testable, 1))
        self.certain = self.observed == np.inf
        self._chunks: list[Floats] | None = None
        if draws.number * len(self.first) <= KEPT:
            self._chunks = list(self._drawn())

    def above(self) -> Pairs:
        """Which domain (row) is above which (column), all statements right at once: (k, k)."""
        (found,) = self._step_down([np.ones_like(self.certain)])
        return found

    def marginal(self) -> tuple[Pairs, Pairs]:
        """The same for each domain by itself: which others (columns) are above it, which below.

        Row i holds what is right of domain i alone, at once for all it is compared with.
        """
        families = []
        for i in range(len(self.certain)):
            family = np.zeros_like(self.certain)
            family[i], family[:, i] = True, True
            families.append(family)
        above, below = np.zeros_like(self.certain), np.zeros_like(self.certain)
        for i, rejected in enumerate(self._step_down(families)):
            above[i], below[i] = rejected[:, i], rejected[i]
        return above, below

    def critical(self, sets: Sequence[Pairs]) -> Floats:
        """The critical values, normal deviates, of some sets of ordered pairs (k, k): (sets,).

        Of B draws it is the one of rank ceil((B + 1) confidence), so that the level is kept for
        any B (Davison & Hinkley 1997, section 4.2.1). Infinite for a set without tests, and where
        there are fewer draws than the confidence asks for.
        """
        rank = int(np.ceil(self.confidence * (self.draws.number + 1)))
        if rank > self.draws.number:
            return np.full(len(sets), np.inf)
        rows = [
            (np.flatnonzero(s[self.first, self.second]), np.flatnonzero(s[self.second, self.first]))
            for s in sets
        ]
        chunks = self._drawn() if self._chunks is None else self._chunks
        largest = np.concatenate([_largest(chunk, rows) for chunk in chunks], axis=1)
        found = np.partition(largest, rank - 1, axis=1)[:, rank - 1]
        tested = np.array([len(forward) + len(backward) > 0 for forward, backward in rows])
        return np.where(tested, found, np.inf)

    def _step_down(self, families: Sequence[Pairs]) -> list[Pairs]:
        """What each family of ordered pairs rejects, all families in the same passes."""
        left = [family & ~self.certain for family in families]
        going = list(range(len(families)))
        while going:
            for i, critical in zip(
                going.copy(), self.critical([left[i] for i in going]), strict=True
            ):
                new = left[i] & (self.observed > critical)
                left[i] = left[i] & ~new
                if not new.any():
                    going.remove(i)
        return [family & ~rest for family, rest in zip(families, left, strict=True)]

    def _drawn(self) -> Iterator[Floats]:
        """Yield drawn statistics of the pairs: (pairs, some draws)."""
        generator = np.random.Generator(np.random.PCG64(self.draws.seed))
        variances = _Variances(self.compared)
        size = max(8, AT_ONCE // max(len(self.first), 1))
        df = self.df[self.first, self.second][:, np.newaxis]
        for start in range(0, self.draws.number, size):
            now = min(size, self.draws.number - start)
            z = variances.root @ generator.standard_normal((len(self.compared.at), now))
            error = np.sqrt(variances.draw(generator, now).of_differences(self.first, self.second))
            yield normal_scale((z[self.first] - z[self.second]) / error, df)


def _largest(chunk: Floats, sets: Sequence[tuple[Places, Places]]) -> Floats:
    """The largest drawn statistic of each set of pairs, forward and backward: (sets, draws)."""
    found = np.full((len(sets), chunk.shape[1]), -np.inf)
    for largest, (forward, backward) in zip(found, sets, strict=True):
        if len(forward):
            np.maximum(largest, _taken(chunk, forward).max(axis=0), out=largest)
        if len(backward):
            np.maximum(largest, -_taken(chunk, backward).min(axis=0), out=largest)
    return found


@dataclass(frozen=True)
class _Drawn:
    """Drawn variances (k, draws), known correlations (k, k), drawn covariances within groups."""

    variance: Floats
    correlation: Floats
    within: list[tuple[Places, Floats]]

    def of_differences(self, first: Places, second: Places) -> Floats:
        """The variance of the difference of each pair: (pairs, draws), positive."""
        found = self.variance[first] + self.variance[second]
        least = np.maximum(found * 1e-15, np.finfo(float).tiny)
        place = np.full(len(self.variance), -1, dtype=np.intp)
        number = np.arange(len(self.variance))
        for group, (members, covariance) in enumerate(self.within):
            place[members], number[members] = group, np.arange(len(members))
            inside = np.flatnonzero((place[first] == group) & (place[second] == group))
            drawn = covariance[:, number[first[inside]], number[second[inside]]]
            found[inside] -= 2 * drawn.T
        known = np.flatnonzero(
            (self.correlation[first, second] != 0)
            & ((place[first] < 0) | (place[first] != place[second]))
        )
        a, b = first[known], second[known]
        scale = np.sqrt(self.variance[a] * self.variance[b])
        found[known] -= 2 * self.correlation[a, b][:, np.newaxis] * scale
        return np.maximum(found, least)


class _Variances:
    """Draws what a sample of so few PSUs would have estimated of the covariance V."""

    def __init__(self, compared: Compared) -> None:
        known = np.isfinite(np.diag(compared.covariance))
        covariance = np.where(known & known[:, np.newaxis], compared.covariance, 0.0)
        self.root = lower_root(covariance)
        self.variance = np.maximum(np.diag(covariance), 0.0)
        scale = np.sqrt(self.variance[:, np.newaxis] * self.variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.where(scale > 0, covariance / scale, 0.0)
        self.correlation = np.clip(correlation, -1.0, 1.0)
        own = np.diag(compared.df)
        self.df = np.where(own > 0, own, np.inf)
        members = [np.flatnonzero(compared.group == g) for g in np.unique(compared.group)]
        self.alone = np.array([m[0] for m in members if len(m) == 1], dtype=np.intp)
        self.groups = [
            (m, lower_root(covariance[np.ix_(m, m)]), self.df[m].min())
            for m in members
            if len(m) > 1
        ]

    def draw(self, generator: np.random.Generator, size: int) -> _Drawn:
        """Draw `size` times."""
        variance = np.tile(self.variance[:, np.newaxis], (1, size))
        few = self.alone[np.isfinite(self.df[self.alone])]
        df = self.df[few][:, np.newaxis]
        variance[few] *= generator.chisquare(df, (len(few), size)) / df
        within = []
        for members, root, df in self.groups:
            if np.isfinite(df):
                covariance = _wishart(generator, root, max(int(df), 1), size)
                variance[members] = np.einsum("bii->ib", covariance)
                within.append((members, covariance))
        return _Drawn(variance, self.correlation, within)


def normal_scale(t: Floats, df: Floats) -> Floats:
    """Bring statistics of Student's t nearly to the scale of normal deviates, element by element.

        z = t (8 df + 1) / (8 df + 3) sqrt(df log(1 + t^2/df)) / |t|

    (Wallace 1959, Ann. Math. Stat. 30, p. 1125). It rises with t, so a test keeps its exact level
    when the observed and the drawn statistics both go through it.
    """
    if np.isinf(df).all():
        return t
    finite = np.where(np.isfinite(df), df, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        root = np.sqrt(np.log1p(t * t / finite))
    z = np.copysign(root, t)
    z *= (8 * finite + 1) / (8 * finite + 3) * np.sqrt(finite)
    return np.asarray(z if np.isfinite(df).all() else np.where(np.isfinite(df), z, t))


def lower_root(covariance: Floats) -> Floats:
    """The lower triangular L with LL' = V (k, k), V positive semi-definite and perhaps singular.

    Cholesky's decomposition column by column; a column whose pivot is rounding noise is zero
    (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 10.3). Unlike
    eigenvectors its signs are not free, so neither are the draws.
    """
    size = len(covariance)
    root = np.zeros((size, size))
    for j in range(size):
        pivot = covariance[j, j] - root[j, :j] @ root[j, :j]
        if pivot > 1e-12 * covariance[j, j]:
            below = covariance[j:, j] - root[j:, :j] @ root[j, :j]
            root[j:, j] = below / np.sqrt(pivot)
    return root


def _wishart(generator: np.random.Generator, root: Floats, df: int, size: int) -> Floats:
    """Draw Wishart(df, LL') / df: (size, k, k)."""
    k = len(root)
    columns = min(k, df)
    factor = np.tril(generator.standard_normal((size, k, columns)), -1)
    diagonal = np.arange(columns)
    factor[:, diagonal, diagonal] = np.sqrt(generator.chisquare(df - diagonal, (size, columns)))
    spread = root @ factor
    return np.asarray(spread @ spread.transpose(0, 2, 1) / df)


def _statistics(compared: Compared) -> Floats:
    """t statistics of row over column (k, k): infinite without sampling error, NaN if unknown."""
    difference, error = compared.differences, compared.errors
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0, 0.0, difference / error)
    t = np.where(np.isnan(error) | ~(compared.df > 0), np.nan, t)
    np.fill_diagonal(t, 0.0)
    return np.asarray(t)


def _satterthwaite(compared: Compared) -> Floats:
    """The df (k, k) that drawn differences really have: of tied domains the smaller one's."""
    variance, own = np.diag(compared.covariance), np.diag(compared.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = variance**2 / own
        df = (variance[:, np.newaxis] + variance) ** 2 / (share[:, np.newaxis] + share)
    tied = compared.group[:, np.newaxis] == compared.group
    df = np.where(tied | ~(df > 0), np.fmin(own[:, np.newaxis], own), df)
    return np.asarray(np.where(np.isnan(df), np.inf, df))


def _taken(chunk: Floats, rows: Places) -> Floats:
    return chunk if len(rows) == len(chunk) else chunk[rows]
