"""Files are read as people wrote them, and refused by file, row and column."""

import io

import numpy as np
import pytest

from analysis.dataset import Column, Dataset, from_arrays, read_csv
from questionnaires.refusal import Refusal


def csv_of(text, **options):
    return read_csv(io.BytesIO(text.encode("utf-8")), "so-lieu.csv", **options)


def cells(data, name):
    column = data.column(name)
    return [column.labels[code] if code >= 0 else None for code in column.codes]


def test_cells_are_compared_as_trimmed_text():
    data = csv_of("a,b\n 4 ,Sóc Trăng\n4.0,Sóc Trăng \n4.,\n04,x\n")

    assert cells(data, "a") == ["4", "4", "4", "04"]
    assert cells(data, "b") == ["Sóc Trăng", "Sóc Trăng", None, "x"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_read_from_the_header(delimiter):
    data = csv_of(f"a{delimiter}b\n1{delimiter}2\n")

    assert cells(data, "b") == ["2"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data():
    data = csv_of("\ufeffa,b\r\n1,2\r\n\r\n")

    assert list(data.columns) == ["a", "b"]
    assert data.rows == 1


def test_only_wanted_columns_are_kept():
    data = csv_of("a,b,c\n1,2,3\n", wanted=["c", "z"])

    assert list(data.columns) == ["c"]


def test_reading_in_chunks_gives_the_same_codes(monkeypatch):
    text = "a\n" + "\n".join(str(i % 7) for i in range(100)) + "\n"
    seen = []

    whole = csv_of(text)
    monkeypatch.setattr("analysis.dataset.CHUNK", 7)
    parts = csv_of(text, progress=seen.append)

    assert cells(whole, "a") == cells(parts, "a")
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n1\n", ["so-lieu.csv", "dòng 3", "1 ô"]),
        ("a,b\n1,2,3\n", ["dòng 2", "3 ô"]),
        ("a,a\n1,2\n", ["hai cột «a»"]),
        ("a,b\n", ["không có dòng dữ liệu"]),
        ("", ["không có dòng dữ liệu"]),
    ],
)
def test_a_damaged_file_is_refused_by_row(text, words):
    with pytest.raises(Refusal) as refusal:
        csv_of(text)

    assert all(word in str(refusal.value) for word in words)


def test_a_file_that_is_not_utf8_is_refused():
    with pytest.raises(Refusal, match="UTF-8"):
        read_csv(io.BytesIO("a\nđ\n".encode("cp1258")), "cu.csv")


def test_a_missing_column_is_named_with_its_file():
    with pytest.raises(Refusal, match=r"so-lieu\.csv không có cột «psu»"):
        csv_of("a\n1\n").column("psu")


def test_a_cell_that_is_no_number_is_named_by_row_and_column():
    data = csv_of("w\n1\n2,5\n".replace(",", "."))
    broken = csv_of("w\n1\nhai\n")

    assert data.numbers("w").tolist() == [1.0, 2.5]
    with pytest.raises(Refusal, match="dòng 3, cột «w»: «hai» không phải là số"):
        broken.numbers("w")


@pytest.mark.parametrize("bad", ["nan", "inf", ""])
def test_an_empty_or_infinite_number_is_refused(bad):
    with pytest.raises(Refusal, match="dòng 2"):
        csv_of(f"w,x\n{bad},1\n").numbers("w")


def test_arrays_of_a_parquet_file_read_like_text():
    arrays = {
        "q": np.ma.array([4, 5, 4], mask=[False, True, False]),
        "w": np.array([1.0, 2.5, 3.0]),
        "m": np.array([["1", "3"], None, "2"], dtype=object),
    }

    data = from_arrays(arrays, "x.parquet")

    assert cells(data, "q") == ["4", None, "4"]
    assert data.column("q").labels == ("4",)  # not what lies under the mask
    assert cells(data, "w") == ["1", "2.5", "3"]
    assert cells(data, "m") == ["1 3", None, "2"]


def test_a_mapping_of_columns_becomes_a_data_set():
    data = Dataset.of({"q": [1, 2.0, None], "unit": ["A", "A", "B"]})

    assert cells(data, "q") == ["1", "2", None]
    with pytest.raises(Refusal, match="không dài bằng nhau"):
        Dataset.of({"a": [1], "b": [1, 2]})


def test_columns_share_one_encoding_rule():
    assert Column.of(["4", 4, 4.0, " 4 "]).labels == ("4",)
