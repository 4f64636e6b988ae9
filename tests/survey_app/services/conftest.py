"""What tests of services begin with, on each database or where it has no say in the outcome."""

import pytest

from tests.survey_app.factories import make_point, make_unit, make_wave
from tests.survey_app.one_door import make_door
from tests.survey_app.services.checking.quality_counter import Counter
from tests.survey_app.version_factories import three_versions


@pytest.fixture
def door(database):
    return make_door(database)


@pytest.fixture
def sqlite_door(sqlite_database):
    return make_door(sqlite_database)


@pytest.fixture
def session(database):
    with database.writing() as session:
        yield session


@pytest.fixture
def counter(database):
    return Counter(database)


@pytest.fixture
def shelf(tmp_path):
    """A catalogue in which one questionnaire was published three times."""
    return three_versions(tmp_path)


@pytest.fixture
def waves(database):
    """A wave with a point at two units."""
    with database.writing() as session:
        wave = make_wave(session)
        units = [make_unit(session) for _ in range(2)]
        return wave, [make_point(session, wave, unit) for unit in units]
