"""The schemas are sound, explain every key, and allow the codes that the program text can emit."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

import analysis.__main__
from analysis.compare.change import WORDS as CHANGE_WORDS
from analysis.compare.combine import Name
from analysis.compare.differences import WORDS as DIFFERENCE_WORDS
from analysis.compare.pairs import Correction
from analysis.compare.ranks import Order
from analysis.design import Lonely, Source
from analysis.estimate import IntervalMethod
from analysis.results import NO_FREEDOM, SELF_SELECTED
from analysis.sampling.expected import Origin
from analysis.sampling.plan import Take
from analysis.sampling.request import Target
from analysis.sampling.size import Rule
from analysis.suppress import BELOW_MINIMUM, COMPLEMENTARY, FEW_DF, RELIABLE, UNRELIABLE
from analysis.weights.calibrate import Method
from questionnaires.model import Outside
from tests.analysis.documents import COMMANDS, ROOT, SCHEMAS, command_of, schema_of

SUBCOMMANDS = tuple(analysis.__main__.COMMANDS)


def test_every_subcommand_has_a_schema_that_is_one_and_golden_documents():
    assert {path.name for path in SCHEMAS.glob("*.json")} == {
        f"{command}.schema.json" for command in SUBCOMMANDS
    }
    assert {command_of(name) for name in COMMANDS} == set(SUBCOMMANDS)
    for command in SUBCOMMANDS:
        Draft202012Validator.check_schema(schema_of(command))


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that says which keys an object has."""
    if isinstance(schema, dict):
        if "properties" in schema and "type" in schema:
            yield schema
        for part in schema.values():
            yield from objects_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects_in(part)


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_a_schema_knows_every_key_and_says_what_it_is(command):
    for part in objects_in(schema_of(command)):
        assert part["additionalProperties"] is False
        assert part["description"].endswith(".")
        assert set(part["required"]) <= set(part["properties"])
        for name, field in part["properties"].items():
            assert field.get("description", "").endswith("."), name


def test_shared_pieces_are_the_same_in_all_schemas_and_all_are_used():
    pieces: dict[str, Any] = {}
    for command in SUBCOMMANDS:
        schema = schema_of(command)
        used = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
        assert used == set(schema["$defs"])
        for name, piece in schema["$defs"].items():
            if name in ("unit", "change"):  # each command has its own
                continue
            assert pieces.setdefault(name, piece) == piece, name


CODE = re.compile(r"[a-z_]+:?")
EMITTERS = ("results.py", "given.py", "tree.py", "tabulate.py", "compare/*.py")
BY_NAME = ("status", "reason")  # keys that stand beside the codes in the program text


def named_reason(tree: ast.Module) -> Iterator[ast.expr]:
    """What a module gives, sets or returns as a reason."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and "reason" in (node.arg or ""):
            yield node.value
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            pairs = zip(keys, node.values, strict=True)
            yield from (v for k, v in pairs if k in ("reason", "change_reason"))
        elif isinstance(node, ast.Assign) and "reason" in ast.unparse(node.targets[0]):
            yield node.value
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("reason_"):
            returned = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
            yield from filter(None, returned)


def emitted_codes() -> set[str]:
    """The reason codes that the program text can emit, `undefined:` for undefined:CODE."""
    outside = get_args(Outside)
    codes = {
        BELOW_MINIMUM,
        COMPLEMENTARY,
        SELF_SELECTED,
        NO_FREEDOM,
        *UNRELIABLE,
        *outside,
        "empty",
    }
    for pattern in EMITTERS:
        for path in sorted((ROOT / "analysis").glob(pattern)):
            values = named_reason(ast.parse(path.read_text(encoding="utf-8")))
            texts = (part for value in values for part in ast.walk(value))
            codes |= {t.value for t in texts if isinstance(t, ast.Constant) and t.value is not None}
    return {code for code in codes if isinstance(code, str) and CODE.fullmatch(code)} - {*BY_NAME}


def known_codes(schema: Any, inside: bool = False) -> set[str]:
    """The reason codes that a schema names: enums, constants and patterns under such a key."""
    found: set[str] = set()
    if isinstance(schema, dict):
        if inside:
            named = [*schema.get("enum", ()), schema.get("const")]
            found |= {code for code in named if code is not None}
            found |= set(CODE.findall(schema.get("pattern", "")))
        for key, part in schema.items():
            found |= known_codes(part, inside or "reason" in key)
    elif isinstance(schema, list):
        for part in schema:
            found |= known_codes(part, inside)
    return found


def test_the_schemas_name_every_reason_code_that_can_be_emitted_and_no_other():
    known = set().union(*(known_codes(schema_of(c)) for c in ("index", "describe", "compare")))

    assert "definition_changed" in known
    assert known == emitted_codes()


def test_the_schema_of_a_plan_names_every_code_of_its_reasons():
    schema = schema_of("plan")
    codes = set(schema["$defs"]["reason"]["properties"]["code"]["enum"])
    binding = schema["properties"]["total"]["properties"]["binding"]["items"]["enum"]
    text = (ROOT / "analysis/sampling/document.py").read_text(encoding="utf-8")
    literal = set(re.findall(r'_reason\("(\w+)"', text))

    assert "few_df" in literal
    expected = literal | {f"binding_{b}" for b in binding} | {f"unit_{t}" for t in get_args(Target)}
    assert codes == expected


def enums_of(schema: Any, name: str) -> Iterator[set[str]]:
    """The texts that a schema allows for a property of a name, wherever it stands."""
    if isinstance(schema, dict):
        field = schema.get("properties", {}).get(name)
        if isinstance(field, dict) and "description" in field and "enum" in field:
            yield {value for value in field["enum"] if value is not None}
        for part in schema.values():
            yield from enums_of(part, name)
    elif isinstance(schema, list):
        for part in schema:
            yield from enums_of(part, name)


def words(high: str, low: str, undecided: str, equal: str) -> set[str]:
    sure = " có ý nghĩa thống kê"
    return {high, low, undecided, equal, high + sure, low + sure}


@pytest.mark.parametrize(
    ("command", "name", "values"),
    [
        ("index", "interval", get_args(IntervalMethod)),
        ("index", "lonely", get_args(Lonely)),
        ("index", "ranking", get_args(Order)),
        ("index", "combination", get_args(Name)),
        ("compare", "correction", get_args(Correction)),
        ("compare", "verdict", words(*DIFFERENCE_WORDS)),
        ("weights", "method", get_args(Method)),
        ("plan", "allocation", get_args(Rule)),
        ("plan", "rate_source", get_args(Origin)),
        ("plan", "take_source", get_args(Take)),
    ],
)
def test_the_schema_allows_the_values_that_the_code_has(command, name, values):
    found = list(enums_of(schema_of(command), name))

    assert found
    assert all(allowed == set(values) for allowed in found)


def test_the_shared_codes_are_those_of_the_code():
    pieces = schema_of("index")["$defs"]

    assert set(pieces["source"]["enum"]) == set(get_args(Source))
    assert set(pieces["reliability"]["enum"]) == {RELIABLE, *UNRELIABLE, FEW_DF, None}
    assert set(pieces["verdict_change"]["enum"]) == {*words(*CHANGE_WORDS), None}
