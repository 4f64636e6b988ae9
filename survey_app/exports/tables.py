"""A Run as CSV and as a workbook, with the same figures as the page."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter

from survey_app.i18n import of_record
from survey_app.services.computing.result_tables import HELPED, RATER_GROUP, rounded_percent
from survey_app.services.computing.results import ResultsPage, TreeRow
from survey_app.services.tables.csv_tables import Cell, CsvTable

TEXT, PERCENT, FRACTION, POINTS, COUNT = "text", "percent", "fraction", "points", "count"
FORMATS = {PERCENT: "0.00", FRACTION: "0.000000", POINTS: "0.0000", COUNT: "#,##0"}
WIDTHS = {TEXT: 16, PERCENT: 12, FRACTION: 14, POINTS: 12, COUNT: 10}
STATUS = {
    "ok": "",
    "undefined": of_record("không tính được"),
    "suppressed": of_record("dưới {n} phiếu"),
}
COMPLEMENTARY = of_record("ẩn để giữ kín ô ít phiếu")


@dataclass(frozen=True)
class Column:
    """A column of a download: its heading and how its numbers are written."""

    heading: str
    kind: str
    width: int | None = None


@dataclass(frozen=True)
class Sheet:
    """A table of a download."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]


INDEX_COLUMNS = (
    Column(of_record("Đơn vị"), TEXT),
    Column(of_record("Tên đơn vị"), TEXT, 28),
    Column(of_record("Mã"), TEXT, 12),
    Column(of_record("Nội dung"), TEXT, 60),
    Column(of_record("Tỷ lệ %"), PERCENT),
    Column(of_record("Cận dưới %"), PERCENT),
    Column(of_record("Cận trên %"), PERCENT),
    Column(of_record("Tỷ lệ (chưa làm tròn)"), FRACTION),
    Column(of_record("Sai số chuẩn"), FRACTION),
    Column(of_record("Số phiếu"), COUNT),
    Column(of_record("Cỡ mẫu hiệu quả"), PERCENT),
    Column(of_record("Điểm"), POINTS),
    Column(of_record("Điểm (chưa làm tròn)"), POINTS),
    Column(of_record("Điểm tối đa"), POINTS),
    Column(of_record("Điểm chưa đạt"), POINTS),
    Column(of_record("Hạng"), COUNT),
    Column(of_record("Hạng từ"), COUNT),
    Column(of_record("Hạng đến"), COUNT),
    Column(of_record("Năm trước %"), PERCENT),
    Column(of_record("Thay đổi (điểm phần trăm)"), PERCENT),
    Column(of_record("Tình trạng"), TEXT, 20),
    Column(of_record("Ghi chú"), TEXT, 44),
)
ITEM_COLUMNS = (
    Column(of_record("Mã câu"), TEXT, 14),
    Column(of_record("Câu hỏi"), TEXT, 60),
    Column(of_record("Mã phương án"), TEXT, 12),
    Column(of_record("Phương án"), TEXT, 36),
    Column(of_record("Số phiếu chọn"), COUNT),
    Column(of_record("Tỷ lệ %"), PERCENT),
    Column(of_record("Cận dưới %"), PERCENT),
    Column(of_record("Cận trên %"), PERCENT),
    Column(of_record("Số phiếu hợp lệ"), COUNT),
    Column(of_record("Tình trạng"), TEXT, 20),
    Column(of_record("Ghi chú"), TEXT, 44),
)
HELPER_COLUMNS = (
    Column(of_record("Mã người giúp"), TEXT),
    Column(of_record("Ai giúp trả lời"), TEXT, 28),
    *INDEX_COLUMNS[2:],
)
GROUP_COLUMNS = (Column(of_record("Nhóm đánh giá"), TEXT, 28), *INDEX_COLUMNS[2:])
FACT_COLUMNS = (Column(of_record("Thông tin"), TEXT, 28), Column(of_record("Giá trị"), TEXT, 90))


def sheets(
    page: ResultsPage, document: Mapping[str, Any], tables: Mapping[str, Any]
) -> tuple[Sheet, ...]:
    """The tables of a Run: the whole, its domains, item by item, and what it was computed from."""
    index = list(_index_rows(page, document))
    whole = Sheet(of_record("Chỉ số"), INDEX_COLUMNS, [row for row in index if not row[0]])
    by_unit = Sheet(of_record("Theo đơn vị"), INDEX_COLUMNS, [row for row in index if row[0]])
    items = Sheet(of_record("Từng câu hỏi"), ITEM_COLUMNS, list(_item_rows(page, tables)))
    helped = list(_index_rows(page, document, HELPED))
    by_helper = Sheet(of_record("Theo người giúp"), HELPER_COLUMNS, helped)
    # Hidden in the document already: a small group, and another one that would tell it.
    rated = [row[1:] for row in _index_rows(page, document, RATER_GROUP)]
    by_group = Sheet(of_record("Theo nhóm đánh giá"), GROUP_COLUMNS, rated)
    facts = Sheet(of_record("Lần tính"), FACT_COLUMNS, list(_facts(page, document)))
    found = (whole, by_unit, by_helper, by_group, items, facts)
    return tuple(sheet for sheet in found if sheet.rows)


def write_csv(page: ResultsPage, document: Mapping[str, Any], file: BinaryIO) -> None:
    """Write the whole and all units as the spreadsheets of Viet Nam open it."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = CsvTable(text)
    table.write(*(column.heading for column in INDEX_COLUMNS))
    for row in _index_rows(page, document):
        table.write(*row)
    text.flush()
    text.detach()


def write_xlsx(found: Sequence[Sheet], file: BinaryIO) -> None:
    """Write tables as a workbook; a text is always a text, whatever it begins with."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    book = xlsxwriter.Workbook(file, options)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    formats = {kind: book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
    formats[TEXT] = book.add_format({"text_wrap": True, "valign": "top"})
    for table in found:
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 0)
        for x, column in enumerate(table.columns):
            sheet.set_column(x, x, column.width or WIDTHS[column.kind])
            sheet.write_string(0, x, column.heading, bold)
        for y, row in enumerate(table.rows, start=1):
            for x, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                if isinstance(cell, str):
                    sheet.write_string(y, x, cell, formats[TEXT])
                elif cell is not None:
                    sheet.write_number(y, x, cell, formats[column.kind])
    book.close()


def _index_rows(
    page: ResultsPage, document: Mapping[str, Any], by: str = ""
) -> Iterator[list[Cell]]:
    """The whole and all units; or what is tabulated `by` another variable, without the whole."""
    told = {"": page.units, HELPED: page.helpers, RATER_GROUP: page.groups}[by]
    names = {row.code: row.name for row in told}
    tree = {row.code: row for row in page.tree}
    for row in document["results"]:
        domain = row["domain"]
        if (by not in domain) if by else (domain and "unit" not in domain):
            continue
        code = domain.get(by or "unit", "")
        before = None if code else _before(tree.get(row["node"]))
        yield [
            code,
            names.get(code, ""),
            row["node"],
            row["title"],
            _percent(row["estimate"]),
            _percent(row["ci_low"]),
            _percent(row["ci_high"]),
            row["estimate_exact"],
            row["se"],
            row["n"],
            row["n_effective"],
            row["points"],
            row["points_exact"],
            row["max_points"],
            _shortfall(row),
            row["rank"],
            row["rank_low"],
            row["rank_high"],
            *(before or (None, None)),
            _status(page, row),
            row["notice"] if row["ci_low"] is not None else None,
        ]


def _before(row: TreeRow | None) -> tuple[Decimal, Decimal] | None:
    if row is None or row.before is None:
        return None
    return rounded_percent(row.before.estimate), row.before.change


def _shortfall(row: Mapping[str, Any]) -> Decimal | None:
    if row["points"] is None:
        return None
    return Decimal(repr(row["max_points"])) - Decimal(repr(row["points"]))


def _item_rows(page: ResultsPage, tables: Mapping[str, Any]) -> Iterator[list[Cell]]:
    for row in tables.get("results", ()):
        yield [
            row["item"],
            row["text"],
            row["option"],
            row["label"],
            row["count"],
            _percent(row["estimate"]),
            _percent(row["ci_low"]),
            _percent(row["ci_high"]),
            row["n"],
            of_record("ngoài thang đo") if row["status"] == "outside" else _status(page, row),
            row["notice"] if row["ci_low"] is not None else None,
        ]


def _facts(page: ResultsPage, document: Mapping[str, Any]) -> Iterator[list[Cell]]:
    run = page.run
    yield [of_record("Đợt khảo sát"), f"{page.wave_title} ({page.wave_code})"]
    yield [of_record("Chỉ số"), f"{run.index_title} ({run.index_code})"]
    yield [of_record("Lần tính"), str(run.id)]
    yield [of_record("Tính lúc"), run.computed_at.isoformat(timespec="seconds")]
    yield [of_record("Số phiếu tính"), str(run.responses)]
    yield [of_record("Nguồn phiếu"), page.source]
    yield [of_record("Độ tin cậy"), f"{100 * page.confidence:g} %"]
    yield [of_record("Mã kiểm tra phương pháp"), page.definition_checksum]
    yield [of_record("Mã kiểm tra dữ liệu"), page.data_checksum]
    yield [of_record("Phiên bản chương trình"), page.code_version]
    for label, text in (
        (of_record("Ghi chú"), page.notice),
        (of_record("Giả định"), page.assumption),
    ):
        if text:
            yield [label, text]
    yield from (
        [of_record("Nguồn gốc phiếu"), text] for text in document["design"].get("provenance", ())
    )
    if page.draft:
        yield [of_record("Phương pháp dự thảo"), page.note or ""]


def _status(page: ResultsPage, row: Mapping[str, Any]) -> str:
    if row["reason"] == "complementary":
        return COMPLEMENTARY
    return STATUS[row["status"]].format(n=page.minimum)


def _percent(rate: float | None) -> Decimal | None:
    return None if rate is None else rounded_percent(rate)
