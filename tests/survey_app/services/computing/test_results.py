"""A Run unfolded: its tree, and last year beside it."""

from decimal import Decimal
from uuid import uuid4

import pytest

from survey_app.errors import NotFound
from survey_app.services.computing import overview, results
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
)
from tests.survey_app.results_factories import (
    make_answers,
    make_computable,
    make_reported,
    make_run,
)

RATES = {"S1": 0.9095, "S2": 0.9042, "S3": 0.8975, "S4": 0.9045, "S5": 0.86}


def page_of(session, run):
    return results.results_page(session, catalogue(), run.id)


def test_the_tree_is_indented_from_the_root(session):
    page = page_of(session, make_run(session, make_computable(session)))

    assert [(row.code, row.depth, row.is_leaf) for row in page.tree][:2] == [
        ("SIPAS", 0, False),
        ("S1", 1, True),
    ]
    assert page.tree[1].figure.estimate == 0.75
    assert page.tree[1].figure.n == 20


def test_last_year_is_found_by_code_and_by_the_same_children(session):
    before = make_reported(session, 2025, RATES)
    make_run(session, before, "sipas-2021")
    now = make_reported(session, 2026, {**RATES, "S1": 0.9195})
    page = page_of(session, make_run(session, now, "sipas-2021"))

    found = {row.code: row.before for row in page.tree}
    assert found["S1"].change == Decimal("1.00")
    assert found["S1"].year == 2025
    assert found["SIPAS"].change == Decimal("0.20")
    assert found["SIPAS"].significant is None
    assert found["SIPAS"].same_method
    assert page.tree[1].evidence == "Báo cáo, tr. 1"


def test_people_who_chose_to_answer_are_not_compared_with_a_sample(session):
    make_run(session, make_reported(session, 2025, RATES), "sipas-2021")
    wave = make_computable(session, year=2026)

    assert not page_of(session, make_run(session, wave)).with_before


def test_two_samples_are_compared_with_their_errors(session):
    for year, access in ((2025, "5"), (2026, "1")):
        wave = make_computable(session, n=30, year=year, source="probability")
        point = make_point(session, wave)
        make_answers(session, wave, point, [{"access": access, "staff": "5"}] * 30)
        run = make_run(session, wave)

    found = {row.code: row.before for row in page_of(session, run).tree}
    assert found["S1"].significant is True
    assert found["S3"].significant is False


def test_the_page_says_where_its_figures_come_from(session):
    run = make_run(session, make_computable(session))
    page = page_of(session, run)

    assert page.data_checksum == run.data_checksum
    assert page.definition_checksum == run.definition_checksum
    assert page.self_selected
    assert page.draft


def test_an_unknown_wave_or_run_is_not_found(session):
    with pytest.raises(NotFound):
        overview.wave_page(session, catalogue(), "none", NOW)
    with pytest.raises(NotFound):
        results.results_page(session, catalogue(), uuid4())
    with pytest.raises(NotFound):
        results.result_json(session, uuid4())
