import io
import zipfile
from datetime import date

import openpyxl
import pytest

from questionnaires.refusal import Refusal
from survey_app.services.tables import sheets
from survey_app.services.tables.sheets import Row, read_sheet


def workbook(*rows, **more):
    """An XLSX file: the sheet «Phiếu» with these rows, and `more` sheets by title."""
    book = openpyxl.Workbook()
    book.active.title = "Phiếu"
    for row in rows:
        book.active.append(row)
    for title, state in more.items():
        sheet = book.create_sheet(title)
        sheet.append(["a", "b"])
        sheet.sheet_state = state
    return saved(book)


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def refusal(content, name="f.csv", sheet=None):
    with pytest.raises(Refusal) as caught:
        read_sheet(content, name, sheet)
    return str(caught.value)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv_delimiter_is_found_out(sign):
    text = f'số phiếu{sign}"Ông/Bà, anh; chị"\r\n1{sign}4\r\n'

    sheet = read_sheet(text.encode("utf-8-sig"), "f.csv")

    assert sheet.header == ("số phiếu", "Ông/Bà, anh; chị")
    assert sheet.rows == (Row(2, ("1", "4")),)


def test_unquoted_commas_in_titles_do_not_hide_the_semicolon():
    sheet = read_sheet(b"a, b, c;d\n1;2\n3;4\n", "f.csv")

    assert sheet.header == ("a, b, c", "d")


def test_rows_are_numbered_as_the_spreadsheet_shows_them():
    sheet = read_sheet(b'\na,b\n1,"two\nlines"\n\n,\n2,x\n', "f.csv")

    assert [row.number for row in sheet.rows] == [3, 6]


def test_xlsx_cells_become_text():
    content = workbook(
        ["số", "b", "c", "d", "e", "f"],
        [5.0, 0.5, True, date(2026, 11, 20), " Hài  lòng ", None],
        [],
        [1234567, 1e-7, False, "007", "x", "y"],
    )

    sheet = read_sheet(content, "f.xlsx")

    assert sheet.rows == (
        Row(2, ("5", "0.5", "1", "2026-11-20", "Hài  lòng", "")),
        Row(4, ("1234567", "0.0000001", "0", "007", "x", "y")),
    )


def test_text_is_composed():
    assert read_sheet("số phiếu,b\n1,Hài lòng".encode(), "f.csv").header[0] == "số phiếu"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "f.csv", "Tệp f.csv trống."),
        (b" \r\n", "f.xlsx", "Tệp f.xlsx trống."),
        (b"a,b\n", "f.csv", "Tệp f.csv không có dòng dữ liệu nào."),
        (b"a,b\n1,2\n3\n", "f.csv", "Tệp f.csv, dòng 3: có 1 ô trong khi dòng tiêu đề có 2 cột."),
        (b"a,b\n1,2,3\n", "f.csv", "Tệp f.csv, dòng 2: có 3 ô trong khi dòng tiêu đề có 2 cột."),
        (b'a,b\n1,"2\n3,4\n', "f.csv", "Tệp f.csv, dòng 2: không phải CSV đúng dạng"),
        (b"a,b\n1,\xff\n", "f.csv", "Tệp f.csv, dòng 2: không phải văn bản UTF-8."),
        (b"a,a\n1,2\n", "f.csv", "Tệp f.csv, dòng 1: có hai cột «a»."),
        (b"a,,c\n1,2,3\n", "f.csv", "Tệp f.csv, dòng 2: cột thứ 2 có dữ liệu nhưng không có tên."),
        (b"a,b\n1,2\n", "f.xlsx", "Tệp f.xlsx không phải XLSX đúng dạng."),
        (b"PK\x03\x04broken", "f.xlsx", "Tệp f.xlsx không phải XLSX đúng dạng."),
        (b"\xd0\xcf\x11\xe0old", "f.xls", "Tệp f.xls là tệp Excel cũ (.xls) hoặc có mật khẩu."),
        (b"x" * (sheets.LIMIT + 1), "f.csv", "Tệp f.csv lớn hơn 10 MB."),
    ],
)
def test_bad_file_is_refused_with_one_sentence(content, name, said):
    assert refusal(content, name).startswith(said)


def test_half_a_workbook_is_refused():
    content = workbook(["a", "b"], *([i, i] for i in range(500)))

    assert (
        refusal(content[: len(content) // 2], "f.xlsx") == "Tệp f.xlsx không phải XLSX đúng dạng."
    )


def test_a_zip_that_is_no_workbook_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "a")

    assert refusal(stream.getvalue(), "f.xlsx") == "Tệp f.xlsx không phải XLSX đúng dạng."


def test_a_workbook_that_unpacks_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "UNPACKED_LIMIT", 1000)

    assert "giải nén ra quá lớn" in refusal(workbook(["a"], [1]), "f.xlsx")


def test_hidden_sheet_is_refused_unless_the_sheet_is_named():
    content = workbook(["a"], [1], **{"Danh mục": "hidden"})

    assert "trang tính ẩn «Danh mục»" in refusal(content, "f.xlsx")
    assert read_sheet(content, "f.xlsx", "Phiếu").rows == (Row(2, ("1",)),)


def test_several_filled_sheets_need_a_name():
    content = workbook(["a"], [1], Hai="visible")

    assert "(«Phiếu», «Hai»)" in refusal(content, "f.xlsx")
    assert read_sheet(content, "f.xlsx", "Phiếu").header == ("a",)
    assert "không có trang tính «Ba»" in refusal(content, "f.xlsx", "Ba")


def test_an_empty_workbook_is_refused():
    assert refusal(workbook(), "f.xlsx") == "Tệp f.xlsx không có dòng dữ liệu nào."


def test_a_formula_is_refused_only_in_a_column_that_is_used():
    sheet = read_sheet(workbook(["a", "b"], [1, 2], [3, "=A2*2"], ["#N/A", 1]), "f.xlsx")

    sheet.require_values([])
    with pytest.raises(Refusal, match="dòng 3, cột «b»: ô chứa công thức"):
        sheet.require_values([1])
    with pytest.raises(Refusal, match="dòng 4, cột «a»: ô báo lỗi"):
        sheet.require_values([0])


def test_a_wrong_dimension_loses_no_cell():
    content = workbook(["a", "b"], [1, 2])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, data.replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1:A1"'))

    assert read_sheet(changed.getvalue(), "f.xlsx").rows == (Row(2, ("1", "2")),)
