"""Every engine, every order of the rows and every batching gives the same document, to the byte."""

import random
from dataclasses import replace

import duckdb
import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis.engines.reading
from analysis.dataset import Column, Dataset
from analysis.design import DesignColumns, design_of
from analysis.engines.cells import added, cells_of
from analysis.engines.layout import CellLayout
from analysis.engines.reading import read_totals
from analysis.engines.stored import StoredTotals, to_bytes
from analysis.engines.tables import Table, UnsuitableError
from analysis.estimate import Options
from analysis.index import compute_cells, compute_tree, design_of_cells
from analysis.weights.calibrate import calibrated
from analysis.weights.margins import Margins
from questionnaires.refusal import Refusal
from tests.analysis.engine_tables import (
    DESIGN,
    INDEX,
    ITEMS,
    LAYOUT,
    NAME,
    from_cells,
    from_rows,
    into,
    measures_of,
)
from tests.analysis.factories import dec, index_of, leaf

ROWS = 400


@pytest.fixture(scope="module")
def postgresql(postgresql_server):
    address = postgresql_server.render_as_string(hide_password=False)
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.prepare_threshold = None  # the table of the tests changes its columns
        yield connection


@pytest.fixture(params=["duckdb", "postgresql"])
def connection(request):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    return duckdb.connect()


def drawn(seed=1, rows=ROWS, decimals=2):
    """Responses as texts that a data manager may send: blanks, decimals, codes of no scale."""
    chance = random.Random(seed)
    answers = ["1", "2", "3", "4", "5", " 4", "5.0", "98", "", None, "không biết", "1.5"]
    columns = {
        "h": [chance.choice(["1", "2 ", "1.0"]) for _ in range(rows)],
        "i": [chance.choice(["9", "10", "xã A", " xã A"]) for _ in range(rows)],
        "u": [chance.choice(["STC", "SYT ", "SYT", "", None]) for _ in range(rows)],
        "x": [chance.choice(["nam", "nữ", "'"]) for _ in range(rows)],
        "w": [
            round(chance.choice([0, 1, 1.5, 40 * chance.random()]), decimals) for _ in range(rows)
        ],
    }
    return columns | {item: [chance.choice(answers) for _ in range(rows)] for item in ITEMS}


WEIGHT = {"w": "double precision"}


def test_an_engine_writes_the_same_document_as_memory(connection):
    columns = drawn()
    reading = read_totals(into(connection, columns, WEIGHT), LAYOUT)

    assert from_cells(reading.cells, reading=reading) == from_rows(Dataset.of(columns))


def test_totals_are_the_same_bytes_whoever_made_them(connection):
    columns = drawn()
    order = random.Random(2).sample(range(ROWS), ROWS)
    shuffled = {name: [cells[i] for i in order] for name, cells in columns.items()}
    made = [
        cells_of(Dataset.of(columns, NAME), LAYOUT),
        cells_of(Dataset.of(shuffled, NAME), LAYOUT),
        read_totals(into(connection, columns, WEIGHT), LAYOUT).cells,
        read_totals(into(connection, shuffled, WEIGHT), LAYOUT).cells,
    ]

    written = {to_bytes(StoredTotals.of(cells, "d"), LAYOUT, "c") for cells in made}
    assert len(written) == 1


@pytest.mark.parametrize("batches", [2, 7, 40])
def test_totals_of_batches_add_up_to_the_totals_of_all(connection, batches):
    columns = drawn()
    parts = []
    for batch in range(batches):
        part = {name: cells[batch::batches] for name, cells in columns.items()}
        engine = into(connection, part, WEIGHT)
        memory = Dataset.of(part, NAME)
        parts.append(read_totals(engine, LAYOUT).cells if batch % 2 else cells_of(memory, LAYOUT))
    together = parts[0]
    for part in parts[1:]:
        together = added(together, part)
    reading = read_totals(into(connection, columns, WEIGHT), LAYOUT)

    assert from_cells(together, reading=reading) == from_rows(Dataset.of(columns))


def test_a_parquet_file_is_read_in_batches_for_design_effects(tmp_path, monkeypatch):
    monkeypatch.setattr(analysis.engines.reading, "BATCH", 150)
    columns = drawn()
    file = tmp_path / "phieu.parquet"
    connection = duckdb.connect()
    table = into(connection, columns, WEIGHT)
    connection.execute(f"COPY {table.source} TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 128)")
    reading = read_totals(Table(connection, f"read_parquet('{file}')", NAME), LAYOUT)
    told = []
    design = design_of_cells(reading.cells, DESIGN, lonely="certainty")
    whole = compute_cells(INDEX, reading.cells, (design, reading.elements(design, told.append)))

    assert np.isfinite(whole.families[0].deff[0]).all()
    assert len(told) == 3
    assert told == sorted(told)
    assert from_cells(reading.cells, reading=reading) == from_rows(Dataset.of(columns))


def test_numbers_and_booleans_are_read_as_their_labels(connection):
    chance = random.Random(3)
    columns = {
        "h": [chance.choice([1, 2]) for _ in range(ROWS)],
        "i": [chance.choice([1.0, 2.5, 10.0]) for _ in range(ROWS)],
        "u": [chance.choice([True, False, None]) for _ in range(ROWS)],
        "x": [chance.choice([None, 1, 30, -4]) for _ in range(ROWS)],
        "w": [chance.choice([1, 3, 0]) for _ in range(ROWS)],
    }
    columns |= {
        item: [chance.choice([None, 1, 2, 3, 4, 5, 9]) for _ in range(ROWS)] for item in "abc"
    }
    columns |= {
        item: [chance.choice([None, 1.0, 2.0, 2.5, 5.0]) for _ in range(ROWS)] for item in "def"
    }
    types = {
        "h": "bigint",
        "i": "double precision",
        "u": "boolean",
        "x": "smallint",
        "w": "integer",
    }
    types |= dict.fromkeys("abc", "smallint") | dict.fromkeys("def", "numeric(6,2)")
    reading = read_totals(into(connection, columns, types), LAYOUT)

    memory = Dataset.of(columns, NAME)
    assert from_cells(reading.cells, reading=reading) == from_rows(memory)
    expected = to_bytes(StoredTotals.of(cells_of(memory, LAYOUT), ""), LAYOUT, "")
    assert to_bytes(StoredTotals.of(reading.cells, ""), LAYOUT, "") == expected


@pytest.mark.parametrize(
    "weight",
    [
        lambda chance: chance.random() * 50,  # 53 bits each
        lambda chance: chance.choice([1 / 3, 2.0**-30, 7e5]),
        lambda chance: chance.choice([3e15, 3e15 + 2, 1, 0]),  # sums beyond 2**53
        lambda chance: round(chance.random() * 1e9, 4),
    ],
)
def test_weights_of_any_size_are_summed_exactly(connection, weight):
    chance = random.Random(4)
    columns = drawn() | {"w": [weight(chance) for _ in range(ROWS)]}
    favourable = replace(LAYOUT, index=INDEX.model_copy(update={"root": "M"}))
    reading = read_totals(into(connection, columns, WEIGHT), favourable)

    document = from_cells(reading.cells, favourable, reading)
    assert document == from_rows(Dataset.of(columns), favourable)


def test_without_weights_every_response_weighs_one(connection):
    columns = drawn()
    layout = replace(LAYOUT, design=DesignColumns(stratum="h", psu=("i",)))
    reading = read_totals(into(connection, columns, WEIGHT), layout)

    document = from_cells(reading.cells, layout, reading)
    assert document == from_rows(Dataset.of(columns), layout)


def test_stages_with_population_counts_are_keys(connection):
    columns = drawn() | {
        "N": [40] * ROWS,
        "M": [5.0] * ROWS,
        "j": [str(k % 3) for k in range(ROWS)],
    }
    design = DesignColumns("h", ("i", "j"), "w", ("N", "M"))
    layout = CellLayout(INDEX, design, (("u",),))
    types = WEIGHT | {"N": "integer", "M": "double precision"}
    reading = read_totals(into(connection, columns, types), layout)

    document = from_cells(reading.cells, layout, reading)
    assert document == from_rows(Dataset.of(columns), layout)


@pytest.mark.parametrize(
    "change",
    [
        {"w": [-1.0] + [1.0] * (ROWS - 1)},
        {"w": [None] + [1.0] * (ROWS - 1)},
        {"w": [float("inf")] + [1.0] * (ROWS - 1)},
        {"w": [float("nan")] + [1.0] * (ROWS - 1)},
        {"w": [1e-300] + [1.0] * (ROWS - 1)},
        {"h": [None] + ["1"] * (ROWS - 1)},
        {"i": [" "] + ["1"] * (ROWS - 1)},
    ],
)
def test_what_memory_must_judge_is_left_to_memory(connection, change):
    with pytest.raises(UnsuitableError):
        read_totals(into(connection, drawn() | change, WEIGHT), LAYOUT)


def test_sums_that_memory_refuses_are_left_to_memory(connection):
    fine = {"1": dec("0.0001"), "5": dec("1")}
    index = index_of(leaf("a", measure="option_points", points=fine), scale=("1", "5"))
    layout = CellLayout(index, DESIGN)
    columns = drawn() | {"w": [1e10] * ROWS}

    with pytest.raises(UnsuitableError):
        read_totals(into(connection, columns, WEIGHT), layout)
    with pytest.raises(Refusal, match="«a»: quyền số"):
        cells_of(Dataset.of(columns), layout)


def test_population_counts_that_differ_are_left_to_memory(connection):
    columns = drawn() | {"N": [40] * (ROWS - 1) + [41]}
    layout = replace(LAYOUT, design=replace(DESIGN, fpc=("N",)))

    with pytest.raises(UnsuitableError):
        read_totals(into(connection, columns, WEIGHT | {"N": "integer"}), layout)


def test_weights_as_texts_dates_and_rows_as_units_are_left_to_memory(connection):
    rows_as_units = replace(LAYOUT, design=DesignColumns(weight="w"))
    for types, layout in [({}, LAYOUT), (WEIGHT | {"u": "date"}, LAYOUT), (WEIGHT, rows_as_units)]:
        columns = drawn() | ({"u": ["2024-01-01"] * ROWS} if "u" in types else {})
        with pytest.raises(UnsuitableError):
            read_totals(into(connection, columns, types), layout)


def test_a_column_that_is_not_there_and_an_empty_table_are_refused_by_name(connection):
    columns = drawn()
    del columns["c"]
    with pytest.raises(Refusal, match="Tệp phieu không có cột «c»"):
        read_totals(into(connection, columns, WEIGHT), LAYOUT)
    with pytest.raises(Refusal, match="Tệp phieu không có dòng dữ liệu nào"):
        read_totals(into(connection, {name: [] for name in drawn()}, WEIGHT), LAYOUT)


def test_a_table_can_be_read_into_memory_for_what_an_engine_cannot_do(connection):
    columns = drawn() | {"N": [1.5] * (ROWS - 1) + [None]}
    table = into(connection, columns, WEIGHT | {"N": "numeric(9,4)"})
    data = table.read([*columns, "missing"])

    for name, cells in columns.items():
        found, expected = data.column(name), Column.of(cells)
        assert [*found.labels, ""][found.codes[-1]] == [*expected.labels, ""][expected.codes[-1]]
        assert sorted(found.labels) == sorted(expected.labels)
    assert from_rows(data) == from_rows(Dataset.of(columns))


def test_provenance_is_carried_along(connection):
    columns = drawn() | {"provenance": ["bịa"] * ROWS}
    reading = read_totals(into(connection, columns, WEIGHT), LAYOUT)

    assert reading.cells.keys.provenance == ("bịa",)
    assert from_cells(reading.cells, reading=reading) == from_rows(Dataset.of(columns))


CELL = st.sampled_from(["1", "3", "4", "5", " 4.0 ", "+4", "4.", "-0", "", None, "9", "a'\"b\\"])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_messy_data_total_alike_in_memory_and_in_duckdb(data):
    rows = data.draw(st.integers(2, 12))

    def column(cells):
        return data.draw(st.lists(cells, min_size=rows, max_size=rows))

    columns = {name: column(CELL) for name in ["u", "x", *ITEMS]}
    columns["h"] = column(st.sampled_from(["1", " 1", "1.00", "-0", "0", "'"]))
    columns["i"] = column(st.sampled_from(["p", "p ", "q", "10", "9"]))
    columns["w"] = column(st.sampled_from([0.0, -0.0, 1.0, 0.1, 2.25, 7.0001, 1 / 3, 123456.789]))
    memory = Dataset.of(columns, NAME)
    with duckdb.connect() as connection:
        reading = read_totals(into(connection, columns, WEIGHT), LAYOUT)
        expected = to_bytes(StoredTotals.of(cells_of(memory, LAYOUT), ""), LAYOUT, "")

        assert to_bytes(StoredTotals.of(reading.cells, ""), LAYOUT, "") == expected
        assert from_cells(reading.cells, reading=reading) == from_rows(memory)


@pytest.mark.parametrize("method", ["rake", "linear"])
def test_calibrated_weights_give_the_figures_of_memory(connection, method):
    table = {
        "margin": ["x", "x", "x", "h", "h"],
        "category": ["nam", "nữ", "'", "1", "2"],
        "total": ["1000", "1200", "900", "1700", "1400"],
    }
    margins = Margins.of(Dataset.of(table))
    layout = CellLayout(INDEX, DESIGN, (("u",),), margins.columns)
    columns = drawn()
    data = Dataset.of(columns)
    reading = read_totals(into(connection, columns, WEIGHT), layout)
    design = design_of_cells(reading.cells, DESIGN, lonely="certainty")
    by_engine = calibrated(reading.cells.keys, design, margins, method)
    design = design_of(data, DESIGN, lonely="certainty")
    by_memory = calibrated(data, design, margins, method)
    cells = compute_cells(
        INDEX, reading.cells, (by_engine, reading.elements(by_engine)), layout.families
    )
    rows = compute_tree(
        layout.tree, measures_of(layout, data), (data, by_memory), layout.families, Options()
    )

    assert by_engine.calibration.factor.tobytes() == by_memory.calibration.factor.tobytes()
    for found, expected in zip(cells.families, rows.families, strict=True):
        assert found.values.exact.tobytes() == expected.values.exact.tobytes()
        assert found.deff.tobytes() == expected.deff.tobytes()
        assert found.se.tobytes() == expected.se.tobytes()
        np.testing.assert_array_equal(found.df, expected.df)
