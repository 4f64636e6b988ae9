"""A made-up wave as a Parquet file of any size, made by DuckDB without passing through Python."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from analysis.design import DesignColumns
from bench.data import FEEDBACK, UNITS

COMMUNES = 12 * UNITS
DESIGN = DesignColumns(stratum="stratum", psu=("psu",), weight="weight")
CUTS = (40, 62, 95, 170)  # of 7 random bits and the levels of commune and person: codes 1 to 5
PER_HASH = 9  # items that share the 64 bits of one hash


def write_wave(path: Path, items: Sequence[str], rows: int) -> None:
    """Write unit, stratum, psu, weight (DOUBLE of 4 decimals) and the answers (TINYINT or NULL).

    Every value is a hash of the row's number, so that the same file comes out at every run. The
    weights are divided once, so that each is the double nearest to its decimals. One answer in
    sixteen is missing, and of the feedback items those of who gave no feedback.
    """
    hashes = ", ".join(f"hash(i, {k}) AS h{k}" for k in range(-(-len(items) // PER_HASH) + 1))
    last = f"h{-(-len(items) // PER_HASH)}"
    answers = ", ".join(_answer(item, k, last) for k, item in enumerate(items))
    text = f"""
        COPY (
            SELECT
                1 + commune % {UNITS} AS unit,
                1 + 2 * (commune % {UNITS}) + CAST(commune // {UNITS} >= 4 AS INTEGER) AS stratum,
                1 + commune // {UNITS} AS psu,
                ((30 + commune % 41) * 10000 + ({last} % 10000)) / 10000 AS weight,
                {answers}
            FROM (
                SELECT
                    *, (hash(commune) & 31)::INTEGER + ({last} & 63)::INTEGER AS level,
                    ({last} >> 10) & 127 < 36 AS feedback
                FROM (
                    SELECT (hash(i) % {COMMUNES})::INTEGER AS commune, {hashes}
                    FROM range({rows}) AS every(i)
                )
            )
        ) TO {quoted(path)} (FORMAT parquet)
    """
    with duckdb.connect() as connection:
        connection.execute(text)


def quoted(path: Path) -> str:
    """A path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def _answer(item: str, k: int, last: str) -> str:
    here = f"((h{k // PER_HASH} >> {7 * (k % PER_HASH)}) & 127) + level"
    code = " + ".join(f"CAST({here} > {cut} AS TINYINT)" for cut in CUTS)
    given = "feedback" if item.startswith(FEEDBACK) else f"({last} >> {20 + k}) & 15 <> 0"
    return f'CASE WHEN {given} THEN CAST(1 + {code} AS TINYINT) END AS "{item}"'
