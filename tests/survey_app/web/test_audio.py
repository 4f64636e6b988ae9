"""A question can be listened to: served from here, in parts, and only when asked for."""

import pytest

from survey_app.services.wording.prompts import Prompts
from survey_app.web.audio import prompts_of
from tests.survey_app.factories import COUNTER, catalogue
from tests.survey_app.services.wording.test_prompts import sound
from tests.survey_app.web.citizen_door import Person, make_app, make_door

VERSION = catalogue().questionnaire(COUNTER).definition


@pytest.fixture
def app(sqlite_database, tmp_path):
    app = make_app(sqlite_database)
    app.extensions["prompts"] = Prompts(tmp_path / "definitions", tmp_path / "audio")
    return app


@pytest.fixture
def address(app):
    app.extensions["prompts"].keep(VERSION, "km", "access", sound())
    with app.test_request_context():
        (found,) = prompts_of(VERSION, "km").items()
    assert found[0] == "access"
    return found[1]


def ask(app, address, **options):
    """What is served at an address; the file behind it is closed."""
    answer = app.test_client().get(address, **options)
    answer.get_data()
    answer.close()
    return answer


def test_a_prompt_is_served_with_its_type_and_kept_for_a_year(app, address):
    answer = ask(app, address)

    assert answer.status_code == 200
    assert answer.data == sound()
    assert answer.content_type == "audio/wav"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_player_may_ask_for_a_part(app, address):
    answer = ask(app, address, headers={"Range": "bytes=4-7"})

    assert (answer.status_code, answer.data) == (206, sound()[4:8])
    assert answer.headers["Content-Range"] == f"bytes 4-7/{len(sound())}"


def test_an_address_of_an_older_recording_is_asked_again(app, address):
    answer = ask(app, address.split("?")[0] + "?v=old")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "sipas-counter/1/km/staff",
        "sipas-counter/1/vi/access",
        "sipas-counter/1/xx/access",
        "sipas-counter/1/km/access.wav",
        "sipas-counter/9/km/access",
        "sipas-counter/1/km/..%2Faccess",
        "../1/km/access",
    ],
)
def test_nothing_else_is_served(app, address, path):
    assert app.test_client().get(f"/audio/{path}").status_code == 404


def test_a_question_with_a_prompt_has_a_player_that_waits(app, address, sqlite_database):
    person = Person(app.test_client(), make_door(sqlite_database))
    person.begin()
    khmer, vietnamese = person.see("/1?lang=km").text, person.see("/1?lang=vi").text

    (player,) = [line for line in khmer.splitlines() if line.startswith("<audio")]
    assert address in player
    assert 'preload="none"' in player
    assert "autoplay" not in player
    assert 'aria-labelledby="listen-access"' in player
    assert 'id="listen-access">ស្តាប់សំណួរទី 1</p>' in khmer
    assert "<audio" not in vietnamese
