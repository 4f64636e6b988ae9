"""Figures of unusual designs, weights and domains equal those of CRAN survey."""

import pytest

from analysis.design import DesignColumns, design_of
from analysis.estimate import Options
from analysis.index import compute_index
from tests.analysis.golden_cases import (
    differences,
    families_in,
    golden_data,
    golden_index,
    golden_rows,
)

STRATA = {"stratum": "stratum", "psu": ("psu",), "weight": "weight"}
FPC = STRATA | {"fpc": ("N_psu",)}
VILLAGES = {
    "stratum": "stratum",
    "psu": ("commune", "village"),
    "weight": "weight",
    "fpc": ("N1", "N2"),
}
RULES = ("average", "remove", "collapse")
CASES = [
    *(("rules", rule, STRATA, rule) for rule in RULES),
    *(("rules", f"{rule}_fpc", FPC, rule) for rule in RULES),
    *(("villages", rule, VILLAGES, rule) for rule in ("certainty", "adjust", "remove")),
    *(("edge", name, FPC | {"weight": name}, "fail") for name in ("mixed", "huge", "tiny")),
    ("apisrs", "default", {"weight": "pw", "fpc": ("fpc",)}, "fail"),
    ("apisrs", "replace", {"weight": "pw"}, "fail"),
    ("apisrs", "unweighted", {}, "fail"),
]
INTERVALS = [
    ("intervals", "kg", FPC, Options("kg")),
    ("intervals", "kg90", FPC, Options("kg", 0.90)),
    ("intervals", "kg_unstratified", {"psu": ("psu",), "weight": "weight"}, Options("kg")),
    ("intervals", "logit90", FPC, Options("logit", 0.90)),
    ("intervals", "t", FPC, Options("t")),
    ("edge", "mixed_kg", FPC | {"weight": "mixed"}, Options("kg")),
]


@pytest.mark.parametrize(("name", "case", "columns", "lonely"), CASES)
def test_every_figure_of_a_design_equals_that_of_survey(name, case, columns, lonely):
    data, rows = golden_data(name), golden_rows(f"{name}.expected", case)
    design = design_of(data, DesignColumns(**columns), lonely=lonely)

    result = compute_index(golden_index(name), (data, design), families_in(rows))

    assert differences(rows, result) == []


@pytest.mark.parametrize(("name", "case", "columns", "options"), INTERVALS)
def test_every_interval_equals_that_of_survey(name, case, columns, options):
    source = "clustered" if name == "intervals" else name
    data, rows = golden_data(source), golden_rows(f"{name}.expected", case)
    design = design_of(data, DesignColumns(**columns))

    index = golden_index(source)
    result = compute_index(index, (data, design), families_in(rows), options=options)

    assert differences(rows, result) == []


def test_the_strata_joined_are_named():
    data = golden_data("rules")

    with_counts = design_of(data, DesignColumns(**FPC), lonely="collapse")
    without = design_of(data, DesignColumns(**STRATA), lonely="collapse")

    assert with_counts.collapsed == (("1", "2"), ("3", "9"), ("20", "100", "B"))
    assert with_counts.lonely_names == ("1", "3", "9", "20", "B")
    assert without.collapsed == (("1", "2"), ("3", "9"), ("11", "20"), ("100", "B"))
