"""A bench ends with an error when something it promises does not hold."""

import pytest

from bench import measure


@pytest.fixture(autouse=True)
def _nothing_broken(monkeypatch):
    monkeypatch.setattr(measure, "_broken", [])


def test_what_holds_ends_the_run_well():
    assert measure.verdict(True) == "holds"
    assert measure.budget(1.0, 2.0).endswith("0.50 x the budget (2.00 s): within")
    measure.end()


def test_what_does_not_hold_ends_the_run_with_an_error():
    assert measure.verdict(False) == "FAILS"
    assert measure.budget(3.0, 2.0).endswith("OVER")

    with pytest.raises(SystemExit, match="2 promises do not hold: FAILS, OVER"):
        measure.end()
