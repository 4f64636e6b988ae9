"""Tables as CSV that spreadsheets of Viet Nam open; no text in them is taken for a formula."""

import csv
from decimal import Decimal
from typing import IO, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins so
GUARD: Final = "'"  # and takes what begins so for a text
Cell = str | int | float | Decimal | None


class CsvTable:
    """Writes rows: a semicolon between cells, a comma in decimals; mail merge wants `,` between."""

    def __init__(self, stream: IO[str], delimiter: str = ";") -> None:
        stream.write("\ufeff")  # tells a spreadsheet that this is UTF-8
        self._writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")

    def write(self, *cells: Cell) -> None:
        """Write a row; texts are guarded, numbers are not."""
        self._writer.writerow(map(_written, cells))


def unguarded(text: str) -> str:
    """A text as it was before it was written, where a spreadsheet gives it back."""
    return text.removeprefix(GUARD)


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"{GUARD}{cell}" if cell.startswith(FORMULA) else cell
    return str(cell).replace(".", ",")
