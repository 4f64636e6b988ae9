"""The command `index`: computes an index on a file, with errors, intervals, ranks and changes."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis import render
from analysis.commands.compute import Computed, computed, previous_of, previous_record
from analysis.commands.files import Files
from analysis.commands.options import (
    add_calibration,
    add_design,
    add_output,
    add_showing,
    domain_columns,
    refuse_without,
    showing_of,
)
from analysis.compare.change import changes_of
from analysis.compare.combine import combinations_of
from analysis.index import IndexResult
from analysis.replicates import REPLICATES, SEED, bootstrap, jackknife
from analysis.results import Showing, index_document
from analysis.tree import domains_of
from questionnaires.model import IndexDefinition
from questionnaires.refusal import Refusal


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_common(command)
    add = command.add_argument
    add("--combine", metavar="COL", help="gộp chỉ số của các đơn vị (cột --by) theo ba cách")
    add("--dossiers", metavar="DOSSIERS.csv", help="số hồ sơ của từng đơn vị, để gộp theo hồ sơ")
    add(
        "--check",
        choices=("jackknife", "bootstrap"),
        help="đối chiếu sai số chuẩn bằng mẫu lặp từ bảng địa bàn",
    )


def add_common(command: argparse.ArgumentParser) -> None:
    """The options of every command that computes an index."""
    add = command.add_argument
    add("--index", required=True, metavar="INDEX.toml", help="cách tính chỉ số")
    add("--data", metavar="DATA.csv|.parquet", help="phiếu trả lời, mỗi phiếu một dòng")
    add(
        "--from",
        dest="results",
        action="append",
        default=[],
        metavar="RESULT.json",
        help="kết quả của chỉ số khác mà chỉ số này dùng",
    )
    add(
        "--totals",
        metavar="FILE",
        help="bảng tổng đã lưu: cộng thêm phiếu của --data, lưu lại, tính từ bảng tổng",
    )
    add("--reported", metavar="VALUES.csv", help="số liệu báo cáo: cột leaf, value (từ 0 đến 1)")
    add("--previous", metavar="DATA2.csv", help="phiếu của đợt trước, cùng các cột: tính thay đổi")
    add(
        "--ranking",
        default="competition",
        choices=("competition", "dense"),
        help="cách đánh hạng: 1, 2, 2, 4 hoặc 1, 2, 2, 3",
    )
    add_design(command)
    add_calibration(command)
    add_showing(command)
    add_output(command)


def run(options: argparse.Namespace, files: Files) -> str:
    """Compute an index and return it in the format asked for."""
    if not options.combine:
        refuse_without(options, "--combine", ["--dossiers"])
    loaded = files.index(options.index)
    index, showing = loaded.definition, replace(showing_of(options), ranking=options.ranking)
    found = computed(options, files, loaded)
    result = found.result
    previous = previous_of(options, files, loaded) if options.previous else None
    if previous is not None:
        hidden = showing.hidden(result), showing.hidden(previous.result)
        showing = replace(showing, changes=tuple(changes_of(result, previous.result, *hidden)))
    document = index_document(result, found.data, found.given, showing, loaded.checksum)
    if previous is not None:
        document["design"]["previous"] = previous_record(found, previous)
    if options.check:
        document["check"] = _checked(options.check, result, showing)
    if options.combine:
        document["combinations"] = _combined(options, files, found, showing)
    if options.format == "json":
        return render.to_json(document)
    return _as_text(options, index, document)


def _as_text(options: argparse.Namespace, index: IndexDefinition, document: dict[str, Any]) -> str:
    rows, combined = document["results"], document.get("combinations", [])
    if options.format == "csv":
        domains = domain_columns(options.by)
        if not combined:
            return render.to_csv(rows, domains)
        empty = dict.fromkeys([*rows[0], "combination"])
        every = [empty | row for row in [*rows, *combined]]
        names = list(dict.fromkeys(key for row in every for key in row))
        return render.to_csv([{name: row.get(name) for name in names} for row in every], domains)
    title = index.title.get("vi", index.code)
    note = index.note if index.draft else None
    text = render.heading(title, document["design"], note) + render.index_table(rows)
    if combined:
        text += "\n" + _combination_table(combined)
    if "check" in document:
        text += "\n" + _check_sentence(document["check"])
    return text


def _combination_table(rows: Sequence[dict[str, Any]]) -> str:
    """The combined indices of the root and of the nodes, in per cent."""
    lines = [
        {
            "combination": row["title"],
            "node": row["node"],
            "rate": render.percent(row["estimate"], row),
            "se": "" if row["se"] is None else f"{100 * row['se']:.2f}".replace(".", ","),
            "df": row["df"],
            "units": row["units"],
        }
        for row in rows
    ]
    headings = [
        ("Cách gộp các đơn vị", "combination"),
        ("Mã", "node"),
        ("Tỷ lệ %", "rate"),
        ("Sai số chuẩn", "se"),
        ("df", "df"),
        ("Đơn vị", "units"),
    ]
    return render.to_table(lines, headings)


def _check_sentence(check: Mapping[str, Any]) -> str:
    ratios = [row["se_check"] / row["se"] for row in check["rows"] if row["se"]]
    if not ratios:
        return "Không có sai số chuẩn nào để đối chiếu.\n"
    low, high = (f"{ratio:.3f}".replace(".", ",") for ratio in (min(ratios), max(ratios)))
    return (
        f"Đối chiếu bằng mẫu lặp ({check['method']}): {len(ratios)} sai số chuẩn, "
        f"bằng {low} đến {high} lần sai số tuyến tính hóa.\n"
    )


def _combined(
    options: argparse.Namespace, files: Files, computed: Computed, showing: Showing
) -> list[dict[str, Any]]:
    """The province from its units, by three named rules."""
    unit, result, notice = options.combine, computed.result, computed.notice
    inference = showing.inference(result.design)
    dossiers = files.table(options.dossiers) if options.dossiers else None
    found = []
    for family, hidden in zip(result.families, showing.hidden(result), strict=True):
        if unit in family.family.columns:
            rows = combinations_of(family, unit, result.options, dossiers, hidden)
            found += [row.record(inference, notice) for row in rows]
    if not found:
        raise Refusal("--combine {column} cần --by {column}.", column=unit)
    return found


def _checked(method: str, result: IndexResult, showing: Showing) -> dict[str, Any]:
    """Standard errors by replicates beside the linearised ones, for every one that is shown.

    Parts that read another index are left out: their error has its variance too, replicates not.
    """
    rows = []
    reads = [
        any(leaf.measure == "node" for leaf in result.index.leaves_below(part.code))
        for part in result.parts
    ]
    families = zip(result.families, showing.hidden(result), strict=True)
    for family, hidden in families if showing.inference(result.design) else ():
        errors = jackknife(family) if method == "jackknife" else bootstrap(family)
        for d, domain in enumerate(domains_of(family.family)):
            for p, part in enumerate(result.parts):
                se = float(family.se[d, p])
                told = not hidden[d, p] and not reads[p]
                if told and np.isfinite([se, errors[d, p]]).all():
                    row = {"node": part.code, "domain": dict(domain), "se": se}
                    rows.append(row | {"se_check": float(errors[d, p])})
    record: dict[str, Any] = {"method": method}
    if method == "bootstrap":
        record |= {"replicates": REPLICATES, "seed": SEED}
    return record | {"rows": rows}
