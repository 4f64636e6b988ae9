"""Changes between years, differences of units and their ranks equal those of CRAN survey."""

import math

import numpy as np
import pytest

from analysis.compare.change import changes_of
from analysis.compare.differences import differences_of
from analysis.compare.pairs import compared
from analysis.compare.ranks import Ranking, rank_table, ranks_of
from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.weights.calibrate import calibrated
from analysis.weights.margins import Margins
from tests.analysis.golden_cases import golden_data, golden_index, golden_rows

STRATA = {"stratum": "stratum", "psu": ("psu",), "weight": "weight"}
RATERS = STRATA | {"psu": ("rater",)}
FPC = STRATA | {"fpc": ("N_psu",)}
STAGES = {"stratum": "stratum", "psu": ("commune", "village"), "weight": "weight"}
TWO_STAGES = STAGES | {"fpc": ("N1", "N2")}
SOURCES = {
    "league": ("league", RATERS, "fail"),
    "league_fpc": ("league", RATERS | {"fpc": ("N",)}, "fail"),
    "clustered": ("clustered", FPC, "fail"),
    "calibrated": ("calibrated", FPC, "fail"),
    "rules_adjust": ("rules", FPC, "adjust"),
    "villages_adjust": ("villages", TWO_STAGES, "adjust"),
}
P_VALUES = {"p": "p", "p_holm": "p_adjusted"}


def by_unit(index, name, columns, margins=None, lonely="fail"):
    data = golden_data(name)
    design = design_of(data, DesignColumns(**columns), lonely=lonely)
    if margins is not None:
        design = calibrated(data, design, margins_in(margins, name))
    column = "sex" if name == "villages" else "unit"
    return compute_index(golden_index(index), (data, design), [(column,)])


def margins_in(file, name):
    """The margins of one data set: units in two years, or sex and age."""
    rows = [r for r in golden_rows(file) if r.get("data", name) == name]
    rows = [row for row in rows if row["margin"] in ("unit", "sex", "age")]
    columns = {key: [row[key] for row in rows] for key in ("margin", "category", "total")}
    return Margins.of(Dataset.of(columns, f"{file}.csv"))


def close(value, text, tolerance=1e-9):
    return math.isclose(value, float(text), rel_tol=tolerance, abs_tol=1e-12)


@pytest.mark.parametrize("case", ["panel", "panel_fpc", "fresh", "fresh_fpc", "post_fpc"])
def test_every_change_between_two_years_equals_that_of_survey(case):
    columns = STRATA | ({"fpc": ("N_psu",)} if case.endswith("_fpc") else {})
    earlier = "years_fresh" if case.startswith("fresh") else "years_panel"
    margins = "years_margins" if case == "post_fpc" else None
    now = by_unit("years", "years_now", columns, margins)
    before = by_unit("years", earlier, columns, margins)

    found = {("".join(row.domain), row.node): row for row in changes_of(now, before)}

    rows = golden_rows("years.expected", case)
    assert len(rows) == len(found)
    wrong = []
    for row in rows:
        change = found[row["unit"], row["node"]]
        figures = [
            ("change", change.change, 1e-9),
            ("se", change.change_se, 1e-9),
            ("df", change.change_df, 0.0),
            ("ci_low", change.change_ci_low, 1e-7),
            ("ci_high", change.change_ci_high, 1e-7),
            ("p", change.change_p, 1e-7),
        ]
        wrong += [
            (row["unit"], row["node"], key, value, row[key])
            for key, value, tolerance in figures
            if not close(value, row[key], tolerance)
        ]
    assert wrong == []


@pytest.mark.parametrize("case", SOURCES)
@pytest.mark.parametrize("against", ["all", "mean"])
def test_every_difference_of_units_that_share_people_equals_that_of_survey(case, against):
    of_mean = against == "mean"
    rows = [r for r in golden_rows("pairs.expected", case) if (r["b"] == "mean") == of_mean]
    assert rows
    wrong = []
    for node in dict.fromkeys(row["node"] for row in rows):
        field, names = field_of(case, node)
        found = {
            (names[row.domain], "mean" if row.reference is None else names[row.reference]): row
            for row in differences_of(field, against, "holm")
        }
        bh = differences_of(field, against, "bh")
        of_bh = dict(zip(found, [row.p_adjusted for row in bh], strict=True))
        expected = [row for row in rows if row["node"] == node]
        assert len(expected) == len(found)
        for row in expected:
            pair = (row["a"], row["b"])
            figures = {"difference": found[pair].difference, "se": found[pair].se}
            if not of_mean:
                figures |= {"df": found[pair].df, "p_bh": of_bh[pair]}
                figures |= {key: getattr(found[pair], name) for key, name in P_VALUES.items()}
            wrong += [
                (node, *pair, key, value, row[key])
                for key, value in figures.items()
                if not close(value, row[key], 1e-7 if key.startswith("p") else 1e-9)
            ]
    assert wrong == []


@pytest.mark.parametrize("case", SOURCES)
def test_ranks_and_their_bonferroni_intervals_equal_those_worked_out_in_r(case):
    result = result_of(case)
    codes = [part.code for part in result.parts]
    family = result.families[-1]
    names = ["".join(labels) for labels in family.family.labels]
    shown = np.array([unit != "isle" for unit in names])
    rows = golden_rows("pairs_ranks.expected", case)
    assert rows
    wrong = []
    for row in rows:
        part, d = codes.index(row["node"]), names.index(row["unit"])
        ranks = ranks_of(family, part, shown, 0.95, Ranking())
        found = {"rank": ranks.rank[d], "low": ranks.low[d], "high": ranks.high[d]}
        found["dense"] = ranks_of(family, part, shown, 0.95, Ranking("dense")).rank[d]
        wrong += [
            (row["node"], row["unit"], key, value, row[key])
            for key, value in found.items()
            if value != int(row[key])
        ]
    assert wrong == []


def test_rank_intervals_by_drawing_are_no_wider_than_bonferroni_ones():
    field, _ = field_of("league", "TOTAL")

    table = rank_table(field, 0.95, Ranking(form="max-t"))

    drawn = table.simultaneous[1] - table.simultaneous[0]
    assert (drawn <= table.bonferroni[1] - table.bonferroni[0]).all()
    assert (table.marginal[1] - table.marginal[0] <= drawn).all()


def result_of(case):
    name, columns, lonely = SOURCES[case]
    margins = "calibrated_margins" if case == "calibrated" else None
    return by_unit(name, name, columns, margins, lonely)


def field_of(case, node):
    """What is compared in a case, and the names of the domains; `isle` has too few people."""
    result = result_of(case)
    part = [part.code for part in result.parts].index(node)
    family = result.families[-1]
    names = ["".join(labels) for labels in family.family.labels]
    return compared(family, part, np.array([unit != "isle" for unit in names])), names
