"""How figures are written on a page: decimal comma, rounded half up as the official tables do."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from survey_app.days import HANOI

MINUS = "\N{MINUS SIGN}"


def decimal(value: float | Decimal | None, digits: int = 2) -> str:
    """A number with a fixed count of decimals: 26,6141; empty for None."""
    if value is None:
        return ""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return _comma(str(abs(rounded)), MINUS if rounded < 0 else "")


def percent(rate: float | None, digits: int = 2) -> str:
    """A rate in per cent, without the sign: 79,92; empty for None."""
    return "" if rate is None else decimal(100 * Decimal(repr(rate)), digits)


def signed(value: Decimal | float | None, digits: int = 2) -> str:
    """A change with its sign: +0,16; empty for None."""
    text = decimal(value, digits)
    return text if not text or text.startswith(MINUS) or not text.strip("0,") else f"+{text}"


def whole(number: int | None) -> str:
    """A count with points between thousands: 1.234; empty for None."""
    return "" if number is None else f"{number:,}".replace(",", ".")


def plain(value: float | None) -> str:
    """A number as short as it can be: 1,5 or 32."""
    return "" if value is None else f"{value:g}".replace(".", ",")


def moment(value: datetime | None) -> str:
    """A moment as clocks in Viet Nam show it: 20/11/2026 14:05."""
    return "" if value is None else f"{value.astimezone(HANOI):%d/%m/%Y %H:%M}"


def day(value: date | None) -> str:
    """A day as it is written in Viet Nam, whatever the language of the page: 20/11/2026."""
    return "" if value is None else f"{value:%d/%m/%Y}"


def _comma(digits: str, sign: str) -> str:
    head, dot, tail = digits.partition(".")
    grouped = f"{int(head):,}".replace(",", ".")
    return f"{sign}{grouped}{',' if dot else ''}{tail}"


FILTERS = {
    function.__name__: function
    for function in (decimal, percent, signed, whole, plain, moment, day)
}
