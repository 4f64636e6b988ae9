"""Charts: the same rows give the same bytes, and every sign is named."""

from io import BytesIO
from xml.etree import ElementTree

from analysis.charts import LAM, SEN, Bar, Stack, Words, bars, stacks

WORDS = Words("79,92 %", "khoảng tin cậy 95 %", "năm 2021", "Nguồn: thử")
ROWS = [
    Bar("SIPAS", 0.7992, "79,92 %", 0.76, 0.83, 0.8951, strong=True),
    Bar("Một tên rất dài " * 8, 0.5, "50,00 %"),
    Bar("Ẩn", None, "dưới 10 phiếu"),
]


def drawn(rows=ROWS, words=WORDS, draw=bars):
    file = BytesIO()
    draw(rows, words, file)
    return file.getvalue()


def test_a_chart_is_a_picture_that_needs_no_font_and_no_other_address():
    text = drawn().decode()

    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "<text" not in text
    assert "@font-face" not in text
    assert "<image" not in text


def test_the_same_rows_give_the_same_bytes():
    assert drawn() == drawn()


def test_last_years_mark_is_drawn_where_it_is_known():
    without = [Bar(row.label, row.value, row.text, strong=row.strong) for row in ROWS]

    assert SEN.lower() in drawn().decode()
    assert SEN.lower() not in drawn(without).decode()
    assert LAM.lower() in drawn(without).decode()


def test_no_row_is_an_empty_chart():
    assert drawn([], Words("")).startswith(b"<?xml")


def test_a_scale_is_stacked_around_its_middle_answer():
    rows = [Stack("C1", (0.05, 0.1, 0.2, 0.4, 0.25)), Stack("C2", (0, 0, 1, 0, 0))]

    assert "#01665e" in drawn(rows, draw=stacks).decode()
