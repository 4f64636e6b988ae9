"""Is a page open to everybody? One function for each way of looking, each returns what is wrong.

For every browser test: `assert barriers(page) == []` looks in all ways at a page that is shown; the
page must run with JavaScript on, because the looking is done by scripts (the page itself may have
none). The ways can also be called one by one. axe-core comes from npm by `make assets`.
"""

from pathlib import Path
from typing import Any

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Describing what is right as well would take three times as long.
VIOLATIONS = """async tags => (await axe.run(document, {
    runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})).violations"""
NARROW = 320  # pixels: a screen of 1280 at 400 %, a phone of 640 at 200 % (WCAG 1.4.10, 1.4.4)
# WCAG 1.4.12: what a reader may set without losing anything.
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }"""
MOST_STOPS = 300

# An element as a person finds it again.
NAMED = """const named = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "")
    + (typeof e.className === "string" && e.className ? "." + e.className.split(" ")[0] : "")
    + " «" + (e.innerText || e.value || "").trim().slice(0, 30) + "»";"""
# What only screen readers hear is drawn in one pixel.
SHOWN = """const shown = e => { const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(e).visibility === "visible"; };"""
BEYOND = f"""() => {{ {NAMED} {SHOWN}
    const wide = document.documentElement.clientWidth;
    const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
        || scrolls(e.parentElement));
    return [...document.body.querySelectorAll("*")].filter(shown).filter(e =>
        !scrolls(e.parentElement) && (e.getBoundingClientRect().right > wide + 1
            || e.getBoundingClientRect().left < -1)).map(named); }}"""
# Text that does not fit its box: cut off when the box hides it, on top of others when not.
CUT = f"""() => {{ {NAMED} {SHOWN}
    const spills = e => {{ const style = getComputedStyle(e);
        if (style.display === "inline" || /auto|scroll/.test(style.overflow)) return false;
        return e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2; }};
    return [...document.body.querySelectorAll("*")].filter(shown).filter(e =>
        !["SELECT", "TEXTAREA", "INPUT", "PROGRESS"].includes(e.tagName)
        && !e.closest("svg") && spills(e)).map(named); }}"""
MOVING = f"""() => {{ {NAMED}
    const longest = text => Math.max(...text.split(",").map(one => parseFloat(one)));
    return [...document.querySelectorAll("*")].flatMap(e => [null, "::before", "::after"]
        .map(part => getComputedStyle(e, part))
        .filter(s => longest(s.transitionDuration) > 0
            || (s.animationName !== "none" && longest(s.animationDuration) > 0))
        .map(() => named(e))); }}"""
# Looks at each stop when Tab is pressed to leave it. The ring is on the element or on the row
# around it, and nothing lies over the middle of it.
STOPS = f"""() => {{ {NAMED}
    const walk = {{ stops: [], round: false }}, passed = new Set();
    document.activeElement.blur();
    window.scrollTo(0, 0);
    const ringed = x => {{ const s = getComputedStyle(x);
        return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; }};
    const middle = (start, end, most) => (Math.max(start, 0) + Math.min(end, most)) / 2;
    const look = e => {{
        const box = e.getBoundingClientRect();
        const top = document.elementFromPoint(
            middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));
        const seen = top && (e.contains(top) || top.contains(e)
            || (e.labels && [...e.labels].some(label => label.contains(top))));
        const ring = ringed(e) || ringed(e.parentElement);
        return {{ name: named(e), ringed: ring, seen: Boolean(seen) }}; }};
    let pressed = 0;
    walk.leave = () => {{
        const e = document.activeElement;
        if (pressed++ === 0 || walk.round) return;
        if (!e || e === document.body || passed.has(e)) walk.round = true;
        else {{ passed.add(e); walk.stops.push(look(e)); }} }};
    window.addEventListener("keydown", walk.leave, true);
    window.tabbing = walk; }}"""
ROUND = "() => tabbing.round"
WALKED = """() => { window.removeEventListener("keydown", tabbing.leave, true);
    document.activeElement.blur(); // a link that is seen only in focus lies over others
    return tabbing.stops; }"""
AT_ONCE = 10  # stops between two questions whether Tab has come round


def barriers(page: Any, with_keys: bool = True) -> list[str]:
    """Everything that is wrong with the page shown; it is shown in its first size afterwards.

    Motion and the ring of focus are the same in every language: without `with_keys` they are left
    out.
    """
    words = [*violations(page), *beyond_a_narrow_screen(page), *cut_by_text_spacing(page)]
    return [*words, *moving(page), *without_visible_focus(page)] if with_keys else words


def violations(page: Any) -> list[str]:
    """What axe-core finds of WCAG 2.2 A and AA: rule, place, reason."""
    if not page.evaluate("'axe' in window"):
        page.add_init_script(AXE)  # for the pages to come: half a megabyte is sent once
        page.evaluate(AXE)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in page.evaluate(VIOLATIONS, TAGS)
        for node in rule["nodes"]
    ]


def beyond_a_narrow_screen(page: Any) -> list[str]:
    """What lies outside a screen 320 pixels wide, other than inside a table that scrolls itself."""
    size = page.viewport_size
    page.set_viewport_size({"width": NARROW, "height": size["height"]})
    found = [f"beyond 320 px: {name}" for name in page.evaluate(BEYOND)]
    page.set_viewport_size(size)
    return found


def cut_by_text_spacing(page: Any) -> list[str]:
    """What is cut off or spills over when a reader spaces letters, words and lines.

    The style sheet is made by script: unlike a style element, it is no matter of the page's policy.
    """
    page.evaluate(
        """text => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text);
            document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; }""",
        SPACING,
    )
    found = [f"cut by text spacing: {name}" for name in page.evaluate(CUT)]
    found += [f"beyond the screen by text spacing: {name}" for name in page.evaluate(BEYOND)]
    page.evaluate("() => { document.adoptedStyleSheets = []; }")
    return found


def moving(page: Any) -> list[str]:
    """What still moves for a person who asked for reduced motion."""
    page.emulate_media(reduced_motion="reduce")
    found = [f"moves: {name}" for name in page.evaluate(MOVING)]
    page.emulate_media(reduced_motion="null")
    return found


def without_visible_focus(page: Any) -> list[str]:
    """Where Tab leads and no ring is seen, or something lies over the place."""
    page.evaluate(STOPS)
    for _ in range(MOST_STOPS // AT_ONCE):
        for _ in range(AT_ONCE):
            page.keyboard.down("Tab")  # held down: letting it go moves nothing
        if page.evaluate(ROUND):
            break
    else:
        return [f"Tab has not come round after {MOST_STOPS} stops"]
    page.keyboard.up("Tab")
    stops = page.evaluate(WALKED)
    hidden = [f"focus is hidden: {stop['name']}" for stop in stops if not stop["seen"]]
    return [f"no focus ring: {stop['name']}" for stop in stops if not stop["ringed"]] + hidden
