"""The official staged rounding: decimal, half up, and what is rounded is what the parent reads."""

from fractions import Fraction

import pytest

from analysis.rounding import half_up, has_rounding, official_values
from tests.analysis.factories import dec, given_leaf, index_of, node


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("1.21005", 4, "1.2101"),  # the three exact ties of the PAR INDEX 2022
        ("1.20015", 4, "1.2002"),
        ("2.17325", 4, "2.1733"),
        ("80.674999", 2, "80.67"),
        ("0.5", 0, "1"),
        ("2.5", 0, "3"),
        ("0", 2, "0"),
    ],
)
def test_halves_are_rounded_up(value, decimals, expected):
    assert half_up(Fraction(value), decimals) == Fraction(expected)


def test_the_rate_is_rounded_in_per_cent_and_then_the_points():
    index = index_of(
        node("R", "ab", "sum"),
        given_leaf("a", max_points=dec("1.5"), round=2, round_points=4),
        given_leaf("b", max_points=dec("2.5"), round=2, round_points=4),
    )

    values = official_values(index, {"a": Fraction("0.80674999"), "b": Fraction("0.86930001")})

    assert values["a"].rate == Fraction("1.2101") / Fraction("1.5")
    assert (values["a"].points, values["b"].points) == (Fraction("1.2101"), Fraction("2.1733"))
    assert values["R"].points == Fraction("3.3834")


def test_without_rounding_the_official_value_is_the_exact_one():
    index = index_of(node("R", "ab"), given_leaf("a"), given_leaf("b"))

    assert not has_rounding(index)
    assert official_values(index, {"a": Fraction(1, 3), "b": Fraction(1, 7)})["R"].rate == Fraction(
        5, 21
    )


def test_an_undefined_leaf_makes_the_official_value_undefined():
    index = index_of(node("R", "ab", round=1), given_leaf("a"), given_leaf("b"))

    assert official_values(index, {"a": Fraction(1, 3), "b": None})["R"] is None


def test_rounding_is_computed_from_exact_counts_not_from_floats():
    from analysis.dataset import Dataset
    from tests.analysis.factories import computed, leaf

    # 1,201 of 32,000 favourable is 3.753125 %: exactly half-way at five decimals.
    data = Dataset.of({"q": ["5"] * 1201 + ["1"] * 30799})
    values = computed(index_of(leaf("q", round=5)), data).families[0].values

    assert values.official[0, 0] == 0.0375313
    assert values.exact[0, 0] == 1201 / 32000
