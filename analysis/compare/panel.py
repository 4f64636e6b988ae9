"""Sampling units that two years have in common, and the covariance that they bring."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign
from analysis.exact import steady_sums


@dataclass(frozen=True)
class Panel:
    """The first-stage units that two designs have in common, by the names of stratum and unit.

    `now` and `before` (c,) number each in its design; `stratum` (c,) groups them by the pair of
    their strata; `factor` (groups,) is f_h n_c/(n_c - 1), 0 for a single common unit.
    """

    now: NDArray[np.intp]
    before: NDArray[np.intp]
    stratum: NDArray[np.intp]
    factor: Floats

    @classmethod
    def of(cls, now: SampleDesign | None, before: SampleDesign | None) -> "Panel":
        """Match the units of two designs; where each row is a unit there is nothing to match.

        Where the two give different population counts of a stratum the larger one is taken.
        """
        none = np.zeros(0, dtype=np.intp)
        if now is None or before is None:
            return cls(none, none, none, np.zeros(0))
        a, b = now.stages[0], before.stages[0]
        number = {name: i for i, name in enumerate(b.units)}
        pairs = [(i, number[name]) for i, name in enumerate(a.units) if name in number]
        first, second = np.array(pairs, dtype=np.intp).reshape(len(pairs), 2).T
        strata, stratum, common = np.unique(
            np.stack([a.parent[first], b.parent[second]], axis=1),
            axis=0,
            return_inverse=True,
            return_counts=True,
        )
        stratum = stratum.ravel()
        taken = a.taken[strata[:, 0]] * b.taken[strata[:, 1]]
        population = np.maximum(a.population[strata[:, 0]], b.population[strata[:, 1]])
        correction = np.where(common > 1, common / np.maximum(common - 1, 1), 0.0)
        return cls(first, second, stratum, (1 - taken / (common * population)) * correction)

    def covariance(self, now: Floats, before: Floats) -> Floats:
        """The covariance (parts,) of two years' estimates from their linearised totals.

        `now` (units, parts) and `before` (units before, parts) hold those of all first-stage units.

            C = sum_h f_h n_c/(n_c - 1) sum_i (T1_hi - mean_h T1) (T2_hi - mean_h T2),
            f_h = 1 - n_1 n_2 / (n_c N_h)

        over the n_c common units i of stratum h, f_h = 1 without population counts (Tam 1984, Am.
        Stat. 38; Qualite & Tille 2008, Surv. Methodol. 34). With all units in common it is the
        cross-product with the usual (1 - n/N) n/(n - 1).
        """
        groups = len(self.factor)
        a, b = self._centred(now[self.now]), self._centred(before[self.before])
        products = steady_sums(a * b, self.stratum, groups) * self.factor[:, np.newaxis]
        total = steady_sums(products, np.zeros(groups, dtype=np.intp), 1)
        return np.asarray(total[0])

    def _centred(self, scores: Floats) -> Floats:
        counts = np.bincount(self.stratum, minlength=len(self.factor))[:, np.newaxis]
        means = steady_sums(scores, self.stratum, len(self.factor)) / counts
        return np.asarray(scores - means[self.stratum])

    def shared_df(self, now: NDArray[np.bool_], before: NDArray[np.bool_]) -> float:
        """Degrees of freedom of the common units that hold rows of a domain in both years."""
        both = now[self.now] & before[self.before]
        return float(both.sum() - len(np.unique(self.stratum[both])))
