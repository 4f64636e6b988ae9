"""Design-based variance: from the scores of sampled units to the covariance of every estimate."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign, Stage
from analysis.exact import steady_sums
from analysis.grouping import group
from analysis.residuals import Residuals
from analysis.totals import Totals

ZERO_VARIANCE = 1e-24  # below this a variance is rounding noise of equal scores


@dataclass(frozen=True)
class Scores:
    """Linearised scores: what each sampled unit holds of the estimates of each domain.

    `values` (cells, parts) is the sum of w u over the rows of a cell, u the linearised variable of
    an estimate (Woodruff 1971; Binder 1983), for the cells of `totals`. With calibrated weights
    `residuals` takes away what the margins explain, in units outside the domain too.
    """

    values: Floats
    totals: Totals
    residuals: Residuals | None = None

    def of_domain(self, domain: int) -> "_Cells":
        """The scores of one domain, all parts."""
        inside = self.totals.domain == domain
        values, unit = self.values[inside], self.totals.unit[inside]
        if self.residuals is not None:
            values = np.concatenate([values, self.residuals.of_domain(domain)])
            unit = np.concatenate([unit, self.residuals.unit])
        return _added_up(values, unit, np.zeros(len(unit), dtype=np.intp))

    def of_part(self, part: int) -> "_Cells":
        """The scores (cells, 1) of one part in every domain."""
        values, unit, domain = self.values[:, part], self.totals.unit, self.totals.domain
        if self.residuals is not None:
            taken = self.residuals.of_part(part)
            entries, domains = taken.shape
            values = np.concatenate([values, taken.ravel()])
            unit = np.concatenate([unit, np.repeat(self.residuals.unit, domains)])
            domain = np.concatenate([domain, np.tile(np.arange(domains), entries)])
        return _added_up(values[:, np.newaxis], unit, domain)


@dataclass(frozen=True)
class Contrasts:
    """Rows whose cross-product is the covariance matrix of a domain's estimates.

    `variances` is the variance of every estimate (domains, estimates); `rows_of` gives the rows
    (r, estimates) of a domain, whose R'R is the covariance.
    """

    variances: Floats
    rows_of: Callable[[int], Floats]

    def covariance(self, domain: int) -> Floats:
        """The covariance matrix of all estimates in one domain: (estimates, estimates)."""
        rows = _in_order(self.rows_of(domain))
        return np.asarray(rows.T @ rows)


def contrasts_of(scores: Scores, design: SampleDesign) -> Contrasts:
    """Turn linearised scores into contrasts, stage by stage.

    A unit sampled but without a row in the domain has score 0 and stays in the sample.

        V = sum_h (1 - n_h/N_h) n_h/(n_h - 1) sum_i (T_hi - mean_h)^2
            + sum_h sum_i (n_h/N_h) V_hi

    V_hi being the same expression within unit i at the next stage (Saerndal, Swensson & Wretman
    1992, result 4.3.1). A stratum that gave one unit adds nothing under `certainty` and `remove`,
    (1 - 1/N_h) T_hi^2 under `adjust`, the deviation from the mean of all scores, which is zero,
    and under `average` as much as the other strata of the domain on average.
    """
    totals = scores.totals
    if scores.residuals is not None:

        def rows_of(domain: int) -> Floats:
            return _contrasts(scores.of_domain(domain), design, 1)[0]

        variances = [
            steady_sums(np.square(rows), np.zeros(len(rows), dtype=np.intp), 1)[0]
            for rows in map(rows_of, range(totals.domains))
        ]
        return Contrasts(_cleaned(np.array(variances)), rows_of)
    rows, domain = _contrasts(
        _Cells(scores.values, totals.unit, totals.domain), design, totals.domains
    )
    variances_of_all = steady_sums(np.square(rows), domain, totals.domains)
    return Contrasts(_cleaned(variances_of_all), lambda d: rows[domain == d])


def degrees_of_freedom(totals: Totals, design: SampleDesign) -> Floats:
    """PSUs holding a positive-weight row of the domain minus the strata of these: (domains,)."""
    stage, psu = design.stages[0], design.psu_of(totals.unit)
    domain, domains = totals.domain, totals.domains
    return _distinct(domain, psu, domains) - _distinct(domain, stage.parent[psu], domains)


def covariance_between(scores: Scores, part: int, design: SampleDesign) -> Floats:
    """The covariance between all domains of one estimate: (domains, domains).

    Domains that share PSUs or strata are not independent; a sampled unit without a row of a domain
    counts with score 0, as above.
    """
    domains = scores.totals.domains
    all_cells = scores.of_part(part)
    covariance = np.zeros((domains, domains))
    for stage, unit, factor in design.walk(all_cells.unit):
        cells = _added_up(all_cells.scores, unit, all_cells.domain)
        score, parent = cells.scores[:, 0], stage.parent[cells.unit]
        scale = _scale_for_lonely(cells, stage, design, domains)
        covariance += _products(
            score * np.sqrt(factor[parent]) * scale[cells.domain], cells, domains
        )
        sums = _added_up(cells.scores, parent, cells.domain)
        # n c^2 = (sum of scores)^2 / n; a lonely parent is not centred.
        taken = stage.taken[sums.unit]
        root = np.where(taken > 1, np.sqrt(factor[sums.unit] / taken), 0.0)
        covariance -= _products(sums.scores[:, 0] * root * scale[sums.domain], sums, domains)
    return covariance


def psu_scores(scores: Scores, domain: int, design: SampleDesign) -> Floats:
    """The linearised totals of all first-stage units for a domain's estimates: (PSUs, parts)."""
    cells = scores.of_domain(domain)
    stage, psu = design.stages[0], design.psu_of(cells.unit)
    return steady_sums(cells.scores, psu, len(stage.parent))


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
    several = np.bincount(cells.unit) > 1
    shared = several[cells.unit]
    squares = steady_sums(np.square(values[~shared]), cells.domain[~shared], domains)
    spread = np.zeros((int(several.sum()), domains))
    row = np.cumsum(several) - 1
    spread[row[cells.unit[shared]], cells.domain[shared]] = values[shared]
    spread = _in_order(spread)
    return np.asarray(np.diag(squares) + spread.T @ spread)


def _distinct(domain: NDArray[np.intp], thing: NDArray[np.intp], domains: int) -> Floats:
    span = int(thing.max(initial=0)) + 1
    pairs = np.unique(domain * span + thing)
    return np.bincount(pairs // span, minlength=domains).astype(np.float64)


def _added_up(scores: Floats, unit: NDArray[np.intp], domain: NDArray[np.intp]) -> _Cells:
    """Add the scores of cells that lie in the same unit of a stage and the same domain."""
    span = int(unit.max(initial=0)) + 1
    key = domain * span + unit
    if (key[1:] > key[:-1]).all():  # as the cells of totals are: each once and in order
        return _Cells(scores, unit, domain)
    cell, first = group([domain, unit], [int(domain.max()) + 1, span])
    if len(first) == len(unit):
        return _Cells(scores, unit, domain)
    if len(unit) <= 2 * len(first) and int(np.bincount(cell).max()) == 2:
        # Two numbers have the same sum in either order, so these need no grid.
        second = np.ones(len(cell), dtype=bool)
        second[first] = False
        sums = scores[first]
        sums[cell[second]] += scores[second]
    else:
        sums = steady_sums(scores, cell, len(first))
    return _Cells(sums, unit[first], domain[first])


def _in_order(rows: Floats) -> Floats:
    """Rows in an order of their own, so that digits do not depend on the order of the data.

    They are ordered by one number each; should two different rows have the same, by all columns.
    """
    number = (rows * np.sqrt(np.arange(2.0, rows.shape[1] + 2.0))).sum(axis=1)
    order = np.argsort(number, kind="stable")
    ordered, number = rows[order], number[order]
    same = np.flatnonzero(np.diff(number) == 0)
    if (ordered[same] != ordered[same + 1]).any():
        return np.asarray(rows[np.lexsort(rows.T)])
    return ordered


def _cleaned(variances: Floats) -> Floats:
    return np.where(variances < ZERO_VARIANCE, 0.0, variances)


def _contrasts(
    all_cells: _Cells, design: SampleDesign, domains: int
) -> tuple[Floats, NDArray[np.intp]]:
    """The contrasts of all stages: rows (r, estimates) and the domain of each (r,)."""
    parts: list[Floats] = []
    part_domains: list[NDArray[np.intp]] = []
    for stage, unit, factor in design.walk(all_cells.unit):
        cells = _added_up(all_cells.scores, unit, all_cells.domain)
        rows, domain = _stage(cells, stage, factor)
        if design.lonely == "average":
            rows = rows * _scale_for_lonely(cells, stage, design, domains)[domain, np.newaxis]
        parts.append(rows)
        part_domains.append(domain)
    return np.concatenate(parts), np.concatenate(part_domains)


def _scale_for_lonely(cells: _Cells, stage: Stage, design: SampleDesign, domains: int) -> Floats:
    """Under the rule `average`, the root of strata / strata with a variance: (domains,).

    Only the strata count in which the domain has a row, as in a subset of a design of CRAN survey.
    """
    if design.lonely != "average":
        return np.ones(domains)
    parent = stage.parent[cells.unit]
    alone = stage.lonely[parent]
    strata = _distinct(cells.domain, parent, domains)
    lonely = _distinct(cells.domain[alone], parent[alone], domains)
    known = strata - lonely
    scale = np.sqrt(strata / np.where(known > 0, known, np.nan))  # NaN: no stratum to learn from
    return np.where(lonely > 0, scale, 1.0)


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
