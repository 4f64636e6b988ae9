"""What comes of calls at households: outcomes in the codes of AAPOR, and the rates made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

INTERVIEW, PARTIAL, REFUSAL = "I", "P", "R"
NON_CONTACT, OTHER, UNKNOWN, NOT_ELIGIBLE = "NC", "O", "UH", "NE"
PENDING: Final = ""  # the household is still open


@dataclass(frozen=True)
class Outcome:
    """An outcome: its code, the number of the standard, and the group it is counted in.

    `number` is that of AAPOR, Standard Definitions, in-person household surveys; empty where the
    call left the household open.
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
