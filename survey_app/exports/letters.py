"""Letters of invitation: as mails, and as a table for mail merge with the address of each."""

from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import IO

from survey_app.i18n import of_record
from survey_app.services.codes.letters import FIRST, Letter
from survey_app.services.tables.csv_tables import CsvTable


def mail_of(letter: Letter, kind: str, wave_title: str, sender: str, now: datetime) -> EmailMessage:
    """A letter as a mail in plain words; what it says of secrecy is what the door says."""
    name, address = parseaddr(sender)
    user, _at, host = address.rpartition("@")
    to_user, _at, to_host = letter.contact.rpartition("@")
    mail = EmailMessage()
    mail["From"] = Address(name, user, host)
    mail["To"] = Address(letter.name, to_user, to_host)
    mail["Subject"] = _subject(kind, wave_title)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=host)
    mail["Auto-Submitted"] = "auto-generated"
    paragraphs = (
        of_record("Kính gửi {name},", name=letter.name),
        _opening(kind),
        "\n".join(
            (
                of_record("Đợt khảo sát: {wave}", wave=wave_title),
                of_record("Địa chỉ riêng của thư mời này:"),
                letter.address,
            )
        ),
        of_record(
            "Mở địa chỉ bao nhiêu lần cũng được. Thư mời chỉ được dùng khi bấm «Gửi phiếu»; "
            "mỗi đơn vị gửi một phiếu."
        ),
        of_record(
            "Phiếu không ghi tên. Hệ thống chỉ ghi nhận thư mời đã được dùng cho đơn vị nào, "
            "không ghi phiếu nào là của ai. Trang đầu của thư mời nói rõ phiếu được giữ kín như "
            "thế nào."
        ),
        of_record("Xin không chuyển tiếp thư này, vì địa chỉ trên chỉ dành cho người nhận thư."),
        of_record("Trân trọng cảm ơn."),
    )
    mail.set_content("\n\n".join(paragraphs) + "\n")
    return mail


def write_letters(letters: Iterable[Letter], stream: IO[str]) -> int:
    """Write a line for each letter, as spreadsheets open it; returns how many."""
    written = 0
    table = CsvTable(stream, delimiter=",")
    titles = (of_record("họ tên"), of_record("liên hệ"), of_record("nhóm"))
    table.write(*titles, of_record("địa chỉ thư mời"))
    for letter in letters:
        table.write(letter.name, letter.contact, letter.group, letter.address)
        written += 1
    return written


def _subject(kind: str, wave_title: str) -> str:
    if kind == FIRST:
        return of_record("Thư mời đánh giá: {wave}", wave=wave_title)
    return of_record("Nhắc thư mời đánh giá: {wave}", wave=wave_title)


def _opening(kind: str) -> str:
    if kind == FIRST:
        return of_record(
            "Trân trọng mời đánh giá kết quả cải cách hành chính. Phiếu điền trên điện thoại hoặc "
            "máy tính, không cần tài khoản."
        )
    return of_record(
        "Thư mời dưới đây còn phiếu chưa gửi. Nếu đã quyết định không trả lời, xin bỏ qua thư này."
    )
