"""The tables of Kish: by one file of vectors, which the tablet's script is run on too."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from analysis.selection import POSITIONS, TABLES, kish, table_of

VECTORS = json.loads((Path(__file__).parent / "kish_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["chosen"])
def test_the_vectors_hold(vector):
    serial, grid, eligible, table, chosen = vector

    assert table_of(serial, grid) == table
    assert kish(serial, grid, eligible) == chosen


def test_every_table_and_every_number_of_adults_stands_in_the_vectors():
    seen = {
        (table, min(eligible, 6)) for _serial, _grid, eligible, table, _one in VECTORS["chosen"]
    }

    assert seen == {(table, eligible) for table in TABLES for eligible in range(1, 7)}


@pytest.mark.parametrize("eligible", [1, 2, 3, 4, 6])
def test_each_adult_has_the_same_chance_over_a_cycle(eligible):
    """Kish (1949): exact for up to four adults and for six; only five are approximate."""
    counted = Counter(kish(serial, 0, eligible) for serial in range(1, 13))

    assert {number: Fraction(times, 12) for number, times in counted.items()} == {
        number: Fraction(1, eligible) for number in range(1, eligible + 1)
    }


def test_five_adults_have_almost_the_same_chance():
    counted = Counter(kish(serial, 0, 5) for serial in range(1, 13))

    assert dict(counted) == {1: 2, 2: 2, 3: 3, 4: 2, 5: 3}


@pytest.mark.parametrize("grid", range(12))
def test_wherever_an_area_begins_twelve_households_use_every_position(grid):
    assert sorted(table_of(serial, grid) for serial in range(1, 13)) == sorted(POSITIONS)


def test_a_seventh_adult_counts_as_six():
    assert kish(11, 0, 20) == kish(11, 0, 6) == 6


def test_a_household_without_adults_has_nobody():
    with pytest.raises(ValueError, match="nobody"):
        kish(1, 0, 0)
