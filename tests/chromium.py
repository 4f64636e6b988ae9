"""How tests start a browser, and how they go from page to page in it."""

from typing import Any

from bench.chromium import SHELL, launching

LAUNCH = launching(SHELL)
SEEN = """(seen) => {
  Object.defineProperty(document, "visibilityState", { value: seen, configurable: true });
  Object.defineProperty(document, "hidden", { value: seen === "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def lead_on(page: Any, place: Any) -> None:
    """Click what leads to another page, and be there: a click alone may return before it comes."""
    with page.expect_navigation():
        place.click()


def be_seen(page: Any, seen: bool) -> None:
    """Let a page be out of sight, behind another app or on a dark screen, or be seen again."""
    page.evaluate(SEEN, "visible" if seen else "hidden")
