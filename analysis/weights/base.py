"""Survey weights after fieldwork: base weights, non-response, and what a file of weights says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset, Floats
from analysis.design import Sample, SampleDesign
from analysis.exact import steady_sums
from analysis.grouping import group, in_natural_order
from questionnaires.refusal import Refusal


@dataclass(frozen=True)
class ResponseClass:
    """Lớp hiệu chỉnh không trả lời: one class within which respondents stand for all sampled.

    `domain` names the class (column -> label, empty for the whole sample), `sampled` and
    `responded` count its rows, `sampled_weight` and `responded_weight` add their weights, and
    `factor` is the ratio of the two, by which the weights of the respondents were multiplied.
    """

    domain: Mapping[str, str]
    sampled: int
    responded: int
    sampled_weight: float
    responded_weight: float
    factor: float


@dataclass(frozen=True)
class Adjusted:
    """Weights (n,) adjusted for non-response, 0 for who did not respond, and class by class how."""

    weights: Floats
    classes: tuple[ResponseClass, ...]


def base_weights(data: Dataset, columns: Sequence[str]) -> Floats:
    """Base weights (n,) from inclusion probabilities: the product over stages of 1/pi.

    `columns` hold, stage by stage, the probability that the unit of the row was drawn given the
    unit above (Saerndal, Swensson & Wretman 1992, section 4.3.1). Raises `Refusal` naming file,
    row and column for a cell that is no number in (0, 1].
    """
    weights = np.ones(data.rows)
    for name in columns:
        probability = data.numbers(name)
        template = (
            "Tệp {file}, dòng {row}, cột «{column}»: xác suất chọn {value} không lớn hơn 0 "
            "và không quá 1."
        )
        data.refuse_rows(~((probability > 0) & (probability <= 1)), name, template)
        with np.errstate(over="ignore"):
            weights = weights * (1 / probability)
    data.refuse_rows(
        ~np.isfinite(weights),
        columns[-1] if columns else "",
        "Tệp {file}, dòng {row}, cột «{column}»: xác suất chọn quá nhỏ để tính quyền số.",
    )
    return weights


def nonresponse_adjusted(
    weights: Floats, data: Dataset, responded: str, classes: Sequence[str] = ()
) -> Adjusted:
    """Adjust weights (n,) for unit non-response, class by class.

        w'_k = w_k (sum of w over all sampled in the class) / (sum of w over its respondents)

    for who responded, and 0 for who did not: the weighting-class adjustment of Saerndal, Swensson
    & Wretman (1992, section 15.6.2), unbiased when all of a class respond with one probability.
    `responded` is a column of 1 and 0, `classes` are columns whose combinations are the classes;
    without any the whole sample is one. The sums do not depend on the order of the rows. Raises
    `Refusal` naming file, row and column for any other or empty cell, and for a class in which
    nobody responded.
    """
    answer = data.column(responded)
    is_one = np.array([*(label == "1" for label in answer.labels), False])
    known = np.array([*(label in ("0", "1") for label in answer.labels), False])
    template = "Tệp {file}, dòng {row}, cột «{column}»: «{value}» không phải 1 (có trả lời) hay 0."
    data.refuse_rows(~known[answer.codes], responded, template)
    answered = is_one[answer.codes]
    member, domains = _classes(data, classes)
    size = len(domains)
    sampled = steady_sums(weights, member, size)
    responding = steady_sums(np.where(answered, weights, 0.0), member, size)
    _refuse_silent_classes(data, domains, (sampled > 0) & (responding == 0))
    factor = np.divide(sampled, responding, out=np.ones(size), where=responding > 0)
    counts = np.bincount(member, minlength=size)
    answers = np.bincount(member, weights=answered, minlength=size)
    found = tuple(
        ResponseClass(domain, int(n), int(m), float(s), float(r), float(f))
        for domain, n, m, s, r, f in zip(
            domains, counts, answers, sampled, responding, factor, strict=True
        )
    )
    return Adjusted(np.where(answered, weights * factor[member], 0.0), found)


def final_weights(design: SampleDesign) -> Floats:
    """The weights (n,) that a file of this design carries: g of the cell x base weight.

    Weights read with at most four decimals come back as the very numbers that were read.
    """
    base = design.weights.values
    calibration = design.calibration
    if calibration is None:
        return base
    # A row outside every cell weighs 0, so that it does not matter whose factor it takes.
    return np.asarray(base * calibration.factor[calibration.cell])


def kish(weights: Floats) -> float:
    """Kish's design effect of unequal weighting: 1 + cv^2(w) over the rows of positive weight.

    n (sum of w^2) / (sum of w)^2 (Kish 1965, Survey Sampling, section 11.7), at least 1, and the
    same digits whatever the order of the rows; NaN without a positive weight.
    """
    positive = weights[weights > 0]
    if not len(positive):
        return float("nan")
    relative = positive / positive.max()  # squares can neither overflow nor vanish together
    pair = np.stack([relative, relative**2], axis=1)
    total, squares = steady_sums(pair, np.zeros(len(pair), dtype=np.intp), 1)[0]
    return max(1.0, float(len(positive) * squares / total**2))


def weights_document(sample: Sample, adjusted: Adjusted | None = None) -> dict[str, Any]:
    """Say how the final weights came about, ready for JSON.

    Keys: `design` (source, data, rows, columns), `nonresponse` (class by class: domain, sampled,
    responded, sampled_weight, responded_weight, factor; empty without an adjustment),
    `calibration` (the record of the calibration, None without) and `weights` (n, sum, min, max and
    kish over the rows of positive weight).
    """
    data, design = sample
    weights = final_weights(design)
    positive = weights[weights > 0]
    columns = design.columns
    total = steady_sums(weights, np.zeros(len(weights), dtype=np.intp), 1)[0]
    return {
        "design": {
            "source": design.source,
            "data": data.name,
            "rows": data.rows,
            "stratum": columns.stratum,
            "psu": list(columns.psu),
            "weight": columns.weight,
            "fpc": list(columns.fpc),
        },
        "nonresponse": [asdict(found) for found in adjusted.classes] if adjusted else [],
        "calibration": dict(design.calibration.record) if design.calibration else None,
        "weights": {
            "n": len(positive),
            "sum": float(total),
            "min": float(positive.min()) if len(positive) else None,
            "max": float(positive.max()) if len(positive) else None,
            "kish": kish(weights) if len(positive) else None,
        },
    }


def _classes(
    data: Dataset, names: Sequence[str]
) -> tuple[NDArray[np.intp], tuple[Mapping[str, str], ...]]:
    """Number each row's class (n,) in natural order and name the classes."""
    member = np.zeros(data.rows, dtype=np.intp)
    domains: tuple[Mapping[str, str], ...] = ({},)
    for name in names:
        column = in_natural_order(data.column(name))
        template = "Tệp {file}, dòng {row}, cột «{column}»: ô để trống."
        data.refuse_rows(column.codes < 0, name, template)
        above = member
        member, first = group([above, column.codes], [len(domains), len(column.labels)])
        domains = tuple(
            {**domains[above[row]], name: column.labels[column.codes[row]]} for row in first
        )
    return member, domains


def _refuse_silent_classes(
    data: Dataset, domains: Sequence[Mapping[str, str]], silent: NDArray[np.bool_]
) -> None:
    if not silent.any():
        return
    domain = domains[int(np.argmax(silent))]
    named = ", ".join(f"{name}={label}" for name, label in domain.items()) or "toàn bộ"
    template = (
        "Tệp {file}: lớp «{name}» không có phiếu nào trả lời nên không hiệu chỉnh được; "
        "hãy gộp với lớp khác."
    )
    raise Refusal(template, file=data.name, name=named)
