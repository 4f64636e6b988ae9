"""Versions as one: all items and options of any, in the words and order of the newest."""

from questionnaires.merge import merged
from tests.questionnaires.factories import dont_know, item, option, section, version

FIRST = version(
    section=[
        section("A", item("old"), item("kept", "multiple", text="Trước?")),
        section("B", item("gone")),
    ]
)


def test_one_version_is_itself():
    assert merged([FIRST]) == FIRST


def test_items_that_are_gone_stand_at_the_end_of_their_section():
    second = version(section=[section("A", item("new"), item("kept", "multiple", text="Sau?"))])

    whole = merged([FIRST, second])

    placed = {part.code: [one.code for one in part.item] for part in whole.section}
    assert placed == {"A": ["new", "kept", "old"], "B": ["gone"]}
    assert next(one.text for one in whole.items if one.code == "kept") == "Sau?"


def test_options_of_all_versions_stand_before_those_outside_the_scale():
    old = version(item("q", "single", option=[option("1"), option("2"), dont_know()]))
    new = version(item("q", "single", option=[option("3"), option("1"), dont_know()]))

    assert [one.code for one in merged([old, new]).items[0].option] == ["3", "1", "2", "98"]


def test_an_option_that_once_went_with_others_is_not_exclusive():
    old = version(item("q", "multiple", option=[option("1"), option("2")]))
    new = version(item("q", "multiple", option=[option("1", exclusive=True), option("2")]))

    assert [one.exclusive for one in merged([old, new]).items[0].option] == [False, False]
    assert [one.exclusive for one in merged([new, new]).items[0].option] == [True, False]


def test_three_versions_join_in_their_order():
    parts = [version(item(f"q{n}"), version=str(n)) for n in (1, 2, 3)]

    whole = merged(parts)

    assert whole.version == "3"
    assert [one.code for one in whole.items] == ["q3", "q2", "q1"]
