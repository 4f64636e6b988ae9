"""Sums of weights are exact, whatever the order of the rows and the size of the weights."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.exact import ExactWeights, joined, steady_sums, whole

GROUP = np.array([0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("weights", "limbs"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], 1),
        ([0.1, 0.2, 0.3, 0.4, 0.7], 1),
        ([12.3456, 0.0001, 99999.9999, 0.0, 7.5], 1),
        ([3e15, 3e15, 3e15, 3e15, 3e15], 2),
        ([3e15 + 0.5, 1.0, 3e15, 0.25, 2.0], None),
        ([1 / 3, 2 / 3, math.pi, 1e-7, 123456.789012345], None),
        ([2.0**80, 1.0, 2.0**80, 1.0, 1.0], None),
    ],
)
def test_weights_are_kept_whole_and_added_exactly(weights, limbs):
    exact = ExactWeights.of(np.array(weights))

    sums = exact.sums(GROUP, 2)

    if limbs:
        assert len(exact.limbs) == limbs
    decimal = [
        Fraction(str(w)) if exact.tick.denominator in (1, 10, 10**4) else Fraction(w)
        for w in weights
    ]
    expected = [sum(w for w, g in zip(decimal, GROUP, strict=True) if g == k) for k in (0, 1)]
    assert [total * exact.tick for total in whole(sums)] == expected
    assert joined(sums).tolist() == pytest.approx(
        [float(e / exact.tick) for e in expected], rel=1e-16
    )


def test_a_weight_of_four_decimals_counts_ten_thousandths():
    exact = ExactWeights.of(np.array([0.1, 0.2]))

    assert exact.tick == Fraction(1, 10)
    assert exact.limbs.tolist() == [[1.0, 2.0]]


def test_a_product_that_would_lose_digits_is_refused():
    exact = ExactWeights.of(np.full(5, 3e9))

    with pytest.raises(OverflowError):
        exact.sums(GROUP, 2, np.full(5, 1e6))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.randoms())
def test_float_sums_do_not_depend_on_the_order_of_the_rows(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    group = np.zeros(len(values), dtype=np.intp)

    one, other = (steady_sums(np.array(v), group, 1)[0] for v in (values, shuffled))

    assert one == other
    assert one == pytest.approx(math.fsum(values), rel=1e-14, abs=1e-14 * max(map(abs, values)))
