"""The sheet for a native reader: Vietnamese beside the translation, and a column to confirm in."""

import io
from collections.abc import Iterable
from typing import BinaryIO

from survey_app.i18n import of_record
from survey_app.services.tables.csv_tables import CsvTable
from survey_app.services.wording.languages import MARK, RIGHT, TEXT, VI, Line


def write_review_sheet(lines: Iterable[Line], stream: BinaryIO) -> None:
    """Write CSV that spreadsheets open as UTF-8; who confirms a text writes x beside it."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    table = CsvTable(text, delimiter=",")
    table.write(MARK, of_record("Tệp"), VI, TEXT, RIGHT, of_record("Góp ý"))
    for line in lines:
        table.write(line.key, line.file, line.vi, line.text, "x" if line.checked else "", "")
    text.flush()
    text.detach()
