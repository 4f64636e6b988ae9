"""Stored totals come back to the bit, are topped up, and are never taken for those of others."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns
from analysis.engines.cells import cells_of, rows_of
from analysis.engines.layout import CellLayout
from analysis.engines.stored import Part, StoredTotals, from_bytes, to_bytes
from analysis.index import compute_cells, design_of_cells
from questionnaires.refusal import Refusal
from tests.analysis.factories import index_of, leaf, node

INDEX = index_of(
    node("R", ["a", "b"], "pooled_respondents"), leaf("a"), leaf("b", measure="mean_score")
)
DESIGN = DesignColumns("h", ("i",), "w", ("N",))
LAYOUT = CellLayout(INDEX, DESIGN, (("u",),))
COLUMNS = {
    "h": ["1", "1", "2", "2", "2", "1"],
    "i": ["p", "q", "r", "s", "s", "p"],
    "N": ["9", "9", "8", "8", "8", "9"],
    "u": ["x", None, "x", "ý", "ý", "x"],
    "w": ["1.5", "0", "2", "1", "4", "0.25"],
    "a": ["5", "4", "1", "9", "4", "3"],
    "b": ["1", "", "3", "4", "5", None],
}
SUM = "c" * 64  # of the index file


def data(first=0, last=6, name="phieu.csv", **changes):
    columns = {key: cells[first:last] for key, cells in (COLUMNS | changes).items()}
    return Dataset.of(columns, name)


def stored(**changes):
    return StoredTotals.of(cells_of(data(**changes), LAYOUT), "1" * 64)


def test_what_was_written_is_read_back():
    before = stored(w=["1.5", "0", "9e15", "1", "9e15", "3"])
    after = from_bytes(to_bytes(before, LAYOUT, SUM), LAYOUT, SUM, "tong")

    assert after.parts == before.parts == (Part("phieu.csv", "1" * 64, 6),)
    assert len(after.cells.sums) > 1
    np.testing.assert_array_equal(after.cells.sums, before.cells.sums)
    np.testing.assert_array_equal(after.cells.counts, before.cells.counts)
    assert list(after.cells.keys.columns) == list(before.cells.keys.columns)
    for name, column in before.cells.keys.columns.items():
        assert after.cells.keys.columns[name].labels == column.labels
        assert after.cells.keys.columns[name].codes.tolist() == column.codes.tolist()
    assert (after.cells.tick, after.cells.leaves) == (before.cells.tick, before.cells.leaves)


def test_new_responses_make_what_all_together_would_have_made():
    first = StoredTotals.of(cells_of(data(0, 4), LAYOUT), "1" * 64)
    read = from_bytes(to_bytes(first, LAYOUT, SUM), LAYOUT, SUM, "tong")
    together = read.with_rows(data(4, 6, "moi.csv"), LAYOUT, "2" * 64)
    every = stored()

    assert rows_of(together.cells) == 6
    assert [(part.name, part.rows) for part in together.parts] == [("phieu.csv", 4), ("moi.csv", 2)]
    same = replace(together, parts=every.parts)
    assert to_bytes(same, LAYOUT, SUM) == to_bytes(every, LAYOUT, SUM)
    design = design_of_cells(together.cells, DESIGN)
    result = compute_cells(INDEX, together.cells, (design, None), [("u",)])
    assert result.families[1].values.n.tolist() == [[3, 3, 2], [2, 1, 2]]


def test_the_same_responses_are_not_added_twice():
    with pytest.raises(Refusal, match=r"moi\.csv đã được cộng .* «phieu\.csv»"):
        stored().with_rows(data(name="moi.csv"), LAYOUT, "1" * 64)


def test_a_population_count_that_differs_from_the_stored_one_is_refused():
    together = stored().with_rows(data(0, 2, N=["7"] * 6), LAYOUT, "2" * 64)

    with pytest.raises(Refusal, match="số lượng tổng thể"):
        design_of_cells(together.cells, DESIGN)


def test_the_revision_does_not_depend_on_the_order_of_the_parts():
    one, two = stored(), stored()
    parts = (Part("a", "1" * 64, 1), Part("b", "2" * 64, 1))

    assert replace(one, parts=parts).revision == replace(two, parts=parts[::-1]).revision
    assert replace(one, parts=parts).revision != replace(two, parts=parts[:1]).revision


@pytest.mark.parametrize(
    ("layout", "checksum", "named"),
    [
        (LAYOUT, "d" * 64, "bản định nghĩa chỉ số «c{64}», không phải «d{64}»"),
        (replace(LAYOUT, index=INDEX.model_copy(update={"code": "k"})), SUM, "chỉ số «thu»"),
        (replace(LAYOUT, design=replace(DESIGN, stratum=None)), SUM, "cột tầng «h»"),
        (replace(LAYOUT, design=replace(DESIGN, psu=("j",))), SUM, "cột đơn vị chọn mẫu «i»"),
        (replace(LAYOUT, design=replace(DESIGN, weight=None)), SUM, "cột quyền số «w»"),
        (replace(LAYOUT, design=replace(DESIGN, fpc=())), SUM, "cột số lượng tổng thể «N»"),
        (replace(LAYOUT, families=(("u", "x"),)), SUM, "cột chia nhóm «u», không phải «u, x»"),
        (replace(LAYOUT, index=index_of(node("R", "ab"), leaf("a"), leaf("b"))), SUM, "cách xếp"),
    ],
)
def test_totals_of_something_else_are_refused_by_name(layout, checksum, named):
    content = to_bytes(stored(), LAYOUT, SUM)

    with pytest.raises(Refusal, match=f"Tệp tong: .*{named}"):
        from_bytes(content, layout, checksum, "tong")


def test_a_damaged_file_and_another_kind_of_file_are_refused():
    content = to_bytes(stored(), LAYOUT, SUM)
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    for wrong in (bytes(damaged), content[:-40], content + b"x"):
        with pytest.raises(Refusal, match="Tệp tong bị hỏng"):
            from_bytes(wrong, LAYOUT, SUM, "tong")
    with pytest.raises(Refusal, match="Tệp tong không phải bảng tổng"):
        from_bytes(b"unit,stratum\n1,2\n", LAYOUT, SUM, "tong")
