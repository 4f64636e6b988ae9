"""The command line on files: indices, tables of items, comparisons, weights and plans."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from analysis.commands import compare, describe, index, plan, weights
from analysis.commands.options import Noted
from analysis.dataset import Dataset, Progress, read_csv
from analysis.engines import sql
from analysis.engines.layout import CellLayout
from analysis.engines.reading import Reading, read_totals
from analysis.engines.tables import Table, UnsuitableError
from questionnaires.check import problems_in_index, problems_in_questionnaire, require_sound
from questionnaires.load import Catalogue, Loaded, load_index, load_questionnaire
from questionnaires.model import IndexDefinition, QuestionnaireVersion
from questionnaires.refusal import Refusal

LONG_FILE = 5_000_000  # bytes from which reading shows its progress
LONG_TABLE = 1_000_000  # rows
ENGINE_MEMORY = "400MB"
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
        with FilesOnDisk() as files:
            text = options.run(options, files)
        _write(text, options.out)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class FilesOnDisk:
    """The files named on the command line (see `analysis.commands.files`)."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._open = ExitStack()  # connections, until the command ends
        self._errors: tuple[type[BaseException], ...] = ()  # of the engines that were opened

    def __enter__(self) -> "FilesOnDisk":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._open.close()
        if isinstance(error, self._errors):
            names = ", ".join(table.name for table in self._tables.values())
            raise Refusal("Dữ liệu {names} hỏng hoặc không đọc hết được.", names=names) from error

    def table(self, path: str, wanted: Sequence[str] | None = None) -> Dataset:
        """Read a CSV or Parquet file, or a table of PostgreSQL, with progress when it is long."""
        place = Path(path)
        try:
            if _is_table(path) or place.suffix.lower() == ".parquet":
                table = self._table(path)
                return table.read(list(table.kinds()) if wanted is None else wanted)
            with place.open("rb") as stream:
                size = place.stat().st_size
                shown = _progress(place.name, size) if size >= LONG_FILE else None
                return read_csv(stream, place.name, wanted, shown)
        except OSError as error:
            raise Refusal("Không đọc được tệp {file}.", file=place.name) from error

    def reading(self, path: str, layout: CellLayout) -> Reading | None:
        """Let DuckDB total a Parquet file, or PostgreSQL a table, where they can do it exactly."""
        if not _is_table(path) and Path(path).suffix.lower() != ".parquet":
            return None
        table = self._table(path)
        try:
            return read_totals(table, layout)
        except UnsuitableError:
            return None

    def content(self, path: str) -> bytes | None:
        """Read a file, if it is there."""
        try:
            return Path(path).read_bytes() if Path(path).exists() else None
        except OSError as error:
            raise Refusal("Không đọc được tệp {file}.", file=Path(path).name) from error

    def checksum(self, path: str) -> str:
        """Read a file for its sha256."""
        return hashlib.sha256(self.content(path) or b"").hexdigest()

    def keep(self, path: str, content: bytes) -> None:
        """Write a file under another name, to the disk, and then give it its own."""
        _keep(path, content)

    def progress(self, name: str, rows: int) -> Progress | None:
        """Show how many rows were read, on a terminal and when there are many."""
        return _progress(name, rows) if rows >= LONG_TABLE else None

    def document(self, path: str) -> Any:
        """Read a JSON file; numbers stay exact."""
        try:
            return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, ValueError, RecursionError) as error:
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

    def _table(self, path: str) -> Table:
        if path not in self._tables:
            opened = _in_postgresql if _is_table(path) else _in_parquet
            self._tables[path], error = opened(path, self._open)
            self._errors += (error,)
        return self._tables[path]


class _Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.register("action", None, Noted)

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


def _is_table(path: str) -> bool:
    return path.startswith(("postgresql://", "postgres://"))


def _in_parquet(path: str, opened: ExitStack) -> tuple[Table, type[BaseException]]:
    import duckdb  # half a tenth of a second that reading CSV need not pay

    place = Path(path)
    try:
        place.open("rb").close()
        connection = opened.enter_context(duckdb.connect(config={"memory_limit": ENGINE_MEMORY}))
        table = Table(connection, f"read_parquet({sql.text(path)})", place.name)
        table.kinds()
    except duckdb.Error as error:
        raise Refusal("Tệp {file} không phải Parquet đúng dạng.", file=place.name) from error
    return table, duckdb.Error


def _in_postgresql(url: str, opened: ExitStack) -> tuple[Table, type[BaseException]]:
    import psycopg

    address, _, name = url.partition("#")
    if not name:
        template = "Nêu bảng sau dấu # của địa chỉ cơ sở dữ liệu: postgresql://…#bảng."
        raise Refusal(template)
    source = ".".join(sql.quoted(part) for part in name.split("."))
    try:
        connection = opened.enter_context(psycopg.connect(address, autocommit=True))
        table = Table(connection, source, name)
        table.kinds()
    except psycopg.Error as error:
        # The address may hold a password, so it is not repeated.
        raise Refusal("Không đọc được bảng {name} trong cơ sở dữ liệu.", name=name) from error
    return table, psycopg.Error


def _progress(name: str, size: int) -> Progress | None:
    if not sys.stderr.isatty():
        return None

    def show(read: int) -> None:
        end = "\n" if read >= size else ""
        sys.stderr.write(f"\rĐang đọc {name}: {100 * read // size} %{end}")
        sys.stderr.flush()

    return show


def _write(text: str, out: str | None) -> None:
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    _keep(out, text.encode("utf-8"))


def _keep(name: str, content: bytes) -> None:
    """Write a file whole or not at all, and leave nothing else behind."""
    path = Path(name)
    part = path.with_name(f".{path.name}.part") if path.name else path
    try:
        if path.exists() and not path.is_file():  # a directory, or a device, which is not replaced
            path.write_bytes(content)
            return
        try:
            with part.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise Refusal("Không ghi được tệp {file}.", file=name) from error


if __name__ == "__main__":
    sys.exit(main())
