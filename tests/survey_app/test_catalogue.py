"""The catalogue of a running service reads each definition once."""

import pytest

from questionnaires.refusal import Refusal
from questionnaires.translation import mark_of
from survey_app.catalogue import KeptCatalogue
from survey_app.services.wording.reviews import Reading, Reviews
from tests.survey_app.factories import NOW


def test_a_definition_is_read_once_and_is_the_same_as_in_the_plain_catalogue():
    kept = KeptCatalogue()

    assert kept.questionnaire("sipas-counter/1") is kept.questionnaire("sipas-counter/1")
    assert kept.index("sipas-2022") is kept.index("sipas-2022")
    assert kept.translations("sipas-counter/1") is kept.translations("sipas-counter/1")
    assert "sipas-counter/1" in kept.questionnaire_names
    assert "sipas-2022" in kept.index_codes


def test_what_is_not_there_is_refused():
    with pytest.raises(Refusal):
        KeptCatalogue().questionnaire("nothing/1")


def test_a_translation_takes_new_review_marks_while_the_service_runs(tmp_path):
    reviews = Reviews(tmp_path)
    kept = KeptCatalogue(reviews=reviews)
    before = {one.definition.locale: one for one in kept.translations("sipas-counter/1")}["km"]
    pairs = [(entry.vi, entry.text) for entry in before.definition.entry]
    reviews.keep("km", Reading("A", {mark_of(*pair): pair for pair in pairs}), NOW)

    after = {one.definition.locale: one for one in kept.translations("sipas-counter/1")}
    assert not any(entry.reviewed for entry in before.definition.entry)
    assert all(entry.reviewed for entry in after["km"].definition.entry)
    assert not all(entry.reviewed for entry in after["en"].definition.entry)
    assert after["km"].checksum == before.checksum
    again = {one.definition.locale: one for one in kept.translations("sipas-counter/1")}
    assert again["km"] is after["km"]
