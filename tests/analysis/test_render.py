"""Results as text keep their digits for machines and speak Vietnamese to people."""

import csv
import io
import json

import pytest

from analysis.render import describe_table, heading, index_table, percent, to_csv, to_json, to_table

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


def test_a_table_shows_places_degrees_of_freedom_change_and_trust():
    row = ROW | {
        "df": 6.0, "places": 59, "rank": 42, "rank_low": 38, "rank_high": 47, "change": -0.0123,
        "change_verdict": "thay đổi chưa đủ ý nghĩa thống kê", "reliability": "review_df",
        "points": None,
    }  # fmt: skip
    text = index_table([row, row | {"change": 0.00001, "df": 7.25, "reliability": "ok"}])
    header, _, first, second, third, *_ = text.splitlines()[1:]

    for title in ("df", "Hạng", "Thay đổi", "Kết luận", "Tin cậy"):
        assert title in header
    assert "42/59 (38–47)" in first
    assert "-1,23  thay đổi chưa đủ" in first
    assert first.endswith("df < 8")
    assert "ý nghĩa thống kê" in second
    assert "7,2" in third
    assert "+0,00" in third
    assert "«df < 8» dưới 8 bậc tự do" in text


def test_no_line_of_a_table_is_longer_than_the_page():
    long = "Mức độ hài lòng đối với việc " + "xây dựng, tổ chức thực hiện chính sách " * 4
    row = ROW | {"title": long, "places": 63, "change": 0.01, "df": 12, "change_verdict": "tăng"}

    lines = index_table([row]).splitlines()

    assert max(map(len, lines)) <= 120
    words = " ".join(" ".join(line.split()) for line in lines)
    assert all(word in words for word in long.split())


def test_a_verdict_without_room_for_a_column_stands_below_the_title():
    row = ROW | {
        "title": "Mức độ hài lòng đối với việc xây dựng, tổ chức thực hiện chính sách",
        "points": 26.6141, "max_points": 32, "df": 12, "places": 59, "rank": 42, "rank_low": 38,
        "rank_high": 47, "change": -0.0123, "change_verdict": "thay đổi chưa đủ ý nghĩa thống kê",
        "reliability": "review_df", "node": "3.2.1.b",
    }  # fmt: skip
    text = index_table([row])

    assert max(map(len, text.splitlines())) <= 120
    assert "Kết luận" not in text
    assert "→ thay đổi chưa đủ ý" in text


def test_hidden_rows_say_why_and_a_wholly_hidden_domain_takes_one_line():
    hidden = ROW | dict.fromkeys(("estimate", "ci_low", "points", "rank"))
    small = hidden | {"status": "suppressed", "reason": "n_below_minimum"}
    weak = hidden | {"status": "suppressed", "reason": "unreliable_width"}
    beside = hidden | {"status": "suppressed", "reason": "complementary"}

    assert index_table([small, small]).splitlines() == [
        "unit = STC", "ẩn (ít phiếu): cả 2 dòng",
    ]  # fmt: skip
    text = index_table([ROW, weak, beside])
    assert "ẩn (kém tin cậy)" in text
    assert "«ẩn (kèm)» ẩn để không tính ngược được ô ít phiếu." in text


def test_the_heading_fits_the_page_and_wraps_long_sentences():
    text = heading("Chỉ số", {"assumption": "toàn bộ danh sách đã trả lời " * 9}, "Chưa rõ.")

    assert text.splitlines()[:2] == ["Chỉ số", "Phương pháp dự thảo. Chưa rõ."]
    assert max(map(len, text.splitlines())) <= 120


def test_a_mean_is_shown_as_it_is_and_a_share_in_per_cent():
    share = {
        "item": "tuoi", "text": "Tuổi?", "wording": "published", "option": "18–29",
        "label": "Từ 18 đến dưới 30", "domain": {}, "count": 12, "estimate": 0.25, "df": 9.0,
        "ci_low": 0.2, "ci_high": 0.3, "n": 48, "status": "ok", "reason": None,
        "response_rate": 0.96,
    }  # fmt: skip
    mean = share | {"option": "mean", "estimate": 41.255, "ci_low": 40.0, "ci_high": 42.5}

    text = describe_table([share, mean])

    assert "tỷ lệ trả lời 96,00 %" in text
    assert "25,00     20,00 – 30,00" in text
    assert "41,26     40,00 – 42,50" in text
