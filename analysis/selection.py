"""Which adult of a household is asked: the tables of Kish, by the number of the household."""

from collections.abc import Sequence
from typing import Final

# Kish (1949), "A procedure for objective respondent selection within the household", Journal of the
# American Statistical Association 44 (247), 380-387: the eight summary tables A to F. The number of
# the adult to ask, for 1, 2 ... 6 adults listed men first, within a sex the eldest first.
TABLES: Final[dict[str, tuple[int, ...]]] = {
    "A": (1, 1, 1, 1, 1, 1),
    "B1": (1, 1, 1, 1, 2, 2),
    "B2": (1, 1, 1, 2, 2, 2),
    "C": (1, 1, 2, 2, 3, 3),
    "D": (1, 2, 2, 3, 4, 4),
    "E1": (1, 2, 3, 3, 3, 5),
    "E2": (1, 2, 3, 4, 5, 5),
    "F": (1, 2, 3, 4, 5, 6),
}
# Each table is assigned as often as there: A, C, D and F to one sixth of the households, B1, B2, E1
# and E2 to one twelfth.
POSITIONS: Final[Sequence[str]] = ("A", "A", "B1", "B2", "C", "C", "D", "D", "E1", "E2", "F", "F")
MOST: Final = 6  # more adults count as six


def table_of(serial: int, grid: int) -> str:
    """The table of a household: its serial number, 1 and more, and where its area begins."""
    return POSITIONS[(serial - 1 + grid) % len(POSITIONS)]


def kish(serial: int, grid: int, eligible: int) -> int:
    """The number of the adult to ask of `eligible` ones, who are listed men first, eldest first."""
    if eligible < 1:
        raise ValueError("a household without adults has nobody to ask")
    return TABLES[table_of(serial, grid)][min(eligible, MOST) - 1]
