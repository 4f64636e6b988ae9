"""Margins are read exactly, and whatever contradicts itself or the data is refused by name."""

from fractions import Fraction

import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.weights.margins import Margins, cells_of, targets_of
from questionnaires.refusal import Refusal

DATA = {
    "sex": ["male", "female", "female", "male", "female", ""],
    "area": ["urban", "urban", "rural", "rural", "rural", "urban"],
    "band": ["10", "9", "10", "9", "9", "9"],
    "w": ["2", "0.1", "0.2", "1", "3", "0"],
}
SEX = [("sex", "male", "10"), ("sex", "female", "20")]
AREA = [("area", "urban", "12"), ("area", "rural", "18")]


def table(*rows):
    names = ("margin", "category", "total")
    return Dataset.of({name: [row[i] for row in rows] for i, name in enumerate(names)}, "bien.csv")


def held(*rows, **columns):
    data = Dataset.of(DATA | columns, "mau.csv")
    design = design_of(data, DesignColumns(weight="w"))
    margins = Margins.of(table(*rows))
    cells = cells_of(data, design, margins)
    return cells, targets_of(data, cells, margins)


def refused(words, *rows, **columns):
    with pytest.raises(Refusal) as refusal:
        held(*rows, **columns)
    assert [word for word in words if word not in str(refusal.value)] == []


def test_totals_are_kept_exactly_and_categories_in_natural_order():
    margins = Margins.of(table(("band", " 10.0 ", "0.1"), ("band", "9", "1"), ("area", "x", "1.1")))

    assert [margin.name for margin in margins.margins] == ["area", "band"]
    assert dict(margins.margins[1].totals) == {("9",): 1, ("10",): Fraction(1, 10)}
    assert list(margins.margins[1].totals) == [("9",), ("10",)]
    assert margins.margins[1].rows == {("10",): 2, ("9",): 3}


def test_a_margin_may_cross_columns():
    cells, targets = held(
        ("sex:area", "male:urban", "1"),
        ("sex : area", " female:urban", "2"),
        ("sex:area", "female:rural", "3"),
        ("sex:area", "male:rural", "4"),
    )

    assert cells.labels == (
        ("female", "rural"),
        ("female", "urban"),
        ("male", "rural"),
        ("male", "urban"),
    )
    assert cells.total.tolist() == [3.2, 0.1, 1.0, 2.0]
    assert cells.number.tolist() == [3, 1, 0, 2, 0, -1]
    assert targets.auxiliary.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert targets.wanted.tolist() == [3, 2, 4, 1]


def test_neither_the_order_of_margins_nor_of_rows_matters():
    cells, targets = held(*SEX, *AREA)
    other_cells, other = held(*reversed([*SEX, *AREA]))

    assert cells.labels == other_cells.labels
    assert targets.auxiliary.tolist() == other.auxiliary.tolist()
    assert targets.wanted.tolist() == other.wanted.tolist()


def test_a_category_of_total_zero_without_respondents_is_left_out():
    _, targets = held(*SEX, ("sex", "other", "0"))

    assert targets.names == (("sex", "female"), ("sex", "male"))


def test_margins_that_agree_within_rounding_are_brought_to_one_total():
    _, targets = held(*SEX, ("area", "urban", "12"), ("area", "rural", "18.00000001"))

    assert targets.given.tolist() == [18.00000001, 12, 20, 10]
    assert targets.wanted[:2].sum() == pytest.approx(targets.wanted[2:].sum(), rel=1e-15)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*SEX, ("sex", "male", "3")], ["dòng 4", "«male»", "dòng 2"]),
        ([("sex", "male", "-1")], ["dòng 2", "«total»", "-1"]),
        ([("sex", "male", "")], ["dòng 2", "«total»"]),
        ([("sex", "male", "inf")], ["dòng 2", "«total»"]),
        ([("", "male", "1")], ["dòng 2", "«margin»"]),
        ([("sex", "", "1")], ["dòng 2", "«category»"]),
        ([*SEX, ("sex:area", "male", "1")], ["dòng 4", "«male»", "«sex:area»"]),
        ([("sex", "male:urban", "1")], ["dòng 2", "«male:urban»", "«sex»"]),
        ([("sex:area", "male:", "1")], ["dòng 2", "«male:»"]),
        ([("sex", "male", "1e-999999999")], ["«sex»"]),
        (
            [*SEX, ("area", "urban", "12"), ("area", "rural", "18.0000001")],
            ["«sex»", "«area»", "cộng thành 30;", "30.0000001"],
        ),
    ],
)
def test_a_file_of_margins_that_cannot_be_is_refused_by_name(rows, words):
    refused(["bien.csv", *words], *rows)


def test_a_file_without_margins_is_refused():
    with pytest.raises(Refusal, match="không có dòng dữ liệu nào"):
        Margins.of(table())


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ([("age", "old", "30")], {}, ["bien.csv", "dòng 2", "«age»", "mau.csv"]),
        (
            [("sex", "male", "30")],
            {},
            ["mau.csv", "dòng 3", "«sex»", "«female»", "bien.csv"],
        ),
        (
            [*SEX, ("sex", "other", "5")],
            {},
            ["bien.csv", "dòng 4", "«sex»", "«other»", "không có phiếu nào"],
        ),
        ([("sex", "male", "0"), SEX[1]], {}, ["bien.csv", "dòng 2", "«male»", "tổng 0", "mau.csv"]),
        (
            SEX,
            {"w": ["1", "1", "1", "1", "1", "1"]},
            ["mau.csv", "dòng 7", "«sex»", "để trống"],
        ),
        (SEX, {"w": ["0"] * 6}, ["mau.csv", "quyền số dương"]),
    ],
)
def test_margins_and_data_that_contradict_each_other_are_refused_by_name(rows, columns, words):
    refused(words, *rows, **columns)


def test_a_row_of_weight_zero_may_belong_to_no_category():
    cells, _ = held(*SEX, sex=["male", "female", "female", "male", "female", "unknown"])

    assert cells.number[-1] == -1
