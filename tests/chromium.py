"""How tests start a browser, and how they go from page to page in it."""

from typing import Any

from bench.chromium import SHELL, launching

LAUNCH = launching(SHELL)


def lead_on(page: Any, place: Any) -> None:
    """Click what leads to another page, and be there: a click alone may return before it comes."""
    with page.expect_navigation():
        place.click()
