"""A request out of range is refused by the name of its option."""

import pytest

from analysis.sampling.expected import Levels
from analysis.sampling.request import PlanRequest, Targets
from questionnaires.refusal import Refusal


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (PlanRequest(Targets(3.0)), "--margin phải lớn hơn 0 và nhỏ hơn 1, không phải 3"),
        (PlanRequest(unit=Targets(-0.1)), "--unit-margin"),
        (PlanRequest(Targets(change=0.0)), "--change"),
        (PlanRequest(Targets(0.1), rate=1.0), "--rate"),
        (PlanRequest(Targets(0.1), levels=Levels(confidence=95)), "--confidence"),
        (PlanRequest(Targets(0.1), levels=Levels(power=1.0)), "--power"),
        (PlanRequest(Targets(0.1), rho=-0.1), "--rho phải từ 0 đến 1, không phải -0.1"),
        (PlanRequest(Targets(0.1), levels=Levels(weight_effect=0.9)), "--weight-effect"),
        (PlanRequest(Targets(0.1), levels=Levels(response_rate=85)), "--response-rate"),
        (PlanRequest(Targets(0.1), levels=Levels(correlation=1.0)), "--correlation"),
        (PlanRequest(Targets(0.1), exponent=2.0), "--exponent"),
        (PlanRequest(Targets(0.1), minimum_psus=1), "--minimum-psus"),
        (PlanRequest(Targets(0.1), take=0), "--take"),
        (PlanRequest(Targets(0.1), rho=float("nan")), "--rho"),
        (PlanRequest(Targets(0.1), allocation="hoà"), "--allocation phải là một trong: prop"),
        (PlanRequest(Targets(0.1), respondents=500), "không nêu cả hai"),
        (PlanRequest(), "Cần một yêu cầu"),
    ],
)
def test_what_cannot_be_asked_is_refused(request_, words):
    with pytest.raises(Refusal, match=words):
        request_.require_sound()


def test_a_sound_request_is_let_through():
    PlanRequest(Targets(0.03), Targets(0.06, psus=8), take=12, rho=0.03).require_sound()
    PlanRequest(unit=Targets(0.06), respondents=900).require_sound()
