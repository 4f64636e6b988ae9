"""At a one-stop centre the desk receives, and the agency that resolved the dossier is rated."""

import pytest
from sqlalchemy import select

from survey_app.models.responses import Response
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure, Wave, WavePoint
from survey_app.services.counter.links import link_to
from survey_app.services.door.responses import accept_response
from survey_app.services.plan.waves import door_of
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)


@pytest.fixture
def centre(session):
    """A desk of a centre that serves two agencies, and a field."""
    point = make_point(session, make_wave(session, code="w"), make_unit(session, code="TT"))
    point.units = [make_unit(session, code=code) for code in ("STC", "SXD")]
    session.add(Procedure(code="dat-dai", name="Đất đai"))
    session.flush()
    return point


def send(session, point, **changes):
    content = response_content(wave="w", collection_point=point.code, **changes)
    return accept_response(session, content, NOW, catalogue())


def code_of(session, unit_id):
    return session.get_one(Unit, unit_id).code


def test_receiving_and_resolving_unit_are_two_fields(session, centre):
    for agency in ("STC", "SXD"):
        receipt = send(session, centre, unit=agency, field="dat-dai")
        stored = session.scalars(select(Response).where(Response.receipt == receipt.receipt)).one()

        assert code_of(session, stored.unit_id) == agency
        assert code_of(session, stored.receiving_unit_id) == "TT"
        assert session.get_one(Procedure, stored.procedure_id).code == "dat-dai"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, "missing_unit"),
        ({"unit": "OTHER"}, "wrong_unit"),
        ({"unit": "STC", "field": "khac"}, "unknown_field"),
    ],
)
def test_what_was_rated_must_be_said_and_be_known(session, centre, changes, problem):
    make_unit(session, code="OTHER")
    receipt = send(session, centre, **changes)

    assert receipt.status == "rejected"
    assert [found.code for found in receipt.problems] == [problem]
    assert session.scalars(select(Response)).all() == []


def test_a_plain_counter_receives_and_resolves(session):
    point = make_point(session, make_wave(session, code="w"))
    receipt = send(session, point)
    stored = session.scalars(select(Response).where(Response.receipt == receipt.receipt)).one()

    assert stored.unit_id == stored.receiving_unit_id == point.unit_id


def test_the_door_names_the_agencies_and_the_field_of_the_link(session, centre):
    wave = door_wave(session, centre)
    field = session.scalars(select(Procedure)).one()
    plain, named = (
        door_of(session, link_to(session, wave, centre, NOW, chosen), NOW)
        for chosen in (None, field)
    )

    assert {code for code, _name in plain.agencies} == {"STC", "SXD"}
    assert (plain.unit, plain.field, named.field) == ("TT", None, "dat-dai")


def door_wave(session, point):
    query = select(Wave).join(WavePoint, WavePoint.wave_id == Wave.id)
    return session.scalars(query.where(WavePoint.point_id == point.id)).one()
