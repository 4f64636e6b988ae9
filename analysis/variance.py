"""Design-based variance: from the scores of sampled units to the covariance of every estimate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign, Stage
from analysis.exact import steady_sums
from analysis.totals import Totals

ZERO_VARIANCE = 1e-24  # below this a variance is rounding noise of equal scores


@dataclass(frozen=True)
class Contrasts:
    """Rows whose cross-product is the covariance matrix of a domain's estimates.

    `rows` (r, estimates) and `domain` (r,): the covariance of domain d is R'R over its rows.
    """

    rows: Floats
    domain: NDArray[np.intp]
    domains: int

    @property
    def variances(self) -> Floats:
        """The variance of every estimate: (domains, estimates)."""
        variances = steady_sums(np.square(self.rows), self.domain, self.domains)
        return np.where(variances < ZERO_VARIANCE, 0.0, variances)

    def covariance(self, domain: int) -> Floats:
        """The covariance matrix of all estimates in one domain: (estimates, estimates)."""
        rows = self.rows[self.domain == domain]
        rows = rows[np.lexsort(rows.T)]  # one order, so that the digits do not depend on the data's
        return np.asarray(rows.T @ rows)


def contrasts_of(scores: Floats, totals: Totals, design: SampleDesign) -> Contrasts:
    """Turn linearised scores into contrasts, stage by stage.

    `scores` (cells, estimates) is, per cell, the sum of w u over its rows, u the linearised
    variable of an estimate (Woodruff 1971; Binder 1983); the cells are those of `totals`. A unit
    sampled but without a row in the domain has score 0 and stays in the sample.

        V = sum_h (1 - n_h/N_h) n_h/(n_h - 1) sum_i (T_hi - mean_h)^2
            + sum_h sum_i (n_h/N_h) V_hi

    V_hi being the same expression within unit i at the next stage (Saerndal, Swensson & Wretman
    1992, result 4.3.1). A stratum that gave one unit adds nothing under `certainty` and
    (1 - 1/N_h) T_hi^2 under `adjust`, the deviation from the mean of all scores, which is zero.
    """
    parts: list[Floats] = []
    part_domains: list[NDArray[np.intp]] = []
    for stage, unit, factor in design.walk(totals.unit):
        rows, rows_domain = _stage(_added_up(scores, unit, totals.domain), stage, factor)
        parts.append(rows)
        part_domains.append(rows_domain)
    return Contrasts(np.concatenate(parts), np.concatenate(part_domains), totals.domains)


def degrees_of_freedom(totals: Totals, design: SampleDesign) -> Floats:
    """PSUs holding a positive-weight row of the domain minus the strata of these: (domains,)."""
    stage, psu, _ = next(design.walk(totals.unit))
    domain, domains = totals.domain, totals.domains
    return _distinct(domain, psu, domains) - _distinct(domain, stage.parent[psu], domains)


def covariance_between(scores: Floats, totals: Totals, design: SampleDesign) -> Floats:
    """The covariance between all domains of one estimate: (domains, domains).

    `scores` (cells,) are those of one estimate. Domains that share PSUs or strata are not
    independent; a sampled unit without a row of a domain counts with score 0, as above.
    """
    covariance = np.zeros((totals.domains, totals.domains))
    for stage, unit, factor in design.walk(totals.unit):
        cells = _added_up(scores[:, np.newaxis], unit, totals.domain)
        score, parent = cells.scores[:, 0], stage.parent[cells.unit]
        covariance += _products(score * np.sqrt(factor[parent]), cells, totals.domains)
        sums = _added_up(cells.scores, parent, cells.domain)
        # n c^2 = (sum of scores)^2 / n; a lonely parent is not centred.
        taken = stage.taken[sums.unit]
        scale = np.where(taken > 1, np.sqrt(factor[sums.unit] / taken), 0.0)
        covariance -= _products(sums.scores[:, 0] * scale, sums, totals.domains)
    return covariance


@dataclass(frozen=True)
class _Cells:
    """Scores (cells, estimates) of what units of one stage hold of domains."""

    scores: Floats
    unit: NDArray[np.intp]
    domain: NDArray[np.intp]


def _products(values: Floats, cells: _Cells, domains: int) -> Floats:
    """Sum, over units, the products of the values of any two domains: (domains, domains).

    Only units that hold several domains make products of different domains.
    """
    _, place, times = np.unique(cells.unit, return_inverse=True, return_counts=True)
    shared = times[place] > 1
    squares = steady_sums(np.square(values[~shared]), cells.domain[~shared], domains)
    spread = np.zeros((int((times > 1).sum()), domains))
    row = np.cumsum(times > 1) - 1
    spread[row[place[shared]], cells.domain[shared]] = values[shared]
    return np.asarray(np.diag(squares) + spread.T @ spread)


def _distinct(domain: NDArray[np.intp], thing: NDArray[np.intp], domains: int) -> Floats:
    span = int(thing.max(initial=0)) + 1
    pairs = np.unique(domain * span + thing)
    return np.bincount(pairs // span, minlength=domains).astype(np.float64)


def _added_up(scores: Floats, unit: NDArray[np.intp], domain: NDArray[np.intp]) -> _Cells:
    """Add the scores of cells that lie in the same unit of a stage and the same domain."""
    span = int(unit.max(initial=0)) + 1
    keys, cell = np.unique(domain * span + unit, return_inverse=True)
    if len(keys) == len(unit):
        return _Cells(scores, unit, domain)
    return _Cells(steady_sums(scores, cell, len(keys)), keys % span, keys // span)


def _stage(cells: _Cells, stage: Stage, factor: Floats) -> tuple[Floats, NDArray[np.intp]]:
    parents = len(stage.taken)
    keys, within = np.unique(cells.domain * parents + stage.parent[cells.unit], return_inverse=True)
    parent, of_domain = keys % parents, keys // parents
    taken = stage.taken[parent][:, np.newaxis]
    centre = np.where(taken > 1, steady_sums(cells.scores, within, len(keys)) / taken, 0.0)
    root = np.sqrt(factor[parent])[:, np.newaxis]
    deviations = (cells.scores - centre[within]) * root[within]
    # Units of the parent without a row in the domain all deviate by the same -centre.
    empty = taken[:, 0] - np.bincount(within, minlength=len(keys))
    rest = centre * root * np.sqrt(empty)[:, np.newaxis]
    return np.concatenate([deviations, rest]), np.concatenate([cells.domain, of_domain])
