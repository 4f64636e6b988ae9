"""Routing rules mean the same in the browser as in Python: one file of vectors, run in both."""

import json
from pathlib import Path

import pytest

from questionnaires.rules import holds, number

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "questionnaires" / "asked_if_vectors.json"
VECTORS = [v for v in json.loads(FILE.read_text(encoding="utf-8")) if "holds" in v]
WRITTEN = ["1", "1.0", "01", "-0", "+2", ".5", "5.", ".", "", " 1", "1e3", "0x1", "\u0661", "1,5"]
WRITTEN += ["9" * 15, "9" * 16, "NaN", "Infinity", "true", "--1"]


@pytest.fixture(scope="module")
def page(browser):
    """A page on which the module is loaded from its file, without a server."""
    source = (ROOT / "static" / "js" / "rules.js").read_text(encoding="utf-8")
    page = browser.new_page()
    page.add_script_tag(content=source + "\nwindow.rules = { holds, number };", type="module")
    page.wait_for_function("() => window.rules")
    yield page
    page.close()


def in_python(vector):
    answers = {k: tuple(v) if isinstance(v, list) else v for k, v in vector["answers"].items()}
    return holds(vector["rule"], answers, vector.get("outside"))


def test_every_vector_holds_in_both_or_in_neither(page):
    found = page.evaluate(
        "(vectors) => vectors.map((v) => rules.holds(v.rule, v.answers, v.outside ?? {}))", VECTORS
    )

    assert len(found) > 40
    wanted = [vector["holds"] for vector in VECTORS]
    wrong = [v["name"] for v, f, w in zip(VECTORS, found, wanted, strict=True) if f is not w]
    assert wrong == []
    assert [in_python(vector) for vector in VECTORS] == wanted


def test_the_same_texts_are_numbers_in_both(page):
    found = page.evaluate("(texts) => texts.map((text) => rules.number(text))", WRITTEN)

    assert found == [None if (n := number(text)) is None else float(n) for text in WRITTEN]


def test_names_that_every_object_has_are_no_answers(page):
    rule = ["!=", ["item", "constructor"], "1"]

    assert page.evaluate("(rule) => rules.holds(rule, {}, {})", rule) is False
    assert page.evaluate("(rule) => rules.holds(['not', rule], {}, {})", rule) is True
