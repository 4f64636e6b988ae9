"""Letters of invitation as a table for mail merge: who gets one, and the address of each."""

import csv
from collections.abc import Iterable
from typing import IO

from survey_app.i18n import _
from survey_app.services.letters import Letter

UNSAFE = ("=", "+", "-", "@", "\t")  # a spreadsheet would compute what begins so


def write_letters(letters: Iterable[Letter], stream: IO[str]) -> int:
    """Write a line for each letter, as spreadsheets open it; returns how many."""
    written = 0
    stream.write("\ufeff")  # tells a spreadsheet that this is UTF-8
    sheet = csv.writer(stream, lineterminator="\r\n")
    sheet.writerow([_("họ tên"), _("liên hệ"), _("nhóm"), _("địa chỉ thư mời")])
    for letter in letters:
        cells = (letter.name, letter.contact, letter.group, letter.address)
        sheet.writerow([f"'{cell}" if cell.startswith(UNSAFE) else cell for cell in cells])
        written += 1
    return written
