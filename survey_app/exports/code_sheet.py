"""Codes for receipts of dossiers as files: a table for a print shop, and a sheet to cut up."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from survey_app.exports.qr import qr_drawing
from survey_app.i18n import of_record
from survey_app.services.tables.csv_tables import CsvTable

LAYOUT: Final = Path(__file__).with_name("code_sheet.typ")
TABLE, SHEET = "ma-ho-so.csv", "ma-ho-so.pdf"
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # the files say nothing of when they were made


@dataclass(frozen=True)
class PrintedCode:
    """A code as a person reads it, and the address that its QR code opens."""

    text: str
    address: str


@dataclass(frozen=True)
class CodeList:
    """Codes that say the same: which unit is rated, for which field and month."""

    unit: str
    field: str | None
    month: str
    codes: Sequence[PrintedCode]


def write_codes(found: CodeList, file: BinaryIO) -> None:
    """Write both files as one archive; the codes are kept nowhere else."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((TABLE, _table(found)), (SHEET, code_sheet(found))):
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)


def code_sheet(found: CodeList) -> bytes:
    """The sheet as PDF: 21 codes on a page of A4, to be cut and put on receipts."""
    import typst  # a compiler: only for who prints

    data: dict[str, Any] = {
        "title": of_record("Mã lấy ý kiến trên giấy biên nhận hồ sơ"),
        "unit": found.unit,
        "field": found.field or "",
        "invitation": of_record("Mời Ông/Bà đánh giá việc phục vụ. Phiếu không ghi tên."),
        "where": of_record("Quét mã hoặc nhập tại"),
        "once": of_record("Mã dùng một lần."),
        "codes": [
            {
                "text": code.text,
                "site": code.address.rpartition("/")[0],
                "drawing": qr_drawing(code.address).decode("ascii"),
            }
            for code in found.codes
        ],
    }
    compiled = typst.compile(
        LAYOUT.read_bytes(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=True,
        timestamp=0,
    )
    return bytes(compiled)


def _table(found: CodeList) -> str:
    text = io.StringIO()
    table = CsvTable(text)
    place = (of_record("Đơn vị"), of_record("Lĩnh vực"), of_record("Tháng"))
    table.write(of_record("Mã"), of_record("Địa chỉ"), *place)
    for code in found.codes:
        table.write(code.text, code.address, found.unit, found.field, found.month)
    return text.getvalue()
