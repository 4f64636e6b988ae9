"""What a statistician asks of the plan of a wave, and whether it can be asked."""

from dataclasses import dataclass, field
from typing import Literal

from analysis.sampling.expected import Expected, Levels
from analysis.sampling.size import NOISE, RULES, Rule
from questionnaires.refusal import Refusal

Target = Literal["margin", "change", "psus"]


@dataclass(frozen=True)
class Targets:
    """What a domain must reach: a margin of error, a change to be detected, a number of PSUs."""

    margin: float | None = None
    change: float | None = None
    psus: int = 0

    @property
    def given(self) -> bool:
        """Whether there is anything to reach."""
        return bool(self.margin or self.change or self.psus)

    def missed(self, found: Expected) -> tuple[Target, ...]:
        """The targets that a sample misses."""
        missed: list[Target] = []
        if self.margin is not None and found.margin > self.margin * (1 + NOISE):
            missed.append("margin")
        if self.change is not None and found.change > self.change * (1 + NOISE):
            missed.append("change")
        if found.psus < self.psus:
            missed.append("psus")
        return tuple(missed)


@dataclass(frozen=True)
class PlanRequest:
    """What the statistician asks for.

    `total` and `unit` are the targets of the whole and of each unit; `respondents` fixes the size
    instead of the total's targets. `take` respondents per PSU, or `cost_ratio` (a PSU over a
    respondent) from which the best take follows. `rate` and `rho` go before those of the previous
    wave. `exponent` is the q of the power rule, `minimum_psus` the floor of every stratum.
    """

    total: Targets = field(default_factory=Targets)
    unit: Targets = field(default_factory=Targets)
    respondents: int | None = None
    take: int | None = None
    cost_ratio: float | None = None
    rate: float | None = None
    rho: float | None = None
    levels: Levels = field(default_factory=Levels)
    allocation: Rule = "proportional"
    exponent: float = 0.5
    minimum_psus: int = 2

    def require_sound(self) -> None:
        """Raise `Refusal` naming the option that is out of range or missing."""
        for option, value in self._shares.items():
            if value is not None and not 0 < value < 1:
                template = "{option} phải lớn hơn 0 và nhỏ hơn 1, không phải {value}."
                raise Refusal(template, option=option, value=value)
        for option, (value, low, high) in self._ranges.items():
            if value is not None and not low <= value <= high:
                template = "{option} phải từ {low:g} đến {high:g}, không phải {value}."
                raise Refusal(template, option=option, low=low, high=high, value=value)
        if self.allocation not in RULES:
            raise Refusal("--allocation phải là một trong: {rules}.", rules=", ".join(RULES))
        if self.respondents and (self.total.margin or self.total.change):
            raise Refusal("Nêu --respondents hoặc --margin, --change, không nêu cả hai.")
        if not (self.respondents or self.total.given or self.unit.given):
            raise Refusal("Cần một yêu cầu: --margin, --unit-margin, --change hoặc --respondents.")

    @property
    def _shares(self) -> dict[str, float | None]:
        return {
            "--margin": self.total.margin,
            "--unit-margin": self.unit.margin,
            "--change": self.total.change,
            "--unit-change": self.unit.change,
            "--rate": self.rate,
            "--confidence": self.levels.confidence,
            "--power": self.levels.power,
        }

    @property
    def _ranges(self) -> dict[str, tuple[float | None, float, float]]:
        return {
            "--rho": (self.rho, 0, 1),
            "--correlation": (self.levels.correlation, 0, 0.99),
            "--weight-effect": (self.levels.weight_effect, 1, 100),
            "--response-rate": (self.levels.response_rate, 0.01, 1),
            "--exponent": (self.exponent, 0, 1),
            "--minimum-psus": (self.minimum_psus, 2, 1e6),
            "--unit-psus": (self.unit.psus, 0, 1e6),
            "--take": (self.take, 1, 1e6),
            "--cost-ratio": (self.cost_ratio, 0.01, 1e6),
            "--respondents": (self.respondents, 1, 1e9),
        }
