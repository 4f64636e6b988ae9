"""The officials' answers: quarter points dealt out so that every mean is the published one."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from survey_app.demo.chance import Chance, apportioned, standardised
from survey_app.demo.figures import PUBLISHED, Criterion, Figures, half_up, rows

OFFICIALS = 740
MISSING_AT_MOST = 5
QUARTERS = 4
PLACES = 4
NEGATIVE = ("3.2.3.1.b", "3.2.3.1.d", "3.2.3.3.c")
SILENT = (("98", 0.5), ("99", 0.5))
SIZE = {"department": 1.0, "district": 1.6}
GROUPS = {
    "department": (("1", 0.30), ("2", 0.70)),
    "district": (("1", 0.26), ("2", 0.60), ("3", 0.14)),
}
GROUP_MOOD = {"1": 0.20, "2": 0.0, "3": -0.25}
TAIL = Fraction(3, 10)
TAIL_DEPTH = Fraction(14, 100)


@dataclass(eq=False)
class Official:
    """An official: the columns filled so far, and two inclinations of mean 0."""

    columns: dict[str, str]
    mood: float
    reluctance: float


def option_points(criterion: str) -> dict[str, Fraction]:
    """The invented points of the five options; negatively worded lines run the other way."""
    options = ("5", "4", "3", "2", "1") if criterion in NEGATIVE else ("1", "2", "3", "4", "5")
    return {option: Fraction(place, QUARTERS) for place, option in enumerate(options)}


def answer_officials(figures: Figures, chance: Chance) -> list[dict[str, str]]:
    """The rows of the officials' file, without the provenance column."""
    officials = _settle(chance)
    parts: dict[tuple[Official, str], float] = {}
    for line in figures.officials:
        options = {int(p * QUARTERS): option for option, p in option_points(line.code).items()}
        counts = _counts(line, chance)
        silent = len(officials) - sum(counts)
        ranked = _ranked(officials, [one.reluctance for one in officials], chance)
        for one in ranked[:silent]:
            one.columns[line.item] = chance.pick(SILENT)
        asked = [one for one in officials if line.item not in one.columns]
        for one in asked:
            if (one, line.parent) not in parts:
                parts[one, line.parent] = 0.45 * chance.normal()
        leaning = [one.mood + parts[one, line.parent] for one in asked]
        points = [quarter for quarter, count in enumerate(counts) for _ in range(count)]
        for one, quarter in zip(_ranked(asked, leaning, chance), reversed(points), strict=True):
            one.columns[line.item] = options[quarter]
    return [one.columns for one in officials]


def _settle(chance: Chance) -> list[Official]:
    """Spread the officials over the published units and give each a group and a mood."""
    units = [row for row in rows(PUBLISHED / "units_soc_trang_2022.csv") if row["level"] in SIZE]
    shares = [SIZE[unit["level"]] * chance.uniform(0.7, 1.3) for unit in units]
    moods = standardised([chance.normal() for _ in units])
    officials: list[Official] = []
    for unit, size, mood in zip(units, apportioned(OFFICIALS, shares), moods, strict=True):
        for _ in range(size):
            group = chance.pick(GROUPS[unit["level"]])
            columns = {"response_id": f"C{len(officials) + 1:04}", "unit": unit["code"]}
            own = 0.58 * chance.normal() + 0.15 * mood + GROUP_MOOD[group]
            officials.append(Official(columns | {"group": group}, own, chance.normal()))
    return officials


def _ranked(officials: list[Official], leaning: list[float], chance: Chance) -> list[Official]:
    drawn = [-one - 0.55 * chance.normal() for one in leaning]
    return [officials[place] for place in sorted(range(len(drawn)), key=drawn.__getitem__)]


def _counts(line: Criterion, chance: Chance) -> list[int]:
    """How many officials gave 0, 1, 2, 3 and 4 quarter points, with the published mean."""
    found = list(_totals(line))
    if not found:
        raise ValueError(f"Không có tổng điểm phần tư nào cho tiêu chí {line.code}.")
    base, total = found[chance.below(len(found))]
    mean = Fraction(total, QUARTERS * base)
    low, high = mean - TAIL_DEPTH, mean + TAIL_DEPTH * TAIL / (1 - TAIL)
    shape = [
        TAIL * _binomial(quarter, low) + (1 - TAIL) * _binomial(quarter, high)
        for quarter in range(QUARTERS + 1)
    ]
    counts = apportioned(base, [float(share) for share in shape])
    over = sum(quarter * count for quarter, count in enumerate(counts)) - total
    counts[-1] -= over
    counts[-2] += over
    return counts


def _totals(line: Criterion) -> Iterator[tuple[int, int]]:
    """Every base and total of quarter points whose mean rounds to the printed points."""
    rate = line.points / line.maximum
    for base in range(OFFICIALS - MISSING_AT_MOST, OFFICIALS + 1):
        nearest = int(rate * QUARTERS * base + Fraction(1, 2))
        for total in (nearest - 1, nearest, nearest + 1):
            if half_up(line.maximum * Fraction(total, QUARTERS * base), PLACES) == line.points:
                yield base, total


def _binomial(quarter: int, rate: Fraction) -> Fraction:
    return comb(QUARTERS, quarter) * rate**quarter * (1 - rate) ** (QUARTERS - quarter)
