"""The kind note to who complains in a form: that it is no complaint, and where to send one."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app

from survey_app.i18n import _
from survey_app.services.door.screening import is_complaint


@dataclass(frozen=True)
class Note:
    """The note in the language of the page."""

    title: str
    told: str
    place: str


def complains(values: Iterable[object]) -> bool:
    """Say whether one of the values of a form reads like a complaint."""
    return any(is_complaint(value) for value in values if isinstance(value, str))


def note_on_complaints() -> Note:
    """What is told after sending; the place is that of the installation where it names one."""
    place = current_app.extensions["config"].complaints
    return Note(
        title=_("Ông/Bà muốn phản ánh, kiến nghị?"),
        told=_(
            "Phiếu này không ghi tên nên không ai trả lời được, và không phải là đơn phản ánh, "
            "kiến nghị. Góp ý của Ông/Bà vẫn được lưu như mọi phiếu khác."
        ),
        place=place
        or _(
            "Để được giải quyết và trả lời, xin gửi qua Cổng Dịch vụ công quốc gia hoặc bộ phận "
            "tiếp công dân của nơi này."
        ),
    )
