"""From the questions of a page to a form, and what it says of wrong answers."""

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from survey_app.forms.build import (
    form_class,
    given_answers,
    initial,
    name_of,
    questions,
    revision_of,
)
from survey_app.forms.pages import numbers_of
from tests.questionnaires.factories import dont_know, item, option, version

APP = Flask(__name__)
APP.config.update(SECRET_KEY="test", WTF_CSRF_ENABLED=False)


@pytest.fixture(autouse=True)
def context():
    with APP.test_request_context("/", method="POST"):
        yield


def filled(form, **given):
    fields = MultiDict()
    for name, values in given.items():
        fields.setlist("q-" + name, values if isinstance(values, list) else [values])
    return form_class(form.items, numbers_of(form), str)(formdata=fields)


def errors(form, **given):
    made = filled(form, **given)
    made.validate()
    return [text for texts in made.errors.values() for text in texts]


def test_sound_answers_pass_in_their_canonical_shape():
    form = version(
        item("one"),
        item("many", "multiple"),
        item("count", "number"),
        item("words", "text", required=False),
        item("note", "note"),
    )

    made = filled(form, one="4", many=["3", "1"], count=" 2,50 ", words="")

    assert made.validate()
    assert given_answers(made, form.items) == {
        "one": "4", "many": ("1", "3"), "count": "2.5", "words": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "given", "sentence"),
    [
        (item("q"), "", "Vui lòng chọn một câu trả lời cho câu 1."),
        (item("q"), "9", "Câu 1: vui lòng chọn trong các phương án có sẵn."),
        (item("q", "multiple"), [], "Vui lòng chọn một câu trả lời cho câu 1."),
        (
            item("q", "multiple", option=[option("1"), dont_know()]),
            ["1", "98"],
            "Câu 1: «Không biết» không chọn cùng phương án khác.",
        ),
        (item("q", "text"), " ", "Vui lòng trả lời câu 1."),
        (item("q", "text", max_length=3), "bốn!", "Câu 1: vui lòng viết không quá 3 ký tự."),
        (
            item("q", "text"),
            "a\x00b",
            "Câu 1: có ký tự không dùng được, vui lòng viết lại.",
        ),
        (item("q", "number"), "hai", "Câu 1: vui lòng nhập một số."),
        (item("q", "number", min=1), "0", "Câu 1: vui lòng nhập số từ 1 trở lên."),
        (item("q", "number", max=20), "21", "Câu 1: vui lòng nhập số không quá 20."),
    ],
)
def test_a_wrong_answer_is_said_in_one_kind_sentence(asked, given, sentence):
    assert errors(version(asked), q=given) == [sentence]


def test_wrong_answers_are_not_among_the_given_ones():
    form = version(item("a"), item("b"))

    assert given_answers(filled(form, a="9", b="1"), form.items) == {"b": "1"}


def test_a_number_may_be_one_of_the_options_beside_it_and_the_number_wins():
    form = version(item("q", "number", option=[dont_know()], max=20))

    assert given_answers(filled(form, q=["", "98"]), form.items) == {"q": "98"}
    assert given_answers(filled(form, q=["3", "98"]), form.items) == {"q": "3"}


def test_an_item_may_have_the_name_of_a_method_of_forms():
    form = version(item("data"), item("validate"), item("csrf_token"), item("3.2.1.b"))

    made = filled(form, **{"data": "1", "validate": "2", "csrf_token": "3", "3.2.1.b": "4"})

    assert made.validate()
    assert given_answers(made, form.items)["3.2.1.b"] == "4"


def test_saved_answers_are_shown_again():
    form = version(item("a"), item("b", "multiple"))

    made = form_class(form.items, numbers_of(form), str)(
        formdata=None, data=initial(form.items, {"a": "4", "b": ("1", "2")})
    )

    assert made["q-a"].data == "4"
    assert list(made["q-b"].data) == ["1", "2"]


@pytest.mark.parametrize(
    ("sent", "read"), [("3", 3), ("", -1), ("-1", -1), ("x", -1), ("9" * 400, -1), ("²", -1)]
)
def test_the_revision_is_read_or_older_than_any(sent, read):
    form = form_class((), {}, str)(formdata=MultiDict({"revision": sent}))

    assert revision_of(form) == read


def test_a_template_gets_texts_ids_and_what_stands_apart():
    form = version(
        item("a", option=[option("1"), option("2"), dont_know()]),
        item("n", "note"),
        item("c", "text", max_length=500),
    )
    made = filled(form)

    a, note, c = questions(made, form.items, numbers_of(form), str.upper)

    assert [label for _option, label in a.inside] == ["MỨC 1", "MỨC 2"]
    assert [label for _option, label in a.outside] == ["KHÔNG BIẾT"]
    assert (a.number, note.number, c.number) == (1, None, 2)
    assert (a.first_id, c.first_id) == ("q-a-1", "q-c-box")
    assert note.field is None
    assert c.is_long
    assert c.hint == "Nhiều nhất 500 ký tự."
    assert name_of(a.item) == "q-a"


def test_labels_in_sentences_are_translated():
    form = version(item("q", "multiple", option=[option("1"), dont_know()]))
    made = form_class(form.items, numbers_of(form), str.upper)(
        formdata=MultiDict([("q-q", "1"), ("q-q", "98")])
    )

    made.validate()

    assert made["q-q"].errors == ["Câu 1: «KHÔNG BIẾT» không chọn cùng phương án khác."]
