"""Tables that staff bring: columns by name, and a report of which lines are wrong."""

import pytest

from questionnaires.refusal import Refusal
from survey_app.services.tables import line_reports
from survey_app.services.tables.line_reports import (
    NEW,
    WRONG,
    Line,
    LineReport,
    columns_of,
    read_table,
)

NAMES = {"unit": ("đơn vị", "unit"), "name": ("tên quầy", "name")}


def table(text):
    return read_table(text.encode(), "quay.csv")


@pytest.mark.parametrize("header", ["đơn vị;tên quầy", "Unit,NAME", "\ufeffĐƠN VỊ;Tên  quầy"])
def test_columns_are_found_by_any_of_their_names(header):
    sign = ";" if ";" in header else ","

    assert columns_of(table(f"{header}\nPL{sign}Quầy 1"), NAMES, NAMES) == {"unit": 0, "name": 1}


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("đơn vị;tên;ghi chú", "«tên»"),
        ("đơn vị;unit;tên quầy", "«unit»"),
        ("đơn vị;ghi chú", "«ghi chú»"),
    ],
)
def test_a_column_nobody_knows_is_named(header, told):
    with pytest.raises(Refusal, match=told):
        columns_of(table(f"{header}\n{header}"), NAMES, NAMES)


def test_a_missing_column_is_named():
    with pytest.raises(Refusal, match="thiếu cột «tên quầy»"):
        columns_of(table("đơn vị\nPL"), NAMES, NAMES)


def test_a_workbook_is_refused_with_what_to_do():
    with pytest.raises(Refusal, match="CSV"):
        read_table(b"PK\x03\x04rest", "quay.xlsx")


def test_a_table_of_too_many_lines_is_refused(monkeypatch):
    monkeypatch.setattr(line_reports, "MOST_LINES", 2)

    assert len(table("a;b\n1;2\n3;4").rows) == 2
    with pytest.raises(Refusal, match="hơn 2 dòng"):
        table("a;b\n1;2\n3;4\n5;6")


def test_a_report_is_clean_until_a_line_is_wrong():
    good, bad = Line(2, NEW, "Quầy 1"), Line(3, WRONG, refusal=Refusal("Sai."))

    assert LineReport((good,)).is_clean
    assert not LineReport((good, bad)).is_clean
    assert LineReport((good, bad)).count(WRONG) == 1
