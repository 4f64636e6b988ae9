"""Jackknife and bootstrap from the PSU table agree with the linearised errors."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import Calibration, DesignColumns, design_of
from analysis.index import compute_index
from analysis.replicates import bootstrap, jackknife
from questionnaires.refusal import Refusal
from tests.analysis.factories import computed, index_of, leaf, node

INDEX = index_of(node("T", ["a", "b"]), leaf("a"), leaf("b"))


def clusters(psus=40, people=15, seed=3):
    rng = np.random.default_rng(seed)
    columns = {name: [] for name in ("h", "psu", "w", "unit", "N", "a", "b")}
    for psu in range(psus):
        level = rng.normal(0, 0.4)
        for _ in range(people):
            opinion = level + rng.normal(0, 1, 2) > -0.4
            columns["h"].append(str(psu % 2))
            columns["psu"].append(str(psu))
            columns["w"].append(f"{rng.uniform(1, 9):.2f}")
            columns["unit"].append("xyz"[psu % 3])
            columns["N"].append("50")
            columns["a"].append("5" if opinion[0] else "1")
            columns["b"].append("" if rng.random() < 0.3 else "5" if opinion[1] else "1")
    return Dataset.of(columns)


@pytest.mark.parametrize("fpc", [(), ("N",)])
@pytest.mark.parametrize("replicated", [jackknife, bootstrap])
def test_replicates_give_nearly_the_linearised_error(replicated, fpc):
    result = computed(
        INDEX, clusters(), [("unit",)], stratum="h", psu=("psu",), weight="w", fpc=fpc
    )

    for family in result.families:
        assert replicated(family) == pytest.approx(family.se, rel=0.12)


def test_the_jackknife_leaves_out_one_psu_at_a_time():
    data = Dataset.of({"q": list("55115151"), "p": list("aabbccdd")})
    result = computed(index_of(leaf("q")), data, psu=("p",))
    favourable = {"a": 2, "b": 0, "c": 1, "d": 1}
    rates = np.array([(4 - favourable[out]) / 6 for out in "abcd"])

    by_hand = np.sqrt(3 / 4 * ((rates - 0.5) ** 2).sum())

    assert jackknife(result.families[0])[0, 0] == pytest.approx(by_hand, rel=1e-12)


def test_a_domain_that_misses_psus_keeps_them_in_the_sample():
    data = Dataset.of({"q": list("55115151"), "p": list("aabbccdd"), "u": list("xxxxyyyy")})
    family = computed(index_of(leaf("q")), data, [("u",)], psu=("p",)).families[1]
    # Leaving out a or b leaves one of them alone, leaving out c or d changes nothing.
    by_hand = np.sqrt(3 / 4 * (0.5**2 + 0.5**2))

    assert jackknife(family)[0, 0] == pytest.approx(by_hand, rel=1e-12)


def test_the_same_seed_gives_the_same_bootstrap():
    family = computed(INDEX, clusters(), psu=("psu",)).families[0]

    assert (bootstrap(family, 50, 7) == bootstrap(family, 50, 7)).all()
    assert (bootstrap(family, 50, 7) != bootstrap(family, 50, 8)).any()


def test_calibrated_weights_are_refused():
    data = clusters()
    design = design_of(data, DesignColumns(psu=("psu",)))
    cell = np.zeros(data.rows, dtype=np.intp)
    calibration = Calibration("rake", cell, np.ones((1, 1)), np.array([2.0]), {})
    result = compute_index(INDEX, (data, replace(design, calibration=calibration)))

    with pytest.raises(Refusal, match="hiệu chỉnh"):
        jackknife(result.families[0])
