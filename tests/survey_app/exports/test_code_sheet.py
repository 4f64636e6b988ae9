"""The files of codes: a table that spreadsheets open, and a sheet that printers take."""

import csv
import io
import zipfile

from survey_app.exports.code_sheet import SHEET, TABLE, CodeList, PrintedCode, write_codes

CODES = [
    PrintedCode(f"2345-6789-ABC{sign}", f"https://sipas.example/s/c/23456789ABC{sign}")
    for sign in "DEFGH"
]
FOUND = CodeList("Phường Phú Lợi", "Đất đai", "2026-11", CODES)


def files(found=FOUND):
    stream = io.BytesIO()
    write_codes(found, stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(found=FOUND):
    text = files(found)[TABLE].decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_table_has_a_row_for_each_code_with_what_it_says():
    head, *rows = table()

    assert head == ["Mã", "Địa chỉ", "Đơn vị", "Lĩnh vực", "Tháng"]
    assert [row[0] for row in rows] == [code.text for code in CODES]
    assert {tuple(row[2:]) for row in rows} == {("Phường Phú Lợi", "Đất đai", "2026-11")}


def test_a_name_is_never_a_formula():
    assert table(CodeList("=1+1", None, "2026-11", CODES))[1][2:4] == ["'=1+1", ""]


def test_the_sheet_is_a_pdf_that_says_nothing_of_when_it_was_made():
    assert files()[SHEET].startswith(b"%PDF-")
    assert files() == files()


def test_a_sheet_of_many_codes_has_more_pages():
    few, many = (files(CodeList("X", None, "2026-11", CODES * n))[SHEET] for n in (1, 10))

    assert few.count(b"/MediaBox") < many.count(b"/MediaBox")
