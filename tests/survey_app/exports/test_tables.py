"""Downloads: the figures of the page, and text that stays text."""

import csv
import io
import json
from dataclasses import replace

import openpyxl
import pytest

from survey_app.exports.tables import INDEX_COLUMNS, sheets, write_csv, write_xlsx
from survey_app.services.computing.results import page_of
from tests.survey_app.factories import catalogue
from tests.survey_app.results_factories import make_computable, make_rated, make_run


@pytest.fixture
def computed(sqlite_database):
    """The page, the document and the tables of a Run."""
    with sqlite_database.writing() as session:
        wave = make_computable(session, units=2, source="probability", provenance="reconstructed")
        run = make_run(session, wave)
        return page_of(session, catalogue(), run), json.loads(run.result), json.loads(run.tables)


def as_csv(page, document):
    file = io.BytesIO()
    write_csv(page, document, file)
    text = file.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def as_book(found):
    file = io.BytesIO()
    write_xlsx(found, file)
    return openpyxl.load_workbook(file)


def test_the_csv_holds_every_node_of_the_whole_and_of_every_unit(computed):
    page, document, _ = computed
    rows = as_csv(page, document)

    assert len(rows) == len(document["results"])
    assert [row["Mã"] for row in rows if not row["Đơn vị"]] == [row.code for row in page.tree]
    assert {row["Tên đơn vị"] for row in rows} - {""} == {unit.name for unit in page.units}


def test_numbers_of_the_csv_have_a_decimal_comma(computed):
    row = next(row for row in as_csv(*computed[:2]) if row["Mã"] == "S1")

    assert row["Tỷ lệ %"] == "75,00"
    assert row["Tỷ lệ (chưa làm tròn)"] == "0,75"


def test_intervals_of_reconstructed_answers_say_what_they_are(computed):
    rows = as_csv(*computed[:2])

    assert all(
        row["Ghi chú"] == "minh họa, không phải sai số của cuộc khảo sát thật"
        for row in rows
        if row["Cận dưới %"]
    )


def test_the_book_holds_the_same_figures_as_numbers(computed):
    page, document, tables = computed
    book = as_book(sheets(page, document, tables))

    assert book.sheetnames == ["Chỉ số", "Theo đơn vị", "Từng câu hỏi", "Lần tính"]
    first = dict(zip([c.value for c in book["Chỉ số"][1]], book["Chỉ số"][2], strict=True))
    assert first["Mã"].value == "SIPAS"
    assert first["Tỷ lệ %"].value == round(100 * page.root.figure.estimate, 2)
    assert first["Số phiếu"].value == page.root.figure.n


def test_small_groups_of_raters_are_told_neither_alone_nor_as_what_is_left(sqlite_database):
    with sqlite_database.writing() as session:
        run = make_run(session, make_rated(session, A=20, B=12, C=6))
        page = page_of(session, catalogue(), run)
        found = sheets(page, json.loads(run.result), json.loads(run.tables))
    head, *rows = as_book(found)["Theo nhóm đánh giá"].iter_rows(values_only=True)

    lines = [dict(zip(head, row, strict=True)) for row in rows]
    assert {line["Nhóm đánh giá"] for line in lines} == {"A", "B", "C"}
    figures = [name for name in head if "%" in name or name.startswith(("Số", "Cỡ", "Điểm "))]
    seen = {
        line["Nhóm đánh giá"]
        for line in lines
        if any(line[name] is not None for name in figures if name != "Điểm tối đa")
    }
    assert seen == {"A"}
    why = {(line["Nhóm đánh giá"], line["Tình trạng"]) for line in lines}
    assert why >= {("B", "ẩn để giữ kín ô ít phiếu"), ("C", "dưới 10 phiếu")}


def test_text_that_looks_like_a_formula_stays_text(computed):
    page, document, tables = computed
    document["results"][0]["title"] = "=1+1"

    cell = as_book(sheets(page, document, tables))["Chỉ số"]["D2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert as_csv(page, document)[0]["Nội dung"] == "'=1+1"


def test_a_hidden_cell_says_so_and_shows_no_number(computed):
    page, document, _ = computed
    hidden = dict.fromkeys(document["results"][0]) | {
        "node": "SIPAS",
        "title": "x",
        "domain": {},
        "status": "suppressed",
        "reason": "n_below_minimum",
    }
    other = hidden | {"reason": "complementary"}
    rows = as_csv(replace(page, minimum=10), document | {"results": [hidden, other]})

    assert [row["Tình trạng"] for row in rows] == ["dưới 10 phiếu", "ẩn để giữ kín ô ít phiếu"]
    assert [row["Tỷ lệ %"] + row["Số phiếu"] for row in rows] == ["", ""]


def test_every_column_has_its_own_heading():
    headings = [column.heading for column in INDEX_COLUMNS]

    assert len(set(headings)) == len(headings)
