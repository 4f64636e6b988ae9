"""A province from its units: three named means, each with the error of what it is a mean of."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.compare.combine import combinations_of
from analysis.dataset import Dataset
from analysis.design import Calibration, DesignColumns, design_of
from analysis.estimate import Options, interval
from analysis.given import Given, OtherResult
from tests.analysis.factories import computed, dec, family_of, index_of, leaf, node

INDEX = index_of(node("R", "xy", max_points=dec("10")), leaf("x"), leaf("y"))
OPTIONS = Options()


def survey(seed=4, psus=24, size=6, **extra):
    """People in PSUs that lie in one unit each, unequally many and weighted."""
    rng = np.random.default_rng(seed)
    rows = []
    for psu in range(psus):
        unit = "abc"[min(psu // 5, 2)]
        for _ in range(int(rng.integers(2, size))):
            answers = rng.choice(["1", "4", "5", ""], 2, p=[0.4, 0.3, 0.2, 0.1])
            weight = str(rng.integers(1, 9))
            rows.append((str(psu), unit, str(psu % 2), weight, *answers))
    names = ("psu", "unit", "area", "w", "x", "y")
    return Dataset.of(dict(zip(names, zip(*rows, strict=True), strict=True)))


def combined(data=None, dossiers=None, hidden=None, by=("unit",), psu=("psu",)):
    result = computed(INDEX, survey() if data is None else data, [by], psu=psu, weight="w")
    family = family_of(result, *by)
    rows = combinations_of(family, "unit", OPTIONS, dossiers, hidden)
    found = {(row.combination, row.node, *row.domain.values()): row for row in rows}
    return result, family, found


def dossiers(**numbers):
    return Dataset.of(
        {"unit": [*numbers], "dossiers": [str(n) for n in numbers.values()]}, "hs.csv"
    )


def test_the_plain_mean_of_units_has_the_error_of_a_mean_of_independent_units():
    _, family, found = combined()

    row = found["mean_of_units", "R"]

    se = family.se[:, 0]
    assert row.estimate == pytest.approx(family.values.exact[:, 0].mean())
    assert row.se == pytest.approx(np.sqrt(family.between(0).sum()) / 3)
    expected = (se**2).sum() ** 2 / (se**4 / family.df[:, 0]).sum()
    assert row.df == pytest.approx(expected)
    limits = interval(*(np.array([v]) for v in (row.estimate, row.se, row.df, row.n)), OPTIONS)
    assert (row.ci_low, row.ci_high) == tuple(limit[0] for limit in limits)
    assert row.points == pytest.approx(10 * row.estimate)
    assert (row.units, row.max_points, row.status, row.domain) == (3, 10.0, "ok", {})


@pytest.mark.parametrize("k", [6, 9, 13])
def test_units_in_which_everybody_is_satisfied_have_a_mean_of_one_with_its_own_limits(k):
    people = [(f"{u}-{i}", f"u{u}", "2", "5", "5") for u in range(k) for i in range(10)]
    names = ("psu", "unit", "w", "x", "y")
    data = Dataset.of(dict(zip(names, zip(*people, strict=True), strict=True)))

    _, _, found = combined(data, dossiers(**{f"u{u}": u + 1 for u in range(k)}))

    assert {row.estimate for row in found.values()} == {1.0}
    assert all(0.9 < row.ci_low < row.ci_high == 1.0 for row in found.values())


def test_units_count_as_their_dossiers_do():
    _, family, found = combined(dossiers=dossiers(c=100, a=700, b=200))

    row = found["dossier_weighted", "x"]

    a = np.array([0.7, 0.2, 0.1])
    assert row.estimate == pytest.approx(a @ family.values.exact[:, 1])
    assert row.se == pytest.approx(np.sqrt(a @ family.between(1) @ a))


def test_without_a_table_of_dossiers_there_is_no_dossier_weighted_index():
    _, _, found = combined()

    assert {key[0] for key in found} == {"mean_of_units", "respondent_weighted"}


def test_weighted_by_respondents_a_leaf_is_that_of_all_units_together_with_its_error():
    result, _, found = combined()
    whole = result.families[0]

    row = found["respondent_weighted", "x"]

    assert row.estimate == pytest.approx(whole.values.exact[0, 1], rel=1e-12)
    assert row.se == pytest.approx(whole.se[0, 1], rel=1e-12)
    assert (row.df, row.n) == (whole.df[0, 1], whole.values.n[0, 1])


@pytest.mark.parametrize("how", ["calibrated", "two_stages", "average"])
def test_so_it_is_in_any_design(how):
    data = survey()
    columns = {"psu": ("psu",), "weight": "w"}
    if how == "two_stages":
        counts = {"N1": ["40"] * data.rows, "N2": ["30"] * data.rows}
        cells = {name: column.labels for name, column in data.columns.items()}
        cells = {n: [("", *v)[k + 1] for k in data.columns[n].codes] for n, v in cells.items()}
        data = Dataset.of(cells | counts | {"id": range(data.rows)})
        columns |= {"psu": ("psu", "id"), "fpc": ("N1", "N2")}
    if how == "average":
        columns |= {"stratum": "area"}
        cells = {n: [("", *c.labels)[k + 1] for k in c.codes] for n, c in data.columns.items()}
        cells["area"][-1], cells["psu"][-1] = "alone", "alone"
        data = Dataset.of(cells)
    design = design_of(data, DesignColumns(**columns), lonely="average")
    if how == "calibrated":
        area = data.columns["area"].codes.astype(np.intp)
        calibration = Calibration("thử", area, np.eye(2), np.array([1.5, 0.8]), {})
        design = replace(design, calibration=calibration)
    result = computed(INDEX, data, [("unit",)], design=design)

    rows = combinations_of(result.families[1], "unit", OPTIONS)

    row = next(r for r in rows if (r.combination, r.node) == ("respondent_weighted", "x"))
    whole = result.families[0]
    assert row.estimate == pytest.approx(whole.values.exact[0, 1], rel=1e-12)
    assert row.se == pytest.approx(whole.se[0, 1], rel=1e-10)


def test_weighted_by_respondents_a_node_weighs_units_by_their_people():
    _, family, found = combined()

    row = found["respondent_weighted", "R"]

    weights = family.evaluation.weight[:, 0]
    expected = weights @ family.values.exact[:, 0] / weights.sum()
    assert row.estimate == pytest.approx(expected, rel=1e-12)
    assert row.estimate != pytest.approx(found["mean_of_units", "R"].estimate, rel=1e-3)


def test_units_rated_by_the_same_people_have_the_degrees_of_freedom_of_the_design():
    rows = [(str(r), u, "1", "1", "5" if (r * k) % 3 else "1", "4") for r in range(9) for u, k in
            (("a", 1), ("b", 2))]  # fmt: skip
    names = ("psu", "unit", "area", "w", "x", "y")
    data = Dataset.of(dict(zip(names, zip(*rows, strict=True), strict=True)))

    _, _, found = combined(data)

    assert found["mean_of_units", "x"].df == 8


def test_units_are_combined_inside_the_other_columns_of_the_family():
    _, family, found = combined(by=("area", "unit"))

    row = found["mean_of_units", "x", "1"]

    inside = [d for d, labels in enumerate(family.family.labels) if labels[0] == "1"]
    assert row.domain == {"area": "1"}
    assert row.estimate == pytest.approx(family.values.exact[inside, 1].mean())


def test_a_part_undefined_in_one_unit_is_undefined():
    data = survey()
    cells = {name: [("", *c.labels)[k + 1] for k in c.codes] for name, c in data.columns.items()}
    cells["y"] = ["" if u == "b" else y for u, y in zip(cells["unit"], cells["y"], strict=True)]

    _, _, found = combined(Dataset.of(cells))

    row = found["mean_of_units", "R"]
    assert (row.status, row.reason, row.estimate) == ("undefined", "undefined:b", None)
    assert found["mean_of_units", "x"].status == "ok"


def many_units(units=9, **areas):
    """Two PSUs of each unit, all of whose units lie in one area unless told."""
    labels = [f"u{u}" for u in range(units)]
    people = [(f"{u}{i}", u, areas.get(u, "1"), "1", str(1 + 4 * (i % 2)), "5") for u in labels
              for i in range(4)]  # fmt: skip
    names = ("psu", "unit", "area", "w", "x", "y")
    return Dataset.of(dict(zip(names, zip(*people, strict=True), strict=True)))


def hide(*units, of=9, part=1, why="n_below_minimum"):
    codes = np.full((of, 3), "", dtype=object)
    codes[list(units), part] = why
    return codes


def statuses(found, node):
    return {row.combination: row.status for row in found.values() if row.node == node}


def test_combinations_are_hidden_that_would_tell_a_hidden_unit():
    table = dossiers(**{f"u{u}": u + 1 for u in range(9)})
    told = {}
    for k in range(6):
        codes = hide(*range(k))
        told[k] = [
            set(statuses(combined(many_units(), given, codes)[2], "x").values())
            for given in (None, table)
        ]

    assert told[0] == [{"ok"}, {"ok"}]
    assert told[1] == told[2] == [{"suppressed"}, {"suppressed"}]
    assert told[3] == told[4] == [{"ok"}, {"suppressed"}]
    assert told[5] == [{"ok"}, {"ok"}]


def test_a_hidden_combination_says_why_and_other_parts_are_shown():
    _, _, found = combined(many_units(), hidden=hide(0))

    row = found["mean_of_units", "x"]
    assert (row.status, row.reason, row.estimate) == ("suppressed", "complementary", None)
    assert set(statuses(found, "y").values()) == {"ok"}


def test_many_hidden_units_are_told_where_only_one_of_them_has_dossiers():
    table = dossiers(**{f"u{u}": 0 if u < 5 else 10 for u in range(9)})

    _, _, found = combined(many_units(), table, hide(*range(6)))

    assert set(statuses(found, "x").values()) == {"suppressed"}
    assert set(statuses(found, "y").values()) == {"ok"}


def test_hidden_units_cannot_be_solved_from_the_combinations_shown():
    table = dossiers(**{f"u{u}": 7 * u % 5 for u in range(9)})
    rng = np.random.default_rng(3)
    shown = 0
    for _ in range(20):
        secret = rng.choice(9, int(rng.integers(1, 8)), replace=False)
        _, family, found = combined(many_units(), table, hide(*secret.tolist()))
        rows = [row for row in found.values() if row.node == "x" and row.status == "ok"]
        numbers = np.array([7 * u % 5 for u in range(9)], dtype=float)
        weights = {"mean_of_units": np.ones(9), "dossier_weighted": numbers}
        weights["respondent_weighted"] = family.evaluation.weight[:, 1]
        for unit in range(len(secret)):
            matrix = np.array([weights[row.combination][secret] for row in rows])
            with_it = np.vstack([*matrix, np.eye(len(secret))[unit]])
            rank = np.linalg.matrix_rank(matrix) if rows else 0
            assert np.linalg.matrix_rank(with_it) == rank + 1
        shown += len(rows)

    assert shown


def test_inside_other_columns_one_hidden_unit_is_enough_to_hide_the_combinations():
    data = many_units(9, u8="2")

    _, _, found = combined(data, hidden=hide(*range(6)), by=("area", "unit"))

    assert found["mean_of_units", "x", "1"].status == "suppressed"
    assert found["mean_of_units", "x", "2"].status == "ok"


def test_where_every_unit_is_hidden_so_are_their_combinations():
    _, _, found = combined(many_units(), hidden=hide(*range(9)))

    assert set(statuses(found, "x").values()) == {"suppressed"}


def test_a_unit_hidden_as_unreliable_hides_no_combination():
    _, _, found = combined(many_units(), hidden=hide(0, why="unreliable_n"))

    assert set(statuses(found, "x").values()) == {"ok"}


def test_a_composite_whose_items_are_shown_hides_no_combination():
    _, _, found = combined(many_units(), hidden=hide(0, part=0))

    assert set(statuses(found, "R").values()) == {"ok"}


def test_self_selected_answers_have_a_combination_without_its_error():
    _, _, found = combined()

    record = found["mean_of_units", "R"].record(inference=False)

    assert record["combination"] == "mean_of_units"
    assert (record["se"], record["ci_low"], record["reason"]) == (None, None, "self_selected")
    assert [*record][-3:] == ["status", "reason", "notice"]
    assert record["notice"] is None
    for row in found.values():
        assert row.record(notice="dựng lại")["notice"] == "dựng lại"
    assert record["estimate"] == found["mean_of_units", "R"].estimate


def test_values_of_another_index_add_their_variance():
    rows = [
        {"node": "A", "domain": d, "estimate": dec("0.5"), "se": 0.1, "df": 9, "n": 9, "status": ""}
        for d in ({}, {"unit": "a"}, {"unit": "b"}, {"unit": "c"})
    ]  # fmt: skip
    given = Given({"khac": OtherResult.of({"index": "khac", "design": {}, "results": rows}, "k")})
    other = {"code": "z", "measure": "node", "index": "khac", "node": "A"}
    index = index_of(node("R", "xz"), leaf("x"), other)
    result = computed(index, survey(), [("unit",)], given, psu=("psu",), weight="w")
    rows = list(combinations_of(family_of(result, "unit"), "unit", OPTIONS))

    found = {(row.combination, row.node): row for row in rows}

    x, whole = found["mean_of_units", "x"], found["mean_of_units", "R"]
    assert whole.se == pytest.approx(np.sqrt(x.se**2 / 4 + 0.01 / 4 / 3))
    x, whole = found["respondent_weighted", "x"], found["respondent_weighted", "R"]
    assert whole.se > x.se / 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"a": 1, "b": 2, "x": 3}, "dòng 4, cột «unit»: dữ liệu không có đơn vị «x»"),
        ({"a": 1, "c": 2}, "cột «unit»: thiếu 1 đơn vị: b"),
        ({"a": 1, "b": -2, "c": 3}, "dòng 3, cột «dossiers»: số hồ sơ -2 là số âm"),
    ],
)
def test_a_wrong_table_of_dossiers_is_refused_by_name(table, message):
    with pytest.raises(ValueError, match=message):
        combined(dossiers=dossiers(**table))


def test_a_unit_named_twice_and_a_column_that_is_not_there_are_refused():
    twice = Dataset.of({"unit": ["a", "a"], "dossiers": ["1", "2"]}, "hs.csv")
    with pytest.raises(ValueError, match=r"hs\.csv, dòng 3, cột «unit»: đơn vị «a» đã có"):
        combined(dossiers=twice)
    with pytest.raises(ValueError, match="không có cột «dossiers»"):
        combined(dossiers=Dataset.of({"unit": ["a"]}, "hs.csv"))
    with pytest.raises(ValueError, match="Không tính riêng theo cột đơn vị «unit»"):
        combined(by=("area",))


def test_units_of_one_name_need_a_column_that_tells_them_apart():
    with pytest.raises(ValueError, match=r"hs\.csv cần thêm cột .*: area, unit"):
        combined(by=("area", "unit"), dossiers=dossiers(a=1, b=1, c=1))


def test_no_dossier_at_all_leaves_the_index_undefined():
    _, _, found = combined(dossiers=dossiers(a=0, b=0, c=0))

    assert (found["dossier_weighted", "x"].status, found["dossier_weighted", "x"].reason) == (
        "undefined",
        "no_weight",
    )
