"""Every roll-up and every measure gives what its definition says, with its uncertainty."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given as example_of
from hypothesis import settings
from hypothesis import strategies as st

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.estimate import Options
from analysis.given import Given, OtherResult
from questionnaires.refusal import Refusal
from tests.analysis.factories import (
    computed,
    dec,
    error,
    family_of,
    given_leaf,
    index_of,
    leaf,
    node,
    position,
    rate,
)

ANSWERS = {
    "a": ["5", "4", "3", "1", "98", None],
    "b": ["4", "2", None, "5", "5", "1"],
    "c": [None, None, None, "4", None, "9"],
}


def test_each_item_has_its_own_denominator():
    result = computed(
        index_of(node("R", "abc"), leaf("a"), leaf("b"), leaf("c")), Dataset.of(ANSWERS)
    )

    assert [rate(result, code) for code in "abc"] == [2 / 4, 3 / 5, 1.0]
    assert rate(result, "R") == pytest.approx((2 / 4 + 3 / 5 + 1) / 3, rel=1e-15)
    assert family_of(result).values.n[0].tolist() == [1, 4, 5, 1]  # R: who answered all three


def test_a_weighted_mean_takes_its_weights_from_the_definition():
    index = index_of(
        node("R", "ab", "weighted_mean", weights=(dec("0.62"), dec("0.38"))), leaf("a"), leaf("b")
    )

    assert rate(computed(index, Dataset.of(ANSWERS)), "R") == pytest.approx(0.62 * 0.5 + 0.38 * 0.6)


def test_pooled_items_divide_the_sum_of_numerators_by_the_sum_of_denominators():
    index = index_of(node("R", "abc", "pooled_items"), leaf("a"), leaf("b"), leaf("c"))
    result = computed(index, Dataset.of(ANSWERS))

    assert rate(result, "R") == 6 / 10
    assert family_of(result).values.n[0, 0] == 10


def test_pooled_respondents_average_each_persons_own_mean():
    index = index_of(node("R", "abc", "pooled_respondents"), leaf("a"), leaf("b"), leaf("c"))
    result = computed(index, Dataset.of(ANSWERS))

    own = [Fraction(2, 2), Fraction(1, 2), Fraction(0), Fraction(2, 3), Fraction(1), Fraction(0)]
    assert rate(result, "R") == pytest.approx(float(sum(own) / 6), rel=1e-15)
    assert family_of(result).values.n[0, 0] == 6


def test_a_mean_score_is_divided_by_the_top_of_the_scale():
    index = index_of(leaf("a", measure="mean_score"))

    assert rate(computed(index, Dataset.of(ANSWERS)), "a") == pytest.approx((5 + 4 + 3 + 1) / 4 / 5)


def test_option_points_follow_the_table_of_the_item():
    points = {"1": dec("1"), "2": dec("0.75"), "3": dec("0.5"), "4": dec("0.25"), "5": dec("0")}
    index = index_of(leaf("a", measure="option_points", points=points, max_points=dec("2")))
    result = computed(index, Dataset.of(ANSWERS))

    assert rate(result, "a") == pytest.approx((0 + 0.25 + 0.5 + 1) / 4)
    assert family_of(result).values.points[0, 0] == pytest.approx(2 * (1.75 / 4))


def test_a_sum_adds_points_and_its_rate_is_points_over_maximum():
    index = index_of(
        node("R", "ab", "sum"), leaf("a", max_points=dec("1.5")), leaf("b", max_points=dec("2.5"))
    )
    values = family_of(computed(index, Dataset.of(ANSWERS))).values

    assert values.points[0, 0] == pytest.approx(1.5 * 0.5 + 2.5 * 0.6)
    assert values.exact[0, 0] == pytest.approx((1.5 * 0.5 + 2.5 * 0.6) / 4)


def test_a_leaf_without_a_valid_answer_is_undefined_and_so_is_all_above_it():
    index = index_of(
        node("R", "PQ"), node("P", "ab"), node("Q", "cd", "pooled_items"),
        leaf("a"), leaf("b"), leaf("c"), leaf("d"),
    )  # fmt: skip
    data = Dataset.of(ANSWERS | {"a": [None] * 6, "d": ["99"] * 6})
    values = family_of(computed(index, data)).values

    result = dict(zip([part.code for part in index.in_order], values.exact[0], strict=True))
    assert [code for code, value in result.items() if math.isnan(value)] == ["R", "P", "a", "d"]
    assert result["Q"] == 1.0  # a pooled node only when all leaves below it are empty
    reasons = {index.in_order[p].code: reason for (_, p), reason in values.reasons.items()}
    assert reasons == {
        "a": "no_valid_answer",
        "d": "no_valid_answer",
        "P": "undefined:a",
        "R": "undefined:P",
    }


def test_ten_rates_of_one_have_a_mean_of_exactly_one():
    codes = [f"q{i}" for i in range(10)]
    index = index_of(node("R", codes), *(leaf(code) for code in codes))
    result = computed(index, Dataset.of({code: ["5", "4", "5"] for code in codes}))

    assert rate(result, "R") == 1.0
    assert error(result, "R") == 0.0
    assert family_of(result).ci_low[0, 0] == pytest.approx(0.025 ** (1 / 3))


def test_a_domain_is_a_ratio_over_the_whole_sample():
    index = index_of(leaf("q"))
    columns = {
        "q": ["5", "1", "4", "2", "5", "5", "1", "3"],
        "u": ["x", "x", "y", "y", "x", "y", None, "y"],
        "p": ["1", "1", "2", "2", "3", "3", "4", "4"],
    }
    result = computed(index, Dataset.of(columns), [("u",)], psu=("p",))

    # By hand: score of a row of domain x is (f - 2/3) / 3, PSU 4 holds no row of x.
    psu = np.array([(1 - 2 / 3 - 2 / 3) / 3, 0.0, (1 - 2 / 3) / 3, 0.0])
    variance = 4 / 3 * ((psu - psu.mean()) ** 2).sum()
    family = family_of(result, "u")
    assert family.family.labels == (("x",), ("y",))
    assert rate(result, "q", 0, 1) == pytest.approx(2 / 3)
    assert error(result, "q", 0, 1) == pytest.approx(math.sqrt(variance), rel=1e-14)
    assert family.df[:, 0].tolist() == [1.0, 2.0]


def test_the_covariance_matrix_holds_the_variances_of_all_parts():
    result = computed(index_of(node("R", "ab"), leaf("a"), leaf("b")), Dataset.of(ANSWERS))
    family = family_of(result)

    matrix = family.covariance(0)

    assert np.sqrt(np.diag(matrix)) == pytest.approx(family.se[0], rel=1e-14)
    assert matrix[0, 0] == pytest.approx((matrix[1, 1] + matrix[2, 2] + 2 * matrix[1, 2]) / 4)


def random_data(draw, rows=24):
    answer = st.sampled_from(["1", "2", "3", "4", "5", "98", None])
    columns = {q: draw(st.lists(answer, min_size=rows, max_size=rows)) for q in "abc"}
    columns["w"] = draw(
        st.lists(st.sampled_from(["1", "2.5", "0.1", "13.37", "0"]), min_size=rows, max_size=rows)
    )
    columns["u"] = draw(st.lists(st.sampled_from(["x", "y", None]), min_size=rows, max_size=rows))
    columns["p"] = [str(i % 6) for i in range(rows)]
    columns["h"] = ["A" if i % 6 < 3 else "B" for i in range(rows)]
    return columns


TREE = index_of(
    node("R", "PQS"),
    node("P", "ab", "weighted_mean", weights=(dec("0.3"), dec("0.7"))),
    node("Q", ("q1", "q2"), "pooled_items"),
    node("S", ("s1", "s2"), "pooled_respondents"),
    leaf("a"), leaf("b"), leaf("q1", item="a"), leaf("q2", item="c"),
    leaf("s1", item="b"), leaf("s2", item="c"),
)  # fmt: skip
DESIGN = {"stratum": "h", "psu": ("p",), "weight": "w"}


@settings(max_examples=40, deadline=None)
@example_of(st.data())
def test_the_order_of_the_rows_changes_no_digit(data):
    columns = random_data(data.draw)
    order = data.draw(st.permutations(range(24)))

    one = computed(TREE, Dataset.of(columns), [("u",)], **DESIGN)
    other = computed(
        TREE, Dataset.of({k: [v[i] for i in order] for k, v in columns.items()}), [("u",)], **DESIGN
    )

    for a, b in zip(one.families, other.families, strict=True):
        for name in ("se", "df", "ci_low", "ci_high", "deff"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        np.testing.assert_array_equal(a.values.exact, b.values.exact)


@settings(max_examples=25, deadline=None)
@example_of(st.data())
def test_doubling_every_weight_changes_no_rate_and_no_error(data):
    columns = random_data(data.draw)
    doubled = columns | {"w": [str(2 * float(w)) for w in columns["w"]]}

    one = computed(TREE, Dataset.of(columns), [("u",)], **DESIGN)
    other = computed(TREE, Dataset.of(doubled), [("u",)], **DESIGN)

    for a, b in zip(one.families, other.families, strict=True):
        np.testing.assert_allclose(a.values.exact, b.values.exact, rtol=1e-14)
        np.testing.assert_allclose(a.se, b.se, rtol=1e-12, atol=1e-15)


@settings(max_examples=25, deadline=None)
@example_of(st.data())
def test_equal_weights_give_the_plain_mean(data):
    columns = random_data(data.draw)
    valid = [q for q in columns["a"] if q in set("12345")]
    result = computed(TREE, Dataset.of(columns), stratum="h", psu=("p",))

    expected = sum(q in "45" for q in valid) / len(valid) if valid else math.nan
    np.testing.assert_equal(rate(result, "a"), expected)
    np.testing.assert_equal(rate(result, "a"), rate(result, "q1"))


@pytest.mark.parametrize("weight", [3e15, 0.1, 1e-9, 123456.789012345, 2.0**70])
def test_huge_and_tiny_weights_are_summed_exactly(weight):
    answers = ["5", "1", "4", "2", "5", "5", "1"]
    points = {
        code: dec(p) for code, p in zip("12345", ("0", "0.25", "0.3333", "0.75", "1"), strict=True)
    }
    index = index_of(
        node("R", "qmo"), leaf("q"), leaf("m", item="q", measure="mean_score"),
        leaf("o", item="q", measure="option_points", points=points),
    )  # fmt: skip
    factors = [1, 2, 1, 3, 1, 1, 5]
    data = Dataset.of({"q": answers, "w": [repr(weight * f) for f in factors]})
    plain = Dataset.of({"q": answers, "w": [str(f) for f in factors]})

    found, expected = (computed(index, d, weight="w") for d in (data, plain))

    for code in "qmoR":
        assert rate(found, code) == pytest.approx(rate(expected, code), rel=1e-15)
        assert error(found, code) == pytest.approx(error(expected, code), rel=1e-12)


def test_weights_too_large_to_be_summed_exactly_are_refused_by_name():
    answers = [str(i % 5 + 1) for i in range(40)]
    points = {code: dec("0.123456789012") for code in "12345"}
    index = index_of(leaf("q", measure="option_points", points=points))
    data = Dataset.of({"q": answers, "w": ["9007199254740991"] * 40})

    with pytest.raises(Refusal, match="«q»: quyền số nhân với điểm"):
        computed(index, data, weight="w")


def test_every_psu_twice_halves_the_variance():
    columns = {"q": ["5", "1", "4", "2", "5", "5", "1", "3"], "p": list("11223344")}
    twice = {"q": columns["q"] * 2, "p": columns["p"] + list("55667788")}

    once, doubled = (
        error(computed(index_of(leaf("q")), Dataset.of(c), psu=("p",)), "q")
        for c in (columns, twice)
    )

    assert doubled**2 / once**2 == pytest.approx((8 / 7) / (4 / 3) / 2, rel=1e-12)


def other_result(**changes):
    rows = [
        {"node": n, "domain": {}, "estimate": dec(v), "se": s, "df": 10, "n": 100, "status": "ok"}
        for n, v, s in (("A", "0.8067", 0.02), ("B", "0.9", 0.03))
    ]
    document = {
        "index": "khac",
        "design": {},
        "results": rows,
        "covariance": [
            {"domain": {}, "nodes": ["A", "B"], "matrix": [[0.0004, 0.0003], [0.0003, 0.0009]]}
        ],
    }
    return OtherResult.of(document | changes, "khac.json")


FROM_OTHER = index_of(
    node("R", ("x", "y", "q"), "sum"),
    {"code": "x", "measure": "node", "index": "khac", "node": "A", "max_points": dec("1")},
    {"code": "y", "measure": "node", "index": "khac", "node": "B", "max_points": dec("1")},
    leaf("q", max_points=dec("2")),
)
PEOPLE = Dataset.of({"q": ["5", "1", "4", "2", "5", "5", "1", "3"]})


def test_nodes_of_another_index_bring_their_covariance():
    result = computed(FROM_OTHER, PEOPLE, given=Given({"khac": other_result()}))

    own = error(result, "q")
    assert rate(result, "R") == pytest.approx((0.8067 + 0.9 + 2 * 0.5) / 4)
    assert error(result, "x") == pytest.approx(0.02)
    expected = (0.0004 + 0.0009 + 2 * 0.0003) / 16 + own**2 / 4
    assert error(result, "R") == pytest.approx(math.sqrt(expected), rel=1e-12)
    given_part, own_part = expected - own**2 / 4, own**2 / 4
    satterthwaite = expected**2 / (given_part**2 / 10 + own_part**2 / 7)
    assert family_of(result).df[0, position(result, "R")] == pytest.approx(satterthwaite)


def test_without_their_covariance_the_sum_has_no_standard_error():
    result = computed(FROM_OTHER, PEOPLE, given=Given({"khac": other_result(covariance=[])}))

    assert error(result, "x") == pytest.approx(0.02)
    assert math.isnan(error(result, "R"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Given(), "cần kết quả của chỉ số khac"),
        (Given({"khac": other_result(results=[])}), "» của chỉ số khac"),
    ],
)
def test_a_value_of_another_index_that_is_not_there_is_refused(given, words):
    with pytest.raises(Refusal, match=words):
        computed(FROM_OTHER, PEOPLE, given=given)


def test_a_reported_number_is_free_of_sampling_error_but_claims_none():
    index = index_of(node("R", "qS"), node("S", "rt"), leaf("q"), given_leaf("r"), given_leaf("t"))
    reported = {
        (code, frozenset()): Fraction(value) for code, value in (("r", "0.9"), ("t", "0.7"))
    }
    result = computed(index, PEOPLE, given=Given(reported=reported))

    assert rate(result, "S") == pytest.approx(0.8)
    assert math.isnan(error(result, "S"))
    assert error(result, "R") == pytest.approx(error(result, "q") / 2)


def test_an_index_of_reported_numbers_takes_its_domains_from_data():
    index = index_of(node("R", "rt"), given_leaf("r"), given_leaf("t"))
    data = Dataset.of({"u": list("xxyy")})
    whole = {("r", frozenset()): Fraction(1, 2), ("t", frozenset()): Fraction(1)}
    reported = whole | {("r", frozenset({("u", "x")})): Fraction(1, 4)}

    result = computed(index, data, [("u",)], given=Given(reported=reported))

    assert [rate(result, "R", 0, 0), rate(result, "R", 0, 1), rate(result, "R", 1, 1)] == [
        0.75,
        0.625,
        0.75,
    ]
    assert np.isnan(result.families[1].se).all()


def test_a_reported_number_of_a_domain_comes_before_that_of_the_whole():
    index = index_of(node("R", "qr"), leaf("q"), given_leaf("r"))
    data = Dataset.of({"q": ["5", "1", "4", "2"], "u": list("xxyy")})
    reported = {("r", frozenset()): Fraction(1, 2), ("r", frozenset({("u", "x")})): Fraction(1, 4)}
    result = computed(index, data, [("u",)], given=Given(reported=reported))

    assert [rate(result, "r", 0, 0), rate(result, "r", 0, 1), rate(result, "r", 1, 1)] == [
        0.5,
        0.25,
        0.5,
    ]


def test_a_census_has_no_interval_to_speak_of():
    data = Dataset.of({"q": ["1"] * 20, "r": ["5", "1"] * 10})
    census = design_of(data, DesignColumns(), source="census")
    index = index_of(node("T", ["q", "r"]), leaf("q"), leaf("r"))
    for method in ("logit", "kg", "t"):
        options = Options(method)
        result = computed(index, data, design=census, options=options)
        family = result.families[0]

        assert family.ci_low.tolist() == family.ci_high.tolist() == family.values.exact.tolist()


def test_a_table_of_points_too_fine_for_exact_sums_is_named():
    data = Dataset.of({"q": ["1", "2"] * 50})
    fine = {"1": dec("0.3333333333333333"), "2": dec("1")}
    index = index_of(leaf("q", measure="option_points", points=fine), scale=("1", "2"))

    with pytest.raises(Refusal, match=r"«q».*bảng điểm"):
        computed(index, data)
