"""Moves of counters to another wave or version: who goes, who stays, and why."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.waves import CollectionPoint, WaveForm, WavePoint, WaveUnit
from survey_app.services.counter.point_moves import codes_found, look, move, movers_of, targets_of
from survey_app.services.door.responses import accept_response
from survey_app.services.plan.planning import Unfit
from survey_app.services.plan.waves import add_form, add_point, door_of
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import (
    NOW,
    link_of,
    make_assignment,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.version_factories import ONE, TWO

DAY = timedelta(days=1)
OPENED, PLANNED = NOW - 9 * DAY, None
CITIZEN = "sipas-citizen/2022"


def wave_of(session, shelf, code, opened_at=OPENED, forms=(ONE,), **changes):
    wave = make_wave(session, code=code, title=f"Đợt {code}", opened_at=opened_at, **changes)
    for name in forms:
        add_form(session, wave, name, shelf)
    session.refresh(wave)
    return wave


def points_in(session, wave, count=2, unit=None):
    form = session.get_one(WaveForm, (wave.id, "sipas-counter", "1"))
    units = [unit or make_unit(session) for _ in range(count)]
    return [add_point(session, wave, units[k], f"Quầy {k}", form).code for k in range(count)]


def asked(session, wave):
    query = select(WavePoint).where(WavePoint.wave_id == wave.id).order_by(WavePoint.point_id)
    return [f"{row.questionnaire}/{row.version}" for row in session.scalars(query)]


def why(found):
    return [str(one.refusal) for one in found.movers if one.refusal]


def test_where_points_can_go_depends_on_both_states(session, shelf):
    waves = {
        "now": wave_of(session, shelf, "now", forms=(ONE, TWO)),
        "other": wave_of(session, shelf, "other"),
        "next": wave_of(session, shelf, "next", PLANNED),
        "past": wave_of(session, shelf, "past", closed_at=NOW - DAY),
    }
    make_wave(session, source="reported")

    def keys(code):
        return {target.key for target in targets_of(session, waves[code], NOW)}

    own = {"now sipas-counter/1", "now sipas-counter/2"}
    assert keys("now") == own | {"next sipas-counter/1"}
    assert keys("next") == own | {"next sipas-counter/1", "other sipas-counter/1"}
    assert keys("past") == own | {"next sipas-counter/1", "other sipas-counter/1"}


def test_some_points_go_on_with_a_version_and_the_others_do_not(session, shelf):
    wave = wave_of(session, shelf, "w", forms=(ONE, TWO))
    first, second = points_in(session, wave)
    key = "w sipas-counter/2"

    assert look(session, wave, key, [second], NOW).moving == 1
    assert asked(session, wave) == [ONE, ONE]
    done = move(session, wave, key, [second], NOW)
    assert (done.moving, done.stays, done.both) == (1, False, False)
    assert asked(session, wave) == [ONE, TWO]
    assert why(look(session, wave, key, [first, second], NOW)) == ["Điểm đã dùng phiếu này."]


def test_a_point_keeps_its_questionnaire_within_a_wave(session):
    wave = make_wave(session, code="w")
    point = make_point(session, wave)
    make_point(session, wave, form=CITIZEN)
    session.refresh(wave)
    found = look(session, wave, f"w {CITIZEN}", [point.code], NOW)

    assert "phiên bản khác" in why(found)[0]
    with pytest.raises(Refusal, match="Không điểm nào"):
        move(session, wave, f"w {CITIZEN}", [point.code], NOW)


def test_points_of_an_open_wave_stay_for_what_was_begun_there(session, shelf):
    wave = wave_of(session, shelf, "now", closed_at=NOW + 9 * DAY)
    other = wave_of(session, shelf, "next", NOW + 20 * DAY)
    codes = points_in(session, wave)
    done = move(session, wave, "next sipas-counter/1", codes, NOW)

    assert (done.moving, done.stays, done.both) == (2, True, False)
    assert asked(session, wave) == asked(session, other) == [ONE, ONE]
    taking_part = session.scalars(select(WaveUnit.unit_id).where(WaveUnit.wave_id == other.id))
    assert len(taking_part.all()) == 2
    content = response_content(wave="now", collection_point=codes[0])
    assert accept_response(session, content, NOW, shelf).status == "accepted"


@pytest.mark.parametrize("opened_at", [PLANNED, NOW + DAY])
def test_waves_that_may_be_open_together_are_told(session, shelf, opened_at):
    wave = wave_of(session, shelf, "now", closed_at=NOW + 9 * DAY)
    wave_of(session, shelf, "next", opened_at)
    codes = points_in(session, wave, 1)

    assert look(session, wave, "next sipas-counter/1", codes, NOW).both is True


def test_points_leave_a_wave_that_is_only_planned(session, shelf):
    wave = wave_of(session, shelf, "plan", NOW + DAY)
    other = wave_of(session, shelf, "now")
    shared = make_unit(session)
    one, two = points_in(session, wave, 2, shared)
    (bound,) = points_in(session, wave, 1)
    point = session.scalars(select(WavePoint).order_by(WavePoint.point_id.desc())).first()
    make_assignment(session, session.get_one(CollectionPoint, point.point_id))
    found = look(session, wave, "now sipas-counter/1", [one, bound], NOW)
    assert why(found) == ["Điểm có phân công trong đợt «plan» nên ở lại."]

    def units(of):
        return set(session.scalars(select(WaveUnit.unit_id).where(WaveUnit.wave_id == of.id)))

    done = move(session, wave, "now sipas-counter/1", [one, bound], NOW)
    assert (done.moving, done.stays, done.both) == (1, False, False)
    assert len(asked(session, wave)) == 2
    assert shared.id in units(wave)  # its other counter is still there
    assert shared.id in units(other)
    move(session, wave, "now sipas-counter/1", [two], NOW)
    assert shared.id not in units(wave)


def test_a_moved_counter_collects_in_the_new_wave(session, shelf):
    wave = wave_of(session, shelf, "past", closed_at=NOW - DAY)
    other = wave_of(session, shelf, "now", forms=(ONE, TWO))
    codes = points_in(session, wave, 1)
    move(session, wave, "now sipas-counter/2", codes, NOW)
    point = session.scalars(select(WavePoint).where(WavePoint.wave_id == other.id)).one()
    counter = session.get_one(CollectionPoint, point.point_id)

    door = door_of(session, link_of(session, counter, other), NOW)
    assert (door.wave, door.version) == ("now", "2")


def test_who_is_there_already_stays(session, shelf):
    wave, other = wave_of(session, shelf, "a"), wave_of(session, shelf, "b", PLANNED)
    unit = make_unit(session)
    codes = points_in(session, wave, 2, unit)
    points_in(session, other, 1, unit)  # a counter of the same name
    key = "b sipas-counter/1"
    found = look(session, wave, key, codes, NOW)

    assert [one.name for one in found.movers] == ["Quầy 0", "Quầy 1"]
    assert "đã có quầy «Quầy 0»" in why(found)[0]
    move(session, wave, key, codes, NOW)
    assert "đã thuộc đợt «b»" in why(look(session, wave, key, codes[1:], NOW))[0]


def test_nothing_chosen_or_no_target_is_told_beside_each(session, shelf):
    wave = wave_of(session, shelf, "w", forms=(ONE, TWO))
    (code,) = points_in(session, wave, 1)

    for key, codes, wrong in [
        ("w sipas-counter/2", [], {"point"}),
        ("w sipas-counter/2", ["D99999"], {"point"}),
        ("", [code], {"to"}),
        ("other sipas-counter/1", [], {"point", "to"}),
    ]:
        with pytest.raises(Unfit) as refused:
            look(session, wave, key, codes, NOW)
        assert set(refused.value.problems) == wrong


def test_points_are_searched_and_paged_and_closed_ones_left_out(session, shelf):
    wave = wave_of(session, shelf, "w", forms=(ONE, TWO))
    codes = points_in(session, wave, 60)
    make_point(session, wave, name="Quầy đã đóng", closed_at=NOW)
    move(session, wave, "w sipas-counter/2", codes[:1], NOW)

    page = movers_of(session, wave, Asked(page=2))
    assert (page.total, page.pages, len(page.lines)) == (60, 2, 10)
    assert [one.code for one in movers_of(session, wave, Asked(only=TWO)).lines] == codes[:1]
    assert codes_found(session, wave, Asked(search=f"quay {codes[59]}")) == [codes[59]]
    assert len(codes_found(session, wave, Asked(only=ONE))) == 59
