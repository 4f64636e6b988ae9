"""One index on the responses named by options: added up in memory, by an engine, or stored."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.commands.files import Files
from analysis.commands.options import design_columns, sample_of, settings_of
from analysis.compare.panel import Panel
from analysis.dataset import Dataset
from analysis.engines.cells import cells_of, rows_of
from analysis.engines.layout import CellLayout
from analysis.engines.reading import Reading
from analysis.engines.stored import StoredTotals, from_bytes, to_bytes
from analysis.given import Given, OtherResult, reported_values
from analysis.index import IndexResult, compute_cells, compute_index, design_of_cells
from analysis.results import notice_for
from questionnaires.load import Catalogue, Loaded
from questionnaires.model import ANSWERED, IndexDefinition
from questionnaires.refusal import Refusal


@dataclass(frozen=True)
class Computed:
    """A computed index, the data that its document speaks of, and what it took from elsewhere."""

    result: IndexResult
    data: Dataset | None
    given: Given

    @property
    def notice(self) -> str | None:
        """What every row carries when some of the answers are not original ones."""
        return notice_for(self.data, self.given)


def computed(
    options: argparse.Namespace, files: Files, loaded: Loaded[IndexDefinition]
) -> Computed:
    """Compute an index on --data, and on stored --totals if there are any."""
    if options.totals:
        return _with_totals(options, files, loaded)
    return _computed(options, files, loaded.definition, options.data)


def previous_of(
    options: argparse.Namespace, files: Files, loaded: Loaded[IndexDefinition]
) -> Computed:
    """The same index on the responses of the previous wave, with the same columns and margins.

    What the index takes from elsewhere is not known of that wave.
    """
    return _computed(options, files, loaded.definition, options.previous, Given(unknown=True))


def previous_record(now: Computed, before: Computed) -> dict[str, Any]:
    """What a result says of the wave before: its file, its rows, and how many PSUs came back."""
    assert before.data is not None
    shared = len(Panel.of(now.result.design, before.result.design).now)
    return {"data": before.data.name, "rows": before.data.rows, "shared_psus": shared}


def _computed(
    options: argparse.Namespace,
    files: Files,
    index: IndexDefinition,
    path: str | None,
    given: Given | None = None,
) -> Computed:
    settings = settings_of(options)
    if path is not None and _can_be_added_up(options, index):
        reading = files.reading(path, _layout(options, index))
        if reading is not None:
            return _from_engine(options, files, index, reading)
    items = [leaf.item for leaf in index.leaf if leaf.item]
    sample = sample_of(options, files, items, path)
    data = None if sample is None else sample[0]
    if data is not None:
        _mention(index, files, data.name, _counted(index, data))
    given = given or _given(options, index, files)
    return Computed(compute_index(index, sample, options.by, given, settings), data, given)


def _can_be_added_up(options: argparse.Namespace, index: IndexDefinition) -> bool:
    """Whether totals of cells say everything: no values from elsewhere, no weights to be fitted."""
    fitted = options.poststratify or options.rake or options.calibrate or options.bounds
    return not fitted and all(leaf.measure in ANSWERED for leaf in index.leaf)


def _layout(options: argparse.Namespace, index: IndexDefinition) -> CellLayout:
    return CellLayout(index, design_columns(options), tuple(map(tuple, options.by)))


def _from_engine(
    options: argparse.Namespace, files: Files, index: IndexDefinition, reading: Reading
) -> Computed:
    cells = reading.cells
    design = design_of_cells(cells, design_columns(options), options.source, options.lonely)
    data = replace(cells.keys, rows=rows_of(cells))
    elements = reading.elements(design, files.progress(data.name, data.rows))
    closed = _closed_items(index)
    unknown = reading.table.unknown({item: options for item, (_, options) in closed.items()})
    _mention(index, files, data.name, unknown)
    result = compute_cells(index, cells, (design, elements), options.by, settings_of(options))
    return Computed(result, data, Given())


def _with_totals(
    options: argparse.Namespace, files: Files, loaded: Loaded[IndexDefinition]
) -> Computed:
    """Top stored totals up with --data, keep them, and compute from them alone."""
    index, path = loaded.definition, options.totals
    if not _can_be_added_up(options, index):
        raise Refusal("--totals không dùng với --rake, --calibrate, --poststratify, --from.")
    layout = _layout(options, index)
    content = files.content(path)
    stored = None
    if content is not None:
        stored = from_bytes(content, layout, loaded.checksum, Path(path).name)
    if options.data is not None:
        new, checksum = files.table(options.data), files.checksum(options.data)
        if stored is None:
            stored = StoredTotals.of(cells_of(new, layout), checksum)
        else:
            stored = stored.with_rows(new, layout, checksum)
    if stored is None:
        raise Refusal("Chưa có tệp {file}: nêu phiếu bằng --data.", file=Path(path).name)
    cells = stored.cells
    design = design_of_cells(cells, layout.design, options.source, options.lonely)
    result = compute_cells(index, cells, (design, None), options.by, settings_of(options))
    if options.data is not None:
        files.keep(path, to_bytes(stored, layout, loaded.checksum))
    return Computed(result, replace(cells.keys, rows=rows_of(cells)), Given())


def _given(options: argparse.Namespace, index: IndexDefinition, files: Files) -> Given:
    """Results of other indices and reported numbers that the index reads."""
    results = {}
    for name in options.results:
        other = OtherResult.of(files.document(name), Path(name).name)
        results[other.code] = other
    reported = {}
    if options.reported:
        reported = reported_values(files.table(options.reported), index)
    return Given(results, reported)


def _closed_items(index: IndexDefinition) -> dict[str, tuple[str, frozenset[str]]]:
    """The closed items of the questionnaires that the index names: questionnaire and options."""
    catalogue, found = Catalogue(), {}
    for name in sorted(set(index.questionnaires) & set(catalogue.questionnaire_names)):
        for item in catalogue.questionnaire(name).definition.items:
            if item.kind in ("single", "scale"):
                found[item.code] = name, frozenset(option.code for option in item.option)
    return found


def _counted(index: IndexDefinition, data: Dataset) -> dict[str, dict[str, tuple[int, int]]]:
    """Answers that are no option, by item: how often, and the row of the first."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for item, (_, options) in _closed_items(index).items():
        if item not in data.columns:
            continue
        column = data.column(item)
        for code, label in enumerate(column.labels):
            if label not in options:
                times = column.codes == code
                first = int(times.argmax()) + data.first_row
                found.setdefault(item, {})[label] = int(times.sum()), first
    return found


def _mention(
    index: IndexDefinition,
    files: Files,
    name: str,
    unknown: Mapping[str, Mapping[str, Sequence[int]]],
) -> None:
    """Say which answers are no option of the questionnaires the index names.

    They count as missing, as the contract says of any code outside the scale; but a typing error
    should not disappear without a word.
    """
    closed = _closed_items(index)
    for item, labels in unknown.items():
        for label, (times, *first) in labels.items():
            where = f" (lần đầu ở dòng {first[0]})" if first else ""
            files.note(
                f"Lưu ý: tệp {name}, câu hỏi «{item}»: {times} câu trả lời «{label}» không có "
                f"trong phiếu {closed[item][0]} nên được coi là thiếu{where}."
            )
