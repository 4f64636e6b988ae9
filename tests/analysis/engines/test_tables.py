"""What stands in the columns of a database is found out before it is totalled."""

import duckdb
import psycopg
import pytest

from analysis.design import DesignColumns
from analysis.engines.layout import CellLayout
from analysis.engines.tables import MOST_CELLS, Table, UnsuitableError, source_of
from tests.analysis.factories import index_of, leaf

LAYOUT = CellLayout(index_of(leaf("q")), DesignColumns(psu=("i",)))


def table(*statements, source="answers"):
    connection = duckdb.connect()
    for statement in statements:
        connection.execute(statement)
    return Table(connection, source, "phieu")


def literals(kind, *cells):
    rows = ", ".join(f"({cell})" for cell in cells)
    found = source_of(
        table(f"CREATE TABLE answers (q {kind})", f"INSERT INTO answers VALUES {rows}"), LAYOUT
    )
    return [sorted(its) for its in found.literals["q"]]


def test_columns_are_known_by_their_kind():
    found = table(
        'CREATE TABLE answers (a BOOLEAN, "B b" UTINYINT, c DECIMAL(9, 2), d VARCHAR, e DATE)'
    ).kinds()

    assert found == {"a": "boolean", "B b": "integer", "c": "real", "d": "text", "e": ""}


def test_texts_are_matched_by_the_label_that_memory_makes_of_them():
    found = literals("VARCHAR", "' 4'", "'5.0'", "'1'", "'01'", "'+5'", "'x'", "NULL", "''")

    assert found == [["'1'"], ["' 4'", "'5.0'"]]


def test_numbers_are_matched_by_value():
    assert literals("INTEGER", "4") == [["1", "2", "3"], ["4", "5"]]
    assert literals("DOUBLE", "4")[1] == [
        "CAST('4.0' AS double precision)",
        "CAST('5.0' AS double precision)",
    ]
    assert literals("BOOLEAN", "true") == [[], []]


def test_free_texts_are_left_to_memory():
    many = table(
        "CREATE TABLE answers (q VARCHAR)",
        f"INSERT INTO answers SELECT range::VARCHAR FROM range({MOST_CELLS + 1})",
    )

    with pytest.raises(UnsuitableError):
        source_of(many, LAYOUT)


def test_rows_are_numbered_in_files_and_tables_but_not_in_views():
    view = ("CREATE TABLE answers (q INTEGER)", "CREATE VIEW seen AS SELECT * FROM answers")

    assert table(*view).row_number() == "rowid"
    assert table(*view, source="seen").row_number() == ""


def test_masked_cells_come_as_masked_whatever_the_connection(postgresql_server):
    address = postgresql_server.render_as_string(hide_password=False).replace("+psycopg", "")
    query = "SELECT * FROM (VALUES (1, 2.5, 'a'), (NULL, NULL, NULL)) AS v (k, r, t)"
    with psycopg.connect(address) as connection:
        found = Table(connection, "v", "v").fetch(query.replace("2.5", "2.5::float8"))

    assert [column.tolist() for column in found.values()] == [[1, None], [2.5, None], ["a", None]]
