"""A recording is known by its bytes and named by its question."""

import io
import wave

import pytest

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.services.wording.prompts import LIMIT, Prompts, kind_of
from tests.survey_app.factories import COUNTER, catalogue

VERSION = catalogue().questionnaire(COUNTER).definition


def sound(frames=800):
    """A tenth of a second of silence."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\x00\x00" * frames)
    return stream.getvalue()


@pytest.fixture
def prompts(tmp_path):
    return Prompts(tmp_path / "definitions", tmp_path / "instance")


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (sound(), "wav"),
        (b"OggS\x00\x02", "ogg"),
        (b"ID3\x04\x00", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\x00\x00\x00\x20ftypM4A \x00", "m4a"),
        (b"\xff\xff\xff\xff", None),
        (b"\x00\x00\x00\x20ftypavif", None),
        (b"RIFF\x00\x00\x00\x00WEBP", None),
        (b"<svg onload='x'>", None),
        (b"\xff\xd8\xff\xe0JFIF", None),
        (b"", None),
    ],
)
def test_an_audio_file_is_known_by_its_first_bytes(content, ending):
    assert kind_of(content) == ending


def test_a_recording_replaces_the_one_before_whatever_its_kind(prompts):
    prompts.keep(VERSION, "km", "access", sound())
    first = prompts.of(VERSION, "km")["access"]
    prompts.keep(VERSION, "km", "access", b"OggS" + b"\x00" * 40)
    second = prompts.of(VERSION, "km")["access"]

    assert (first.mimetype, second.mimetype) == ("audio/wav", "audio/ogg")
    assert first.version != second.version
    assert second.path.name == "access.ogg"
    assert [path.name for path in second.path.parent.iterdir()] == ["access.ogg"]
    assert prompts.of(VERSION, "vi") == {}


def test_a_recording_counts_before_the_one_given_and_gives_way_to_it_again(prompts):
    given = prompts.given / "sipas-counter" / "1.km.audio"
    given.mkdir(parents=True)
    for name in ("access.wav", "staff.wav", "nobody.wav", "access.txt"):
        (given / name).write_bytes(sound())
    prompts.keep(VERSION, "km", "access", sound(400))

    found = prompts.of(VERSION, "km")
    assert {item: prompt.ours for item, prompt in found.items()} == {"access": True, "staff": False}

    prompts.remove(VERSION, "km", "access")
    prompts.remove(VERSION, "km", "staff")
    assert {item: one.ours for item, one in prompts.of(VERSION, "km").items()} == {
        "access": False,
        "staff": False,
    }


def test_what_is_no_recording_or_belongs_to_no_question_is_refused(prompts):
    with pytest.raises(Refusal, match="không phải âm thanh"):
        prompts.keep(VERSION, "km", "access", b"<html>")
    with pytest.raises(Refusal, match="1024 KB"):
        prompts.keep(VERSION, "km", "access", b"OggS" + b"\x00" * LIMIT)
    for item in ("../access", "nobody", ""):
        with pytest.raises(NotFound):
            prompts.keep(VERSION, "km", item, sound())
        with pytest.raises(NotFound):
            prompts.remove(VERSION, "km", item)
    assert not prompts.folder.exists()
