"""Options that several subcommands share: the sample, its weights, and what is shown of it."""

import argparse
from collections.abc import Sequence
from typing import Any

from analysis.commands.files import Files
from analysis.dataset import PROVENANCE
from analysis.design import DesignColumns, Sample, design_of
from analysis.estimate import Options
from analysis.results import Showing
from analysis.suppress import DEFAULT_MINIMUM
from analysis.weights.calibrate import Method, calibrated
from analysis.weights.margins import Margins
from questionnaires.refusal import Refusal

FORMATS = ("json", "csv", "table")
LONELY = ("fail", "certainty", "adjust", "average", "remove", "collapse")
OF_DATA = (
    *("--stratum", "--psu", "--weight", "--fpc", "--lonely", "--source"),
    *("--poststratify", "--rake", "--calibrate", "--bounds"),
)
METHODS: dict[str, Method] = {"poststratify": "poststratify", "rake": "rake", "calibrate": "linear"}


STAGES = ("--psu", "--fpc")


class Noted(argparse.Action):
    """An option with a value; `given` lists what was given. The last value counts, as elsewhere.

    Only the stages of a sample stand in one option: a second one would drop a stage in silence.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value; raises `Refusal` for stages given twice."""
        name = option_string or self.dest
        given = getattr(namespace, "given", ())
        if name in STAGES and name in given:
            template = "Tùy chọn {option} chỉ được nêu một lần; nhiều cấp cách nhau bằng dấu phẩy."
            raise Refusal(template, option=name)
        namespace.given = (*given, name)
        setattr(namespace, self.dest, values)


class _Families(argparse.Action):
    """Each `--by` is a family of domains; the same one twice is one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        families = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*families, values] if values not in families else families)


def refuse_without(options: argparse.Namespace, needed: str, useless: Sequence[str]) -> None:
    """Raise `Refusal` for the first useless option that was given: it needs another one."""
    for name in getattr(options, "given", ()):
        if name in useless:
            template = "Tùy chọn {option} cần đi cùng {needed}."
            raise Refusal(template, option=name, needed=needed)


def add_output(command: argparse.ArgumentParser, formats: Sequence[str] = FORMATS) -> None:
    """Where the result goes and in which form."""
    add = command.add_argument
    add("--format", default=formats[0], choices=formats, help="dạng kết quả")
    add("--out", metavar="FILE", help="ghi vào tệp")


def add_design(command: argparse.ArgumentParser) -> None:
    """How the sample was drawn and weighted."""
    add = command.add_argument
    add("--stratum", metavar="COL", help="cột tầng")
    add(
        "--psu",
        type=column_names,
        default=(),
        metavar="COL[,COL]",
        help="cột đơn vị chọn mẫu từng cấp",
    )
    add("--weight", metavar="COL", help="cột quyền số")
    add(
        "--fpc",
        type=column_names,
        default=(),
        metavar="COL[,COL]",
        help="cột số lượng tổng thể từng cấp: đơn vị của tầng, rồi đơn vị trong đơn vị trên",
    )
    add("--lonely", default="fail", choices=LONELY, help="tầng chỉ có một đơn vị chọn mẫu")
    sources = ("probability", "census", "self-selected")
    add("--source", default="probability", choices=sources, help="phiếu có được bằng cách nào")


def add_calibration(command: argparse.ArgumentParser) -> None:
    """To which known totals the weights are brought."""
    add = command.add_argument
    for name, what in (
        ("--poststratify", "hậu phân tầng theo tổng thể (margin, category, total)"),
        ("--rake", "cân chỉnh quyền số theo nhiều tổng biên (raking)"),
        ("--calibrate", "hiệu chỉnh tuyến tính theo tổng biên (GREG)"),
    ):
        add(name, metavar="MARGINS.csv", help=what)
    add("--bounds", type=_bounds, metavar="L,U", help="giới hạn hệ số hiệu chỉnh, ví dụ 0.5,2")


def add_showing(command: argparse.ArgumentParser) -> None:
    """Domains, intervals, and what is hidden."""
    add = command.add_argument
    add(
        "--by",
        type=column_names,
        action=_Families,
        default=[],
        metavar="COL[,COL]",
        help="tính riêng theo cột, hoặc theo nhiều cột kết hợp; có thể lặp lại",
    )
    add("--confidence", type=float, default=0.95, help="độ tin cậy, mặc định 0.95")
    add("--ci", default="logit", choices=("logit", "kg", "t"), help="cách tính khoảng tin cậy")
    add("--assume-srs", action="store_true", help="coi phiếu tự nguyện như mẫu ngẫu nhiên đơn giản")
    add("--min-n", type=int, default=DEFAULT_MINIMUM, help="ẩn ô có ít phiếu hơn, mặc định 10")
    add(
        "--reliability",
        default="flag",
        choices=("flag", "suppress", "off"),
        help="ước lượng kém tin cậy (NCHS 2017): đánh dấu, ẩn, hoặc không xét",
    )


def column_names(text: str) -> tuple[str, ...]:
    """Read `COL[,COL]`: names, none empty or twice."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"«{text}»")
    return names


def design_columns(options: argparse.Namespace) -> DesignColumns:
    """The columns that say how the sample was drawn."""
    return DesignColumns(options.stratum, options.psu, options.weight, options.fpc)


def sample_of(
    options: argparse.Namespace, files: Files, items: Sequence[str], path: str | None = None
) -> Sample | None:
    """Read the responses with their design and calibrated weights; None without --data.

    `items` are the columns wanted besides those of the design, `path` another file of the same
    columns. Raises `Refusal` for an option of the design without --data.
    """
    path = path or options.data
    if path is None:
        refuse_without(options, "--data", OF_DATA)
        return None
    columns = design_columns(options)
    chosen = chosen_margins(options, files)
    asked = [*columns.names, *domain_columns(options.by), *items, PROVENANCE]
    asked += chosen[1].columns if chosen else ()
    data = files.table(path, asked)
    design = design_of(data, columns, options.source, options.lonely)
    if chosen is not None:
        design = calibrated(data, design, chosen[1], chosen[0], options.bounds)
    return data, design


def chosen_margins(options: argparse.Namespace, files: Files) -> tuple[Method, Margins] | None:
    """The method of calibration and its margins; None when the weights stay as they are."""
    named = [name for name in METHODS if getattr(options, name)]
    if len(named) > 1:
        template = "Chỉ chọn một cách hiệu chỉnh quyền số: --{first} hoặc --{second}."
        raise Refusal(template, first=named[0], second=named[1])
    if not named:
        if options.bounds:
            raise Refusal("--bounds cần đi cùng --rake hoặc --calibrate.")
        return None
    return METHODS[named[0]], Margins.of(files.table(getattr(options, named[0])))


def settings_of(options: argparse.Namespace) -> Options:
    """The intervals asked for; raises `Refusal` for a confidence that is none."""
    if not 0 < options.confidence < 1:
        template = "--confidence phải lớn hơn 0 và nhỏ hơn 1, không phải {value}."
        raise Refusal(template, value=options.confidence)
    return Options(options.ci, options.confidence)


def showing_of(options: argparse.Namespace) -> Showing:
    """What is shown; raises `Refusal` for a negative minimum."""
    if options.min_n < 0:
        raise Refusal("--min-n không được âm.")
    return Showing(options.min_n, options.assume_srs, options.reliability)


def domain_columns(families: Sequence[Sequence[str]]) -> list[str]:
    """All columns of all families, each once."""
    return list(dict.fromkeys(name for names in families for name in names))


def _bounds(text: str) -> tuple[float, float]:
    low, _, high = text.partition(",")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"«{text}»") from error
