"""What the pages of results show: counts with reasons, and a Run unfolded."""

from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from survey_app.errors import NotFound
from survey_app.models.responses import Response
from survey_app.services import results
from survey_app.services.responses import accept_response
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.results_factories import (
    make_answers,
    make_computable,
    make_reported,
    make_run,
)

RATES = {"S1": 0.9095, "S2": 0.9042, "S3": 0.8975, "S4": 0.9045, "S5": 0.86}


@pytest.fixture
def session(database):
    with database.writing() as session:
        yield session


def void_one(session, wave, reason="trùng"):
    one = session.scalar(
        select(Response.id)
        .where(Response.wave_id == wave.id, Response.voided_at.is_(None))
        .limit(1)
    )
    changes = {"voided_at": NOW, "void_reason": reason}
    session.execute(update(Response).where(Response.id == one).values(**changes))


def page_of(session, run):
    return results.results_page(session, catalogue(), run.id)


def test_forms_are_counted_with_the_reasons_why_some_do_not_count(session):
    wave = make_computable(session, n=10, issued=40)
    void_one(session, wave)
    void_one(session, wave)
    void_one(session, wave, "thử máy")
    point = make_point(session, wave)
    content = response_content(wave=wave.code, collection_point=point.code)
    for answers in (content["answers"], {**content["answers"], "access": "1"}):
        accept_response(session, {**content, "answers": answers}, NOW, catalogue())
    unknown = response_content(wave=wave.code, collection_point=point.code, version="99")
    accept_response(session, unknown, NOW, catalogue())

    counts = results.counts_of(session, wave)

    assert (counts.issued, counts.returned, counts.valid) == (40, 11, 8)
    assert counts.return_rate == 11 / 40
    assert counts.valid_rate == 8 / 11
    assert counts.voided == (("trùng", 2), ("thử máy", 1))
    assert counts.held == (("conflict", 1), ("quarantined", 1))


@pytest.mark.parametrize("other", ["đợt-a", "ĐỢT-A", "đợt_a"])
def test_forms_kept_apart_are_those_of_this_wave(session, other):
    wave, beside = make_wave(session, code="đợt-A"), make_wave(session, code=other)
    for one, n in ((wave, 1), (beside, 2)):
        door = {"wave": one.code, "collection_point": make_point(session, one).code}
        for _k in range(n):
            unknown = response_content(**door, version="99")
            assert accept_response(session, unknown, NOW, catalogue()).receipt

    assert results.counts_of(session, wave).held == (("quarantined", 1),)


def test_every_unit_of_the_wave_is_counted_also_without_a_form(session):
    wave = make_wave(session)
    busy = make_point(session, wave, make_unit(session, name="A"))
    make_point(session, wave, make_unit(session, name="B"))
    make_answers(session, wave, busy, [{}] * 3)

    units = results.counts_of(session, wave).units

    assert [(unit.name, unit.returned, unit.valid) for unit in units] == [("A", 3, 3), ("B", 0, 0)]


def test_a_wave_without_forms_has_no_rates(session):
    counts = results.counts_of(session, make_wave(session))

    assert (counts.return_rate, counts.valid_rate, counts.units) == (None, None, ())


def test_the_list_shows_the_newest_run_of_each_index(session):
    wave = make_computable(session)
    make_run(session, wave)
    newest = make_run(session, wave, minutes=1)

    found = results.waves(session, catalogue())

    assert [line.code for line in found] == [wave.code]
    assert [run.id for run in found[0].runs] == [newest.id]
    assert found[0].valid == 20
    assert len(results.wave_page(session, catalogue(), wave.code).runs) == 2


def test_the_tree_is_indented_from_the_root(session):
    page = page_of(session, make_run(session, make_computable(session)))

    assert [(row.code, row.depth, row.is_leaf) for row in page.tree][:2] == [
        ("SIPAS", 0, False),
        ("S1", 1, True),
    ]
    assert page.tree[1].figure.estimate == 0.75
    assert page.tree[1].figure.n == 20


def test_items_of_the_tree_are_not_repeated_as_perceptions(session):
    page = page_of(session, make_run(session, make_computable(session)))

    assert [item.item for group in page.perceptions for item in group.items] == ["trips", "overall"]
    assert page.expectations == ()


def test_units_stand_with_the_best_on_top(session):
    wave = make_computable(session, n=20)
    point = make_point(session, wave, make_unit(session, name="Phường tốt"))
    make_answers(session, wave, point, [{"access": "5", "feedback": "5"}] * 20)

    page = page_of(session, make_run(session, wave))

    assert page.units[0].name == "Phường tốt"
    assert page.unit_columns[0][0] == "SIPAS"
    assert [unit.figures[0].rank for unit in page.units] == [None, None]  # self-selected


def test_a_unit_with_few_forms_is_hidden(session):
    wave = make_computable(session, n=20, units=2)
    point = make_point(session, wave, make_unit(session, code="NHO"))
    make_answers(session, wave, point, [{}] * 9)

    units = {unit.code: unit for unit in page_of(session, make_run(session, wave)).units}

    small = units["NHO"].figures[0]
    assert (small.status, small.estimate, small.n) == ("suppressed", None, None)


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


def test_points_have_a_shortfall():
    row = dict.fromkeys(results.Figure.__dataclass_fields__) | {"points": 0.8281, "max_points": 1.0}

    assert results.Figure.of(row).shortfall == 0.1719


def test_an_unknown_wave_or_run_is_not_found(session):
    with pytest.raises(NotFound):
        results.wave_page(session, catalogue(), "none")
    with pytest.raises(NotFound):
        results.results_page(session, catalogue(), uuid4())
    with pytest.raises(NotFound):
        results.result_json(session, uuid4())
