"""Signed links: printed once, readable for ever, useless when edited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_app.errors import NotFound
from survey_app.services.links import point_of, token_for

KEY = "k" * 32


@given(st.from_regex(r"[A-Z0-9.\-]{1,20}", fullmatch=True))
def test_a_token_names_its_point(code):
    assert point_of(token_for(code, KEY), KEY) == code


def test_an_address_that_is_printed_never_changes():
    assert token_for("D00001", KEY) == "D00001.CmU4R7nblxZs5Q"


def test_a_token_needs_no_escaping_in_an_address():
    token = token_for("D00001", KEY)

    assert all(sign.isascii() and (sign.isalnum() or sign in ".-_") for sign in token)


@given(st.data())
def test_an_edited_token_is_not_found(data):
    token = token_for("D00001", KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("ABCxyz019-_.é").filter(lambda s: s != token[place]))

    with pytest.raises(NotFound):
        point_of(token[:place] + sign + token[place + 1 :], KEY)


@pytest.mark.parametrize("token", ["", ".", "D00001", "D00001.", ".FBBkxW", "D00001.é"])
def test_what_is_no_token_is_not_found(token):
    with pytest.raises(NotFound):
        point_of(token, KEY)


def test_the_last_sign_counts_too():
    token = token_for("D00001", KEY)
    others = [token[:-1] + sign for sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if sign != token[-1]]

    for other in others:
        with pytest.raises(NotFound):
            point_of(other, KEY)


def test_another_installation_does_not_know_the_token():
    with pytest.raises(NotFound):
        point_of(token_for("D00001", KEY), "other" * 8)
