"""Enrolled kiosks and tablets, for the files that look at them from different sides."""

import pytest

from tests.survey_app.web.kiosk_counter import Person, enrol, make_counter, serving
from tests.survey_app.web.tablet_field import (
    COUNTER,
    LONG,
    Surveyor,
    limit_room,
    long_form,
    make_area,
    serving_field,
)


@pytest.fixture
def open_kiosk(browser, sqlite_database):
    """Enrol a browser at a new counter; returns the person before it."""
    contexts, servers = [], []

    def open_one(options=None, clock=None, **counter_changes):
        counter = make_counter(sqlite_database, **counter_changes)
        servers.append(serving(sqlite_database))
        address = servers[-1].__enter__()
        size = {"viewport": {"width": 1280, "height": 800}, "locale": "vi-VN"}
        contexts.append(browser.new_context(**size | (options or {})))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        if clock is not None:
            page.clock.install(time=clock)
        enrol(page, address, counter)
        person = Person(page)
        person.address, person.counter = address, counter
        return person

    yield open_one
    for context in contexts:
        context.close()
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def take_tablet(browser, sqlite_database, tmp_path):
    """Give somebody an enrolled tablet; `definitions` of the long form where that is asked."""
    contexts, servers = [], []

    def take(form=COUNTER, options=None, clock=None, room=None, questions=60, **changes):
        folder = tmp_path / "definitions"
        definitions = long_form(folder, questions) if form == LONG else None
        area = make_area(sqlite_database, form, definitions=definitions, **changes)
        servers.append(serving_field(sqlite_database, definitions))
        address = servers[-1].__enter__()
        size = {"viewport": {"width": 800, "height": 1280}, "locale": "vi-VN"}
        contexts.append(browser.new_context(**size | (options or {})))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        if clock is not None:
            page.clock.install(time=clock)
        if room is not None:
            limit_room(page, address, room)
        surveyor = Surveyor(page, address, area)
        surveyor.enrol()
        return surveyor

    yield take
    for context in contexts:
        context.close()
    for server in servers:
        server.__exit__(None, None, None)
