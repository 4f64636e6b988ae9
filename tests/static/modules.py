"""A page that loads the scripts by their addresses, without a server of ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route

JS = Path(__file__).parents[2] / "static" / "js"
ORIGIN = "https://tablet.test/"


@contextmanager
def module_page(browser: Browser, answer: Callable[[Route], None] | None = None) -> Iterator[Page]:
    """An empty page in a profile of its own; `answer` is the service, else nobody answers."""

    def serve(route: Route) -> None:
        name = route.request.url.partition("/js/")[2]
        if name and not (JS / name).exists():
            route.fulfill(status=404)  # a test that waits for no answer waits for ever
        elif name:
            route.fulfill(path=JS / name, content_type="text/javascript")
        elif "/api/" not in route.request.url:
            route.fulfill(body="<title>SIPAS</title>", content_type="text/html")
        elif answer is None:
            route.abort()
        else:
            answer(route)

    page = browser.new_page()
    page.route(f"{ORIGIN}**", serve)
    page.goto(ORIGIN)
    yield page
    page.close()


def run(page: Page, module: str, body: str, given: Any = None) -> Any:
    """What `body` returns; in it `m` is the module and `given` what is given."""
    return page.evaluate(
        f"async (given) => {{ const m = await import('/js/{module}'); {body} }}", given
    )
