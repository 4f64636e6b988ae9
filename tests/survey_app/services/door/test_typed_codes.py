"""What was typed from paper, and what may have been meant."""

import pytest

from survey_app.services.door.submissions import ALPHABET
from survey_app.services.door.typed_codes import readings


@pytest.mark.parametrize(
    "typed",
    ["tqk3-ddsr", "TQK3 DDSR", "TQK3\u2014DDSR", "TQK3_DDSR", "TQK3\u200bDDSR", "TQK3DD5R"],
)
def test_what_was_meant_is_among_the_readings(typed):
    assert "TQK3DDSR" in readings(typed, 8)


def test_a_sign_that_stands_in_no_code_is_read_as_the_one_it_looks_like():
    assert readings("TQK3O2SR", 8)[0] == "TQK3Q2SR"
    assert "TQK3D2SR" in readings("TQK3O2SR", 8)


@pytest.mark.parametrize("typed", ["", "TQK3", "TQK3DDSRX", "!!!!!!!!", "TQK3ĐĐS"])
def test_what_has_another_length_is_no_code(typed):
    assert readings(typed, 8) == []


def test_every_reading_is_a_code():
    assert all(set(code) <= set(ALPHABET) for code in readings("2580GBOU", 8))
