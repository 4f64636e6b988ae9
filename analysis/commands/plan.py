"""The command `plan`: sample size, allocation to strata, and the seeded draw of PSUs."""

import argparse
from pathlib import Path
from typing import Any

from analysis import render
from analysis.commands.files import Files
from analysis.commands.options import add_output, refuse_without
from analysis.sampling.document import (
    PLAN_COLUMNS,
    alternatives,
    plan_document,
    plan_rows,
    table_rows,
)
from analysis.sampling.draw import DrawRequest, draw, draw_rows
from analysis.sampling.expected import Levels
from analysis.sampling.plan import Plan, plan_of
from analysis.sampling.previous import PreviousWave
from analysis.sampling.request import PlanRequest, Targets
from analysis.sampling.size import RULES
from questionnaires.refusal import Refusal


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add = command.add_argument
    add(
        "--frame",
        required=True,
        metavar="FRAME.csv",
        help="dàn mẫu, mỗi tầng một dòng (stratum, population, psus; unit, p, sd, cost, whole)",
    )
    _add_targets(command)
    _add_assumptions(command)
    add("--allocation", default="proportional", choices=RULES, help="cách phân bổ mẫu cho các tầng")
    add("--exponent", type=float, default=0.5, help="số mũ q của cách phân bổ power")
    add("--draw", metavar="PSUS.csv", help="danh sách địa bàn để rút (stratum, psu; size cho pps)")
    add("--seed", metavar="TEXT", help="chuỗi gốc ngẫu nhiên, công bố cùng mẫu; cần khi có --draw")
    add("--draw-method", default="srs", choices=("srs", "pps"), help="rút đều hoặc theo quy mô")
    add("--reserves", type=int, default=2, help="số địa bàn dự phòng mỗi tầng")
    add_output(command)


def run(options: argparse.Namespace, files: Files) -> str:
    """Plan a wave, draw its PSUs if asked to, and return both in the format asked for."""
    if not options.draw:
        refuse_without(options, "--draw", ("--seed", "--draw-method", "--reserves"))
    if not options.previous:
        needless = ("--node", "--previous-by", "--previous-weight-effect")
        refuse_without(options, "--previous", needless)
    frame = files.table(options.frame)
    plan = plan_of(frame, _request(options), _previous(options, files))
    drawn = _drawn(options, files, plan)
    if options.format == "csv":
        return render.to_csv(plan_rows(plan) if drawn is None else drawn, [])
    document = plan_document(plan)
    if options.format == "json":
        document["alternatives"] = alternatives(frame, plan)
        return render.to_json(document | {"draw": drawn})
    text = render.to_table(table_rows(plan), PLAN_COLUMNS)
    notes = "\n".join(reason["text"] for reason in document["reasons"])
    if drawn:
        columns = [
            ("Tầng", "stratum"),
            ("Địa bàn", "psu"),
            ("Vai trò", "role"),
            ("Thứ tự", "order"),
        ]
        notes += "\n\n" + render.to_table(drawn, columns)
    return f"{text}\n{notes}\n"


def _add_targets(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--margin", type=float, help="sai số cho toàn bộ: 0.03 là ±3 điểm phần trăm")
    add("--unit-margin", type=float, help="sai số cho từng đơn vị")
    add("--change", type=float, help="mức thay đổi so với đợt trước cần phát hiện, của toàn bộ")
    add("--unit-change", type=float, help="mức thay đổi cần phát hiện, của từng đơn vị")
    add("--respondents", type=int, help="số phiếu định trước, thay cho --margin và --change")
    add("--unit-psus", type=int, default=0, help="số địa bàn ít nhất của mỗi đơn vị")
    add("--minimum-psus", type=int, default=2, help="số địa bàn ít nhất của mỗi tầng")


def _add_assumptions(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--take", type=int, help="số phiếu mỗi địa bàn")
    add("--cost-ratio", type=float, help="chi phí mở một địa bàn bằng bao nhiêu phiếu")
    add("--rate", type=float, help="tỷ lệ dự kiến (mặc định: đợt trước, nếu không thì 0.5)")
    add("--rho", type=float, help="tương quan trong địa bàn")
    add("--previous", metavar="RESULT.json", help="kết quả đợt trước (python -m analysis index)")
    add("--node", metavar="CODE", help="chỉ tiêu lấy từ đợt trước, mặc định dòng đầu")
    add("--previous-by", metavar="COL", help="cột đơn vị trong kết quả đợt trước, mặc định unit")
    add("--previous-weight-effect", type=float, default=1.0, help="hiệu ứng Kish của đợt trước")
    add("--response-rate", type=float, default=1.0, help="tỷ lệ trả lời dự kiến")
    add("--weight-effect", type=float, default=1.0, help="hiệu ứng Kish dự kiến của quyền số")
    add("--confidence", type=float, default=0.95, help="độ tin cậy, mặc định 0.95")
    add("--power", type=float, default=0.8, help="lực của kiểm định thay đổi, mặc định 0.8")
    add("--correlation", type=float, default=0.0, help="tương quan hai đợt ở cùng địa bàn")


def _request(options: argparse.Namespace) -> PlanRequest:
    levels = Levels(
        options.confidence,
        options.power,
        options.correlation,
        options.weight_effect,
        options.response_rate,
    )
    return PlanRequest(
        Targets(options.margin, options.change),
        Targets(options.unit_margin, options.unit_change, options.unit_psus),
        options.respondents,
        options.take,
        options.cost_ratio,
        options.rate,
        options.rho,
        levels,
        options.allocation,
        options.exponent,
        options.minimum_psus,
    )


def _previous(options: argparse.Namespace, files: Files) -> PreviousWave | None:
    if not options.previous:
        return None
    return PreviousWave.of(
        files.document(options.previous),
        Path(options.previous).name,
        options.node,
        options.previous_by,
        options.previous_weight_effect,
    )


def _drawn(options: argparse.Namespace, files: Files, plan: Plan) -> list[dict[str, Any]] | None:
    if not options.draw:
        return None
    if not options.seed:
        raise Refusal("--draw cần --seed: chuỗi gốc ngẫu nhiên, công bố cùng mẫu.")
    request = DrawRequest(options.seed, options.draw_method, options.reserves)
    counts = dict(zip(plan.frame.stratum, plan.psus.tolist(), strict=True))
    in_frame = dict(zip(plan.frame.stratum, plan.frame.psus.tolist(), strict=True))
    return draw_rows(draw(files.table(options.draw), counts, request, in_frame))
