"""Results as text keep their digits for machines and speak Vietnamese to people."""

import csv
import io
import json

import pytest

from analysis.render import index_table, percent, to_csv, to_json, to_table

ROW = {
    "node": "A", "title": "Tiếp cận dịch vụ", "domain": {"unit": "STC"}, "estimate": 1 / 3,
    "ci_low": 0.1, "ci_high": 0.60005, "n": 1234, "points": 0.5, "max_points": 1.5,
    "rank": 1, "rank_low": 1, "rank_high": 2, "status": "ok", "reason": None,
}  # fmt: skip


def test_json_keeps_every_digit_and_every_letter():
    text = to_json({"index": "thử", "results": [ROW, ROW]})

    assert json.loads(text)["results"][1] == ROW
    assert "Tiếp cận" in text
    assert text.count("\n") == 7  # a line per result


def test_json_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="Out of range"):
        to_json({"x": float("nan")})


def test_csv_spreads_the_domain_over_columns():
    [row] = csv.DictReader(io.StringIO(to_csv([ROW], ["unit", "sex"])))

    assert (row["unit"], row["sex"], row["reason"]) == ("STC", "", "")
    assert float(row["estimate"]) == 1 / 3


@pytest.mark.parametrize(
    ("rate", "text"), [(0.79915, "79,92"), (0.5, "50,00"), (0.03125, "3,13"), (0.806749, "80,67")]
)
def test_per_cent_are_rounded_half_up_with_a_comma(rate, text):
    assert percent(rate, ROW) == text


def test_a_hidden_and_an_undefined_cell_say_so():
    assert percent(None, {"status": "suppressed"}) == "ẩn (ít phiếu)"
    assert percent(None, {"status": "undefined"}) == "không có"


def test_a_table_names_its_domain_and_aligns_numbers():
    lines = index_table([ROW]).splitlines()

    assert lines[0] == "unit = STC"
    assert lines[3].split("  ")[0] == "A"
    assert "33,33" in lines[3]
    assert "10,00 – 60,01" in lines[3]
    assert "0,5000 / 1,5" in lines[3]
    assert "1 (1–2)" in lines[3]


def test_numbers_stand_on_the_right_and_texts_on_the_left():
    text = to_table([{"a": "x", "b": 5}, {"a": "yy", "b": 123}], [("tên", "a"), ("số", "b")])

    assert text.splitlines() == ["tên   số", "---  ---", "x      5", "yy   123"]
