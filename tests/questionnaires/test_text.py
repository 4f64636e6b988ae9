"""Text as it is kept: what two keyboards write alike is the same text."""

import unicodedata

import pytest

from questionnaires.text import tidy


def test_what_a_keyboard_writes_in_pieces_is_composed():
    typed = unicodedata.normalize("NFD", "Cán bộ tận tình, chờ lâu")

    assert typed != "Cán bộ tận tình, chờ lâu"
    assert tidy(typed) == "Cán bộ tận tình, chờ lâu"


@pytest.mark.parametrize("sign", list("\u00ad\u200b\u200d\u200e\u200f\u202e\u2060\u2066\ufeff"))
def test_signs_nobody_sees_are_left_out(sign):
    assert tidy(f"{sign}chờ {sign}{sign}lâu{sign}") == "chờ lâu"


def test_lines_and_blanks_stay():
    assert tidy("chờ\u200b lâu\n\tquá \r\nlâu") == "chờ lâu\n\tquá \r\nlâu"


def test_between_khmer_words_a_boundary_is_spelling_and_stays_once():
    assert tidy("\u200bការ\u200bបម្រើ\u200b") == "ការ\u200bបម្រើ"
    assert tidy("ការ\u200b\u200b\ufeffបម្រើ") == "ការ\u200bបម្រើ"
    assert tidy("ការ\ufeffបម្រើ") == "ការបម្រើ"


def test_a_text_that_is_tidy_stays_the_same():
    for text in ("", "OK 100%", "Đường Đồng Khởi", "ការ\u200bបម្រើ"):
        assert tidy(text) == text
