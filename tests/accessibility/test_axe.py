"""The ways of looking find what is wrong: a check that finds nothing anywhere proves nothing."""

import pytest

from tests.accessibility.axe import (
    beyond_a_narrow_screen,
    cut_by_text_spacing,
    moving,
    violations,
    without_visible_focus,
)

HEAD = "<!doctype html><html lang='vi'><title>Trang</title><style>{}</style><main><h1>Trang</h1>{}"


@pytest.mark.parametrize(
    ("look", "style", "body", "found"),
    [
        (violations, "", "<img src='x.png'>", "image-alt"),
        (violations, "p { color: #aaa }", "<p>mờ quá</p>", "color-contrast"),
        (violations, "", "<button style='width: 9px; height: 9px'>a</button>" * 2, "target-size"),
        (beyond_a_narrow_screen, "p { width: 400px }", "<p>rộng</p>", "p «rộng»"),
        (
            cut_by_text_spacing,
            "p { width: 7em; height: 1.2em; overflow: hidden }",
            "<p>Ông/Bà có hài lòng không?</p>",
            "p «Ông/Bà có hài lòng không?»",
        ),
        (moving, "p { transition: color 1s }", "<p>chậm</p>", "p «chậm»"),
        (
            moving,
            "p { animation: go 2s infinite } @keyframes go { to { opacity: 0.5 } }",
            "<p>nháy</p>",
            "p «nháy»",
        ),
        (without_visible_focus, "a { outline: none }", "<a href='/'>về</a>", "no focus ring"),
        (
            without_visible_focus,
            "a:focus { outline: 3px solid } b { position: fixed; inset: 0 }",
            "<a href='/'>về</a><b>che</b>",
            "focus is hidden",
        ),
        (
            without_visible_focus,
            "a:focus { outline: 3px solid } a:last-child:focus { outline: none }",
            "<a href='/'>về</a> " * 21,
            "no focus ring: a «về»",
        ),
        (
            without_visible_focus,
            "a { outline: 3px solid }",
            "<a href='/'>về</a> " * 301,
            "not come",
        ),
    ],
)
def test_what_shuts_somebody_out_is_found(open_page, look, style, body, found):
    page = open_page()
    page.set_content(HEAD.format(style, body))

    assert any(found in wrong for wrong in look(page)), look(page)


def test_a_table_that_scrolls_itself_is_no_fault(open_page):
    page = open_page()
    style = "div { overflow-x: auto } p { width: 800px }"
    page.set_content(HEAD.format(style, "<div tabindex='0'><p>Bảng rộng</p></div>"))

    assert beyond_a_narrow_screen(page) == cut_by_text_spacing(page) == []


def test_looking_leaves_the_page_as_it_was(open_page):
    page = open_page(400, 700)
    page.set_content(HEAD.format("a:focus { outline: 3px solid }", "<a href='/'>về</a> " * 2))
    before = page.content()
    for look in (beyond_a_narrow_screen, cut_by_text_spacing, moving, without_visible_focus):
        assert look(page) == []

    assert page.content() == before
    assert page.evaluate("document.activeElement === document.body")
    assert page.viewport_size == {"width": 400, "height": 700}
    assert page.evaluate("document.adoptedStyleSheets.length") == 0
