"""The seeded program that reconstructs the demo answers from the published tables.

`python -m survey_app.demo.reconstruct [--out FOLDER]` writes both files, the same bytes every time.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from survey_app.demo.chance import Chance
from survey_app.demo.check import check
from survey_app.demo.citizens import answer_citizens
from survey_app.demo.figures import PROVENANCE, Figures, read_figures
from survey_app.demo.officials import answer_officials

SEED = 2129
HERE = Path(__file__).parent
CITIZENS = "citizens_2022_reconstructed.csv"
OFFICIALS = "officials_2022_reconstructed.csv"
Table = list[dict[str, str]]


def reconstruct(figures: Figures, seed: int = SEED) -> tuple[Table, Table]:
    """The citizens' and the officials' rows; raises `ValueError` when a figure is not met."""
    citizens = _labelled(answer_citizens(figures, Chance(seed)))
    officials = _labelled(answer_officials(figures, Chance(seed + 1)))
    check(citizens, officials, figures)
    return citizens, officials


def write_table(path: Path, table: Table) -> None:
    """Write the rows under a temporary name beside `path`, then rename: never half a file."""
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    unfinished.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: reconstruct, check, write."""
    parser = argparse.ArgumentParser(
        prog="python -m survey_app.demo.reconstruct",
        description="Dựng lại dữ liệu minh họa từ các bảng số đã công bố.",
    )
    parser.add_argument("--out", type=Path, default=HERE, help="thư mục ghi hai tệp CSV")
    folder: Path = parser.parse_args(arguments).out
    for name, table in zip((CITIZENS, OFFICIALS), reconstruct(read_figures()), strict=True):
        write_table(folder / name, table)
        sys.stdout.write(f"Đã ghi {len(table)} phiếu dựng lại vào {folder / name}\n")
    return 0


def _labelled(table: Table) -> Table:
    """Put the label right after the identifier of every row."""
    return [{"response_id": row["response_id"], "provenance": PROVENANCE} | row for row in table]


if __name__ == "__main__":
    sys.exit(main())
