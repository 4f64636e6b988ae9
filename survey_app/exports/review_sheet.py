"""The sheet for a native reader: Vietnamese beside the translation, and a column to confirm in."""

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from survey_app.exports.tables import DANGEROUS
from survey_app.i18n import of_record
from survey_app.services.languages import MARK, RIGHT, TEXT, VI, Line


def write_review_sheet(lines: Iterable[Line], stream: BinaryIO) -> None:
    """Write CSV that spreadsheets open as UTF-8; who confirms a text writes x beside it."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([MARK, of_record("Tệp"), VI, TEXT, RIGHT, of_record("Góp ý")])
    for line in lines:
        shown = (f"'{one}" if one.startswith(DANGEROUS) else one for one in (line.vi, line.text))
        writer.writerow([line.key, line.file, *shown, "x" if line.checked else "", ""])
    text.flush()
    text.detach()
