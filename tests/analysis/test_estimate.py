"""Intervals stay sensible where the usual formula has no meaning."""

import numpy as np
import pytest
from scipy import stats

from analysis.estimate import Options, interval


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
