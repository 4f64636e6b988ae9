"""Pages of a browser, and a server of this test's own behind them."""

from contextlib import ExitStack

import pytest

from tests.survey_app.web.served import served


@pytest.fixture
def serve():
    """Serve applications on free ports until the test ends; gives their addresses."""
    with ExitStack() as running:
        yield lambda app: running.enter_context(served(app))


@pytest.fixture
def open_page(browser):
    """Open pages, each of a person of their own; a phone unless a width is asked for."""
    contexts = []

    def open_one(width=360, height=740, **options):
        size = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=size, locale="vi-VN", **options))
        return contexts[-1].new_page()

    yield open_one
    for context in contexts:
        context.close()
