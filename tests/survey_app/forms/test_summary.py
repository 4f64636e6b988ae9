"""The answers in words before they are sent."""

from survey_app.forms.pages import route_of
from survey_app.forms.summary import summary_of
from tests.questionnaires.factories import item, section, version


def test_answers_stand_in_words_under_their_section():
    form = version(
        section=[
            section("A", item("a1"), item("a2", "multiple"), item("hi", "note")),
            section("B", item("b1", "text", required=False)),
        ]
    )

    first, second = summary_of(route_of(form, {"a1": "5", "a2": ("1", "2")}), str)

    assert first.title == "Phần A"
    assert [line.words for line in first.lines] == [("Mức 5",), ("Mức 1", "Mức 2")]
    assert [(line.number, line.page, line.anchor) for line in second.lines] == [(3, 2, "q-b1")]
    assert second.lines[0].words == ()


def test_what_is_off_the_path_is_left_out():
    form = version(
        section=[
            section("A", item("a1")),
            section("B", item("b1", asked_if=["==", ["item", "a1"], "1"])),
        ]
    )

    (only,) = summary_of(route_of(form, {"a1": "2", "b1": "3"}), str)

    assert only.title == "Phần A"
