"""Differences of units with their tests and verdicts (figures of R: test_golden_comparisons)."""

import numpy as np
import pytest

from analysis.compare.differences import differences_of
from tests.analysis.comparing import field


def test_a_difference_comes_with_its_t_interval_p_value_and_verdict():
    (row,) = differences_of(field([0.62, 0.5], se=0.03, df=5), "all")

    # qt(0.975, 10) and 2 * pt(-0.12 / sqrt(0.0018), 10) in R
    assert (row.domain, row.reference, row.df) == (0, 1, 10)
    assert row.se == pytest.approx(np.sqrt(0.0018))
    assert row.ci_low == pytest.approx(0.12 - 2.228138851986274 * np.sqrt(0.0018))
    assert row.ci_high == pytest.approx(0.12 + 2.228138851986274 * np.sqrt(0.0018))
    assert row.p == pytest.approx(0.01790012320276380, rel=1e-10)
    assert row.verdict == "cao hơn có ý nghĩa thống kê"


def test_the_verdict_follows_the_adjusted_p_value():
    units = field([0.5, 0.558, 0.5, 0.5], se=0.02)

    def first(correction):
        return differences_of(units, "all", correction)[0].verdict

    assert first("none") == "thấp hơn có ý nghĩa thống kê"
    assert first("holm") == "chênh lệch chưa đủ ý nghĩa thống kê"


def test_units_are_compared_with_one_of_them():
    rows = differences_of(field([0.5, 0.6, 0.7], se=0.02), 1)

    assert [(row.domain, row.reference) for row in rows] == [(0, 1), (2, 1)]
    assert [row.difference for row in rows] == pytest.approx([-0.1, 0.1])


def test_a_unit_is_part_of_the_mean_it_is_compared_with():
    rows = differences_of(field([0.5, 0.6, 0.7, 0.8], se=0.02, df=10), "mean")

    assert sum(row.difference for row in rows) == pytest.approx(0.0, abs=1e-15)
    assert [row.reference for row in rows] == [None] * 4
    assert rows[0].se == pytest.approx(0.02 * np.sqrt(0.75))
    assert rows[0].df == pytest.approx(
        (0.5625 + 0.1875) ** 2 / (0.5625**2 / 10 + 3 * 0.0625**2 / 10)
    )


def test_without_degrees_of_freedom_there_is_a_difference_and_no_test():
    rows = differences_of(field([0.5, 0.6, 0.7], df=[0, 5, 5]), "all")

    assert [row.reason for row in rows] == ["no_degrees_of_freedom", "no_degrees_of_freedom", None]
    assert (rows[0].p, rows[0].ci_low, rows[0].verdict) == (None, None, None)
    assert rows[0].difference == pytest.approx(-0.1)
    assert rows[2].p_adjusted == rows[2].p


def test_an_unknown_variance_is_said_to_be_unknown():
    (row,) = differences_of(field([0.5, 0.6], se=[np.nan, 0.02], df=5), "all")

    assert (row.se, row.p, row.reason) == (None, None, "covariance_unknown")


def test_a_census_has_differences_without_a_claim_of_significance():
    (row,) = differences_of(field([0.5, 0.6], se=0.0, df=5), "all")

    assert (row.se, row.ci_low, row.ci_high) == (0.0, row.difference, row.difference)
    assert row.verdict == "thấp hơn"


@pytest.mark.parametrize("k", [6, 7, 9, 43])
def test_units_of_one_rate_are_equal_to_their_mean(k):
    rows = differences_of(field([0.7] * k, se=0.0, df=5), "mean")

    assert {(row.difference, row.p, row.verdict) for row in rows} == {(0.0, 1.0, "bằng nhau")}


def test_a_single_unit_is_compared_with_nothing():
    assert differences_of(field([0.5]), "all") == []
    assert differences_of(field([0.5]), "mean") == []
    assert differences_of(field([0.5]), 0) == []
