"""Tables say in plain words how sure a figure is and how the sample was drawn."""

import pytest

from analysis.suppress import UNRELIABLE
from analysis.wording import HIDDEN, LONELY, TRUST, sentences, verdict_notes, verdict_word

DESIGN = {
    "rows": 60, "data": "x.csv", "strata": 2, "psus": 6, "source": "probability",
    "confidence": 0.95, "interval": "logit", "lonely": "fail", "lonely_strata": [],
}  # fmt: skip
FEW = {"psus": 6, "strata": 2, "df": 4, "t": 2.7764451}


def said(**changes):
    return list(sentences(DESIGN | changes))


def test_a_plain_design_needs_two_sentences():
    assert said() == [
        "60 phiếu (x.csv), 2 tầng, 6 đơn vị chọn mẫu, nguồn: probability",
        "Khoảng tin cậy 95 % (logit)",
    ]
    assert said(interval="kg", confidence=0.975)[1] == "Khoảng tin cậy 97,5 % (Korn-Graubard)"


def test_what_is_empty_or_null_is_not_spoken_of():
    empty = {"notice": None, "few_psus": None, "calibration": None, "assumption": None}

    assert said(**empty, collapsed_strata=[], provenance=[]) == said()
    assert list(sentences(empty)) == []


def test_how_few_units_carry_the_error_and_how_wide_that_makes_the_interval():
    assert said(few_psus=FEW)[2] == (
        "Sai số chỉ dựa vào 6 đơn vị chọn mẫu trong 2 tầng (df = 4): khoảng tin cậy dùng t = 2,78 "
        "thay cho 1,96 nên rộng gấp 1,42 lần."
    )
    assert "không có bậc tự do nào" in said(few_psus=FEW | {"df": 0, "t": None})[2]


@pytest.mark.parametrize("rule", LONELY)
def test_strata_with_one_unit_are_named_with_the_rule(rule):
    [*_, last] = said(lonely=rule, lonely_strata=["A", "B"])

    assert last == f"Tầng chỉ có một đơn vị chọn mẫu: A, B — {LONELY[rule]}."


def test_joined_strata_are_named_in_pairs():
    [*_, last] = said(lonely="collapse", lonely_strata=["A"], collapsed_strata=[["A", "B"]])

    assert last.endswith("gộp với tầng liền kề (A + B).")


def test_the_calibration_says_by_what_and_how_far():
    record = {
        "method": "rake", "margins": ["sex", "area"], "g_min": 0.9, "g_max": 1.25,
        "kish_after": 1.0421,
    }  # fmt: skip

    assert said(calibration=record)[2] == (
        "Quyền số hiệu chỉnh: cân bằng theo biên (raking) theo sex, area, hệ số từ 0,900 đến "
        "1,250, hiệu ứng quyền số (Kish) 1,042."
    )
    assert said(calibration=record | {"kish_after": None})[2].endswith("đến 1,250.")


def test_every_reason_to_hide_and_every_verdict_has_its_word():
    for code in UNRELIABLE:
        assert HIDDEN[code]
        assert verdict_word({"reliability": code}) == TRUST[code][0]
    assert verdict_word({"reliability": "ok"}) == verdict_word({}) == ""


def test_only_what_occurs_is_explained():
    fine = {"status": "ok", "reason": None, "reliability": "ok"}
    review = fine | {"reliability": "review_df"}
    beside = fine | {"status": "suppressed", "reason": "complementary"}

    assert verdict_notes([fine]) == []
    [note] = verdict_notes([fine, review])
    assert "«df < 8»" in note
    assert "«n < 30»" not in note
    assert len(verdict_notes([review, beside])) == 2
