"""What is hidden in the rows is hidden in every outlet."""

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.estimate import Options
from analysis.index import compute_index
from analysis.results import (
    NOTICE,
    Showing,
    covariances_of,
    design_record,
    estimates_of,
    notice_for,
)
from tests.analysis.factories import index_of, leaf, node

TREE = index_of(node("R", ("P", "b")), node("P", ("a", "c")), leaf("a"), leaf("b"), leaf("c"))
UNITS = ["x"] * 30 + ["y"] * 4
COLUMNS = {q: ["5", "1"] * 17 for q in "abc"} | {"unit": UNITS}


def result_of(source="probability", **columns):
    data = Dataset.of(COLUMNS | columns, "x.csv")
    design = design_of(data, DesignColumns(), source)
    return data, design, compute_index(TREE, (data, design), [("unit",)])


def test_the_covariance_of_a_hidden_domain_is_not_told():
    _, _, result = result_of()

    shown = [block["domain"] for block in covariances_of(result, Showing(10))]
    every = [block["domain"] for block in covariances_of(result, Showing(0))]

    assert shown == [{}]  # y is too small, and x could be computed back
    assert every == [{}, {"unit": "x"}, {"unit": "y"}]


def test_self_selected_answers_give_no_covariance():
    _, _, result = result_of("self-selected")

    assert list(covariances_of(result, Showing(0))) == []


def test_reconstructed_answers_are_labelled_in_every_row():
    data, design, result = result_of(provenance=["dựng lại"] * 34)

    rows = list(estimates_of(result, Showing(0), notice_for(data)))
    record = design_record((data, design), Options(), Showing(0), notice_for(data))

    assert {row.notice for row in rows} == {NOTICE}
    assert (record["notice"], record["provenance"]) == (NOTICE, ["dựng lại"])


def test_original_answers_carry_no_label():
    data, *_ = result_of()

    assert notice_for(data) is None
