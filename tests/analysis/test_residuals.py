"""Calibrated estimates and their errors, against the formulas written out row by row."""

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.weights.calibrate import calibrated
from analysis.weights.margins import Margins
from tests.analysis.factories import index_of, leaf

COLUMNS = DesignColumns("h", ("psu",), "w")


def sample(seed=5, rows=120):
    rng = np.random.default_rng(seed)
    psu = rng.integers(0, 12, rows)
    return Dataset.of(
        {
            "h": [str(p % 2) for p in psu],
            "psu": [str(p) for p in psu],
            "w": [f"{w:.2f}" for w in rng.uniform(1, 30, rows)],
            "sex": rng.choice(["m", "f"], rows).tolist(),
            "area": rng.choice(["u", "r"], rows, p=[0.3, 0.7]).tolist(),
            "unit": rng.choice(["x", "y"], rows).tolist(),
            "q": rng.choice(["1", "4", "5", ""], rows).tolist(),
        }
    )


def margins(**totals):
    cells = [(name, c, t) for name, of in totals.items() for c, t in of.items()]
    return Margins.of(
        Dataset.of(
            {
                "margin": [cell[0] for cell in cells],
                "category": [cell[1] for cell in cells],
                "total": [str(cell[2]) for cell in cells],
            }
        )
    )


MARGINS = margins(sex={"m": 900, "f": 1100}, area={"u": 700, "r": 1300})


@pytest.mark.parametrize("method", ["rake", "linear"])
def test_the_error_is_that_of_the_residuals_with_design_weights(method):
    data = sample()
    design = calibrated(data, design_of(data, COLUMNS), MARGINS, method)
    result = compute_index(index_of(leaf("q")), (data, design), [("unit",)])
    base = data.numbers("w")
    g = design.calibration.factor[design.calibration.cell]
    x = design.calibration.auxiliary[design.calibration.cell]
    labels = {
        name: np.array(data.column(name).labels)[data.column(name).codes]
        for name in ("q", "unit", "psu", "h")
    }
    valid = data.column("q").codes >= 0
    favourable = (labels["q"] == "4") | (labels["q"] == "5")

    for family in result.families:
        for d, label in enumerate(family.family.labels):
            inside = valid & ((labels["unit"] == label[0]) if label else True)
            below = (g * base * inside).sum()
            rate = (g * base * inside * favourable).sum() / below
            u = inside * (favourable - rate) / below
            b = np.linalg.lstsq(x * np.sqrt(base)[:, None], u * np.sqrt(base), rcond=None)[0]
            e = g * base * (u - x @ b)
            variance = 0.0
            for h in "01":
                psus = np.unique(labels["psu"][labels["h"] == h])
                totals = np.array([e[labels["psu"] == p].sum() for p in psus])
                variance += len(psus) / (len(psus) - 1) * ((totals - totals.mean()) ** 2).sum()
            assert family.values.exact[d, 0] == pytest.approx(rate, rel=1e-12)
            assert family.se[d, 0] == pytest.approx(np.sqrt(variance), rel=1e-9)
            assert family.covariance(d)[0, 0] == pytest.approx(variance, rel=1e-9)
            assert family.between(0)[d, d] == pytest.approx(variance, rel=1e-9)


def test_the_covariance_of_calibrated_domains_makes_the_error_of_their_difference():
    data = sample()
    design = calibrated(data, design_of(data, COLUMNS), MARGINS, "rake")
    family = compute_index(index_of(leaf("q")), (data, design), [("unit",)]).families[1]

    scores = [family.psu_scores(d)[:, 0] for d in (0, 1)]
    parent = design.stages[0].parent
    covariance = 0.0
    for h in (0, 1):
        a, b = (score[parent == h] - score[parent == h].mean() for score in scores)
        covariance += len(a) / (len(a) - 1) * (a * b).sum()

    assert family.between(0)[0, 1] == pytest.approx(covariance, rel=1e-9)


def test_what_the_margins_fix_has_no_error():
    data = sample()
    design = calibrated(data, design_of(data, COLUMNS), MARGINS, "linear")
    index = index_of(leaf("sex"), favourable=("m",), scale=("m", "f"))
    family = compute_index(index, (data, design)).families[0]

    assert family.values.exact[0, 0] == pytest.approx(0.45, rel=1e-12)
    assert family.se[0, 0] == pytest.approx(0, abs=1e-12)


def test_the_order_of_the_rows_changes_no_digit():
    data = sample()
    order = np.random.default_rng(1).permutation(data.rows)
    cells = {
        n: [c.labels[k] if k >= 0 else "" for k in c.codes[order]] for n, c in data.columns.items()
    }
    results = []
    for d in (data, Dataset.of(cells)):
        design = calibrated(d, design_of(d, COLUMNS), MARGINS, "rake")
        families = compute_index(index_of(leaf("q")), (d, design), [("unit",)]).families
        results.append(
            [(f.values.exact.tolist(), f.se.tolist(), f.deff.tolist()) for f in families]
        )

    assert results[0] == results[1]
