"""What precision a planned sample will have, for the whole and for each domain of publication."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, inf, isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats, Ints
from analysis.sampling.frame import Frame
from analysis.sampling.previous import Finding, PreviousWave
from analysis.sampling.size import NOISE, approached, quantile, two_sided
from questionnaires.refusal import Refusal

Origin = Literal["frame", "request", "previous_unit", "previous_whole", "default", "direct"]


@dataclass(frozen=True)
class Levels:
    """Probabilities and factors that turn a variance into a margin.

    `confidence` of intervals, `power` of the test for a change, `correlation` of the estimates of
    two waves (0 with new communes), `weight_effect` Kish's 1 + cv^2 of the coming wave's weights,
    `response_rate` of those approached.
    """

    confidence: float = 0.95
    power: float = 0.8
    correlation: float = 0.0
    weight_effect: float = 1.0
    response_rate: float = 1.0


@dataclass(frozen=True)
class Variation:
    """What is assumed of each stratum, all (strata,), and where it comes from.

    `rate` p, `sd` the standard deviation S that a respondent stands for, `rho` the likeness of
    respondents of one PSU, `take` the respondents per PSU.
    """

    rate: Floats
    sd: Floats
    rho: Floats
    take: Ints
    rate_from: tuple[Origin, ...]
    rho_from: tuple[Origin, ...]


@dataclass(frozen=True)
class Expected:
    """What a sample will give in one domain.

    `margin` is the half-width of the interval (infinite without degrees of freedom), `change` the
    smallest change on the previous wave that the test finds with the power asked for, `deff` the
    design effect against a simple random sample of as many respondents, `cost` the sum of the
    respondents' costs, NaN where the frame has none.
    """

    population: float
    psus_in_frame: int
    psus: int
    respondents: int
    approached: int
    rate: float
    sd: float
    se: float
    df: int
    margin: float
    deff: float
    change: float
    cost: float


def variation_of(
    frame: Frame,
    take: int,
    given: tuple[float | None, float | None],
    previous: PreviousWave | None,
    response_rate: float,
) -> Variation:
    """Settle p, S and rho of every stratum; `given` are the request's own p and rho.

    p: the frame's, else the request's, else the previous wave's of the unit (with at least 8
    degrees of freedom) or of the whole, else 0.5. S: the frame's, else sqrt(p (1 - p)), times the
    ratio of these two in the previous wave. rho: the request's, else the previous wave's. The take
    falls to what the PSUs of a stratum hold on average. Raises `Refusal` when rho is not known.
    """
    rate, rho = given
    sources = _Sources(frame, previous)
    rates, rates_from = sources.rates(rate)
    spread = sources.spread()
    sd = np.where(np.isnan(frame.sd), spread * np.sqrt(rates * (1 - rates)), frame.sd)
    held = np.floor(frame.population * response_rate / frame.psus + NOISE).astype(np.int64)
    takes = np.maximum(1, np.minimum(take, held))
    rhos, rhos_from = sources.rhos(rho, take)
    return Variation(rates, sd, rhos, takes, rates_from, rhos_from)


def expected(
    frame: Frame,
    variation: Variation,
    psus: Ints,
    levels: Levels,
    domain: tuple[NDArray[np.intp], Finding | None],
) -> Expected:
    """The precision of a sample of `psus` PSUs per stratum (strata,) in some of the strata.

    Two stages within strata, a of A PSUs and n of N people (Cochran 1977, theorem 10.1, with S^2
    split into rho S^2 between PSUs and (1 - rho) S^2 within):

        V = sum (N_h/N)^2 S^2 { (1 - a/A) rho/a + (1 - n/N)(1 - rho)/n } (1 + cv^2)

    which is S^2/n (1 + (m - 1) rho)(1 + cv^2) in a large stratum, and keeps only the variance
    within PSUs where all are taken. df = PSUs - strata, as the analysis counts them; when all
    PSUs of the domain are taken the respondents are the units drawn, and df = n - strata.
    `domain` holds the positions of the strata and the previous wave's finding there.
    """
    at, before = domain
    a, in_frame = psus[at].astype(np.float64), frame.psus[at]
    people, sd, rho = frame.population[at], variation.sd[at], variation.rho[at]
    n = a * variation.take[at]
    total, sample = fsum(people), fsum(n)
    between = (1 - a / in_frame) * rho / a
    within = np.maximum(0.0, 1 - n / people) * (1 - rho) / n
    share = people / total
    variance = fsum((share * sd) ** 2 * (between + within)) * levels.weight_effect
    mean = fsum(share * variation.rate[at])
    spread = fsum(share * (sd**2 + (variation.rate[at] - mean) ** 2))
    simple = (1 - sample / total) * spread / sample
    df = int(sample if (a == in_frame).all() else a.sum()) - len(at)
    se = sqrt(variance)
    to_approach = [approached(count, levels.response_rate) for count in n.tolist()]
    return Expected(
        population=total,
        psus_in_frame=int(in_frame.sum()),
        psus=int(a.sum()),
        respondents=int(sample),
        approached=sum(to_approach),
        rate=mean,
        sd=sqrt(spread),
        se=se,
        df=df,
        margin=two_sided(levels.confidence, df) * se if df else inf,
        deff=variance / simple if simple > 0 else 1.0,
        change=_detectable(se, df, levels, before),
        cost=fsum(n * frame.cost[at]) if isfinite(frame.cost[at].sum()) else np.nan,
    )


def _detectable(se: float, df: float, levels: Levels, before: Finding | None) -> float:
    """d = (t_{1 - alpha/2} + t_power) sqrt(V1 + V2 - 2 r s1 s2), df = df1 + df2.

    Without a previous wave V1 = V2: the same design twice.
    """
    if not df:
        return inf
    first, df_first = (before.se, before.df) if before else (se, df)
    both = df + df_first
    steps = two_sided(levels.confidence, both) + quantile(levels.power, both)
    return steps * sqrt(first**2 + se**2 - 2 * levels.correlation * first * se)


@dataclass(frozen=True)
class _Sources:
    frame: Frame
    previous: PreviousWave | None

    def rates(self, given: float | None) -> tuple[Floats, tuple[Origin, ...]]:
        found: list[tuple[float, Origin]] = []
        for i, own in enumerate(self.frame.rate.tolist()):
            if isfinite(own):
                found.append((own, "frame"))
            elif given is not None:
                found.append((given, "request"))
            elif self.previous is None:
                found.append((0.5, "default"))
            else:
                finding, where = self._finding(i, self.previous)
                found.append((finding.rate, where))
        return _unzipped(found)

    def rhos(self, given: float | None, take: int) -> tuple[Floats, tuple[Origin, ...]]:
        found: list[tuple[float, Origin]] = []
        for i in range(len(self.frame.stratum)):
            if self.frame.direct:
                found.append((0.0, "direct"))
            elif given is not None:
                found.append((given, "request"))
            elif take == 1 and (self.previous is None or self.previous.take <= 1):
                found.append((0.0, "default"))  # with one respondent each it plays no part
            elif self.previous is None:
                raise Refusal("Cần hệ số tương quan trong địa bàn: --rho, hoặc --previous.")
            else:
                finding, where = self._finding(i, self.previous)
                wave = self.previous
                found.append((finding.rho(wave.take, wave.weight_effect), where))
        return _unzipped(found)

    def spread(self) -> Floats:
        """The previous wave's S over sqrt(p (1 - p)), 1 without one: (strata,)."""
        if self.previous is None:
            return np.ones(len(self.frame.stratum))
        everybody = fsum(self.frame.population)
        people = {u: fsum(self.frame.population[at]) for u, at in self.frame.by_unit.items()}
        ratios = []
        for i, unit in enumerate(self.frame.unit):
            finding, where = self._finding(i, self.previous)
            sd = finding.sd(people[unit] if where == "previous_unit" else everybody)
            ratios.append(sd / sqrt(finding.rate * (1 - finding.rate)))
        return np.array(ratios)

    def _finding(self, stratum: int, previous: PreviousWave) -> tuple[Finding, Origin]:
        finding = previous.units.get(self.frame.unit[stratum])
        if finding is not None and finding.reliable:
            return finding, "previous_unit"
        return previous.whole, "previous_whole"


def _unzipped(found: Sequence[tuple[float, Origin]]) -> tuple[Floats, tuple[Origin, ...]]:
    return np.array([value for value, _ in found]), tuple(where for _, where in found)
