"""Waves: when they take responses, and what a point collects."""

from dataclasses import replace
from datetime import timedelta

import pytest

from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.waves import Procedure, Wave, WaveIndex, WavePoint, WaveUnit
from survey_app.services.plan.waves import (
    add_form,
    add_point,
    close_wave,
    door_of,
    fields_of_work,
    index_of,
    is_open,
    open_wave,
)
from tests.survey_app.factories import (
    NOW,
    catalogue,
    link_of,
    make_form,
    make_point,
    make_unit,
    make_wave,
)
from tests.survey_app.services.two_writers import one_after_the_other

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("opened", "closed", "moment", "expected"),
    [
        (None, None, NOW, False),
        (NOW, None, NOW - SECOND, False),
        (NOW, None, NOW, True),
        (NOW, NOW + SECOND, NOW, True),
        (NOW, NOW + SECOND, NOW + SECOND, False),
        (NOW, NOW, NOW, False),
    ],
)
def test_a_wave_is_open_from_its_opening_until_its_close(
    sqlite_database, opened, closed, moment, expected
):
    with sqlite_database.writing() as session:
        wave = make_wave(session, opened_at=opened, closed_at=closed)

    assert is_open(wave, moment) is expected


def test_a_wave_is_opened_and_closed_once(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, opened_at=None)

        with pytest.raises(Refusal, match=wave.code):
            close_wave(wave, NOW)
        open_wave(wave, NOW)
        with pytest.raises(Refusal, match="đã mở"):
            open_wave(wave, NOW)
        close_wave(wave, NOW + SECOND)
        with pytest.raises(Refusal, match="không mở"):
            close_wave(wave, NOW + SECOND)

    assert (wave.opened_at, wave.closed_at) == (NOW, NOW + SECOND)


def test_the_door_of_a_point(database):
    with database.writing() as session:
        wave = make_wave(session)
        unit = make_unit(session)
        point = make_point(session, wave, unit)

        door = door_of(session, link_of(session, point), NOW)

    assert (door.wave_id, door.wave, door.wave_title) == (wave.id, wave.code, wave.title)
    assert (door.point_id, door.point) == (point.id, point.code)
    assert (door.unit, door.unit_name) == (unit.code, unit.name)
    assert (door.questionnaire, door.version) == ("sipas-counter", "1")


def test_a_link_to_a_point_that_is_not_of_the_wave_is_gone(database):
    with database.writing() as session:
        link = link_of(session, make_point(session))

        with pytest.raises(Gone):
            door_of(session, replace(link, point_id=link.point_id + 1), NOW)


@pytest.mark.parametrize("changes", [{"opened_at": None}, {"closed_at": NOW}])
def test_a_point_without_an_open_wave_is_gone(database, changes):
    with database.writing() as session:
        point = make_point(session, make_wave(session, **changes))

        with pytest.raises(Gone):
            door_of(session, link_of(session, point), NOW)


def test_a_point_is_closed_from_its_moment_on(database):
    with database.writing() as session:
        point = make_point(session, closed_at=NOW)

        link = link_of(session, point)
        assert door_of(session, link, NOW - SECOND).point == point.code
        with pytest.raises(Gone):
            door_of(session, link, NOW)


def test_a_point_outlives_waves_and_each_has_links_of_its_own(database):
    with database.writing() as session:
        old = make_wave(session, closed_at=NOW - SECOND)
        planned = make_wave(session, opened_at=None)
        new = make_wave(session)
        point = make_point(session, old)
        for wave in (planned, new):
            form = make_form(session, wave)
            session.add(
                WavePoint(
                    wave_id=wave.id,
                    point_id=point.id,
                    questionnaire=form.questionnaire,
                    version=form.version,
                )
            )
        session.flush()

        assert door_of(session, link_of(session, point, new), NOW).wave == new.code
        for wave in (old, planned):
            with pytest.raises(Gone):
                door_of(session, link_of(session, point, wave), NOW)


def test_codes_of_points_are_never_given_twice(database):
    with database.writing() as session:
        wave, unit = make_wave(session), make_unit(session)
        form = make_form(session, wave)
        first = add_point(session, wave, unit, "Quầy 1", form).code
        second = add_point(session, wave, unit, "Quầy 2", form).code

        assert first != second
        assert session.get(WaveUnit, (wave.id, unit.id)) is not None


def test_a_form_is_used_with_the_checksum_of_the_day(database):
    with database.writing() as session:
        form = add_form(session, make_wave(session), "sipas-citizen/2022", catalogue())

    assert (form.questionnaire, form.version) == ("sipas-citizen", "2022")
    assert form.checksum == catalogue().questionnaire("sipas-citizen/2022").checksum


def test_a_form_that_is_not_shipped_cannot_be_used(database):
    with database.writing() as session, pytest.raises(Refusal, match="sipas-citizen/1999"):
        add_form(session, make_wave(session), "sipas-citizen/1999", catalogue())


def test_how_a_wave_is_computed_into_an_index(database):
    with database.writing() as session:
        wave = make_wave(session)
        session.add(WaveIndex(wave_id=wave.id, index_code="sipas-2022", stratum="stratum"))
        session.flush()

        assert index_of(session, wave, "sipas-2022").stratum == "stratum"
        with pytest.raises(NotFound, match="sipas-2021"):
            index_of(session, wave, "sipas-2021")


def test_fields_are_procedures_without_a_parent(database):
    with database.writing() as session:
        field = Procedure(code="DD", name="Đất đai")
        session.add(field)
        session.flush()
        session.add(Procedure(code="DD.1", name="Đăng ký đất đai", parent_id=field.id))

        assert fields_of_work(session) == (("DD", "Đất đai"),)


def test_two_counters_added_at_the_same_moment_have_codes_of_their_own(database):
    with database.writing() as session:
        unit, forms = make_unit(session), [make_form(session), make_form(session)]

    def add(form):
        def at(session):
            wave = session.get_one(Wave, form.wave_id)
            return add_point(session, wave, session.merge(unit), "Quầy", form).code

        return at

    first, second = one_after_the_other(database, *(add(form) for form in forms))

    assert first != second
