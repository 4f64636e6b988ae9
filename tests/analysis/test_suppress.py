"""Small cells are hidden, and cannot be computed back from what is shown."""

from analysis.dataset import Dataset
from analysis.suppress import BELOW_MINIMUM, COMPLEMENTARY, suppressed
from tests.analysis.factories import computed, index_of, leaf, node


def people(**sizes):
    """Answers "5" of so many people in each unit; a unit `a_m` crosses unit a and sex m."""
    units, sexes = [], []
    for name, n in sizes.items():
        unit, _, sex = name.partition("_")
        units += [unit] * n
        sexes += [sex or "m"] * n
    return Dataset.of({"q": ["5"] * len(units), "unit": units, "sex": sexes})


def hidden(data, *by, minimum=10, index=None):
    result = computed(index or index_of(leaf("q")), data, [tuple(b.split(",")) for b in by])
    found = {}
    for family, reasons in zip(result.families, suppressed(result, minimum), strict=True):
        for d, labels in enumerate(family.family.labels):
            for p, part in enumerate(result.parts):
                if reasons[d, p]:
                    found["/".join((*labels, part.code))] = reasons[d, p]
    return found


def test_a_domain_with_fewer_than_ten_answers_is_hidden_with_the_next_smallest():
    found = hidden(people(a=9, b=30, c=20), "unit")

    assert found == {"a/q": BELOW_MINIMUM, "c/q": COMPLEMENTARY}


def test_two_small_domains_hide_each_other():
    assert hidden(people(a=9, b=3, c=20), "unit") == {"a/q": BELOW_MINIMUM, "b/q": BELOW_MINIMUM}


def test_ten_answers_are_enough_and_zero_switches_the_rules_off():
    assert hidden(people(a=10, b=30), "unit") == {}
    assert hidden(people(a=1, b=30), "unit", minimum=0) == {}


def test_a_small_cell_of_a_cross_table_is_protected_inside_each_margin_shown():
    data = people(a_m=5, a_f=40, b_m=30, b_f=50)

    both = hidden(data, "unit", "sex", "unit,sex")
    one = hidden(data, "unit", "unit,sex")

    assert set(both) == {"a/m/q", "a/f/q", "b/m/q", "b/f/q"}
    assert set(one) == {"a/m/q", "a/f/q"}


def test_nothing_is_hidden_beside_a_total_that_is_hidden_itself():
    assert hidden(people(a=3, b=2), "unit") == {
        "q": BELOW_MINIMUM,
        "a/q": BELOW_MINIMUM,
        "b/q": BELOW_MINIMUM,
    }


def test_a_small_leaf_of_a_pool_hides_its_smallest_sister():
    index = index_of(node("R", "qrs", "pooled_items"), leaf("q"), leaf("r"), leaf("s"))
    data = Dataset.of(
        {"q": ["5"] * 4 + [None] * 26, "r": ["5"] * 30, "s": ["1"] * 20 + [None] * 10}
    )

    assert hidden(data, index=index) == {"q": BELOW_MINIMUM, "s": COMPLEMENTARY}


def test_an_empty_domain_is_undefined_and_not_hidden():
    data = Dataset.of({"q": ["5"] * 20 + [None] * 5, "unit": ["a"] * 20 + ["b"] * 5})

    assert hidden(data, "unit") == {}
