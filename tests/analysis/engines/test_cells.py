"""Totals of cells give the figures of the rows, add up, and do not depend on who made them."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from analysis.dataset import Column, Dataset
from analysis.design import DesignColumns
from analysis.engines.cells import added, cells_of, located, rows_of, table_of
from analysis.engines.layout import CellLayout
from analysis.exact import whole
from questionnaires.refusal import Refusal
from tests.analysis.engine_tables import LAYOUT, from_cells, from_rows
from tests.analysis.factories import index_of, leaf

SMALL = CellLayout(index_of(leaf("q")), DesignColumns("h", ("i",), "w"), (("u",),))
COLUMNS = {
    "h": ["1", "1", "2", "2", "2"],
    "i": ["a", "b", "10", "9", "9"],
    "u": ["x", None, "x", "y", "y"],
    "w": ["1.5", "0", "2", "1", "4"],
    "q": ["5", "4", "1", "9", "4"],
}


def small(**changes):
    return cells_of(Dataset.of(COLUMNS | changes), SMALL)


def test_cells_stand_in_natural_order_and_keep_units_without_weight():
    cells = small()
    labels = {
        name: [column.labels[code] if code >= 0 else None for code in column.codes]
        for name, column in cells.keys.columns.items()
    }

    assert labels == {
        "h": ["1", "1", "2", "2"],
        "i": ["a", "b", "9", "10"],
        "u": ["x", None, "y", "x"],
    }
    assert cells.weights.values.tolist() == [1.5, 0, 5, 2]
    assert cells.counts[:, cells.responses].tolist() == [1, 0, 2, 1]
    assert rows_of(cells) == 5


def test_a_leaf_has_its_weight_value_and_number_in_each_cell():
    cells = small()
    at = cells.leaves["q"]

    assert cells.tick == Fraction(1, 10)
    assert cells.sums[0, :, at.weight].tolist() == [15, 0, 40, 20]
    assert cells.sums[0, :, at.value].tolist() == [15, 0, 40, 0]
    assert cells.counts[:, at.n].tolist() == [1, 0, 1, 1]


def test_new_units_labels_and_finer_weights_are_taken_up():
    more = {"h": ["3", "1"], "i": ["a", "a"], "u": ["z", "x"], "w": ["1.25", "1"], "q": ["5", "5"]}
    both = {name: COLUMNS[name] + more[name] for name in COLUMNS}
    together = added(small(), cells_of(Dataset.of(more), SMALL))
    expected = cells_of(Dataset.of(both), SMALL)

    assert together.tick == expected.tick == Fraction(1, 100)
    np.testing.assert_array_equal(together.sums, expected.sums)
    np.testing.assert_array_equal(together.counts, expected.counts)
    for name, column in expected.keys.columns.items():
        assert together.keys.columns[name].labels == column.labels
        np.testing.assert_array_equal(together.keys.columns[name].codes, column.codes)


@pytest.mark.parametrize(
    "weights",
    [
        ["3e15", "3000000000000001", "0", "8999999999999999", "8999999999999997"],
        [repr(1 / 3), repr(2.0**-40), "7", repr(1e6 / 7), "0"],
    ],
)
def test_large_and_long_weights_add_up_to_the_last_unit(weights):
    order = [4, 2, 0, 3, 1]
    shuffled = {name: [(COLUMNS | {"w": weights})[name][i] for i in order] for name in COLUMNS}
    parts = [{name: cells[k : k + 1] for name, cells in shuffled.items()} for k in range(5)]
    parts = [part for part in parts if part["w"] != ["0"]]
    together = cells_of(Dataset.of(parts[0]), SMALL)
    for part in parts[1:]:
        together = added(together, cells_of(Dataset.of(part), SMALL))

    total = sum(whole(together.sums[:, :, together.weight])) * together.tick
    assert total == sum(Fraction(float(weight)) for weight in weights)
    assert together.sums.max() < 2.0**53


def test_a_single_limb_is_enough_for_common_weights_however_often_they_are_added():
    together = small()
    for _ in range(3):
        together = added(together, small())

    assert len(together.sums) == 1
    assert together.weights.values.tolist() == [6, 0, 20, 8]


def test_decimal_weights_and_longer_ones_share_no_tick():
    longer = small(w=["0.00001", "1", "1", "1", "1"])

    with pytest.raises(Refusal, match="hơn bốn chữ số thập phân"):
        added(small(), longer)


def test_totals_of_two_indices_cannot_be_added():
    other = replace(SMALL, index=index_of(leaf("r")))

    with pytest.raises(ValueError, match="two layouts"):
        added(small(), cells_of(Dataset.of(COLUMNS | {"r": COLUMNS["q"]}), other))


def test_rows_without_units_of_their_own_are_refused():
    with pytest.raises(Refusal, match="--psu"):
        cells_of(Dataset.of(COLUMNS), replace(SMALL, design=DesignColumns("h", (), "w")))


def test_a_wrong_row_is_refused_by_its_number():
    with pytest.raises(Refusal, match="dòng 4, cột «i»: ô để trống"):
        small(i=["a", "b", " ", "9", "9"])


def test_the_cell_of_a_row_is_found_by_its_labels():
    cells = small()
    data = Dataset.of({"u": [None, "x"], "i": ["b", "10"], "h": ["1", "2"]})

    assert located(cells.keys, data).tolist() == [1, 3]


def test_cells_with_the_same_labels_become_one():
    cells = small()
    twice = replace(cells.keys, columns={"h": cells.keys.columns["h"]})
    merged = table_of(twice, cells.sums, cells.counts, SMALL.columns, cells.tick)

    assert merged.keys.columns["h"].labels == ("1", "2")
    assert merged.weights.values.tolist() == [1.5, 7]


def test_where_answers_came_from_is_kept_although_one_part_does_not_say():
    said = cells_of(Dataset.of(COLUMNS | {"provenance": ["bịa"] * 5}), SMALL)

    assert added(small(), said).keys.provenance == ("bịa",)
    assert added(said, small()).keys.provenance == ("bịa",)


def test_figures_from_cells_are_those_from_rows():
    answers = ["5", "1", None, "4", "3", "98", "2"]
    columns = {item: (answers[k:] + answers[:k]) * 6 for k, item in enumerate("abcdef")}
    columns |= {"h": ["1", "2"] * 21, "i": ["p", "q", "r"] * 14, "w": ["1.25", "0", "3"] * 14}
    columns |= {"u": ["A", "B", None, "A", "B", "B"] * 7, "x": ["m"] * 42}
    data = Dataset.of(columns)
    found, expected = from_cells(cells_of(data, LAYOUT)), from_rows(data)

    assert without_design_effects(found) == without_design_effects(expected)


def without_design_effects(text):
    """Totals alone give none: these need the single responses."""
    document = json.loads(text)
    for row in document["results"]:
        del row["deff"], row["deff_replace"], row["n_effective"]
    return json.dumps(document)


def test_labels_that_no_cell_has_are_dropped():
    cells = small()
    column = cells.keys.columns["h"]
    keys = replace(cells.keys, columns={"h": Column(column.codes, (*column.labels, "3"))})
    merged = table_of(keys, cells.sums, cells.counts, SMALL.columns, cells.tick)

    assert merged.keys.columns["h"].labels == ("1", "2")
