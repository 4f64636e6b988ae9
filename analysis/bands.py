"""Numbers cut into bands, for tables of age, of days waited, of money paid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import number

Cuts = Sequence[Decimal | int | float | str]


@dataclass(frozen=True)
class Band:
    """Numbers from `low` to below `high`; None for no bound.

    The code is `<18`, `18–29` or `>=60`, `1.5–<2.5` where a cut is no whole number.
    """

    low: Decimal | None
    high: Decimal | None

    @property
    def code(self) -> str:
        """The code of the band in tables."""
        if self.low is None:
            return f"<{self.high}"
        if self.high is None:
            return f">={self.low}"
        if self.low % 1 or self.high % 1:
            return f"{self.low}–<{self.high}"
        last = self.high - 1
        return f"{self.low}" if last == self.low else f"{self.low}–{last}"

    @property
    def label(self) -> str:
        """The band in words."""
        low, high = (str(cut).replace(".", ",") for cut in (self.low, self.high))
        if self.low is None:
            return f"Dưới {high}"
        return f"Từ {low} trở lên" if self.high is None else f"Từ {low} đến dưới {high}"

    def holds(self, value: Fraction | None) -> Fraction | None:
        """1 for a number in the band, 0 for one outside it, None for no number."""
        if value is None:
            return None
        above = self.low is None or value >= self.low
        return Fraction(above and (self.high is None or value < self.high))


def bands_of(
    version: QuestionnaireVersion, cuts: Mapping[str, Cuts]
) -> dict[str, tuple[Band, ...]]:
    """The bands that the cuts of each item make: below the first, between two, from the last.

    Raises `Refusal`, naming the item, when it is no question of the form or asks for no number, and
    when its cuts are not plain numbers in ascending order.
    """
    kinds = {item.code: item.kind for item in version.items}
    found = {}
    for code, given in cuts.items():
        if kinds.get(code) != "number":
            template = "Không chia nhóm được «{item}»: phiếu không có câu hỏi số nào mang mã này."
            raise Refusal(template, item=code)
        numbers = [cut for cut in map(number, given) if cut is not None]
        ascending = all(a < b for a, b in pairwise(numbers))
        if not numbers or len(numbers) < len(given) or not ascending:
            template = "Mốc chia nhóm của «{item}» phải là các số tăng dần, không phải «{cuts}»."
            raise Refusal(template, item=code, cuts=", ".join(map(str, given)))
        found[code] = tuple(_between(numbers))
    return found


def _between(cuts: Sequence[Decimal]) -> Iterator[Band]:
    yield Band(None, cuts[0])
    for low, high in pairwise(cuts):
        yield Band(low, high)
    yield Band(cuts[-1], None)
