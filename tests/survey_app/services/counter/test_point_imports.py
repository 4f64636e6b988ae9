"""Counters from a table: every line is answered, and nothing is half-stored."""

from datetime import date

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.models.waves import CollectionPoint
from survey_app.services.counter.point_imports import plan_points, store_points
from survey_app.services.tables.line_reports import NEW, SAME, WRONG, read_table
from tests.survey_app.factories import make_form, make_point, make_unit, make_wave
from tests.survey_app.services.two_writers import one_after_the_other

TODAY = date(2026, 11, 20)


def plan(session, wave, text):
    return plan_points(session, wave, read_table(text.encode(), "quay.csv"), TODAY)


def points(session):
    return session.scalar(select(func.count()).select_from(CollectionPoint))


@pytest.fixture
def units(database):
    with database.writing() as session:
        for code, name in (
            ("PL", "Phường Phú Lợi"),
            ("STC", "Sở Tài chính"),
            ("SXD", "Sở Xây dựng"),
        ):
            make_unit(session, code=code, name=name)
    return database


def test_counters_come_in_with_their_agencies(units):
    with units.writing() as session:
        wave = make_wave(session)
        made = plan(
            session,
            wave,
            "đơn vị;tên quầy;cơ quan\nPL;Quầy 1;\nphường phú lợi;Quầy 2;STC | Sở Xây dựng | PL\n",
        )
        assert points(session) == 0
        assert store_points(session, wave, make_form(session, wave), made) == 2
        first, second = session.scalars(select(CollectionPoint).order_by(CollectionPoint.id))

        assert [line.status for line in made.report.lines] == [NEW, NEW]
        assert (first.units, [unit.code for unit in second.units]) == ([], ["STC", "SXD"])


def test_a_table_imported_in_two_windows_at_the_same_moment_adds_its_counters_once(units):
    with units.writing() as session:
        wave = make_wave(session)
        form = make_form(session, wave)

    def take_in(session):
        kept = session.merge(wave), session.merge(form)
        return store_points(session, *kept, plan(session, kept[0], "unit,name\nPL,Quầy 1\n"))

    assert one_after_the_other(units, take_in, take_in) == [1, 0]


def test_one_wrong_line_keeps_all_of_them_out(units):
    with units.writing() as session:
        wave = make_wave(session)
        made = plan(
            session, wave, "unit,name,agencies\nPL,Quầy 1,\nXX,Quầy 2,\nPL,Quầy 3,YY\nPL,,\n"
        )
        lines = {line.number: str(line.refusal or line.status) for line in made.report.lines}

        assert lines[2] == NEW
        assert "«XX»" in lines[3]
        assert "«YY»" in lines[4]
        assert "Tên quầy" in lines[5]
        with pytest.raises(Refusal, match="3 dòng sai"):
            store_points(session, wave, make_form(session, wave), made)
        assert points(session) == 0


def test_the_same_table_again_adds_nothing(units):
    with units.writing() as session:
        wave = make_wave(session)
        text = "unit,name\nPL,Quầy 1\nPL,Quầy 1\nSTC,Quầy 1\n"
        first = plan(session, wave, text)
        store_points(session, wave, make_form(session, wave), first)
        again = plan(session, wave, text)

        assert [line.status for line in first.report.lines] == [NEW, SAME, NEW]
        assert store_points(session, wave, make_form(session, wave), again) == 0
        assert points(session) == 2


def test_a_counter_of_another_wave_is_another_counter(units):
    with units.writing() as session:
        make_point(session, name="Quầy 1")

        assert plan(session, make_wave(session), "unit,name\nPL,Quầy 1\n").report.count(WRONG) == 0
