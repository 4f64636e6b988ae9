"""Outcomes of households and the rates of AAPOR, worked out by hand."""

import pytest

from analysis.dispositions import final_outcome, rates_of


@pytest.mark.parametrize(
    ("calls", "final"),
    [
        ([], None),
        (["appointment"], None),
        (["nobody_home", "appointment", "complete"], "complete"),
        (["given_out", "not_returned"], "not_returned"),
        (["refusal_household", "nobody_home"], "nobody_home"),
        (["complete", "nobody_home"], "complete"),
        (["complete", "partial"], "complete"),
        (["partial", "complete"], "complete"),
        (["partial", "refusal_respondent"], "partial"),
    ],
)
def test_the_last_outcome_counts_but_an_interview_stays_one(calls, final):
    assert final_outcome(calls) == final


def test_the_rates_of_a_hundred_households():
    finals = {"complete": 50, "partial": 10, "refusal_household": 15, "nobody_home": 15}
    rates = rates_of(finals | {"unable": 5, "not_found": 5, "vacant": 40})

    assert rates.rr1 == pytest.approx(0.50)
    assert rates.rr2 == pytest.approx(0.60)
    assert rates.coop1 == pytest.approx(50 / 80)
    assert rates.ref1 == pytest.approx(0.15)
    assert rates.con1 == pytest.approx(0.80)


def test_without_a_household_there_is_no_rate():
    assert rates_of({"vacant": 3}).rr1 is None
