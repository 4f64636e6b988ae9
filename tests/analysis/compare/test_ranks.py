"""Ranks follow the estimates, and rank intervals, tiers and bars what the sample can tell apart."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from analysis.compare.ranks import (
    Draws,
    Ranking,
    goldstein_healy,
    intervals,
    ordinals,
    rank_table,
    ranks_of,
    tiers,
)
from analysis.dataset import Dataset
from analysis.given import Given, OtherResult
from tests.analysis.comparing import field
from tests.analysis.factories import (
    computed,
    dec,
    family_of,
    given_leaf,
    index_of,
    leaf,
    node,
)

MAX_T = Ranking(form="max-t")


def units(**favourable):
    """Fifty answers a unit, so many of them favourable."""
    columns = {"q": [], "unit": []}
    for name, k in favourable.items():
        columns["q"] += ["5"] * k + ["1"] * (50 - k)
        columns["unit"] += [name] * 50
    return Dataset.of(columns)


def ranked(data, shown=None, ranking=None, **columns):
    family = family_of(computed(index_of(leaf("q")), data, [("unit",)], **columns), "unit")
    shown = np.ones(len(family.family.labels), dtype=bool) if shown is None else np.array(shown)
    ranks = ranks_of(family, 0, shown, 0.95, ranking)
    return ranks.rank.tolist(), ranks.low.tolist(), ranks.high.tolist()


def test_rank_one_is_the_highest_and_ties_share_a_rank():
    assert ranked(units(a=40, b=30, c=30, d=10))[0] == [1, 2, 2, 4]


def test_dense_ranks_leave_no_gap_and_say_of_how_many_places():
    rates = np.array([0.8, 0.6, 0.6, 0.2])

    assert ordinals(rates, "dense")[0].tolist() == [1, 2, 2, 3]
    assert (ordinals(rates, "dense")[1], ordinals(rates, "competition")[1]) == (3, 4)


def test_units_far_apart_have_narrow_rank_intervals_and_close_ones_wide():
    _, low, high = ranked(units(a=49, b=26, c=25, d=1))

    assert (low, high) == ([1, 2, 2, 4], [1, 3, 3, 4])


def test_a_hidden_unit_has_no_rank_and_takes_none():
    assert ranked(units(a=40, b=30, c=20), [True, False, True])[0] == [1, 0, 2]


def test_rank_intervals_by_max_t_lie_within_those_of_bonferroni():
    data = units(a=45, b=33, c=31, d=30, e=29, f=17)

    _, low, high = ranked(data)
    _, low_max_t, high_max_t = ranked(data, ranking=MAX_T)

    width, width_max_t = np.subtract(high, low), np.subtract(high_max_t, low_max_t)
    assert (width_max_t <= width).all()
    assert width_max_t.sum() < width.sum()


def test_the_order_of_rows_changes_no_rank_interval():
    data = units(a=45, b=33, c=31, d=30, e=29, f=17)
    order = np.random.default_rng(5).permutation(data.rows)
    columns = {
        name: [column.labels[c] for c in column.codes[order]]
        for name, column in data.columns.items()
    }

    assert ranked(data, ranking=MAX_T) == ranked(Dataset.of(columns), ranking=MAX_T)


def test_dense_rank_intervals_count_places_and_hold_the_rank():
    rates = np.array([1.0, 1.0, 0.5, 0.5, 0.1])
    above = rates[:, np.newaxis] > rates

    dense = intervals(rates, above.T, above, "dense")
    competition = intervals(rates, above.T, above, "competition")

    assert dense.tolist() == [[1, 1, 2, 2, 3], [1, 1, 2, 2, 3]]
    assert competition.tolist() == [[1, 1, 3, 3, 5], [2, 2, 4, 4, 5]]


def test_units_that_the_official_rounding_makes_equal_are_shown_as_equal():
    rounded = np.array([0.8, 0.8, 0.5])
    above = np.array([[False, True, True], [False, False, True], [False, False, False]])

    assert intervals(rounded, above.T, above, "competition").tolist() == [[1, 1, 3], [2, 2, 3]]
    assert tiers(rounded, above).tolist() == [1, 1, 2]


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


def test_reported_values_have_ranks_and_no_rank_intervals():
    values = {(): "0.5", (("unit", "a"),): "0.4", (("unit", "b"),): "0.7"}
    given = Given({}, {("x", frozenset(key)): Fraction(value) for key, value in values.items()})
    index = index_of(node("R", "qx"), leaf("q"), given_leaf("x"))
    family = family_of(computed(index, units(a=25, b=25), [("unit",)], given), "unit")

    ranks = ranks_of(family, 2, np.ones(2, dtype=bool), 0.95)

    assert ranks.rank.tolist() == [2, 1]
    assert (ranks.low.tolist(), ranks.high.tolist()) == ([0, 0], [0, 0])


def test_units_rated_by_the_same_people_are_ranked_more_sharply():
    rng = np.random.default_rng(2)
    kind = rng.random(60) < 0.5
    rows = [(r, u) for r in range(60) for u in "ab"]
    answers = ["5" if kind[r] or (u == "a" and r % 5 == 0) else "1" for r, u in rows]
    data = Dataset.of({"q": answers, "unit": [u for _, u in rows], "r": [str(r) for r, _ in rows]})

    assert ranked(data, psu=("r",), ranking=MAX_T)[1:] == ([1, 2], [1, 2])
    assert ranked(data, ranking=MAX_T)[1:] == ([1, 1], [2, 2])


def test_a_tier_ends_where_its_top_is_significantly_above():
    rates = np.array([0.5, 0.9, 0.85, 0.8, 0.4])
    above = rates[:, np.newaxis] - rates > 0.08

    assert tiers(rates, above).tolist() == [3, 1, 1, 2, 4]


def test_bars_of_equally_sure_units_are_1_39_standard_errors():
    low, high = goldstein_healy(field([0.5, 0.6, 0.7], se=0.02), 0.05)

    assert (high - low).tolist() == pytest.approx([2 * 1.959963985 / np.sqrt(2) * 0.02] * 3)


def test_bars_miss_each_other_by_chance_in_five_of_a_hundred_pairs_on_average():
    found = field([0.5, 0.6, 0.7, 0.75], se=[0.01, 0.02, 0.05, 0.01])

    low, high = goldstein_healy(found, 0.05)

    half, errors = (high - low) / 2, found.errors
    i, j = np.triu_indices(4, 1)
    missing = 2 * norm.sf((half[i] + half[j]) / errors[i, j])
    assert missing.mean() == pytest.approx(0.05, rel=1e-9)
    assert half / np.sqrt(np.diag(found.covariance)) == pytest.approx(half[0] / 0.01)


def test_bars_need_a_pair_with_a_sampling_error():
    assert np.isnan(goldstein_healy(field([0.5]), 0.05)).all()
    assert np.isnan(goldstein_healy(field([0.5, 0.6], se=0.0), 0.05)).all()
    few = goldstein_healy(field([0.5, 0.6, 0.7], df=[0, 9, 9]), 0.05)
    assert np.isnan(few).tolist() == [[True, False, False]] * 2


def test_simultaneous_rank_intervals_hold_all_true_ranks_in_about_95_of_100_samples():
    truth = np.array([0.6, 0.61, 0.62, 0.7, 0.7001, 0.8])
    true_rank = ordinals(truth, "competition")[0]
    rng = np.random.default_rng(20)
    all_held, one_held = 0, 0
    for _ in range(300):
        variance = 0.02**2 * rng.chisquare(10, 6) / 10
        found = field(truth + 0.02 * rng.standard_normal(6), np.sqrt(variance), df=10)
        table = rank_table(found, 0.95, Ranking(form="max-t", draws=Draws(400)))
        held = (table.simultaneous[0] <= true_rank) & (true_rank <= table.simultaneous[1])
        all_held += bool(held.all())
        one_held += bool(table.marginal[0, 3] <= true_rank[3] <= table.marginal[1, 3])
        inside = (table.simultaneous[0] <= table.marginal[0]) & (
            table.marginal[1] <= table.simultaneous[1]
        )
        assert inside.mean() > 0.8

    assert all_held >= 0.92 * 300
    assert one_held >= 0.92 * 300
