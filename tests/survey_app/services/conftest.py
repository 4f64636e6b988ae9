"""A wave that collects, on each database or where the database has no say in the outcome."""

import pytest

from tests.survey_app.one_door import make_door


@pytest.fixture
def door(database):
    return make_door(database)


@pytest.fixture
def sqlite_door(sqlite_database):
    return make_door(sqlite_database)
