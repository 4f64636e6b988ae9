"""Catalogues hold every text a citizen reads, with the same fields."""

import re
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask

from questionnaires.refusal import Refusal
from survey_app.i18n import _, asked_locale, catalogue, current_locale, say, translate, use_locale

APP = Path(__file__).parents[2] / "survey_app"
CITIZENS_READ = [
    *sorted((APP / "templates" / "citizen").glob("*.html")),
    *(APP / name for name in ("templates/base.html", "templates/error.html")),
    *(APP / name for name in ("security.py", "web/citizen.py", "forms/build.py")),
]


def fields(text):
    return sorted({name for _text, name, _spec, _conversion in Formatter().parse(text) if name})


def texts_in(path):
    return re.findall(r'\b_\(\s*["\']([^"\']+)["\']', path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("locale", ["km", "en"])
def test_every_text_a_citizen_reads_is_translated(locale):
    texts = {text for path in CITIZENS_READ for text in texts_in(path)}

    assert len(texts) > 40
    assert sorted(texts - set(catalogue(locale))) == []


@pytest.mark.parametrize("locale", ["km", "en"])
def test_translations_have_the_fields_of_the_original(locale):
    wrong = [text for text, other in catalogue(locale).items() if fields(text) != fields(other)]

    assert wrong == []


def test_a_template_is_translated_and_then_filled():
    assert translate("Câu {number}", "en", number=7) == "Question 7"
    assert translate("Không có trong danh mục {x}", "en", x=1) == "Không có trong danh mục 1"
    assert translate("Câu {number}", "../en", number=7) == "Câu 7"


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
