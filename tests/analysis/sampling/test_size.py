"""Sizes, design effects and allocations, against hand calculations and brute force."""

from itertools import product
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sampling.size import (
    RULES,
    Assumptions,
    allocate,
    approached,
    design_effect,
    homogeneity,
    margin_of,
    measures_of,
    optimal_take,
    quantile,
    shares,
    size_for_change,
    size_for_margin,
    two_sided,
)
from questionnaires.refusal import Refusal

TWO_SIGMA = 0.954499736103642  # the confidence of p -+ 2 s


def ints(*values):
    return np.array(values, dtype=np.int64)


def floats(*values):
    return np.array(values, dtype=np.float64)


def test_an_island_of_3200_people_needs_356_of_them():  # Cochran 1977, section 4.4
    assert size_for_margin(0.05, Assumptions(confidence=TWO_SIGMA)) == pytest.approx(400)
    n = size_for_margin(0.05, Assumptions(population=3200, confidence=TWO_SIGMA))
    assert round(n) == 356


def test_a_cook_book_of_1251_recipes_needs_576_of_them():  # Lohr, Sampling, section 2.6
    assert round(size_for_margin(0.03, Assumptions())) == 1067
    assert round(size_for_margin(0.03, Assumptions(population=1251))) == 576


def test_the_design_effect_multiplies_the_size_before_the_finite_population():
    n = size_for_margin(0.03, Assumptions(rate=0.8, deff=1.78, population=5000))

    n0 = 1.959963984540054**2 * 0.16 / 0.0009 * 1.78
    assert n == pytest.approx(n0 / (1 + n0 / 5000), rel=1e-12)


def test_few_degrees_of_freedom_cost_respondents():
    # with 2 degrees of freedom t has the closed form (2 p - 1) / sqrt(2 p (1 - p))
    assert two_sided(0.95, 2) == pytest.approx(0.95 / sqrt(2 * 0.975 * 0.025), rel=1e-12)
    assert quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-12)
    assert two_sided(0.95, 0) == inf


@given(
    st.floats(0.005, 0.2), st.floats(0.05, 0.95), st.floats(1, 5), st.sampled_from([inf, 900, 9e6])
)
def test_the_expected_margin_undoes_the_sample_size(margin, rate, deff, population):
    known = Assumptions(rate, deff, population)

    assert margin_of(size_for_margin(margin, known), known) == pytest.approx(margin, rel=1e-6)


def test_a_change_from_60_to_70_per_cent_needs_353_a_year():
    # (1.959964 + 0.841621)^2 (0.24 + 0.21) / 0.01, by hand
    n = size_for_change(0.1, Assumptions(rate=0.6))

    assert n == pytest.approx(353.2, abs=0.05)
    assert size_for_change(0.1, Assumptions(rate=0.6, deff=1.5)) == pytest.approx(1.5 * n)


def test_returning_to_the_same_communes_saves_respondents():
    apart = size_for_change(0.02, Assumptions(rate=0.8))
    together = size_for_change(0.02, Assumptions(rate=0.8), r=0.5)

    assert together == pytest.approx(apart / 2, rel=0.001)


def test_a_change_beyond_all_people_is_refused():
    with pytest.raises(Refusal, match=r"Tỷ lệ 0\.95 thay đổi 0\.1"):
        size_for_change(0.1, Assumptions(rate=0.95))


def test_people_who_do_not_answer_are_approached_too():
    assert approached(571, 0.85) == 672
    assert approached(85, 0.85) == 100


def test_27_alike_by_three_hundredths_give_a_design_effect_of_1_78():
    assert design_effect(27, 0.03) == pytest.approx(1.78)
    assert design_effect(27, 0.03, 1.2) == pytest.approx(2.136)


@given(st.floats(1.1, 60), st.floats(0, 1), st.floats(1, 3))
def test_a_design_effect_gives_its_rho_back(take, rho, weight_effect):
    deff = design_effect(take, rho, weight_effect)

    assert homogeneity(deff, take, weight_effect) == pytest.approx(rho, abs=1e-9)


def test_a_design_effect_of_single_respondents_says_nothing_of_rho():
    with pytest.raises(Refusal, match="rho"):
        homogeneity(1.2, 1)


@pytest.mark.parametrize(("ratio", "rho"), [(4, 0.05), (20, 0.03), (9, 0.5)])
def test_the_optimal_take_has_the_least_variance_for_the_money(ratio, rho):
    best = optimal_take(ratio, rho)

    def variance(m):  # of 1000 units of money: 1000 / (ratio + m) PSUs of m respondents
        return design_effect(m, rho) / m * (ratio + m)

    assert best == pytest.approx(sqrt(ratio * (1 - rho) / rho))
    assert variance(best) < min(variance(best * 0.9), variance(best * 1.1))


def test_without_likeness_one_psu_would_do():
    assert optimal_take(10, 0.0) == inf


def test_sixteen_large_and_48_small_cities_share_24_equally():  # Cochran 1977, chapter 5
    population, sd = floats(16, 48), np.sqrt(floats(53843, 5581))
    neyman = measures_of("neyman", population, sd, floats(1, 1))

    assert allocate(24, neyman, ints(2, 2), ints(16, 48)).tolist() == [12, 12]
    assert allocate(24, population, ints(2, 2), ints(16, 48)).tolist() == [6, 18]


def test_each_rule_has_its_measure():
    population, sd, cost = floats(100, 400), floats(0.5, 0.3), floats(4, 9)

    def measure(rule):
        return measures_of(rule, population, sd, cost, 0.5).tolist()

    assert measure("proportional") == [100, 400]
    assert measure("neyman") == [50, 120]
    assert measure("cost") == [25, 40]
    assert measure("power") == [10, 20]
    assert measure("equal") == [1, 1]
    assert set(RULES) == {"proportional", "neyman", "cost", "power", "equal"}


def test_a_stratum_taken_whole_gives_its_surplus_to_the_others():
    allocated = allocate(60, floats(80, 10, 10), ints(2, 2, 2), ints(20, 50, 50))

    assert allocated.tolist() == [20, 20, 20]


def test_a_floor_is_paid_for_by_the_others():
    assert allocate(20, floats(98, 1, 1), ints(2, 2, 2), ints(90, 90, 90)).tolist() == [16, 2, 2]


def test_the_largest_remainder_gets_the_last_one_and_ties_go_in_order():
    nothing, all_ = ints(0, 0, 0), ints(9, 9, 9)

    assert allocate(4, floats(1, 1, 1), nothing, all_).tolist() == [2, 1, 1]
    assert allocate(10, floats(43, 32, 25), nothing, all_).tolist() == [4, 3, 3]


def test_a_stratum_without_spread_is_filled_last():
    assert allocate(12, floats(5, 0), ints(2, 2), ints(9, 9)).tolist() == [9, 3]
    assert allocate(10, floats(5, 0), ints(2, 2), ints(9, 9)).tolist() == [8, 2]
    assert allocate(6, floats(0, 0), ints(2, 2), ints(9, 9)).tolist() == [3, 3]


def test_a_total_below_the_floors_or_above_the_caps_is_refused():
    with pytest.raises(Refusal, match=r"Cỡ mẫu 3 .* 4"):
        allocate(3, floats(1, 1), ints(2, 2), ints(9, 9))
    with pytest.raises(Refusal, match=r"Cỡ mẫu 19 .* 18"):
        allocate(19, floats(1, 1), ints(2, 2), ints(9, 9))


@st.composite
def problems(draw):
    strata = draw(st.integers(1, 8))
    measures = draw(st.lists(st.floats(0, 1e6), min_size=strata, max_size=strata))
    floors = draw(st.lists(st.integers(0, 5), min_size=strata, max_size=strata))
    rooms = draw(st.lists(st.integers(0, 400), min_size=strata, max_size=strata))
    caps = [floor + room for floor, room in zip(floors, rooms, strict=True)]
    total = draw(st.integers(sum(floors), sum(caps)))
    return total, floats(*measures), ints(*floors), ints(*caps)


@given(problems())
def test_an_allocation_adds_up_within_floors_and_caps(problem):
    total, _, floors, caps = problem

    allocated = allocate(*problem)

    assert allocated.sum() == total
    assert (allocated >= floors).all()
    assert (allocated <= caps).all()


@given(st.integers(20, 5000), st.lists(st.floats(0, 1e5), min_size=2, max_size=9))
def test_a_larger_stratum_never_gets_less(total, measures):
    size = len(measures)
    allocated = allocate(total, floats(*measures), ints(*[2] * size), ints(*[5000] * size))

    order = np.argsort(measures, kind="stable")
    equal = np.diff(floats(*measures)[order]) == 0
    assert (np.diff(allocated[order]) >= np.where(equal, -1, 0)).all()


@given(problems(), st.integers(0, 7), st.integers(0, 7))
def test_no_shift_between_two_strata_lowers_the_variance_of_neyman_shares(problem, a, b):
    total, measures, floors, caps = problem
    measures = measures + 1.0
    a, b = a % len(measures), b % len(measures)
    best = shares(total, measures, floors, caps)
    shift = 0.01 * min(best[a] - floors[a], caps[b] - best[b])
    other = best.copy()
    other[a] -= shift
    other[b] += shift

    def variance(n):
        return float((measures[n > 0] ** 2 / n[n > 0]).sum())

    if a != b and shift > 1e-6:
        assert variance(best) <= variance(other) * (1 + 1e-9)


def test_neyman_comes_as_near_to_the_best_of_all_allocations_as_whole_numbers_allow():
    population, sd = floats(900, 300, 2400, 60), floats(0.5, 0.2, 0.35, 0.45)
    floors, caps = ints(2, 2, 2, 2), ints(12, 30, 30, 6)

    def variance(n):
        return float((population**2 * sd**2 * (1 / np.array(n) - 1 / caps)).sum())

    def of(rule):
        measures = measures_of(rule, population, sd, np.ones(4))
        return variance(allocate(26, measures, floors, caps))

    every = product(*(range(low, high + 1) for low, high in zip(floors, caps, strict=True)))
    best = min(variance(n) for n in every if sum(n) == 26)
    assert best <= of("neyman") <= best * 1.002
    assert of("neyman") < of("proportional") < of("equal")
