"""Small parts are put together until ten people stand behind them: what all that is told obeys."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

FEWEST: Final = 10  # people behind a figure or an answer, so whoever knows them all knows no one
Part = TypeVar("Part")


def pooled(
    parts: Iterable[Part], people: Callable[[Sequence[Part]], int]
) -> tuple[list[Part], list[Part]]:
    """The parts that stand alone, the smallest first, and those that are put together.

    `people` says how many there are behind some parts. Together go those with fewer than ten; where
    they are too few even so, the smallest of the others joins them, and so on. They are still too
    few when nothing is left to join: then what is together is not to be told.
    """
    listed = sorted(parts, key=lambda part: people([part]))
    few = [part for part in listed if people([part]) < FEWEST]
    enough = listed[len(few) :]
    while few and enough and people(few) < FEWEST:
        few.append(enough.pop(0))
    return enough, few


def is_enough(n: int) -> bool:
    """Say whether so many people hide each of them."""
    return n >= FEWEST
