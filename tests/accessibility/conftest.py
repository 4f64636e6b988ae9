"""A browser, and a server of this test's own behind it."""

from contextlib import ExitStack

import pytest

from bench.chromium import SHELL
from tests.chromium import LAUNCH
from tests.survey_app.web.served import served

sync_api = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def browser():
    if SHELL is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        yield browser
        browser.close()


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
