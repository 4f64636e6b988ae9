"""What gunicorn says of a request names no request."""

import pytest
from gunicorn.config import Config

from survey_app.server_log import DiscreetLogger


@pytest.fixture
def log():
    config = Config()
    config.set("loglevel", "warning")
    return DiscreetLogger(config)


def test_a_malformed_request_is_not_quoted(log, caplog):
    log.warning("Invalid request from ip=203.0.113.9: Invalid HTTP request line: '/s/token'")

    said = caplog.text
    assert "Invalid request" in said
    assert "203.0.113.9" not in said
    assert "token" not in said


def test_an_error_is_told_by_its_place_not_by_its_words(log, caplog):
    receipt, token = "ABCDE23456", "s-token"
    try:
        try:
            raise KeyError(receipt)
        except KeyError as error:
            raise ValueError(token) from error
    except ValueError:
        log.exception("Error handling request %s %s", "GET", f"/s/{token}")

    said = caplog.text
    assert "Error handling request" in said
    assert "ValueError" in said
    assert "KeyError" in said
    assert "test_server_log" in said
    assert token not in said
    assert receipt not in said


def test_what_is_said_of_the_server_itself_stays_whole(log, caplog):
    log.warning("Worker with pid %s was terminated", 7)
    try:
        raise RuntimeError("Cần đặt SECRET_KEY")
    except RuntimeError:
        log.exception("Exception in worker process")

    said = caplog.text
    assert "Worker with pid 7 was terminated" in said
    assert "Cần đặt SECRET_KEY" in said
