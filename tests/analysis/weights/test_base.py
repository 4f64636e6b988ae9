"""Base weights and the adjustment for non-response are exact, and wrong cells refused by name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.exact import ExactWeights
from analysis.weights.base import (
    base_weights,
    final_weights,
    kish,
    nonresponse_adjusted,
    weights_document,
)
from questionnaires.refusal import Refusal

SAMPLE = {
    "p1": ["0.1", "0.1", "0.5", "0.5", "1"],
    "p2": ["0.2", "0.25", "0.5", "1", "1"],
    "tl": ["1", "0", "1", "1", "0"],
    "vung": ["A", "A", "B", "B", "A"],
}


def sample(**columns):
    return Dataset.of(SAMPLE | columns, "mau.csv")


def refused(words, action, *arguments):
    with pytest.raises(Refusal) as refusal:
        action(*arguments)
    assert [word for word in words if word not in str(refusal.value)] == []


def test_a_base_weight_is_the_product_of_one_over_the_probabilities():
    assert base_weights(sample(), ["p1", "p2"]).tolist() == [50.0, 40.0, 4.0, 2.0, 1.0]
    assert base_weights(sample(), []).tolist() == [1.0] * 5


@pytest.mark.parametrize("cell", ["0", "-0.1", "1.0001", "", "nan", "inf", "x"])
def test_a_probability_outside_zero_to_one_is_refused_by_file_row_and_column(cell):
    data = sample(p2=["0.2", "0.25", cell, "1", "1"])

    refused(["mau.csv", "dòng 4", "«p2»"], base_weights, data, ["p1", "p2"])


def test_probabilities_too_small_for_a_weight_are_refused():
    data = sample(p1=["1e-200"] * 5, p2=["1", "1e-200", "1", "1", "1"])

    refused(["mau.csv", "dòng 3", "quá nhỏ"], base_weights, data, ["p1", "p2"])


def test_respondents_take_over_the_weight_of_their_class():
    adjusted = nonresponse_adjusted(np.array([50.0, 40, 4, 2, 10]), sample(), "tl", ["vung"])

    assert adjusted.weights.tolist() == [100.0, 0.0, 4.0, 2.0, 0.0]
    first, second = adjusted.classes
    assert (first.domain, first.sampled, first.responded, first.factor) == ({"vung": "A"}, 3, 1, 2)
    assert (first.sampled_weight, first.responded_weight) == (100.0, 50.0)
    assert (second.domain, second.factor) == ({"vung": "B"}, 1.0)


def test_without_classes_the_whole_sample_is_one():
    adjusted = nonresponse_adjusted(np.ones(5), sample(), "tl")

    assert adjusted.weights.tolist() == pytest.approx([5 / 3, 0, 5 / 3, 5 / 3, 0])
    assert [found.domain for found in adjusted.classes] == [{}]


def test_classes_cross_columns():
    data = sample(sex=["m", "m", "m", "f", "m"], tl=["1", "1", "1", "1", "0"])

    adjusted = nonresponse_adjusted(np.ones(5), data, "tl", ["vung", "sex"])

    assert [(found.domain, found.factor) for found in adjusted.classes] == [
        ({"vung": "A", "sex": "m"}, 1.5),
        ({"vung": "B", "sex": "f"}, 1.0),
        ({"vung": "B", "sex": "m"}, 1.0),
    ]


@pytest.mark.parametrize("cell", ["2", "", "co"])
def test_a_response_that_is_neither_one_nor_zero_is_refused(cell):
    data = sample(tl=["1", "0", "1", cell, "0"])

    refused(["mau.csv", "dòng 5", "«tl»"], nonresponse_adjusted, np.ones(5), data, "tl")


def test_a_class_without_respondents_is_refused_by_name():
    data = sample(tl=["1", "1", "0", "0", "1"])

    refused(["mau.csv", "vung=B"], nonresponse_adjusted, np.ones(5), data, "tl", ["vung"])


def test_an_empty_class_cell_is_refused_by_row():
    data = sample(vung=["A", "A", "", "B", "A"])

    refused(["mau.csv", "dòng 4", "«vung»"], nonresponse_adjusted, np.ones(5), data, "tl", ["vung"])


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.booleans(), st.sampled_from("AB")),
        min_size=1,
        max_size=40,
    ),
    st.randoms(),
)
def test_adjustment_keeps_the_sum_of_each_class_whatever_the_order_of_rows(rows, random):
    rows = [*rows, (0.3, True, "A"), (0.7, True, "B")]
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)

    def run(order):
        data = Dataset.of(
            {
                "p": [str(rows[i][0]) for i in order],
                "tl": [str(int(rows[i][1])) for i in order],
                "vung": [rows[i][2] for i in order],
            }
        )
        weights = base_weights(data, ["p"])
        adjusted = nonresponse_adjusted(weights, data, "tl", ["vung"])
        return weights, adjusted, np.array([rows[i][2] for i in order])

    weights, adjusted, label = run(range(len(rows)))
    for name in "AB":
        assert adjusted.weights[label == name].sum() == pytest.approx(weights[label == name].sum())
    _, again, _ = run(shuffled)
    assert again.weights.tolist() == adjusted.weights[shuffled].tolist()
    assert again.classes == adjusted.classes


@pytest.mark.parametrize("text", ["0.3", "0.7", "12.3456", "1234567.8901", "0.1234567", "3e15"])
def test_a_weight_comes_back_as_the_number_that_was_read(text):
    data = Dataset.of({"w": [text, "0.1"]})

    design = design_of(data, DesignColumns(weight="w"))

    assert final_weights(design).tolist() == [float(text), 0.1]
    assert ExactWeights.of(np.array([float(text)])).values.tolist() == [float(text)]


def test_kish_is_one_plus_the_squared_coefficient_of_variation_of_positive_weights():
    weights = np.array([1.0, 2.0, 3.0, 6.0, 0.0, 0.0])

    assert kish(weights) == pytest.approx(1 + np.var([1, 2, 3, 6]) / 9)
    assert kish(np.full(7, 0.3)) == 1.0
    assert kish(np.array([1e-200, 1e200])) == pytest.approx(2.0)
    assert np.isnan(kish(np.zeros(2)))


def test_the_document_says_how_the_weights_came_about():
    data = sample(w=["50", "0", "4", "2", "0"])
    design = design_of(data, DesignColumns(stratum="vung", weight="w"))
    adjusted = nonresponse_adjusted(np.array([50.0, 40, 4, 2, 10]), data, "tl", ["vung"])

    document = json.loads(json.dumps(weights_document((data, design), adjusted)))

    assert document["design"] == {
        "source": "probability",
        "data": "mau.csv",
        "rows": 5,
        "stratum": "vung",
        "psu": [],
        "weight": "w",
        "fpc": [],
    }
    assert document["nonresponse"][0] == {
        "domain": {"vung": "A"},
        "sampled": 3,
        "responded": 1,
        "sampled_weight": 100.0,
        "responded_weight": 50.0,
        "factor": 2.0,
    }
    assert document["calibration"] is None
    found = document["weights"]
    assert found["kish"] == pytest.approx(3 * (2500 + 16 + 4) / 56**2)
    assert {key: found[key] for key in ("n", "sum", "min", "max")} == {
        "n": 3,
        "sum": 56.0,
        "min": 2.0,
        "max": 50.0,
    }
