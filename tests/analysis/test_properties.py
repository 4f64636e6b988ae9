"""What must hold for any data: order of rows, scale of weights, domains, doubled samples."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.index import compute_index
from analysis.render import to_json
from analysis.results import Showing, index_document
from tests.analysis.factories import computed, index_of, leaf, node

INDEX = index_of(
    node("T", ["A", "P", "R"], "weighted_mean", weights=("0.5", "0.3", "0.2")),
    node("A", ["A.q1", "A.q2"]),
    node("P", ["P.q1", "P.q3"], "pooled_items"),
    node("R", ["R.q2", "R.q3"], "pooled_respondents"),
    leaf("A.q1", item="q1"),
    leaf("A.q2", item="q2", measure="mean_score"),
    leaf("P.q1", item="q1"),
    leaf("P.q3", item="q3"),
    leaf("R.q2", item="q2"),
    leaf("R.q3", item="q3"),
)
ANSWERS = st.sampled_from(["1", "2", "3", "4", "5", "", "98"])
WEIGHTS = st.sampled_from(["0", "0.5", "1", "2.25", "17.1234", "3.00001", "3000000000000000"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from("123"), WEIGHTS, st.sampled_from("xyz"),
        ANSWERS, ANSWERS, ANSWERS,
    ),
    min_size=1, max_size=25,
)  # fmt: skip
NAMES = ("h", "psu", "w", "unit", "q1", "q2", "q3")
DESIGN = DesignColumns("h", ("psu",), "w")


def dataset(rows):
    return Dataset.of({name: [row[i] for row in rows] for i, name in enumerate(NAMES)})


def document(rows):
    data = dataset(rows)
    sample = data, design_of(data, DESIGN, lonely="adjust")
    result = compute_index(INDEX, sample, [("unit",), ("unit", "h")])
    return to_json(index_document(result, data, None, Showing(0), ""))


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_rows_changes_no_digit(rows, random):
    shuffled = random.sample(rows, len(rows))

    assert document(shuffled) == document(rows)


@given(ROWS, st.sampled_from([2, 3, 10, 1000]))
@settings(max_examples=40, deadline=None)
def test_weights_count_only_against_each_other(rows, times):
    scaled = [(*row[:2], str(float(row[2]) * times), *row[3:]) for row in rows]
    before = computed(
        INDEX, dataset(rows), [("unit",)], design=design_of(dataset(rows), DESIGN, lonely="adjust")
    )
    after = computed(
        INDEX,
        dataset(scaled),
        [("unit",)],
        design=design_of(dataset(scaled), DESIGN, lonely="adjust"),
    )

    for a, b in zip(before.families, after.families, strict=True):
        assert b.values.exact == pytest.approx(a.values.exact, rel=1e-12, nan_ok=True)
        assert b.se == pytest.approx(a.se, rel=1e-9, abs=1e-11, nan_ok=True)


@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_a_domain_is_a_ratio_over_all_sampled_units(rows):
    data = dataset(rows)
    design = design_of(data, DESIGN, lonely="adjust")
    result = computed(INDEX, data, [("unit",)], design=design)
    family = result.families[1]
    p = [part.code for part in result.parts].index("A.q1")
    w = np.array([float(row[2]) for row in rows])
    valid = np.array([row[4] in "12345" and row[4] != "" for row in rows])
    favourable = np.array([row[4] in ("4", "5") for row in rows])

    for d, (unit,) in enumerate(family.family.labels):
        inside = valid & np.array([row[3] == unit for row in rows])
        below = (w * inside).sum()
        if below == 0:
            assert np.isnan(family.values.exact[d, p])
            continue
        rate = (w * inside * favourable).sum() / below
        assert family.values.exact[d, p] == pytest.approx(rate, rel=1e-12)
        score = w * inside * (favourable - rate) / below
        assert family.se[d, p] ** 2 == pytest.approx(variance(rows, score), rel=1e-6, abs=1e-18)


def variance(rows, score):
    """With replacement and the rule `adjust`, straight from the formula."""
    found = 0.0
    for stratum in {row[0] for row in rows}:
        psus = sorted({row[1] for row in rows if row[0] == stratum})
        totals = np.array(
            [
                sum(s for row, s in zip(rows, score, strict=True) if row[:2] == (stratum, psu))
                for psu in psus
            ]
        )
        n = len(psus)
        found += (
            (totals**2).sum() if n == 1 else n / (n - 1) * ((totals - totals.mean()) ** 2).sum()
        )
    return found


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_the_same_sample_twice_is_as_sure_as_twice_the_psus(rows):
    taken = {h: len({row[1] for row in rows if row[0] == h}) for h in {row[0] for row in rows}}
    assume(len(set(taken.values())) == 1 and min(taken.values()) > 1)
    n = min(taken.values())
    twice = rows + [(row[0], f"again {row[1]}", *row[2:]) for row in rows]

    once, doubled = (
        computed(INDEX, dataset(r), stratum="h", psu=("psu",), weight="w") for r in (rows, twice)
    )

    a, b = once.families[0], doubled.families[0]
    assert b.values.exact == pytest.approx(a.values.exact, rel=1e-12, nan_ok=True)
    assert b.se**2 == pytest.approx(
        a.se**2 * (n - 1) / (2 * n - 1), rel=1e-8, abs=1e-18, nan_ok=True
    )
