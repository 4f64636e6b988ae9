"""The command `import`: keyed paper forms from a file into a wave, resumable, with a dry run."""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.catalogue import KeptCatalogue
from survey_app.config import Config, read_config
from survey_app.db import Busy, Database
from survey_app.services.door.columns import ColumnMapping, read_mapping
from survey_app.services.door.imports import (
    RESULTS,
    Import,
    ImportReport,
    ImportRequest,
    plan_import,
    write_problems,
)
from survey_app.services.door.submissions import QUARANTINED
from survey_app.services.tables.sheets import LIMIT, Row, read_sheet

SOME_REJECTED, BAD_INPUT, INTERRUPTED = 1, 2, 130
SHOWN = 20  # problems on the screen; all of them go to --problems
ATTEMPTS = 6  # each waits five seconds for its turn at the database
MAPPINGS = (".mapping.toml", ".mapping.json")

Progress = Callable[[int, int], object]


def run_import(arguments: Sequence[str] | None = None, config: Config | None = None) -> int:
    """Run the command; 0: every row is in, 1: some are not, 2: nothing could be done.

    Bad input ends with one sentence on standard error.
    """
    try:
        options = _parser().parse_args(arguments)
        request = _request(options)
        database = Database((config or read_config()).database_url)
        try:
            report = import_file(database, Path(options.file), request, _shown())
        finally:
            database.engine.dispose()
        if options.problems:
            _write_problems(report, Path(options.problems))
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nĐã dừng. Xin chạy lại lệnh này để nhập tiếp; không phiếu nào bị trùng.\n"
        )
        return INTERRUPTED
    sys.stdout.write(_summary(report, request.dry_run, bool(options.problems)))
    return 0 if report.is_clean else SOME_REJECTED


def import_file(
    database: Database,
    path: Path,
    request: ImportRequest,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
) -> ImportReport:
    """Import a file, a transaction for each batch; `progress` hears rows done and rows in all.

    After an interruption the same call takes up where it ended. Raises `Refusal`, before anything
    is stored, when the file as a whole cannot be read.
    """
    catalogue = catalogue or KeptCatalogue()
    sheet = read_sheet(_content(path), path.name, request.mapping.sheet)
    with database.reading() as session:
        job = plan_import(session, request, sheet, clock.now(), catalogue)
    for rows in job.batches():
        _take(database, job, rows, clock.now())
        if progress:
            progress(job.report.done, job.report.total)
    return job.report


def _take(database: Database, job: Import, rows: Sequence[Row], now: datetime) -> None:
    for attempt in range(ATTEMPTS):
        try:
            with database.writing() as session:
                outcomes = job.take(session, rows, now)
        except Busy:
            if attempt + 1 < ATTEMPTS:
                time.sleep(0.1)
                continue
            template = "Cơ sở dữ liệu đang bận sau {done} dòng. Xin chạy lại lệnh này để nhập tiếp."
            raise Refusal(template, done=job.report.done) from None
        job.report.add(outcomes)
        return


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal("Lệnh không đúng: {detail} (xem --help).", detail=message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m survey_app import",
        description="Nhập phiếu giấy đã gõ vào bảng tính, mỗi phiếu một dòng.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="tệp CSV (UTF-8) hoặc XLSX, không quá 10 MB")
    add("--wave", required=True, metavar="CODE", help="mã đợt khảo sát")
    add("--questionnaire", required=True, metavar="CODE/VERSION", help="phiên bản phiếu")
    points = parser.add_mutually_exclusive_group()
    points.add_argument("--point", metavar="CODE", help="mã điểm lấy ý kiến của cả tệp")
    points.add_argument("--point-column", metavar="COL", help="cột ghi mã điểm lấy ý kiến")
    add("--mapping", metavar="FILE", help="ánh xạ cột; mặc định FILE.mapping.toml|json nếu có")
    add("--dry-run", action="store_true", help="chỉ kiểm tra mọi dòng, không lưu gì")
    add("--problems", metavar="OUT.csv", help="ghi các vấn đề của từng dòng vào tệp")
    return parser


def _request(options: argparse.Namespace) -> ImportRequest:
    mapping = _mapping(Path(options.file), options.mapping)
    if options.point_column:
        mapping = replace(mapping, point=options.point_column)
    return ImportRequest(
        wave=options.wave,
        questionnaire=options.questionnaire,
        point=options.point,
        mapping=mapping,
        dry_run=options.dry_run,
    )


def _mapping(file: Path, given: str | None) -> ColumnMapping:
    """The mapping named, or the one beside the file, or none: columns are known by their titles."""
    beside = (file.with_suffix(ending) for ending in MAPPINGS)
    path = Path(given) if given else next((found for found in beside if found.exists()), None)
    return ColumnMapping() if path is None else read_mapping(_content(path), path.name)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LIMIT + 1)
    except OSError as error:
        raise Refusal("Không đọc được tệp {file}.", file=path.name) from error


def _write_problems(report: ImportReport, path: Path) -> None:
    text = io.StringIO()
    write_problems(report, text)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(text.getvalue().encode())
        part.replace(path)
    except OSError as error:
        raise Refusal("Không ghi được tệp {file}.", file=path) from error


def _shown() -> Progress | None:
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\rĐã xem {_number(done)}/{_number(total)} dòng{end}")
        sys.stderr.flush()

    return show


def _summary(report: ImportReport, dry_run: bool, written: bool) -> str:
    shown_always = {name: word for name, word in RESULTS.items() if name != QUARANTINED}
    words = RESULTS if report.counts[QUARANTINED] else shown_always
    counts = ", ".join(f"{word} {_number(report.counts[name])}" for name, word in words.items())
    lines = [f"{report.file}: {_number(report.done)} phiếu; {counts}."]
    if dry_run:
        lines.append("Đây là chạy thử: chưa lưu phiếu nào.")
    shown = [] if written else report.problems[:SHOWN]
    lines += [
        f"Dòng {found.row}, cột «{found.column}»: {found.refusal}"
        if found.column
        else f"Dòng {found.row}: {found.refusal}"
        for found in shown
    ]
    if not written and len(report.problems) > SHOWN:
        more = _number(len(report.problems) - SHOWN)
        lines.append(f"Còn {more} vấn đề nữa; dùng --problems OUT.csv để ghi tất cả.")
    return "\n".join(lines) + "\n"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")
