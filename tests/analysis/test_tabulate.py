"""Every item of a questionnaire is tabulated over its own base."""

import pytest

from analysis.dataset import Dataset
from analysis.design import DesignColumns, design_of
from analysis.results import Showing
from analysis.tabulate import describe
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
    sample = (data, design_of(data, DesignColumns()))
    return [line.record() for line in describe(version(**item), sample, by, Showing(minimum))]


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
