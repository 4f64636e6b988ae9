"""Pages of a form, and the way of one person through them."""

import pytest

from questionnaires.load import Catalogue
from survey_app.forms.pages import numbers_of, pages_of, route_of
from tests.questionnaires.factories import item, section, shape, version

CHAIN = shape("routing_chain")


def codes(pages):
    return [[found.code for found in page.items] for page in pages]


def test_a_section_is_a_page():
    form = version(section=[section("A", item("a1"), item("a2")), section("B", item("b1"))])

    assert codes(pages_of(form)) == [["a1", "a2"], ["b1"]]
    assert [(p.number, p.section_number) for p in pages_of(form)] == [(1, 1), (2, 2)]


def test_a_break_precedes_what_depends_on_the_same_page():
    pages = pages_of(CHAIN)

    assert codes(pages) == [["welcome", "visited"], ["form"], ["site", "not_online"]]
    assert {page.section_number for page in pages} == {1}


@pytest.mark.parametrize("name", Catalogue().questionnaire_names)
def test_no_shipped_page_asks_what_depends_on_itself(name):
    form = Catalogue().questionnaire(name).definition
    pages = pages_of(form)

    assert [found for page in pages for found in page.items] == list(form.items)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))


def test_notes_have_no_number():
    assert numbers_of(CHAIN) == {"visited": 1, "form": 2, "site": 3, "not_online": 4}


def test_the_route_leaves_out_pages_that_ask_nothing():
    route = route_of(CHAIN, {"visited": "2"})

    # Whoever has not come is still asked why not online: the form says so.
    assert codes([route.pages[0]]) == [["welcome", "visited"]]
    assert [page.number for page in route.shown] == [1, 3]
    assert route.page(2) is None
    assert route.after(route.pages[0]).number == 3
    assert route.before(route.pages[2]).number == 1
    assert route.before(route.pages[0]) is None
    assert route.after(route.pages[2]) is None


def test_the_first_page_that_wants_an_answer_is_where_one_goes_on():
    assert route_of(CHAIN, {}).unfinished.number == 1
    assert route_of(CHAIN, {"visited": "1"}).unfinished.number == 2
    assert route_of(CHAIN, {"visited": "1", "form": "2"}).unfinished.number == 3
    assert route_of(CHAIN, {"visited": "1", "form": "1"}).unfinished is None


def test_a_note_is_shown_where_its_rule_holds():
    rule = ["==", ["item", "a1"], "1"]
    form = version(item("a1"), item("thanks", "note", asked_if=rule), item("a2", asked_if=rule))

    with_note, without = (route_of(form, {"a1": answer}) for answer in ("1", "2"))

    assert [i.code for i in with_note.items_on(with_note.pages[1])] == ["thanks", "a2"]
    assert without.items_on(without.pages[1]) == ()
