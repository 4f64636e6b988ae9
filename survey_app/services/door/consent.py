"""The consent notice: what people are told before they agree to answer, the same at every door.

Law 91/2025/QH15 and Decree 356/2025/NĐ-CP: consent is a clear act of somebody who knows who asks,
what for, which data, how long they are kept, and which rights there are; proof of it is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from sqlalchemy.orm import Session

from questionnaires.model import Item, QuestionnaireVersion
from survey_app.models.waves import Wave
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.operation.retention import (
    CONTACTS,
    DAYS,
    DOCUMENTS,
    RECEIPTS,
    promised_day,
)

# Another meaning of a sentence below is another notice: `Response.consent` names what was shown.
NOTICE: Final = "2026-2"
ETHNICITY: Final = "ethnicity"


class Asker(Protocol):
    """Who asks: a door, or a wave on a tablet; `unit_name` is empty where several are rated."""

    @property
    def wave_id(self) -> int:
        """The wave by its number."""
        ...

    @property
    def wave_title(self) -> str:
        """The wave by its name."""
        ...

    @property
    def unit_name(self) -> str:
        """Whose service is rated."""
        ...

    @property
    def by_code(self) -> bool:
        """Whether a one-time code is spent."""
        ...

    @property
    def by_invitation(self) -> bool:
        """Whether that code is a letter of invitation to an official."""
        ...


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
    # Versions published before there was a mark of their own are known by the code.
    return item.sensitive or item.code == ETHNICITY


def notice_of(session: Session, door: Asker, version: QuestionnaireVersion) -> tuple[Point, ...]:
    """The notice for a form at a door, point by point.

    It says in short what the page on data protection says at length.
    """
    wave = session.get_one(Wave, door.wave_id)
    return (
        Point(
            Sentence("Ai hỏi, để làm gì"),
            (
                _about(door),
                Sentence("Ý kiến chỉ dùng để làm số liệu thống kê và phục vụ tốt hơn."),
            ),
        ),
        Point(Sentence("Dữ liệu nào"), _data(door, version)),
        Point(Sentence("Giữ bao lâu"), _kept(door, wave)),
        Point(Sentence("Quyền của Ông/Bà"), _rights(door, wave)),
    )


def _about(door: Asker) -> Sentence:
    if door.by_invitation:
        return Sentence(
            "Đợt khảo sát «{wave}», mời cán bộ, công chức đánh giá {unit}.",
            {"wave": door.wave_title, "unit": door.unit_name},
        )
    if not door.unit_name:
        return Sentence(
            "Đợt khảo sát «{wave}», về sự phục vụ của cơ quan hành chính nhà nước.",
            {"wave": door.wave_title},
        )
    return Sentence(
        "Đợt khảo sát «{wave}», về sự phục vụ của {unit}.",
        {"wave": door.wave_title, "unit": door.unit_name},
    )


def _data(door: Asker, version: QuestionnaireVersion) -> tuple[Sentence, ...]:
    told = [_collected(door), Sentence("Phiếu không hỏi họ tên, số điện thoại hay số hồ sơ.")]
    if any(is_sensitive(item) for item in version.items):
        told.append(
            Sentence("Câu hỏi về dân tộc là dữ liệu nhạy cảm; trả lời hay không tùy Ông/Bà.")
        )
    return tuple(told)


def _collected(door: Asker) -> Sentence:
    if door.by_invitation:
        return Sentence(
            "Câu trả lời Ông/Bà chọn hoặc viết, kèm đơn vị đánh giá, nhóm được mời và ngôn ngữ."
        )
    if door.by_code:
        return Sentence(
            "Câu trả lời Ông/Bà chọn hoặc viết, kèm nơi giải quyết, lĩnh vực và ngôn ngữ."
        )
    return Sentence("Câu trả lời Ông/Bà chọn hoặc viết, kèm nơi, thời điểm và ngôn ngữ.")


def _kept(door: Asker, wave: Wave) -> tuple[Sentence, ...]:
    draft = Sentence("Phiếu làm dở: 24 giờ.")
    contacts = (_contacts(wave),) if door.by_invitation else ()
    # Officials read the same at length beside their notice, with what their chief could know.
    mixed = (_mixed(),) if door.by_code and not door.by_invitation else ()
    day = promised_day(wave, DOCUMENTS)
    if day is not None:
        original = Sentence(
            "Bản gốc: đến hết ngày {day}; sau đó chỉ còn câu trả lời đã chọn, không kèm tên.",
            {"day": _date(day)},
        )
    else:
        original = Sentence(
            "Bản gốc: {days} ngày sau khi đợt khảo sát kết thúc; sau đó chỉ còn câu trả lời đã "
            "chọn, không kèm tên.",
            {"days": str(DAYS[DOCUMENTS])},
        )
    return draft, *mixed, original, *contacts


def _mixed() -> Sentence:
    return Sentence(
        "Phiếu gửi bằng mã chờ để lưu chung trong một nhóm từ {n} phiếu trở lên; cả đợt khảo sát "
        "không đủ {n} phiếu như thế thì các phiếu ấy bị xóa.",
        {"n": str(FEWEST)},
    )


def _contacts(wave: Wave) -> Sentence:
    day = promised_day(wave, CONTACTS)
    if day is not None:
        return Sentence(
            "Họ tên và liên hệ trong danh sách mời, giữ riêng: đến hết ngày {day}.",
            {"day": _date(day)},
        )
    return Sentence(
        "Họ tên và liên hệ trong danh sách mời, giữ riêng: {days} ngày sau khi đợt khảo sát kết "
        "thúc.",
        {"days": str(DAYS[CONTACTS])},
    )


def _rights(door: Asker, wave: Wave) -> tuple[Sentence, ...]:
    free = (
        Sentence("Không tham gia hoặc thôi giữa chừng lúc nào cũng được, không ai hỏi lý do.")
        if door.by_invitation
        else Sentence(
            "Không tham gia hoặc thôi giữa chừng lúc nào cũng được, không ảnh hưởng gì đến hồ sơ."
        )
    )
    if door.by_code:
        return free, Sentence(
            "Mã dùng một lần, không nối được với phiếu, nên phiếu đã gửi không tìm lại, không xóa "
            "riêng được."
        )
    day = promised_day(wave, RECEIPTS)
    if day is not None:
        return free, Sentence(
            "Phiếu đã gửi xóa được bằng mã nhận phiếu, đến hết ngày {day}.", {"day": _date(day)}
        )
    return free, Sentence(
        "Phiếu đã gửi xóa được bằng mã nhận phiếu, đến {days} ngày sau khi đợt khảo sát kết thúc.",
        {"days": str(DAYS[RECEIPTS])},
    )


def _date(day: date) -> str:
    return f"{day:%d/%m/%Y}"
