"""Figures under calibrated weights equal those of CRAN survey."""

import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.weights.calibrate import calibrated
from analysis.weights.margins import Margins
from tests.analysis.golden_cases import (
    differences,
    families_in,
    figures_of,
    golden_data,
    golden_index,
    golden_rows,
)

STRATA = {"stratum": "stratum", "psu": ("psu",), "weight": "weight"}
FPC = STRATA | {"fpc": ("N_psu",)}
SCHOOLS = {"psu": ("dnum",), "weight": "pw", "fpc": ("fpc",)}
POST, TWO, THREE = ("sex:area",), ("sex", "age"), ("sex:area", "age", "schooling")
WIDE = (0.3, 3.0)
CASES = [
    ("calibrated", "post", STRATA, POST, "poststratify", None),
    ("calibrated", "post", STRATA, POST, "rake", None),
    ("calibrated", "post", STRATA, POST, "linear", None),
    ("calibrated", "post_fpc", FPC, POST, "poststratify", None),
    ("calibrated", "rake2", STRATA, TWO, "rake", None),
    ("calibrated", "rake3", STRATA, THREE, "rake", None),
    ("calibrated", "rake3_fpc", FPC, THREE, "rake", None),
    ("calibrated", "linear", STRATA, THREE, "linear", None),
    ("calibrated", "logit", STRATA, THREE, "rake", WIDE),
    ("calibrated", "logit_fpc", FPC, THREE, "rake", WIDE),
    ("calibrated", "truncated", STRATA, THREE, "linear", (0.6, 2.0)),
    ("apirake", "post", SCHOOLS, ("stype",), "poststratify", None),
    ("apirake", "rake", SCHOOLS, ("stype", "sch.wide"), "rake", None),
]

TWO_STAGES = {"stratum": "stratum", "psu": ("commune", "village"), "weight": "weight"}
STAGES = TWO_STAGES | {"fpc": ("N1", "N2")}
LONELY = [
    ("villages", STAGES, "certainty"),
    ("villages", STAGES, "adjust"),
    ("twostage", STAGES, "fail"),
    ("rules", STRATA, "average"),
    ("rules", FPC, "average"),
    ("rules", STRATA, "adjust"),
    ("rules", FPC, "adjust"),
]


@pytest.mark.parametrize(("name", "case", "columns", "wanted", "method", "bounds"), CASES)
def test_every_figure_under_calibrated_weights_equals_that_of_survey(
    name, case, columns, wanted, method, bounds
):
    source = "apiclus1" if name == "apirake" else name
    data, rows = golden_data(source), golden_rows(f"{name}.expected", case)
    base = design_of(data, DesignColumns(**columns))
    design = calibrated(data, base, margins_of(name, wanted), method, bounds)

    result = compute_index(golden_index(source), (data, design), families_in(rows))

    assert differences(rows, result) == []


@pytest.mark.parametrize(("name", "columns", "lonely"), LONELY)
def test_calibration_goes_with_stages_and_with_strata_of_one_unit(name, columns, lonely):
    case = name if lonely == "fail" else f"{name}_{lonely}"
    case += "_fpc" if columns == FPC else ""
    data, rows = golden_data(name), golden_rows("calibrated_lonely.expected", case)
    totals = [row for row in golden_rows("calibrated_lonely_margins") if row["data"] == name]
    base = design_of(data, DesignColumns(**columns), lonely=lonely)
    design = calibrated(data, base, margins_from(totals), "rake")

    result = compute_index(golden_index(name), (data, design), families_in(rows))

    assert differences(rows, result) == []


def test_rows_without_weight_and_the_order_of_rows_change_nothing():
    rows = golden_rows("calibrated")
    idle = [row | {"weight": "0", "sex": "", "age": "18-34"} for row in rows[::9]]
    expected = golden_rows("calibrated.expected", "rake3_fpc")

    def computed(rows):
        data = Dataset.of({name: [row[name] for row in rows] for name in rows[0]})
        base = design_of(data, DesignColumns(**FPC))
        design = calibrated(data, base, margins_of("calibrated", THREE), "rake")
        return compute_index(golden_index("calibrated"), (data, design), families_in(expected))

    assert differences(expected, computed([*rows, *idle])) == []
    assert figures_of(computed(rows[::-1])) == figures_of(computed(rows))


def margins_of(name, wanted):
    rows = [row for row in golden_rows(f"{name}_margins") if row["margin"] in wanted]
    assert {row["margin"] for row in rows} == set(wanted)
    return margins_from(rows)


def margins_from(rows):
    columns = {key: [row[key] for row in rows] for key in ("margin", "category", "total")}
    return Margins.of(Dataset.of(columns, "margins.csv"))
