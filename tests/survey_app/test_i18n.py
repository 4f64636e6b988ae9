"""Catalogues hold every text a citizen reads, with the same fields."""

from string import Formatter

import pytest
from flask import Flask

from questionnaires.refusal import Refusal
from survey_app.i18n import (
    _,
    asked_locale,
    catalogue,
    current_locale,
    say,
    sort_key,
    translate,
    use_locale,
)


def fields(text):
    return sorted({name for _text, name, _spec, _conversion in Formatter().parse(text) if name})


@pytest.mark.parametrize("locale", ["km", "en"])
def test_translations_have_the_fields_of_the_original(locale):
    wrong = [text for text, other in catalogue(locale).items() if fields(text) != fields(other)]

    assert wrong == []


def test_a_template_is_translated_and_then_filled():
    assert translate("Câu {number}", "en", number=7) == "Question 7"
    assert translate("Không có trong danh mục {x}", "en", x=1) == "Không có trong danh mục 1"
    assert translate("Câu {number}", "../en", number=7) == "Câu 7"


def test_names_stand_where_a_vietnamese_reader_looks_for_them():
    names = ["Da", "Dân", "Đa", "Ea", "Ma", "Mà", "Mả", "Mã", "Má", "Mạ", "Mă", "Mâ", "Sở Tư pháp"]
    names += ["Sở Y tế", "Ủy ban nhân dân", "Ưng"]

    mixed = names[1::2] + names[::2]
    assert sorted(mixed, key=sort_key) == names
    assert sort_key("sở y tế") == sort_key("SỞ Y TẾ")


def test_outside_a_request_texts_are_vietnamese():
    assert current_locale() == "vi"
    assert _("Tiếp tục") == "Tiếp tục"


@pytest.mark.parametrize(
    ("path", "header", "locale"),
    [
        ("/s/x", "en-GB,vi;q=0.5", "en"),
        ("/s/x", "vi-VN,en;q=0.5", "vi"),
        ("/s/x", "fr", None),
        ("/s/x?lang=km", "en", "km"),
        ("/s/x?lang=fr", "en", "en"),
        ("/admin/", "en", None),
    ],
)
def test_a_browser_is_heeded_at_the_citizens_doors_only(path, header, locale):
    with Flask(__name__).test_request_context(path, headers={"Accept-Language": header}):
        assert asked_locale() == locale
        assert current_locale() == (locale or "vi")


def test_a_refusal_speaks_the_language_of_the_request():
    with Flask(__name__).test_request_context("/"):
        use_locale("en")
        assert say(Refusal("Câu {number}", number=3)) == "Question 3"
        use_locale("xx")
        assert say(Refusal("Câu {number}", number=3)) == "Câu 3"
