"""What is hidden in the rows is hidden in every outlet."""

from dataclasses import replace

import pytest

from analysis.compare.change import Change
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
    index_document,
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


def by_unit(sizes, showing):
    """The rows of one share by unit, "5" for all of a, half of b, and so on."""
    rates = {"a": "5555", "b": "5511", "c": "5111", "d": "5511"}
    columns = {"q": [], "unit": []}
    for unit, size in sizes.items():
        columns["q"] += list(rates[unit] * (size // 4))
        columns["unit"] += [unit] * (size // 4 * 4)
    data = Dataset.of(columns, "x.csv")
    sample = (data, design_of(data, DesignColumns()))
    result = compute_index(index_of(leaf("q")), sample, [("unit",)])
    return {row.domain["unit"]: row for row in estimates_of(result, showing) if row.domain}


def test_a_weak_figure_is_flagged_by_default():
    rows = by_unit({"a": 20, "b": 400, "c": 400}, Showing())

    assert {unit: row.reliability for unit, row in rows.items()} == {
        "a": "unreliable_n", "b": "ok", "c": "ok",
    }  # fmt: skip
    assert {row.status for row in rows.values()} == {"ok"}


def test_a_weak_figure_may_be_suppressed_with_its_n_shown_and_out_of_the_ranks():
    rows = by_unit({"a": 20, "b": 400, "c": 400}, Showing(reliability="suppress"))

    a = rows["a"]
    assert (a.status, a.reason, a.reliability) == ("suppressed", "unreliable_n", "unreliable_n")
    assert (a.n, a.estimate, a.se, a.ci_low, a.rank) == (20, None, None, None, None)
    assert [(rows[u].rank, rows[u].places) for u in "bc"] == [(1, 2), (2, 2)]


def test_without_reliability_rules_no_row_speaks_of_them():
    rows = by_unit({"a": 20, "b": 400, "c": 400}, Showing(reliability="off"))

    assert {row.reliability for row in rows.values()} == {None}


def test_a_suppressed_node_has_no_covariance():
    many = {q: ["5", "1"] * 217 for q in "abc"} | {"unit": ["x"] * 400 + ["y"] * 34}
    *_, result = result_of(**many)
    told = {
        mode: [block["domain"] for block in covariances_of(result, Showing(0, reliability=mode))]
        for mode in ("flag", "suppress")
    }

    assert told["flag"] == [{}, {"unit": "x"}, {"unit": "y"}]
    assert told["suppress"] == [{}, {"unit": "x"}]


def test_a_hidden_unit_leaves_no_gap_in_the_ranks():
    rows = by_unit({"a": 8, "b": 400, "c": 400, "d": 40}, Showing())

    assert (rows["a"].status, rows["d"].status) == ("suppressed", "suppressed")
    assert [(rows[u].rank, rows[u].places) for u in "abcd"] == [
        (None, None), (1, 2), (2, 2), (None, None),
    ]  # fmt: skip


def test_dense_ranks_count_places_and_none_may_be_asked_for():
    dense = by_unit(dict.fromkeys("abcd", 400), Showing(ranking="dense"))
    none = by_unit(dict.fromkeys("abcd", 400), Showing(ranking=None))

    assert [(row.rank, row.places) for row in dense.values()] == [(1, 3), (2, 3), (3, 3), (2, 3)]
    assert {(row.rank, row.places) for row in none.values()} == {(None, None)}


CHANGE = Change((), (), "R", 0.02, 0.01, 30.0, 0.05, 0.0, 0.04, "tăng")


def test_rows_speak_of_changes_only_with_a_previous_wave():
    data, _, result = result_of()
    none = index_document(result, data, None, Showing(0), "")["results"]
    showing = Showing(0, changes=(CHANGE, replace(CHANGE, node="P", change_reason="no_previous")))
    rows = index_document(result, data, None, showing, "")["results"]

    assert not any(key.startswith("change") for key in none[0])
    assert {key: value for key, value in rows[0].items() if key.startswith("change")} == {
        "change": 0.02,
        "change_se": 0.01,
        "change_df": 30.0,
        "change_p": 0.05,
        "change_ci_low": 0.0,
        "change_ci_high": 0.04,
        "change_verdict": "tăng",
        "change_reason": None,
    }
    reasons = {row["node"]: row["change_reason"] for row in rows if not row["domain"]}
    assert reasons == {"R": None, "P": "no_previous", "a": None, "b": None, "c": None}


def test_a_hidden_row_and_self_selected_answers_tell_no_change_or_no_error_of_it():
    _, _, result = result_of()
    there = replace(CHANGE, family=("unit",), domain=("y",))
    rows = list(estimates_of(result, Showing(10, changes=(there,))))
    hidden = next(row for row in rows if row.domain == {"unit": "y"} and row.node == "R")
    _, _, result = result_of("self-selected")
    [own, *_] = estimates_of(result, Showing(0, changes=(CHANGE,)))

    assert (hidden.status, hidden.change, hidden.change_verdict) == ("suppressed", None, None)
    assert (own.change, own.change_se, own.change_p) == (0.02, None, None)
    assert (own.change_verdict, own.change_reason) == (None, "self_selected")


def record_of(psus, source="probability", showing=None, **design):
    """The record of 60 answers in so many PSUs of two strata."""
    columns = {"q": ["5", "1"] * 30, "h": ["a"] * 30 + ["b"] * 30}
    data = Dataset.of(columns | {"psu": [str(i % psus) for i in range(60)]}, "x.csv")
    named = DesignColumns(stratum="h", psu=("psu",))
    made = design_of(data, named, source)
    return design_record((data, replace(made, **design)), Options(), showing or Showing())


def test_few_sampling_units_are_told_with_their_t():
    record = record_of(3)

    assert record["df"] == 4
    assert record["few_psus"] == {
        "psus": 6, "strata": 2, "df": 4, "t": pytest.approx(2.7764451052),
    }  # fmt: skip


def test_enough_sampling_units_a_census_and_self_selected_answers_need_no_warning():
    assert record_of(5)["df"] == 8
    assert record_of(5)["few_psus"] is None
    assert record_of(3, "census")["few_psus"] is None
    assert record_of(3, "self-selected")["few_psus"] is None
    assert record_of(3, "self-selected", Showing(assume_srs=True))["few_psus"] is not None


def test_the_record_has_the_same_keys_whatever_applies_and_fewer_only_without_a_sample():
    plain, census = record_of(5), record_of(3, "census")
    nothing = {
        "notice": None, "few_psus": None, "collapsed_strata": [], "calibration": None,
        "assumption": None, "provenance": [], "previous": None,
    }  # fmt: skip

    assert [*plain] == [*census] == [*record_of(3)]
    assert {key: plain[key] for key in nothing} == nothing
    assert "không có sai số chọn mẫu" in census["assumption"]
    options = {"confidence": 0.95, "interval": "logit", "min_n": 10}
    assert design_record(None, Options(), Showing()) == options | nothing


def test_units_without_a_positive_weight_carry_nothing():
    data = Dataset.of({"q": ["5"] * 8, "psu": list("abcdefgh"), "w": ["1"] * 6 + ["0"] * 2})
    design = design_of(data, DesignColumns(psu=("psu",), weight="w"))

    record = design_record((data, design), Options(), Showing())

    assert (record["psus"], record["few_psus"]["psus"], record["df"]) == (8, 6, 5)


def test_joined_strata_are_named():
    record = record_of(5, lonely="collapse", lonely_names=("a",), collapsed=(("a", "b"),))

    assert (record["lonely_strata"], record["collapsed_strata"]) == (["a"], [["a", "b"]])
