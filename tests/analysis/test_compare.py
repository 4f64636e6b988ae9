"""Ranks follow the estimates, and rank intervals what the sample can tell apart."""

import numpy as np
import pytest

from analysis.compare import ranks_of
from analysis.dataset import Dataset
from analysis.given import Given, OtherResult
from analysis.variance import covariance_between
from tests.analysis.factories import computed, dec, family_of, index_of, leaf, node


def units(**favourable):
    """Fifty answers a unit, so many of them favourable."""
    columns = {"q": [], "unit": []}
    for name, k in favourable.items():
        columns["q"] += ["5"] * k + ["1"] * (50 - k)
        columns["unit"] += [name] * 50
    return Dataset.of(columns)


def ranked(data, shown=None, **columns):
    family = family_of(computed(index_of(leaf("q")), data, [("unit",)], **columns), "unit")
    shown = np.ones(len(family.family.labels), dtype=bool) if shown is None else np.array(shown)
    ranks = ranks_of(family, 0, shown, 0.95)
    return ranks.rank.tolist(), ranks.low.tolist(), ranks.high.tolist()


def test_rank_one_is_the_highest_and_ties_share_a_rank():
    assert ranked(units(a=40, b=30, c=30, d=10))[0] == [1, 2, 2, 4]


def test_units_far_apart_have_narrow_rank_intervals_and_close_ones_wide():
    _, low, high = ranked(units(a=49, b=26, c=25, d=1))

    assert (low, high) == ([1, 2, 2, 4], [1, 3, 3, 4])


def test_a_hidden_unit_has_no_rank_and_takes_none():
    assert ranked(units(a=40, b=30, c=20), [True, False, True])[0] == [1, 0, 2]


def test_values_of_another_index_widen_rank_intervals_by_their_own_error():
    values = [({}, "0.6", 0.1)]
    values += [
        ({"unit": u}, v, se)
        for u, v, se in zip("abc", ("0.9", "0.5", "0.45"), (0.01, 0.01, 0.2), strict=True)
    ]
    rows = [
        {"node": "A", "domain": d, "estimate": dec(v), "se": se, "df": 9, "n": 50, "status": "ok"}
        for d, v, se in values
    ]
    other = {"index": "khac", "design": {}, "results": rows}
    index = index_of(
        node("R", "qx"), leaf("q"), {"code": "x", "measure": "node", "index": "khac", "node": "A"}
    )
    given = Given({"khac": OtherResult.of(other, "khac.json")})
    family = family_of(computed(index, units(a=25, b=25, c=25), [("unit",)], given), "unit")

    ranks = ranks_of(family, 2, np.ones(3, dtype=bool), 0.95)

    assert ranks.rank.tolist() == [1, 2, 3]
    assert (ranks.low.tolist(), ranks.high.tolist()) == ([1, 2, 1], [2, 3, 3])


def test_units_that_share_their_psus_are_compared_with_their_covariance():
    rng = np.random.default_rng(7)
    good = rng.random(40) < 0.5
    rows = [(psu, unit) for psu in range(40) for unit in "ab"]
    answers = ["5" if good[psu] or (unit == "a" and psu < 8) else "1" for psu, unit in rows]
    data = Dataset.of({"q": answers, "unit": [u for _, u in rows], "p": [str(p) for p, _ in rows]})
    family = family_of(computed(index_of(leaf("q")), data, [("unit",)], psu=("p",)), "unit")

    covariance = covariance_between(
        family.evaluation.scores[:, 0], family.sampled.totals, family.sampled.design
    )

    a, b = (
        np.array([x == "5" for x, (_, u) in zip(answers, rows, strict=True) if u == w])
        for w in "ab"
    )
    assert covariance == pytest.approx(np.cov(a, b) / 40, rel=1e-12)
    assert np.diag(covariance) == pytest.approx(family.se[:, 0] ** 2, rel=1e-12)
