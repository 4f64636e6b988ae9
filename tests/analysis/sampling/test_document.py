"""The document of a plan says what was assumed, what follows, and why."""

import json
from dataclasses import replace

import pytest

from analysis.dataset import Dataset
from analysis.render import to_csv, to_json, to_table
from analysis.sampling.document import (
    PLAN_COLUMNS,
    alternatives,
    plan_document,
    plan_rows,
    table_rows,
)
from analysis.sampling.expected import Levels
from analysis.sampling.plan import plan_of
from analysis.sampling.previous import Finding, PreviousWave
from analysis.sampling.request import PlanRequest, Targets

FRAME = Dataset.of(
    {
        "stratum": ["núi", "đồng bằng", "đảo"],
        "unit": ["A", "A", "B"],
        "psus": [20, 60, 2],
        "population": [40000, 240000, 3000],
        "cost": [3, 1, 8],
    },
    "dàn.csv",
)
REQUEST = PlanRequest(
    Targets(0.04), Targets(0.3), take=12, rho=0.03, levels=Levels(response_rate=0.8)
)
PLAN = plan_of(FRAME, REQUEST)
DOCUMENT = plan_document(PLAN)


def codes(document):
    return {reason["code"]: reason["names"] for reason in document["reasons"]}


def test_the_parts_add_up():
    total, units, strata = DOCUMENT["total"], DOCUMENT["units"], DOCUMENT["strata"]

    for key in ("population", "psus_in_frame", "psus", "respondents", "approached"):
        assert total[key] == sum(u[key] for u in units) == sum(s[key] for s in strata)
    assert total["cost"] == sum(s["cost"] for s in strata)
    assert total["n_effective"] == pytest.approx(total["respondents"] / total["deff"])


def test_every_assumption_is_spelled_out_with_its_source():
    request = DOCUMENT["request"]

    assert request["frame"] == "dàn.csv"
    assert (request["take"], request["take_source"]) == (12, "request")
    assert request["rate"] == {"low": 0.5, "high": 0.5, "source": ["default"]}
    assert request["rho"] == {"low": 0.03, "high": 0.03, "source": ["request"]}
    assert request["deff"]["high"] == pytest.approx(1.33)
    assert (request["confidence"], request["quantile"], request["response_rate"]) == (
        0.95,
        "t",
        0.8,
    )
    assert request["previous"] is None


def test_a_stratum_has_its_fractions_and_its_base_weight():
    row = plan_rows(PLAN)[0]

    assert (row["stratum"], row["unit"]) == ("núi", "A")
    assert row["psu_fraction"] == row["psus"] / 20
    assert row["base_weight"] == pytest.approx(40000 / row["respondents"])
    assert row["sampling_fraction"] == pytest.approx(1 / row["base_weight"])


def test_the_reasons_name_what_they_are_about():
    found = codes(DOCUMENT)

    assert found["binding_margin"] == []
    assert found["default_rate"] == ["núi", "đồng bằng", "đảo"]
    assert found["taken_whole"] == ["đảo"]
    assert "few_df" not in found or found["few_df"] == ["B"]


def test_the_units_that_decide_are_named():
    plan = plan_of(FRAME, replace(REQUEST, total=Targets(), unit=Targets(0.21)))

    assert codes(plan_document(plan))["binding_units"] == ["A"]
    assert codes(plan_document(plan))["unit_margin"] == ["A"]


def test_the_previous_wave_is_named_and_who_borrows_from_the_whole():
    whole = Finding(0.8, 0.016, 100, 1.9, 1000, False)
    few = Finding(0.7, 0.04, 2, 2.8, 400, False)
    before = PreviousWave("a.json", "sipas", "R", 10.0, 1.0, whole, {"B": few})
    document = plan_document(plan_of(FRAME, replace(REQUEST, rho=None), before))

    assert codes(document)["previous_whole"] == ["A", "B"]
    assert document["request"]["previous"]["deff"] == 1.9
    assert document["request"]["previous"]["rho"] == pytest.approx(0.1)
    assert document["request"]["rate"]["source"] == ["previous_whole"]


def test_without_degrees_of_freedom_there_is_no_margin():
    lone = Dataset.of({"stratum": ["a"], "psus": [1], "population": [1], "whole": [1]})
    document = plan_document(plan_of(lone, PlanRequest(respondents=1, take=1)))

    assert document["total"]["expected_margin"] is None


def test_it_can_be_written_in_every_format():
    text = to_json(DOCUMENT)

    assert json.loads(text) == DOCUMENT
    assert to_csv(plan_rows(PLAN), ()).startswith("stratum,unit,population,")
    table = to_table(table_rows(PLAN), PLAN_COLUMNS).splitlines()
    assert table[2].split()[:3] == ["Toàn", "bộ", "283000"]
    assert [line.split()[0] for line in table[3:]] == ["A", "A", "A", "B", "B"]


def test_alternatives_show_what_other_rules_and_takes_cost():
    plan = plan_of(FRAME, replace(REQUEST, unit=Targets(), cost_ratio=10.0))
    rows = alternatives(FRAME, plan, (8, 30))

    assert [(row["allocation"], row["take"]) for row in rows] == [
        ("proportional", 12),
        ("neyman", 12),
        ("cost", 12),
        ("power", 12),
        ("equal", 12),
        ("proportional", 8),
        ("proportional", 30),
    ]
    same, eight, thirty = rows[0], rows[-2], rows[-1]
    assert same["psus"] == plan.total.psus
    assert same["cost_in_respondents"] == 10 * same["psus"] + same["respondents"]
    assert eight["respondents"] < same["respondents"] < thirty["respondents"]
    assert eight["psus"] > same["psus"] > thirty["psus"]


def test_an_alternative_that_cannot_be_says_why():
    plan = plan_of(FRAME, replace(REQUEST, total=Targets(0.045), unit=Targets()))
    one = alternatives(FRAME, plan, (1,))[-1]

    assert one["psus"] is None
    assert one["cost_in_respondents"] is None
    assert "Toàn bộ: lấy hết 82 đơn vị chọn mẫu" in one["text"]
    assert [*one] == [*alternatives(FRAME, plan, ())[0]]
