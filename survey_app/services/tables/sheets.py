"""A spreadsheet file as rows of text: CSV or XLSX, one sheet, its first filled row the header."""

import csv
import io
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Any

from questionnaires.refusal import Refusal

LIMIT = 10 * 1024 * 1024
UNPACKED_LIMIT = 400 * 1024 * 1024  # an XLSX is a ZIP, and a small one can hold very much
SAMPLE = 20  # records read to find out the delimiter
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
FORMULA = "Tệp {file}, dòng {row}, cột «{column}»: ô chứa công thức. Xin dán lại dưới dạng giá trị."
ERROR = "Tệp {file}, dòng {row}, cột «{column}»: ô báo lỗi của Excel. Xin sửa lại rồi nhập."


@dataclass(frozen=True)
class Row:
    """One row: its number as the spreadsheet shows it, and a trimmed text per column."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """A cell that holds no value: it matters only if its column is used."""

    row: int
    position: int
    template: str


@dataclass(frozen=True)
class Sheet:
    """A table of text. `name` is how messages call the file; blank rows are left out."""

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()

    def require_values(self, positions: Iterable[int]) -> None:
        """Raise `Refusal` at the first cell of these columns that holds a formula or an error."""
        used = frozenset(positions)
        for fault in self.faults:
            if fault.position in used:
                column = self.header[fault.position]
                raise Refusal(fault.template, file=self.name, row=fault.row, column=column)


def read_sheet(content: bytes, name: str, sheet: str | None = None) -> Sheet:
    """Read the bytes of a CSV (UTF-8; comma, semicolon or tab) or XLSX file.

    `sheet` names the sheet of a workbook; without it there must be one filled sheet and no hidden
    one. Raises `Refusal` naming file, row and column.
    """
    if not content.strip():
        raise Refusal("Tệp {file} trống.", file=name)
    if len(content) > LIMIT:
        template = "Tệp {file} lớn hơn {limit} MB. Xin tách thành nhiều tệp rồi nhập lần lượt."
        raise Refusal(template, file=name, limit=LIMIT // 1024**2)
    if content.startswith(OLE):
        template = "Tệp {file} là tệp Excel cũ (.xls) hoặc có mật khẩu. Xin lưu lại thành .xlsx."
        raise Refusal(template, file=name)
    if content.startswith(ZIP):
        return _assembled(name, _xlsx_rows(content, name, sheet))
    if name.lower().endswith((".xlsx", ".xlsm")):
        raise Refusal("Tệp {file} không phải XLSX đúng dạng.", file=name)
    return _assembled(name, _csv_rows(content, name))


def plain(text: str) -> str:
    """NFC with single spaces and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _assembled(name: str, numbered: Iterable[tuple[int, Sequence[Any]]]) -> Sheet:
    header: tuple[str, ...] = ()
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, values in numbered:
        texts = [value if isinstance(value, str) else "" for value in values]
        if not any(texts) and not any(isinstance(value, _Wrong) for value in values):
            continue
        if not header:
            header = _header(name, number, texts)
            continue
        wrong = [(place, value) for place, value in enumerate(values) if isinstance(value, _Wrong)]
        faults += [Fault(number, place, value.template) for place, value in wrong]
        titles = dict(enumerate(header))
        filled = (place for place, value in enumerate(values) if value != "")
        nameless = [place for place in filled if not titles.get(place)]
        if nameless:
            template = "Tệp {file}, dòng {row}: cột thứ {column} có dữ liệu nhưng không có tên."
            raise Refusal(template, file=name, row=number, column=nameless[0] + 1)
        padded = (*texts[: len(header)], *[""] * (len(header) - len(texts)))
        rows.append(Row(number, padded))
    if not rows:
        raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=name)
    return Sheet(name, header, tuple(rows), tuple(faults))


def _header(name: str, number: int, texts: Sequence[str]) -> tuple[str, ...]:
    titles = [plain(text) for text in texts]
    while titles and not titles[-1]:
        titles.pop()
    for title in titles:
        if title and titles.count(title) > 1:
            template = "Tệp {file}, dòng {row}: có hai cột «{column}»."
            raise Refusal(template, file=name, row=number, column=title)
    return tuple(titles)


def _csv_rows(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        template = "Tệp {file}, dòng {row}: không phải văn bản UTF-8. Xin lưu lại dạng CSV UTF-8."
        raise Refusal(template, file=name, row=row) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    width, number = 0, 0
    try:
        for number, record in enumerate(reader, start=1):
            cells = [unicodedata.normalize("NFC", cell).strip() for cell in record]
            width = width or (len(cells) if any(cells) else 0)
            if any(cells) and (len(cells) < width or any(cells[width:])):
                template = "Tệp {file}, dòng {row}: có {n} ô trong khi dòng tiêu đề có {width} cột."
                raise Refusal(template, file=name, row=number, n=len(cells), width=width)
            yield number, cells[:width]
    except csv.Error as error:
        template = "Tệp {file}, dòng {row}: không phải CSV đúng dạng, có thể tệp bị cắt ngang."
        raise Refusal(template, file=name, row=number + 1) from error


def _delimiter(text: str) -> str:
    """The sign that cuts most of the first records into as many cells as the header has."""

    def fit(sign: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        try:
            widths = [len(record) for record in islice(reader, SAMPLE) if any(record)]
        except csv.Error:
            return (0, 0)
        if not widths or widths[0] < 2:
            return (0, 0)
        return (widths.count(widths[0]), widths[0])

    return max(",;\t", key=fit)


@dataclass(frozen=True)
class _Wrong:
    """What stands for the value of a cell that has none."""

    template: str


def _xlsx_rows(
    content: bytes, name: str, wanted: str | None
) -> Iterator[tuple[int, list[str | _Wrong]]]:
    import openpyxl  # it imports numpy, which a web page must not

    book: Any = None
    try:
        _refuse_bomb(content, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that a table of answers has no use for
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
            sheet = _chosen(book.worksheets, name, wanted)
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                yield number, [_text(cell) for cell in cells]
    except Refusal:
        raise
    except Exception as error:  # whatever a broken file makes the reader stumble over
        raise Refusal("Tệp {file} không phải XLSX đúng dạng.", file=name) from error
    finally:
        if book is not None:
            book.close()


def _refuse_bomb(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_LIMIT:
            raise Refusal("Tệp {file} giải nén ra quá lớn. Xin tách thành nhiều tệp.", file=name)


def _chosen(sheets: Sequence[Any], name: str, wanted: str | None) -> Any:
    if wanted is not None:
        for sheet in sheets:
            if plain(sheet.title) == plain(wanted):
                sheet.reset_dimensions()
                return sheet
        raise Refusal("Tệp {file} không có trang tính «{sheet}».", file=name, sheet=wanted)
    for sheet in sheets:
        sheet.reset_dimensions()  # some programs write wrong ones, and cells would be lost
        if sheet.sheet_state != "visible":
            template = (
                "Tệp {file} có trang tính ẩn «{sheet}». Xin xóa trang đó, hoặc ghi tên trang "
                "cần nhập vào mục «sheet» của tệp ánh xạ cột."
            )
            raise Refusal(template, file=name, sheet=sheet.title)
    filled = [sheet for sheet in sheets if any(_filled(row) for row in sheet.iter_rows())]
    if not filled:
        raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=name)
    if len(filled) > 1:
        template = (
            "Tệp {file} có nhiều trang tính có dữ liệu ({sheets}). Xin ghi tên trang cần nhập vào "
            "mục «sheet» của tệp ánh xạ cột."
        )
        raise Refusal(template, file=name, sheets=", ".join(f"«{s.title}»" for s in filled))
    return filled[0]


def _filled(cells: Iterable[Any]) -> bool:
    return any(cell.value is not None for cell in cells)


def _text(cell: Any) -> str | _Wrong:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        return _Wrong(FORMULA if cell.data_type == "f" else ERROR)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, date | time):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)
