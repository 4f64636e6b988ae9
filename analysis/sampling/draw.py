"""A seeded draw of PSUs with reserves: the same names whoever draws, in whatever order of rows."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, Literal

import numpy as np

from analysis.dataset import Dataset, decimal_number
from analysis.grouping import natural_key
from questionnaires.refusal import Refusal

Method = Literal["srs", "pps"]
BITS = 64


@dataclass(frozen=True)
class DrawRequest:
    """How to draw: any text as `seed`, the method, and how many reserves a stratum gets.

    `srs` gives all PSUs of a stratum the same chance, `pps` a chance in proportion to the column
    `size`.
    """

    seed: str
    method: Method = "srs"
    reserves: int = 2


@dataclass(frozen=True)
class DrawnPSU:
    """One PSU drawn.

    `order` counts selections and reserves apart, from 1. `probability` is the chance the PSU had
    to be selected, of a reserve too; `certain` says that it was 1. `role` is "selected" or
    "reserve": reserves are to be used in their order.
    """

    stratum: str
    psu: str
    role: Literal["selected", "reserve"]
    order: int
    probability: Fraction
    certain: bool


def draw(
    psus: Dataset,
    counts: Mapping[str, int],
    request: DrawRequest,
    in_frame: Mapping[str, int] | None = None,
) -> list[DrawnPSU]:
    """Draw so many PSUs from each stratum of a list: columns stratum, psu and, for pps, size.

    Every choice hangs on a SHA-256 of seed, stratum and PSU, so neither the order of rows, nor
    the strata beside, nor the version of any program changes it. Another seed is another sample;
    under `srs` the same seed with a larger count keeps the PSUs and adds some (permanent random
    numbers: Ohlsson 1995, in Cox et al., Business Survey Methods, ch. 9). `in_frame` are the PSUs
    that the frame counts in each stratum. Raises `Refusal` by name for a stratum with too few PSUs
    in the list or another number than the frame's, a stratum that is not in the frame, a PSU
    named twice, an empty cell, a size that is no positive number, and an empty seed.
    """
    if request.reserves < 0:
        raise Refusal("Số đơn vị dự phòng (--reserves) không được âm.")
    if not request.seed.strip():
        raise Refusal("Cần một chuỗi bất kỳ làm gốc ngẫu nhiên: --seed.")
    listed = _listed(psus, request.method)
    if in_frame is not None:
        strata = psus.column("stratum")
        strange = np.array([label not in in_frame for label in strata.labels])[strata.codes]
        template = "Tệp {file}, dòng {row}, cột «{column}»: dàn mẫu không có tầng «{value}»."
        psus.refuse_rows(strange, "stratum", template)
    drawn: list[DrawnPSU] = []
    for stratum in sorted(counts, key=natural_key):
        count, members = counts[stratum], listed.get(stratum, {})
        if count < 0 or count > len(members):
            template = "Tầng «{stratum}»: cần {n} đơn vị chọn mẫu, tệp {file} chỉ có {listed}."
            where = {"stratum": stratum, "file": psus.name}
            raise Refusal(template, n=count, listed=len(members), **where)
        if in_frame is not None and len(members) != in_frame[stratum]:
            template = "Tầng «{stratum}»: dàn mẫu ghi {n} đơn vị chọn mẫu, tệp {file} có {listed}."
            where = {"stratum": stratum, "file": psus.name}
            raise Refusal(template, n=in_frame[stratum], listed=len(members), **where)
        drawn += _draw_stratum(stratum, members, count, request)
    return drawn


def draw_rows(drawn: Sequence[DrawnPSU]) -> list[dict[str, Any]]:
    """The draw as rows: stratum, psu, role, order, probability, base weight 1/probability."""
    return [
        {
            "stratum": one.stratum,
            "psu": one.psu,
            "role": one.role,
            "order": one.order,
            "probability": float(one.probability),
            "weight": float(1 / one.probability) if one.probability else None,
            "certain": one.certain,
        }
        for one in drawn
    ]


def inclusion_probabilities(
    sizes: Mapping[str, Fraction], count: int
) -> dict[str, tuple[Fraction, bool]]:
    """The chance of each PSU in a draw of `count` proportional to size, and whether it is sure.

    pi = n x / sum x; where that reaches 1 the PSU is taken with certainty, and the rest are drawn
    among the others (Saerndal, Swensson & Wretman 1992, section 3.6).
    """
    sure: set[str] = set()
    while True:
        rest = {name: size for name, size in sizes.items() if name not in sure}
        left, total = count - len(sure), sum(rest.values(), Fraction(0))
        found = {name for name, size in rest.items() if left * size >= total}
        if not found or not left:
            break
        sure |= found
    chance = {name: left * size / total for name, size in rest.items()} if rest else {}
    return {name: (Fraction(1), True) if name in sure else (chance[name], False) for name in sizes}


def systematic(chances: Mapping[str, tuple[Fraction, bool]], start: Fraction) -> list[str]:
    """Systematic selection with given chances in the order given; `start` in [0, 1).

    A PSU is taken when one of start, start + 1, ... falls into its stretch of the cumulated
    chances (Madow 1949; Cochran 1977, chapter 9A). Exact: fractions.
    """
    chosen, reached = [], Fraction(0)
    for name, (chance, certain) in chances.items():
        if certain:
            chosen.append(name)
            continue
        before, reached = reached, reached + chance
        if -((start - reached) // 1) > -((start - before) // 1):
            chosen.append(name)
    return chosen


def _draw_stratum(
    stratum: str, sizes: Mapping[str, Fraction], count: int, request: DrawRequest
) -> list[DrawnPSU]:
    by_number = sorted(sizes, key=lambda psu: (_number(request.seed, stratum, psu), psu))
    if request.method == "srs":
        share = Fraction(count, len(sizes)) if sizes else Fraction(0)
        chances = dict.fromkeys(sizes, (share, share == 1))
        chosen = by_number[:count]
    else:
        # Neighbours in name are neighbours on the map: the systematic step spreads over them.
        in_order = {psu: sizes[psu] for psu in sorted(sizes, key=natural_key)}
        chances = inclusion_probabilities(in_order, count)
        chosen = systematic(chances, _start(request.seed, stratum))
    left = [psu for psu in by_number if psu not in set(chosen)][: request.reserves]
    found: list[DrawnPSU] = []
    roles: tuple[tuple[Literal["selected", "reserve"], list[str]], ...]
    roles = (("selected", chosen), ("reserve", left))
    for role, names in roles:
        for order, psu in enumerate(names, 1):
            found.append(DrawnPSU(stratum, psu, role, order, *chances[psu]))
    return found


def _number(*parts: str) -> int:
    """A number of 64 bits that only these texts give, evenly spread."""
    text = unicodedata.normalize("NFC", json.dumps(parts, ensure_ascii=False))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[: BITS // 8], "big")


def _start(seed: str, stratum: str) -> Fraction:
    return Fraction(_number(seed, stratum), 2**BITS)


def _listed(psus: Dataset, method: Method) -> dict[str, dict[str, Fraction]]:
    """The PSUs of each stratum with their sizes."""
    columns = ["stratum", "psu", *(["size"] if method == "pps" else [])]
    empty = "Tệp {file}, dòng {row}: ô «{column}» còn trống."
    for name in columns:
        psus.refuse_rows(psus.column(name).codes < 0, name, empty)
    listed: dict[str, dict[str, Fraction]] = {}
    for row in range(psus.rows):
        cells = [psus.column(name) for name in columns]
        texts = [column.labels[column.codes[row]] for column in cells]
        where = {"file": psus.name, "row": row + psus.first_row, "psu": texts[1]}
        members = listed.setdefault(texts[0], {})
        if texts[1] in members:
            template = "Tệp {file}, dòng {row}: đơn vị «{psu}» đã có trong tầng «{stratum}»."
            raise Refusal(template, stratum=texts[0], **where)
        size = _size(texts[2]) if method == "pps" else Fraction(1)
        if size is None:
            template = "Tệp {file}, dòng {row}, đơn vị «{psu}»: cột «size» phải là số lớn hơn 0."
            raise Refusal(template, **where)
        members[texts[1]] = size
    return listed


def _size(text: str) -> Fraction | None:
    # What rounds to 0 or is infinite as a float64 may be too long to write out as a fraction.
    return Fraction(text) if 0 < decimal_number(text) < inf else None
