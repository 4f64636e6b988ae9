"""A definition cannot change after loading, and answers the questions its readers ask."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from questionnaires.model import IndexDefinition
from tests.questionnaires.factories import (
    dont_know,
    index,
    item,
    leaf,
    node,
    option,
    section,
    version,
)


def test_a_version_goes_by_its_code_and_version():
    assert version(code="sipas-citizen", version="2022").name == "sipas-citizen/2022"


def test_items_come_in_the_order_of_the_sections():
    questionnaire = version(
        section=[section("B", item("q3"), item("q1")), section("A", item("q2"))]
    )

    assert [found.code for found in questionnaire.items] == ["q3", "q1", "q2"]


def test_options_outside_the_scale_are_not_on_it():
    (asked,) = version(item(option=[option("1"), option("2"), dont_know()])).items

    assert [found.code for found in asked.inside] == ["1", "2"]


def test_an_answer_is_told_in_the_words_of_the_version():
    (asked,) = version(item(option=[option("1", label="Một"), option("2", label="Hai")])).items

    assert asked.words("2") == ("Hai",)
    assert asked.words(("2", "1")) == ("Hai", "Một")
    assert asked.words("khác") == ("khác",)
    assert asked.words(None) == ()


def test_wording_is_a_draft_until_somebody_says_it_is_published():
    questionnaire = version(
        item("q1"), item("q2", wording="published", source="Quyết định"), item("q3")
    )

    assert [found.code for found in questionnaire.draft_items] == ["q1", "q3"]


def test_a_loaded_definition_cannot_be_changed():
    questionnaire = version()

    with pytest.raises(ValidationError, match="frozen"):
        questionnaire.title = "Phiếu khác"


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        version(item(colour="đỏ"))


@pytest.mark.parametrize("code", ["", "q 1", "q1 ", "a\tb"])
def test_a_code_holds_no_white_space(code):
    with pytest.raises(ValidationError, match="pattern"):
        version(item(code))


@pytest.mark.parametrize("text", ["", "   "])
def test_a_question_has_words(text):
    with pytest.raises(ValidationError, match="at least 1"):
        version(item(text=text))


def test_a_section_without_items_is_refused():
    with pytest.raises(ValidationError, match="at least 1"):
        version(section=[section("A")])


def test_parts_of_an_index_come_from_the_root_down():
    tree = index(node("SIPAS", "I", "C"), node("I", "B", "A"), leaf("A"), leaf("B"), leaf("C"))

    assert [part.code for part in tree.in_order] == ["SIPAS", "I", "B", "A", "C"]
    assert tree.by_code["I"].children == ("B", "A")


def test_leaves_below_a_node_come_in_order_and_a_leaf_is_below_itself():
    tree = index(node("SIPAS", "I", "C"), node("I", "B", "A"), leaf("A"), leaf("B"), leaf("C"))

    assert [found.code for found in tree.leaves_below("SIPAS")] == ["B", "A", "C"]
    assert [found.code for found in tree.leaves_below("A")] == ["A"]


def test_a_leaf_takes_scale_and_favourable_options_from_its_index_unless_it_has_its_own():
    tree = index(node("SIPAS", "A", "B"), leaf("A"), leaf("B", scale=("1", "2"), favourable=("2",)))
    a, b = tree.leaf

    assert (tree.scale_of(a), tree.favourable_of(a)) == (("1", "2", "3", "4", "5"), ("4", "5"))
    assert (tree.scale_of(b), tree.favourable_of(b)) == (("1", "2"), ("2",))


def test_maximum_points_of_a_sum_are_the_total_of_its_children():
    tree = index(
        node("TOTAL", "CS", "C", rollup="sum"),
        node("CS", "A", "B", rollup="sum"),
        leaf("A", max_points=Decimal("1.5")),
        leaf("B", max_points=Decimal("2.5")),
        leaf("C", max_points=10),
    )

    assert tree.max_points_of(tree.by_code["TOTAL"]) == Decimal("14.0")


def test_a_sum_has_no_maximum_when_a_child_has_none():
    tree = index(node("TOTAL", "A", "B", rollup="sum"), leaf("A", max_points=1), leaf("B"))

    assert tree.max_points_of(tree.by_code["TOTAL"]) is None


def test_a_mean_has_the_maximum_it_is_given():
    tree = index(node("TOTAL", "A", max_points=32), leaf("A", max_points=1))

    assert tree.max_points_of(tree.by_code["TOTAL"]) == 32


@pytest.mark.parametrize("field", ["max_points", "round"])
def test_negative_points_and_roundings_are_refused(field):
    with pytest.raises(ValidationError, match="greater than"):
        index(leaf("A", **{field: -1}))


def test_half_a_point_and_a_rate_rounded_to_the_unit_are_allowed():
    tree = index(
        node("A", "B", max_points="0.5", round=0, round_points=0),
        leaf("B", max_points="0.5", round=0, round_points=0),
    )

    assert {(part.max_points, part.round, part.round_points) for part in tree.in_order} == {
        (Decimal("0.5"), 0, 0)
    }


def test_a_text_has_room_for_one_character_at_least():
    assert version(item("q1", "text", max_length=1)).items[0].max_length == 1
    with pytest.raises(ValidationError, match="greater than 0"):
        version(item("q1", "text", max_length=0))


def test_an_index_without_leaves_is_refused():
    with pytest.raises(ValidationError, match="at least 1"):
        IndexDefinition(code="rong", root="A", leaf=())
