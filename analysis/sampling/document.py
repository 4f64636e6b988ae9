"""The plan of a wave as a document: its assumptions, the whole, units, strata, reasons."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.dataset import Dataset
from analysis.estimate import number
from analysis.sampling.expected import Expected
from analysis.sampling.plan import Plan, plan_of
from analysis.sampling.previous import FEW_DF, PreviousWave
from analysis.sampling.request import PlanRequest, Targets
from analysis.sampling.size import RULES, design_effect
from questionnaires.refusal import Refusal

TAKES = (5, 8, 10, 12, 15, 20, 30)
PLAN_COLUMNS = (  # headings of `table_rows`
    ("Đơn vị", "unit"),
    ("Tầng", "stratum"),
    ("Dân số", "population"),
    ("ĐVCM trong dàn", "psus_in_frame"),
    ("ĐVCM chọn", "psus"),
    ("Phiếu", "respondents"),
    ("Tiếp cận", "approached"),
    ("Sai số ±%", "margin"),
)


def plan_document(plan: Plan) -> dict[str, Any]:
    """Everything a plan says, ready for JSON: request, total, units, strata, reasons.

    Rates, margins and fractions lie in [0, 1]; counts are whole; null is a number that does not
    exist (a margin of 1 or more, as with one degree of freedom, a cost the frame does not give).
    """
    return {
        "request": _request(plan),
        "total": _domain(plan.total, plan.request.total, plan.binding),
        "units": [
            {"unit": unit} | _domain(found, plan.request.unit, plan.unit_binding.get(unit, ()))
            for unit, found in plan.units.items()
        ],
        "strata": plan_rows(plan),
        "reasons": list(_reasons(plan)),
    }


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """A row for every stratum, in natural order of unit and stratum, as JSON and CSV take it.

    `approached` counts people, non-response included; `base_weight` is people per respondent.
    """
    return [_stratum(plan, i) for i in range(len(plan.frame.stratum))]


def table_rows(plan: Plan) -> list[dict[str, Any]]:
    """Rows to read under `PLAN_COLUMNS`: the whole, then every unit with its strata."""
    rows = [_line(plan.total, "Toàn bộ", "")]
    units = plan.units
    last = ""
    for i, unit in enumerate(plan.frame.unit):
        if unit != last:
            rows.append(_line(units[unit], unit, "Cộng"))
            last = unit
        rows.append(_line(plan.stratum(i), unit, plan.frame.stratum[i]))
    return rows


def alternatives(data: Dataset, plan: Plan, takes: Sequence[int] = TAKES) -> list[dict[str, Any]]:
    """What the same request would cost with other rules and other takes, a row for each.

    `cost_in_respondents` is PSUs x `cost_ratio` + respondents, where the ratio was given. A plan
    that cannot be made has null counts, and `text` says why in a sentence.
    """
    own = int(plan.request.take or 1)
    has_cost = not np.isnan(plan.frame.cost).any()
    rules = [rule for rule in RULES if rule != "cost" or has_cost]
    others = [] if plan.frame.direct else [take for take in takes if take != own]
    asked = [replace(plan.request, allocation=rule) for rule in rules]
    asked += [replace(plan.request, take=take) for take in others]
    return [_alternative(data, request, plan.previous) for request in asked]


def _alternative(
    data: Dataset, request: PlanRequest, previous: PreviousWave | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"allocation": request.allocation, "take": request.take}
    try:
        found = plan_of(data, request, previous).total
    except Refusal as refusal:
        names = ("psus", "respondents", "expected_margin", "deff", "cost_in_respondents")
        return row | dict.fromkeys(names) | {"text": str(refusal)}
    ratio = request.cost_ratio
    cost = None if ratio is None else found.psus * ratio + found.respondents
    return row | {
        "psus": found.psus,
        "respondents": found.respondents,
        "expected_margin": _margin(found),
        "deff": found.deff,
        "cost_in_respondents": cost,
        "text": None,
    }


def _line(found: Expected, unit: str, stratum: str) -> dict[str, Any]:
    margin = _margin(found)
    counts = ("psus_in_frame", "psus", "respondents", "approached")
    return {
        "unit": unit,
        "stratum": stratum,
        "population": int(found.population),
        "margin": "" if margin is None else f"{100 * margin:.2f}".replace(".", ","),
        **{key: getattr(found, key) for key in counts},
    }


def _request(plan: Plan) -> dict[str, Any]:
    request, variation, levels = plan.request, plan.variation, plan.request.levels
    effects = [
        design_effect(take, rho, levels.weight_effect)
        for take, rho in zip(variation.take.tolist(), variation.rho.tolist(), strict=True)
    ]
    return {
        "frame": plan.frame.name,
        "margin": request.total.margin,
        "unit_margin": request.unit.margin,
        "change": request.total.change,
        "unit_change": request.unit.change,
        "respondents": request.respondents,
        "unit_psus": request.unit.psus,
        "minimum_psus": request.minimum_psus,
        "confidence": levels.confidence,
        "quantile": "t",
        "power": levels.power,
        "correlation": levels.correlation,
        "response_rate": levels.response_rate,
        "weight_effect": levels.weight_effect,
        "take": request.take,
        "take_source": plan.take_from,
        "cost_ratio": request.cost_ratio,
        "allocation": request.allocation,
        "exponent": request.exponent if request.allocation == "power" else None,
        "rate": _range(variation.rate.tolist(), variation.rate_from),
        "rho": _range(variation.rho.tolist(), variation.rho_from),
        "deff": _range(effects, variation.rho_from),
        "previous": _previous(plan.previous),
    }


def _range(values: Sequence[float], origins: Sequence[str]) -> dict[str, Any]:
    return {"low": min(values), "high": max(values), "source": sorted(set(origins))}


def _previous(previous: PreviousWave | None) -> dict[str, Any] | None:
    if previous is None:
        return None
    whole = previous.whole
    return {
        "file": previous.name,
        "index": previous.index,
        "node": previous.node,
        "rate": whole.rate,
        "se": whole.se,
        "df": whole.df,
        "deff": whole.deff,
        "take": previous.take,
        "weight_effect": previous.weight_effect,
        "rho": whole.rho(previous.take, previous.weight_effect) if previous.take > 1 else None,
    }


def _domain(found: Expected, targets: Targets, binding: Sequence[str]) -> dict[str, Any]:
    return {
        "population": int(found.population),
        "psus_in_frame": found.psus_in_frame,
        "psus": found.psus,
        "respondents": found.respondents,
        "approached": found.approached,
        "rate": found.rate,
        "sd": found.sd,
        "se": found.se,
        "df": found.df,
        "target_margin": targets.margin,
        "expected_margin": _margin(found),
        "target_change": targets.change,
        "detectable_change": number(found.change),
        "deff": found.deff,
        "n_effective": found.respondents / found.deff if found.deff > 0 else None,
        "cost": number(found.cost),
        "binding": list(binding),
    }


def _stratum(plan: Plan, i: int) -> dict[str, Any]:
    frame, variation, found = plan.frame, plan.variation, plan.stratum(i)
    whole = found.psus == found.psus_in_frame
    return {
        "stratum": frame.stratum[i],
        "unit": frame.unit[i] or None,
        "population": int(found.population),
        "psus_in_frame": found.psus_in_frame,
        "psus": found.psus,
        "take": int(variation.take[i]),
        "respondents": found.respondents,
        "approached": found.approached,
        "psu_fraction": found.psus / found.psus_in_frame,
        "sampling_fraction": found.respondents / found.population,
        "base_weight": found.population / found.respondents,
        "rate": float(variation.rate[i]),
        "rate_source": variation.rate_from[i],
        "sd": float(variation.sd[i]),
        "rho": float(variation.rho[i]),
        "rho_source": variation.rho_from[i],
        "se": found.se,
        "df": found.df,
        "expected_margin": _margin(found),
        "cost": number(found.cost),
        "at_floor": bool(plan.psus[i] == plan.floors[i]) and not whole,
        "taken_whole": whole,
    }


def _reasons(plan: Plan) -> Iterator[dict[str, Any]]:
    """Sentences for the statistician, each with a code and the names it concerns."""
    yield from _sizes(plan)
    frame, variation, request = plan.frame, plan.variation, plan.request
    rows = range(len(frame.stratum))
    default = [frame.stratum[i] for i in rows if variation.rate_from[i] == "default"]
    yield from _reason("default_rate", default, "Chưa biết tỷ lệ nên dùng 0,5, thận trọng nhất.")
    if plan.previous is not None:
        lent = [
            i for i in rows if "previous_whole" in (variation.rate_from[i], variation.rho_from[i])
        ]
        text = (
            f"Kết quả trước của đơn vị không có hoặc dưới {FEW_DF} bậc tự do nên dùng kết quả "
            "của toàn bộ."
        )
        names = list(dict.fromkeys(frame.unit[i] for i in lent if frame.unit[i]))
        yield from _reason("previous_whole", names, text)
    smaller = [frame.stratum[i] for i in rows if variation.take[i] < int(request.take or 1)]
    text = "Địa bàn của tầng không đủ người nên mỗi địa bàn lấy ít phiếu hơn."
    yield from _reason("smaller_take", smaller, text)
    whole = [frame.stratum[i] for i in rows if plan.psus[i] == frame.psus[i]]
    yield from _reason("taken_whole", whole, "Mọi đơn vị chọn mẫu của tầng đều được chọn.")
    few = [unit for unit, found in plan.units.items() if found.df < FEW_DF]
    text = (
        f"Đơn vị có dưới {FEW_DF} bậc tự do: khoảng tin cậy rộng và sai số tự nó không chắc chắn."
    )
    yield from _reason("few_df", few, text)


def _sizes(plan: Plan) -> Iterator[dict[str, Any]]:
    texts = {
        "margin": "Sai số yêu cầu cho toàn bộ quyết định cỡ mẫu.",
        "change": "Mức thay đổi cần phát hiện của toàn bộ quyết định cỡ mẫu.",
        "units": "Yêu cầu của từng đơn vị quyết định cỡ mẫu; toàn bộ đạt hơn mức yêu cầu.",
        "respondents": "Cỡ mẫu đã định trước.",
        "minimum_psus": "Mức tối thiểu đơn vị chọn mẫu mỗi tầng quyết định cỡ mẫu.",
    }
    for code in plan.binding:
        names = list(plan.unit_binding) if code == "units" else ["*"]
        yield from _reason(f"binding_{code}", names, texts[code])
    of_unit = {
        "margin": "Sai số yêu cầu của đơn vị đòi hỏi thêm phiếu.",
        "change": "Mức thay đổi cần phát hiện của đơn vị đòi hỏi thêm phiếu.",
        "psus": "Số đơn vị chọn mẫu tối thiểu của đơn vị đòi hỏi thêm phiếu.",
    }
    for target, text in of_unit.items():
        names = [unit for unit, missed in plan.unit_binding.items() if target in missed]
        yield from _reason(f"unit_{target}", names, text)


def _reason(code: str, names: Sequence[str], text: str) -> Iterator[dict[str, Any]]:
    if names:
        yield {"code": code, "names": [name for name in names if name != "*"], "text": text}


def _margin(found: Expected) -> float | None:
    """The margin, none where the interval would hold every rate from 0 to 1."""
    return found.margin if found.margin < 1 else None
