"""Differences of two domains: their errors, degrees of freedom, p values and words."""

import numpy as np
import pytest

from analysis.compare.pairs import adjusted, compared, p_values, verdict
from analysis.dataset import Dataset
from tests.analysis.comparing import field
from tests.analysis.factories import computed, family_of, index_of, leaf


def rated(rows, **columns):
    """Compare units from rows (rater, unit, answer)."""
    data = Dataset.of(dict(zip(("rater", "unit", "q"), zip(*rows, strict=True), strict=True)))
    columns = {"psu": ("rater",)} | columns
    family = family_of(computed(index_of(leaf("q")), data, [("unit",)], **columns), "unit")
    return compared(family, 0, np.ones(len(family.family.labels), dtype=bool))


def test_units_rated_by_the_same_people_differ_as_in_a_paired_comparison():
    rng = np.random.default_rng(3)
    answers = {(r, u): "5" if rng.random() < 0.6 else "2" for r in range(15) for u in "ab"}

    found = rated([(str(r), u, q) for (r, u), q in answers.items()])

    each = np.array([(answers[r, "a"] == "5") * 1.0 - (answers[r, "b"] == "5") for r in range(15)])
    assert found.differences[0, 1] == pytest.approx(each.mean(), rel=1e-12)
    assert found.errors[0, 1] == pytest.approx(each.std(ddof=1) / np.sqrt(15), rel=1e-12)
    assert found.df[0, 1] == 14


def test_units_of_different_people_differ_with_the_sum_of_variances_and_of_df():
    rows = [
        (f"{u}{r}", u, "5" if r % k else "2") for u, k in (("a", 2), ("b", 3)) for r in range(9)
    ]

    found = rated(rows)

    assert found.errors[0, 1] == pytest.approx(np.sqrt(np.diag(found.covariance).sum()), rel=1e-3)
    assert found.df.tolist() == [[8, 17], [17, 8]]  # one stratum, counted once
    assert len(set(found.group.tolist())) == 2


def test_shared_psus_count_once_in_the_degrees_of_freedom():
    both = [(str(r), u, "5" if r % 2 else "1") for r in range(4) for u in "ab"]
    only_a = [(str(r), "a", "5") for r in range(4, 9)]
    only_b = [(str(r), "b", "5" if r % 3 else "1") for r in range(9, 15)]
    other = [(str(r), "c", "5") for r in range(15, 20)]

    found = rated(both + only_a + only_b + other)

    assert np.diag(found.df).tolist() == [8, 9, 4]
    assert found.df[0, 1] == 15 - 1
    assert found.df[0, 2] == 9 + 5 - 1
    assert found.group[0] == found.group[1] != found.group[2]
    assert found.df_together == 19


def test_units_tied_through_a_third_belong_to_one_group():
    rows = [("1", "a", "5"), ("1", "b", "1"), ("2", "b", "5"), ("2", "c", "1"), ("3", "d", "5")]

    group = rated([*rows, ("4", "d", "1")]).group

    assert group[0] == group[1] == group[2] != group[3]


def test_a_combination_of_independent_units_has_satterthwaites_degrees_of_freedom():
    found = field([0.5, 0.7], se=[0.03, 0.01], df=[4, 20])

    value, error, df = found.combination(np.array([0.5, 0.5]))

    assert value == pytest.approx(0.6)
    assert error == pytest.approx(np.sqrt(0.0009 + 0.0001) / 2)
    assert df == pytest.approx(0.001**2 / (0.0009**2 / 4 + 0.0001**2 / 20))


def test_a_combination_of_units_that_share_people_has_those_of_the_design():
    found = field([0.5, 0.7], se=0.02, df=9, correlation=0.5)

    value, error, df = found.combination(np.array([1.0, -1.0]))

    assert (value, df) == (pytest.approx(-0.2), 9)
    assert error == pytest.approx(0.02)


def test_answers_that_move_together_leave_no_error_in_the_difference():
    rows = [(str(r), u, "5" if r < 6 else "1") for r in range(13) for u in "ab"]
    alike = field([0.5, 0.6], covariance=np.array([[0.01, 0.01], [0.01, 0.01 + 1e-17]]))

    assert rated(rows).errors[0, 1] == 0.0
    assert alike.errors[0, 1] == 0.0


def test_p_values_are_those_of_t_tests_and_without_error_all_or_nothing():
    p = p_values(
        np.array([0.1, 0.1, 0.0, 0.1]),
        np.array([0.05, 0.0, 0.0, 0.05]),
        np.array([10.0, 3.0, 3.0, np.nan]),
    )

    # 2 * pt(-2, 10) in R
    assert p[:3].tolist() == pytest.approx([0.07338803477074039, 0.0, 1.0], rel=1e-12)
    assert np.isnan(p[3])


def test_adjusted_p_values_are_those_of_p_adjust():
    p = np.array([0.01, 0.04, 0.03, np.nan, 0.005, 0.2])

    # p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.2), "holm") and "BH" in R
    holm = [0.04, 0.09, 0.09, 0.025, 0.2]
    bh = [0.025, 0.05, 0.05, 0.025, 0.2]
    tested = [0, 1, 2, 4, 5]
    assert adjusted(p, "holm")[tested] == pytest.approx(holm, rel=1e-12)
    assert adjusted(p, "bh")[tested] == pytest.approx(bh, rel=1e-12)
    assert adjusted(p, "none")[tested].tolist() == p[tested].tolist()
    assert np.isnan(adjusted(p, "holm")[3])
    assert adjusted(np.array([0.6, 0.7]), "holm").tolist() == [1.0, 1.0]


def test_a_difference_is_said_in_plain_words():
    words = ("cao hơn", "thấp hơn", "chưa rõ", "bằng nhau")

    assert verdict(0.1, True, words) == "cao hơn có ý nghĩa thống kê"
    assert verdict(-0.1, True, words) == "thấp hơn có ý nghĩa thống kê"
    assert verdict(-0.1, False, words) == "chưa rõ"
    assert [verdict(d, None, words) for d in (0.1, -0.1, 0.0)] == [*words[:2], words[3]]
