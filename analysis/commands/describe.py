"""The command `describe`: tabulates every item of a questionnaire over its own base."""

import argparse
from dataclasses import replace

from analysis import render
from analysis.commands.files import Files
from analysis.commands.options import (
    add_calibration,
    add_design,
    add_output,
    add_showing,
    domain_columns,
    sample_of,
    settings_of,
    showing_of,
)
from analysis.results import design_record, notice_for
from analysis.tabulate import Tabulation, describe
from questionnaires.refusal import Refusal


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add = command.add_argument
    add("--questionnaire", required=True, metavar="CODE/VERSION|FILE.toml", help="phiên bản phiếu")
    add("--data", required=True, metavar="DATA.csv|.parquet", help="phiếu trả lời")
    add(
        "--bands",
        type=_bands,
        action="append",
        default=[],
        metavar="ITEM=CUT[,CUT]",
        help="chia câu hỏi số thành khoảng, ví dụ age=30,45,60; có thể lặp lại",
    )
    add_design(command)
    add_calibration(command)
    add_showing(command)
    add_output(command)


def run(options: argparse.Namespace, files: Files) -> str:
    """Tabulate the items of a questionnaire and return the tables in the format asked for."""
    loaded = files.questionnaire(options.questionnaire)
    version, intervals = loaded.definition, settings_of(options)
    showing = replace(showing_of(options), ranking=None)
    sample = sample_of(options, files, [item.code for item in version.items])
    if sample is None:
        raise Refusal("Cần tệp dữ liệu: --data.")
    data = sample[0]
    settings = Tabulation(intervals.method, intervals.confidence, dict(options.bands))
    lines = describe(version, sample, options.by, showing, settings)
    notice = notice_for(data)
    rows = [share.record(notice) for share in lines]
    if not rows:
        template = "Tệp {file} không có cột nào là câu hỏi của phiếu {version}."
        raise Refusal(template, file=data.name, version=version.name)
    if options.format == "csv":
        return render.to_csv(rows, domain_columns(options.by))
    record = design_record(sample, settings, showing, notice)
    if options.format == "table":
        return render.heading(version.title, record) + render.describe_table(rows)
    document = {"questionnaire": version.name, "checksum": loaded.checksum}
    return render.to_json({**document, "design": record, "results": rows})


def _bands(text: str) -> tuple[str, tuple[str, ...]]:
    item, _, cuts = text.partition("=")
    if not item.strip() or not cuts.strip():
        raise argparse.ArgumentTypeError(f"«{text}»")
    return item.strip(), tuple(cut.strip() for cut in cuts.split(","))
