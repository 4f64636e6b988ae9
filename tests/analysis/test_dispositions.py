"""Outcomes of calls and the rates made of them."""

from analysis.dispositions import OUTCOMES


def test_codes_name_themselves():
    assert all(code == outcome.code for code, outcome in OUTCOMES.items())
