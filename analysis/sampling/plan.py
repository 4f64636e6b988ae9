"""The plan of a wave: how many PSUs and respondents in every stratum, and what they will tell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset, Ints
from analysis.sampling.expected import Expected, Variation, expected, variation_of
from analysis.sampling.frame import Frame, frame_of
from analysis.sampling.previous import Finding, PreviousWave
from analysis.sampling.request import PlanRequest, Target, Targets
from analysis.sampling.size import NOISE, allocate, measures_of, optimal_take
from questionnaires.refusal import Refusal

Take = Literal["request", "optimal", "direct"]


@dataclass(frozen=True)
class Plan:
    """Kế hoạch chọn mẫu: `psus` PSUs in each stratum of the frame (strata,) and what follows.

    `floors` is the least that a stratum gets. `binding` says what set the size: "respondents",
    "margin", "change", "units" or "minimum_psus"; `unit_binding` names, for each unit that has
    just what it needs itself, the targets that one PSU less would miss. `take_from` says how the
    take was settled.
    """

    request: PlanRequest
    frame: Frame
    previous: PreviousWave | None
    variation: Variation
    floors: Ints
    psus: Ints
    binding: tuple[str, ...]
    unit_binding: dict[str, tuple[Target, ...]]
    take_from: Take

    @property
    def total(self) -> Expected:
        """The expected precision of the whole."""
        at = np.arange(len(self.psus))
        return self.expected(at, self.previous.whole if self.previous else None)

    @property
    def units(self) -> dict[str, Expected]:
        """The expected precision of each unit."""
        found = self.previous.units if self.previous else {}
        return {u: self.expected(at, found.get(u)) for u, at in self.frame.by_unit.items()}

    def stratum(self, position: int) -> Expected:
        """The expected precision of one stratum."""
        return self.expected(np.array([position], dtype=np.intp), None)

    def expected(self, at: NDArray[np.intp], before: Finding | None) -> Expected:
        """The expected precision of some strata."""
        levels = self.request.levels
        return expected(self.frame, self.variation, self.psus, levels, (at, before))


def plan_of(data: Dataset, request: PlanRequest, previous: PreviousWave | None = None) -> Plan:
    """Make the plan of a wave from a frame (see `frame_of`) and a request.

    Every stratum gets its floor; every unit as many PSUs, allotted among its strata by the rule,
    as its own targets need; then the whole as many as its targets need, by the rule, never taking
    back what a unit needs. One PSU less would miss a target. Raises `Refusal` by name for a bad
    frame or request, for targets out of reach with all PSUs taken, and for a fixed number of
    respondents that is below what floors and units need or above what the frame can give.
    """
    request.require_sound()
    frame = frame_of(data)
    take, take_from = _take(frame, request, previous)
    given = (request.rate, request.rho)
    variation = variation_of(frame, take, given, previous, request.levels.response_rate)
    search = _Search(request, frame, previous, variation)
    floors = search.floors()
    needed, missed = search.for_units(floors)
    psus, binding = search.for_total(needed)
    strata_of = frame.by_unit
    unit_binding = {
        unit: targets
        for unit, targets in missed.items()
        if (psus[strata_of[unit]] == needed[strata_of[unit]]).all()
    }
    if not binding:
        binding = ("units",) if unit_binding else ("minimum_psus",)
    done = replace(request, take=take)
    return Plan(done, frame, previous, variation, floors, psus, binding, unit_binding, take_from)


def _take(frame: Frame, request: PlanRequest, previous: PreviousWave | None) -> tuple[int, Take]:
    if frame.direct:
        if request.take not in (None, 1):
            template = "Tệp {file} không có cột «psus» nên chọn người trực tiếp, không dùng --take."
            raise Refusal(template, file=frame.name)
        return 1, "direct"
    if request.take is not None:
        return request.take, "request"
    if request.cost_ratio is None:
        raise Refusal("Cần số phiếu mỗi địa bàn: --take, hoặc --cost-ratio để tính số tốt nhất.")
    if request.rho is None and previous is None:
        raise Refusal("Cần hệ số tương quan trong địa bàn: --rho, hoặc --previous.")
    rho = request.rho
    if rho is None and previous is not None:
        rho = previous.whole.rho(previous.take, previous.weight_effect)
    best = optimal_take(request.cost_ratio, rho or 0.0)
    if not isfinite(best):
        raise Refusal("Tương quan trong địa bàn bằng 0 nên không có số phiếu tốt nhất: nêu --take.")
    return max(1, round(best)), "optimal"


@dataclass(frozen=True)
class _Search:
    """Looks for the smallest sample that reaches the targets."""

    request: PlanRequest
    frame: Frame
    previous: PreviousWave | None
    variation: Variation

    @property
    def caps(self) -> Ints:
        """PSUs that can be had: all, or what the people who will answer suffice for."""
        answering = self.frame.population * self.request.levels.response_rate
        enough = np.floor(answering / self.variation.take + NOISE).astype(np.int64)
        return np.minimum(self.frame.psus, enough)

    def floors(self) -> Ints:
        caps, whole = self.caps, self.frame.whole
        for i in np.flatnonzero((caps < 2) & ~whole)[:1]:
            template = "Tầng «{stratum}»: với tỷ lệ trả lời đã nêu không đủ hai đơn vị chọn mẫu."
            raise Refusal(template, stratum=self.frame.stratum[i])
        return np.where(whole, np.maximum(caps, 1), np.minimum(caps, self.request.minimum_psus))

    def allotted(self, total: int, floors: Ints, at: NDArray[np.intp]) -> Ints:
        """Share PSUs out to some strata by the rule."""
        frame, variation, request = self.frame, self.variation, self.request
        if request.allocation == "cost" and np.isnan(frame.cost).any():
            stratum = frame.stratum[int(np.argmax(np.isnan(frame.cost)))]
            raise Refusal("Tầng «{stratum}» chưa có chi phí (cột «cost»).", stratum=stratum)
        # S with the clustering in it: what a respondent adds to the variance of its stratum.
        effect = 1 + (variation.take - 1) * variation.rho
        sd = variation.sd * np.sqrt(effect)
        rule, q = request.allocation, request.exponent
        respondents = measures_of(rule, frame.population, sd, frame.cost, q)
        measures = (respondents / variation.take)[at]
        return allocate(total, measures, floors[at], np.maximum(self.caps, floors)[at])

    def for_units(self, floors: Ints) -> tuple[Ints, dict[str, tuple[Target, ...]]]:
        """The PSUs that the units need for themselves, and which of them need more."""
        needed, binding = floors.copy(), {}
        if self.request.unit.given:
            if not self.frame.by_unit:
                template = "Tệp {file} không có cột «unit» nên không đặt được yêu cầu cho đơn vị."
                raise Refusal(template, file=self.frame.name)
            for unit, at in self.frame.by_unit.items():
                before = self.previous.units.get(unit) if self.previous else None
                domain = (at, before)
                needed[at], missed = self._least(floors, domain, self.request.unit, unit)
                if missed:
                    binding[unit] = missed
        return needed, binding

    def for_total(self, needed: Ints) -> tuple[Ints, tuple[str, ...]]:
        """The PSUs of all strata, and what set their number beyond the needs of units."""
        at = np.arange(len(needed))
        if self.request.respondents is not None:
            return self._affordable(self.request.respondents, needed), ("respondents",)
        before = self.previous.whole if self.previous else None
        return self._least(needed, (at, before), self.request.total, "")

    def _least(
        self,
        floors: Ints,
        domain: tuple[NDArray[np.intp], Finding | None],
        targets: Targets,
        unit: str,
    ) -> tuple[Ints, tuple[Target, ...]]:
        at = domain[0]

        def found(total: int) -> Expected:
            psus = floors.copy()
            psus[at] = self.allotted(total, floors, at)
            return expected(self.frame, self.variation, psus, self.request.levels, domain)

        low = int(floors[at].sum())
        high = int(np.maximum(self.caps, floors)[at].sum())
        if targets.missed(found(high)):
            raise _out_of_reach(targets, found(high), unit)
        total = least(low, high, lambda count: not targets.missed(found(count)))
        missed = targets.missed(found(total - 1)) if total > low else ()
        return self.allotted(total, floors, at), missed

    def _affordable(self, respondents: int, floors: Ints) -> Ints:
        at, take = np.arange(len(floors)), self.variation.take
        smallest = int((floors * take).sum())
        if smallest > respondents:
            template = (
                "Cần ít nhất {least} phiếu cho mức tối thiểu của tầng và đơn vị, không phải {n}."
            )
            raise Refusal(template, least=smallest, n=respondents)

        def too_many(total: int) -> bool:
            return int((self.allotted(total, floors, at) * take).sum()) > respondents

        largest = np.maximum(self.caps, floors)
        most = int((largest * take).sum())
        if most < respondents:
            template = (
                "--respondents: lấy hết {psus} đơn vị chọn mẫu của tệp {file} cũng chỉ được {most} "
                "phiếu, chưa đến {n}; giảm số phiếu hoặc tăng --take."
            )
            where = {"file": self.frame.name, "psus": int(largest.sum())}
            raise Refusal(template, most=most, n=respondents, **where)
        low, high = int(floors.sum()), int(largest.sum())
        total = least(low, high, too_many) - 1 if too_many(high) else high
        return self.allotted(total, floors, at)


def least(low: int, high: int, enough: Callable[[int], bool]) -> int:
    """The count from `low` to `high` from which on it is enough; `high` must be.

    By bisection: where rounding makes `enough` waver, still one for which one less is not enough.
    """
    if enough(low):
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _out_of_reach(targets: Targets, found: Expected, unit: str) -> Refusal:
    missed = targets.missed(found)[0]
    if missed == "psus":
        template = "{unit}: chỉ lấy được {psus} đơn vị chọn mẫu, chưa đến {wanted} (--unit-psus)."
        return Refusal(template, unit=unit, psus=found.psus, wanted=targets.psus)
    template = (
        "{unit}: lấy hết {psus} đơn vị chọn mẫu ({n} phiếu) vẫn chỉ đạt {name} {value:.4f}, "
        "chưa đến {wanted:g}; nới yêu cầu hoặc tăng --take."
    )
    return Refusal(
        template,
        unit=unit or "Toàn bộ",
        psus=found.psus,
        n=found.respondents,
        name={"margin": "sai số", "change": "mức thay đổi"}[missed],
        value=getattr(found, missed),
        wanted=getattr(targets, missed),
    )
