"""The sampling frame: the strata of a population, their PSUs and people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset, Floats, Ints, decimal_number
from analysis.grouping import natural_key
from questionnaires.refusal import Refusal

WHERE = "Tệp {file}, dòng {row}, tầng «{stratum}»: "
LARGEST_SD = 0.5  # of anything that lies in [0, 1]


@dataclass(frozen=True)
class Frame:
    """Dàn chọn mẫu: the strata in natural order of unit and name; all arrays (strata,).

    `psus` are the PSUs and `population` the people of a stratum; `rate`, `sd` and `cost` (of one
    respondent, in any currency) are NaN where the frame does not say. `unit` is the domain of
    publication, "" without one. `whole` marks strata all of whose PSUs must be taken. `direct`:
    the frame has no PSUs, people are drawn from a list (each is a PSU).
    """

    name: str
    stratum: tuple[str, ...]
    unit: tuple[str, ...]
    psus: Ints
    population: Floats
    rate: Floats
    sd: Floats
    cost: Floats
    whole: NDArray[np.bool_]
    direct: bool

    @property
    def by_unit(self) -> dict[str, NDArray[np.intp]]:
        """The positions of the strata of each domain of publication, in natural order."""
        found: dict[str, list[int]] = {}
        for position, unit in enumerate(self.unit):
            found.setdefault(unit, []).append(position)
        return {unit: np.array(at, dtype=np.intp) for unit, at in found.items() if unit}


def frame_of(data: Dataset) -> Frame:
    """Read a frame, a row per stratum: columns stratum, population, psus; unit, p, sd, cost, whole.

    Without `psus` people are drawn directly. Raises `Refusal` naming the stratum for a missing or
    impossible count, p or sd, a stratum named twice, fewer people than PSUs, or a single PSU in a
    stratum that is not marked `whole` = 1.
    """
    cells = _Cells(data)
    strata = cells.strata
    units = cells.names("unit") if "unit" in data.columns else [""] * data.rows
    direct = "psus" not in data.columns
    population = cells.counts("population")
    psus = population if direct else cells.counts("psus")
    rate, sd, cost = cells.optional("p"), cells.optional("sd"), cells.optional("cost")
    cells.refuse((rate <= 0) | (rate >= 1), "cột «p» phải lớn hơn 0 và nhỏ hơn 1 (80 % viết 0.8).")
    cells.refuse((sd < 0) | (sd > LARGEST_SD), "cột «sd» phải từ 0 đến 0.5.")
    cells.refuse(cost <= 0, "cột «cost» phải lớn hơn 0.")
    whole = cells.optional("whole")
    cells.refuse(~np.isnan(whole) & (whole != 0) & (whole != 1), "cột «whole» chỉ ghi 0 hoặc 1.")
    repeated = np.array([strata.index(name) != i for i, name in enumerate(strata)])
    cells.refuse(repeated, "tên tầng đã có ở dòng trước; mỗi tầng một tên riêng.")
    cells.refuse(population < psus, "số dân (cột «population») ít hơn số đơn vị chọn mẫu.")
    cells.refuse(
        (psus < 2) & (whole != 1),
        "chỉ có một đơn vị chọn mẫu (cột «psus»): gộp với tầng khác, "
        "hoặc ghi 1 ở cột «whole» để lấy toàn bộ tầng.",
    )
    order = sorted(range(data.rows), key=lambda i: (natural_key(units[i]), natural_key(strata[i])))
    return Frame(
        data.name,
        tuple(strata[i] for i in order),
        tuple(units[i] for i in order),
        psus[order].astype(np.int64),
        population[order],
        rate[order],
        sd[order],
        cost[order],
        whole[order] == 1,
        direct,
    )


class _Cells:
    """The cells of a frame file, refused by the name of their stratum."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.strata = self.names("stratum")

    def names(self, column: str) -> list[str]:
        found = self.data.column(column)
        empty = "Tệp {file}, dòng {row}: ô «{column}» còn trống."
        self.data.refuse_rows(found.codes < 0, column, empty)
        return [found.labels[code] for code in found.codes]

    def counts(self, column: str) -> Floats:
        """Whole numbers from 1 on, none missing (strata,)."""
        self.data.column(column)
        values = self.optional(column)
        self.refuse(np.isnan(values), "chưa có số liệu ở cột «{column}».", column)
        wrong = (values < 1) | (values != np.floor(values))
        self.refuse(wrong, "cột «{column}» phải là số nguyên từ 1 trở lên.", column)
        return values

    def optional(self, column: str) -> Floats:
        """Finite numbers, NaN where the cell is empty or there is no such column (strata,)."""
        if column not in self.data.columns:
            return np.full(self.data.rows, np.nan)
        found = self.data.column(column)
        values = np.array([decimal_number(label) for label in found.labels] + [np.nan])[found.codes]
        wrong = (found.codes >= 0) & ~np.isfinite(values)
        self.refuse(wrong, "ô ở cột «{column}» không phải là số.", column)
        return np.asarray(values)

    def refuse(self, wrong: NDArray[np.bool_], what: str, column: str = "") -> None:
        """Refuse the first stratum marked wrong, by file, row and name."""
        if wrong.any():
            row = int(np.argmax(wrong))
            where = {"file": self.data.name, "row": row + self.data.first_row}
            raise Refusal(WHERE + what, stratum=self.strata[row], column=column, **where)
