"""Expected precision: the variance of two stages, against all samples of a small population."""

from itertools import combinations, product
from math import inf, sqrt

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.sampling.expected import Levels, Variation, expected
from analysis.sampling.frame import frame_of
from analysis.sampling.previous import Finding
from analysis.sampling.size import two_sided

POPULATION = [(1, 0, 1), (1, 1, 1), (0, 0, 1), (0, 0, 0)]  # 4 PSUs of 3 people


def frame(psus, population):
    names = [f"tầng {i}" for i in range(len(psus))]
    columns = {"stratum": names, "psus": psus, "population": population}
    return frame_of(Dataset.of(columns))


def variation(strata, sd=0.5, rho=0.0, take=10, rate=0.5):
    full = [np.full(strata, float(value)) for value in (rate, sd, rho)]
    nowhere = ("request",) * strata
    return Variation(*full, np.full(strata, take, dtype=np.int64), nowhere, nowhere)


def given(frame_, variation_, psus, levels=None, before=None):
    at = np.arange(len(psus))
    return expected(frame_, variation_, np.array(psus), levels or Levels(), (at, before))


@pytest.mark.parametrize(("psus", "take"), [(2, 2), (2, 1), (3, 2), (4, 2), (2, 3), (4, 3)])
def test_the_variance_is_that_of_all_possible_samples(psus, take):
    means = []
    for chosen in combinations(POPULATION, psus):
        within = [list(combinations(people, take)) for people in chosen]
        means += [np.mean(sample) for sample in product(*within)]
    s2_within = float(np.mean([np.var(people, ddof=1) for people in POPULATION]))
    s2_between = float(np.var(np.mean(POPULATION, axis=1), ddof=1)) - s2_within / 3
    sd, rho = sqrt(s2_between + s2_within), s2_between / (s2_between + s2_within)

    found = given(frame([4], [12]), variation(1, sd, rho, take), [psus])

    assert found.se**2 == pytest.approx(float(np.var(means)), abs=1e-15)


def test_in_a_large_population_the_design_effect_is_one_plus_m_minus_one_rho():
    found = given(frame([10**6], [10**9]), variation(1, rho=0.03, take=27), [40])

    assert found.deff == pytest.approx(1.78, rel=1e-4)
    assert found.se == pytest.approx(0.5 * sqrt(1.78 / 1080), rel=1e-4)
    assert found.df == 39
    assert found.margin == pytest.approx(two_sided(0.95, 39) * found.se)


def test_strata_out_of_proportion_raise_the_design_effect():
    large = frame([10**5, 10**5], [9 * 10**8, 10**8])

    even = given(large, variation(2, take=1), [900, 100])
    skew = given(large, variation(2, take=1), [500, 500])

    assert even.deff == pytest.approx(1.0, rel=1e-3)
    # Kish: n sum w^2 / (sum w)^2 with weights 1.8 and 0.2
    assert skew.deff == pytest.approx((0.9**2 + 0.1**2) / 0.5, rel=1e-3)


def test_uneven_weights_multiply_the_variance():
    plain = given(frame([50], [50000]), variation(1, rho=0.05), [10])
    uneven = given(frame([50], [50000]), variation(1, rho=0.05), [10], Levels(weight_effect=1.3))

    assert uneven.se == pytest.approx(sqrt(1.3) * plain.se)


def test_when_everybody_is_asked_nothing_is_left_to_chance():
    found = given(frame([5], [50]), variation(1, rho=0.1, take=10), [5])

    assert (found.se, found.margin, found.respondents) == (0.0, 0.0, 50)


def test_where_all_psus_are_taken_the_respondents_are_the_units_drawn():
    whole = given(frame([5], [5000]), variation(1, rho=0.1, take=10), [5])
    beside = given(frame([5, 9], [5000, 9000]), variation(2, rho=0.1, take=10), [5, 3])

    assert whole.df == 49
    assert whole.se**2 == pytest.approx(0.25 * 0.9 * (1 - 50 / 5000) / 50)
    assert beside.df == 6  # PSUs - strata, as the analysis counts them


def test_one_psu_has_no_margin():
    assert given(frame([5], [5000]), variation(1), [1]).margin == inf


def test_the_detectable_change_counts_both_waves_and_what_they_share():
    same = given(frame([10**6], [10**9]), variation(1, take=1), [400])
    shared = given(frame([10**6], [10**9]), variation(1, take=1), [400], Levels(correlation=0.5))
    before = Finding(0.5, 0.025, 399, 1.0, 400, False)
    known = given(frame([10**6], [10**9]), variation(1, take=1), [400], before=before)

    # by hand: (1.9633 + 0.8421) sqrt(2 x 0.25 / 400), t with 798 degrees of freedom
    assert same.change == pytest.approx(2.8054 * sqrt(0.5 / 400), rel=1e-3)
    assert shared.change == pytest.approx(same.change * sqrt(0.5), rel=1e-9)
    assert known.change == pytest.approx(same.change, rel=1e-3)


def test_people_who_do_not_answer_are_approached():
    found = given(frame([50], [50000]), variation(1), [10], Levels(response_rate=0.8))

    assert (found.respondents, found.approached) == (100, 125)
