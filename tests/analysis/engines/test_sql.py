"""The text of the GROUP BY means what `dataset` and `exact` mean, in any database."""

from dataclasses import replace
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.design import DesignColumns
from analysis.engines.layout import CellLayout
from analysis.engines.sql import (
    APART,
    MOST_LIMBS,
    Source,
    Ticks,
    double,
    quoted,
    rows_text,
    text,
    totals_text,
    weights_text,
)
from analysis.exact import ExactWeights
from tests.analysis.factories import index_of, leaf, node

LAYOUT = CellLayout(index_of(node("R", "ab"), leaf("a"), leaf("b")), DesignColumns(weight="w"))
SOURCE = Source(
    "answers",
    {"a": [["1", "2", "3"], ["4", "5"]], "b": [["'1'", "'it''s'"], []]},
    frozenset({"a"}),
    frozenset(),
)
TICKS = Ticks(Fraction(1, 100), 1)
WEIGHT = st.one_of(
    st.floats(1e-30, 1e6),
    st.sampled_from([0.0, 0.1, 2.25, 1 / 3, 1e15, 3e15 + 1, 12.3456]),
    st.integers(0, 10**9).map(lambda n: n / 10**4),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WEIGHT, min_size=1, max_size=20))
def test_ticks_and_limbs_are_those_of_exact_weights(weights):
    expected = ExactWeights.of(np.array(weights))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE answers (w DOUBLE)")
        connection.executemany("INSERT INTO answers VALUES (?)", [[w] for w in weights])
        _, _, _, lightest, heaviest, total, decimals = connection.execute(
            weights_text(SOURCE, "w")
        ).fetchone()
        ticks = Ticks.of(decimals, lightest or heaviest, heaviest, total)
        if ticks is None:  # the smallest is too small beside the largest: left to memory
            assert len(expected.limbs) > MOST_LIMBS
            return
        limbs = ", ".join(ticks.limb(i, "t") for i in range(ticks.limbs))
        query = f"SELECT {limbs} FROM (SELECT {ticks.whole('w')} AS t FROM answers)"
        found = np.array(connection.execute(query).fetchall()).T

    assert ticks.tick == expected.tick
    np.testing.assert_array_equal(found[: len(expected.limbs)], expected.limbs)
    assert not found[len(expected.limbs) :].any()


def test_neighbouring_integers_become_a_range_and_texts_a_list():
    query = rows_text(SOURCE, LAYOUT, ["u"], TICKS, "true")

    assert (
        'CASE WHEN "a" BETWEEN 1 AND 3 THEN CAST(0 AS smallint) '
        'WHEN "a" BETWEEN 4 AND 5 THEN CAST(1 AS smallint) END AS c0'
    ) in query
    assert """CASE WHEN "b" IN ('1', 'it''s') THEN CAST(0 AS smallint) END AS c1""" in query
    assert query.endswith("FROM answers WHERE true")


def test_an_answer_that_no_cell_holds_is_always_missing():
    source = replace(SOURCE, literals={"a": [["1", "3"], []], "b": [[], []]})
    query = rows_text(source, LAYOUT, ["u"], TICKS)

    assert '"a" BETWEEN 1 AND 1 OR "a" BETWEEN 3 AND 3' in query
    assert "CAST(NULL AS smallint) AS c1" in query


def test_people_are_counted_level_by_level_up_the_tree():
    index = index_of(
        node("R", "PQ"), node("P", "a"), node("Q", "bc"), leaf("a"), leaf("b"), leaf("c")
    )
    layout = CellLayout(index, DesignColumns())
    source = replace(SOURCE, literals={key: [["1"], ["5"]] for key in "abc"})
    query = totals_text(source, layout, ["u"], TICKS)

    assert f"{APART} *, a1 + a2 AS a0 FROM ({APART} *, CASE WHEN c0" in query


def test_names_and_texts_cannot_leave_their_quotes():
    assert quoted('a"b') == '"a""b"'
    assert text("it's") == "'it''s'"
    assert double(0.1) == "CAST('0.1' AS double precision)"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((2, 0.25, 8.0, 1e3), Ticks(Fraction(1, 100), 1)),
        ((0, 1.0, 3e15, 9e15), Ticks(Fraction(1), 2)),
        ((5, 1.0, 1.5, 10.0), Ticks(Fraction(1, 2**52), 3)),
        ((5, 1e-60, 1.5, 10.0), None),
        ((4, 1e-4, 1e13, 1e14), Ticks(Fraction(2) ** -66, 5)),  # too large for ticks of 10**-4
    ],
)
def test_ticks_are_chosen_from_few_numbers(known, expected):
    assert Ticks.of(*known) == expected
