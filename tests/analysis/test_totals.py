"""Totals are exact, add up over batches, and hold what each leaf and node needs."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from analysis.counting import totals_of
from analysis.dataset import Column, Dataset
from analysis.design import DesignColumns, design_of
from analysis.exact import ExactWeights
from analysis.measure import Measure
from analysis.totals import Family, Wanted

ANSWERS = ["5", "3", "4", None, "1", "5"]
HALVES = {"5": Fraction(1), "4": Fraction(1, 2), "3": Fraction(1, 4), "1": Fraction(0)}
DATA = Dataset.of(
    {
        "q": ANSWERS,
        "r": ["1", "1", None, None, "5", "98"],
        "w": ["0.5", "1", "2", "4", "8", "16"],
        "p": ["1", "1", "2", "2", "3", "3"],
        "u": ["x", "y", "x", None, "y", "y"],
    }
)


def measures():
    return {name: Measure.of(DATA.column(name), HALVES.get) for name in "qr"}


def totals(weights=None):
    design = design_of(DATA, DesignColumns(psu=("p",), weight="w"))
    if weights is not None:
        design = replace(design, weights=ExactWeights.of(np.array(weights)))
    wanted = Wanted(measures(), {"R": ["q", "r"]}, ["R"])
    return totals_of(wanted, design, [Family.of(DATA, ()), Family.of(DATA, ("u",))])


def test_a_measure_gives_each_answer_a_whole_number_over_one_scale():
    measure = Measure.of(Column.of(ANSWERS), HALVES.get)

    assert (measure.values, measure.scale) == ((0, 1, 2, 4), 4)
    assert measure.classes.tolist() == [3, 1, 2, 4, 0, 3]
    assert measure.valid.tolist() == [True, True, True, False, True, True]
    assert not measure.binary


def test_weight_value_and_square_of_a_leaf_are_whole_ticks():
    whole, _ = totals()
    sums, counts = whole.over_domains()
    leaf = whole.leaves["q"]

    # Ticks are tenths: the weights are 5, 10, 20, (40), 80 and 160 of them.
    assert sums[0, 0, leaf.weight] == 5 + 10 + 20 + 80 + 160
    assert sums[0, 0, leaf.value] == 5 * 4 + 10 * 1 + 20 * 2 + 80 * 0 + 160 * 4
    assert sums[0, 0, leaf.square] == 5 * 16 + 10 * 1 + 20 * 4 + 160 * 16
    assert counts[0, leaf.n] == 5


def test_people_are_counted_who_answered_some_or_all():
    whole, _ = totals()
    sums, counts = whole.over_domains()
    people = whole.people["R"]

    assert (counts[0, people.n], counts[0, people.complete]) == (5, 3)
    assert sums[0, 0, people.weight] == 5 + 10 + 20 + 80 + 160
    one, two = (sums[0, 0, column] for column in people.answered)
    assert one == 20 * 2 + 160 * 4
    assert two == 5 * 4 + 10 * 1 + 80 * 4


def test_cells_are_sorted_by_domain_and_unit():
    whole, by_unit = totals()

    assert whole.unit.tolist() == [0, 1, 2]
    assert list(zip(by_unit.domain, by_unit.unit, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 2)]


def test_totals_of_batches_add_up():
    _, every = totals()
    first = totals([0.5, 1, 2, 0, 0, 0])[1].over_domains()
    second = totals([0, 0, 0, 4, 8, 16])[1].over_domains()

    sums, counts = every.over_domains()

    # The second batch has whole weights: its tick is 1, that of the others a tenth.
    np.testing.assert_array_equal(sums, first[0] + 10 * second[0])
    np.testing.assert_array_equal(counts, first[1] + second[1])


def test_a_domain_without_rows_has_totals_of_zero():
    by_unit = totals([1, 0, 1, 0, 0, 0])[1]
    sums, counts = by_unit.over_domains()

    assert sums.shape[1] == 2
    assert sums[0, 1].sum() == 0
    assert counts[1].sum() == 0
