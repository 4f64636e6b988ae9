"""The consent notice: what citizens are told before they agree to answer, the same at every door.

Law 91/2025/QH15 and Decree 356/2025/NĐ-CP: consent is a clear act of somebody who knows who asks,
what for, which data, how long they are kept, and which rights there are; proof of it is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from questionnaires.model import Item, QuestionnaireVersion
from survey_app.models.waves import Wave
from survey_app.services.waves import Door

# Another meaning of a sentence below is another notice: `Response.consent` names what was shown.
NOTICE: Final = "2026-1"
ETHNICITY: Final = "ethnicity"


@dataclass(frozen=True)
class Sentence:
    """A text with its fields, in Vietnamese; who shows it translates it."""

    template: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """One point of the notice: what it answers, and the answer in sentences."""

    question: Sentence
    answer: tuple[Sentence, ...]


def is_sensitive(item: Item) -> bool:
    """Say whether an item asks for sensitive personal data (dữ liệu cá nhân nhạy cảm)."""
    return item.code == ETHNICITY


def notice_of(session: Session, door: Door, version: QuestionnaireVersion) -> tuple[Point, ...]:
    """The notice for a form at a door, point by point.

    It says in short what the privacy page says at length, and names the days that the wave sets.
    """
    wave = session.get(Wave, door.wave_id)
    return (
        Point(
            Sentence("Ai hỏi, để làm gì"),
            (
                Sentence(
                    "Đợt khảo sát «{wave}», về sự phục vụ của {unit}.",
                    {"wave": door.wave_title, "unit": door.unit_name},
                ),
                Sentence("Ý kiến chỉ dùng để làm số liệu thống kê và phục vụ tốt hơn."),
            ),
        ),
        Point(Sentence("Dữ liệu nào"), _data(version)),
        Point(Sentence("Giữ bao lâu"), _kept(wave.documents_until if wave else None)),
        Point(Sentence("Quyền của Ông/Bà"), _rights(wave.receipts_until if wave else None)),
    )


def _data(version: QuestionnaireVersion) -> tuple[Sentence, ...]:
    told = [
        Sentence("Chỉ những câu trả lời Ông/Bà chọn hoặc viết, kèm ngày giờ và nơi lấy ý kiến.")
    ]
    if any(is_sensitive(item) for item in version.items):
        told.append(
            Sentence("Câu hỏi về dân tộc là dữ liệu nhạy cảm; trả lời hay không tùy Ông/Bà.")
        )
    return tuple(told)


def _kept(documents_until: date | None) -> tuple[Sentence, ...]:
    draft = Sentence("Phiếu làm dở: 24 giờ.")
    if documents_until is None:
        return draft, Sentence("Phiếu đã gửi: giữ không kèm tên để làm thống kê.")
    return draft, Sentence(
        "Phiếu đã gửi: bản gốc đến hết ngày {day}, sau đó chỉ còn số liệu không kèm tên.",
        {"day": _day(documents_until)},
    )


def _rights(receipts_until: date | None) -> tuple[Sentence, ...]:
    free = Sentence(
        "Không tham gia hoặc thôi giữa chừng lúc nào cũng được, không ảnh hưởng gì đến hồ sơ."
    )
    if receipts_until is None:
        return free, Sentence("Phiếu đã gửi xóa được bằng mã nhận phiếu, khi mã còn được giữ.")
    return free, Sentence(
        "Phiếu đã gửi xóa được bằng mã nhận phiếu đến hết ngày {day}.",
        {"day": _day(receipts_until)},
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
