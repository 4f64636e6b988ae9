"""How figures are written: decimal comma, half up, dates of Viet Nam."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from survey_app.web import figures


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.7992246, "79,92"), (0.80005, "80,01"), (1.0, "100,00"), (0.0, "0,00"), (None, "")],
)
def test_a_rate_is_written_in_per_cent_half_up(rate, text):
    assert figures.percent(rate) == text


def test_numbers_have_a_decimal_comma_and_points_between_thousands():
    assert figures.decimal(26.6141, 4) == "26,6141"
    assert figures.decimal(1234.5) == "1.234,50"
    assert figures.whole(1234567) == "1.234.567"
    assert figures.plain(1.5) == "1,5"
    assert figures.plain(32.0) == "32"


def test_a_change_has_its_sign():
    assert figures.signed(Decimal("0.16")) == "+0,16"
    assert figures.signed(Decimal("-9.59")) == "\N{MINUS SIGN}9,59"
    assert figures.signed(Decimal("0.00")) == "0,00"


def test_what_is_not_there_is_empty():
    empty = (figures.decimal, figures.signed, figures.whole, figures.plain, figures.moment)

    assert [write(None) for write in empty] == [""] * 5


def test_a_moment_is_that_of_viet_nam():
    assert figures.moment(datetime(2026, 11, 20, 7, 5, tzinfo=UTC)) == "20/11/2026 14:05"
