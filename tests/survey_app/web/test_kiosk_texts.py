"""What a kiosk says is there in every language, with the same fields."""

import re

import pytest

from survey_app.config import ROOT
from survey_app.i18n import current_locale, use_locale
from survey_app.web.kiosk_texts import texts
from tests.survey_app.web.citizen_door import make_app

USED = re.compile(r'\bt\("(\w+)"|(?:return|\?|:) "(\w+)";?$', re.MULTILINE)


@pytest.fixture
def found(sqlite_database):
    with make_app(sqlite_database).test_request_context("/k/x"):
        use_locale("en")
        yield texts()
        assert current_locale() == "en"


def test_every_language_says_the_same_keys_in_its_own_words(found):
    vietnamese = found["vi"]

    for language in ("km", "en"):
        assert set(found[language]) == set(vietnamese)
        assert all(found[language][key] != text for key, text in vietnamese.items())


def test_fields_are_the_same_in_every_language(found):
    for key, text in found["vi"].items():
        fields = sorted(re.findall(r"\{\w+\}", text))
        assert sorted(re.findall(r"\{\w+\}", found["km"][key])) == fields
        assert sorted(re.findall(r"\{\w+\}", found["en"][key])) == fields


def test_scripts_say_nothing_that_has_no_words(found):
    said = set()
    for path in (ROOT / "static" / "js").glob("*.js"):
        said |= set(re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8")))

    assert len(said) > 25
    assert said - set(found["vi"]) == set()
