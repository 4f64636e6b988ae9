"""A layout fixes classes and places by the definition alone, whatever the data hold."""

import numpy as np
import pytest

from analysis.dataset import Column
from analysis.design import DesignColumns
from analysis.engines.layout import CellLayout
from analysis.measure import Coding
from tests.analysis.factories import dec, index_of, leaf, node

POINTS = {"1": dec("0.75"), "2": dec("0.5"), "3": dec("0.75")}
INDEX = index_of(
    node("R", ["a", "P"]),
    node("P", ["b", "c"], "pooled_respondents"),
    leaf("a"),
    leaf("b", measure="mean_score"),
    leaf("c", measure="option_points", points=POINTS, scale=("1", "2", "3")),
)


def codings():
    return {part.code: Coding.of(INDEX, part) for part in INDEX.leaf}


@pytest.mark.parametrize(
    ("code", "values", "scale", "binary"),
    [("a", (0, 1), 1, True), ("b", (1, 2, 3, 4, 5), 5, False), ("c", (2, 3), 4, False)],
)
def test_classes_are_the_different_rates_of_the_scale(code, values, scale, binary):
    coding = codings()[code]

    assert (coding.values, coding.scale, coding.binary) == (values, scale, binary)


def test_answers_get_their_class_and_anything_else_is_missing():
    measure = codings()["c"].measure(Column.of(["2", "3", "9", None, "1"]))

    assert measure.classes.tolist() == [0, 1, 2, 2, 1]
    assert (measure.values, measure.scale) == ((2, 3), 4)


def test_a_column_without_some_of_the_codes_has_the_same_classes():
    full, part = (codings()["b"].measure(Column.of(cells)) for cells in ("12345", "55"))

    assert (part.values, part.scale) == (full.values, full.scale)
    assert part.classes.tolist() == [4, 4]
    assert part.classes.dtype == np.uint8


def test_every_total_has_a_place_of_its_own_and_all_rows_the_last():
    at = CellLayout(INDEX, DesignColumns(psu=("i",))).columns
    sums = [
        place for leaf in at.leaves.values() for place in {leaf.weight, leaf.value, leaf.square}
    ]
    sums += [place for people in at.people.values() for place in (people.weight, *people.answered)]
    counts = [leaf.n for leaf in at.leaves.values()]
    counts += [place for people in at.people.values() for place in (people.n, people.complete)]

    assert sorted(sums) == list(range(at.weight))
    assert sorted(counts) == list(range(at.responses))
    assert at.rows == at.responses + 1
    assert at.leaves["a"].square == at.leaves["a"].value
    assert at.people["R"].answered == ()
    assert (len(at.people["P"].answered), at.people["P"].scale) == (2, 20)


def test_keys_are_the_columns_of_the_design_that_count_then_the_domains():
    families = (("u",), ("u", "sex"))
    plain = CellLayout(INDEX, DesignColumns("h", ("i", "j"), "w"), families, ("sex", "age"))
    staged = CellLayout(INDEX, DesignColumns(None, ("i", "j"), None, ("N", "M")))

    # Without a second population count the second stage counts as complete and is not read.
    assert plain.keys == ("h", "i", "u", "sex", "age")
    assert staged.keys == ("i", "j", "N", "M")
