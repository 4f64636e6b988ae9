"""The command line on files: computes an index, tabulates the items of a questionnaire."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from analysis import render
from analysis.dataset import PROVENANCE, Dataset, Progress, from_arrays, read_csv
from analysis.design import DesignColumns, Sample, design_of
from analysis.estimate import Options
from analysis.given import Given, OtherResult, reported_values
from analysis.index import compute_index
from analysis.results import (
    Showing,
    design_record,
    estimates_of,
    index_document,
    notice_for,
)
from analysis.suppress import DEFAULT_MINIMUM
from analysis.tabulate import describe
from questionnaires.check import problems_in_index, problems_in_questionnaire, require_sound
from questionnaires.load import Catalogue, load_index, load_questionnaire
from questionnaires.model import IndexDefinition
from questionnaires.refusal import Refusal

LONG_FILE = 5_000_000  # bytes from which reading shows its progress
BAD_INPUT = 2
LATER = ("--poststratify", "--rake", "--calibrate", "--previous")
LATER_LONELY = ("average", "remove", "collapse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input ends with status 2 and one sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        options = _parser().parse_args(arguments)
        _refuse_what_comes_later(options)
        text = options.run(options)
        _write(text, options.out)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def run_index(options: argparse.Namespace) -> str:
    """Compute an index and return it in the format asked for."""
    loaded = load_index(Path(options.index))
    index = loaded.definition
    require_sound(problems_in_index(index))
    items = [leaf.item for leaf in index.leaf if leaf.item]
    sample = _sample(options, items)
    if sample is not None:
        _mention_unknown_answers(index, sample[0])
    settings = Options(options.ci, options.confidence)
    given = _given(options, index)
    result = compute_index(index, sample, options.by, given, settings)
    showing = Showing(options.min_n, options.assume_srs)
    data = None if sample is None else sample[0]
    if options.format == "json":
        return render.to_json(index_document(result, data, given, showing, loaded.checksum))
    notice = notice_for(data, given)
    rows = [vars(estimate) for estimate in estimates_of(result, showing, notice)]
    if options.format == "csv":
        return render.to_csv(rows, _domain_columns(options.by))
    title = index.title.get("vi", index.code)
    record = design_record(sample, settings, showing, notice)
    return render.heading(title, record, index.note if index.draft else None) + render.index_table(
        rows
    )


def run_describe(options: argparse.Namespace) -> str:
    """Tabulate the items of a questionnaire and return the tables in the format asked for."""
    path = Path(options.questionnaire)
    catalogue = Catalogue()
    loaded = (
        load_questionnaire(path) if path.suffix == ".toml" else catalogue.questionnaire(str(path))
    )
    version = loaded.definition
    require_sound(problems_in_questionnaire(version))
    sample = _sample(options, [item.code for item in version.items])
    if sample is None:
        raise Refusal("Cần tệp dữ liệu: --data.")
    data = sample[0]
    showing = Showing(options.min_n, options.assume_srs)
    settings = Options(options.ci, options.confidence)
    lines = describe(version, sample, options.by, showing, settings)
    notice = notice_for(data)
    rows = [share.record(notice) for share in lines]
    if not rows:
        template = "Tệp {file} không có cột nào là câu hỏi của phiếu {version}."
        raise Refusal(template, file=data.name, version=version.name)
    if options.format == "csv":
        return render.to_csv(rows, _domain_columns(options.by))
    record = design_record(sample, settings, showing, notice)
    if options.format == "table":
        return render.heading(version.title, record) + render.describe_table(rows)
    document = {"questionnaire": version.name, "checksum": loaded.checksum}
    return render.to_json({**document, "design": record, "results": rows})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal("Lệnh không đúng: {detail} (xem --help).", detail=message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m analysis", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(
        required=True, metavar="index | describe", parser_class=_Parser
    )
    index = commands.add_parser("index", help="tính chỉ số", allow_abbrev=False)
    index.set_defaults(run=run_index)
    add = index.add_argument
    add("--index", required=True, metavar="INDEX.toml", help="cách tính chỉ số")
    add("--data", metavar="DATA.csv|.parquet", help="phiếu trả lời, mỗi phiếu một dòng")
    add(
        "--from",
        dest="results",
        action="append",
        default=[],
        metavar="RESULT.json",
        help="kết quả của chỉ số khác mà chỉ số này dùng",
    )
    add("--reported", metavar="VALUES.csv", help="số liệu báo cáo: cột leaf, value (từ 0 đến 1)")
    tables = commands.add_parser("describe", help="lập bảng từng câu hỏi", allow_abbrev=False)
    tables.set_defaults(run=run_describe)
    add = tables.add_argument
    add("--questionnaire", required=True, metavar="CODE/VERSION|FILE.toml", help="phiên bản phiếu")
    add("--data", required=True, metavar="DATA.csv|.parquet", help="phiếu trả lời")
    for command in (index, tables):
        _add_common(command)
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--stratum", metavar="COL", help="cột tầng")
    add(
        "--psu", type=_columns, default=(), metavar="COL[,COL]", help="cột đơn vị chọn mẫu từng cấp"
    )
    add("--weight", metavar="COL", help="cột quyền số")
    add(
        "--fpc",
        type=_columns,
        default=(),
        metavar="COL[,COL]",
        help="cột số lượng tổng thể từng cấp: đơn vị của tầng, rồi đơn vị trong đơn vị trên",
    )
    add(
        "--by",
        type=_columns,
        action="append",
        default=[],
        metavar="COL[,COL]",
        help="tính riêng theo cột, hoặc theo nhiều cột kết hợp; có thể lặp lại",
    )
    rules = ("fail", "certainty", "adjust", *LATER_LONELY)
    add("--lonely", default="fail", choices=rules, help="tầng chỉ có một đơn vị chọn mẫu")
    add("--confidence", type=float, default=0.95, help="độ tin cậy, mặc định 0.95")
    add("--ci", default="logit", choices=("logit", "t", "kg"), help="cách tính khoảng tin cậy")
    sources = ("probability", "census", "self-selected")
    add("--source", default="probability", choices=sources, help="phiếu có được bằng cách nào")
    add("--assume-srs", action="store_true", help="coi phiếu tự nguyện như mẫu ngẫu nhiên đơn giản")
    add("--min-n", type=int, default=DEFAULT_MINIMUM, help="ẩn ô có ít phiếu hơn, mặc định 10")
    add("--format", default="json", choices=("json", "csv", "table"), help="dạng kết quả")
    add("--out", metavar="FILE", help="ghi vào tệp")
    for name in LATER:
        add(name, help=argparse.SUPPRESS)


def _columns(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"«{text}»")
    return names


def _refuse_what_comes_later(options: argparse.Namespace) -> None:
    asked = [name for name in LATER if getattr(options, name[2:]) is not None]
    asked += [f"--lonely {options.lonely}"] if options.lonely in LATER_LONELY else []
    asked += ["--ci kg"] if options.ci == "kg" else []
    if asked:
        raise Refusal("Phiên bản này chưa có {option}.", option=asked[0])
    if not 0 < options.confidence < 1:
        template = "--confidence phải lớn hơn 0 và nhỏ hơn 1, không phải {value}."
        raise Refusal(template, value=options.confidence)
    if options.min_n < 0:
        raise Refusal("--min-n không được âm.")


def _sample(options: argparse.Namespace, items: Sequence[str]) -> Sample | None:
    columns = DesignColumns(options.stratum, options.psu, options.weight, options.fpc)
    if options.data is None:
        return None
    wanted = [*columns.names, *_domain_columns(options.by), *items, PROVENANCE]
    data = _read(Path(options.data), wanted)
    return data, design_of(data, columns, options.source, options.lonely)


def _mention_unknown_answers(index: IndexDefinition, data: Dataset) -> None:
    """Say on standard error which answers are no option of the questionnaires the index names.

    They count as missing, as the contract says of any code outside the scale; but a typing error
    should not disappear without a word.
    """
    catalogue = Catalogue()
    for name in set(index.questionnaires) & set(catalogue.questionnaire_names):
        for item in catalogue.questionnaire(name).definition.items:
            if item.code not in data.columns or item.kind not in ("single", "scale"):
                continue
            column = data.column(item.code)
            known = {option.code for option in item.option}
            for code, label in enumerate(column.labels):
                if label not in known:
                    times = column.codes == code
                    sys.stderr.write(
                        f"Lưu ý: tệp {data.name}, câu hỏi «{item.code}»: {times.sum()} câu trả lời "
                        f"«{label}» không có trong phiếu {name} nên được coi là thiếu "
                        f"(lần đầu ở dòng {times.argmax() + data.first_row}).\n"
                    )


def _read(path: Path, wanted: Sequence[str] | None = None) -> Dataset:
    try:
        with path.open("rb") as stream:
            if path.suffix.lower() == ".parquet":
                return _read_parquet(path, wanted)
            return read_csv(stream, path.name, wanted, _progress(path))
    except OSError as error:
        raise Refusal("Không đọc được tệp {file}.", file=path.name) from error


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


def _given(options: argparse.Namespace, index: IndexDefinition) -> Given:
    results = {}
    for name in options.results:
        try:
            document = json.loads(Path(name).read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, ValueError) as error:
            template = "Tệp {file} không đọc được hoặc không phải JSON."
            raise Refusal(template, file=Path(name).name) from error
        other = OtherResult.of(document, Path(name).name)
        results[other.code] = other
    reported = {}
    if options.reported:
        reported = reported_values(_read(Path(options.reported)), index)
    return Given(results, reported)


def _domain_columns(families: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in families for name in names))


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
