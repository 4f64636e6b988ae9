"""Routing rules (`asked_if`): a JSON tree evaluated on the answers given so far, without eval."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

Answer = str | tuple[str, ...]
LOGIC = ("and", "or", "not")
EQUALITY = ("==", "!=")
ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
MEMBERSHIP = ("in", "has")
MOST_DIGITS = 15


def number(text: object) -> Decimal | None:
    """Read a number that travels as text; None when it is not one.

    Only plain decimals of at most 15 digits are numbers: up to there a browser, which computes in
    binary, orders them exactly as Python does, and no short text grows into a huge number.
    """
    written = str(text)
    if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*", written):
        return None
    return Decimal(written) if 1 <= sum(map(str.isdigit, written)) <= MOST_DIGITS else None


def is_reference(operand: object) -> bool:
    """Say whether an operand is `["item", CODE]` and not a constant."""
    if not isinstance(operand, list | tuple) or len(operand) != 2:
        return False
    return operand[0] == "item" and isinstance(operand[1], str)


def items_named(rule: Any) -> Iterator[str]:
    """Yield the code of every item a rule reads, in the order written."""
    if is_reference(rule):
        yield str(rule[1])
    elif isinstance(rule, list | tuple):
        for part in rule:
            yield from items_named(part)


def is_well_formed(rule: Any) -> bool:
    """Say whether a rule has a known operator and as many operands as it takes."""
    if not isinstance(rule, list | tuple) or not rule or is_reference(rule):
        return False
    op, *operands = rule
    if op in LOGIC:
        right_count = len(operands) == 1 if op == "not" else len(operands) >= 1
        return right_count and all(is_well_formed(part) for part in operands)
    if op not in (*EQUALITY, *ORDER, *MEMBERSHIP) or len(operands) != 2:
        return False
    left, right = operands
    if op == "in":
        if not isinstance(right, list | tuple) or is_reference(right):
            return False
        return _is_value(left) and all(_is_constant(constant) for constant in right)
    if op == "has":
        return is_reference(left) and _is_value(right)
    return _is_value(left) and _is_value(right)


def holds(
    rule: Any, answers: Mapping[str, Answer], outside: Mapping[str, Collection[str]] | None = None
) -> bool:
    """Evaluate a rule on the on-path answers so far.

    `outside` gives, per item, the codes that lie outside its scale: such an answer equals itself
    but is neither less nor more than anything. A comparison with an unanswered item is false,
    whatever the operator; `not` is plain negation.
    """
    op, *operands = rule
    if op == "and":
        return all(holds(part, answers, outside) for part in operands)
    if op == "or":
        return any(holds(part, answers, outside) for part in operands)
    if op == "not":
        return not holds(operands[0], answers, outside)
    left, right = (_value(operand, answers) for operand in operands)
    if left is None or right is None:
        return False
    if op == "has":
        return any(_equal(code, right) for code in (left if isinstance(left, tuple) else [left]))
    if op == "in":
        return any(_equal(left, constant) for constant in right)
    if op == "==":
        return _equal(left, right)
    if op == "!=":
        return not _equal(left, right)
    if any(_is_outside(operand, answers, outside or {}) for operand in operands):
        return False
    a, b = number(left), number(right)
    return a is not None and b is not None and ORDER[op](a, b)


def _is_value(operand: object) -> bool:
    return is_reference(operand) or _is_constant(operand)


def _is_constant(operand: object) -> bool:
    if isinstance(operand, bool):
        return False
    if isinstance(operand, int | float | Decimal):
        return number(operand) is not None
    return isinstance(operand, str)


def _value(operand: Any, answers: Mapping[str, Answer]) -> Any:
    if not is_reference(operand):
        return operand
    return answers.get(operand[1]) or None


def _equal(left: object, right: object) -> bool:
    if isinstance(left, tuple) or isinstance(right, tuple):
        return False
    a, b = number(left), number(right)
    return a == b if a is not None and b is not None else str(left) == str(right)


def _is_outside(
    operand: Any, answers: Mapping[str, Answer], outside: Mapping[str, Collection[str]]
) -> bool:
    return is_reference(operand) and answers.get(operand[1]) in outside.get(operand[1], ())
