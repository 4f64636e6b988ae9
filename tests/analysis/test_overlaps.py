"""People counted where families overlap, and cells that are sums and differences of others."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.overlaps import Overlaps
from tests.analysis.factories import computed, index_of, leaf, node

TREE = index_of(
    node("R", ("Q", "P", "M")),
    node("Q", "ab"),
    node("P", "cd", "pooled_items"),
    node("M", "ef", "pooled_respondents"),
    *map(leaf, "abcdef"),
)


def survey(seed=1, rows=120, weights=(1,)):
    rng = np.random.default_rng(seed)
    columns = {name: rng.choice(["1", "5", ""], rows).tolist() for name in "abcdef"}
    columns |= {
        "unit": rng.choice(["x", "y", "z", ""], rows).tolist(),
        "sex": rng.choice(["m", "f"], rows).tolist(),
        "band": rng.choice(["1", "2", "3"], rows).tolist(),
        "w": rng.choice(weights, rows).astype(str).tolist(),
    }
    return Dataset.of(columns)


BY = [("unit", "sex"), ("unit", "band"), ("sex",)]


@pytest.mark.parametrize("weights", [(1,), (0, 2)])
def test_atoms_count_answers_and_people_as_the_domains_do(weights):
    result = computed(TREE, survey(weights=weights), BY, weight="w")
    overlaps = Overlaps(result)

    counted = np.zeros((overlaps.start[-1], len(result.parts)), dtype=int)
    for cells in overlaps.cell_of.T:
        np.add.at(counted, cells[cells >= 0], overlaps.n[cells >= 0])

    expected = np.concatenate([family.values.n for family in result.families])
    assert counted.tolist() == expected.tolist()


def test_without_single_responses_an_atom_counts_the_most_it_can():
    result = computed(TREE, survey(), BY)
    first = result.families[0]
    unread = replace(first, sampled=replace(first.sampled, elements=None))

    stored = Overlaps(replace(result, families=(unread, *result.families[1:])))

    exact = Overlaps(result)
    leaves = [p for p, part in enumerate(result.parts) if part.code in "abcdef"]
    assert (stored.n[:, leaves] >= exact.n[:, leaves]).all()
    assert (stored.n <= exact.responses[:, np.newaxis]).all()


def cells_of(overlaps, *labels):
    names = ["/".join(found) for family in overlaps.families for found in family.labels]
    return [names.index(label) for label in labels]


def test_a_cell_is_told_by_the_cells_whose_sum_and_difference_it_is():
    overlaps = Overlaps(computed(index_of(leaf("a")), crossed(), BY[:2]))
    shown = np.ones(overlaps.start[-1], dtype=bool)
    secret = ~shown
    shown[cells_of(overlaps, "x/m", "", "y/m")] = False
    secret[cells_of(overlaps, "x/m")] = True

    (used,) = overlaps.told(0, shown, secret)

    assert sorted(used) == sorted(cells_of(overlaps, "x/f", "x/1", "x/2"))
    other = cells_of(overlaps, "x/f")
    shown[other], secret[other] = False, True
    assert overlaps.told(0, shown, secret) == []


def crossed():
    people = [(u, s, b) for u in "xy" for s in "mf" for b in "12" for _ in range(3)]
    units, sexes, bands = (list(values) for values in zip(*people, strict=True))
    return Dataset.of({"a": ["5"] * len(people), "unit": units, "sex": sexes, "band": bands})


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_is_what_lies_in_the_row_space_of_the_shown_cells(seed):
    rng = np.random.default_rng(seed)
    overlaps = Overlaps(computed(TREE, survey(seed, 60), BY))
    p = int(rng.integers(len(overlaps.result.parts)))
    shown = rng.random(overlaps.start[-1]) < 0.7

    live = overlaps.cell_of[overlaps.n[:, p] > 0]
    matrix = np.zeros((overlaps.start[-1], len(live)))
    for cells in live.T:
        matrix[cells[cells >= 0], np.flatnonzero(cells >= 0)] = 1
    rank = np.linalg.matrix_rank(matrix[shown])
    expected = [
        cell
        for cell in np.flatnonzero(~shown & matrix.any(axis=1))
        if np.linalg.matrix_rank(matrix[[*np.flatnonzero(shown), cell]]) == rank
    ]
    found = overlaps.told(p, shown, ~shown)

    assert len(found) == len(expected)
    for cell, used in zip(expected, found, strict=True):
        with_it = np.linalg.matrix_rank(matrix[[*used, cell]])
        assert shown[used].all()
        assert np.linalg.matrix_rank(matrix[used]) == with_it


def test_pairs_of_cells_that_differ_by_few_people_are_found_for_each_part():
    sizes = {("x", "1"): 20, ("x", "2"): 4, ("y", "2"): 30}
    people = [cell for cell, n in sizes.items() for _ in range(n)]
    units, bands = (list(values) for values in zip(*people, strict=True))
    columns = {"a": ["5"] * 54, "b": ["5"] * 20 + [""] * 4 + ["5"] * 30}
    index = index_of(node("R", "ab"), leaf("a"), leaf("b"))
    data = Dataset.of(columns | {"unit": units, "band": bands})
    overlaps = Overlaps(computed(index, data, [("unit",), ("band",)]))

    found = {(outer, inner): parts.tolist() for outer, inner, parts in overlaps.close(10)}

    x, y, one, two = cells_of(overlaps, "x", "y", "1", "2")
    assert found == {(x, one): [1], (two, y): [1]}
