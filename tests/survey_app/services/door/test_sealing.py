"""Nobody reads or changes a sealed form on its way."""

import base64
import json
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.models.waves import WaveKey
from survey_app.services.door.sealing import (
    find_public_key,
    make_public_key,
    open_sealed,
    seal,
)
from tests.survey_app.factories import make_wave, response_content

SECRET = "a secret of the tests, long enough for anybody"
IDENTITY = "5b4d0a52-5a43-4d0e-9a3c-0f4f2f9d8c11"
CONTENT = json.dumps({"id": IDENTITY, "answers": {"comment": "Cán bộ tận tình."}}).encode()


@pytest.fixture
def session(sqlite_database):
    with sqlite_database.writing() as session:
        yield session


@pytest.fixture
def key(session):
    return make_public_key(session, make_wave(session).id, SECRET)


def bits_of(sealed):
    """The sealed form with one bit of its bytes turned over, for each byte."""
    head, _, body = sealed.rpartition(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << (place % 8)
        yield f"{head}.{base64.urlsafe_b64encode(bytes(changed)).decode().rstrip('=')}"


def test_what_is_sealed_opens_with_the_key_of_the_wave(session, key):
    assert json.loads(open_sealed(session, SECRET, IDENTITY, seal(key, IDENTITY, CONTENT))) == (
        json.loads(CONTENT)
    )


def test_the_id_may_be_written_in_capitals(session, key):
    sealed = seal(key, IDENTITY.upper(), CONTENT)

    assert open_sealed(session, SECRET, IDENTITY, sealed).strip() == CONTENT


def test_a_wave_has_one_key_on_both_databases(database):
    with database.writing() as session:
        wave = make_wave(session).id
        assert find_public_key(session, wave) is None
        first = make_public_key(session, wave, SECRET)
        assert make_public_key(session, wave, SECRET) == first
        assert find_public_key(session, wave) == first
        assert session.scalar(select(func.count()).select_from(WaveKey)) == 1


def test_one_bit_turned_over_anywhere_is_noticed(session, key):
    sealed = seal(key, IDENTITY, CONTENT)
    changes = list(bits_of(sealed))

    assert len(changes) > 600
    for changed in changes:
        with pytest.raises(Refusal, match="không mở được"):
            open_sealed(session, SECRET, IDENTITY, changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.replace("s1.", "s2.", 1),
        lambda s: s.replace("s1.", "s1.0", 1),
        lambda s: s + "=",
        lambda s: s + "A",
        lambda s: s[:-4],
        lambda s: s.partition(".")[0],
        lambda s: "s1.999999." + s.rpartition(".")[2],
        lambda s: "s1." + "9" * 30 + "." + s.rpartition(".")[2],
        lambda s: "s1.²." + s.rpartition(".")[2],
        lambda s: "s1.1." + "A" * 124,
        lambda _s: "s1.1.é",
        lambda _s: "",
        lambda _s: None,
        lambda _s: ["s1"],
        lambda _s: "s1.1." + "A" * 2_000_000,
    ],
)
def test_what_was_never_sealed_here_is_refused(session, key, change):
    with pytest.raises(Refusal, match="không mở được"):
        open_sealed(session, SECRET, IDENTITY, change(seal(key, IDENTITY, CONTENT)))


def test_the_spare_bits_of_the_last_letter_cannot_be_changed(session, key):
    content = CONTENT
    sealed = seal(key, IDENTITY, content)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for letter in alphabet.replace(sealed[-1], ""):
        with pytest.raises(Refusal):
            open_sealed(session, SECRET, IDENTITY, sealed[:-1] + letter)


def test_a_seal_belongs_to_its_id_and_its_wave(session, key):
    other = make_public_key(session, make_wave(session).id, SECRET)
    sealed = seal(key, IDENTITY, CONTENT)

    with pytest.raises(Refusal):
        open_sealed(session, SECRET, str(uuid4()), sealed)
    moved = sealed.replace(f"s1.{key.wave_id}.", f"s1.{other.wave_id}.")
    with pytest.raises(Refusal):
        open_sealed(session, SECRET, IDENTITY, moved)


def test_the_database_alone_opens_nothing(session, key):
    row = session.get_one(WaveKey, key.wave_id)

    with pytest.raises(Refusal):
        open_sealed(session, SECRET + "x", IDENTITY, seal(key, IDENTITY, CONTENT))
    assert len(base64.urlsafe_b64decode(row.private_key + "==")) == 12 + 32 + 16


def test_a_sealed_form_tells_nothing_of_its_words_nor_of_its_length(session, key):
    short = json.dumps(response_content(), ensure_ascii=False).encode()
    long = json.dumps(response_content(answers={"comment": "Tốt"}), ensure_ascii=False).encode()
    sealed = [seal(key, IDENTITY, content) for content in (short, long)]

    assert len(short) != len(long)
    assert len(sealed[0]) == len(sealed[1])
    assert sealed[0] != seal(key, IDENTITY, short)
    assert all(b"answers" not in base64.urlsafe_b64decode(s.split(".")[2] + "==") for s in sealed)
