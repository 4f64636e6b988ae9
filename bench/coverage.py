"""Do 95 % intervals hold the truth in 95 % of the samples from an invented population."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.design import Sample, design_of
from analysis.index import compute_index
from analysis.weights.calibrate import calibrated
from bench.data import DOMAIN, combination_of, index_2022, items_of
from bench.measure import verdict
from bench.population import COMMUNES_TAKEN, PEOPLE, TWO_STAGES, UNITS, WITH_REPLACEMENT, Population
from questionnaires.model import IndexDefinition, Leaf

SAMPLES, MANY_SAMPLES = 5_000, 20_000
CHUNK = 50  # samples per task of a worker
SEED = 4
LOW, HIGH = 0.94, 0.96  # asked of every kind of estimate
ERRORS = 2  # Monte Carlo standard errors granted on top
WORKERS = min(2, os.cpu_count() or 1)

Floats = NDArray[np.float64]
Prepare = Callable[[Dataset, Population], Sample]


@dataclass(frozen=True)
class Kind:
    """One kind of estimate: which of the (domains, parts) belong to it."""

    name: str
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Coverage:
    """How the intervals of one kind did.

    `covered` is the share that held the truth and `error` its Monte Carlo standard error (over
    samples, as the intervals of one sample are not independent); `lowest` and `highest` are those
    of a single interval; `width` is the mean width and `ratio` the mean estimated variance over
    the variance of the estimates from sample to sample, averaged over the kind.
    """

    kind: str
    intervals: int
    covered: float
    error: float
    lowest: float
    highest: float
    width: float
    ratio: float

    @property
    def holds(self) -> bool:
        """Whether the share lies in 94-96 %, as far as so many samples can tell."""
        room = ERRORS * self.error
        return LOW - room <= self.covered <= HIGH + room


def run(large: bool = False) -> None:
    """Print a table per way of weighting."""
    index = index_2022()
    population = Population.invented(items_of(index), SEED)
    truth = true_values(index, population)
    samples = MANY_SAMPLES if large else SAMPLES
    print(
        f"\ncoverage: {samples:,} samples of {COMMUNES_TAKEN * PEOPLE:,} people in "
        f"{COMMUNES_TAKEN} communes, from {len(population.answers):,} in "
        f"{len(population.size):,}; 95 % logit intervals of {index.code}, "
        f"asked for: {LOW:.0%} to {HIGH:.0%} +- {ERRORS} Monte Carlo errors; a ratio of variances "
        f"is known to +- {np.sqrt(2 / samples):.3f}"
    )
    for name in VARIANTS:
        start = perf_counter()
        found = simulate(name, samples)
        seconds = perf_counter() - start
        rows = [coverage_of(kind, found, truth) for kind in kinds_of(index)]
        print(f"  {name}: {seconds:.1f} s, {1000 * seconds / samples:.1f} ms a sample")
        _print(rows)


def true_values(index: IndexDefinition, population: Population) -> Floats:
    """The true value of every part: (1 + units, parts), counted without the code under test."""
    shares, items = combination_of(index), items_of(index)
    combination = np.array(
        [[float(shares[part.code].get(item, 0)) for item in items] for part in index.in_order]
    )
    return np.asarray(population.rates() @ combination.T)


def simulate(variant: str, samples: int) -> Floats:
    """Draw samples and compute the index on each; the same at every run, however many workers.

    Returns estimate, variance, ci_low and ci_high: (4, samples, domains, parts), the domains being
    the whole and then the units, the parts those of the index from the root down.
    """
    chunks = [range(k, min(k + CHUNK, samples)) for k in range(0, samples, CHUNK)]
    with ProcessPoolExecutor(WORKERS) as pool:
        return np.concatenate(list(pool.map(partial(_chunk, variant), chunks)), axis=1)


def kinds_of(index: IndexDefinition) -> Iterator[Kind]:
    """Items, components, pillars and the whole index, each for the whole and for the units."""
    parts = index.in_order
    level = np.array([_level(index, part.code) for part in parts])
    for place, domains in (("whole", slice(0, 1)), ("units", slice(1, None))):
        for number, name in enumerate(("overall", "pillars", "components", "items")):
            inside = np.zeros((1 + UNITS, len(parts)), dtype=np.bool_)
            inside[domains, level == number] = True
            yield Kind(f"{place}: {name}", inside)


def coverage_of(kind: Kind, found: Floats, truth: Floats) -> Coverage:
    """Compare what samples gave (see `simulate`) with the truth (domains, parts)."""
    estimate, variance, low, high = found[:, :, kind.inside]
    true = truth[kind.inside]
    held = (low <= true) & (true <= high)  # an interval that is not there holds nothing
    single = held.mean(axis=0)
    return Coverage(
        kind.name,
        len(true),
        float(held.mean()),
        float(held.mean(axis=1).std(ddof=1) / np.sqrt(len(held))),
        float(single.min()),
        float(single.max()),
        float((high - low).mean()),
        float((variance.mean(axis=0) / estimate.var(axis=0, ddof=1)).mean()),
    )


_shared: dict[str, Population] = {}


def _chunk(variant: str, samples: range) -> Floats:
    """One task of a worker."""
    index = index_2022()
    if not _shared:
        _shared["population"] = Population.invented(items_of(index), SEED)
    population = _shared["population"]
    found = []
    for number in samples:
        data = population.draw(np.random.default_rng([SEED, number]))
        sample = VARIANTS[variant](data, population)
        families = compute_index(index, sample, [(DOMAIN,)]).families
        arrays = [(f.values.exact, f.se**2, f.ci_low, f.ci_high) for f in families]
        found.append(np.concatenate(arrays, axis=1))
    return np.stack(found, axis=1)


def _with_replacement(data: Dataset, population: Population) -> Sample:
    return data, design_of(data, WITH_REPLACEMENT)


def _two_stages(data: Dataset, population: Population) -> Sample:
    return data, design_of(data, TWO_STAGES)


def _level(index: IndexDefinition, code: str) -> int:
    """0 for the root, 1 for a pillar, 2 for a component, 3 for a leaf."""
    if isinstance(index.by_code[code], Leaf):
        return 3
    above = [node.code for node in index.node if code in node.children]
    return 1 + _level(index, above[0]) if above else 0


def _print(rows: list[Coverage]) -> None:
    print(
        f"    {'kind':<20}{'intervals':>9}  {'coverage':>15}  {'single ones':>13}  "
        f"{'width':>6}  {'variance / true':>15}"
    )
    for row in rows:
        print(
            f"    {row.kind:<20}{row.intervals:>9}  {row.covered:>7.2%} +- {row.error:.2%}"
            f"  {row.lowest:>6.1%} {row.highest:>6.1%}  {row.width:>6.3f}  {row.ratio:>15.3f}"
            f"{verdict(row.holds, '', '  OUTSIDE')}"
        )


def _raked(data: Dataset, population: Population) -> Sample:
    design = design_of(data, WITH_REPLACEMENT)
    return data, calibrated(data, design, population.margins, "rake")


VARIANTS: dict[str, Prepare] = {
    "communes as if drawn with replacement (3 and 6 % were taken: variance a little too large)": (
        _with_replacement
    ),
    "the same, raked to sex, age and stratum": _raked,
    "two stages with their population counts": _two_stages,
}
