"""Totals kept between computations: as bytes, with what they belong to, and topped up."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import PROVENANCE, Column, Dataset
from analysis.engines.cells import added, cells_of, rows_of
from analysis.engines.layout import CellLayout
from analysis.totals import CellTotals
from questionnaires.refusal import Refusal

MAGIC = b"sipas totals 1\n"
LENGTH = 8  # bytes that hold the length of the header
DIGEST = hashlib.sha256().digest_size
CODES, SUMS, COUNTS = "<i4", "<f8", "<i8"  # little-endian on every machine


@dataclass(frozen=True)
class Part:
    """Đợt dữ liệu đã cộng: one data set that the totals hold, by name, sha256 and rows."""

    name: str
    checksum: str
    rows: int


@dataclass(frozen=True)
class StoredTotals:
    """Bảng tổng đã lưu: totals of cells and the data sets they were added up from."""

    cells: CellTotals
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, cells: CellTotals, checksum: str) -> "StoredTotals":
        """The totals of one data set, whose file has the sha256 `checksum`."""
        return cls(cells, (Part(cells.keys.name, checksum, rows_of(cells)),))

    @property
    def revision(self) -> str:
        """The data revision: a sha256 that is the same whatever the order of the parts."""
        parts = "\n".join(sorted(part.checksum for part in self.parts))
        return hashlib.sha256(parts.encode()).hexdigest()

    def with_rows(self, data: Dataset, layout: CellLayout, checksum: str) -> "StoredTotals":
        """Add new responses, at a cost that does not depend on those already there.

        Raises `Refusal` for a data set that was added before, and as `cells.cells_of` does.
        """
        for part in self.parts:
            if part.checksum == checksum:
                template = "Tệp {file} đã được cộng vào bảng tổng này với tên «{part}»."
                raise Refusal(template, file=data.name, part=part.name)
        new = StoredTotals.of(cells_of(data, layout), checksum)
        return StoredTotals(added(self.cells, new.cells), self.parts + new.parts)


def to_bytes(stored: StoredTotals, layout: CellLayout, checksum: str) -> bytes:
    """Write totals as bytes: a header in JSON, then arrays, then the sha256 of all before it.

    `checksum` is that of the index file. Equal totals of equal parts give equal bytes.
    """
    cells = stored.cells
    names = sorted(cells.keys.columns)
    arrays: list[tuple[str, NDArray[Any]]] = [
        *((CODES, cells.keys.columns[name].codes) for name in names),
        (SUMS, cells.sums),
        (COUNTS, cells.counts),
    ]
    header = json.dumps(
        {
            **_identity(layout, checksum),
            "name": cells.keys.name,
            "labels": {name: cells.keys.columns[name].labels for name in names},
            "tick": [cells.tick.numerator, cells.tick.denominator],
            "sums": cells.sums.shape,
            "parts": [asdict(part) for part in stored.parts],
        },
        ensure_ascii=False,
        sort_keys=True,
    ).encode()
    body = [np.ascontiguousarray(array, dtype=kind).tobytes() for kind, array in arrays]
    content = b"".join([MAGIC, len(header).to_bytes(LENGTH, "little"), header, *body])
    return content + hashlib.sha256(content).digest()


def from_bytes(content: bytes, layout: CellLayout, checksum: str, name: str) -> StoredTotals:
    """Read totals that `to_bytes` wrote; `name` is how messages call the file.

    Raises `Refusal` for bytes that are no totals, that are damaged, or that belong to another index
    (`checksum`), other columns of the design or other domains, which it names.
    """
    if not content.startswith(MAGIC):
        raise Refusal("Tệp {file} không phải bảng tổng đã lưu.", file=name)
    if hashlib.sha256(content[:-DIGEST]).digest() != content[-DIGEST:]:
        raise Refusal("Tệp {file} bị hỏng: nội dung không khớp mã kiểm tra.", file=name)
    start = len(MAGIC) + LENGTH
    at = start + int.from_bytes(content[len(MAGIC) : start], "little")
    header = json.loads(content[start:at])
    _refuse_other(header, _identity(layout, checksum), name)
    size = header["sums"][1]
    keys = {}
    for column, labels in header["labels"].items():
        codes, at = _array(content, at, CODES, (size,))
        keys[column] = Column.narrow(codes, tuple(labels))
    sums, at = _array(content, at, SUMS, header["sums"])
    columns = layout.columns
    counts, at = _array(content, at, COUNTS, (size, columns.rows + 1))
    order = {column: keys[column] for column in (*layout.keys, PROVENANCE) if column in keys}
    cells = CellTotals(
        Dataset(header["name"], size, order),
        sums,
        counts,
        columns.leaves,
        columns.people,
        columns.weight,
        columns.responses,
        Fraction(*header["tick"]),
    )
    return StoredTotals(cells, tuple(Part(**part) for part in header["parts"]))


def _identity(layout: CellLayout, checksum: str) -> dict[str, Any]:
    """What totals belong to; none of it may differ when they are read again."""
    design = layout.design
    places = json.dumps(asdict(layout.columns), sort_keys=True).encode()
    return {
        "index": layout.index.code,
        "checksum": checksum,
        "stratum": design.stratum,
        "psu": list(design.psu),
        "weight": design.weight,
        "fpc": list(design.fpc),
        "domains": sorted(set(layout.keys) - set(layout.sampled)),
        "columns": hashlib.sha256(places).hexdigest(),
    }


def _refuse_other(header: Mapping[str, Any], asked: Mapping[str, Any], name: str) -> None:
    words = {
        "index": "chỉ số",
        "checksum": "bản định nghĩa chỉ số",
        "stratum": "cột tầng",
        "psu": "cột đơn vị chọn mẫu",
        "weight": "cột quyền số",
        "fpc": "cột số lượng tổng thể",
        "domains": "cột chia nhóm",
        "columns": "cách xếp cột tổng",
    }
    for key, word in words.items():
        if header[key] != asked[key]:
            template = "Tệp {file}: bảng tổng đã lưu theo {what} «{stored}», không phải «{asked}»."
            stored, wanted = _shown(header[key]), _shown(asked[key])
            raise Refusal(template, file=name, what=word, stored=stored, asked=wanted)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


def _array(
    content: bytes, start: int, kind: str, shape: tuple[int, ...]
) -> tuple[NDArray[Any], int]:
    count = prod(shape)
    array = np.frombuffer(content, dtype=kind, count=count, offset=start).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="), copy=False), start + array.nbytes
