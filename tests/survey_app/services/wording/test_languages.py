"""Texts beside their Vietnamese ones: counted, found, confirmed by what a reader sends back."""

import csv
import io

import pytest

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.exports.review_sheet import write_review_sheet
from survey_app.services.wording.languages import (
    INTERFACE,
    SHOWN,
    Asked,
    file_named,
    files_of,
    reading_of,
    search,
)
from survey_app.services.wording.reviews import Reviews
from tests.survey_app.factories import COUNTER, NOW, catalogue

INTERFACE_TEXTS = {f"Câu {n}": f"សំណួរ {n}" for n in range(60)} | {"Bắt đầu": "=ចាប់ផ្តើម"}


@pytest.fixture
def reviews(tmp_path):
    return Reviews(tmp_path)


def files(reviews, locale="km"):
    return files_of(catalogue(), INTERFACE_TEXTS, reviews, locale)


def sheet(lines, **answers):
    """The sheet that a reader was sent, with answers in the column «Đúng» by Vietnamese text."""
    stream = io.BytesIO()
    write_review_sheet(lines, stream)
    rows = list(csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    for row in rows[1:]:
        row[4] = answers.get(row[2], row[4])
    return rows


def content(rows):
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(rows)  # as Excel saves it in Viet Nam
    return stream.getvalue().encode("utf-8-sig")


def test_every_form_is_listed_with_what_is_translated_and_checked(reviews):
    found = {file.name: file for file in files(reviews)}

    assert next(iter(found)) == INTERFACE
    assert set(found) == {INTERFACE, *catalogue().questionnaire_names}
    assert (len(found[INTERFACE].lines), found[INTERFACE].checked) == (61, 0)
    assert found[COUNTER].missing == 0
    assert found["par-officials/2022"].lines == ()


def test_texts_are_found_without_accents_page_by_page(reviews):
    listed = files(reviews)
    first = search(listed, Asked(INTERFACE))
    assert (len(first.lines), first.number, first.page, first.pages) == (SHOWN, 61, 1, 2)
    assert [line.vi for line in first.lines[:3]] == ["Bắt đầu", "Câu 0", "Câu 1"]
    assert [line.vi for line in first.lines].index("Câu 10") == 11
    assert len(search(listed, Asked(INTERFACE, page=99)).lines) == 11
    assert [line.vi for line in search(listed, Asked(words="bat dau")).lines] == ["Bắt đầu"]
    assert [line.vi for line in search(listed, Asked(words="សំណួរ 59")).lines] == ["Câu 59"]
    assert search(listed, Asked(show="checked")).lines == ()


def test_a_sheet_sent_back_confirms_what_it_says(reviews):
    listed = files(reviews)
    rows = sheet(listed[0].lines, **{"Câu 1": "x", "Câu 2": " Đúng ", "Câu 3": "0", "Bắt đầu": "X"})
    outcome = reading_of(content(rows), "a.csv", listed, "Bà Sà Phết")

    assert sorted(vi for vi, _text in outcome.reading.confirmed.values()) == [
        "Bắt đầu",
        "Câu 1",
        "Câu 2",
    ]
    assert len(outcome.reading.withdrawn) == 1
    assert (outcome.changed, outcome.gone) == (0, 0)

    reviews.keep("km", outcome.reading, NOW)
    checked = search(files(reviews), Asked(show="checked")).lines
    assert [(line.vi, line.mark.by) for line in checked] == [
        ("Bắt đầu", "Bà Sà Phết"),
        ("Câu 1", "Bà Sà Phết"),
        ("Câu 2", "Bà Sà Phết"),
    ]


def test_a_text_that_is_not_the_one_shown_is_not_confirmed(reviews):
    listed = files(reviews)
    rows = sheet(listed[0].lines[:3], **{"Câu 0": "x", "Câu 1": "x", "Bắt đầu": "x"})
    rows[2][3] = "a better text"
    rows[3][0] = "0" * 32
    outcome = reading_of(content(rows), "a.csv", listed, "A")

    assert [vi for vi, _text in outcome.reading.confirmed.values()] == ["Bắt đầu"]
    assert (outcome.changed, outcome.gone) == (1, 1)


def test_a_sheet_never_holds_a_formula_of_ours(reviews):
    rows = sheet(files(reviews)[0].lines)
    assert rows[1][2:4] == ["Bắt đầu", "'=ចាប់ផ្តើម"]
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_another_file_is_refused_by_name(reviews):
    with pytest.raises(Refusal, match="Mã"):
        reading_of(b"a,b\n1,2\n", "a.csv", files(reviews), "A")
    with pytest.raises(NotFound):
        file_named(files(reviews), "none/1")
