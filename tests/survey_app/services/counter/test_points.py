"""Counters of a wave: found without accents, set up, closed, and their links renewed."""

import json
from datetime import date, timedelta

import pytest

from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.waves import Procedure, Wave
from survey_app.services.counter.links import (
    check_link,
    link_to,
    read_token,
    revoke_links,
    rotate_keys,
)
from survey_app.services.counter.points import (
    Wanted,
    add_counter,
    cards,
    clean_name,
    close_point,
    form_named,
    hours_as_text,
    point_in,
    points_of,
    read_hours,
    reopen_point,
    rotation,
    set_agencies,
    set_last_day,
    unit_named,
    units_on,
)
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables import paging
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import NOW, make_form, make_point, make_unit, make_wave
from tests.survey_app.statements import statements_of

KEY = "k" * 32
TODAY = date(2026, 11, 20)


@pytest.fixture
def session(sqlite_database):
    with sqlite_database.writing() as session:
        yield session


def found_by(session, wave, search):
    found = points_of(session, wave, Asked(search), KEY, NOW)
    return [line.name for line in found.lines]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("", ["Quầy Đất đai", "Quầy Hộ tịch"]),
        ("dat dai", ["Quầy Đất đai"]),
        ("QUẦY", ["Quầy Đất đai", "Quầy Hộ tịch"]),
        ("phu loi ho", ["Quầy Hộ tịch"]),
        ("PL2", ["Quầy Hộ tịch"]),
        ("%", []),
        ("không có", []),
    ],
)
def test_a_counter_is_found_by_words_without_accents(database, search, names):
    with database.writing() as session:
        wave = make_wave(session)
        make_point(session, wave, make_unit(session, code="MX"), name="Quầy Đất đai")
        unit = make_unit(session, name="Phường Phú Lợi", code="PL2")
        make_point(session, wave, unit, name="Quầy Hộ tịch")
        make_point(session, name="Quầy của đợt khác")

        assert found_by(session, wave, search) == names


def test_a_long_list_comes_in_pages(session, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    wave = make_wave(session)
    for _k in range(5):
        make_point(session, wave)

    def sizes(page):
        found = points_of(session, wave, Asked("", page), KEY, NOW)
        return (len(found.lines), found.page, found.pages, found.total)

    assert [sizes(page) for page in (1, 3, 9, -1)] == [
        *((2, 1, 3, 5), (1, 3, 3, 5), (1, 3, 3, 5), (2, 1, 3, 5)),
    ]


def test_a_line_tells_state_agencies_and_a_link_that_works(database):
    with database.writing() as session:
        wave = make_wave(session, links_expire_on=date(2027, 1, 31))
        point = make_point(session, wave)
        point.units = [make_unit(session), make_unit(session)]
        session.flush()
        (line,) = points_of(session, wave, Asked(), KEY, NOW).lines

        assert (line.closed_at, line.agencies, line.last_day) == (None, 2, date(2027, 1, 31))
        assert read_token(session, line.token, KEY).point_id == point.id


@pytest.mark.parametrize("given", ["PL", "Phường Phú Lợi", " phường phú lợi "])
def test_a_unit_is_meant_by_its_code_or_its_name(session, given):
    unit = make_unit(session, code="PL", name="Phường Phú Lợi")

    assert unit_named(units_on(session, TODAY), given) is unit


def test_a_unit_that_is_unknown_gone_or_not_the_only_one_of_its_name_is_refused(session):
    make_unit(session, code="OLD", valid_from=date(2004, 1, 1), valid_to=date(2025, 7, 1))
    for code in ("T1", "T2"):
        make_unit(session, code=code, name="Phường Trùng Tên")
    units = units_on(session, TODAY)

    for given, told in (
        ("OLD", "Không có"),
        ("", "Không có"),
        ("Phường Trùng Tên", "nhiều đơn vị"),
    ):
        with pytest.raises(Refusal, match=told):
            unit_named(units, given)


def test_a_counter_is_added_once_under_one_name(session):
    wave, unit = make_wave(session), make_unit(session)
    form = make_form(session, wave)
    point = add_counter(session, wave, unit, "  Quầy   1 ", form)

    assert point.name == "Quầy 1"
    with pytest.raises(Refusal, match="đã có quầy"):
        add_counter(session, wave, unit, "Quầy 1", form)
    assert add_counter(session, wave, make_unit(session), "Quầy 1", form).id != point.id


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Quầy\x00 1", "Quầy\u202e1"])
def test_a_name_that_cannot_be_printed_is_refused(name):
    with pytest.raises(Refusal, match="Tên quầy"):
        clean_name(name)


def test_what_is_not_of_the_wave_is_not_found(session):
    wave, other = make_wave(session), make_point(session)

    with pytest.raises(NotFound):
        point_in(session, wave, other.code)
    with pytest.raises(NotFound):
        wave_named(session, "none")
    with pytest.raises(Refusal):
        form_named(session, wave, "sipas-counter/1")


def test_hours_are_read_and_shown_as_they_are_typed():
    week = ["07:30-11:30, 13:30-17:00", "7h30 – 11h30", "", "", "", "", ""]
    written = read_hours(week)

    assert json.loads(written) == {
        "1": [["07:30", "11:30"], ["13:30", "17:00"]],
        "2": [["07:30", "11:30"]],
    }
    assert hours_as_text(written)[:3] == ("07:30-11:30, 13:30-17:00", "07:30-11:30", "")
    assert read_hours([""] * 7) is None
    assert hours_as_text(None) == ("",) * 7


@pytest.mark.parametrize(
    "given",
    [
        *("sáng", "07:30", "11:30-07:30", "07:30-07:30", "07:30-25:00", "07:99-08:00"),
        *("07:30-11:30, 11:00-17:00", "13:30-17:00, 07:30-11:30"),
    ],
)
def test_hours_that_are_none_name_the_day_and_an_example(given):
    with pytest.raises(Refusal, match=r"Thứ Tư chưa đúng.*07:30-11:30"):
        read_hours(["", "", given, "", "", "", ""])


def test_agencies_of_a_centre_are_set_kept_and_taken_away(database):
    with database.writing() as session:
        point = make_point(session)
        units = [make_unit(session, name=name) for name in ("Sở Xây dựng", "Sở Tài chính")]
        gone = make_unit(session, valid_from=date(2004, 1, 1), valid_to=date(2025, 7, 1))
        codes = [unit.code for unit in units]
        set_agencies(session, point, [*codes, *codes, point.unit.code], TODAY)
        assert {unit.code for unit in point.units} == set(codes)

        with pytest.raises(Refusal, match="Không có đơn vị"):
            set_agencies(session, point, [gone.code], TODAY)
        point.units = [gone]
        set_agencies(session, point, [gone.code], TODAY)
        assert point.units == [gone]
        set_agencies(session, point, [], TODAY)
        assert point.units == []


def test_a_closed_counter_is_not_printed_and_opens_again(session):
    wave = make_wave(session)
    point = make_point(session, wave)
    close_point(point, NOW)
    close_point(point, NOW + timedelta(days=1))

    assert point.closed_at == NOW
    with pytest.raises(Refusal, match="Không có quầy nào"):
        cards(session, wave, Wanted(), KEY, NOW)
    reopen_point(point)
    assert len(cards(session, wave, Wanted(), KEY, NOW)) == 1


def test_cards_are_of_all_open_counters_or_of_one(database):
    with database.writing() as session:
        wave = make_wave(session)
        made = [make_point(session, wave, name=f"Quầy {k}") for k in range(3)]
        close_point(made[2], NOW)

        assert [card.name for card in cards(session, wave, Wanted(), KEY, NOW)] == [
            "Quầy 0",
            "Quầy 1",
        ]
        (only,) = cards(session, wave, Wanted(made[1].code), KEY, NOW)
        assert read_token(session, only.token, KEY).point_id == made[1].id


def test_a_renewed_link_replaces_what_was_printed(session):
    wave = make_wave(session)
    point = make_point(session, wave)
    before = link_to(session, wave, point, NOW)
    revoke_links(session, wave, point)
    (card,) = cards(session, wave, Wanted(), KEY, NOW)

    with pytest.raises(Gone):
        check_link(session, before, NOW)
    check_link(session, read_token(session, card.token, KEY), NOW)


def test_cards_of_a_procedure_say_it_and_end_with_the_links_of_their_counter(session):
    wave = make_wave(session)
    points = [make_point(session, wave) for _ in range(2)]
    procedure = Procedure(code="HT.1", name="Đăng ký khai sinh")
    session.add(procedure)
    session.flush()
    printed = cards(session, wave, Wanted(procedure=procedure), KEY, NOW)
    links = [read_token(session, card.token, KEY) for card in printed]

    assert [card.procedure for card in printed] == ["Đăng ký khai sinh"] * 2
    assert [link.procedure_id for link in links] == [procedure.id] * 2
    revoke_links(session, wave, points[0])
    with pytest.raises(Gone):
        check_link(session, links[0], NOW)
    check_link(session, links[1], NOW)


def test_the_last_day_holds_for_what_is_printed_from_then_on(session):
    wave = make_wave(session)
    make_point(session, wave)
    set_last_day(wave, "2026-12-31", TODAY)
    assert cards(session, wave, Wanted(), KEY, NOW)[0].last_day == date(2026, 12, 31)

    set_last_day(wave, " ", TODAY)
    assert wave.links_expire_on is None
    for given in ("31/12/2026", "2026-02-30", "2026-11-19", "2099-01-01"):
        with pytest.raises(Refusal):
            set_last_day(wave, given, TODAY)


def test_a_rotation_is_told_with_the_codes_it_stops(database):
    days = [NOW + timedelta(days=k) for k in range(3)]
    with database.writing() as session:
        assert rotation(session).newest is None
        rotate_keys(session, days[0])
        assert (rotation(session).newest, rotation(session).stops_from) == (days[0], None)
        wave = make_wave(session)
        make_point(session, wave)
        (first,) = cards(session, wave, Wanted(), KEY, NOW)
        rotate_keys(session, days[1])
        (second,) = cards(session, wave, Wanted(), KEY, NOW)
        told = rotation(session)
        assert (told.stops_from, told.stops_until) == (days[0], days[1])

        rotate_keys(session, days[2])
        with pytest.raises(Gone):
            read_token(session, first.token, KEY)
        assert read_token(session, second.token, KEY)


def asked_of(database, number):
    """How many statements a list and the cards of so many counters take."""
    with database.writing() as session:
        wave = make_wave(session)
        wave_id = wave.id
        for place in range(number):
            make_point(session, wave, name=f"Quầy {place}")
    with statements_of(database) as told, database.writing() as session:
        wave = session.get_one(Wave, wave_id)
        assert len(points_of(session, wave, Asked(), KEY, NOW).lines) == number
        assert len(cards(session, wave, Wanted(), KEY, NOW)) == number
    return len(told)


def test_many_counters_are_asked_for_at_once(database):
    asked_of(database, 1)  # makes the first key

    assert asked_of(database, 12) == asked_of(database, 2)
