"""The document of a comparison: what is shown, what is not, and why."""

import json
from fractions import Fraction

import numpy as np
import pytest

from analysis.compare.document import UNIT, Comparison, Shown, comparison_document
from analysis.compare.ranks import Draws, Ranking
from analysis.dataset import Dataset
from analysis.given import Given
from analysis.suppress import judged
from tests.analysis.factories import computed, given_leaf, index_of, leaf, node

INDEX = index_of(node("R", "xy"), leaf("x"), leaf("y"))


def answers(order=None, **favourable):
    rows = [
        ("5" if i < k else "1", "5" if i % 2 else "1", unit)
        for unit, k in favourable.items()
        for i in range(50)
    ]
    rows = rows if order is None else [rows[i] for i in order]
    return Dataset.of(dict(zip(("x", "y", "unit"), zip(*rows, strict=True), strict=True)))


def compare(
    data=None,
    comparison=None,
    minimum=0,
    inference=True,
    before=None,
    notice=None,
    notice_before=None,
):
    data = answers(a=45, b=30, c=29) if data is None else data
    result = computed(INDEX, data, [("unit",)])
    shown = Shown(judged(result, minimum, "flag"), inference, notice)
    earlier = None
    if before is not None:
        other = computed(INDEX, before, [("unit",)])
        earlier = other, Shown(judged(other, minimum, "flag"), inference, notice_before)
    return comparison_document(result, shown, comparison or Comparison(), earlier, "abc")


def test_the_document_says_who_stands_where_and_how_it_was_found():
    found = compare()

    assert [*found] == [
        *("index", "checksum", "design", "family", "nodes", "method"),
        *("units", "differences", "changes", "changes_skipped"),
    ]
    assert (found["index"], found["checksum"], found["nodes"]) == ("thu", "abc", ["R"])
    assert found["method"] == {
        "confidence": 0.95,
        "against": "all",
        "correction": "holm",
        "ranking": "competition",
        "rank_interval": "simultaneous, max-t, step-down",
        "seed": 2024,
        "draws": 4000,
        "generator": "PCG64",
        "bars": "Goldstein-Healy",
    }
    assert [[*row] for row in found["units"]] == [[*UNIT]] * 3
    first = found["units"][0]
    assert (first["domain"], first["rank"], first["places"], first["tier"]) == (
        {"unit": "a"},
        1,
        3,
        1,
    )
    assert (first["rank_low"], first["rank_high"]) == (1, 1)
    assert first["bar_low"] < first["estimate"] < first["bar_high"]
    assert 0 < first["ci_low"] < first["estimate"] < first["ci_high"] < 1
    assert (first["n"], first["reliability"], first["notice"]) == (50, "ok", None)
    assert [row["tier"] for row in found["units"]] == [1, 2, 2]
    assert len(found["differences"]) == 3
    assert found["differences"][0]["verdict"] == "cao hơn có ý nghĩa thống kê"
    json.dumps(found, allow_nan=False)


def test_the_order_of_rows_changes_no_digit():
    order = np.random.default_rng(8).permutation(150)

    assert compare() == compare(answers(order, a=45, b=30, c=29))


def test_several_nodes_are_compared_each_in_its_own_family_of_tests():
    found = compare(comparison=Comparison(nodes=("x", "y"), against="mean"))

    assert [row["node"] for row in found["units"]] == ["x"] * 3 + ["y"] * 3
    assert {row["reference"] for row in found["differences"]} == {"mean"}
    alone = compare(comparison=Comparison(nodes=("x",), against="mean"))
    assert found["differences"][:3] == alone["differences"]


def test_units_are_compared_with_a_reference():
    found = compare(comparison=Comparison(against=("b",)))

    assert [row["domain"] for row in found["differences"]] == [{"unit": "a"}, {"unit": "c"}]
    assert {row["reference"]["unit"] for row in found["differences"]} == {"b"}
    assert found["method"]["against"] == ["b"]


def test_a_suppressed_unit_stands_in_the_table_without_rank_or_difference():
    data = answers(a=45, b=30, c=29)
    few = [*[label_of(data, "unit", i) for i in range(145)], *["d"] * 5]
    data = Dataset.of({"x": column(data, "x"), "y": column(data, "y"), "unit": few})

    found = compare(data, minimum=10)
    reference = compare(data, Comparison(against=("d",)), minimum=10)

    d = found["units"][3]
    assert (d["status"], d["reason"]) == ("suppressed", "n_below_minimum")
    assert {d[key] for key in ("rank", "estimate", "ci_low", "n", "reliability")} == {None}
    assert all(row["domain"] != d["domain"] != row["reference"] for row in found["differences"])
    shown = [row["domain"] for row in reference["units"] if row["status"] == "ok"]
    assert [row["domain"] for row in reference["differences"]] == shown
    assert {row["reason"] for row in reference["differences"]} == {"no_reference"}
    assert [*reference["differences"][0]] == [*found["differences"][0]]


def column(data, name):
    return [label_of(data, name, i) for i in range(data.rows)]


def label_of(data, name, row):
    return data.columns[name].labels[data.columns[name].codes[row]]


def test_a_unit_without_answers_is_undefined():
    data = answers(a=45, b=30)
    unit = column(data, "unit")
    y = ["" if u == "b" else v for u, v in zip(unit, column(data, "y"), strict=True)]

    found = compare(Dataset.of({"x": column(data, "x"), "y": y, "unit": unit}))

    b = found["units"][1]
    assert (b["status"], b["reason"], b["rank"]) == ("undefined", "undefined:y", None)
    assert (found["units"][0]["rank"], found["units"][0]["places"]) == (1, 1)


def test_self_selected_answers_have_differences_and_nothing_else():
    found = compare(inference=False, before=answers(a=40, b=30, c=29))

    assert found["method"]["rank_interval"] is None
    for row in found["units"]:
        assert (row["status"], row["reason"]) == ("ok", "self_selected")
        assert row["estimate"] is not None
        assert {row[key] for key in ("se", "ci_low", "rank", "rank_low", "bar_low")} == {None}
        assert row["n"] == 50
    for row in found["differences"]:
        assert (row["se"], row["p"], row["verdict"]) == (None, None, None)
        assert row["reason"] == "self_selected"
        assert row["difference"] is not None
    assert {row["change_se"] for row in found["changes"]} == {None}


def test_reported_values_are_ranked_and_compared_without_a_claim_of_significance():
    values = {(): "0.5", (("unit", "a"),): "0.4", (("unit", "b"),): "0.7"}
    given = Given({}, {("z", frozenset(key)): Fraction(value) for key, value in values.items()})
    index = index_of(node("R", "xz"), leaf("x"), given_leaf("z"))
    result = computed(index, answers(a=20, b=20), [("unit",)], given)

    shown = Shown(judged(result, 0, "flag"))
    found = comparison_document(result, shown, Comparison(nodes=("z",)))

    assert [(row["rank"], row["rank_low"], row["tier"]) for row in found["units"]] == [
        (2, None, None),
        (1, None, None),
    ]
    assert {(row["ci_low"], row["n"]) for row in found["units"]} == {(None, None)}
    assert {row["reason"] for row in found["units"]} == {"reported"}
    (row,) = found["differences"]
    assert (row["verdict"], row["p"], row["reason"]) == ("thấp hơn", None, "reported")


def test_changes_of_the_nodes_compared_stand_beside():
    found = compare(before=answers(a=25, b=31, d=20))

    assert [(row["domain"]["unit"], row["change_reason"]) for row in found["changes"]] == [
        ("a", None),
        ("b", None),
        ("c", "no_previous"),
    ]
    assert found["changes"][0]["change_verdict"] == "tăng có ý nghĩa thống kê"
    assert {row["node"] for row in found["changes"]} == {"R"}
    assert found["changes_skipped"] == []


@pytest.mark.parametrize("against", ["all", "mean", ("b",), ("d",)])
def test_answers_that_are_not_original_ones_keep_their_label_in_every_row(against):
    data = answers(a=45, b=30, c=29)
    few = [*[label_of(data, "unit", i) for i in range(145)], *["d"] * 5]
    data = Dataset.of({"x": column(data, "x"), "y": column(data, "y"), "unit": few})
    labels = {}
    for name, notices in (("now", ("n", None)), ("before", (None, "b")), ("both", ("n", "b"))):
        found = compare(data, Comparison(against=against), 10, True, data, *notices)
        labels[name] = [
            {row["notice"] for row in found[key]} for key in ("units", "differences", "changes")
        ]

    assert labels["now"] == labels["both"] == [{"n"}, {"n"}, {"n"}]
    assert labels["before"] == [{None}, {None}, {"b"}]


def test_a_weak_unit_shows_its_n_and_verdict_and_nothing_else_when_it_is_hidden():
    result = computed(INDEX, answers(a=45, b=30, c=29), [("unit",)])
    told = judged(result, 0, "flag")
    told[1].hidden[2, 0] = told[1].verdict[2, 0] = "unreliable_n"

    found = comparison_document(result, Shown(told), Comparison())["units"][2]

    assert (found["status"], found["reason"]) == ("suppressed", "unreliable_n")
    assert (found["n"], found["reliability"]) == (50, "unreliable_n")
    assert {found[key] for key in ("estimate", "se", "ci_low", "rank")} == {None}


def test_dense_ranks_and_another_seed_are_said():
    ranking = Ranking("dense", "max-t", Draws(500, 7))

    found = compare(answers(a=45, b=30, c=30, d=20), Comparison(ranking=ranking))

    assert [(row["rank"], row["places"]) for row in found["units"]] == [
        *((1, 3), (2, 3), (2, 3), (3, 3))
    ]
    assert (found["method"]["ranking"], found["method"]["seed"]) == ("dense", 7)


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(ValueError, match="Chỉ số thu không có «Z» để so sánh"):
        compare(comparison=Comparison(nodes=("Z",)))
    with pytest.raises(ValueError, match="Không có đơn vị «q» trong cột unit"):
        compare(comparison=Comparison(against=("q",)))
    result = computed(INDEX, answers(a=3))
    with pytest.raises(ValueError, match="--by unit"):
        comparison_document(result, Shown(judged(result, 0, "flag")), Comparison())
