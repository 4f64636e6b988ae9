"""Two versions are compared as one who joins waves must read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import clean_answer
from questionnaires.compare import SEVERITY, differences, require_compatible
from questionnaires.load import Catalogue
from questionnaires.model import Category, Item, QuestionnaireVersion, Section
from questionnaires.refusal import Refusal
from tests.questionnaires.factories import dont_know, item, option, section, version

RULE = ["==", ["item", "q1"], "1"]


def found(old, new):
    """What changed, as (kind, where), between two versions of a questionnaire."""
    return [(difference.kind, difference.where) for difference in differences(old, new)]


def between(old, new):
    """What changed between two versions of one item."""
    return found(version(old), version(new))


def choice(*options, kind="single", **changes):
    return item("q1", kind, option=list(options), **changes)


def scale(*options, **changes):
    return choice(*options, kind="scale", **changes)


LOW, MIDDLE, HIGH = (
    option("1", label="Kém"),
    option("2", label="Vừa"),
    option("3", label="Tốt"),
)


def test_a_version_does_not_differ_from_itself():
    questionnaire = version(item("q1"), item("q2", "text"))

    assert differences(questionnaire, questionnaire) == ()


def test_a_new_version_number_alone_is_no_difference():
    assert differences(version(version="1"), version(version="2")) == ()


def test_a_difference_tells_its_kind_its_place_and_both_sides():
    (difference,) = differences(version(item(text="Cũ?")), version(item(text="Mới?")))

    assert (difference.kind, difference.where) == ("text_changed", "q1")
    assert (difference.before, difference.after) == ("Cũ?", "Mới?")
    assert difference.severity == "text"


# One example of every kind: (old version, new version, kind, where)
ONE_ITEM_MORE = (version(item("q1")), version(item("q1"), item("q2")))
ONE_SECTION_MORE = (
    version(section=[section("A", item("q1"))]),
    version(section=[section("A", item("q1")), section("B", item("q2"))]),
)
TWO_SECTIONS = [section("A", item("q1")), section("B", item("q2"))]
EXAMPLES = [
    (version(), version(title="Phiếu khác"), "text_changed", ""),
    (version(), version(legal_basis="Quyết định"), "legal_basis_changed", ""),
    (version(), version(source="Nguồn khác"), "source_changed", ""),
    (version(), version(note="Ghi chú"), "note_changed", ""),
    (version(item()), version(item(wording="published")), "wording_changed", "q1"),
    (version(item()), version(item(headline=["4", "5"])), "headline_changed", "q1"),
    (version(item()), version(item(sensitive=True)), "sensitive_changed", "q1"),
    (*ONE_SECTION_MORE, "section_added", "B"),
    (*reversed(ONE_SECTION_MORE), "section_removed", "B"),
    (version(section=TWO_SECTIONS), version(section=TWO_SECTIONS[::-1]), "section_moved", "B"),
    (version(item("q1"), item("q2")), version(item("q2"), item("q1")), "item_moved", "q2"),
    (*ONE_ITEM_MORE, "item_added", "q2"),
    (*reversed(ONE_ITEM_MORE), "item_removed", "q2"),
    (version(item(required=False)), version(item()), "required_changed", "q1"),
    (version(item()), version(item(asked_if=RULE)), "routing_changed", "q1"),
    (version(item("q1", "single")), version(item("q1", "multiple")), "kind_changed", "q1"),
    (version(scale(LOW, HIGH)), version(scale(LOW, MIDDLE, HIGH)), "scale_changed", "q1"),
    (version(choice(LOW, HIGH)), version(choice(LOW, HIGH, MIDDLE)), "option_added", "q1/2"),
    (version(choice(LOW, HIGH, MIDDLE)), version(choice(LOW, HIGH)), "option_removed", "q1/2"),
    (version(choice(LOW, HIGH)), version(choice(HIGH, LOW)), "option_moved", "q1/3"),
    (
        version(choice(LOW, HIGH)),
        version(choice(LOW, HIGH | {"label": "Rất tốt"})),
        "option_text_changed",
        "q1/3",
    ),
    (
        version(choice(LOW, HIGH)),
        version(choice(LOW | {"label": "Tốt"}, HIGH | {"label": "Kém"})),
        "option_recoded",
        "q1/1",
    ),
    (
        version(choice(LOW, HIGH, dont_know())),
        version(choice(LOW, HIGH, dont_know(outside="no_answer"))),
        "option_meaning_changed",
        "q1/98",
    ),
    (
        version(choice(LOW, HIGH)),
        version(choice(LOW, HIGH | {"exclusive": True})),
        "option_made_exclusive",
        "q1/3",
    ),
    (
        version(choice(LOW, HIGH | {"exclusive": True})),
        version(choice(LOW, HIGH)),
        "option_made_combinable",
        "q1/3",
    ),
    (
        version(item("q1", "number", max=9)),
        version(item("q1", "number", max=10)),
        "bounds_widened",
        "q1",
    ),
    (
        version(item("q1", "number", max=10)),
        version(item("q1", "number", max=9)),
        "bounds_narrowed",
        "q1",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "kind", "where"), EXAMPLES, ids=[example[2] for example in EXAMPLES]
)
def test_every_kind_of_difference_is_found_in_its_place(old, new, kind, where):
    assert (kind, where) in found(old, new)


def test_every_kind_has_an_example_and_one_severity():
    assert {example[2] for example in EXAMPLES} == set(SEVERITY)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("text_changed", "text"),
        ("option_text_changed", "text"),
        ("option_moved", "text"),
        ("item_added", "additive"),
        ("option_added", "additive"),
        ("item_removed", "breaking"),
        ("option_removed", "breaking"),
        ("option_recoded", "breaking"),
        ("routing_changed", "breaking"),
        ("scale_changed", "refused"),
        ("kind_changed", "refused"),
    ],
)
def test_severities_that_a_joiner_of_waves_relies_on(kind, severity):
    assert SEVERITY[kind] == severity


# Nothing changes unseen

CHANGED = {
    QuestionnaireVersion: {
        "title": "Khác",
        "legal_basis": "Khác",
        "source": "Khác",
        "note": "Khác",
        "section": [section("A", item("q1"), item("q2"))],
    },
    Section: {"code": "Z", "title": "Khác", "intro": "Khác", "item": [item("q2")]},
    Item: {
        "code": "q9",
        "kind": "single",
        "text": "Khác?",
        "option": [option("1"), option("2")],
        "headline": ["5"],
        "required": False,
        "min": 1,
        "max": 5,
        "max_length": 7,
        "asked_if": RULE,
        "wording": "published",
        "source": "Khác",
        "sensitive": True,
    },
    Category: {"code": "9", "label": "Khác", "exclusive": True, "outside": "no_answer"},
}
UNCOMPARED = {QuestionnaireVersion: {"code", "version", "scale"}, Item: {"scale"}}


def with_change(model, name, value):
    """A questionnaire in which one field of one part is another."""
    if model is QuestionnaireVersion:
        return version(**{name: value})
    if model is Section:
        return version(section=[section("A", item()) | {name: value}])
    if model is Item:
        return version(item() | {name: value})
    return version(item(option=[option("1") | {name: value}, *item()["option"][1:]]))


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model.__name__)
def test_every_field_of_a_definition_is_compared_or_named_as_not_compared(model):
    assert CHANGED[model].keys() | UNCOMPARED.get(model, set()) == set(model.model_fields)


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model, names in CHANGED.items() for name in names]
)
def test_no_change_of_a_field_goes_unseen(model, name):
    assert differences(version(), with_change(model, name, CHANGED[model][name])) != ()


# Scales


@pytest.mark.parametrize(
    "changed",
    [
        scale(LOW, HIGH),
        scale(LOW, MIDDLE, HIGH, option("4", label="Rất tốt")),
        scale(option("0", label="Rất kém"), LOW, MIDDLE, HIGH),
        scale(LOW, HIGH, MIDDLE),
        scale(LOW | {"code": "0"}, MIDDLE, HIGH),
        scale(LOW | {"label": "Tốt"}, MIDDLE, HIGH | {"label": "Kém"}),
        scale(LOW | {"label": "Rất kém"}, MIDDLE | {"label": "Kém"}, HIGH),
        scale(LOW, MIDDLE | {"outside": "dont_know"}, HIGH),
        choice(LOW, MIDDLE, HIGH),
    ],
    ids=[
        "a step removed",
        "a step added at the end",
        "a step added at the start",
        "steps reordered",
        "a step renumbered",
        "the scale turned round",
        "words moved to another step",
        "a step moved outside the scale",
        "no scale any more",
    ],
)
def test_an_item_that_keeps_its_code_keeps_its_scale(changed):
    old = version(scale(LOW, MIDDLE, HIGH), version="2022")
    new = version(changed, version="2023")

    with pytest.raises(Refusal, match=r"Phiếu thu/2023 .*«q1» .* phiếu thu/2022"):
        require_compatible(old, new)


def test_the_refusal_says_what_the_scale_was_and_is():
    with pytest.raises(Refusal, match="trước: 1 Kém, 3 Tốt; nay: 1 Kém, 2 Vừa, 3 Tốt"):
        require_compatible(version(scale(LOW, HIGH)), version(scale(LOW, MIDDLE, HIGH)))


def test_the_refusal_says_what_the_kind_was_and_is():
    with pytest.raises(Refusal, match="trước: text; nay: number"):
        require_compatible(version(item("q1", "text")), version(item("q1", "number")))


def test_a_changed_scale_is_welcome_under_a_new_code():
    old = version(item("q1", option=[LOW, HIGH]))
    new = version(item("q1_5", option=[LOW, MIDDLE, HIGH]))

    assert require_compatible(old, new) is None
    assert found(old, new) == [("item_removed", "q1"), ("item_added", "q1_5")]


def test_what_was_removed_or_added_is_shown_in_its_words():
    old = version(choice(LOW, MIDDLE), item("q2", text="Cũ?"))
    new = version(choice(LOW, HIGH), item("q3", text="Mới?"))

    assert [(d.where, d.before, d.after) for d in differences(old, new)] == [
        ("q2", "Cũ?", None),
        ("q3", None, "Mới?"),
        ("q1/2", "Vừa", None),
        ("q1/3", None, "Tốt"),
    ]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (scale(LOW | {"label": "Rất kém"}, HIGH), "option_text_changed"),
        (scale(LOW, HIGH, dont_know()), "option_added"),
    ],
    ids=["a step in other words", "an option outside the scale added"],
)
def test_a_scale_may_change_its_words_and_what_lies_outside_it(changed, kind):
    old, new = version(scale(LOW, HIGH)), version(changed)

    assert [difference.kind for difference in differences(old, new)] == [kind]
    assert require_compatible(old, new) is None


def test_breaking_differences_are_listed_but_not_refused():
    old, new = version(choice(LOW, MIDDLE, HIGH)), version(choice(LOW, HIGH, asked_if=RULE))

    assert {difference.severity for difference in differences(old, new)} == {"breaking"}
    assert require_compatible(old, new) is None


# Order, bounds, rules


def test_an_option_inserted_between_others_moves_none():
    assert between(choice(LOW, HIGH), choice(LOW, MIDDLE, HIGH)) == [("option_added", "q1/2")]


def test_renumbering_after_an_insertion_is_seen_as_recoding():
    new = choice(LOW, option("2", label="Vừa"), option("3", label="Tốt"))

    assert between(choice(LOW, option("2", label="Tốt")), new) == [
        ("option_added", "q1/3"),
        ("option_recoded", "q1/2"),
    ]


def test_an_item_inserted_before_others_moves_none():
    old, new = version(item("q1"), item("q2")), version(item("q0"), item("q1"), item("q2"))

    assert found(old, new) == [("item_added", "q0")]


def test_only_the_item_that_was_moved_is_named_with_its_places():
    items = [item(code) for code in ("q1", "q2", "q3", "q4")]

    (difference,) = differences(version(*items), version(*items[1:], items[0]))

    assert (difference.kind, difference.where) == ("item_moved", "q1")
    assert (difference.before, difference.after) == ("A 1", "A 4")


def test_an_item_on_another_page_has_moved_even_in_the_same_order():
    old = version(section=[section("A", item("q1"), item("q2")), section("B", item("q3"))])
    new = version(section=[section("A", item("q1")), section("B", item("q2"), item("q3"))])

    assert found(old, new) == [("item_moved", "q2")]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"min": 1}, {"min": 0}, "bounds_widened"),
        ({"min": 1}, {}, "bounds_widened"),
        ({"max": 9}, {}, "bounds_widened"),
        ({"max_length": 500}, {"max_length": 600}, "bounds_widened"),
        ({"max_length": 500}, {}, "bounds_widened"),
        ({"min": 0}, {"min": 1}, "bounds_narrowed"),
        ({}, {"min": 1}, "bounds_narrowed"),
        ({}, {"max": 9}, "bounds_narrowed"),
        ({}, {"max_length": 500}, "bounds_narrowed"),
        ({"max_length": 3000}, {}, "bounds_narrowed"),
    ],
)
def test_bounds_are_wider_or_narrower(before, after, kind):
    assert between(item("q1", "text", **before), item("q1", "text", **after)) == [(kind, "q1")]


def test_the_common_length_written_out_is_no_difference():
    assert between(item("q1", "text"), item("q1", "text", max_length=2000)) == []


def test_a_rule_written_with_other_brackets_of_the_language_is_the_same_rule():
    as_tuples = item(asked_if=("==", ("item", "q0"), "1"))

    assert between(item(asked_if=["==", ["item", "q0"], "1"]), as_tuples) == []


def test_routing_shows_the_rules_of_both_versions():
    rule = ["==", ["item", "q0"], "Đà Nẵng"]

    (difference,) = differences(version(item()), version(item(asked_if=rule)))

    assert (difference.before, difference.after) == (None, '["==", ["item", "q0"], "Đà Nẵng"]')


# The shipped pair, and any pair


def test_the_routed_citizens_form_differs_from_the_plain_one_by_its_routes_alone():
    catalogue = Catalogue()
    plain = catalogue.questionnaire("sipas-citizen/2022").definition
    routed = catalogue.questionnaire("sipas-citizen/2022-routed").definition

    changes = differences(plain, routed)

    of_items = {change.where: change.kind for change in changes if change.where}
    assert of_items.pop("ethnicity") == "sensitive_changed"  # a mark that came later
    assert set(of_items.values()) == {"routing_changed"}
    assert of_items.keys() == {asked.code for asked in routed.items if asked.asked_if is not None}
    assert require_compatible(plain, routed) is None


OPTIONS = st.lists(
    st.builds(
        lambda code, label, exclusive: option(code, label=label, exclusive=exclusive),
        st.sampled_from("123"),
        st.sampled_from(["Kém", "Vừa", "Tốt"]),
        st.booleans(),
    ),
    min_size=1,
    unique_by=(lambda offered: offered["code"], lambda offered: offered["label"]),
)
ITEMS = st.one_of(
    st.builds(lambda options: choice(*options), OPTIONS),
    st.builds(lambda options: choice(*options, kind="multiple"), OPTIONS),
    st.builds(lambda options: scale(*options), OPTIONS),
    st.builds(
        lambda low, high: item("q1", "number", min=low, max=high),
        st.none() | st.integers(0, 3),
        st.none() | st.integers(4, 6),
    ),
)
SHARED = [str(number) for number in range(8)]


def allowed(asked, answer):
    try:
        return clean_answer(asked, answer) is not None
    except Refusal:
        return False


@given(ITEMS, ITEMS)
def test_without_a_breaking_difference_every_old_answer_is_still_allowed(old, new):
    severities = {d.severity for d in differences(version(old), version(new))}
    before, after = version(old).items[0], version(new).items[0]
    several = old["kind"] == "multiple"
    answers = [[a, b] for a in SHARED for b in SHARED] if several else SHARED

    lost = [a for a in answers if allowed(before, a) and not allowed(after, a)]

    assert lost == [] or severities & {"breaking", "refused"}


@given(ITEMS, ITEMS)
def test_without_a_breaking_difference_no_words_change_their_code(old, new):
    severities = {d.severity for d in differences(version(old), version(new))}
    codes = {offered["label"]: offered["code"] for offered in old.get("option", ())}

    recoded = [o for o in new.get("option", ()) if codes.get(o["label"], o["code"]) != o["code"]]

    assert recoded == [] or severities & {"breaking", "refused"}
