"""The one clock."""

from datetime import timedelta

from survey_app import clock


def test_the_clock_says_utc():
    assert clock.now().utcoffset() == timedelta(0)
