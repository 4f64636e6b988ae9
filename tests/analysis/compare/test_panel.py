"""The covariance of two years is that of the units both have, whatever part of them it is."""

from itertools import combinations

import numpy as np
import pytest

from analysis.compare.panel import Panel
from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of


def design(units, population=None, lonely="fail", **extra):
    """One row per unit, given as "stratum/psu"."""
    columns = {"s": [u.split("/")[0] for u in units], "p": [u.split("/")[1] for u in units]}
    named = {"stratum": "s", "psu": ("p",)}
    if population is not None:
        columns["N"] = [str(population)] * len(units)
        named["fpc"] = ("N",)
    return design_of(Dataset.of(columns), DesignColumns(**named), lonely=lonely)


def scores(sampled, values):
    """Totals (units, 1) in the order of a design's units."""
    names = [name.replace(" / ", "/") for name in sampled.stages[0].units]
    return np.array([[values[name]] for name in names])


def test_on_average_over_all_samples_the_covariance_is_the_true_one():
    population = [f"h/{i}" for i in range(6)]
    rng = np.random.default_rng(1)
    y1 = dict(zip(population, rng.random(6), strict=True))
    y2 = dict(zip(population, rng.random(6), strict=True))
    totals, found = [], []
    for first in combinations(population, 4):
        for second in combinations(population, 3):
            if len(set(first) & set(second)) == 2:
                now, before = design(first, 6), design(second, 6)
                a = scores(now, {u: 6 / 4 * y1[u] for u in first})
                b = scores(before, {u: 6 / 3 * y2[u] for u in second})
                totals.append((a.sum(), b.sum()))
                found.append(Panel.of(now, before).covariance(a, b)[0])

    true = np.cov(np.array(totals).T, ddof=0)[0, 1]
    assert np.mean(found) == pytest.approx(true, rel=1e-12)


def test_units_are_the_same_only_with_the_same_stratum():
    panel = Panel.of(design(["a/1", "a/2", "b/3", "b/4"]), design(["b/1", "b/2", "a/3", "a/4"]))

    assert len(panel.now) == 0
    assert panel.covariance(np.ones((4, 2)), np.ones((4, 2))).tolist() == [0.0, 0.0]


def test_a_stratum_with_one_common_unit_adds_nothing():
    now, before = design(["a/1", "a/2", "b/1", "b/2"]), design(["a/1", "a/3", "b/1", "b/2"])
    values = {"a/1": 7.0, "a/2": 1.0, "a/3": 2.0, "b/1": 1.0, "b/2": 3.0}

    found = Panel.of(now, before).covariance(scores(now, values), scores(before, values))

    assert found[0] == pytest.approx(2 * ((1 - 2) ** 2 + (3 - 2) ** 2))


@pytest.mark.parametrize("lonely", ["certainty", "remove", "adjust", "average"])
def test_a_stratum_of_one_psu_adds_nothing_under_any_rule(lonely):
    units = ["a/1", "b/1", "b/2"]
    values = {"a/1": 7.0, "b/1": 1.0, "b/2": 3.0}
    now, before = (design(units, lonely=lonely) for _ in range(2))

    found = Panel.of(now, before).covariance(scores(now, values), scores(before, values))

    assert found[0] == pytest.approx(4.0)


def test_units_of_collapsed_strata_keep_their_names():
    now = design(["a/1", "b/1", "b/2"], lonely="collapse")
    before = design(["a/1", "b/1", "b/2"], lonely="collapse")
    values = {"a/1": 6.0, "b/1": 1.0, "b/2": 2.0}

    found = Panel.of(now, before).covariance(scores(now, values), scores(before, values))

    assert found[0] == pytest.approx(3 / 2 * ((6 - 3) ** 2 + (1 - 3) ** 2 + (2 - 3) ** 2))


def test_where_each_row_is_a_unit_nothing_is_common():
    rows = design_of(Dataset.of({"q": ["1", "2"]}), DesignColumns())

    assert len(Panel.of(rows, rows).now) == 0
    assert len(Panel.of(None, rows).now) == 0


def test_common_units_without_rows_of_the_domain_share_no_degrees_of_freedom():
    units = ["a/1", "a/2", "a/3", "b/1", "b/2"]
    panel = Panel.of(design(units), design(units))
    now, before = np.array([1, 1, 1, 1, 1], dtype=bool), np.array([1, 1, 0, 1, 1], dtype=bool)

    assert panel.shared_df(now, now) == 3
    assert panel.shared_df(now, before) == 2
