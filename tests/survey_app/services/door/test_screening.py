"""What could name a person leaves the text, what could not stays, and complaints are recognised."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from survey_app.services.door.screening import (
    MAIL_MARK,
    NUMBER_MARK,
    found,
    is_complaint,
    screen,
    screened_content,
)


def wide(text):
    """The same in full-width signs, as some keyboards write them."""
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


HIDDEN = [
    ("Xin gọi 0912345678.", "phone"),
    ("Gọi 0912 345 678 nhé", "phone"),
    ("Gọi 0912.345.678", "phone"),
    ("Gọi 091-234-5678", "phone"),
    ("Gọi 09 12 34 56 78", "phone"),
    ("Gọi 0 9 1 2 3 4 5 6 7 8", "phone"),
    ("Gọi +84 912 345 678", "phone"),
    ("Gọi +84912345678", "phone"),
    ("Gọi (+84) 912-345-678", "phone"),
    ("Gọi 84912345678", "phone"),
    ("Gọi 0084 912 345 678", "phone"),
    ("máy bàn 0299 382 2333", "phone"),
    ("máy bàn (0299) 3822333", "phone"),
    ("máy bàn 024.3825.5555", "phone"),
    ("máy bàn 02993 822 333", "phone"),
    ("Zalo" + wide("0912345678"), "phone"),
    ("Gọi 0912\u00a0345\u2013678", "phone"),
    ("Gọi 0912\u200b345\u200b678", "phone"),
    ("SĐT:0912345678,cảm ơn", "phone"),
    ("CCCD 094123456789", "identity"),
    ("CCCD 094 123 456 789", "identity"),
    ("CMND 365123456", "identity"),
    ("CMND 365 123 456 đồng thời xin hỏi", "identity"),
    ("hồ sơ 000.00.12.H43-231120-0001 chưa xong", "dossier"),
    ("hồ sơ H43.12-231120-0001", "dossier"),
    ("số tài khoản 7600205123456", "number"),
    ("BHXH GD4940123456789", "number"),
    ("viết cho lan.nguyen+1@example.com.vn nhé", "mail"),
    ("viết cho lan @ example.com", "mail"),
    (f"viết cho lan{wide('@')}example.com", "mail"),
]
KEPT = [
    "Ngày 20/11/2026 tôi đến lúc 14:05.",
    "Ngày 20.11.2026 14.05",
    "từ 01.01.2025 - 31.12.2025",
    "từ 03.11.2026 14 giờ",
    "2026-11-20T09:58:00+07:00",
    "các năm 2021 2022 2023",
    "giai đoạn 2019-2020-2021",
    "lệ phí 1.500.000.000 đồng",
    "lệ phí 250 000 000 đ là quá cao",
    "lệ phí 1500000000 VNĐ",
    "Nghị định 118/2025/NĐ-CP ngày 9/6/2025",
    "Quyết định 1001/QĐ-BNV 11/12/2023 và Luật 91/2025/QH15",
    "chờ 45 46 47 48 49 phút",
    "điểm 5 4 5 5 4 3 5 5 4 5",
    "đường dây 1900 1234",
    "phòng 203, lầu 2, số 15 đường 30 tháng 4",
    "đạt 79,92 % (76,8 - 83,0)",
    "Rất hài lòng",
    "",
]


@pytest.mark.parametrize(("text", "kind"), HIDDEN)
def test_what_names_a_person_is_hidden_and_its_kind_is_told(text, kind):
    screened = screen(text)

    assert found(text) == (kind,)
    assert (MAIL_MARK if kind == "mail" else NUMBER_MARK) in screened
    assert "example" not in screened
    assert sum(sign.isdigit() for sign in screened) <= 2  # the +1 before a mail address may stay


@pytest.mark.parametrize("text", KEPT)
def test_dates_amounts_years_and_decrees_stay(text):
    assert screen(text) == text
    assert found(text) == ()


def test_only_the_number_goes_not_the_words_around_it():
    said = "Số 5, ngày 20.11.2026, gọi 0912 345 678 gặp Lan (lan@example.vn); lệ phí 15.000 đồng."

    assert screen(said) == (
        "Số 5, ngày 20.11.2026, gọi [đã che số] gặp Lan ([đã che địa chỉ thư]); lệ phí 15.000 đồng."
    )
    assert found(said) == ("phone", "mail")


SEPARATORS = st.sampled_from(["", " ", ".", "-", "\u00a0", " - "])
WORDS = st.text(alphabet="abcđêơư ăâ,;:!?\n", max_size=30)


@st.composite
def phones(draw):
    digits = draw(st.sampled_from("35789")) + draw(st.text("0123456789", min_size=8, max_size=8))
    digits = draw(st.sampled_from(["0", "84", "+84", "0084"])) + digits
    cut = sorted(draw(st.sets(st.integers(4, len(digits) - 3), max_size=2)))
    parts = [digits[a:b] for a, b in zip([0, *cut], [*cut, len(digits)], strict=True)]
    return draw(SEPARATORS).join(parts)


@settings(deadline=None)
@given(WORDS, phones(), WORDS)
@example("", "84300000000", "đ")
@example("", "84 912 345 000", "đồng")
def test_a_phone_number_never_stays_whatever_stands_around_it(before, phone, after):
    assert not re.search(r"\d", screen(f"{before} {phone} {after}"))


@settings(deadline=None)
@given(WORDS, st.text("0123456789", min_size=9, max_size=30), WORDS)
def test_a_long_run_of_digits_never_stays(before, digits, after):
    amount = re.match(r" ?(?:đ|đồng)(?!\w)", after, re.I)

    assert amount or not re.search(r"\d", screen(f"{before}{digits}{after}"))


@settings(deadline=None)
@given(st.dates(), st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d"]), WORDS)
def test_a_date_of_our_time_always_stays(day, form, words):
    written = f"{words} {day.replace(year=1950 + day.year % 100).strftime(form)} {words}"

    assert screen(written) == unicodedata.normalize("NFC", written)


@settings(deadline=None)
@given(st.integers(1, 9_999_999_999), st.sampled_from(" .,"), st.sampled_from(["đồng", "đ", "VND"]))
def test_an_amount_of_money_always_stays(amount, separator, unit):
    written = f"nộp {amount:,}".replace(",", separator) + f" {unit}."

    assert screen(written) == written


@settings(deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("0123456789 .-+()@abcđ,/:[]\u200b" + wide("09+@")), max_size=60
    )
)
def test_screening_twice_is_screening_once(text):
    once = screen(text)

    assert screen(once) == once
    assert found(once) == ()


def test_a_response_keeps_its_envelope_and_loses_what_names_somebody():
    content = {
        "id": "123456789",
        "wave": "0912345678",
        "answers": {"comment": "gọi 0912345678", "many": ["1", "CCCD 094123456789"], "trips": "2"},
        "paradata": {"said": {"deep": "a@example.vn"}, "clicks": 123456789012},
        "anything": "0912345678",
    }

    assert screened_content(content) == {
        "id": "123456789",
        "wave": "0912345678",
        "answers": {"comment": "gọi [đã che số]", "many": ["1", "CCCD [đã che số]"], "trips": "2"},
        "paradata": {"said": {"deep": "[đã che địa chỉ thư]"}, "clicks": 123456789012},
        "anything": "[đã che số]",
    }


COMPLAINTS = [
    "Tôi muốn khiếu nại việc chậm trả sổ đỏ.",
    "Tôi khiếu nại lên huyện mà không ai trả lời",
    "toi muon khieu nai can bo dia chinh",
    "Tôi xin tố cáo cán bộ nhận tiền.",
    "toi se to cao viec nay",
    "TÔI TỐ CÁO ÔNG TRƯỞNG PHÒNG",
    "Xin phản ánh: quầy số 3 hay bỏ đi.",
    "Xin phản ảnh quầy số 3",
    "xin phan anh quay so 3 hay bo di",
    "Kiến nghị Ủy ban xem lại thái độ của cán bộ.",
    "kien nghi xem lai thai do",
    "Kiến nghị: cho nộp hồ sơ ngày thứ Bảy",
    "Tôi đã nhiều lần phản ánh nhưng không được giải quyết.",
    "Cán bộ không giải quyết khiếu nại của dân",
    "Đã gửi đơn khiếu kiện hai năm nay",
    "tố giác hành vi vòi tiền",
    "Việc xử lý kiến nghị quá chậm, rất bức xúc",
    "khiếu nai",
    "Tôi không hài lòng và sẽ khiếu nại",
    "gui don to cao len tinh",
    "Kie\u0302\u0301n nghi\u0323 sửa đường",
]
PEACEFUL = [
    "Cán bộ rất nhiệt tình.",
    "Không có ý kiến, kiến nghị gì.",
    "Không có kiến nghị",
    "khong co kien nghi gi them",
    "Chưa từng phản ánh, kiến nghị.",
    "Tôi chưa có gì phải khiếu nại",
    "Việc tiếp nhận, xử lý phản ánh, kiến nghị rất tốt.",
    "Hài lòng với cách giải quyết phản ánh kiến nghị của phường",
    "Cán bộ Phan Anh rất nhiệt tình.",
    "can bo Phan Anh rat nhiet tinh",
    "Trụ sở to cao, sạch đẹp",
    "tru so to cao sach dep",
    "Ông là người kiên nghị.",
    "Xem phần ảnh trên trang web",
    "Đề nghị giữ gìn như hiện nay",
    "Mong lãnh đạo tăng lương cho cán bộ",
    "",
]


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_complaint_is_recognised(text):
    assert is_complaint(text)


@pytest.mark.parametrize("text", PEACEFUL)
def test_who_does_not_complain_is_left_in_peace(text):
    assert not is_complaint(text)
