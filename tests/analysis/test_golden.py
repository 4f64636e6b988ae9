"""Estimates, standard errors, intervals and design effects equal those of CRAN survey."""

import csv
import math
from pathlib import Path

import pytest

from analysis.dataset import read_csv
from analysis.design import DesignColumns, design_of
from analysis.estimate import Options
from analysis.index import compute_index
from questionnaires.check import problems_in_index
from questionnaires.load import load_index

GOLDEN = Path(__file__).parent / "golden"
CLUSTERED = {"stratum": "stratum", "psu": ("psu",), "weight": "weight"}
WITH_FPC = CLUSTERED | {"fpc": ("N_psu",)}
TWO_STAGES = {"stratum": "stratum", "psu": ("commune", "village"), "weight": "weight"}
CASES = [
    ("clustered", "default", WITH_FPC),
    ("clustered", "no_fpc", CLUSTERED),
    ("clustered", "weights_only", {"weight": "weight"}),
    ("clustered", "unstratified", {"psu": ("psu",), "weight": "weight"}),
    ("clustered", "t90", WITH_FPC),
    ("twostage", "both_fpc", TWO_STAGES | {"fpc": ("N1", "N2")}),
    ("twostage", "first_fpc", TWO_STAGES | {"fpc": ("N1",)}),
    ("lonely", "certainty", CLUSTERED),
    ("lonely", "adjust", CLUSTERED),
    ("lonely", "certainty_fpc", WITH_FPC),
    ("lonely", "adjust_fpc", WITH_FPC),
    ("apistrat", "default", {"stratum": "stype", "weight": "pw", "fpc": ("fpc",)}),
    ("apiclus1", "default", {"psu": ("dnum",), "weight": "pw", "fpc": ("fpc",)}),
    ("apiclus2", "default", {"psu": ("dnum", "snum"), "weight": "pw", "fpc": ("fpc1", "fpc2")}),
]
TOLERANCE = 1e-9


@pytest.mark.parametrize(
    ("name", "case", "columns"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_figure_equals_that_of_survey(name, case, columns):
    index = load_index(GOLDEN / f"{name}.toml").definition
    assert problems_in_index(index) == []
    with (GOLDEN / f"{name}.csv").open("rb") as stream:
        data = read_csv(stream, name)
    lonely = case.removesuffix("_fpc") if name == "lonely" else "fail"
    design = design_of(data, DesignColumns(**columns), lonely=lonely)
    expected = [row for row in _expected(name) if row["case"] == case]
    by = sorted({row["by"] for row in expected if row["by"]})
    options = Options("t", 0.90) if case == "t90" else Options()

    result = compute_index(index, (data, design), [(column,) for column in by], options=options)

    found = _found(result)
    assert len(expected) == len(found)
    wrong = [
        (row["by"], row["domain"], row["node"], key, value, row[key])
        for row in expected
        for key, value in found[row["by"], row["domain"], row["node"]].items()
        if not _agrees(key, value, row[key])
    ]
    assert wrong == []


def test_the_rule_fail_names_the_strata_with_one_psu():
    with (GOLDEN / "lonely.csv").open("rb") as stream:
        data = read_csv(stream, "lonely.csv")

    with pytest.raises(ValueError, match="chỉ có một đơn vị chọn mẫu") as refusal:
        design_of(data, DesignColumns(stratum="stratum", psu=("psu",), weight="weight"))

    lonely = design_of(data, DesignColumns(**CLUSTERED), lonely="adjust").lonely_names
    assert len(lonely) == 2
    assert all(stratum in str(refusal.value) for stratum in lonely)


def _expected(name):
    with (GOLDEN / f"{name}.expected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _found(result):
    found = {}
    for family in result.families:
        for d, labels in enumerate(family.family.labels):
            for p, part in enumerate(result.parts):
                found["".join(family.family.columns), "".join(labels), part.code] = {
                    "estimate": family.values.exact[d, p],
                    "se": family.se[d, p],
                    "df": family.df[d, p],
                    "ci_low": family.ci_low[d, p],
                    "ci_high": family.ci_high[d, p],
                    "n": family.values.n[d, p],
                    "deff": family.deff[d, p],
                    "deff_replace": family.deff_replace[d, p],
                }
    return found


def _agrees(key, value, text):
    if text == "":  # R has no value: nothing is asserted of a design effect, all else is undefined
        return key.startswith("deff") or math.isnan(value)
    return math.isclose(value, float(text), rel_tol=TOLERANCE, abs_tol=1e-12)
