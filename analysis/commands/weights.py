"""The command `weights`: makes survey weights after fieldwork and says how they came about."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from analysis import render
from analysis.commands.files import Files
from analysis.commands.options import (
    add_calibration,
    add_design,
    add_output,
    chosen_margins,
    column_names,
    design_columns,
)
from analysis.dataset import Dataset, Floats
from analysis.design import design_of, refuse_extreme
from analysis.exact import ExactWeights
from analysis.weights.base import (
    Adjusted,
    base_weights,
    final_weights,
    nonresponse_adjusted,
    weights_document,
)
from analysis.weights.calibrate import calibrated
from questionnaires.refusal import Refusal


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add = command.add_argument
    add(
        "--data",
        required=True,
        metavar="DATA.csv|.parquet",
        help="người được chọn, mỗi người một dòng",
    )
    add(
        "--probability",
        type=column_names,
        default=(),
        metavar="COL[,COL]",
        help="cột xác suất chọn từng cấp: quyền số gốc là nghịch đảo của tích",
    )
    add("--responded", metavar="COL", help="cột có trả lời (1) hay không (0)")
    add(
        "--classes",
        type=column_names,
        default=(),
        metavar="COL[,COL]",
        help="lớp hiệu chỉnh không trả lời",
    )
    add("--name", default="survey_weight", metavar="COL", help="tên cột quyền số mới trong CSV")
    add_design(command)
    add_calibration(command)
    add_output(command, ("csv", "json", "table"))


def run(options: argparse.Namespace, files: Files) -> str:
    """Return the data with a column of weights (CSV), or the report on how they came about."""
    data = files.table(options.data)
    design = design_of(data, design_columns(options), options.source, options.lonely)
    weights, adjusted = _before_calibration(options, data)
    if weights is not None:
        design = replace(design, weights=ExactWeights.of(weights))
    chosen = chosen_margins(options, files)
    if chosen is not None:
        design = calibrated(data, design, chosen[1], chosen[0], options.bounds)
    document = weights_document((data, design), adjusted)
    if options.format == "json":
        return render.to_json(document)
    if options.format == "table":
        return _table(document)
    if options.name in data.columns:
        template = "Tệp {file} đã có cột «{column}»; đặt tên khác bằng --name."
        raise Refusal(template, file=data.name, column=options.name)
    rows = _with_weights(data, options.name, final_weights(design))
    return render.to_csv(rows, [])


def _before_calibration(
    options: argparse.Namespace, data: Dataset
) -> tuple[Floats | None, Adjusted | None]:
    """Weights from the probabilities or the weight column, adjusted for non-response."""
    if options.probability and options.weight:
        raise Refusal("Nêu --weight hoặc --probability, không nêu cả hai.")
    if options.classes and not options.responded:
        raise Refusal("--classes cần đi cùng --responded.")
    weights: Floats | None = None
    if options.probability:
        weights = base_weights(data, options.probability)
        refuse_extreme(data, weights, options.probability[-1])
    elif options.weight:
        weights = data.numbers(options.weight)
    if not options.responded:
        return weights, None
    start = np.ones(data.rows) if weights is None else weights
    adjusted = nonresponse_adjusted(start, data, options.responded, options.classes)
    return adjusted.weights, adjusted


def _with_weights(data: Dataset, name: str, weights: Floats) -> Iterator[dict[str, str]]:
    cells = {key: [*column.labels, ""] for key, column in data.columns.items()}
    codes = {key: column.codes.tolist() for key, column in data.columns.items()}
    for row, weight in enumerate(weights.tolist()):
        yield {key: cells[key][codes[key][row]] for key in cells} | {name: repr(weight)}


def _table(document: Mapping[str, Any]) -> str:
    """The report to read: the weights, the adjustment class by class, the calibration."""
    found = document["weights"]
    lines = [
        f"Quyền số: {found['n']} phiếu, tổng {found['sum']:.10g}, từ {found['min']:.6g} đến "
        f"{found['max']:.6g}, hiệu ứng Kish {found['kish']:.4f}"
    ]
    if record := document["calibration"]:
        lines.append(
            f"Hiệu chỉnh ({record['method']}) theo {', '.join(record['margins'])}: "
            f"{record['cells']} ô, hệ số từ {record['g_min']:.4f} đến {record['g_max']:.4f}, "
            f"sai lệch lớn nhất so với tổng biên {record['largest_margin_error']:.1e}, "
            f"hiệu ứng Kish {record['kish_before']:.4f} → {record['kish_after']:.4f}"
        )
    text = "\n".join(lines) + "\n"
    if not document["nonresponse"]:
        return text
    classes = [
        {
            **{key: row[key] for key in ("sampled", "responded")},
            "class": ", ".join(f"{k}={v}" for k, v in row["domain"].items()) or "toàn bộ",
            "factor": f"{row['factor']:.4f}".replace(".", ","),
        }
        for row in document["nonresponse"]
    ]
    headings = [
        ("Lớp", "class"),
        ("Được chọn", "sampled"),
        ("Trả lời", "responded"),
        ("Hệ số", "factor"),
    ]
    return text + "\n" + render.to_table(classes, headings)
