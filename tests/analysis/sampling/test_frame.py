"""A frame is read in one order, and what is missing in it is refused by the name of its stratum."""

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.sampling.frame import frame_of
from questionnaires.refusal import Refusal

GOOD = {
    "stratum": ["núi", "đồng bằng", "biển"],
    "unit": ["B", "A", "A"],
    "psus": [4, 10, 6],
    "population": [4000, 20000, 9000],
    "p": ["", 0.8, 0.9],
}


def frame(**changes):
    return frame_of(Dataset.of(GOOD | changes, "dàn.csv"))


def test_strata_stand_in_the_order_of_units_and_names_whatever_the_rows():
    there = frame()
    back = frame_of(Dataset.of({key: cells[::-1] for key, cells in GOOD.items()}, "dàn.csv"))

    assert there.stratum == back.stratum == ("biển", "đồng bằng", "núi")
    assert there.unit == back.unit == ("A", "A", "B")
    assert there.psus.tolist() == back.psus.tolist() == [6, 10, 4]
    assert np.isnan(there.rate[2])
    assert {unit: at.tolist() for unit, at in there.by_unit.items()} == {"A": [0, 1], "B": [2]}


def test_without_psus_people_are_drawn_directly():
    columns = {key: cells for key, cells in GOOD.items() if key not in ("psus", "unit")}
    direct = frame_of(Dataset.of(columns))

    assert direct.direct
    assert direct.psus.tolist() == [9000, 4000, 20000]
    assert direct.by_unit == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"population": [4000, "", 9000]}, "tầng «đồng bằng»: chưa có số liệu ở cột «population»"),
        ({"psus": [4, 10, 0]}, "dòng 4, tầng «biển»: cột «psus» phải là số nguyên từ 1"),
        ({"psus": [4, 10.5, 6]}, "tầng «đồng bằng»: cột «psus» phải là số nguyên"),
        ({"psus": ["bốn", 10, 6]}, "tầng «núi»: ô ở cột «psus» không phải là số"),
        ({"psus": [1, 10, 6]}, "dòng 2, tầng «núi»: chỉ có một đơn vị chọn mẫu"),
        ({"population": [3, 20000, 9000]}, "tầng «núi»: số dân .* ít hơn số đơn vị chọn mẫu"),
        ({"p": [80, 0.8, 0.9]}, "tầng «núi»: cột «p» phải lớn hơn 0 và nhỏ hơn 1"),
        ({"sd": [0.6, "", ""]}, "tầng «núi»: cột «sd» phải từ 0 đến 0.5"),
        ({"cost": [1, -1, 1]}, "tầng «đồng bằng»: cột «cost» phải lớn hơn 0"),
        ({"whole": [2, 0, 0]}, "tầng «núi»: cột «whole» chỉ ghi 0 hoặc 1"),
        ({"stratum": ["núi", "núi", "biển"]}, "dòng 3, tầng «núi»: tên tầng đã có ở dòng trước"),
        ({"stratum": ["núi", "", "biển"]}, "dòng 3: ô «stratum» còn trống"),
        ({"unit": ["", "A", "A"]}, "dòng 2: ô «unit» còn trống"),
    ],
)
def test_a_bad_cell_is_refused_by_the_name_of_its_stratum(changes, words):
    with pytest.raises(Refusal, match=words):
        frame(**changes)


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(Refusal, match="không có cột «population»"):
        frame_of(Dataset.of({"stratum": ["núi"], "psus": [4]}))


def test_a_single_psu_may_be_taken_whole():
    assert frame(psus=[1, 10, 6], whole=[1, 0, ""]).whole.tolist() == [False, False, True]
