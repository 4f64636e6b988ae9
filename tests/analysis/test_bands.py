"""Bands of numbers cover every number once, and wrong cuts are refused by item."""

from fractions import Fraction

import pytest

from analysis.bands import bands_of
from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal

ITEMS = [
    {"code": "age", "kind": "number", "text": "Tuổi?"},
    {"code": "note", "kind": "text", "text": "Ý kiến?"},
]
SECTION = {"code": "A", "title": "Phần A", "item": ITEMS}
NAMES = {"code": "thu", "version": "1", "title": "Phiếu", "legal_basis": "-", "source": "-"}
VERSION = QuestionnaireVersion.model_validate(NAMES | {"section": [SECTION]})


def bands(*cuts):
    return bands_of(VERSION, {"age": cuts})["age"]


def test_codes_and_labels_say_where_a_band_begins_and_ends():
    found = bands(18, "30", 31)

    assert [band.code for band in found] == ["<18", "18–29", "30", ">=31"]
    assert [band.label for band in found] == [
        "Dưới 18", "Từ 18 đến dưới 30", "Từ 30 đến dưới 31", "Từ 31 trở lên",
    ]  # fmt: skip


def test_cuts_that_are_no_whole_numbers_say_that_the_end_is_left_out():
    found = bands(0.5, "1.5", 2)

    assert [band.code for band in found] == ["<0.5", "0.5–<1.5", "1.5–<2", ">=2"]
    assert found[1].label == "Từ 0,5 đến dưới 1,5"


@pytest.mark.parametrize("value", ["-3", "17.9999", "18", "29.5", "30", "1000"])
def test_every_number_lies_in_one_band(value):
    assert sum(band.holds(Fraction(value)) for band in bands(18, 30)) == 1


def test_what_is_no_number_lies_in_no_band():
    assert [band.holds(None) for band in bands(18, 30)] == [None] * 3


@pytest.mark.parametrize(
    ("item", "cuts", "words"),
    [
        ("z", (1, 2), ["«z»"]),
        ("note", (1, 2), ["«note»"]),
        ("age", (30, 18), ["«age»", "30, 18"]),
        ("age", (18, 18), ["«age»", "18, 18"]),
        ("age", ("x",), ["«age»", "x"]),
        ("age", (float("inf"),), ["«age»", "inf"]),
        ("age", (), ["«age»"]),
    ],
)
def test_bands_that_cannot_be_made_are_refused_by_item(item, cuts, words):
    with pytest.raises(Refusal) as refusal:
        bands_of(VERSION, {item: cuts})

    assert all(word in str(refusal.value) for word in words)
