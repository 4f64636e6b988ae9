"""Days are those of Viet Nam, wherever the service runs."""

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")


def day_of(moment: datetime) -> date:
    """The day that a moment lies in."""
    return moment.astimezone(HANOI).date()


def start_of(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time.min, HANOI)
