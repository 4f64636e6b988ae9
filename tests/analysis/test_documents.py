"""Each subcommand writes its golden document, and its schema refuses what is no document."""

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import analysis.__main__
from tests.analysis.documents import (
    COMMANDS,
    DOCUMENTS,
    ROOT,
    arguments_of,
    command_of,
    golden_document,
    schema_of,
)

KB = 1000
# Keys that a document may lack, and maps whose keys are columns of the data.
OPTIONAL = {"check", "combinations"}
MAPS = {"domain", "reference"}
CODES = ("status", "reason", "verdict", "change_verdict", "change_reason", "reliability", "role")


def validator(command):
    return Draft202012Validator(schema_of(command))


def difference(found: Any, expected: Any, place: str = "") -> str | None:
    """The first place where two documents differ: keys and their order, texts, whole numbers."""
    if isinstance(expected, float) and isinstance(found, float):
        same = math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-15)
    elif isinstance(expected, dict) and isinstance(found, dict):
        if [*found] != [*expected]:
            return f"{place}: {[*found]} != {[*expected]}"
        inside = (difference(found[key], expected[key], f"{place}/{key}") for key in expected)
        return next(filter(None, inside), None)
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        inside = (difference(a, b, f"{place}/{i}") for i, (a, b) in pairs)
        return next(filter(None, inside), None)
    else:
        same = type(found) is type(expected) and found == expected
    return None if same else f"{place}: {found!r} != {expected!r}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_writes_the_golden_document_and_both_keep_the_schema(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)

    assert analysis.__main__.main(arguments_of(name)) == 0

    found, golden = json.loads(capsys.readouterr().out), golden_document(name)
    assert difference(found, golden) is None
    for document in (found, golden):
        errors = validator(command_of(name)).iter_errors(document)
        assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": 1.0, "b": 2}, {"b": 2, "a": 1.0}),
        ([1], [1, 2]),
        (0.1, 0.1 + 1e-11),
        (1, 1.0),
        (None, 0),
    ],
)
def test_documents_differ_by_order_length_value_and_type(found, expected):
    assert difference({"x": found}, {"x": expected}).startswith("/x")


def test_every_golden_document_is_in_the_table_and_small():
    sizes = {path.stem: path.stat().st_size for path in DOCUMENTS.glob("*.json")}

    assert set(sizes) == set(COMMANDS)
    assert max(sizes.values()) < 60 * KB
    assert sum(sizes.values()) < 450 * KB


@pytest.mark.parametrize("name", ["index_reconstructed", "compare_reconstructed"])
def test_answers_that_are_not_original_ones_keep_their_label_in_every_row(name):
    document = golden_document(name)
    keys = {"results", "combinations", "units", "differences", "changes"}.intersection(document)

    assert len(keys) == (2 if name.startswith("index") else 3)
    for key in keys:
        assert {row["notice"] for row in document[key]} == {document["design"]["notice"]} != {None}


def test_a_part_that_reads_another_index_has_no_error_to_check():
    document = golden_document("index_linked")

    with_error = {row["node"] for row in document["results"] if row["se"]}
    assert with_error == {"TOTAL", "own", "other"}
    assert {row["node"] for row in document["check"]["rows"]} == {"own"}


def shortened(document: Any) -> Any:
    """A document with one row of every kind: with one of every status where there are several."""
    for rows in document.values():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            kinds = {(row.get("status"), row.get("reason") is None): row for row in rows}
            rows[:] = kinds.values()
    return document


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every object of a document that is no map of columns."""
    if isinstance(document, dict):
        yield path
    parts = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in parts:
        if isinstance(value, dict | list) and key not in MAPS:
            yield from places(value, (*path, key))


def changed(document: Any, path: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    """A copy of a document, and the object in it at a path."""
    copied = part = copy.deepcopy(document)
    for key in path:
        part = part[key]
    return copied, part


@pytest.mark.parametrize("name", COMMANDS)
def test_a_schema_refuses_a_missing_key_an_unknown_one_and_a_wrong_code(name):
    check = validator(command_of(name))
    document = shortened(golden_document(name))
    assert check.is_valid(document)
    for path in places(document):
        keys = [*changed(document, path)[1]]
        for key in set(keys) - OPTIONAL:
            broken, part = changed(document, path)
            del part[key]
            assert not check.is_valid(broken), (path, key)
        broken, part = changed(document, path)
        part["unknown"] = None
        assert not check.is_valid(broken), path
        for key in set(keys).intersection(CODES):
            broken, part = changed(document, path)
            part[key] = "nonsense"
            assert not check.is_valid(broken), (path, key)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("index_two_stage", ("results", 0, "estimate"), 1.01),
        ("index_two_stage", ("results", 0, "estimate"), None),
        ("index_two_stage", ("results", 0, "se"), None),
        ("index_two_stage", ("results", 0, "n"), 7.5),
        ("index_two_stage", ("results", 0, "reason"), "n_below_minimum"),
        ("index_two_stage", ("results", 0, "ci_low"), -0.1),
        ("index_two_stage", ("checksum",), "abc"),
        ("index_self_selected", ("results", 0, "se"), 0.1),
        ("index_self_selected", ("results", 4, "rank"), 1),
        ("index_raked", ("design", "calibration", "method"), "guess"),
        ("describe_bands", ("results", 0, "response_rate"), -0.5),
        ("compare_years", ("units", 0, "status"), "suppressed"),
        ("compare_years", ("units", 0, "ci_high"), 1.01),
        ("compare_years", ("units", 0, "ci_low"), None),
        ("compare_years", ("method", "rank_interval"), None),
        ("compare_years", ("changes", 0, "change_reason"), "suppressed"),
        ("compare_self_selected", ("differences", 0, "p"), 0.5),
        ("compare_self_selected", ("units", 0, "ci_low"), 0.5),
        ("compare_self_selected", ("method", "rank_interval"), "simultaneous, Bonferroni"),
        ("index_given", ("design", "assumption"), "một câu"),
        ("index_given", ("design", "source"), "census"),
        ("weights_raked", ("weights", "kish"), 0.5),
        ("plan_draw", ("draw", 0, "probability"), 2),
        ("plan_draw", ("request", "allocation"), "any"),
    ],
)
def test_a_schema_refuses_a_value_that_cannot_be(name, path, value):
    check, document = validator(command_of(name)), golden_document(name)
    assert check.is_valid(document)
    *above, key = path
    broken, part = changed(document, tuple(above))
    part[key] = value

    assert not check.is_valid(broken)
