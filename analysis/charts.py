"""Charts of results: the only module that imports matplotlib; rows in, bytes out."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

INK, SOFT, LINE, LAM, SEN = "#14212B", "#46545E", "#6B7A85", "#0A5A5C", "#A81E4F"
SCALE = ("#8C510A", "#D8B365", "#E3E6E8", "#5AB4AC", "#01665E")
WRAP = 46  # characters of a label in a line
STYLE: Any = {
    "svg.fonttype": "path",  # a picture may not load fonts
    "svg.hashsalt": "sipas",  # the same bytes for the same rows
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "font.size": 10,
}


@dataclass(frozen=True)
class Bar:
    """One horizontal bar: a rate with its interval and last year's rate, where known.

    `label` stands at the axis, `text` at the end of the bar. A bar without a `value` (hidden or
    undefined) shows its `text` only.
    """

    label: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    previous: float | None = None
    strong: bool = False


@dataclass(frozen=True)
class Stack:
    """The shares of a five-point scale, from very dissatisfied to very satisfied."""

    label: str
    shares: tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Words:
    """What stands around a chart: the message, what an interval is, what the mark is, a source."""

    title: str
    whiskers: str = ""
    previous: str = ""
    source: str = ""


def bars(rows: Sequence[Bar], words: Words, file: IO[bytes]) -> None:
    """Draw horizontal bars from zero with whiskers and last year's mark, as SVG."""
    with mpl.rc_context(STYLE):
        figure, axes = _sheet(len(rows), words)
        for place, row in enumerate(rows):
            _bar(axes, place, row)
        axes.set_yticks(range(len(rows)), [_wrapped(row.label) for row in rows])
        for label, row in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_fontweight("bold" if row.strong else "normal")
        _per_cent_axis(axes, 118)
        _key(axes, rows, words)
        _saved(figure, file)


def stacks(rows: Sequence[Stack], words: Words, file: IO[bytes]) -> None:
    """Draw stacked bars of a five-point scale, centred on its middle answer, as SVG."""
    with mpl.rc_context(STYLE):
        figure, axes = _sheet(len(rows), words)
        for place, row in enumerate(rows):
            start = -100 * (sum(row.shares[:2]) + row.shares[2] / 2)
            for k, share in enumerate(row.shares):
                width = 100 * share
                axes.barh(place, width, 0.7, start, color=SCALE[k], edgecolor="white")
                if width >= 6:
                    ink = "white" if k in (0, 4) else INK
                    middle = start + width / 2
                    axes.text(
                        middle, place, f"{width:.0f}", ha="center", va="center", color=ink, size=8
                    )
                start += width
        axes.axvline(0, color=LINE, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [_wrapped(row.label) for row in rows])
        axes.set_xlim(-100, 100)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
        _saved(figure, file)


def _sheet(rows: int, words: Words) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(10, 1.5 + 0.52 * max(rows, 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(max(rows, 1) - 0.4, -0.6)  # the first row on top
    axes.tick_params(length=0)
    title = textwrap.fill(words.title, 90)
    figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    axes.set_xlabel(textwrap.fill(words.source, 100), loc="left", fontsize=8)
    return figure, axes


def _bar(axes: Axes, place: int, row: Bar) -> None:
    if row.value is None:
        axes.text(1, place, row.text, va="center", color=SOFT, style="italic")
        return
    value = 100 * row.value
    axes.barh(place, value, 0.62, color=LAM if row.strong else "#5AB4AC")
    end = value
    if row.low is not None and row.high is not None:
        low, high = 100 * row.low, 100 * row.high
        axes.plot([low, high], [place, place], color=INK, linewidth=1.4)
        for x in (low, high):
            axes.plot([x, x], [place - 0.14, place + 0.14], color=INK, linewidth=1.4)
        end = max(end, high)
    if row.previous is not None:
        x = 100 * row.previous
        axes.plot([x, x], [place - 0.4, place + 0.4], color=SEN, linewidth=2.4)
        end = max(end, x)
    weight = "bold" if row.strong else "normal"
    axes.text(end + 1.2, place, row.text, va="center", ha="left", fontweight=weight)


def _per_cent_axis(axes: Axes, top: float) -> None:
    axes.set_xlim(0, top)
    axes.set_xticks([0, 20, 40, 60, 80, 100], [f"{x} %" for x in (0, 20, 40, 60, 80, 100)])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.grid(axis="x", color="#E3E6E8", linewidth=0.8)
    axes.set_axisbelow(True)


def _key(axes: Axes, rows: Sequence[Bar], words: Words) -> None:
    """Name the two signs under the axis, where they occur, with the sign before its words."""
    lines = []
    if words.whiskers and any(row.low is not None for row in rows):
        lines.append(Line2D([], [], color=INK, linewidth=1.4, label=words.whiskers))
    if words.previous and any(row.previous is not None for row in rows):
        lines.append(_upright(words.previous))
    if lines:
        axes.figure.legend(
            handles=lines, loc="outside lower right", ncols=len(lines), frameon=False, fontsize=9
        )


def _upright(label: str) -> Line2D:
    return Line2D(
        [], [], color=SEN, linestyle="", marker="|", markersize=12, markeredgewidth=2.4, label=label
    )


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WRAP)[:3])


def _saved(figure: Figure, file: IO[bytes]) -> None:
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
