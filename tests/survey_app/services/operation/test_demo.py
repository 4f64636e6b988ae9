"""The demo waves come in whole, once, through the one door, and say what they are."""

import json
from collections import Counter
from datetime import date

import pytest
from sqlalchemy import delete, func, select

from survey_app.demo.figures import PROVENANCE
from survey_app.models.fieldwork import Assignment
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.models.units import Unit
from survey_app.models.waves import (
    CollectionPoint,
    PointUnit,
    Procedure,
    ReportedValue,
    Wave,
    WaveForm,
    WaveIndex,
    WavePoint,
    WaveUnit,
)
from survey_app.services.door.responses import accept_response
from survey_app.services.operation import demo
from survey_app.services.operation.demo import is_for_demo, load_demo, visitors_link
from survey_app.services.plan.procedures import all_procedures
from survey_app.services.plan.waves import door_of, fields_of_work, is_open
from tests.survey_app.factories import NOW, catalogue, make_wave, response_content

ALL = 486 + 740
KINDS = (
    *(Unit, Wave, WaveForm, WaveIndex, WaveUnit, CollectionPoint, WavePoint, ReportedValue),
    *(PointUnit, Procedure),
    *(Response, Answer, HeldResponse),
)


def load(database, now=NOW, progress=lambda *_: None):
    return load_demo(database.writing, catalogue(), now, progress)


def counts(database):
    with database.reading() as session:
        return {
            kind.__name__: session.scalar(select(func.count()).select_from(kind)) for kind in KINDS
        }


def wave(session, code):
    return session.scalars(select(Wave).where(Wave.code == code)).one()


def test_every_reconstructed_response_comes_in(demo_load, demo_database):
    assert demo_load.added == ALL

    with demo_database.reading() as session:
        query = select(Wave.code, func.count()).join(Response).group_by(Wave.code)
        assert dict(session.execute(query).all()) == {"sipas-2022": 486, "cbcc-2022": 740}


def test_a_second_load_adds_nothing(demo_database):
    before = counts(demo_database)

    assert load(demo_database) == 0
    assert counts(demo_database) == before


def test_a_load_cut_short_goes_on_where_it_stopped(sqlite_database, monkeypatch):
    class PowerCutError(Exception):
        pass

    def cut(code, done, _total):
        if code == "cbcc-2022" and done:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        load(sqlite_database, progress=cut)

    assert load(sqlite_database) == 740 - demo.BATCH
    assert counts(sqlite_database)["Response"] == ALL


def test_a_response_that_is_refused_stops_the_load(sqlite_database, monkeypatch):
    monkeypatch.setattr(demo, "_answers", lambda _row, _kinds: {"sex": "unheard of"})

    with pytest.raises(ValueError, match="R0001: rejected"):
        load(sqlite_database)

    assert counts(sqlite_database)["Response"] == 0


def test_the_progress_bar_starts_at_nothing_and_ends_at_everything(demo_load):
    assert demo_load.told[0] == ("sipas-2022", 0, 486)
    assert demo_load.told[-1] == ("cbcc-2022", 740, 740)


def test_reconstructed_waves_are_closed_labelled_and_their_issued_forms_unknown(demo_database):
    with demo_database.reading() as session:
        for code in ("sipas-2022", "cbcc-2022"):
            found = wave(session, code)
            assert (found.provenance, found.source) == (PROVENANCE, "probability")
            assert (found.opened_at.year, found.closed_at.year, found.issued) == (2022, 2022, None)
            assert not is_open(found, NOW)


def test_the_design_names_columns_that_every_citizen_has(demo_database):
    with demo_database.reading() as session:
        index = session.get_one(WaveIndex, (wave(session, "sipas-2022").id, "sipas-2022"))
        named = {index.stratum, index.weight, *index.psu.split(","), *index.fpc.split(",")}
        query = select(Response.frame).where(Response.questionnaire == "sipas-citizen")
        frames = [json.loads(frame) for frame in session.scalars(query)]

    assert named == {
        *("stratum", "commune", "village", "weight"),
        *("communes_in_stratum", "villages_in_commune"),
    }
    assert all(set(frame) == named for frame in frames)
    assert Counter(frame["stratum"] for frame in frames) == {"TPST": 162, "MX": 162, "VC": 162}


def test_answers_are_those_of_the_file(demo_database):
    rows = demo._rows("citizens_2022_reconstructed.csv")
    with demo_database.reading() as session:
        query = select(Answer.value, func.count()).join(Response)
        query = query.where(Answer.item == "s4_1").group_by(Answer.value)
        stored = dict(session.execute(query).all())
        several = set(session.scalars(select(Answer.value).where(Answer.item == "readiness")))

    assert stored == Counter(row["s4_1"] for row in rows if row["s4_1"])
    assert several >= {"4 5", "3 4 5"}


def test_the_silent_citizens_are_kept_with_what_they_did_say(demo_database):
    with demo_database.reading() as session:
        answered = select(Answer.response_id).where(Answer.item == "s1_1")
        query = select(Response.id).where(
            Response.questionnaire == "sipas-citizen", Response.id.not_in(answered)
        )
        silent = session.scalars(query).all()
        items = set(session.scalars(select(Answer.item).where(Answer.response_id.in_(silent))))

    assert len(silent) == 3
    assert "sex" in items
    assert not any(item.startswith(("p1", "s1", "expectation")) for item in items)


def test_2021_is_reported_with_document_and_place(demo_database):
    with demo_database.reading() as session:
        found = wave(session, "sipas-2021")
        query = select(ReportedValue).where(ReportedValue.wave_id == found.id)
        values = {value.leaf: value for value in session.scalars(query)}

        assert (found.source, found.opened_at) == ("reported", None)
        assert {leaf: value.rate for leaf, value in values.items()} == {
            **{"S1": 0.9095, "S2": 0.9042, "S3": 0.8975, "S4": 0.9045, "S5": 0.8600},
        }
        assert all("51/BC-SNV" in value.source for value in values.values())


def test_units_are_a_dated_tree(demo_database):
    with demo_database.reading() as session:
        units = {unit.code: unit for unit in session.scalars(select(Unit))}
        province, city = units["ST"], units["TPCT"]
        below = [unit for unit in units.values() if unit.parent_id == province.id]

        assert len(below) == 30
        assert {unit.valid_to for unit in (province, *below)} == {date(2025, 7, 1)}
        assert (city.valid_from, city.valid_to) == (date(2025, 7, 1), None)
        assert city.predecessor_id == province.id


def test_a_visitor_can_answer_at_units_of_today(demo_database):
    with demo_database.writing() as session:
        door = door_of(session, visitors_link(session, NOW), NOW)
        content = response_content(wave=door.wave, collection_point=door.point)

        assert (door.wave, door.questionnaire) == ("demo", "sipas-counter")
        assert wave(session, "demo").source == "self-selected"
        assert accept_response(session, content, NOW, catalogue()).status == "accepted"


def test_both_forms_have_points_and_every_point_a_unit_that_exists(demo_database):
    with demo_database.reading() as session:
        query = select(WavePoint.questionnaire, Unit).join(
            CollectionPoint, CollectionPoint.id == WavePoint.point_id
        )
        query = query.join(Unit, Unit.id == CollectionPoint.unit_id).join(
            Wave, Wave.id == WavePoint.wave_id
        )
        rows = session.execute(query.where(Wave.code == "demo")).all()

    assert Counter(form for form, _ in rows) == {"sipas-counter": 4, "sipas-citizen": 3}
    assert all(unit.valid_to is None for _, unit in rows)


def centre_of(session):
    query = select(CollectionPoint).join(Unit, Unit.id == CollectionPoint.unit_id)
    return session.scalars(query.where(Unit.code == "TTPVHCC")).one()


def test_a_visitor_finds_a_one_stop_centre_with_agencies_and_fields(demo_database):
    with demo_database.writing() as session:
        centre = centre_of(session)
        content = response_content(
            wave="demo", collection_point=centre.code, unit="SXD-CT", field="xay-dung"
        )
        receipt = accept_response(session, content, NOW, catalogue())
        stored = session.scalars(select(Response).where(Response.receipt == receipt.receipt)).one()

        assert [unit.code for unit in centre.units] == ["SNNMT-CT", "STC-CT", "SXD-CT"]
        assert {unit.valid_from for unit in centre.units} == {date(2025, 3, 1)}
        assert {unit.level for unit in centre.units} == {"department"}
        fields = {code for code, _name in fields_of_work(session)}
        assert len(fields) == 5
        below = [line.field[0] for line in all_procedures(session) if line.field]
        assert set(below) == fields
        assert session.get_one(Unit, stored.unit_id).code == "SXD-CT"
        assert session.get_one(Unit, stored.receiving_unit_id).code == "TTPVHCC"


def test_a_surveyor_finds_areas_with_households_and_private_questions(demo_database):
    with demo_database.reading() as session:
        areas = session.scalars(select(Assignment).order_by(Assignment.code)).all()
        form = session.get_one(WaveForm, (areas[0].wave_id, "sipas-citizen", "2022"))

        assert [area.code for area in areas] == ["PL-01", "PL-02", "PMX-01"]
        assert {area.selection for area in areas} == {"kish", "next_birthday"}
        asked = {item.code for item in catalogue().questionnaire(demo.CITIZEN).definition.items}
        assert set(form.private_items.split()) == {"harassment", "payment"} <= asked


def test_a_demo_loaded_before_there_was_a_centre_is_topped_up(demo_database):
    whole = counts(demo_database)
    with demo_database.writing() as session:
        centre = centre_of(session)
        units = [centre.unit, *centre.units]
        centre.units = []
        session.flush()
        for kind, column, value in (
            (WavePoint, WavePoint.point_id, centre.id),
            (WaveUnit, WaveUnit.unit_id, centre.unit_id),
        ):
            session.execute(delete(kind).where(column == value))
        for row in (
            centre,
            *units,
            *session.scalars(select(Procedure).order_by(Procedure.id.desc())),
        ):
            session.delete(row)
            session.flush()

    assert counts(demo_database) != whole
    assert load(demo_database) == 0
    assert counts(demo_database) == whole


def test_a_database_with_a_wave_of_its_own_is_not_for_the_demo(sqlite_database):
    with sqlite_database.writing() as session:
        assert is_for_demo(session)
        make_wave(session, code="sipas-2026")
        assert not is_for_demo(session)


def test_the_demo_loads_on_postgresql(postgresql_database):
    assert load(postgresql_database) == ALL
    assert load(postgresql_database) == 0
