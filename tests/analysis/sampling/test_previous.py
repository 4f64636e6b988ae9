"""What the previous wave teaches, read from the result document that the command writes."""

import json
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.render import to_json
from analysis.results import Showing, index_document
from analysis.sampling.previous import PreviousWave
from questionnaires.refusal import Refusal
from tests.analysis.factories import index_of, leaf, node

INDEX = index_of(node("R", "ab"), leaf("a"), leaf("b"))


def wave(communes=24, take=10, **columns):
    """Answers of two units, alike within communes, as a parsed result document."""
    rng = np.random.default_rng(5)
    level = np.repeat(rng.normal(0.75, 0.12, communes), take)
    rows = communes * take
    data = {q: np.where(rng.random(rows) < level, "5", "2").tolist() for q in "ab"}
    data["xa"] = np.repeat(np.arange(communes), take).tolist()
    data["unit"] = np.where(np.arange(rows) < rows * 0.75, "A", "B").tolist()
    dataset = Dataset.of(data | columns)
    design = design_of(dataset, DesignColumns(psu=("xa",)))
    result = compute_index(INDEX, (dataset, design), [("unit",)])
    text = to_json(index_document(result, dataset, None, Showing(), "0" * 64))
    return json.loads(text, parse_float=Decimal)


DOCUMENT = wave()


def row(node_code, **domain):
    return next(r for r in DOCUMENT["results"] if r["node"] == node_code and r["domain"] == domain)


def test_the_root_of_the_whole_is_read_unless_another_node_is_named():
    assert PreviousWave.of(DOCUMENT, "a.json").node == "R"
    b = PreviousWave.of(DOCUMENT, "a.json", "b")

    assert b.whole.rate == float(row("b")["estimate"])
    assert b.units["A"].deff == float(row("b", unit="A")["deff"])
    assert b.take == 10


def test_rho_is_what_the_design_effect_says_at_its_take():
    before = PreviousWave.of(DOCUMENT, "a.json", "a")

    deff = float(row("a")["deff"])
    assert deff > 1
    assert before.whole.rho(10, 1.0) == pytest.approx((deff - 1) / 9)
    assert before.whole.rho(10, 1.1) == pytest.approx((deff / 1.1 - 1) / 9)


def test_the_standard_deviation_of_an_item_is_that_of_its_rate():
    a = PreviousWave.of(DOCUMENT, "a.json", "a").whole

    assert a.sd(1e6) == pytest.approx(sqrt(a.rate * (1 - a.rate) * 240 / 239), rel=1e-9)


def test_the_mean_of_two_items_varies_less_than_one():
    root = PreviousWave.of(DOCUMENT, "a.json").whole

    assert root.sd(1e6) < 0.9 * sqrt(root.rate * (1 - root.rate))


def test_a_unit_with_few_psus_is_not_to_be_planned_on():
    before = PreviousWave.of(DOCUMENT, "a.json")

    assert (before.units["A"].df, before.units["A"].reliable) == (17, True)
    assert (before.units["B"].df, before.units["B"].reliable) == (5, False)


def test_item_nonresponse_widens_what_a_form_stands_for():
    columns = {"a": ["" if i % 2 else "5" if i % 3 else "2" for i in range(240)]}
    half = PreviousWave.of(wave(**columns), "a.json", "a").whole

    assert half.forms == pytest.approx(240)
    assert half.sd(1e6) == pytest.approx(sqrt(2 * half.rate * (1 - half.rate)), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x.json", "Z"), "Kết quả x.json không có sai số chuẩn của «Z» cho toàn bộ"),
        (("x.json", "R", "tinh"), "không có kết quả riêng theo cột «tinh»"),
    ],
)
def test_what_the_result_does_not_have_is_refused_by_name(arguments, words):
    with pytest.raises(Refusal, match=words):
        PreviousWave.of(DOCUMENT, *arguments)


@pytest.mark.parametrize("document", [{}, {"results": []}, [], {"results": [{"node": "R"}]}])
def test_another_document_is_refused(document):
    with pytest.raises(Refusal, match=r"x\.json không phải kết quả"):
        PreviousWave.of(document, "x.json")
