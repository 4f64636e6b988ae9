"""Every word for a reader stands in the catalogues, and no catalogue holds another."""

import ast

import pytest

from survey_app.i18n import LANGUAGES, catalogue
from tests.missing_texts import (
    APP,
    FOR_MACHINES,
    SAYING_SENTENCES,
    missing,
    sources,
    wanted,
    words_in_code,
    words_in_template,
)


def test_no_word_for_a_reader_stands_outside_gettext():
    outside = {
        name: words.literal
        for name, words in sources().items()
        if name not in FOR_MACHINES and not name.startswith(SAYING_SENTENCES)
    }

    assert len(outside) > 100
    assert {name: words for name, words in outside.items() if words} == {}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"vi"}))
def test_every_text_of_every_page_and_message_is_in_every_catalogue(language):
    """`python -m tests.missing_texts` prints what is missing, ready to be filled in."""
    assert len(wanted()) > 250
    assert missing(language) == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"vi"}))
def test_no_catalogue_holds_a_text_that_is_said_nowhere(language):
    assert sorted(set(catalogue(language)) - wanted()) == []


def test_official_documents_are_written_in_the_language_of_record():
    """Whoever asks for a chart or a table, in whatever language: `of_record`, never `_`.

    Only the invitation on a printed code stands there in every language at once.
    """
    written = ["worker.py", *(name for name in sources() if name.startswith("exports/"))]
    spoken = {name: _given_to_gettext(APP / name) for name in written}

    assert len(written) > 3
    assert {name for name, texts in spoken.items() if texts} == {"exports/qr_sheet.py"}
    assert len(spoken["exports/qr_sheet.py"]) == 1


def _given_to_gettext(path):
    tree = ast.parse(path.read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if getattr(call.func, "id", "") == "_"]


@pytest.mark.parametrize(
    ("read", "source", "found"),
    [
        (words_in_template, "<p>Trang</p>", ("Trang",)),
        (words_in_template, '<p title="Trang">{{ _("Có") }}</p>', ("Trang",)),
        (words_in_template, "{{ 'không có' if x }}", ("không có",)),
        (words_in_template, '<p>{{ _("Có {n}", n=1) }} – SIPAS 2</p>', ()),
        (words_in_code, "x = 'không có'", ("không có",)),
        (words_in_code, "_(x)", ("line 1: _() needs a literal",)),
        (words_in_code, "_('không có'); raise Gone('đã đóng')", ()),
        (words_in_code, "of_record('không có')", ()),
    ],
)
def test_a_word_outside_gettext_is_found(read, source, found):
    assert read(source).literal == found


def test_a_sentence_is_found_wherever_a_refusal_takes_it_from():
    source = "LATE = 'Đã muộn.'\ndef f():\n    t = 'Cột «{c}» trống.'\n    raise Refusal(t, c='ô')"

    assert words_in_code(source).sentences == {"Đã muộn.", "Cột «{c}» trống."}
    assert words_in_code("x = of_record('Điểm')").translated == set()
