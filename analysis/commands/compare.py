"""The command `compare`: ranks with their intervals, tiers, differences of units, changes."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis import render
from analysis.commands import index as index_command
from analysis.commands.compute import Computed, computed, previous_of, previous_record
from analysis.commands.files import Files
from analysis.commands.options import domain_columns, showing_of
from analysis.compare.document import LEAGUE, Comparison, Shown, comparison_document
from analysis.compare.simultaneous import Draws
from analysis.results import Showing, design_record
from questionnaires.refusal import Refusal

PER_CENT = 100
FEWEST_DRAWS, MOST_DRAWS = 100, 1_000_000


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command: those of `index`, and what is compared."""
    index_command.add_common(command)
    add = command.add_argument
    add(
        "--node",
        action="append",
        default=[],
        metavar="CODE",
        help="nút hoặc tiêu chí, mặc định gốc",
    )
    add(
        "--against",
        default="all",
        metavar="all|mean|UNIT[,…]",
        help="so từng cặp, với trung bình các đơn vị, hoặc với một đơn vị",
    )
    add(
        "--correction",
        default="holm",
        choices=("holm", "bh", "none"),
        help="hiệu chỉnh nhiều phép so sánh: Holm, Benjamini-Hochberg, không",
    )
    add("--draws", type=int, default=Draws().number, help="số lần rút cho khoảng thứ hạng max-t")
    add("--seed", type=int, default=Draws().seed, help="gốc ngẫu nhiên của max-t")


def run(options: argparse.Namespace, files: Files) -> str:
    """Compare the domains of the last --by and return the result in the format asked for."""
    loaded = files.index(options.index)
    index = loaded.definition
    showing = replace(showing_of(options), ranking=None)  # `method` says how units are ranked
    found = computed(options, files, loaded)
    result = found.result
    earlier = previous_of(options, files, loaded) if options.previous else None
    before = None if earlier is None else (earlier.result, _shown(earlier, showing))
    against = options.against
    if against not in ("all", "mean"):
        against = tuple(label.strip() for label in against.split(","))
    if not FEWEST_DRAWS <= options.draws <= MOST_DRAWS:
        template = "--draws phải từ {least} đến {most}, không phải {value}."
        raise Refusal(template, least=FEWEST_DRAWS, most=MOST_DRAWS, value=options.draws)
    if options.seed < 0:
        raise Refusal("--seed không được âm.")
    ranking = replace(LEAGUE, order=options.ranking, draws=Draws(options.draws, options.seed))
    comparison = Comparison(tuple(options.node), against, options.correction, ranking)
    document = comparison_document(
        result, _shown(found, showing), comparison, before, loaded.checksum
    )
    data, design = found.data, result.design
    sample = None if data is None or design is None else (data, design)
    document["design"] = design_record(sample, result.options, showing, found.notice)
    if earlier is not None:
        document["design"]["previous"] = previous_record(found, earlier)
    if options.format == "json":
        return render.to_json(document)
    if options.format == "csv":
        columns = domain_columns(options.by[-1:])
        return render.to_csv(document["units"], columns)
    title = index.title.get("vi", index.code)
    return render.heading(title, document["design"]) + _tables(document)


def _shown(found: Computed, showing: Showing) -> Shown:
    result = found.result
    return Shown(showing.judged(result), showing.inference(result.design), found.notice)


def _tables(document: Mapping[str, Any]) -> str:
    blocks = []
    for node in document["nodes"]:
        units = [row for row in document["units"] if row["node"] == node]
        units.sort(key=lambda row: (row["rank"] is None, row["rank"] or 0))
        blocks.append(f"{node}: thứ hạng\n" + _units(units))
        pairs = [row for row in document["differences"] if row["node"] == node]
        blocks.append(f"{node}: chênh lệch\n" + _differences(pairs))
        changes = [row for row in document["changes"] if row["node"] == node]
        if changes:
            # The heading speaks of the answers of this wave only.
            notice = f" ({changes[0]['notice']})" if changes[0]["notice"] else ""
            blocks.append(f"{node}: thay đổi so với đợt trước{notice}\n" + _changes(changes))
    return "\n".join(blocks)


def _units(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        {
            "unit": _name(row["domain"]),
            "rate": render.percent(row["estimate"], row),
            "bar": _span(row, "bar_low", "bar_high", PER_CENT),
            "rank": None if row["rank"] is None else f"{row['rank']}/{row['places']}",
            "all": _span(row, "rank_low", "rank_high"),
            "one": _span(row, "rank_low_marginal", "rank_high_marginal"),
            "tier": row["tier"],
        }
        for row in rows
    ]
    headings = [
        ("Đơn vị", "unit"),
        ("Tỷ lệ %", "rate"),
        ("Thanh so sánh %", "bar"),
        ("Hạng", "rank"),
        ("Hạng, cả bảng", "all"),
        ("Hạng, riêng đơn vị", "one"),
        ("Nhóm", "tier"),
    ]
    return render.to_table(lines, render.filled(lines, headings))


def _differences(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        {
            "unit": _name(row["domain"]),
            "reference": "trung bình" if row["reference"] == "mean" else _name(row["reference"]),
            "difference": _points(row["difference"]),
            "interval": _span(row, "ci_low", "ci_high", PER_CENT),
            "df": _plain(row["df"], 1),
            "p": _plain(row["p_adjusted"], 4),
            "verdict": row["verdict"] or row["reason"],
        }
        for row in rows
    ]
    headings = [
        ("Đơn vị", "unit"),
        ("So với", "reference"),
        ("Chênh lệch", "difference"),
        ("Khoảng tin cậy", "interval"),
        ("df", "df"),
        ("p hiệu chỉnh", "p"),
        ("Kết luận", "verdict"),
    ]
    return render.to_table(lines, render.filled(lines, headings))


def _changes(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        {
            "unit": _name(row["domain"]),
            "change": _points(row["change"]),
            "interval": _span(row, "change_ci_low", "change_ci_high", PER_CENT),
            "p": _plain(row["change_p"], 4),
            "verdict": row["change_verdict"] or row["change_reason"],
        }
        for row in rows
    ]
    headings = [
        ("Đơn vị", "unit"),
        ("Thay đổi", "change"),
        ("Khoảng tin cậy", "interval"),
        ("p", "p"),
        ("Kết luận", "verdict"),
    ]
    return render.to_table(lines, render.filled(lines, headings))


def _name(domain: Mapping[str, str]) -> str:
    return " / ".join(domain.values()) or "Toàn bộ"


def _points(value: float | None) -> str:
    return "" if value is None else f"{PER_CENT * value:+.2f}".replace(".", ",")


def _plain(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}".replace(".", ",")


def _span(row: Mapping[str, Any], low: str, high: str, scale: int = 1) -> str:
    if row[low] is None:
        return ""
    if scale == 1:
        return f"{row[low]} – {row[high]}"
    return f"{scale * row[low]:.2f} – {scale * row[high]:.2f}".replace(".", ",")
