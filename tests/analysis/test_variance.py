"""Variance follows its formula, stage by stage, and every rule for lonely strata."""

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.variance import covariance_between, degrees_of_freedom
from tests.analysis.factories import computed, error, family_of, index_of, leaf

INDEX = index_of(leaf("q"))


def by_hand(answers, strata, psus, population):
    """V of a share from the formula of the book, one row at a time."""
    favourable = np.array([a in "45" for a in answers], dtype=float)
    scores = (favourable - favourable.mean()) / len(answers)
    variance = 0.0
    for h in set(strata):
        totals = {}
        for score, stratum, psu in zip(scores, strata, psus, strict=True):
            if stratum == h:
                totals[psu] = totals.get(psu, 0.0) + score
        n, t = len(totals), np.array(list(totals.values()))
        fraction = n / population[h] if population else 0.0
        variance += (1 - fraction) * n / (n - 1) * ((t - t.mean()) ** 2).sum()
    return variance


@pytest.mark.parametrize("population", [None, {"A": 7, "B": 4}])
def test_one_stage_with_and_without_population_counts(population):
    rng = np.random.default_rng(3)
    answers = [str(a) for a in rng.integers(1, 6, 60)]
    strata = ["A"] * 36 + ["B"] * 24
    psus = [str(i // 6) for i in range(60)]
    columns = {"q": answers, "h": strata, "p": psus}
    names = {"stratum": "h", "psu": ("p",)}
    if population:
        columns["N"] = [str(population[h]) for h in strata]
        names["fpc"] = ("N",)

    found = error(computed(INDEX, Dataset.of(columns), **names), "q")

    assert found**2 == pytest.approx(by_hand(answers, strata, psus, population), rel=1e-13)


def lonely_data():
    columns = {
        "q": ["5", "1", "4", "2", "5", "5"],
        "h": ["A", "A", "A", "A", "B", "B"],
        "p": ["1", "1", "2", "2", "1", "1"],
        "N": ["9", "9", "9", "9", "5", "5"],
    }
    return Dataset.of(columns)


@pytest.mark.parametrize(
    ("rule", "fpc", "extra"),
    [
        ("certainty", (), 0.0),
        ("adjust", (), 1.0),
        ("certainty", ("N",), 0.0),
        ("adjust", ("N",), 0.8),
    ],
)
def test_a_lonely_stratum_adds_nothing_or_its_square(rule, fpc, extra):
    data = lonely_data()
    columns = DesignColumns("h", ("p",), None, fpc)
    design = design_of(data, columns, lonely=rule)

    found = error(computed(INDEX, data, design=design), "q")

    mean = 4 / 6
    t1, t2, t3 = (np.array([1 - 2 * mean, 1 - 2 * mean, 2 - 2 * mean]) / 6).tolist()
    both = (7 / 9 if fpc else 1.0) * 2 * ((t1 - t2) ** 2 / 2) + extra * t3**2
    assert found**2 == pytest.approx(both, rel=1e-12, abs=1e-18)
    assert design.lonely_names == ("B",)


def test_equal_answers_have_no_variance_at_all():
    data = Dataset.of(
        {"q": ["5"] * 7, "p": list("1122334"), "w": ["0.1", "0.7", "3", "1", "2", "9", "5"]}
    )

    assert error(computed(INDEX, data, psu=("p",), weight="w"), "q") == 0.0


def test_degrees_of_freedom_count_the_psus_and_strata_of_the_domain():
    data = Dataset.of(
        {
            "q": ["5", "1"] * 4,
            "h": list("AAAABBBB"),
            "p": list("11221122"),
            "u": list("xxyyxxxx"),
            "w": ["1", "1", "1", "1", "1", "1", "0", "0"],
        }
    )
    result = computed(INDEX, data, [("u",)], stratum="h", psu=("p",), weight="w")
    sampled = family_of(result, "u").sampled

    # x: PSU A/1 and B/1 (B/2 has no weight) in two strata; y: A/2.
    assert degrees_of_freedom(sampled.totals, sampled.design).tolist() == [0.0, 0.0]
    assert family_of(result).df[0, 0] == 3 - 2


def test_domains_of_one_stratum_are_not_independent():
    data = Dataset.of({"q": ["5", "1", "5", "5", "1", "1"], "u": list("xxxyyy")})
    family = family_of(computed(INDEX, data, [("u",)]), "u")
    sampled = family.sampled

    covariance = covariance_between(sampled.scores, 0, sampled.design)

    # Simple random sampling: scores of either domain sum to zero, so does their product.
    assert covariance[0, 1] == pytest.approx(0.0, abs=1e-17)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(family.se[:, 0])
