"""Jackknife standard errors equal those of CRAN survey."""

import pytest

from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.replicates import jackknife
from tests.analysis.golden_cases import (
    agrees,
    families_in,
    golden_data,
    golden_index,
    golden_rows,
)

STRATA = {"stratum": "stratum", "psu": ("psu",), "weight": "weight"}
STAGES = {
    "stratum": "stratum",
    "psu": ("commune", "village"),
    "weight": "weight",
    "fpc": ("N1", "N2"),
}
CASES = [
    ("clustered", "clustered", STRATA),
    ("clustered", "clustered_fpc", STRATA | {"fpc": ("N_psu",)}),
    ("twostage", "twostage_fpc", STAGES),
]


@pytest.mark.parametrize(("name", "case", "columns"), CASES)
def test_every_jackknife_error_equals_that_of_survey(name, case, columns):
    data, rows = golden_data(name), golden_rows("jackknife.expected", case)
    design = design_of(data, DesignColumns(**columns))

    result = compute_index(golden_index(name), (data, design), families_in(rows))

    found = {
        ("".join(family.family.columns), "".join(labels), part.code): errors[d, p]
        for family in result.families
        for errors in [jackknife(family)]
        for d, labels in enumerate(family.family.labels)
        for p, part in enumerate(result.parts)
    }
    assert len(rows) == len(found)
    places = [((row["by"], row["domain"], row["node"]), row["se_jkn"]) for row in rows]
    wrong = [
        (*place, found[place], error)
        for place, error in places
        if not agrees("se", found[place], error)
    ]
    assert wrong == []
