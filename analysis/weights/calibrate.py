"""Calibration: one factor per cell of the margins, so that weights add up to known totals."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset, Floats
from analysis.design import Calibration, SampleDesign
from analysis.exact import steady_sums
from analysis.weights.base import final_weights, kish
from analysis.weights.margins import Cells, Margins, Targets, cells_of, targets_of
from questionnaires.refusal import Refusal

Method = Literal["poststratify", "rake", "linear"]
Bounds = tuple[float, float]

CLOSE = 1e-12  # a margin is met when its relative error is below this
GOOD = 1e-10  # or below this, when no step makes it better
LIMIT = 400  # steps of the fit, and after how many without progress it gives up
PATIENCE = 100
SWEEPS = 3  # of proportional fitting before the first step
LEAST_DAMPING = 1e-10
DAMPING_STEP = 10.0
DECREASE = 1e-4  # share of the promised decrease that a step must bring
NOISE = 1e-14  # rounding of the objective, relative
AT_BOUND = 1e-9  # a factor this near is at the bound

# u (cells,) -> F(u), its derivative and its integral.
_Distance = Callable[[Floats], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True)
class _Point:
    """Where the fit stands: multipliers, F and F' of each cell, dual objective, margins missed."""

    multiplier: Floats
    factor: Floats
    slope: Floats
    value: float
    residual: Floats
    error: float


@dataclass(frozen=True)
class _Problem:
    """Calibration equations in shares of the grand total: base weight of each cell, and F."""

    targets: Targets
    share: Floats
    distance: _Distance

    @property
    def wanted(self) -> Floats:
        return self.targets.wanted / float(self.targets.grand)

    def at(self, multiplier: Floats) -> _Point:
        x, wanted = self.targets.auxiliary, self.wanted
        u = x @ multiplier
        with np.errstate(over="ignore", invalid="ignore"):
            factor, slope, integral = self.distance(u)
            residual = wanted - x.T @ (self.share * factor)
            value = float(self.share @ integral - wanted @ multiplier)
            error = float(np.abs(residual / wanted).max())
        return _Point(multiplier, factor, slope, value, residual, error)


def calibrated(
    data: Dataset,
    design: SampleDesign,
    margins: Margins,
    method: Method = "rake",
    bounds: Bounds | None = None,
) -> SampleDesign:
    """Return the design with weights calibrated to margins.

    Factors come from `factors_of`. Raises `Refusal` as `targets_of` and `factors_of` do. The record
    of the calibration holds method, bounds, margins, cells, iterations, largest_margin_error
    (relative, of the final weights against the totals given), g_min, g_max, kish_before,
    kish_after (None where rows are totals, for then single weights are not known) and
    trimmed_cells (the number of cells at a bound).
    """
    _require(margins, method, bounds)
    cells = cells_of(data, design, margins)
    targets = targets_of(data, cells, margins)
    factor, iterations = factors_of(cells, targets, method, bounds)
    calibration = Calibration(method, cells.number, targets.auxiliary, factor, {})
    changed = replace(design, calibration=calibration)
    weights = final_weights(changed)
    inside = np.flatnonzero(cells.number >= 0)
    reached = steady_sums(weights[inside], cells.number[inside], len(factor)) @ targets.auxiliary
    single = design.responses is None
    before = final_weights(replace(design, calibration=None))
    record: dict[str, Any] = {
        "method": method,
        "bounds": None if bounds is None else list(bounds),
        "margins": [margin.name for margin in margins.margins],
        "cells": len(factor),
        "iterations": iterations,
        "largest_margin_error": float(np.abs(reached / targets.given - 1).max()),
        "g_min": float(factor.min()),
        "g_max": float(factor.max()),
        "kish_before": kish(before) if single else None,
        "kish_after": kish(weights) if single else None,
        "trimmed_cells": _at_bound(factor, bounds),
    }
    return replace(changed, calibration=replace(calibration, record=record))


def factors_of(
    cells: Cells, targets: Targets, method: Method, bounds: Bounds | None = None
) -> tuple[Floats, int]:
    """The calibration factor g (cells,) and the number of steps that the fit took.

        sum over cells c of N_c F(x_c'lambda) x_c = t,  g_c = F(x_c'lambda)

    with N_c the sum of base weights (Deville & Saerndal 1992, J. Am. Stat. Assoc. 87, section 2
    and table 1; Deville, Saerndal & Sautory 1993, J. Am. Stat. Assoc. 88): `rake` has F = exp(u)
    (case 2), with bounds the logit form (case 6); `linear` has F = 1 + u (case 1), with bounds cut
    at them (case 7); `poststratify` is t/N of the one margin. Only weights of the cells enter, so a
    table of cells made by any engine will do. Raises `Refusal` naming the category that cannot be
    met, and the cell whose factor would be negative.
    """
    if method == "poststratify":
        factor = (targets.wanted / cells.total[:, np.newaxis])[targets.auxiliary > 0]
        iterations = 0
    else:
        _refuse_out_of_reach(cells, targets, bounds)
        # Without bounds both forms do not mind the scale of the weights, so the fit starts near 1.
        grand = float(targets.grand)
        scale = grand / float(cells.total.sum()) if bounds is None else 1.0
        problem = _Problem(targets, cells.total * (scale / grand), _distance(method, bounds))
        sweeps = SWEEPS if problem.distance is _exponential else 0
        point, iterations = _fit(problem, _swept(problem, sweeps))
        if not point.error < GOOD:
            _refuse_unmet(targets, point, bounds)
        factor = scale * point.factor
    wrong = ~(np.isfinite(factor) & (factor >= 0))
    if wrong.any():
        cell = int(np.argmin(np.where(np.isfinite(factor), factor, -np.inf)))
        template = (
            "Hiệu chỉnh theo {file}: ô «{cell}» có hệ số {factor:.6g}, không dùng làm quyền số "
            "được; hãy dùng rake hoặc đặt giới hạn cho hệ số."
        )
        raise Refusal(template, file=targets.file, cell=cells.named(cell), factor=factor[cell])
    return factor, iterations


def _require(margins: Margins, method: Method, bounds: Bounds | None) -> None:
    if method == "poststratify" and len(margins.margins) != 1:
        named = ", ".join(f"«{margin.name}»" for margin in margins.margins)
        template = "Hậu phân tầng cần đúng một tổng biên, tệp {file} có {n}: {margins}."
        raise Refusal(template, file=margins.name, n=len(margins.margins), margins=named)
    if bounds is None:
        return
    low, high = bounds
    if method == "poststratify":
        raise Refusal("Hậu phân tầng không đặt giới hạn cho hệ số được; hãy dùng rake.")
    if not (0 <= low < 1 < high < np.inf):
        template = "Giới hạn của hệ số hiệu chỉnh phải có 0 <= L < 1 < U, không phải {low} và {up}."
        raise Refusal(template, low=low, up=high)


def _distance(method: Method, bounds: Bounds | None) -> _Distance:
    if method == "rake":
        return _exponential if bounds is None else _logit(*bounds)
    return _linear if bounds is None else _truncated(*bounds)


def _exponential(u: Floats) -> tuple[Floats, Floats, Floats]:
    factor = np.exp(u)
    return factor, factor, factor


def _linear(u: Floats) -> tuple[Floats, Floats, Floats]:
    return 1 + u, np.ones_like(u), u + u**2 / 2


def _truncated(low: float, high: float) -> _Distance:
    def distance(u: Floats) -> tuple[Floats, Floats, Floats]:
        factor = np.clip(1 + u, low, high)
        kept = factor - 1
        slope = ((1 + u >= low) & (1 + u <= high)).astype(np.float64)
        return factor, slope, kept + kept**2 / 2 + factor * (u - kept)

    return distance


def _logit(low: float, high: float) -> _Distance:
    width = high - low
    rate = width / ((1 - low) * (high - 1))
    offset = np.log((1 - low) / (high - 1))

    def distance(u: Floats) -> tuple[Floats, Floats, Floats]:
        soft = np.logaddexp(0.0, rate * u + offset)
        share = np.exp(rate * u + offset - soft)
        slope = width * rate * share * np.exp(-soft)
        return low + width * share, slope, low * u + soft * (width / rate)

    return distance


def _swept(problem: _Problem, sweeps: int) -> Floats:
    """Multipliers (categories,) to start from: some sweeps of iterative proportional fitting.

    They bring weights of very different sizes near the margins, where Newton's steps are short
    (Deming & Stephan 1940, Ann. Math. Stat. 11). They fit F = exp only.
    """
    x, wanted = problem.targets.auxiliary, problem.wanted
    margins = np.array([margin for margin, _ in problem.targets.names])
    multiplier = np.zeros(len(wanted))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(sweeps):
            for margin in dict.fromkeys(margins.tolist()):
                block = np.flatnonzero(margins == margin)
                reached = x[:, block].T @ (problem.share * np.exp(x @ multiplier))
                multiplier[block] += np.log(wanted[block] / reached)
    return multiplier if np.isfinite(multiplier).all() else np.zeros(len(wanted))


def _fit(problem: _Problem, start: Floats) -> tuple[_Point, int]:
    """Solve the calibration equations by damped Newton steps on their convex dual.

    The dual is the sum of share x integral of F, less wanted'lambda; its gradient vanishes where
    all margins are met. Margins are collinear and cells at a bound have no slope, so each step is
    that of a matrix made regular by a little of the curvature at the start, more after a step that
    failed (Levenberg-Marquardt; Nocedal & Wright 2006, Numerical Optimization, section 10.3).
    What it moves along directions that change no u has no effect. Returns the best point and the
    number of steps tried.
    """
    x = problem.targets.auxiliary
    point = best = problem.at(start)
    unit = 1 / np.sqrt(x.T @ (problem.share * point.slope))
    damping, idle, taken = LEAST_DAMPING, 0, 0
    while taken < LIMIT and idle < PATIENCE and not best.error < CLOSE:
        taken += 1
        weight = (problem.share * point.slope)[:, np.newaxis]
        curvature = unit[:, np.newaxis] * (x.T @ (weight * x)) * unit
        regular = curvature + damping * np.eye(len(unit))
        step = unit * np.linalg.solve(regular, unit * point.residual)
        trial = problem.at(point.multiplier + step)
        promised = DECREASE * float(step @ point.residual)
        if trial.value <= point.value - promised + NOISE * (1 + abs(point.value)):
            point, damping = trial, max(damping / DAMPING_STEP, LEAST_DAMPING)
        else:
            damping *= DAMPING_STEP
        idle = 0 if point.error < 0.9 * best.error else idle + 1
        best = point if point.error < best.error else best
    return best, taken


def _refuse_out_of_reach(cells: Cells, targets: Targets, bounds: Bounds | None) -> None:
    """Refuse a category that would need a mean factor outside the bounds."""
    if bounds is None:
        return
    needed = targets.wanted / (cells.total @ targets.auxiliary)
    outside = (needed < bounds[0] - GOOD) | (needed > bounds[1] + GOOD)
    if outside.any():
        worst = int(np.argmax(outside))
        template = (
            "Hiệu chỉnh theo {file}: {category} cần hệ số trung bình {factor:.6g}, ngoài giới hạn "
            "từ {low} đến {high}; hãy nới giới hạn."
        )
        where = {"file": targets.file, "category": targets.named(worst)}
        raise Refusal(template, factor=needed[worst], low=bounds[0], high=bounds[1], **where)


def _refuse_unmet(targets: Targets, point: _Point, bounds: Bounds | None) -> None:
    missed: NDArray[np.float64] = np.abs(point.residual) / targets.wanted
    worst = int(np.argmax(missed))
    wanted = float(targets.wanted[worst])
    reached = wanted - float(point.residual[worst] * float(targets.grand))
    reason = (
        "các tổng biên không thể cùng đạt với những ô có phiếu; hãy gộp phương án hoặc bỏ bớt biên"
        if bounds is None
        else "giới hạn của hệ số quá hẹp hoặc các tổng biên không thể cùng đạt với những ô có phiếu"
    )
    template = (
        "Hiệu chỉnh theo {file} không đạt: {category} cần {wanted:.10g} mà chỉ tới {reached:.10g}; "
        "{reason}."
    )
    where = {"file": targets.file, "category": targets.named(worst)}
    raise Refusal(template, wanted=wanted, reached=reached, reason=reason, **where)


def _at_bound(factor: Floats, bounds: Bounds | None) -> int:
    if bounds is None:
        return 0
    low, high = bounds
    return int(((factor - low < AT_BOUND) | (high - factor < AT_BOUND)).sum())
