"""Domains of one family add up to those of another, or to totals that no family lists."""

from analysis.dataset import Dataset
from analysis.nesting import totals_between
from tests.analysis.factories import computed, index_of, leaf


def totals(columns, *by):
    """Each total as labels of the outer domains = labels of the inner ones, in order."""
    rows = len(next(iter(columns.values())))
    data = Dataset.of({"q": ["5"] * rows} | columns)
    result = computed(index_of(leaf("q")), data, [tuple(names.split(",")) for names in by])
    labels = [
        ["/".join(found) or "all" for found in family.family.labels] for family in result.families
    ]
    return [
        (
            "+".join(labels[total.outer][d] for d in total.domains),
            "+".join(labels[total.inner][d] for d in total.members),
        )
        for total in totals_between(result)
    ]


def test_domains_lie_in_the_whole_and_crossed_ones_in_each_margin():
    columns = {"unit": ["a", "a", "b", "b"], "sex": ["m", "f", "m", "f"]}

    assert totals(columns, "unit", "unit,sex") == [
        ("all", "a+b"),
        ("a", "a/f+a/m"),
        ("b", "b/f+b/m"),
        ("all", "a/f+a/m+b/f+b/m"),
    ]


def test_communes_lie_in_districts_though_no_column_says_so():
    columns = {"commune": ["1", "2", "3", "4"], "district": ["X", "X", "Y", None]}

    found = totals(columns, "district", "commune")

    assert ("X", "1+2") in found
    assert ("Y", "3") in found
    assert not any("4" in inner for outer, inner in found if outer != "all")


def test_two_families_that_cross_share_totals_that_neither_lists():
    columns = {
        "unit": list("aaabbb"),
        "sex": ["m", "f", "f", "m", "m", "f"],
        "band": ["1", "1", "2", "1", "2", "2"],
    }

    found = totals(columns, "unit,sex", "unit,band")

    assert [(a, b) for a, b in found if "+" in a and a.startswith("a/")] == [
        ("a/1+a/2", "a/f+a/m"),
        ("a/f+a/m", "a/1+a/2"),
    ]
    assert found.index(("a/1+a/2", "a/f+a/m")) < found.index(("all", "a/f+a/m+b/f+b/m"))


def test_two_families_that_cross_everywhere_share_only_the_whole():
    columns = {"unit": ["a", "a", "b", "b"], "sex": ["m", "f", "m", "f"]}

    assert totals(columns, "unit", "sex") == [("all", "a+b"), ("all", "f+m")]
