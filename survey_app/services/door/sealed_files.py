"""Files of sealed forms and visits that a tablet without a network hands over: read strictly."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.accounts import Device
from survey_app.services.field.devices import LONGEST_NAME, clock_offset
from survey_app.services.field.enrolment import TABLET

FORMAT: Final = "sipas-sealed-1"
IMPORTED: Final = "import_sealed_file"  # what is recorded
MOST_ITEMS: Final = 20_000
LARGEST_FILE: Final = 20 * 1024 * 1024  # bytes: a sealed form of 70 answers has 3 to 4 kB


@dataclass(frozen=True)
class SealedFile:
    """What a tablet wrote into a file; `responses` and `visits` are as at the collection doors.

    Each item is `{"id", "sealed"}`: nothing in the file can be read without the key of the wave.
    """

    device: str
    made_at: str
    responses: tuple[dict[str, Any], ...]
    visits: tuple[dict[str, Any], ...]

    def sent_at(self, now: datetime) -> str | None:
        """What the tablet's clock tells of itself; None where that may be the way of the file.

        A file that was made in the future shows by how much the clock is ahead, at least. One from
        the past may have travelled for days, so it does not show that a clock is behind.
        """
        offset = clock_offset(self.made_at, now)
        return self.made_at if offset is not None and offset < 0 else None


def read_sealed_file(content: bytes) -> SealedFile:
    """Read a file of sealed forms; raises `Refusal` for anything that is not one."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Refusal("Đây không phải tệp phiếu niêm phong do máy tính bảng lưu ra.")
    responses, visits = (_items(found.get(part, [])) for part in ("responses", "visits"))
    if len(responses) + len(visits) > MOST_ITEMS:
        raise Refusal("Tệp có hơn {most} mục nên không nhận.", most=MOST_ITEMS)
    device, made_at = found.get("device"), found.get("made_at")
    name = device.get("name") if isinstance(device, dict) else device
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise Refusal("Tệp không ghi tên máy đã lưu ra.")
    return SealedFile(name, str(made_at or "")[:40], responses, visits)


def device_of_file(session: Session, found: SealedFile) -> Device:
    """The tablet a file comes from, also one that is retired or revoked: a person vouches for it.

    Raises `Refusal` when there is no such tablet.
    """
    device = session.scalar(
        select(Device).where(Device.name == found.device, Device.kind == TABLET)
    )
    if device is None:
        template = "Tệp ghi máy «{name}», nhưng không có máy tính bảng nào tên như vậy."
        raise Refusal(template, name=found.device)
    return device


def _items(given: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(given, list):
        given = None
    for one in given or ():
        if not isinstance(one, dict) or set(one) != {"id", "sealed"}:
            given = None
            break
    if given is None:
        raise Refusal("Tệp phiếu niêm phong bị hỏng hoặc đã bị sửa.")
    return tuple(given)
