"""Small cells are hidden, and cannot be computed back from what is shown."""

import random
from fractions import Fraction

import numpy as np
import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.given import Given
from analysis.suppress import (
    BELOW_MINIMUM,
    COMPLEMENTARY,
    FEW_ANSWERS,
    FEW_DF,
    FEW_EFFECTIVE,
    RELATIVELY_WIDE,
    RELIABLE,
    WIDE,
    judged,
    suppressed,
    verdicts_of,
)
from tests.analysis.factories import computed, given_leaf, index_of, leaf, node


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


def test_two_hidden_domains_of_few_people_together_take_a_third_with_them():
    found = hidden(people(a=4, b=3, c=20, d=30), "unit")

    assert found == {"a/q": BELOW_MINIMUM, "b/q": BELOW_MINIMUM, "c/q": COMPLEMENTARY}


def test_the_few_people_of_no_unit_cannot_be_told_as_what_is_left():
    data = people(a=20, b=30)
    alone = Dataset.of({"q": ["5"] * 54, "unit": ["a"] * 20 + ["b"] * 30 + [None] * 4})

    assert hidden(data, "unit") == {}
    assert hidden(alone, "unit") == {"a/q": COMPLEMENTARY}


def test_units_that_lie_in_districts_are_protected_though_no_column_says_so():
    data = Dataset.of(
        {
            "q": ["5"] * 78,
            "district": ["X"] * 38 + ["Y"] * 40,
            "commune": ["x1"] * 4 + ["x2"] * 4 + ["x3"] * 30 + ["y1"] * 20 + ["y2"] * 20,
        }
    )

    found = hidden(data, "district", "commune")

    assert found == {"x1/q": BELOW_MINIMUM, "x2/q": BELOW_MINIMUM, "x3/q": COMPLEMENTARY}


def test_the_same_family_asked_twice_hides_the_same():
    data = people(a_m=5, a_f=40, b_m=40, b_f=40)

    found = hidden(data, "unit,sex", "sex,unit")

    assert {"/".join(reversed(key.split("/")[:2])) for key in found} == {
        "/".join(key.split("/")[:2]) for key in found
    }


def test_a_child_is_not_told_by_its_node_and_its_sisters():
    index = index_of(node("R", "qr"), leaf("q"), leaf("r"))
    columns = {"q": ["5"] * 42 + [None] * 6 + ["5"] * 72, "r": ["1"] * 120}
    units = ["a"] * 48 + ["b"] * 5 + ["c"] * 30 + ["d"] * 37
    data = Dataset.of(columns | {"unit": units})

    found = hidden(data, "unit", index=index)
    units_hidden = {key.split("/")[0]: set() for key in found}
    for key in found:
        units_hidden[key.split("/")[0]].add(key.split("/")[1])

    assert units_hidden == {"b": {"R", "q", "r"}, "c": {"R", "q", "r"}}


def spans(shown, cell):
    """Whether a cell is a sum and difference of shown cells, each a 0/1 vector over people."""
    if not shown:
        return False
    matrix = np.array(shown, dtype=float)
    rest = cell - matrix.T @ np.linalg.lstsq(matrix.T, cell, rcond=None)[0]
    return bool(np.abs(rest).max() < 1e-8)


def test_a_cell_that_only_all_equations_together_tell_is_protected_too():
    small = {(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 3), (3, 4), (4, 3), (4, 4)}
    table = {(i, j): 6 if (i, j) in small else 30 for i in range(1, 6) for j in range(1, 6)}
    people = [cell for cell, n in table.items() for _ in range(n)]
    units, ages = (list(map(str, values)) for values in zip(*people, strict=True))
    data = Dataset.of({"q": ["5"] * len(people), "unit": units, "age": ages})
    result = computed(index_of(leaf("q")), data, [("unit",), ("age",), ("unit", "age")])

    families = list(zip(result.families, suppressed(result), strict=True))
    shown = [
        (family.family.of_row == d).astype(float)
        for family, reasons in families
        for d in np.flatnonzero(reasons[:, 0] == "")
    ]
    family, reasons = families[-1]
    bridge = family.family.labels.index(("2", "3"))

    assert (reasons[:, 0] == BELOW_MINIMUM).sum() == 9
    assert not spans(shown, (family.family.of_row == bridge).astype(float))


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_cell_is_a_sum_or_difference_of_shown_ones(seed):
    rng = random.Random(seed)
    rows = 150
    weights = [rng.random() ** 2 for _ in range(6)]
    unit = rng.choices("abcdef", weights, k=rows)
    columns = {
        "q": [rng.choice(["1", "5", None]) for _ in range(rows)],
        "unit": [None if rng.random() < 0.03 else label for label in unit],
        "district": [{"a": "X", "b": "X", "c": "Y"}.get(label, "Z") for label in unit],
        "sex": rng.choices(["m", "f", "o"], [9, 9, 1], k=rows),
    }
    result = computed(
        index_of(leaf("q")),
        Dataset.of(columns),
        [("unit",), ("district",), ("sex",), ("sex", "unit")],
    )
    answered = np.array([value is not None for value in columns["q"]])

    cells = [
        ((family.family.of_row == d) & answered, reasons[d, 0])
        for family, reasons in zip(result.families, suppressed(result), strict=True)
        for d in range(len(family.family.labels))
    ]
    shown = [cell for cell, reason in cells if not reason]

    assert any(reason for _, reason in cells)
    for cell, reason in cells:
        if reason and cell.any():
            assert not spans(shown, cell.astype(float))


LAYOUTS = [
    ["unit", "sex"],
    ["unit", "unit,sex"],
    ["unit", "sex", "unit,sex"],
    ["region", "unit"],
    ["unit", "sex", "band"],
    ["region", "unit", "sex", "unit,sex", "region,sex"],
    ["unit,sex", "unit,band"],
    ["band", "band,sex"],
    ["unit,sex", "unit,band", "sex,band"],
    ["region,band", "unit,sex"],
]
COLUMNS = ("unit", "sex", "band", "region")


def small_tables(seed):
    """Answers to two items of some units, many of whose cells are small or empty."""
    rng = random.Random(seed)
    rows = []
    for unit in "abcdef"[: rng.randint(2, 5)]:
        region = rng.choice("NS")
        for sex, band in ((s, b) for s in "mf" for b in "123"[: rng.randint(1, 3)]):
            for _ in range(rng.choice([0, 1, 2, 3, 5, 9, 12, 20])):
                where = unit if rng.random() > 0.02 else None
                rows.append((where, sex, band, region, rng.choice("155"), rng.choice(["5", None])))
    names = (*COLUMNS, "q", "r")
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if len(rows) > 30 else None


def leaks(columns, by, minimum=10):
    """What the shown cells tell: hidden ones, and groups of few people, leaf by leaf."""
    index = index_of(node("R", "qr"), leaf("q"), leaf("r"))
    result = computed(index, Dataset.of(columns), [tuple(names.split(",")) for names in by])
    reasons = suppressed(result, minimum)
    found = []
    for p, item in ((1, "q"), (2, "r")):
        answered = [value is not None for value in columns[item]]
        kinds = list(zip(*(columns[name] for name in COLUMNS), answered, strict=True))
        atoms = sorted({kind for kind in kinds if kind[-1]}, key=str)
        people = np.array([kinds.count(atom) for atom in atoms])
        rows = [kinds.index(atom) for atom in atoms]
        cells = [
            ((family.family.of_row[rows] == d).astype(float), hidden[d, p])
            for family, hidden in zip(result.families, reasons, strict=True)
            for d in range(len(hidden))
        ]
        shown = np.array([cell for cell, reason in cells if not reason and cell.any()])
        if not len(shown):
            continue
        projection = np.linalg.pinv(shown) @ shown
        for cell, reason in cells:
            if reason and cell.any() and np.abs(cell @ projection - cell).max() < 1e-8:
                found.append(("determined", by, item))
        for rest in (shown[:, np.newaxis] - shown).reshape(-1, len(atoms)):
            if rest.min() >= 0 and 0 < rest @ people < minimum:
                found.append(("few people", by, item))
    return found


def test_no_layout_of_families_tells_a_hidden_cell_or_a_group_of_few_people():
    found, tables = [], filter(None, map(small_tables, range(16)))
    for columns in tables:
        for by in LAYOUTS:
            found += leaks(columns, by)

    assert found == []


def test_a_cell_is_not_told_by_the_total_that_two_crossed_families_share():
    sizes = {"m1": 2, "f1": 20, "f2": 30}
    people = [("a", *cell) for cell, n in sizes.items() for _ in range(n)]
    people += [("b", *cell) for cell in ("m1", "f1", "f2") for _ in range(20)]
    units, sexes, bands = (list(values) for values in zip(*people, strict=True))
    data = Dataset.of({"q": ["5"] * len(units), "unit": units, "sex": sexes, "band": bands})

    found = hidden(data, "unit,sex", "unit,band")

    assert found["a/m/q"] == BELOW_MINIMUM
    assert set(found) - {"a/m/q"} == {"a/f/q"}


def test_two_shown_cells_of_crossed_families_do_not_differ_by_few_people():
    cells = {("a", "1"): 20, ("a", "2"): 4, ("b", "2"): 30, ("c", "2"): 30}
    people = [cell for cell, n in cells.items() for _ in range(n)]
    units, bands = (list(values) for values in zip(*people, strict=True))
    data = Dataset.of({"q": ["5"] * len(units), "unit": units, "band": bands})

    found = hidden(data, "unit", "band")

    assert not {"a/q", "1/q"}.isdisjoint(found)


def half_answered(sizes, **few):
    """Everybody answers q or r; as many as `few` says answer both."""
    units, q, r = [], [], []
    for unit, n in sizes.items():
        both = few.get(unit, n)
        alone = (n - both) // 2
        units += [unit] * (both + 2 * alone)
        q += ["5"] * (both + alone) + [None] * alone
        r += ["5"] * both + [None] * alone + ["1"] * alone
    return Dataset.of({"unit": units, "q": q, "r": r})


def test_a_composite_of_few_complete_cases_takes_no_other_one_with_it():
    index = index_of(node("R", ("P", "s")), node("P", "qr"), leaf("q"), leaf("r"), leaf("s"))
    data = half_answered({"a": 60, "b": 60, "c": 60}, a=4)
    data = Dataset.of(
        {name: [("", *c.labels)[k + 1] for k in c.codes] for name, c in data.columns.items()}
        | {"s": ["1"] * data.rows}
    )

    found = hidden(data, "unit", index=index)

    assert found == {"a/R": BELOW_MINIMUM, "a/P": BELOW_MINIMUM}


def test_a_composite_with_a_hidden_item_is_protected_as_before():
    index = index_of(node("R", "qr"), leaf("q"), leaf("r"))
    data = half_answered({"a": 60, "b": 40, "c": 6}, a=40)

    found = hidden(data, "unit", index=index)

    assert found == {f"c/{code}": BELOW_MINIMUM for code in "Rqr"} | {
        f"b/{code}": COMPLEMENTARY for code in "Rqr"
    }


def verdicts(answers, psu=(), **design):
    """The verdict on one share; `psu` names each answer's sampling unit."""
    data = Dataset.of({"q": answers, "psu": list(psu) or answers})
    result = computed(index_of(leaf("q")), data, psu=("psu",) if psu else (), **design)
    return verdicts_of(result)[0][0, 0]


def test_a_share_of_many_answers_is_reliable():
    assert verdicts(["5", "5", "1"] * 100) == RELIABLE


def test_the_first_rule_that_applies_is_the_verdict():
    by_tens = [str(i // 10) for i in range(120)]

    assert verdicts(["5"] * 29) == FEW_ANSWERS
    assert verdicts(["5"] * 60 + ["1"] * 60, by_tens) == FEW_EFFECTIVE
    assert verdicts(["5", "1"] * 18) == WIDE
    assert verdicts(["5"] + ["1"] * 79) == RELATIVELY_WIDE
    assert verdicts(["5", "1", "1"] * 200, [str(i % 7) for i in range(600)]) == FEW_DF


def test_a_share_without_degrees_of_freedom_has_no_interval_and_counts_as_wide():
    data = Dataset.of({"q": ["5", "1"] * 300, "psu": ["a"] * 600})
    design = design_of(data, DesignColumns(psu=("psu",)), lonely="remove")
    result = computed(index_of(leaf("q")), data, design=design)

    assert verdicts_of(result)[0][0, 0] == WIDE


def test_nodes_of_shares_are_judged_and_means_and_reported_numbers_are_not():
    index = index_of(
        node("R", ("P", "b", "c")),
        node("P", "aq"),
        *(leaf("a"), leaf("q"), leaf("b", measure="mean_score"), given_leaf("c")),
    )
    data = Dataset.of({"a": ["5", "1"] * 99, "q": ["5", "1"] * 99, "b": ["5"] * 198})
    given = Given(reported={("c", frozenset()): Fraction(1, 2)})
    result = computed(index, data, given=given)

    found = dict(zip((part.code for part in result.parts), verdicts_of(result)[0][0], strict=True))

    assert found == {"R": "", "P": RELIABLE, "a": RELIABLE, "q": RELIABLE, "b": "", "c": ""}


def test_a_census_without_sampling_error_is_not_judged():
    data = Dataset.of({"q": ["5"] * 12})
    design = design_of(data, DesignColumns(), "census")
    result = computed(index_of(leaf("q")), data, design=design)

    assert verdicts_of(result)[0].tolist() == [[""]]


def test_weak_figures_are_flagged_hidden_or_left_as_asked():
    result = computed(index_of(leaf("q")), people(a=20, b=300), [("unit",)])
    modes = {mode: judged(result, 10, mode)[1] for mode in ("flag", "suppress", "off")}

    assert modes["flag"].hidden[:, 0].tolist() == ["", ""]
    assert modes["flag"].verdict[:, 0].tolist() == [FEW_ANSWERS, RELIABLE]
    assert modes["suppress"].hidden[:, 0].tolist() == [FEW_ANSWERS, ""]
    assert modes["off"].verdict[:, 0].tolist() == ["", ""]


def test_what_is_only_to_be_reviewed_is_never_hidden():
    data = Dataset.of({"q": ["5", "1", "1"] * 200, "psu": [str(i % 7) for i in range(600)]})
    result = computed(index_of(leaf("q")), data, psu=("psu",))

    found = judged(result, 10, "suppress")[0]

    assert (found.verdict[0, 0], found.hidden[0, 0]) == (FEW_DF, "")


def test_a_hidden_small_cell_has_no_verdict():
    result = computed(index_of(leaf("q")), people(a=9, b=300), [("unit",)])

    assert judged(result, 10, "flag")[1].verdict[:, 0].tolist() == ["", ""]
