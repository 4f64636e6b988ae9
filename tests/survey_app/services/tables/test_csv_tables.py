"""A table as CSV: what a spreadsheet would compute stays a text, and numbers stay numbers."""

import io
from decimal import Decimal

import pytest

from survey_app.services.tables.csv_tables import CsvTable, unguarded


def line(*cells, **options):
    stream = io.StringIO(newline="")
    CsvTable(stream, **options).write(*cells)
    return stream.getvalue()


@pytest.mark.parametrize("text", ["=1+1", "+84", "-x", "@a", "\tx", "\rx"])
def test_no_text_is_a_formula_and_it_comes_back_as_it_was(text):
    written = line(text).removeprefix("\ufeff").strip('"\r\n')

    assert written.startswith(f"'{text[0]}")
    assert unguarded(written) == text.rstrip()


def test_numbers_have_a_decimal_comma_and_no_guard():
    cells = (Decimal("-5.00"), -0.25, 3, None, "1.5; a")

    assert line(*cells) == '\ufeff-5,00;-0,25;3;;"1.5; a"\r\n'


def test_a_table_for_mail_merge_has_commas():
    assert line("a", 1, delimiter=",") == "\ufeffa,1\r\n"
