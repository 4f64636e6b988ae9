"""Seeded draws that give the same digits on every machine and every version of Python."""

from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from random import Random
from typing import TypeVar

Thing = TypeVar("Thing")


class Chance:
    """Draws made only from `random()`, additions, multiplications and square roots.

    The sequences of `shuffle`, `gauss` or `sample` may change between versions of Python, the
    last digit of a logarithm between mathematical libraries, and `sum` of floats did change.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number between `low` and `high`."""
        return low + (high - low) * self._random()

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound - 1`."""
        return int(self._random() * bound)

    def normal(self) -> float:
        """A nearly normal number of mean 0 and variance 1: twelve uniform numbers less six."""
        return fsum(self._random() for _ in range(12)) - 6.0

    def shuffled(self, things: Iterable[Thing]) -> list[Thing]:
        """The things in random order."""
        order = list(things)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def pick(self, shares: Sequence[tuple[str, float]]) -> str:
        """One of the codes, each as likely as its share says."""
        left = self.uniform(0.0, fsum(share for _, share in shares))
        for code, share in shares:
            left -= share
            if left < 0:
                return code
        return shares[-1][0]


def standardised(numbers: Sequence[float]) -> list[float]:
    """The numbers moved and stretched to mean 0 and variance 1."""
    mean = fsum(numbers) / len(numbers)
    spread = sqrt(fsum((number - mean) ** 2 for number in numbers) / len(numbers))
    return [(number - mean) / spread for number in numbers]


def apportioned(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the shares that add up to `total` (largest remainders)."""
    whole = fsum(shares)
    exact = [total * share / whole for share in shares]
    counts = [int(number) for number in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: counts[place] - exact[place])
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    return counts
