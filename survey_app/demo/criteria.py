"""The search of whole counts for the 33 criteria, whose own rates were never published."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from survey_app.demo.chance import Chance
from survey_app.demo.figures import Component

CRITERIA = {"P1": 4, "P2": 3, "P3": 3, "P4": 4, "S1": 3, "S2": 4, "S3": 4, "S4": 4, "S5": 4}
SPREAD = 4.0
ATTEMPTS = 10_000
LEVELS = ("5", "4", "3", "2", "1")


@dataclass(frozen=True)
class CriterionCounts:
    """How many people gave each level, from 5 down to 1, to one criterion."""

    item: str
    levels: tuple[int, ...]

    @property
    def favourable(self) -> int:
        """How many are satisfied or very satisfied."""
        return self.levels[0] + self.levels[1]

    @property
    def base(self) -> int:
        """How many gave a valid answer."""
        return sum(self.levels)


def find_criteria(
    component: Component, bases: range, chance: Chance
) -> tuple[CriterionCounts, ...]:
    """Counts whose plain mean of shares lies in the window of the component.

    All criteria but the last are drawn around the rate of the component; the last takes the
    smallest count that reaches the window, and the attempt stands when that count is plausible
    and does not overshoot. Raises when no attempt stands.
    """
    number = CRITERIA[component.code]
    rate = float(component.rate)
    for _ in range(ATTEMPTS):
        drawn = [bases[chance.below(len(bases))] for _ in range(number)]
        counts = [
            int(base * (rate + chance.uniform(-SPREAD, SPREAD)) / 100 + 0.5) for base in drawn[:-1]
        ]
        before = sum(
            (Fraction(count, base) for count, base in zip(counts, drawn, strict=False)),
            Fraction(0),
        )
        counts.append(ceil((component.low * number / 100 - before) * drawn[-1]))
        last = Fraction(counts[-1], drawn[-1])
        plausible = abs(100 * last - component.rate) <= SPREAD
        if plausible and 100 * (before + last) < component.high * number:
            return tuple(
                _levels(f"{component.code.lower()}_{place}", count, base, chance)
                for place, (count, base) in enumerate(zip(counts, drawn, strict=True), 1)
            )
    raise ValueError(f"Không tìm được số đếm cho chỉ số thành phần {component.code}.")


def _levels(item: str, favourable: int, base: int, chance: Chance) -> CriterionCounts:
    """Split an invented way: a quarter of the favourable say 5, most of the others say 3."""
    unfavourable = base - favourable
    five = int(favourable * chance.uniform(0.20, 0.30) + 0.5)
    three = int(unfavourable * chance.uniform(0.66, 0.74) + 0.5)
    two = int(unfavourable * chance.uniform(0.20, 0.25) + 0.5)
    levels = (five, favourable - five, three, two, unfavourable - three - two)
    return CriterionCounts(item, levels)
