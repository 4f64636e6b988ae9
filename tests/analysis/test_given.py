"""Reported numbers and results of other indices are read exactly or refused."""

from fractions import Fraction

import pytest

from analysis.compare.change import changes_of
from analysis.dataset import Dataset
from analysis.given import Given, OtherResult, reported_values
from questionnaires.refusal import Refusal
from tests.analysis.factories import computed, given_leaf, index_of, leaf, node

INDEX = index_of(node("R", "rsq"), given_leaf("r"), given_leaf("s"), leaf("q"))


def values(columns):
    return reported_values(Dataset.of(columns, "bao-cao.csv"), INDEX)


def test_reported_numbers_stay_exact_decimals():
    found = values(
        {"leaf": ["r", "s", "r"], "value": ["0.9095", "1", "0.1"], "unit": [None, None, "STC"]}
    )

    assert found == {
        ("r", frozenset()): Fraction(1819, 2000),
        ("s", frozenset()): Fraction(1),
        ("r", frozenset({("unit", "STC")})): Fraction(1, 10),
    }


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"leaf": ["q"], "value": ["0.5"]}, ["bao-cao.csv", "dòng 2", "«q»"]),
        ({"leaf": ["r"], "value": ["90.95"]}, ["dòng 2", "«value»", "90.95"]),
        ({"leaf": ["r", "r"], "value": ["0.5", "0.6"]}, ["dòng 3", "«r»"]),
        ({"leaf": ["r"], "value": ["cao"]}, ["dòng 2", "«value»", "«cao»"]),
        ({"leaf": ["r"]}, ["không có cột «value»"]),
    ],
)
def test_a_wrong_reported_number_is_refused_by_row(columns, words):
    with pytest.raises(Refusal) as refusal:
        values(columns)

    assert all(word in str(refusal.value) for word in words)


@pytest.mark.parametrize("document", [{}, {"index": "x", "results": [{}]}, [], {"results": 3}])
def test_what_is_no_result_of_an_index_is_refused(document):
    with pytest.raises(Refusal, match=r"kq\.json không phải kết quả"):
        OtherResult.of(document, "kq.json")


def test_what_was_not_known_in_another_wave_is_undefined_there():
    index = index_of(node("T", ["a", "b"]), leaf("a"), given_leaf("b"))
    reported = {("b", frozenset()): Fraction(1, 2)}
    data = Dataset.of({"a": ["5", "1"]})

    now = computed(index, data, given=Given(reported=reported))
    before = computed(index, data, given=Given(unknown=True))
    changes = {change.node: change for change in changes_of(now, before)}

    assert changes["a"].change == 0
    assert (changes["T"].change, changes["b"].change) == (None, None)
