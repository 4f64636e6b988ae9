"""Changes between two years, in the same sampling units or others (see test_golden_comparisons)."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.compare.change import changes_of, parts_without_change
from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.given import Given
from analysis.index import compute_index
from tests.analysis.factories import computed, given_leaf, index_of, leaf, node

INDEX = index_of(leaf("q"))


def people(rows, index=INDEX, by=(("unit",),), columns=("psu", "unit", "q"), **design):
    """Compute an index on rows (psu, unit, answer)."""
    data = Dataset.of(dict(zip(columns, zip(*rows, strict=True), strict=True)))
    return computed(index, data, by, **({"psu": ("psu",)} | design))


def wave(favourable, unit="a", first=0, size=4):
    """One PSU for each number of favourable answers."""
    return [
        (f"p{first + i}", unit, "5" if j < k else "1")
        for i, k in enumerate(favourable)
        for j in range(size)
    ]


def changes(now, before, **options):
    return {(row.domain, row.node): row for row in changes_of(now, before, **options)}


def test_a_panel_changes_as_the_mean_of_the_differences_within_its_units():
    before, now = [3, 1, 2, 4, 0, 2], [4, 1, 3, 4, 1, 2]

    row = changes(people(wave(now)), people(wave(before)))[("a",), "q"]

    each = (np.array(now) - before) / 4
    assert row.change == pytest.approx(each.mean(), rel=1e-12)
    assert row.change_se == pytest.approx(each.std(ddof=1) / np.sqrt(6), rel=1e-12)


def test_other_units_of_the_same_stratum_are_independent():
    now, before = people(wave([4, 1, 3, 2], first=9)), people(wave([3, 1, 2, 0]))

    row = changes(now, before)[("a",), "q"]

    errors = [result.families[1].se[0, 0] for result in (now, before)]
    assert row.change_se == pytest.approx(np.hypot(*errors), rel=1e-12)


def test_units_kept_in_part_lie_between():
    before, now = [3, 1, 2, 4, 0, 2], [4, 1, 3, 4, 1, 2]
    full, none = people(wave(now)), people(wave(now, first=6))
    half = people(wave(now[:3]) + wave(now[3:], first=6))

    errors = [changes(year, people(wave(before)))[("a",), "q"] for year in (full, half, none)]

    assert errors[0].change_se < errors[1].change_se < errors[2].change_se
    assert [row.change_df for row in errors] == [5, 8, 10]


def test_a_change_is_said_in_plain_words():
    before = people(wave([1, 1, 2, 1, 1, 2]))
    up, same, down = (
        changes(people(wave(w, first=9)), before)[("a",), "q"]
        for w in ([4, 4, 3, 4, 4, 3], [1, 2, 2, 1, 1, 2], [0, 0, 0, 0, 1, 0])
    )

    assert up.change_verdict == "tăng có ý nghĩa thống kê"
    assert same.change_verdict == "thay đổi chưa đủ ý nghĩa thống kê"
    assert down.change_verdict == "giảm có ý nghĩa thống kê"
    assert same.change_ci_low < 0 < same.change < same.change_ci_high
    assert up.change_p < 0.05 < same.change_p


def test_a_unit_or_a_family_without_an_earlier_year_says_so():
    now = people(wave([1, 2, 3]) + wave([2, 2, 3], "b", 3), by=(("unit",), ("psu",)))
    before = people(wave([1, 2, 2]))

    found = changes(now, before)

    assert found[("b",), "q"].change_reason == "no_previous"
    assert found[("p1",), "q"].change_reason == "no_previous"
    assert found[("b",), "q"].change is None
    assert found[("a",), "q"].change_reason is None


def test_parts_that_mean_something_else_are_not_compared():
    rows = [("p1", "a", "5", "1"), ("p2", "a", "1", "5"), ("p3", "a", "4", "4")]
    named = ("psu", "unit", "x", "y")
    old = index_of(node("R", "xy"), leaf("x"), leaf("y", title={"vi": "cũ"}))
    new = index_of(
        node("R", ["S", "x"]), node("S", "y"), leaf("x", scale=tuple("12345")), leaf("y")
    )
    now, before = people(rows, new, columns=named), people(rows, old, columns=named)

    found = changes(now, before)

    assert parts_without_change(now, before) == [
        {"node": "R", "reason": "definition_changed"},
        {"node": "S", "reason": "not_in_previous"},
    ]
    assert parts_without_change(before, now)[-1] == {"node": "S", "reason": "only_in_previous"}
    assert found[(), "R"].change_reason == "definition_changed"
    assert found[(), "S"].change_reason == "not_in_previous"
    assert found[(), "x"].change == 0.0
    assert found[(), "y"].change == 0.0


def test_two_indices_have_no_change():
    with pytest.raises(ValueError, match="Không so sánh được chỉ số thu với chỉ số khac"):
        next(
            changes_of(people(wave([1, 2])), people(wave([1, 2]), index_of(leaf("q"), code="khac")))
        )


def test_a_change_of_a_suppressed_estimate_is_not_shown():
    now, before = people(wave([1, 2, 3])), people(wave([1, 2, 2]))
    shown, hidden = np.array([[""]], dtype=object), np.array([["n_below_minimum"]], dtype=object)

    earlier = changes(now, before, hidden_now=[shown, shown], hidden_before=[hidden, shown])
    later = changes(now, before, hidden_now=[shown, hidden], hidden_before=[shown, shown])

    was_hidden = earlier[(), "q"]
    assert (was_hidden.change, was_hidden.change_reason) == (None, "previous_suppressed")
    assert earlier[("a",), "q"].change is not None
    assert (later[("a",), "q"].change, later[("a",), "q"].change_reason) == (None, "suppressed")


def test_an_undefined_estimate_has_no_change():
    empty = [(p, u, "") for p, u, _ in wave([1, 2, 3])]

    now = changes(people(empty), people(wave([1, 2])))[(), "q"]
    before = changes(people(wave([1, 2])), people(empty))[(), "q"]

    assert (now.change_reason, before.change_reason) == ("undefined", "previous_undefined")


def test_a_census_changes_without_error_and_without_a_claim_of_significance():
    years = []
    for favourable in ([1, 2, 3], [1, 2, 2]):
        rows = wave(favourable)
        data = Dataset.of(dict(zip(("psu", "unit", "q"), zip(*rows, strict=True), strict=True)))
        design = design_of(data, DesignColumns(psu=("psu",)), source="census")
        years.append(computed(INDEX, data, design=design))

    row = changes(*years)[(), "q"]

    assert row.change == pytest.approx(1 / 12)
    assert (row.change_se, row.change_verdict) == (0.0, "tăng")


def test_self_selected_answers_show_a_change_without_its_error():
    row = changes(people(wave([4, 4, 3])), people(wave([1, 1, 0])))[("a",), "q"]

    record = row.record(inference=False)

    assert [*record] == [
        *("node", "domain", "change", "change_se", "change_df", "change_p"),
        *("change_ci_low", "change_ci_high", "change_verdict", "change_reason", "notice"),
    ]
    assert (record["node"], record["domain"]) == ("q", {"unit": "a"})
    assert (record["change"], record["change_reason"]) == (row.change, "self_selected")
    assert {record[key] for key in [*record][3:-2]} == {None}
    assert (record["notice"], row.record(notice="dựng lại")["notice"]) == (None, "dựng lại")
    assert row.record()["change_se"] == row.change_se


def test_a_unit_in_a_single_psu_has_a_change_and_no_test():
    other = wave([1, 3], "b", 5)
    row = changes(people(wave([2]) + other), people(wave([2, 3]) + other))[("a",), "q"]

    assert row.change is not None
    assert (row.change_p, row.change_reason) == (None, "no_degrees_of_freedom")


def test_reported_values_change_without_error():
    index = index_of(given_leaf("x"))
    now, before = (
        compute_index(index, None, given=Given({}, {("x", frozenset()): Fraction(value)}))
        for value in ("0.6", "0.5")
    )

    row = changes(now, before)[(), "x"]

    assert row.change == pytest.approx(0.1)
    assert (row.change_se, row.change_verdict, row.change_reason) == (None, "tăng", "reported")
