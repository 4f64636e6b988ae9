"""The answers as a table: one row per response, every column dictionary-encoded."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from questionnaires.refusal import Refusal

PROVENANCE = "provenance"  # a column that says, row by row, that answers are not original ones
CHUNK = 20_000
INTEGER_VALUED = re.compile(r"([+-]?\d+)\.0*")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Column:
    """One column as a dictionary.

    `codes` (n,) holds each row's position in `labels`, -1 for an empty cell, a byte a row where the
    labels are few; `labels` are trimmed texts in which an integer-valued number is written as the
    integer.
    """

    codes: NDArray[np.signedinteger]
    labels: tuple[str, ...]

    @classmethod
    def narrow(cls, codes: NDArray[np.signedinteger], labels: Sequence[str]) -> "Column":
        """Keep the codes in as few bytes as the labels allow: what is read often is memory."""
        kind = np.int8 if len(labels) < 100 else np.int16 if len(labels) < 30_000 else np.int32
        return cls(codes.astype(kind, copy=False), tuple(labels))

    @classmethod
    def of(cls, cells: Iterable[Any]) -> "Column":
        """Encode cells; a list is a multiple choice and becomes its codes joined by a space."""
        encoder = _Encoder()
        encoder.add([_text(cell) for cell in cells])
        return encoder.column()


@dataclass(frozen=True)
class Dataset:
    """Bộ dữ liệu phân tích: columns of equal length, one row per response.

    `name` is how messages call the file, `first_row` the number under which a person finds the
    first response in it (2 in a spreadsheet with a header).
    """

    name: str
    rows: int
    columns: Mapping[str, Column] = field(repr=False)
    first_row: int = 2

    @classmethod
    def of(cls, columns: Mapping[str, Iterable[Any]], name: str = "dữ liệu") -> "Dataset":
        """Build a data set from a mapping of columns; a pandas DataFrame is one."""
        encoded = {str(key): Column.of(columns[key]) for key in columns}
        lengths = {len(column.codes) for column in encoded.values()}
        if len(lengths) > 1:
            raise Refusal("{file}: các cột không dài bằng nhau.", file=name)
        return cls(name, lengths.pop() if lengths else 0, encoded)

    def column(self, name: str) -> Column:
        """Return a column; raises `Refusal` naming the file and the column when it is missing."""
        if name not in self.columns:
            raise Refusal("Tệp {file} không có cột «{column}».", file=self.name, column=name)
        return self.columns[name]

    def numbers(self, name: str) -> Floats:
        """Read a column as finite numbers (n,), float64.

        Raises `Refusal` naming file, row and column at the first cell that is empty or no number.
        """
        column = self.column(name)
        values = np.array([decimal_number(label) for label in column.labels] + [np.nan])
        numbers: Floats = values[column.codes]
        self.refuse_rows(
            ~np.isfinite(numbers),
            name,
            "Tệp {file}, dòng {row}, cột «{column}»: «{value}» không phải là số.",
        )
        return numbers

    def refuse_rows(self, wrong: NDArray[np.bool_], name: str, template: str) -> None:
        """Raise `Refusal` for the first row marked wrong, with its file, row, column and value."""
        if not wrong.any():
            return
        position = int(np.argmax(wrong))
        column = self.column(name)
        code = column.codes[position]
        value = column.labels[code] if code >= 0 else ""
        row = position + self.first_row
        raise Refusal(template, file=self.name, row=row, column=name, value=value)

    @property
    def provenance(self) -> tuple[str, ...]:
        """What the data say about their own origin, empty for original answers."""
        return tuple(sorted(self.columns[PROVENANCE].labels)) if PROVENANCE in self.columns else ()


def read_csv(
    stream: BinaryIO,
    name: str,
    wanted: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a CSV file (UTF-8, comma, semicolon or tab) into a data set.

    `wanted` limits the columns kept; names that are not there are left for `Dataset.column` to
    refuse. `progress` is called with the number of bytes read. Raises `Refusal` naming file and
    row when a line is cut or has too many cells.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        header = text.readline()
        delimiter = max(",;\t", key=header.count)
        names = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        keep = {n: i for i, n in enumerate(names) if n and (wanted is None or n in wanted)}
        for column in keep:
            if names.count(column) > 1:
                raise Refusal("Tệp {file} có hai cột «{column}».", file=name, column=column)
        encoders = {column: _Encoder() for column in keep}
        rows = 0
        for chunk in _chunks(csv.reader(text, delimiter=delimiter), name, len(names)):
            cells = list(zip(*chunk, strict=True))
            for column, position in keep.items():
                encoders[column].add(cells[position])
            rows += len(chunk)
            if progress:
                progress(stream.tell())
    except UnicodeDecodeError as error:
        raise Refusal("Tệp {file} không phải văn bản UTF-8.", file=name) from error
    except csv.Error as error:
        raise Refusal("Tệp {file} không phải CSV đúng dạng.", file=name) from error
    finally:
        text.detach()
    if not rows:
        raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=name)
    return Dataset(name, rows, {column: encoder.column() for column, encoder in encoders.items()})


def from_arrays(arrays: Mapping[str, Any], name: str) -> Dataset:
    """Build a data set from NumPy arrays, masked where a cell is empty, as DuckDB returns them."""
    columns: dict[str, Column] = {}
    for key, array in arrays.items():
        empty = np.ma.getmaskarray(array)
        values = np.ma.getdata(array)
        if values.dtype.kind == "M":
            values = _dates(values)
        if values.dtype.kind not in "iuf":
            columns[key] = Column.of(
                None if missing else value for value, missing in zip(values, empty, strict=True)
            )
            continue
        # What lies under a mask is no answer and must not become a label.
        numbers = values[~empty] + np.zeros(1, dtype=values.dtype)  # -0.0 becomes 0.0
        distinct, codes = np.unique(numbers, return_inverse=True)
        encoder = _Encoder()
        encoder.add([_text(value) for value in distinct.tolist()])
        coded = encoder.column()
        filled = np.full(len(values), -1)
        filled[~empty] = coded.codes[codes]
        columns[key] = Column.narrow(filled, coded.labels)
    rows = len(next(iter(columns.values())).codes) if columns else 0
    if not rows:
        raise Refusal("Tệp {file} không có dòng dữ liệu nào.", file=name)
    return Dataset(name, rows, columns)


def _dates(values: NDArray[Any]) -> NDArray[Any]:
    """Days as people write them in a file, 2026-11-20, and times to the second."""
    midnight = bool((values.astype("datetime64[D]") == values).all())
    return np.asarray(np.datetime_as_string(values, unit="D" if midnight else "s"))


class _Encoder:
    """Numbers the distinct texts of a column as they come, and normalises each of them once."""

    def __init__(self) -> None:
        self._codes: defaultdict[str, int] = defaultdict(count().__next__)
        self._parts: list[NDArray[np.int32]] = []

    def add(self, cells: Sequence[str]) -> None:
        codes = map(self._codes.__getitem__, cells)
        self._parts.append(np.fromiter(codes, dtype=np.int32, count=len(cells)))

    def column(self) -> Column:
        labels: dict[str, int] = {}
        position = np.full(len(self._codes) + 1, -1, dtype=np.int32)
        for raw, code in self._codes.items():
            text = _canonical(raw)
            if text:
                position[code] = labels.setdefault(text, len(labels))
        codes = np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=np.int32)
        return Column.narrow(position[codes], tuple(labels))


def _chunks(reader: Iterator[list[str]], name: str, width: int) -> Iterator[list[list[str]]]:
    seen = 1
    while chunk := list(islice(reader, CHUNK)):
        while chunk and not chunk[-1] and (width > 1 or len(chunk) < CHUNK):
            chunk.pop()
        for offset, row in enumerate(chunk):
            if len(row) != width:
                template = "Tệp {file}, dòng {row}: có {n} ô trong khi dòng tiêu đề có {width} cột."
                row_number = seen + offset + 1
                raise Refusal(template, file=name, row=row_number, n=len(row), width=width)
        seen += len(chunk)
        if chunk:
            yield chunk


def _text(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, list | tuple | np.ndarray):
        return " ".join(str(part) for part in cell)
    return str(cell)


def _canonical(text: str) -> str:
    """Trim, and write an integer-valued number as the integer: ' 4.0' and '4' are one answer."""
    text = text.strip()
    whole = INTEGER_VALUED.fullmatch(text)
    return whole.group(1) if whole else text


def decimal_number(label: str) -> float:
    """Read a number in decimal notation with ASCII digits, NaN where it is none.

    Python's `float` would also take 1_000 and digits of other scripts, as no spreadsheet does.
    """
    return float(label) if NUMBER.fullmatch(label) else np.nan
