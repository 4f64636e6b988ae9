"""Many pairs tested at once keep their level, and max-t is sharper than Bonferroni."""

import numpy as np
import pytest
from scipy.stats import norm, studentized_range
from scipy.stats import t as student

from analysis.compare.simultaneous import Draws, MaxT, bonferroni, lower_root, normal_scale
from tests.analysis.comparing import field

MANY = Draws(40_000)


def critical(found, draws=MANY):
    return MaxT(found, 0.95, draws).critical([np.ones((len(found.at),) * 2, dtype=bool)])[0]


@pytest.mark.parametrize("k", [2, 5, 12])
def test_equal_independent_units_have_the_quantile_of_the_studentized_range(k):
    expected = studentized_range.ppf(0.95, k, 1e6) / np.sqrt(2)

    assert critical(field([0.5] * k)) == pytest.approx(expected, abs=0.02)


def test_a_common_correlation_leaves_the_quantile_of_the_studentized_range():
    expected = studentized_range.ppf(0.95, 6, 1e6) / np.sqrt(2)

    assert critical(field([0.5] * 6, correlation=0.6)) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("df", [2, 5])
def test_for_one_pair_of_units_with_few_common_psus_it_is_the_quantile_of_t(df):
    expected = {2: 4.302653, 5: 2.570582}[df]

    found = critical(field([0.5, 0.5], df=df, correlation=0.3))

    assert found == pytest.approx(float(normal_scale(np.array(expected), np.array(df))), abs=0.03)


def test_max_t_tells_at_least_what_bonferroni_tells():
    found = field(np.linspace(0.5, 0.78, 12), se=0.02, df=15)

    by_bonferroni, by_max_t = bonferroni(found, 0.95), MaxT(found, 0.95, Draws()).above()

    assert (by_max_t | ~by_bonferroni).all()
    assert by_max_t.sum() > by_bonferroni.sum() > 0


def test_one_unit_of_two_psus_does_not_hide_the_differences_of_the_others():
    rates, se = [0.561, 0.6, 0.7, 0.8], [0.01, 0.01, 0.01, 0.01]
    few, many = field(rates, se, df=[1, 40, 40, 40]), field(rates, se, df=40)

    above = MaxT(few, 0.95, Draws()).above()

    with_many = MaxT(many, 0.95, Draws()).above()
    assert above[1:, 1:].tolist() == with_many[1:, 1:].tolist()
    assert above[3, 1]
    assert with_many[1, 0]
    assert not above[1, 0]


def test_steps_find_what_a_single_step_does_not():
    # Units far apart leave few pairs in doubt, and the quantile of these is smaller.
    rates = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8425]
    found = field(rates, se=0.01)
    drawing = MaxT(found, 0.95, Draws())

    first = drawing.observed > drawing.critical([np.ones((9, 9), dtype=bool)])

    assert not first[8, 7]
    assert drawing.above()[8, 7]


def test_statements_about_one_unit_are_sharper_than_about_all():
    found = field([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.579], se=0.02)
    drawing = MaxT(found, 0.95, Draws())

    above, below = drawing.marginal()

    assert not drawing.above()[7].any()
    assert below[7, :7].all()
    assert not above[7].any()


def test_the_same_seed_gives_the_same_digits_and_another_seed_others():
    found = field([0.5, 0.52, 0.6], df=6)

    assert critical(found, Draws(500)) == critical(found, Draws(500))
    assert critical(found, Draws(500)) != critical(found, Draws(500, seed=7))


def test_too_few_draws_for_the_level_tell_nothing():
    assert critical(field([0.1, 0.9]), Draws(10)) == np.inf


def test_drawing_again_for_every_step_gives_the_same_as_keeping_the_draws(monkeypatch):
    found = field(np.linspace(0.4, 0.7, 6), df=8, correlation=0.4)
    kept = MaxT(found, 0.95, Draws(600))
    monkeypatch.setattr("analysis.compare.simultaneous.KEPT", 0)

    again = MaxT(found, 0.95, Draws(600))

    assert (kept.above() == again.above()).all()
    everything = [~np.eye(6, dtype=bool)]
    assert kept.critical(everything).tolist() == again.critical(everything).tolist()


def test_units_without_sampling_error_are_told_apart_and_those_without_df_are_not():
    census = field([0.5, 0.5001], se=0.0, df=5)
    unknown = field([0.1, 0.9], df=[np.nan, 5])

    for found, expected in ((census, True), (unknown, False)):
        assert MaxT(found, 0.95, Draws(100)).above()[1, 0] == expected
        assert bonferroni(found, 0.95)[1, 0] == expected


@pytest.mark.parametrize(("df", "shared"), [(3, False), (3, True), (8, True)])
def test_no_false_statement_is_made_in_nineteen_of_twenty_samples(df, shared):
    rng = np.random.default_rng(11)
    k, psus, false = 5, df + 1, 0
    for _ in range(300):
        scores = rng.standard_normal((psus, k)) + (rng.standard_normal((psus, 1)) if shared else 0)
        covariance = np.cov(scores.T) / psus
        if not shared:
            covariance = np.diag(np.diag(covariance))
        found = field(
            scores.mean(axis=0), df=df, correlation=0.5 if shared else 0, covariance=covariance
        )
        false += bool(MaxT(found, 0.95, Draws(400)).above().any())

    assert 3 <= false <= 27


@pytest.mark.parametrize("df", [1, 3, 10, 100])
def test_the_normal_scale_is_nearly_that_of_equal_tails(df):
    tails = np.array([0.1, 0.025, 0.001, 1e-5])

    found = normal_scale(student.isf(tails, df), np.full(4, df))

    assert found == pytest.approx(norm.isf(tails), rel={1: 0.14, 3: 0.04}.get(df, 0.005))
    assert normal_scale(np.array([-2.5]), np.array([np.inf])).tolist() == [-2.5]


def test_a_singular_covariance_has_a_root():
    loading = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    covariance = loading @ loading.T

    root = lower_root(covariance)

    assert root @ root.T == pytest.approx(covariance, abs=1e-12)
    assert (np.triu(root, 1) == 0).all()
