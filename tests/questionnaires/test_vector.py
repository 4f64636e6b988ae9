"""Coded vectors: a byte per closed answer, in the order of the form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import check_answers
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from questionnaires.vector import dictionary, encode
from tests.questionnaires.factories import dont_know, item, option, shape, version

SHIPPED = Catalogue()
FORMS = {name: SHIPPED.questionnaire(name).definition for name in SHIPPED.questionnaire_names}
CHANNELS = ("10", "2", "1", "0", "99")


def decoded(slots, vector):
    """What a vector says, read without `encode`."""
    answers = {}
    for slot in slots:
        if slot.multiple:
            ticks = vector[slot.start : slot.start + slot.width]
            chosen = tuple(c for c, tick in zip(slot.codes, ticks, strict=True) if tick)
            if chosen:
                answers[slot.item] = chosen
        elif vector[slot.start]:
            answers[slot.item] = slot.codes[vector[slot.start] - 1]
    return answers


def test_a_single_answer_is_one_plus_the_place_of_its_option():
    slots = dictionary(version(item(option=[option("1"), option("2"), dont_know()])))

    assert [encode(slots, {"q1": code})[0] for code in ("1", "2", "98")] == [1, 2, 3]


def test_an_item_without_an_answer_leaves_zeros():
    slots = dictionary(version(item("q1"), item("q2", kind="multiple")))

    assert encode(slots, {}) == bytes(6)


def test_a_multiple_choice_takes_a_byte_per_option():
    slots = dictionary(shape("multiple_choice"))

    assert slots[0].codes == CHANNELS
    assert encode(slots, {"channel": ("10", "1")}) == bytes([1, 0, 1, 0, 0])


def test_slots_follow_one_another_in_the_order_of_the_form():
    slots = dictionary(version(item("q1"), item("q2", kind="multiple"), item("q3", kind="single")))

    assert [(slot.item, slot.start, slot.width) for slot in slots] == [
        ("q1", 0, 1),
        ("q2", 1, 5),
        ("q3", 6, 1),
    ]


@pytest.mark.parametrize("kind", ["number", "text", "note"])
def test_open_items_and_notes_have_no_slot(kind):
    slots = dictionary(version(item("q1"), item("q2", kind=kind)))

    assert [slot.item for slot in slots] == ["q1"]
    assert encode(slots, {"q1": "2", "q2": "7"}) == bytes([2])


def test_the_last_of_255_options_fits_into_its_byte():
    codes = [str(number) for number in range(255)]
    slots = dictionary(version(item(option=[option(code) for code in codes])))

    assert encode(slots, {"q1": "254"}) == bytes([255])


def test_more_options_than_a_byte_holds_are_refused_by_name():
    many = [option(str(number)) for number in range(256)]

    with pytest.raises(Refusal, match="q1: nhiều hơn 255"):
        dictionary(version(item(option=many)))


def test_a_multiple_choice_may_offer_more_than_a_byte_holds():
    many = [option(str(number)) for number in range(300)]

    assert dictionary(version(item(kind="multiple", option=many)))[0].width == 300


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@given(data=st.data())
def test_a_vector_says_what_was_answered(form, data):
    closed = [found for found in form.items if found.option and found.kind != "number"]
    given_answers = {
        found.code: data.draw(answers_to(found)) for found in closed if data.draw(st.booleans())
    }
    checked = check_answers(form, given_answers).answers
    slots = dictionary(form)

    expected = {code: checked[code] for code in (slot.item for slot in slots) if code in checked}
    assert decoded(slots, encode(slots, checked)) == expected


def answers_to(found):
    codes = st.sampled_from([o.code for o in found.option])
    return st.lists(codes, min_size=1, max_size=4) if found.kind == "multiple" else codes
