"""Replicates from the PSU table: a jackknife and a bootstrap to check the linearised errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import SampleDesign
from analysis.exact import joined, steady_sums
from analysis.index import FamilyResult
from analysis.totals import Family, Totals
from questionnaires.refusal import Refusal

REPLICATES = 500
SEED = 20221


def jackknife(result: FamilyResult) -> Floats:
    """Standard errors by the stratified jackknife JKn: (domains, parts), NaN where undefined.

        V = sum_h (1 - n_h/N_h) (n_h - 1)/n_h sum_i (theta_(hi) - theta)^2

    theta_(hi) leaves PSU i of stratum h out and weighs the others of h by n_h/(n_h - 1) (Rust &
    Rao 1996, Stat. Methods Med. Res. 5; `as.svrepdesign(type = "JKn")` of CRAN survey with
    `survey.replicates.mse`). Only the first stage counts and a stratum with a single PSU adds
    nothing. Raises `Refusal` for calibrated weights, which would have to be fitted anew.
    """
    return _of_domains(result, _jackknife_of)


def bootstrap(result: FamilyResult, replicates: int = REPLICATES, seed: int = SEED) -> Floats:
    """Standard errors by the rescaling bootstrap of Rao & Wu: (domains, parts).

    In each stratum n_h - 1 PSUs are drawn with replacement; a PSU drawn r times weighs
    1 - a + a r n_h/(n_h - 1), a = sqrt(1 - n_h/N_h) (Rao & Wu 1988, J. Am. Stat. Assoc. 83; Rao,
    Wu & Yue 1992, Surv. Methodol. 18). The same seed gives the same draws for all domains and
    parts. Raises `Refusal` for calibrated weights.
    """
    design = _design(result)
    multipliers = _rao_wu(design, replicates, np.random.default_rng(seed))

    def of_domain(table: _PsuTable, design: SampleDesign) -> tuple[Floats, Floats]:
        sums = multipliers[:, table.psu] @ table.sums
        return sums, np.full(len(sums), 1 / len(sums))

    return _of_domains(result, of_domain)


@dataclass(frozen=True)
class _PsuTable:
    """What the PSUs hold of one domain: numbers of the PSUs (p,) and their sums (p, columns)."""

    psu: NDArray[np.intp]
    sums: Floats


def _design(result: FamilyResult) -> SampleDesign:
    if result.sampled is None:
        raise Refusal("Chỉ số không có phiếu trả lời nên không có mẫu lặp để đối chiếu.")
    if result.sampled.design.calibration is not None:
        template = "Mẫu lặp để đối chiếu chưa dùng được với quyền số đã hiệu chỉnh theo tổng thể."
        raise Refusal(template)
    return result.sampled.design


_Replicated = Callable[[_PsuTable, SampleDesign], tuple[Floats, Floats]]


def _of_domains(result: FamilyResult, replicated: _Replicated) -> Floats:
    design = _design(result)
    assert result.sampled is not None
    totals = result.sampled.totals
    psu = design.psu_of(totals.unit)
    sums, exact = joined(totals.sums), result.values.exact
    errors = np.full_like(exact, np.nan)
    for d, labels in enumerate(result.family.labels):
        inside = totals.domain == d
        distinct, place = np.unique(psu[inside], return_inverse=True)
        table = _PsuTable(distinct, steady_sums(sums[inside], place, len(distinct)))
        if not len(distinct):
            continue
        replicas, weight = replicated(table, design)
        rates = _rates(result, totals, replicas, labels)
        deviations = np.square(rates - exact[d])
        variance = (weight[:, np.newaxis] * deviations).sum(axis=0)
        errors[d] = np.where(np.isnan(exact[d]), np.nan, np.sqrt(variance))
    return errors


def _jackknife_of(table: _PsuTable, design: SampleDesign) -> tuple[Floats, Floats]:
    """The sums of each replicate (r, columns) and the weight of its squared deviation (r,)."""
    stage = design.stages[0]
    stratum = stage.parent[table.psu]
    strata, place = np.unique(stratum, return_inverse=True)
    whole = table.sums.sum(axis=0)
    of_stratum = steady_sums(table.sums, place, len(strata))
    taken = stage.taken[strata].astype(np.float64)
    usable = taken > 1
    more = 1 / np.maximum(taken - 1, 1)
    factor = (1 - taken / stage.population[strata]) * (taken - 1) / taken
    without = whole + more[:, np.newaxis] * of_stratum  # one of the PSUs empty in the domain
    left_out = without[place] - (1 + more[place])[:, np.newaxis] * table.sums
    empty = taken - np.bincount(place, minlength=len(strata))
    some = usable & (empty > 0)
    kept = usable[place]
    replicas = np.concatenate([left_out[kept], without[some]])
    return replicas, np.concatenate([factor[place][kept], (factor * empty)[some]])


def _rao_wu(design: SampleDesign, replicates: int, rng: np.random.Generator) -> Floats:
    """The multiplier of each PSU in each replicate: (replicates, PSUs)."""
    stage = design.stages[0]
    multipliers = np.ones((replicates, len(stage.parent)))
    for h, taken in enumerate(stage.taken):
        if taken > 1:
            members = np.flatnonzero(stage.parent == h)
            drawn = rng.multinomial(taken - 1, np.full(taken, 1 / taken), size=replicates)
            a = np.sqrt(1 - taken / stage.population[h])
            multipliers[:, members] = 1 - a + a * drawn * taken / (taken - 1)
    return multipliers


def _rates(result: FamilyResult, totals: Totals, sums: Floats, labels: tuple[str, ...]) -> Floats:
    """The rates of all parts from replicated sums (r, columns), as if replicates were domains."""
    replicates = len(sums)
    number = np.arange(replicates)
    counts = np.zeros((replicates, totals.counts.shape[1]), dtype=np.int64)
    replicated = Totals(
        np.zeros(replicates, dtype=np.intp),
        number,
        replicates,
        sums[np.newaxis],
        counts,
        totals.leaves,
        totals.people,
        exact=False,
    )
    family = Family(result.family.columns, (labels,) * replicates, number)
    return result.evaluation.tree.evaluate(replicated, family).values.exact
