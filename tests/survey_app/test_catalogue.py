"""The catalogue of a running service reads each definition once."""

import pytest

from questionnaires.refusal import Refusal
from survey_app.catalogue import KeptCatalogue


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
