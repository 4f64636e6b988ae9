"""The browser that tests drive, and the mark of tests that need one."""

from typing import Any

import pytest

from bench.chromium import SHELL, launching

LAUNCH = launching(SHELL)
needs_chromium = pytest.mark.skipif(SHELL is None, reason="chromium is not installed")


def lead_on(page: Any, place: Any) -> None:
    """Click what leads to another page, and be there: a click alone may return before it comes."""
    with page.expect_navigation():
        place.click()
