"""The plan of a wave: the smallest sample that keeps every promise, and the reason for its size."""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.dataset import Dataset, read_csv
from analysis.sampling.expected import Levels
from analysis.sampling.plan import least, plan_of
from analysis.sampling.previous import Finding, PreviousWave
from analysis.sampling.request import PlanRequest, Targets
from analysis.sampling.size import RULES
from questionnaires.refusal import Refusal

FRAME = Path(__file__).parents[1] / "data" / "frame.csv"
REQUEST = PlanRequest(Targets(0.03), Targets(0.06), take=12, rho=0.03)


def provinces():
    with FRAME.open("rb") as stream:
        return read_csv(stream, "frame.csv")


def strata(**columns):
    size = len(next(iter(columns.values())))
    return Dataset.of({"stratum": [f"t{i}" for i in range(size)]} | columns, "dàn.csv")


def wave(take=10.0, **units):
    """A previous wave with a design effect of 1.9 in the whole and 2.8 in the units named."""
    whole = Finding(0.8, 0.016, 100, 1.9, 1000, False)
    found = {unit: Finding(0.7, 0.04, df, 2.8, 400, False) for unit, df in units.items()}
    return PreviousWave("a.json", "sipas", "R", take, 1.0, whole, found)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_keeps_all_promises_and_one_psu_less_would_break_one(rule):
    plan = plan_of(provinces(), replace(REQUEST, allocation=rule))

    assert plan.total.margin <= 0.03
    assert all(unit.margin <= 0.06 for unit in plan.units.values())
    assert (plan.psus >= 2).all()
    assert (plan.psus <= plan.frame.psus).all()
    assert plan.binding == ("margin",)
    fewer = replace(
        REQUEST, allocation=rule, total=Targets(), respondents=plan.total.respondents - 1
    )
    assert plan_of(provinces(), fewer).total.margin > 0.03


def test_the_size_is_the_one_of_the_text_book():
    # 50 PSUs of 10 with rho 0.05: deff 1.45, e = t_49 sqrt(0.25 x 1.45 / 500) = 2.0096 x 0.026926
    plan = plan_of(
        strata(psus=[10**6], population=[10**9]), PlanRequest(Targets(0.05412), take=10, rho=0.05)
    )

    assert plan.psus.tolist() == [50]


def test_the_order_of_rows_changes_nothing():
    data = provinces()
    turned = Dataset.of(
        {n: [c.labels[k] if k >= 0 else "" for k in c.codes[::-1]] for n, c in data.columns.items()}
    )
    request = replace(REQUEST, allocation="neyman")

    assert plan_of(turned, request).total == plan_of(data, request).total
    assert plan_of(turned, request).psus.tolist() == plan_of(data, request).psus.tolist()


def test_the_units_decide_when_they_ask_for_more():
    plan = plan_of(provinces(), replace(REQUEST, total=Targets(0.03), unit=Targets(0.035)))

    assert plan.binding == ("units",)
    assert set(plan.unit_binding) == {"Tỉnh Hải Thanh", "Tỉnh Lạc Sơn"}
    assert plan.total.margin < 0.03 * 0.9
    alone = plan_of(provinces(), replace(REQUEST, total=Targets(), unit=Targets(0.035)))
    assert plan.psus.tolist() == alone.psus.tolist()


def test_a_unit_keeps_what_it_needs_when_the_whole_needs_more():
    alone = plan_of(provinces(), replace(REQUEST, total=Targets()))
    both = plan_of(provinces(), REQUEST)

    assert (both.psus >= alone.psus).all()
    assert both.total.psus > alone.total.psus


def test_a_unit_is_named_only_where_it_has_no_more_than_it_needs():
    uneven = Dataset.of(
        {
            "stratum": ["a", "b"],
            "unit": ["A", "B"],
            "psus": [900, 900],
            "population": [10**7, 10**5],
        }
    )
    plan = plan_of(uneven, replace(REQUEST, total=Targets(0.02), unit=Targets(0.06)))

    assert plan.binding == ("margin",)
    assert plan.unit_binding == {"B": ("margin",)}


def test_the_floor_decides_when_nobody_asks_for_more():
    plan = plan_of(provinces(), replace(REQUEST, total=Targets(0.2), unit=Targets()))

    assert plan.binding == ("minimum_psus",)
    assert set(plan.psus.tolist()) == {2}


def test_a_unit_gets_the_psus_it_must_have():
    plan = plan_of(provinces(), replace(REQUEST, unit=Targets(psus=30)))

    assert all(unit.psus >= 30 for unit in plan.units.values())
    assert plan.unit_binding["Tỉnh Hải Thanh"] == ("psus",)


def test_a_change_to_be_detected_sets_the_size():
    plan = plan_of(provinces(), replace(REQUEST, total=Targets(change=0.04), unit=Targets()))

    assert plan.binding == ("change",)
    assert plan.total.change <= 0.04
    panel = replace(plan.request, levels=Levels(correlation=0.5))
    assert plan_of(provinces(), panel).total.psus < 0.6 * plan.total.psus


def test_a_fixed_size_is_spent_but_never_exceeded():
    plan = plan_of(provinces(), replace(REQUEST, total=Targets(), unit=Targets(), respondents=999))

    assert plan.total.respondents == 83 * 12
    assert plan.binding == ("respondents",)


def test_neyman_is_at_least_as_precise_as_proportional_for_the_same_money():
    request = replace(REQUEST, total=Targets(), unit=Targets(), respondents=1200)
    plans = {r: plan_of(provinces(), replace(request, allocation=r)).total.se for r in RULES}

    assert plans["neyman"] <= plans["proportional"] < plans["power"] < plans["equal"]


def test_strata_taken_whole_are_taken_whole_and_the_surplus_goes_on():
    data = strata(psus=[1, 3, 40], population=[50000, 90000, 60000], whole=[1, 0, 0])
    plan = plan_of(data, PlanRequest(respondents=200, take=10, rho=0.02))

    assert plan.psus.tolist() == [1, 3, 16]


def test_small_psus_give_what_they_hold():
    data = strata(psus=[20, 20], population=[100, 90000])
    plan = plan_of(data, PlanRequest(respondents=150, take=12, rho=0.02, levels=Levels(
        response_rate=0.8)))  # fmt: skip

    assert plan.variation.take.tolist() == [4, 12]
    assert plan.psus.tolist() == [2, 11]


def test_people_drawn_directly_need_no_rho():
    data = strata(population=[1251])
    plan = plan_of(data, PlanRequest(Targets(0.03)))

    # 575.9 with z = 1.95996; with t = 1.96407 of 577 degrees of freedom
    # n0 = (1.96407 x 0.5 / 0.03)^2 = 1071.5 and 1071.5 / (1 + 1071.5 / 1251) = 577.2
    assert plan.psus.tolist() == [578]
    assert plan.take_from == "direct"
    assert plan.total.deff == pytest.approx(1.0)


def test_the_take_follows_from_what_a_psu_costs():
    request = PlanRequest(Targets(0.05), cost_ratio=20, rho=0.05)
    plan = plan_of(strata(psus=[900], population=[10**7]), request)

    assert (plan.request.take, plan.take_from) == (19, "optimal")  # sqrt(20 x 19) = 19.49


def test_the_previous_wave_gives_rate_spread_and_likeness_to_each_unit():
    data = strata(unit=["A", "B"], psus=[400, 400], population=[10**6, 10**6])
    plan = plan_of(data, PlanRequest(Targets(0.03), take=20), wave(A=30, B=3))

    assert plan.variation.rate.tolist() == [0.7, 0.8]
    assert plan.variation.rho.tolist() == pytest.approx([1.8 / 9, 0.9 / 9])
    assert plan.variation.rate_from == ("previous_unit", "previous_whole")


def test_as_many_forms_as_before_give_the_standard_error_of_before():
    data = strata(unit=["A"], psus=[10**5], population=[10**8])
    previous = wave(A=39)
    plan = plan_of(data, PlanRequest(respondents=400, take=10), previous)

    assert plan.total.se == pytest.approx(0.04, rel=0.001)
    assert plan.total.deff == pytest.approx(2.8, rel=0.001)


def test_what_the_request_says_goes_before_the_previous_wave_and_the_frame_before_both():
    data = strata(psus=[400, 400], population=[10**6, 10**6], p=[0.9, ""])
    request = PlanRequest(Targets(0.03), take=20, rho=0.01, rate=0.6)
    plan = plan_of(data, request, wave())

    assert plan.variation.rate.tolist() == [0.9, 0.6]
    assert plan.variation.rate_from == ("frame", "request")
    assert set(plan.variation.rho_from) == {"request"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rho": None}, "--rho, hoặc --previous"),
        ({"take": None}, "--take, hoặc --cost-ratio"),
        ({"take": None, "cost_ratio": 9.0, "rho": 0.0}, "nêu --take"),
        ({"total": Targets(0.001)}, "Toàn bộ: lấy hết 223 đơn vị chọn mẫu .* chưa đến 0.001"),
        ({"unit": Targets(0.005)}, "Tỉnh Hải Thanh: lấy hết 83 đơn vị chọn mẫu"),
        ({"total": Targets(), "respondents": 300}, "Cần ít nhất 540 phiếu .* không phải 300"),
    ],
)
def test_what_cannot_be_planned_is_refused(changes, words):
    with pytest.raises(Refusal, match=words):
        plan_of(provinces(), replace(REQUEST, **changes))


def test_a_rule_by_cost_names_the_stratum_without_one():
    data = strata(psus=[5, 5], population=[900, 900], cost=[1, ""])

    with pytest.raises(Refusal, match="Tầng «t1» chưa có chi phí"):
        plan_of(data, PlanRequest(Targets(0.2), take=5, rho=0.0, allocation="cost"))


def test_a_target_for_units_needs_units():
    with pytest.raises(Refusal, match=r"dàn\.csv không có cột «unit»"):
        plan_of(strata(psus=[5], population=[900]), replace(REQUEST, unit=Targets(0.2)))


def test_a_take_makes_no_sense_without_psus():
    with pytest.raises(Refusal, match="không có cột «psus»"):
        plan_of(strata(population=[900]), replace(REQUEST, unit=Targets()))


def test_too_few_who_answer_for_two_psus_are_refused_by_name():
    request = PlanRequest(Targets(0.2), take=5, rho=0.0, levels=Levels(response_rate=0.3))

    with pytest.raises(Refusal, match="Tầng «t0»: với tỷ lệ trả lời"):
        plan_of(strata(psus=[3], population=[3]), request)


def test_the_least_count_is_found_between_its_bounds():
    assert least(3, 90, lambda count: count >= 41) == 41
    assert least(3, 90, lambda count: True) == 3
    assert least(3, 90, lambda count: count >= 90) == 90
