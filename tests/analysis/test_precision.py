"""Design effects compare with a simple random sample as large."""

import numpy as np
import pytest

from analysis.dataset import Dataset
from tests.analysis.factories import computed, family_of, index_of, leaf, node, position

RNG = np.random.default_rng(11)
PEOPLE = {q: [str(a) for a in RNG.integers(1, 6, 200)] for q in "abc"}
TREE = index_of(
    node("R", ("P", "c")), node("P", "ab"), leaf("a"), leaf("b"), leaf("c"),
)  # fmt: skip


def test_a_simple_random_sample_has_a_design_effect_of_one():
    family = family_of(computed(TREE, Dataset.of(PEOPLE)))

    assert family.deff[0] == pytest.approx(np.ones(5), rel=1e-10)


def test_it_is_one_too_without_replacement_when_weights_name_the_population():
    columns = PEOPLE | {"w": ["25"] * 200, "N": ["5000"] * 200}
    family = family_of(computed(TREE, Dataset.of(columns), weight="w", fpc=("N",)))

    assert family.deff[0] == pytest.approx(np.ones(5), rel=1e-10)


def test_answers_alike_within_clusters_cost_precision():
    columns = {"a": [answer for answer in PEOPLE["a"][:20] for _ in range(10)]}
    columns["p"] = [str(i // 10) for i in range(200)]
    result = computed(index_of(leaf("a")), Dataset.of(columns), psu=("p",))

    assert family_of(result).deff[0, 0] == pytest.approx(10 * 199 / (10 * 19), rel=1e-10)


def test_a_node_weighs_the_variance_of_its_combination():
    columns = PEOPLE | {"b": PEOPLE["a"], "p": [str(i // 4) for i in range(200)]}
    result = computed(TREE, Dataset.of(columns), psu=("p",))
    deff = family_of(result).deff[0]

    # P is the mean of two equal items: its design effect is theirs.
    assert deff[position(result, "P")] == pytest.approx(deff[position(result, "a")], rel=1e-9)
