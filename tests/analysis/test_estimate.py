"""Intervals stay sensible where the usual formula has no meaning."""

import numpy as np
import pytest
from scipy import stats

from analysis.estimate import Estimate, Options, effective_n, interval


def one(rate, se, df, n, method="logit", confidence=0.95):
    low, high = interval(
        *(np.array([float(v)]) for v in (rate, se, df, n)), Options(method, confidence)
    )
    return low[0], high[0]


def test_the_t_interval_uses_the_degrees_of_freedom_of_the_design():
    t = stats.t.ppf(0.975, 2)

    assert one(0.5, 0.02, 2, 100, "t") == pytest.approx((0.5 - t * 0.02, 0.5 + t * 0.02), rel=1e-12)


def test_the_logit_interval_stays_inside_zero_and_one():
    low, high = one(0.99, 0.02, 5, 40)

    assert 0 < low < 0.99 < high < 1


@pytest.mark.parametrize(
    ("rate", "exact"), [(0.0, (0.0, 1 - 0.025 ** (1 / 50))), (1.0, (0.025 ** (1 / 50), 1.0))]
)
def test_at_zero_and_one_the_limits_are_those_of_clopper_and_pearson(rate, exact):
    assert one(rate, 0.0, 10, 50) == pytest.approx(exact, rel=1e-12)


def test_without_degrees_of_freedom_there_is_no_interval():
    assert np.isnan(one(0.4, 0.1, 0, 30)).all()
    assert np.isnan(one(0.4, 0.0, 0, 30, "t")).all()


def test_a_zero_standard_error_gives_a_point():
    assert one(0.25, 0.0, 4, 30) == (0.25, 0.25)


def test_an_undefined_rate_has_no_interval():
    assert np.isnan(one(np.nan, np.nan, 4, 0)).all()


# svyciprop(method = "beta") of CRAN survey 4.1-1 on its own samples of the api population:
# apiclus1, apistrat, apiclus2, middle schools of apiclus2. Share, SE, df, n,
# level, limits.
BETA = [
    (0.7267759562842, 0.03032764696318, 14, 183, 0.95, 0.6560773615537, 0.7899569914769),
    (0.6389360640506, 0.03440591799727, 197, 200, 0.99, 0.5451421282526, 0.7257649246277),
    (0.6885608856089, 0.05623152467104, 39, 126, 0.90, 0.5817066304663, 0.782143055279),
    (0.448, 0.1707819874883, 20, 23, 0.95, 0.1306862034678, 0.8013066781256),
]  # fmt: skip
# High schools of apiclus1: n* is 16.80 for 14 answers, and R does not cut.
UNCUT = (11 / 14, 0.09146190998885, 7, 14, 0.95, 0.5217609712072, 0.9439076936708)


@pytest.mark.parametrize(("rate", "se", "df", "n", "level", "low", "high"), BETA)
def test_korn_and_graubard_agree_with_cran_survey(rate, se, df, n, level, low, high):
    assert one(rate, se, df, n, "kg", level) == pytest.approx((low, high), rel=1e-9)


def test_korn_and_graubard_count_no_more_answers_than_there_are():
    rate, se, df, n, level, low, high = UNCUT
    exact = stats.beta.ppf(0.025, 11, 4), stats.beta.ppf(0.975, 12, 3)

    ours = one(rate, se, df, n, "kg", level)

    assert ours == pytest.approx(exact, rel=1e-9)
    assert ours[0] < low < high < ours[1]


@pytest.mark.parametrize("df", [0, 10])
def test_at_zero_and_one_korn_and_graubard_count_every_answer(df):
    assert one(0.0, 0.0, df, 50, "kg") == pytest.approx((0.0, 1 - 0.025 ** (1 / 50)), rel=1e-12)
    assert one(1.0, 0.0, df, 50, "kg") == pytest.approx((0.025 ** (1 / 50), 1.0), rel=1e-12)


def test_without_error_in_between_korn_and_graubard_count_every_answer():
    exact = stats.beta.ppf(0.025, 10, 31), stats.beta.ppf(0.975, 11, 30)

    assert one(0.25, 0.0, 3, 40, "kg") == pytest.approx(exact, rel=1e-9)


def test_korn_and_graubard_have_no_interval_without_degrees_of_freedom_or_rate():
    assert np.isnan(one(0.4, 0.1, 0, 30, "kg")).all()
    assert np.isnan(one(np.nan, np.nan, 4, 0, "kg")).all()


def test_an_unknown_number_of_answers_cuts_nothing():
    known = one(0.3, 0.02, 1e9, 10**9, "kg")

    assert one(0.3, 0.02, 1e9, -1, "kg") == pytest.approx(known, rel=1e-6)


def test_intervals_of_many_estimates_are_those_of_each():
    rates, errors = np.array([[0.2, 0.5, 1.0], [0.0, np.nan, 0.9]]), np.full((2, 3), 0.03)
    df, n = np.array([[3.0, 0.0, 5.0], [9.0, 2.0, 4.5]]), np.full((2, 3), 60.0)

    for method in ("logit", "t", "kg"):
        low, high = interval(rates, errors, df, n, Options(method))
        for at in np.ndindex(2, 3):
            alone = one(rates[at], errors[at], df[at], n[at], method)
            assert np.array_equal(alone, (low[at], high[at]), equal_nan=True)


def test_the_effective_number_of_answers_is_that_of_a_simple_random_sample_as_precise():
    rate, se, n = np.array([0.5, 0.5, 1.0, 0.3]), np.array([0.1, 0.01, 0.0, 0.0]), np.full(4, 80.0)

    assert effective_n(rate, se, n) == pytest.approx([25, 80, 80, 80])


def test_a_row_speaks_of_changes_only_where_there_is_a_previous_wave():
    values = dict.fromkeys(Estimate.__dataclass_fields__) | {"node": "A", "change": 0.1}
    estimate = Estimate(**values)

    assert "change" not in estimate.record()
    assert list(estimate.record(with_change=True)) == list(Estimate.__dataclass_fields__)
