"""An enrolled kiosk, for the files that look at it from different sides."""

import pytest

from tests.survey_app.web.kiosk_counter import Person, enrol, make_counter, serving


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
