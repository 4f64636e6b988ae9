"""Days of Viet Nam, seven hours before those of Greenwich."""

from datetime import UTC, date, datetime, timedelta

import pytest

from survey_app.days import day_of, start_of


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 19, 16, 59, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 19, 17, 0, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_moment_lies_in_the_day_that_clocks_of_viet_nam_show(moment, day):
    assert day_of(moment) == day


def test_a_day_begins_with_its_first_moment():
    first = start_of(date(2026, 11, 20))

    assert first == datetime(2026, 11, 19, 17, 0, tzinfo=UTC)
    assert day_of(first) == date(2026, 11, 20)
    assert day_of(first - timedelta(microseconds=1)) == date(2026, 11, 19)
