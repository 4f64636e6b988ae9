"""The published figures of Sóc Trăng 2022, read from `published/` as exact numbers."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

PUBLISHED = Path(__file__).parent / "published"
PROVENANCE = "reconstructed from the published table, not the original answers"
OUTSIDE = ("97", "98", "99")
BLOCKS = {
    "policy_interest": "interest",
    "information_channel": "channel",
    "participation_readiness": "readiness",
    "harassment": "harassment",
    "informal_payment": "payment",
    "service_channel": "service_form",
    "policy_information_channel": "information_form",
    "experience": "experience",
}
PRINTED_TOGETHER = {"interest": ("1", "2")}
CANNOT = "Không thể"
OFFICIALS_SIPAS_GROUP = "3.2.6"


@dataclass(frozen=True)
class Figure:
    """A printed per cent: `count` of the `base` valid answers to `item` hold one of `codes`."""

    item: str
    codes: tuple[str, ...]
    text: str
    per_cent: Fraction
    count: int
    base: int


@dataclass(frozen=True)
class Component:
    """A component of SIPAS: its printed rate, and the window its unrounded rate must lie in.

    Inside `low <= rate < high` the rate rounds to the printed one and, where the PAR INDEX prints
    points for it, rounding the rate first and rounding only the points give the same points.
    """

    code: str
    rate: Fraction
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class Criterion:
    """A line of the sociological survey of the PAR INDEX; `item` is empty on sums."""

    code: str
    parent: str
    maximum: Fraction
    points: Fraction
    item: str


@dataclass(frozen=True)
class Figures:
    """Everything the reconstruction has to give back."""

    citizens: int
    opinions: tuple[Figure, ...]
    expectations: tuple[Figure, ...]
    components: tuple[Component, ...]
    totals: dict[str, Fraction]
    par: tuple[Criterion, ...]

    @property
    def answers(self) -> tuple[Figure, ...]:
        """The figures that are counts of answers, in the order of the form."""
        return self.opinions + self.expectations

    @property
    def bases(self) -> range:
        """The published numbers of valid answers, from the smallest to the largest."""
        return range(
            min(figure.base for figure in self.answers),
            max(figure.base for figure in self.answers) + 1,
        )

    @property
    def cannot(self) -> tuple[str, ...]:
        """The options of readiness that say "không thể" and so stand alone."""
        return tuple(
            figure.codes[0] for figure in self.of("readiness") if figure.text.startswith(CANNOT)
        )

    @property
    def officials(self) -> tuple[Criterion, ...]:
        """The lines that officials were asked about."""
        return tuple(line for line in self.par if line.item.startswith("cs"))

    def of(self, item: str) -> tuple[Figure, ...]:
        """The figures printed about one item."""
        return tuple(figure for figure in self.answers if figure.item == item)


def half_up(number: Fraction, places: int) -> Fraction:
    """Round as the official tables do: decimal, a half goes up."""
    return Fraction(floor(number * 10**places + Fraction(1, 2)), 10**places)


def read_figures(folder: Path = PUBLISHED) -> Figures:
    """Read every published figure from the files of `folder`."""
    survey = {row["figure"]: row["value"] for row in rows(folder / "survey_soc_trang_2022.csv")}
    par = _par(folder)
    components, totals = _sipas(folder, par)
    return Figures(
        citizens=int(survey["citizens"]),
        opinions=_opinions(folder),
        expectations=_expectations(folder),
        components=components,
        totals=totals,
        par=par,
    )


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file by column name."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _opinions(folder: Path) -> tuple[Figure, ...]:
    figures = []
    for row in rows(folder / "opinions_soc_trang_2022.csv"):
        item = BLOCKS[row["block"]]
        codes: tuple[str, ...] = (row["no"],)
        if row["kind"] == "yes_no_items":
            codes = PRINTED_TOGETHER.get(item, ("1",))
            item = f"{item}_{row['no']}"
        figures.append(
            Figure(
                item,
                codes,
                row["option"],
                Fraction(row["pct"]),
                int(row["implied_count"]),
                int(row["implied_base"]),
            )
        )
    return tuple(figures)


def _expectations(folder: Path) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            f"expectation_{row['no']}",
            (code,),
            row["expectation"],
            Fraction(row[f"{degree}_pct"]),
            int(row[f"{degree}_count"]),
            int(row["implied_base"]),
        )
        for row in rows(folder / "expectations_soc_trang_2022.csv")
        for code, degree in (("1", "very_much"), ("2", "much"), ("3", "little"))
    )


def _par(folder: Path) -> tuple[Criterion, ...]:
    lines = []
    officials = services = 0
    for row in rows(folder / "par_sociological_soc_trang_2022.csv"):
        item = ""
        if row["parent"] == OFFICIALS_SIPAS_GROUP:
            services += 1
            item = f"S{services}"
        elif row["parent"]:
            officials += 1
            item = f"cs{officials:02}"
        maximum, points = Fraction(row["max_points"]), Fraction(row["points"])
        lines.append(Criterion(row["code"], row["parent"], maximum, points, item))
    return tuple(lines)


def _sipas(
    folder: Path, par: Sequence[Criterion]
) -> tuple[tuple[Component, ...], dict[str, Fraction]]:
    components: list[Component] = []
    totals: dict[str, Fraction] = {}
    seen = {"I": 0, "II": 0}
    for row in rows(folder / "sipas_components_soc_trang.csv"):
        rate = Fraction(row["rate_2022_pct"])
        if not row["no"]:
            totals["SIPAS" if row["group"] == "TOTAL" else row["group"]] = rate
            continue
        seen[row["group"]] += 1
        code = f"{'P' if row['group'] == 'I' else 'S'}{seen[row['group']]}"
        components.append(Component(code, rate, *_window(code, rate, par)))
    return tuple(components), totals


def _window(code: str, rate: Fraction, par: Sequence[Criterion]) -> tuple[Fraction, Fraction]:
    half = Fraction(1, 2 * 10**2)
    low, high = rate - half, rate + half
    for line in par:
        if line.item == code:
            half = Fraction(1, 2 * 10**4)
            low = max(low, (line.points - half) * 100 / line.maximum)
            high = min(high, (line.points + half) * 100 / line.maximum)
    return low, high
