"""Routing rules mean what the file of vectors says; the browser runs the same file."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from questionnaires.rules import (
    EQUALITY,
    LOGIC,
    MEMBERSHIP,
    ORDER,
    holds,
    is_reference,
    is_well_formed,
    items_named,
    number,
)

VECTORS = json.loads(Path(__file__).with_name("asked_if_vectors.json").read_text(encoding="utf-8"))
EVALUATED = [vector for vector in VECTORS if "holds" in vector]
MALFORMED = [vector for vector in VECTORS if vector.get("well_formed") is False]


def operators_in(rule):
    if isinstance(rule, list) and rule and not is_reference(rule):
        yield rule[0]
        for part in rule[1:]:
            yield from operators_in(part)


@pytest.mark.parametrize("vector", EVALUATED, ids=lambda vector: vector["name"])
def test_rule_holds_as_its_vector_says(vector):
    answers = {
        item: tuple(answer) if isinstance(answer, list) else answer
        for item, answer in vector["answers"].items()
    }

    assert is_well_formed(vector["rule"])
    assert holds(vector["rule"], answers, vector.get("outside")) is vector["holds"]


@pytest.mark.parametrize("vector", MALFORMED, ids=lambda vector: vector["name"])
def test_malformed_rule_is_recognised(vector):
    assert is_well_formed(vector["rule"]) is False


def test_vectors_cover_every_operator_with_both_outcomes():
    seen = {(op, v["holds"]) for v in EVALUATED for op in operators_in(v["rule"]) if op != "item"}

    operators = (*LOGIC, *EQUALITY, *ORDER, *MEMBERSHIP)
    assert seen >= {(op, outcome) for op in operators for outcome in (True, False)}


def test_every_vector_is_of_one_kind_and_has_a_name_of_its_own():
    names = Counter(vector["name"] for vector in VECTORS)

    assert len(EVALUATED) + len(MALFORMED) == len(VECTORS) >= 60
    assert names.most_common(1)[0][1] == 1


def test_items_are_named_in_the_order_written():
    rule = ["or", ["==", ["item", "b"], "1"], ["not", ["in", ["item", "a"], ["item-like"]]]]

    assert list(items_named(rule)) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", "5"), ("-2", "-2"), ("+2", "2"), ("0.50", "0.5"), (".5", "0.5"), ("5.", "5"), (7, "7")],
)
def test_plain_decimals_are_numbers(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "-", "1,5", "1e5", "1e999999999", "1_000", "nan", "Infinity", "0x10", "٣"),
        *(" 5", "5\n", "1" * 16, "0." + "1" * 15),
    ],
)
def test_whatever_a_browser_might_read_otherwise_is_no_number(text):
    assert number(text) is None
