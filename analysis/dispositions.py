"""What comes of calls at households: outcomes in the codes of AAPOR, and the rates made of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

INTERVIEW, PARTIAL, REFUSAL = "I", "P", "R"
NON_CONTACT, OTHER, UNKNOWN, NOT_ELIGIBLE = "NC", "O", "UH", "NE"
PENDING: Final = ""  # the household is still open


@dataclass(frozen=True)
class Outcome:
    """An outcome: its code, the number of the standard, and the group it is counted in.

    `number` is that of AAPOR, Standard Definitions, 9th edition (2016), table 2 (in-person
    household surveys, p. 75); empty where the call left the household open.
    """

    code: str
    number: str
    group: str


# «not_returned», a form that was left and never given back, has no number of its own there: it is
# counted as a refusal by the known respondent, since who took the form had agreed to fill it in.
OUTCOMES: Final[Mapping[str, Outcome]] = {
    outcome.code: outcome
    for outcome in (
        Outcome("complete", "1.1", INTERVIEW),
        Outcome("partial", "1.2", PARTIAL),
        Outcome("refusal_household", "2.111", REFUSAL),
        Outcome("refusal_respondent", "2.112", REFUSAL),
        Outcome("not_returned", "2.112", REFUSAL),
        Outcome("break_off", "2.12", REFUSAL),
        Outcome("nobody_home", "2.24", NON_CONTACT),
        Outcome("respondent_away", "2.25", NON_CONTACT),
        Outcome("deceased", "2.31", OTHER),
        Outcome("unable", "2.32", OTHER),
        Outcome("language", "2.33", OTHER),
        Outcome("unsafe", "3.17", UNKNOWN),
        Outcome("not_found", "3.18", UNKNOWN),
        Outcome("not_dwelling", "4.5", NOT_ELIGIBLE),
        Outcome("vacant", "4.6", NOT_ELIGIBLE),
        Outcome("nobody_eligible", "4.7", NOT_ELIGIBLE),
        Outcome("quota_filled", "4.8", NOT_ELIGIBLE),
        Outcome("appointment", "", PENDING),
        Outcome("given_out", "", PENDING),
    )
}


@dataclass(frozen=True)
class Rates:
    """Outcome rates of households by AAPOR, Standard Definitions, 9th edition (2016), pp. 60-64.

    With I complete, P partial, R refusals and break-offs, NC non-contacts, O other, U = UH + UO of
    unknown eligibility, and N = (I + P) + (R + NC + O) + U:

    RR1 = I / N and RR2 = (I + P) / N (response, p. 61), COOP1 = I / ((I + P) + R + O) (cooperation,
    p. 62), REF1 = R / N (refusal, p. 63), CON1 = ((I + P) + R + O) / N (contact, p. 64). None
    without a base. A household that is still open counts nowhere yet.
    """

    rr1: float | None
    rr2: float | None
    coop1: float | None
    ref1: float | None
    con1: float | None


def final_outcome(outcomes: Iterable[str]) -> str | None:
    """The final outcome of a household, from those of its calls in their order; None while open.

    The last one counts, but an interview that was held stays one whatever a later call says, and a
    complete one counts before one in part.
    """
    finals = [code for code in outcomes if OUTCOMES[code].group != PENDING]
    by_group = {OUTCOMES[code].group: code for code in finals}
    last = finals[-1] if finals else None
    return by_group.get(INTERVIEW) or by_group.get(PARTIAL) or last


def rates_of(finals: Mapping[str, int]) -> Rates:
    """The rates of households, from how many of them ended with each outcome."""
    n: Counter[str] = Counter()
    for code, number in finals.items():
        n[OUTCOMES[code].group] += number
    interviewed = n[INTERVIEW] + n[PARTIAL]
    eligible = interviewed + n[REFUSAL] + n[NON_CONTACT] + n[OTHER]
    reached = interviewed + n[REFUSAL] + n[OTHER]
    every_one = eligible + n[UNKNOWN]
    return Rates(
        rr1=_share(n[INTERVIEW], every_one),
        rr2=_share(interviewed, every_one),
        coop1=_share(n[INTERVIEW], reached),
        ref1=_share(n[REFUSAL], every_one),
        con1=_share(reached, every_one),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
