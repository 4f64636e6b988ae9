"""The kind note to who complains: what it says, and for which values of a form."""

import pytest

from survey_app.i18n import use_locale
from survey_app.web.complaints import complains, note_on_complaints
from tests.survey_app.web.citizen_door import make_app


def test_one_value_that_complains_is_enough():
    assert complains(["4", ("1", "2"), "Tôi tố cáo việc này."])
    assert not complains(["4", ("1", "2"), None, 5, "Cảm ơn."])


@pytest.mark.parametrize(("place", "told"), [("", "National Public"), ("Gọi 1.", "Gọi 1.")])
def test_the_note_names_the_place_of_the_installation(sqlite_database, place, told):
    with make_app(sqlite_database, complaints=place).test_request_context("/s/x"):
        use_locale("en")
        note = note_on_complaints()

    assert told in note.place
    assert note.title.endswith("?")
