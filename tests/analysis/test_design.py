"""The sample design is read from columns, and what contradicts it is refused by name."""

import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from questionnaires.refusal import Refusal

BASE = {
    "h": ["A", "A", "A", "B", "B", "B"],
    "p": ["1", "1", "2", "1", "2", "2"],
    "w": ["1", "2", "1.5", "1", "1", "0"],
    "N": ["9", "9", "9", "4", "4", "4"],
}


def design(columns=None, *, lonely="fail", source="probability", **named):
    data = Dataset.of(BASE | (columns or {}), "x.csv")
    return design_of(data, DesignColumns(**named), source, lonely)


def test_a_psu_is_known_by_its_stratum_and_its_label():
    found = design(stratum="h", psu=("p",))

    assert found.unit.tolist() == [0, 0, 1, 2, 3, 3]
    assert found.stages[0].taken.tolist() == [2, 2]


def test_without_psu_each_row_is_one_and_without_stratum_there_is_one():
    found = design()

    assert len(set(found.unit.tolist())) == 6
    assert found.stages[0].taken.tolist() == [6]
    assert found.weights.values.tolist() == [1.0] * 6


def test_a_row_of_weight_zero_still_counts_as_a_sampled_psu():
    found = design({"w": ["1", "1", "1", "0", "1", "1"]}, stratum="h", psu=("p",), weight="w")

    assert found.stages[0].taken.tolist() == [2, 2]


def test_without_population_counts_only_the_first_stage_has_a_variance():
    assert len(design(psu=("h", "p")).stages) == 1
    assert len(design({"M": ["3"] * 6, "N": ["9"] * 6}, psu=("h", "p"), fpc=("N", "M")).stages) == 2


def test_a_census_has_taken_every_unit():
    stage = design(source="census").stages[0]

    assert stage.population.tolist() == [6.0]


@pytest.mark.parametrize(
    ("columns", "named", "words"),
    [
        ({"w": ["1", "-2", "1", "1", "1", "1"]}, {"weight": "w"}, ["x.csv", "dòng 3", "«w»", "-2"]),
        ({"w": ["1", "", "1", "1", "1", "1"]}, {"weight": "w"}, ["dòng 3", "«w»"]),
        ({"w": ["1", "inf", "1", "1", "1", "1"]}, {"weight": "w"}, ["dòng 3", "«w»"]),
        ({"h": ["A", None, "A", "B", "B", "B"]}, {"stratum": "h"}, ["dòng 3", "«h»", "trống"]),
        ({"p": ["1", "1", "", "1", "2", "2"]}, {"psu": ("p",)}, ["dòng 4", "«p»", "trống"]),
        (
            {"N": ["9", "8", "9", "4", "4", "4"]},
            {"stratum": "h", "psu": ("p",), "fpc": ("N",)},
            ["dòng 3", "«N»", "tầng «A»", "8", "khác với 9 ở dòng 2"],
        ),
        (
            {"N": ["8", "9", "9", "4", "4", "4"]},
            {"stratum": "h", "psu": ("p",), "fpc": ("N",)},
            ["dòng 3", "tầng «A»", "9", "khác với 8 ở dòng 2"],
        ),
        (
            {"N": ["9", "9", "9", "77.5", "77.5", "77.5"]},
            {"stratum": "h", "psu": ("p",), "fpc": ("N",)},
            ["x.csv", "dòng 5", "«N»", "77.5", "số nguyên"],
        ),
        (
            {"N": ["9"] * 6, "M": ["3", "3", "3", "3", "", "3"]},
            {"psu": ("h", "p"), "fpc": ("N", "M")},
            ["dòng 6", "«M»", "đơn vị «toàn bộ / B» thiếu"],
        ),
        ({"w": ["1", "1_0", "1", "1", "1", "1"]}, {"weight": "w"}, ["dòng 3", "«w»", "1_0"]),
        (
            {"w": ["1", "1", "\uff11\uff12", "1", "1", "1"]},
            {"weight": "w"},
            ["dòng 4", "«w»", "\uff11\uff12"],
        ),
        ({"w": ["1", "1e101", "1", "1", "1", "1"]}, {"weight": "w"}, ["dòng 3", "«w»", "1e101"]),
        ({"w": ["1", "1", "1e-101", "1", "1", "1"]}, {"weight": "w"}, ["dòng 4", "«w»", "1e-101"]),
        (
            {"N": ["9", "9", "9", "1", "1", "1"]},
            {"stratum": "h", "psu": ("p",), "fpc": ("N",)},
            ["dòng 5", "nhỏ hơn"],
        ),
        (
            {"N": ["9", "9", "", "4", "4", "4"]},
            {"stratum": "h", "psu": ("p",), "fpc": ("N",)},
            ["x.csv", "dòng 4", "«N»", "tầng «A» thiếu số lượng tổng thể"],
        ),
        ({}, {"stratum": "z"}, ["không có cột «z»"]),
        ({}, {"psu": ("p",), "fpc": ("N", "N")}, ["2 cột", "1 cấp"]),
        ({"p": ["1", "1", "1", "1", "2", "2"]}, {"stratum": "h", "psu": ("p",)}, ["1 tầng", ": A"]),
    ],
)
def test_what_contradicts_a_sample_is_refused_by_name(columns, named, words):
    with pytest.raises(Refusal) as refusal:
        design(columns, **named)

    assert all(word in str(refusal.value) for word in words), str(refusal.value)


def test_a_stratum_taken_whole_is_not_lonely():
    columns = {"p": ["1", "1", "1", "1", "2", "2"], "N": ["1", "1", "1", "4", "4", "4"]}

    assert design(columns, stratum="h", psu=("p",), fpc=("N",)).lonely_names == ()
