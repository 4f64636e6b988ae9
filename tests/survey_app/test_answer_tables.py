"""The tables of answers: who may write them, and that they say of nobody who they are."""

import ast
import re
from pathlib import Path

import pytest

from survey_app.db import Base

ROOT = Path(__file__).parents[2]

WRITERS = {
    "survey_app/services/door/responses.py",
    "survey_app/services/checking/review.py",  # takes out of the count, and back, when told to
    "survey_app/services/door/receipts.py",  # deletes at the wish of who answered
    "survey_app/services/operation/retention.py",  # deletes what has outlived its day
}
TABLES = {"Response", "Answer", "HeldResponse"}


STATEMENT = re.compile(
    r"\b(insert\s+into|update|delete\s+from)\s+(response|answer|held_response)\b"
)
VERBS = {"insert", "update", "delete", "bulk_insert_mappings", "bulk_save_objects"}


def written_by(path):
    """The tables of answers that a module constructs rows of, or writes by statement."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = dict(names_of_tables(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found.group() for found in STATEMENT.finditer(node.value.lower()))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if names.get(called) in TABLES:
                yield called
            elif called.split(".")[-1] in VERBS:
                touched = [called.rpartition(".")[0], *(ast.unparse(part) for part in node.args)]
                plain = (name.removesuffix(".__table__") for name in touched)
                yield from (f"{called} {name}" for name in plain if names.get(name) in TABLES)


def names_of_tables(tree):
    """How a module calls the tables of answers, as pairs (its name, theirs)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "survey_app.models.responses":
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "survey_app.models":
            for alias in node.names:
                yield from ((f"{alias.asname or alias.name}.{name}", name) for name in TABLES)


def test_nobody_else_writes_the_tables_of_answers():
    found = {
        path.relative_to(ROOT).as_posix(): sorted(written_by(path))
        for path in (ROOT / "survey_app").rglob("*.py")
    }

    writers = {path for path, what in found.items() if what}
    assert writers <= WRITERS, {path: found[path] for path in writers - WRITERS}
    assert "survey_app/services/door/responses.py" in writers


@pytest.mark.parametrize(
    "source",
    [
        "from survey_app.models.responses import Answer\nAnswer(item='a')",
        "from survey_app.models.responses import Response as R\nR()",
        "from survey_app.models import responses\nresponses.HeldResponse()",
        "from survey_app.models.responses import Answer\ninsert(Answer).values()",
        "from survey_app.models.responses import Answer\nsa.update(Answer)",
        "from survey_app.models.responses import Answer\nAnswer.__table__.delete()",
        "session.execute(text('DELETE FROM answer WHERE 1'))",
        "session.execute(text('''insert into\n response (id) values (1)'''))",
    ],
)
def test_the_scan_finds_a_writer(source, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")

    assert list(written_by(path))


def test_the_scan_lets_readers_be(tmp_path):
    path = tmp_path / "module.py"
    source = (
        "from survey_app.models.responses import Answer\nselect(Answer.item, func.count(Answer))"
    )
    path.write_text(source, encoding="utf-8")

    assert list(written_by(path)) == []


PERSONAL = re.compile(r"(^|_)(name|phone|mail|address|contact|dossier|ip|agent|account)(_|$)")


def test_no_table_with_answers_has_a_column_for_who_gave_them():
    tables = ("response", "answer", "draft", "held_response", "staged_response", "response_quality")
    found = {
        f"{name}.{column.name}"
        for name in tables
        for column in Base.metadata.tables[name].columns
        if PERSONAL.search(column.name)
    }
    led_to = {
        key.column.table.name for name in tables for key in Base.metadata.tables[name].foreign_keys
    }

    assert found == set()
    # A device is a kiosk or a tablet of the office, never somebody's own.
    assert led_to == {"wave", "unit", "collection_point", "procedure", "response", "device"}
    assert PERSONAL.search("full_name")
    assert not PERSONAL.search("unit_id")
