"""Calibrated weights equal those of CRAN survey, hit their margins and know their limits."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.weights.base import final_weights, kish, weights_document
from analysis.weights.calibrate import calibrated
from analysis.weights.margins import Margins
from questionnaires.refusal import Refusal

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "poststratify": ("poststratify", None),
    "rake": ("rake", None),
    "linear": ("linear", None),
    "logit": ("rake", (0.5, 1.75)),
    "truncated": ("linear", (0.55, 1.62)),
}
BY = ("sex", "area", "age", "ethnicity")
COLUMNS = (*BY, "weight")
ONE = ([("x", "u", 1.0)], [("a", "x", 1)])
# Every category needs a factor of at most 1.4, but not all of them together.
OPPOSED = (
    [("x", "u", 9.0), ("x", "v", 1.0), ("y", "u", 1.0), ("y", "v", 9.0)],
    [("a", "x", 14), ("a", "y", 6), ("b", "u", 6), ("b", "v", 14)],
)
METHODS = [("rake", None), ("linear", None), ("rake", (0.1, 9.0)), ("linear", (0.1, 9.0))]


def margins_of(rows):
    names = ("margin", "category", "total")
    return Margins.of(
        Dataset.of({name: [str(row[i]) for row in rows] for i, name in enumerate(names)}, "bien")
    )


def sampled(rows):
    """A data set of (a, b, weight) rows and its design."""
    data = Dataset.of(
        {
            "a": [row[0] for row in rows],
            "b": [row[1] for row in rows],
            "w": [repr(row[2]) for row in rows],
        },
        "mau",
    )
    return data, design_of(data, DesignColumns(weight="w"), lonely="remove")


def golden_rows(name):
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("case", CASES)
def test_every_factor_equals_that_of_survey(case):
    method, bounds = CASES[case]
    data = Dataset.of({name: [row[name] for row in golden_rows("weights")] for name in COLUMNS})
    totals = [
        tuple(row.values())
        for row in golden_rows("weights_margins")
        if case != "poststratify" or row["margin"] == "sex:area"
    ]
    design = design_of(data, DesignColumns(weight="weight"))

    found = calibrated(data, design, margins_of(totals), method, bounds)

    expected = {
        tuple(row[name] for name in BY): float(row["g"])
        for row in golden_rows("weights.expected")
        if row["case"] == case
    }
    factor = found.calibration.factor[found.calibration.cell]
    cells = [tuple(row[name] for name in BY) for row in golden_rows("weights")]
    assert set(cells) == set(expected)
    assert factor.tolist() == pytest.approx([expected[cell] for cell in cells], rel=1e-9)
    record = found.calibration.record
    assert record["largest_margin_error"] < 1e-12
    ends = [min(expected.values()), max(expected.values())]
    assert [record["g_min"], record["g_max"]] == pytest.approx(ends, rel=1e-9)
    at_bound = [g for g in expected.values() if bounds and min(abs(g - b) for b in bounds) < 1e-9]
    assert record["trimmed_cells"] == len(at_bound)
    assert (case == "truncated") == bool(at_bound)


def test_the_record_says_what_was_done_and_is_ready_for_json():
    data, design = sampled([("x", "u", 1.0), ("x", "v", 3.0), ("y", "u", 2.0), ("z", "v", 0.0)])
    found = calibrated(data, design, margins_of([("a", "x", 6), ("a", "y", 2)]), "poststratify")

    record = json.loads(json.dumps(weights_document((data, found))))["calibration"]

    assert record == {
        "method": "poststratify",
        "bounds": None,
        "margins": ["a"],
        "cells": 2,
        "iterations": 0,
        "largest_margin_error": 0.0,
        "g_min": 1.0,
        "g_max": 1.5,
        "kish_before": pytest.approx(kish(np.array([1.0, 3.0, 2.0]))),
        "kish_after": pytest.approx(kish(np.array([1.5, 4.5, 2.0]))),
        "trimmed_cells": 0,
    }
    assert found.calibration.cell.tolist() == [0, 0, 1, -1]
    assert found.calibration.auxiliary.tolist() == [[1, 0], [0, 1]]
    assert final_weights(found).tolist() == [1.5, 4.5, 2.0, 0.0]


def test_single_weights_are_not_known_where_rows_are_totals_of_responses():
    data, design = sampled([("x", "u", 1.0), ("x", "v", 3.0), ("y", "u", 2.0)])
    margins = margins_of([("a", "x", 6), ("a", "y", 2)])
    of_rows = calibrated(data, design, margins).calibration
    cells = replace(design, responses=np.array([1, 2, 1]))
    of_cells = calibrated(data, cells, margins).calibration

    unknown = {"kish_before": None, "kish_after": None}
    assert of_cells.record == {**of_rows.record, **unknown}
    assert of_cells.factor.tolist() == of_rows.factor.tolist()


ROWS = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("uv"), st.integers(1, 5000)),
    max_size=30,
).map(
    # Every combination occurs, so that margins of a positive table can be met.
    lambda rows: [
        (a, b, w / 100 if w % 2 else w / 7)
        for a, b, w in [*rows, *((a, b, 70) for a in "xyz" for b in "uv")]
    ]
)
FACTORS = st.lists(st.floats(0.5, 2), min_size=6, max_size=6)


def crossed_margins(rows, factors):
    """Margins of a population in which each combination has its own factor."""
    grown = dict(zip([a + b for a in "xyz" for b in "uv"], factors, strict=True))
    totals = {}
    for a, b, weight in rows:
        for key in (("a", a), ("b", b)):
            totals[key] = totals.get(key, 0) + weight * grown[a + b]
    return margins_of([(margin, label, repr(total)) for (margin, label), total in totals.items()])


@given(ROWS, FACTORS, st.sampled_from(METHODS))
@settings(deadline=None)
def test_calibrated_weights_add_up_to_their_margins(rows, factors, how):
    data, design = sampled(rows)
    margins = crossed_margins(rows, factors)
    try:
        weights = final_weights(calibrated(data, design, margins, *how))
    except Refusal as refusal:
        assume("không dùng làm quyền số" not in str(refusal))  # linear may want a negative factor
        raise

    for margin in margins.margins:
        for (label,), total in margin.totals.items():
            at = [i for i, row in enumerate(rows) if row["ab".index(margin.name)] == label]
            assert weights[at].sum() == pytest.approx(float(total), rel=1e-9)
    assert weights.min() >= 0
    if how[1]:
        factor = weights / np.array([row[2] for row in rows])
        assert factor.min() >= 0.1 - 1e-12
        assert factor.max() <= 9 + 1e-12


@given(ROWS, FACTORS, st.sampled_from(METHODS), st.randoms())
@settings(deadline=None)
def test_shuffled_rows_give_the_same_digits(rows, factors, how, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    margins = crossed_margins(rows, factors)

    def run(positions):
        data, design = sampled([rows[i] for i in positions])
        try:
            return calibrated(data, design, margins, *how)
        except Refusal:
            assume(False)

    one, other = run(range(len(rows))), run(order)
    assert final_weights(other).tolist() == final_weights(one)[order].tolist()
    assert other.calibration.record == one.calibration.record


@given(ROWS, FACTORS, st.sampled_from([("rake", None), ("linear", None)]), st.floats(1e-3, 1e6))
@settings(deadline=None)
def test_the_scale_of_base_weights_does_not_matter_without_bounds(rows, factors, how, scale):
    margins = crossed_margins(rows, factors)
    try:
        one = final_weights(calibrated(*sampled(rows), margins, *how))
    except Refusal:
        assume(False)
    other = calibrated(*sampled([(a, b, w * scale) for a, b, w in rows]), margins, *how)

    assert final_weights(other).tolist() == pytest.approx(one.tolist(), rel=1e-9)


@given(ROWS, FACTORS)
@settings(deadline=None)
def test_with_one_margin_all_methods_are_post_stratification(rows, factors):
    data, design = sampled(rows)
    both = crossed_margins(rows, factors)
    one = Margins(both.name, both.margins[:1])

    expected = final_weights(calibrated(data, design, one, "poststratify")).tolist()

    for how in METHODS:
        weights = final_weights(calibrated(data, design, one, *how))
        assert weights.tolist() == pytest.approx(expected, rel=1e-10)


def test_raking_finds_the_table_that_iterative_fitting_finds():
    rows = [("x", "u", 10.0), ("x", "v", 20.0), ("y", "u", 30.0), ("y", "v", 5.0)]
    wanted = [("a", "x", 400), ("a", "y", 600), ("b", "u", 990), ("b", "v", 10)]
    fitted = np.array([[10.0, 20.0], [30.0, 5.0]])
    for _ in range(200):
        fitted *= np.array([[400.0], [600.0]]) / fitted.sum(axis=1, keepdims=True)
        fitted *= np.array([990.0, 10.0]) / fitted.sum(axis=0)

    weights = final_weights(calibrated(*sampled(rows), margins_of(wanted), "rake"))

    assert weights.tolist() == pytest.approx(fitted.ravel().tolist(), rel=1e-11)


def test_base_weights_far_from_the_population_are_no_obstacle():
    rows = [("x", "u", 1.0), ("x", "v", 1e-6), ("y", "u", 3e15), ("y", "v", 1.0)]
    wanted = [("a", "x", 2e9), ("a", "y", 5), ("b", "u", 3), ("b", "v", "2000000002")]

    found = calibrated(*sampled(rows), margins_of(wanted), "rake")

    assert found.calibration.record["largest_margin_error"] < 1e-10


@given(st.lists(st.sampled_from([0.5, 0.51, 1.0, 1.9, 2.0]), min_size=6, max_size=6), ROWS)
@settings(deadline=None)
def test_margins_that_just_fit_between_the_bounds_are_met(factors, rows):
    found = calibrated(*sampled(rows), crossed_margins(rows, factors), "linear", (0.5, 2.0))

    assert found.calibration.record["largest_margin_error"] < 1e-9
    assert found.calibration.record["g_min"] >= 0.5
    assert found.calibration.record["g_max"] <= 2.0


@pytest.mark.parametrize(
    ("rows", "wanted", "how", "words"),
    [
        # The only table with these margins is diagonal, and 60 is not 50.
        (
            [("x", "u", 1.0), ("y", "v", 1.0)],
            [("a", "x", 60), ("a", "y", 40), ("b", "u", 50), ("b", "v", 50)],
            ("rake", None),
            ["bien", "không đạt", "tổng biên «", "ô có phiếu"],
        ),
        (
            [("x", "u", 10.0), ("x", "v", 10.0), ("y", "u", 10.0)],
            [("a", "x", 28), ("a", "y", 2), ("b", "u", 1), ("b", "v", 29)],
            ("rake", None),
            ["bien", "không đạt"],
        ),
        (*OPPOSED, ("linear", (0.5, 1.5)), ["bien", "không đạt", "giới hạn", "quá hẹp"]),
        (*OPPOSED, ("rake", (0.5, 1.5)), ["bien", "không đạt", "giới hạn", "quá hẹp"]),
        (
            [("x", "u", 10.0), ("y", "v", 10.0)],
            [("a", "x", 17), ("a", "y", 3)],
            ("rake", (0.5, 1.6)),
            ["bien", "«x» của tổng biên «a»", "1.7", "từ 0.5 đến 1.6"],
        ),
        (
            [("x", "u", 10.0), ("x", "v", 10.0), ("y", "u", 10.0), ("y", "v", 10.0)],
            [("a", "x", 36), ("a", "y", 4), ("b", "u", 36), ("b", "v", 4)],
            ("linear", None),
            ["bien", "a=y, b=v", "-0.6", "rake", "giới hạn"],
        ),
        (
            [("x", "u", 1.0)],
            [("a", "x", 1), ("b", "u", 1)],
            ("poststratify", None),
            ["bien", "đúng một", "«a», «b»"],
        ),
        (*ONE, ("poststratify", (0.5, 2.0)), ["Hậu phân tầng"]),
        (*ONE, ("rake", (1.0, 2.0)), ["0 <= L < 1 < U", "1.0"]),
        (*ONE, ("rake", (-0.1, 2.0)), ["0 <= L < 1 < U", "-0.1"]),
        (*ONE, ("rake", (0.5, np.inf)), ["0 <= L < 1 < U", "inf"]),
    ],
)
def test_what_cannot_be_calibrated_is_refused_by_name(rows, wanted, how, words):
    with pytest.raises(Refusal) as refusal:
        calibrated(*sampled(rows), margins_of(wanted), *how)

    assert [word for word in words if word not in str(refusal.value)] == []


def test_a_negative_factor_is_avoided_by_raking_and_by_bounds():
    rows = [(a, b, 10.0) for a in "xy" for b in "uv"]
    wanted = margins_of([("a", "x", 36), ("a", "y", 4), ("b", "u", 36), ("b", "v", 4)])

    raked = final_weights(calibrated(*sampled(rows), wanted, "rake"))
    bounded = calibrated(*sampled(rows), wanted, "linear", (0.0, 4.0))

    assert raked.tolist() == pytest.approx([32.4, 3.6, 3.6, 0.4])
    assert final_weights(bounded).tolist() == pytest.approx([32.0, 4.0, 4.0, 0.0], abs=1e-9)
    assert bounded.calibration.record["trimmed_cells"] == 1
