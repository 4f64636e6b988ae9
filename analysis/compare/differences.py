"""Differences between domains, with their standard errors, tests and plain verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.compare.pairs import (
    Compared,
    Correction,
    Words,
    adjusted,
    p_values,
    quantile,
    settled,
    verdict,
)
from analysis.estimate import number

WORDS: Words = ("cao hơn", "thấp hơn", "chênh lệch chưa đủ ý nghĩa thống kê", "bằng nhau")


@dataclass(frozen=True)
class Difference:
    """The difference of two domains' estimates, the first minus the second.

    `domain` and `reference` number domains of the family, `reference` None for the mean of all
    domains compared. Without degrees of freedom, or without a known variance, `reason` says so.
    """

    domain: int
    reference: int | None
    difference: float
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_adjusted: float | None
    verdict: str | None
    reason: str | None


def differences_of(
    field: Compared,
    against: Literal["all", "mean"] | int,
    correction: Correction = "holm",
    confidence: float = 0.95,
) -> list[Difference]:
    """Test the domains compared pair by pair, or each against one of them or against their mean.

    `against` is "all", "mean" or the position in `field` of the reference. Covariances of domains
    enter, also those with the mean of which a domain is itself a part. Intervals are t intervals
    of single differences; p values are adjusted for all tests of this call and the verdict
    follows these.
    """
    pairs = _pairs(len(field.at), against)
    difference, error, df = (np.array(column) for column in _contrasts(field, pairs))
    difference = settled(difference)
    p = p_values(difference, error, df)
    p_adjusted = adjusted(p, correction)
    half = np.where(error == 0, 0.0, quantile(df, (1 + confidence) / 2) * error)
    half = np.where(np.isnan(p), np.nan, half)
    alpha = 1 - confidence
    found = []
    for n, (i, j) in enumerate(pairs):
        reason = reason_without_test(float(error[n]), float(df[n]))
        significant = None if error[n] == 0 else bool(p_adjusted[n] <= alpha)
        found.append(
            Difference(
                int(field.at[i]),
                None if j is None else int(field.at[j]),
                float(difference[n]),
                number(error[n]),
                number(df[n]),
                number(difference[n] - half[n]),
                number(difference[n] + half[n]),
                number(p[n]),
                number(p_adjusted[n]),
                None if reason else verdict(float(difference[n]), significant, WORDS),
                reason,
            )
        )
    return found


def _pairs(k: int, against: Literal["all", "mean"] | int) -> list[tuple[int, int | None]]:
    if against == "mean":
        return [(i, None) for i in range(k)] if k > 1 else []
    if against == "all":
        return [(i, j) for i in range(k) for j in range(i + 1, k)]
    return [(i, against) for i in range(k) if i != against]


def _contrasts(
    field: Compared, pairs: Sequence[tuple[int, int | None]]
) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
    """Differences, standard errors and degrees of freedom of pairs."""
    k = len(field.at)
    differences, errors = field.differences, field.errors
    rows = []
    for i, j in pairs:
        if j is None:
            rows.append(field.combination(np.eye(k)[i] - 1 / k))
        else:
            rows.append((differences[i, j], errors[i, j], field.df[i, j]))
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 3).T
    return columns[0], columns[1], columns[2]


def reason_without_test(se: float, df: float) -> str | None:
    """Say, as a code, why an estimate or a difference cannot be tested; None when it can."""
    if np.isnan(se):
        return "covariance_unknown"
    return None if df > 0 else "no_degrees_of_freedom"
