"""The command line on files: indices, tables of items, comparisons, weights and plans."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from analysis.commands import compare, describe, index, plan, weights
from analysis.dataset import Dataset, Progress, from_arrays, read_csv
from questionnaires.check import problems_in_index, problems_in_questionnaire, require_sound
from questionnaires.load import Catalogue, Loaded, load_index, load_questionnaire
from questionnaires.model import IndexDefinition, QuestionnaireVersion
from questionnaires.refusal import Refusal

LONG_FILE = 5_000_000  # bytes from which reading shows its progress
BAD_INPUT = 2
COMMANDS = {
    "index": (index, "tính chỉ số"),
    "describe": (describe, "lập bảng từng câu hỏi"),
    "compare": (compare, "so sánh, xếp hạng các đơn vị và các đợt"),
    "weights": (weights, "tính quyền số điều tra"),
    "plan": (plan, "cỡ mẫu, phân bổ và rút mẫu"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input ends with status 2 and one sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        options = _parser().parse_args(arguments)
        text = options.run(options, FilesOnDisk())
        _write(text, options.out)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class FilesOnDisk:
    """The files named on the command line (see `analysis.commands.files`)."""

    def table(self, path: str, wanted: Sequence[str] | None = None) -> Dataset:
        """Read a CSV or Parquet file, with progress when it is long."""
        place = Path(path)
        try:
            with place.open("rb") as stream:
                if place.suffix.lower() == ".parquet":
                    return _read_parquet(place, wanted)
                return read_csv(stream, place.name, wanted, _progress(place))
        except OSError as error:
            raise Refusal("Không đọc được tệp {file}.", file=place.name) from error

    def document(self, path: str) -> Any:
        """Read a JSON file; numbers stay exact."""
        try:
            return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, ValueError) as error:
            template = "Tệp {file} không đọc được hoặc không phải JSON."
            raise Refusal(template, file=Path(path).name) from error

    def index(self, path: str) -> Loaded[IndexDefinition]:
        """Read an index definition and check that it is sound."""
        loaded = load_index(Path(path))
        require_sound(problems_in_index(loaded.definition))
        return loaded

    def questionnaire(self, name: str) -> Loaded[QuestionnaireVersion]:
        """Read a questionnaire version, by file or from the catalogue, and check it."""
        path = Path(name)
        is_file = path.suffix == ".toml"
        loaded = load_questionnaire(path) if is_file else Catalogue().questionnaire(name)
        require_sound(problems_in_questionnaire(loaded.definition))
        return loaded

    def note(self, sentence: str) -> None:
        """Write a sentence to standard error."""
        sys.stderr.write(f"{sentence}\n")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal("Lệnh không đúng: {detail} (xem --help).", detail=message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m analysis", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(
        required=True, metavar=" | ".join(COMMANDS), parser_class=_Parser
    )
    for name, (command, what) in COMMANDS.items():
        subparser = commands.add_parser(name, help=what, allow_abbrev=False)
        subparser.set_defaults(run=command.run)
        command.add_options(subparser)
    return parser


def _read_parquet(path: Path, wanted: Sequence[str] | None) -> Dataset:
    import duckdb  # half a tenth of a second that reading CSV need not pay

    try:
        relation = duckdb.read_parquet(str(path))
        names = [name for name in relation.columns if wanted is None or name in wanted]
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        arrays = relation.project(quoted).fetchnumpy() if names else {}
    except duckdb.Error as error:
        raise Refusal("Tệp {file} không phải Parquet đúng dạng.", file=path.name) from error
    return from_arrays(arrays, path.name)


def _progress(path: Path) -> Progress | None:
    size = path.stat().st_size
    if size < LONG_FILE or not sys.stderr.isatty():
        return None

    def show(read: int) -> None:
        end = "\n" if read >= size else ""
        sys.stderr.write(f"\rĐang đọc {path.name}: {100 * read // size} %{end}")
        sys.stderr.flush()

    return show


def _write(text: str, out: str | None) -> None:
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    path = Path(out)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise Refusal("Không ghi được tệp {file}.", file=out) from error


if __name__ == "__main__":
    sys.exit(main())
