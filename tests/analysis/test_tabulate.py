"""Every item of a questionnaire is tabulated over its own base."""

import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.results import Showing
from analysis.tabulate import Tabulation, describe
from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal

OUTSIDE = {"code": "98", "label": "Không biết", "outside": "dont_know"}


def version(**item):
    options = [{"code": c, "label": f"Phương án {c}"} for c in "123"]
    base = {"code": "q", "kind": "single", "text": "Câu hỏi?", "option": [*options, OUTSIDE]}
    section = {"code": "A", "title": "Phần A", "item": [base | item]}
    names = {"code": "thu", "version": "1", "title": "Phiếu", "legal_basis": "-", "source": "-"}
    return QuestionnaireVersion.model_validate(names | {"section": [section]})


def table(answers, minimum=0, by=(), columns=None, **item):
    data = Dataset.of({"q": answers} | (columns or {}), "x.csv")
    weight = "w" if columns and "w" in columns else None
    sample = (data, design_of(data, DesignColumns(weight=weight)))
    options = Tabulation(bands=item.pop("bands", {}))
    lines = describe(version(**item), sample, by, Showing(minimum), options)
    return [line.record() for line in lines]


def shares(rows):
    return {row["option"]: (row["estimate"], row["count"], row["n"]) for row in rows}


def test_shares_are_of_the_answers_on_the_scale():
    found = shares(table(["1", "1", "2", "98", None, "3"], headline=["1", "2"]))

    assert found == {
        "1": (0.5, 2, 4),
        "2": (0.25, 1, 4),
        "3": (0.25, 1, 4),
        "+": (0.75, 3, 4),
        "98": (None, 1, None),
        "": (None, 1, None),
    }


def test_shares_of_a_multiple_choice_are_of_the_people_who_answered():
    found = shares(table(["1 2", "2", "2 3", "98", None], kind="multiple"))

    assert found["2"] == (1.0, 3, 3)
    assert found["1"] == (pytest.approx(1 / 3), 1, 3)


def test_a_number_has_a_mean_with_a_t_interval():
    [row, *_] = table(["2", "4", "9.5", "98"], kind="number", option=[OUTSIDE])

    assert (row["option"], row["estimate"], row["count"]) == ("mean", pytest.approx(15.5 / 3), 3)
    assert row["ci_high"] - row["estimate"] == pytest.approx(row["estimate"] - row["ci_low"])


def test_a_text_is_counted_and_never_shown():
    [row, empty] = table(["hay", None, "dở"], kind="text", option=[])

    assert (row["option"], row["count"], row["estimate"]) == ("answered", 2, pytest.approx(2 / 3))
    assert empty["count"] == 1
    assert not any("hay" in str(value) for value in row.values())


def test_a_small_domain_shows_neither_share_nor_count():
    rows = table(
        ["1"] * 12 + ["2"] * 14, minimum=10, by=[("u",)], columns={"u": ["a"] * 23 + ["b"] * 3}
    )

    small = [row for row in rows if row["domain"] == {"u": "b"}]
    assert small
    assert all(row["estimate"] is row["count"] is row["n"] is None for row in small)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [(["1", "7"], "single"), (["1", "2 7"], "multiple"), (["1", "x"], "number")],
)
def test_an_answer_that_is_no_option_is_refused_by_file_row_and_item(answers, kind):
    with pytest.raises(Refusal) as refusal:
        table(answers, kind=kind)

    assert all(word in str(refusal.value) for word in ("x.csv", "dòng 3", "«q»", answers[1]))


def test_a_number_is_cut_into_bands_before_its_mean():
    ages = ["17", "18", "29.5", "30", "45", "60", "98", None]
    rows = table(ages, kind="number", option=[OUTSIDE], bands={"q": (18, 30, 45, 60)})

    assert [(row["option"], row["count"]) for row in rows] == [
        ("<18", 1), ("18–29", 2), ("30–44", 1), ("45–59", 1), (">=60", 1),
        ("mean", 6), ("98", 1), ("", 1),
    ]  # fmt: skip
    bands = rows[:5]
    assert [row["estimate"] for row in bands] == pytest.approx([1 / 6, 1 / 3, 1 / 6, 1 / 6, 1 / 6])
    assert all(row["n"] == 6 and row["ci_low"] < row["estimate"] < row["ci_high"] for row in bands)
    assert bands[1]["label"] == "Từ 18 đến dưới 30"
    assert rows[5]["estimate"] == pytest.approx(199.5 / 6)


def test_bands_are_weighted_shares_and_the_mean_stays_the_mean():
    columns = {"w": ["3", "1", "1", "1"]}
    ages = ["20", "30", "40", "50"]
    [young, old, mean, _] = table(
        ages, columns=columns, kind="number", option=[], bands={"q": ["30"]}
    )

    assert (young["estimate"], old["estimate"]) == (0.5, 0.5)
    assert mean["estimate"] == pytest.approx(30)
    assert (young["reliability"], mean["reliability"]) == ("unreliable_n", None)


def test_bands_of_an_item_that_is_not_in_the_data_are_refused():
    with pytest.raises(Refusal) as refusal:
        table(["1", "2"], kind="number", option=[], code="r", bands={"r": (1, 2)})

    assert all(word in str(refusal.value) for word in ("x.csv", "«r»"))


def test_the_share_of_people_whose_answer_counts_stands_on_every_line():
    rows = table(["1", "2", "98", None], columns={"w": ["3", "1", "1", "1"]})

    assert [row["response_rate"] for row in rows] == pytest.approx([4 / 6] * len(rows))


def test_headlines_have_intervals():
    rows = table(["1", "2", "3"] * 20, headline=["1", "2"])

    headline = next(row for row in rows if row["option"] == "+")
    assert headline["ci_low"] < headline["estimate"] < headline["ci_high"]


@pytest.mark.parametrize("answer", ["1 3", "1 98"])
def test_an_exclusive_option_beside_another_one_is_refused(answer):
    options = [
        {"code": "1", "label": "Một"},
        {"code": "3", "label": "Không gì cả", "exclusive": True},
        OUTSIDE,
    ]
    with pytest.raises(Refusal) as refusal:
        table(["1", answer], kind="multiple", option=options)

    assert all(word in str(refusal.value) for word in ("x.csv", "dòng 3", "«q»", f"«{answer}»"))


def test_the_few_people_of_a_unit_are_not_told_by_what_they_did_not_answer():
    answers = ["1", "2"] * 20 + ["98"] * 3 + [None] * 2
    rows = table(answers, 10, [("u",)], {"u": ["a"] * 20 + ["b"] * 20 + ["c"] * 5})

    few = [row for row in rows if row["domain"] == {"u": "c"}]
    assert {row["count"] for row in few} == {None}
    assert {row["response_rate"] for row in few} == {None}


def test_hidden_units_of_a_table_cannot_be_computed_from_counts():
    answers = ["1", "2", "3"] * 20
    rows = table(answers, 10, [("u",)], {"u": ["a"] * 30 + ["b"] * 24 + ["c"] * 6})
    shown = {row["domain"].get("u") for row in rows if row["count"] is not None}

    assert shown == {None, "a"}


def test_a_weak_share_may_be_suppressed_without_its_neighbours():
    data = Dataset.of({"q": ["1"] * 79 + ["2"]}, "x.csv")
    sample = (data, design_of(data, DesignColumns()))
    lines = describe(version(), sample, (), Showing(10, reliability="suppress"))
    rows = {row["option"]: row for row in (line.record() for line in lines)}

    assert (rows["2"]["status"], rows["2"]["count"]) == ("suppressed", None)
    assert (rows["2"]["reason"], rows["2"]["n"]) == ("unreliable_relative_width", 80)
    assert (rows["1"]["status"], rows["1"]["count"]) == ("ok", 79)
