"""The sheet for a native reader opens as UTF-8 in a spreadsheet and shows what is done already."""

import io

from survey_app.exports.review_sheet import write_review_sheet
from survey_app.services.wording.languages import Line


def test_the_sheet_has_both_texts_and_a_mark_for_what_is_checked():
    lines = [
        Line("interface", "Bắt đầu", "ចាប់ផ្តើម", True, None),
        Line("x/1", "A", "a", False, None),
    ]
    stream = io.BytesIO()
    write_review_sheet(lines, stream)
    written = stream.getvalue()

    assert written.startswith(b"\xef\xbb\xbf")
    header, first, second = written.decode("utf-8-sig").splitlines()
    assert header == "Mã,Tệp,Tiếng Việt,Bản dịch,Đúng,Góp ý"
    assert first == f"{lines[0].key},interface,Bắt đầu,ចាប់ផ្តើម,x,"
    assert second.endswith(",x/1,A,a,,")
