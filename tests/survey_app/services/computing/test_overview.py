"""Waves at a glance: forms are counted with the reasons why some do not count."""

import pytest
from sqlalchemy import select, update

from survey_app.models.responses import Response
from survey_app.services.computing import overview
from survey_app.services.door.responses import accept_response
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
    make_run,
)


def void_one(session, wave, reason="trùng"):
    one = session.scalar(
        select(Response.id)
        .where(Response.wave_id == wave.id, Response.voided_at.is_(None))
        .limit(1)
    )
    changes = {"voided_at": NOW, "void_reason": reason}
    session.execute(update(Response).where(Response.id == one).values(**changes))


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

    counts = overview.counts_of(session, wave)

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

    assert overview.counts_of(session, wave).held == (("quarantined", 1),)


def test_every_unit_of_the_wave_is_counted_also_without_a_form(session):
    wave = make_wave(session)
    busy = make_point(session, wave, make_unit(session, name="A"))
    make_point(session, wave, make_unit(session, name="B"))
    make_answers(session, wave, busy, [{}] * 3)

    units = overview.counts_of(session, wave).units

    assert [(unit.name, unit.returned, unit.valid) for unit in units] == [("A", 3, 3), ("B", 0, 0)]


def test_a_wave_without_forms_has_no_rates(session):
    counts = overview.counts_of(session, make_wave(session))

    assert (counts.return_rate, counts.valid_rate, counts.units) == (None, None, ())


def test_the_list_shows_the_newest_run_of_each_index(session):
    wave = make_computable(session)
    make_run(session, wave)
    newest = make_run(session, wave, minutes=1)

    found = overview.waves(session, catalogue())

    assert [line.code for line in found] == [wave.code]
    assert [run.id for run in found[0].runs] == [newest.id]
    assert found[0].valid == 20
    assert len(overview.wave_page(session, catalogue(), wave.code, NOW).runs) == 2
