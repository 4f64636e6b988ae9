"""What a person on a slow network has to load before the first screen, and not again afterwards."""

from datetime import timedelta

import pytest
from flask import request
from sqlalchemy import select

from survey_app import clock
from survey_app.models.waves import Wave
from tests.chromium import lead_on
from tests.survey_app.web.citizen_door import make_app, make_door
from tests.survey_app.web.served import served

MOST = 60_000  # bytes on the wire, of the first screen without fonts, and of the fonts of a script
KHMER = "noto-sans-khmer"


@pytest.fixture
def asked():
    """The paths that the server was asked for."""
    return []


@pytest.fixture
def address(sqlite_database, asked):
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    app = make_app(sqlite_database)
    app.before_request(lambda: asked.append(request.path))
    with served(app) as site:
        yield f"{site}{door}"


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="vi-VN")
    yield context.new_page()
    context.close()


def loaded(page, address):
    """Bytes on the wire by address, headers included."""
    names, sizes = {}, {}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on(
        "Network.responseReceived",
        lambda event: names.update({event["requestId"]: event["response"]["url"]}),
    )
    wire.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(address, wait_until="networkidle")
    return {names[one]: size for one, size in sizes.items() if one in names}


def split(sizes):
    """Bytes without fonts, of fonts for Latin letters, of the Khmer font."""
    fonts = {name: size for name, size in sizes.items() if ".woff2" in name}
    khmer = sum(size for name, size in fonts.items() if KHMER in name)
    return sum(sizes.values()) - sum(fonts.values()), sum(fonts.values()) - khmer, khmer


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_the_first_screen_is_light(page, address, language):
    rest, fonts, khmer = split(loaded(page, f"{address}?lang={language}"))

    assert 2_000 < rest < MOST / 4
    assert 15_000 < fonts < MOST / 2
    assert (khmer > 0) == (language == "km")
    assert khmer < MOST / 2


def test_no_page_in_vietnamese_loads_the_khmer_font(page, address, asked):
    page.goto(address)
    lead_on(page, page.locator("main .button").first)
    lead_on(page, page.locator("main .button").first)  # with errors
    page.goto(address.split("/s/")[0] + "/accessibility", wait_until="networkidle")

    assert len([path for path in asked if path.endswith(".woff2")]) == 2
    assert not any(KHMER in path for path in asked)


def test_afterwards_only_the_page_itself_is_loaded(page, address, asked):
    page.goto(address, wait_until="networkidle")
    asked.clear()
    lead_on(page, page.locator("main .button").first)
    page.wait_for_load_state("networkidle")
    page.goto(address, wait_until="networkidle")

    assert len(asked) >= 3
    assert [path for path in asked if path.startswith("/static/")] == []


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_every_letter_is_drawn_with_our_own_fonts(page, address, language):
    page.goto(f"{address}?lang={language}", wait_until="networkidle")
    page.evaluate("() => document.fonts.ready")
    wire = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        wire.send(f"{domain}.enable")
    root = wire.send("DOM.getDocument")["root"]["nodeId"]
    query = {"nodeId": root, "selector": "h1, p, li, a, button"}
    drawn = {
        (used["familyName"], used["isCustomFont"])
        for node in wire.send("DOM.querySelectorAll", query)["nodeIds"]
        for used in wire.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    }

    assert {family for family, _own in drawn} == {
        "Noto Sans",
        *(["Noto Sans Khmer"] if language == "km" else []),
    }
    assert all(own for _family, own in drawn)


@pytest.mark.parametrize("text", ["Hài lòng về thái độ phục vụ", "សូមអរគុណលោកអ្នក"])
def test_bold_is_drawn_and_not_smeared(page, address, text):
    page.goto(address)
    widths = page.evaluate(
        """async text => {
            const line = document.createElement("span");
            document.querySelector("main").append(line);
            line.textContent = text;
            const found = [];
            for (const weight of ["400", "700"]) {
                line.style.fontWeight = weight;
                line.offsetWidth;
                await document.fonts.ready;
                found.push(line.getBoundingClientRect().width);
            }
            return found;
        }""",
        text,
    )

    assert widths[1] > 1.03 * widths[0]
