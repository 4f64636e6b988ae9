"""Signed links: they say where they lead, until when, and are useless when edited."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from survey_app.errors import Gone, NotFound
from survey_app.models.waves import Procedure
from survey_app.services.counter.links import (
    check_link,
    link_to,
    read_token,
    revoke_links,
    rotate_keys,
    token_of,
)
from tests.survey_app.factories import NOW, link_of, make_point, make_wave

KEY = "k" * 32
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def session(sqlite_database):
    with sqlite_database.writing() as session:
        yield session


@pytest.fixture
def link(session):
    return link_of(session, make_point(session))


def test_a_token_says_wave_unit_counter_and_procedure(database):
    with database.writing() as session:
        wave = make_wave(session, links_expire_on=date(2027, 1, 31))
        point = make_point(session, wave)
        field = Procedure(code="dat-dai", name="Đất đai")
        session.add(field)
        session.flush()
        link = link_to(session, wave, point, NOW, field)
        token = token_of(session, link, KEY, NOW)

        assert read_token(session, token, KEY) == link
    assert (link.wave_id, link.unit_id, link.point_id) == (wave.id, point.unit_id, point.id)
    assert (link.procedure_id, link.last_day) == (field.id, date(2027, 1, 31))


def test_a_token_is_short_and_needs_no_escaping(session, link):
    token = token_of(session, link, KEY, NOW)

    assert len(token) == 44
    assert set(token) <= set(SIGNS)


def test_the_same_link_is_printed_alike_every_time(session, link):
    assert token_of(session, link, KEY, NOW) == token_of(session, link, KEY, NOW)


def test_every_edited_sign_is_noticed(session, link):
    token = token_of(session, link, KEY, NOW)
    edited = [
        token[:place] + sign + token[place + 1 :]
        for place in range(len(token))
        for sign in SIGNS
        if sign != token[place]
    ]

    assert len(edited) == 44 * 63
    for other in edited:
        with pytest.raises(NotFound):
            read_token(session, other, KEY)


@pytest.mark.parametrize("token", ["", ".", "D00001", "A" * 44, "A" * 43, "é" * 44, "A" * 45])
def test_what_is_no_token_is_not_found(session, link, token):
    token_of(session, link, KEY, NOW)

    with pytest.raises(NotFound):
        read_token(session, token, KEY)


def test_another_installation_does_not_know_the_token(session, link):
    with pytest.raises(NotFound):
        read_token(session, token_of(session, link, KEY, NOW), "other" * 8)


def test_two_keys_are_valid_at_a_time(session, link):
    first = token_of(session, link, KEY, NOW)
    rotate_keys(session, NOW)
    second = token_of(session, link, KEY, NOW)

    assert first != second
    assert read_token(session, first, KEY) == read_token(session, second, KEY) == link
    rotate_keys(session, NOW)
    assert read_token(session, second, KEY) == link
    with pytest.raises(Gone):
        read_token(session, first, KEY)


def test_a_link_works_through_its_last_day_in_viet_nam(session, link):
    ending = replace(link, last_day=date(2026, 11, 20))

    check_link(session, ending, datetime(2026, 11, 20, 16, 59, tzinfo=UTC))
    with pytest.raises(Gone):
        check_link(session, ending, datetime(2026, 11, 20, 17, 0, tzinfo=UTC))


def test_a_wave_that_does_not_say_so_has_links_for_more_than_a_year(session, link):
    assert link.last_day - NOW.date() > timedelta(days=365)


def test_revoking_takes_back_what_was_printed_before(session):
    wave = make_wave(session)
    point, other = make_point(session, wave), make_point(session, wave)
    before, untouched = link_of(session, point), link_of(session, other)
    revoke_links(session, wave, point)

    with pytest.raises(Gone):
        check_link(session, before, NOW)
    check_link(session, link_of(session, point), NOW)
    check_link(session, untouched, NOW)


def test_a_counter_outside_the_wave_has_no_link(session):
    with pytest.raises(NotFound):
        link_to(session, make_wave(session), make_point(session), NOW)
