"""Which column of a keyed sheet holds which question, and what its cells say."""

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import number
from survey_app.services.tables.sheets import Row, Sheet, plain

FORM_NUMBER = ("số phiếu", "form_number")
POINT = ("điểm lấy ý kiến", "collection_point")
FRAME = re.compile(r"stratum|weight|(psu|fpc)[0-9]*")
FRAME_NUMBER = re.compile(r"weight|fpc[0-9]*")
WHOLE = re.compile(r"([+-]?[0-9]+)[.,]00?")  # three zeros are a thousand
TICKED, NOT_TICKED = ("1", "x", "true"), ("", "0", "false")


@dataclass(frozen=True)
class ColumnMapping:
    """Ánh xạ cột: what a file beside the import says of the columns.

    `form_number`, `point` and `unit` name columns. `frame` maps keys of the sampling frame to
    columns, `columns` maps columns to ITEM or ITEM.OPTION. `ignore` are columns that are not read,
    `missing` items that were not keyed, `sheet` the sheet of a workbook. A column that is named
    nowhere is known by the code or the text of an item.
    """

    form_number: str | None = None
    point: str | None = None
    unit: str | None = None
    sheet: str | None = None
    frame: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    name: str = "ánh xạ cột"


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with a cell: its column, the item (empty for other columns), a sentence."""

    column: str
    item: str
    refusal: Refusal


@dataclass(frozen=True)
class Keyed:
    """One row read: the content of the form, not yet judged by the one validator."""

    form_number: str
    point: str
    unit: str
    answers: dict[str, str | list[str]]
    frame: dict[str, str]
    problems: tuple[CellProblem, ...]


@dataclass(frozen=True)
class Layout:
    """Where everything stands in the rows of a sheet, by position."""

    version: QuestionnaireVersion
    header: tuple[str, ...]
    form_number: int
    point: int | None
    unit: int | None
    frame: Mapping[str, int]
    cells: Mapping[str, int]
    ticks: Mapping[str, Mapping[str, int]]
    numbers: frozenset[str] = frozenset()

    @property
    def used(self) -> tuple[int, ...]:
        """The positions of the columns that are read."""
        single = [self.form_number, *self.frame.values(), *self.cells.values()]
        single += [place for place in (self.point, self.unit) if place is not None]
        return (*single, *(place for ticks in self.ticks.values() for place in ticks.values()))

    def column_of(self, item: str) -> str:
        """The titles of the columns an item is read from; empty when there is none."""
        places = self.ticks[item].values() if item in self.ticks else ()
        return ", ".join(self.header[p] for p in (*places, self.cells.get(item, -1)) if p >= 0)

    def title(self, place: int | None) -> str:
        """The title of a column; empty for none."""
        return "" if place is None else self.header[place]

    def read(self, row: Row) -> Keyed:
        """Read one row; labels become codes, ticks become lists, nothing is judged here."""
        problems: list[CellProblem] = []
        answers: dict[str, str | list[str]] = {}
        for item, place in self.cells.items():
            if row.cells[place]:
                answers[item] = self._choices[item].read(row.cells[place])
        for item, ticks in self.ticks.items():
            chosen = [code for code, place in ticks.items() if self._ticked(row, place, problems)]
            if chosen:
                answers[item] = chosen
        return Keyed(
            form_number=_form_number(row.cells[self.form_number]),
            point="" if self.point is None else whole(row.cells[self.point]),
            unit="" if self.unit is None else whole(row.cells[self.unit]),
            answers=answers,
            frame=self._frame(row, problems),
            problems=tuple(problems),
        )

    def _ticked(self, row: Row, place: int, problems: list[CellProblem]) -> bool:
        cell = whole(row.cells[place]).casefold()
        if cell not in (*TICKED, *NOT_TICKED):
            template = "Cột «{column}» chỉ nhận 1 hoặc x khi được chọn, không nhận «{value}»."
            title = self.header[place]
            refusal = Refusal(template, column=title, value=row.cells[place])
            item = next(code for code, ticks in self.ticks.items() if place in ticks.values())
            problems.append(CellProblem(title, item, refusal))
        return cell in TICKED

    def _frame(self, row: Row, problems: list[CellProblem]) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, place in self.frame.items():
            title, cell = self.header[place], row.cells[place]
            found[key] = whole(cell)
            try:
                found[key] = frame_value(title, cell, is_frame_number(key, self.numbers))
            except Refusal as refusal:
                problems.append(CellProblem(title, "", refusal))
        return found

    @cached_property
    def _choices(self) -> dict[str, "_Choice"]:
        return {item.code: _Choice(item) for item in self.version.items}


class _Choice:
    """Reads the cells of one item."""

    def __init__(self, item: Item) -> None:
        self._item = item
        labels = [_folded(option.label) for option in item.option]
        self._known = {
            _folded(option.label): option.code
            for option in item.option
            if labels.count(_folded(option.label)) == 1
        }
        self._known |= {option.code: option.code for option in item.option}

    def read(self, cell: str) -> str | list[str]:
        if self._item.kind == "text":
            return cell
        if self._item.kind != "multiple":
            return self._code(cell) or whole(cell)
        whole_cell = self._code(cell)
        return [whole_cell] if whole_cell else list(self._parts(cell))

    def _parts(self, cell: str) -> Iterable[str]:
        for part in cell.split(";"):
            code = self._code(part.strip())
            yield from [code] if code else (whole(word) for word in part.split())

    def _code(self, text: str) -> str | None:
        return self._known.get(text, self._known.get(whole(text), self._known.get(_folded(text))))


def read_mapping(content: bytes, name: str) -> ColumnMapping:
    """Read a column mapping, TOML or (by its name) JSON; raises `Refusal` naming file and key."""
    try:
        text = content.decode("utf-8-sig")
        raw = json.loads(text) if name.lower().endswith(".json") else tomllib.loads(text)
    except ValueError as error:
        template = "Tệp ánh xạ cột {file} không đúng cú pháp: {detail}."
        raise Refusal(template, file=name, detail=error) from error
    if not isinstance(raw, dict):
        raise Refusal("Tệp ánh xạ cột {file} phải là một bảng các mục.", file=name)
    kinds = {"frame": _is_table, "columns": _is_table, "ignore": _is_list, "missing": _is_list}
    known = {part.name for part in fields(ColumnMapping)} - {"name"}
    for key, value in raw.items():
        if key not in known:
            raise Refusal("Tệp ánh xạ cột {file}: không có mục «{key}».", file=name, key=key)
        if not kinds.get(key, _is_text)(value):
            template = "Tệp ánh xạ cột {file}: mục «{key}» ghi không đúng dạng."
            raise Refusal(template, file=name, key=key)
    lists = {key: tuple(raw[key]) for key in ("ignore", "missing") if key in raw}
    return ColumnMapping(**{**raw, **lists}, name=name)


def layout_of(
    version: QuestionnaireVersion,
    sheet: Sheet,
    mapping: ColumnMapping,
    fixed_point: bool,
    numbers: Iterable[str] = (),
) -> Layout:
    """Find every column of a sheet.

    `fixed_point` says that the whole file belongs to one collection point; `numbers` are the keys
    of the sampling frame that must be positive numbers. Raises `Refusal` naming file and column
    when a column is missing, is named twice or means nothing.
    """
    finder = _Finder(version, sheet, mapping)
    form_number = finder.meta(mapping.form_number, FORM_NUMBER)
    point = None if fixed_point else finder.meta(mapping.point, POINT)
    unit = None if mapping.unit is None else finder.named(mapping.unit)
    frame = {key: finder.named(title) for key, title in mapping.frame.items()}
    finder.skip(mapping.ignore)
    cells, ticks, standard_frame = finder.rest()
    finder.require_all(cells, ticks)
    layout = Layout(
        version=version,
        header=sheet.header,
        form_number=form_number,
        point=point,
        unit=unit,
        frame=frame | standard_frame,
        cells=cells,
        ticks=ticks,
        numbers=frozenset(numbers),
    )
    sheet.require_values(layout.used)
    return layout


class _Finder:
    """Gives every column of the header one meaning."""

    def __init__(self, version: QuestionnaireVersion, sheet: Sheet, mapping: ColumnMapping) -> None:
        self._version = version
        self._file = sheet.name
        self._mapping = mapping
        self._free = {title: place for place, title in enumerate(sheet.header) if title}
        self._given = {plain(title): target for title, target in mapping.columns.items()}
        self._items = {item.code: item for item in version.items if item.kind != "note"}
        self._targets = _targets(self._items.values())

    def named(self, title: str) -> int:
        """Take a column by its title."""
        place = self._free.pop(plain(title), None)
        if place is None:
            raise Refusal("Tệp {file} không có cột «{column}».", file=self._file, column=title)
        return place

    def meta(self, given: str | None, standard: tuple[str, ...]) -> int:
        """Take the column of the form number or the point: the one given or a standard title."""
        if given is not None:
            return self.named(given)
        for title in list(self._free):
            if _folded(title) in standard and title not in self._given:
                return self.named(title)
        template = "Tệp {file} không có cột «{column}»."
        raise Refusal(template, file=self._file, column=standard[0])

    def skip(self, titles: Iterable[str]) -> None:
        """Leave out columns; one that is not there does no harm."""
        for title in titles:
            self._free.pop(plain(title), None)

    def rest(self) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, int]]:
        """Give the columns left to items, options of items and the sampling frame."""
        for title in self._given:
            if title not in self._free:
                self.named(title)
        cells: dict[str, int] = {}
        ticks: dict[str, dict[str, int]] = {}
        frame: dict[str, int] = {}
        for title, place in self._free.items():
            item, option = self._target(title)
            if item is None:
                frame[title] = place
                continue
            taken = cells if option is None else ticks.setdefault(item, {})
            key = item if option is None else option
            if key in taken or (item in cells and item in ticks):
                template = "Tệp {file}, cột «{column}»: câu hỏi «{item}» đã có ở cột khác."
                raise Refusal(template, file=self._file, column=title, item=item)
            taken[key] = place
        return cells, ticks, frame

    def require_all(self, cells: Mapping[str, int], ticks: Mapping[str, Mapping[str, int]]) -> None:
        """Raise `Refusal` for the first item or option that no column holds."""
        for code in self._mapping.missing:
            if code not in self._items:
                self._refuse_target("missing", code)
        for code, item in self._items.items():
            if code in self._mapping.missing or code in cells:
                continue
            absent = [o.code for o in item.inside if o.code not in ticks.get(code, {})]
            column = f"{code}.{absent[0]}" if code in ticks and absent else code
            if code not in ticks or absent:
                template = "Tệp {file} không có cột «{column}» của câu hỏi «{text}»."
                raise Refusal(template, file=self._file, column=column, text=item.text)

    def _target(self, title: str) -> tuple[str | None, str | None]:
        """What a column holds: item, or item and option; nothing for the sampling frame."""
        given = self._given.get(title)
        name = title if given is None else given
        found = self._targets.get(name, self._targets.get(_folded(name)))
        if found is not None:
            return found
        if given is not None:
            self._refuse_target(title, given)
        if FRAME.fullmatch(title):
            return None, None
        template = (
            "Tệp {file}, cột «{column}» không phải câu hỏi nào của phiếu {version}. Xin sửa tên "
            "cột, hoặc ghi vào tệp ánh xạ cột."
        )
        raise Refusal(template, file=self._file, column=title, version=self._version.name)

    def _refuse_target(self, key: str, target: str) -> None:
        template = (
            "Tệp ánh xạ cột {file}, «{key}»: phiếu {version} không có câu hỏi hoặc phương án "
            "«{item}»."
        )
        name, version = self._mapping.name, self._version.name
        raise Refusal(template, file=name, key=key, version=version, item=target)


def is_frame_number(key: str, numbers: Collection[str]) -> bool:
    """Say whether a key of the sampling frame is a number: known by its name, or named so."""
    return key in numbers or FRAME_NUMBER.fullmatch(key) is not None


def frame_value(column: str, cell: str, is_number: bool) -> str:
    """What the sampling frame says of a place, from a cell; raises `Refusal` naming the column."""
    value = whole(cell)
    if not value:
        raise Refusal("Cột «{column}» của dàn chọn mẫu để trống.", column=column)
    if not is_number:
        return value
    value = value.replace(",", ".")
    amount = number(value)
    if amount is None or amount <= 0:
        template = "Cột «{column}» phải là số dương, không phải «{value}»."
        raise Refusal(template, column=column, value=cell)
    return value


def whole(text: str) -> str:
    """Write an integer-valued number as the integer: '5.0' and '5' are one answer."""
    found = WHOLE.fullmatch(text)
    return found.group(1) if found else text


def _targets(items: Iterable[Item]) -> dict[str, tuple[str, str | None]]:
    """What titles mean: item codes, item texts, ITEM.OPTION; codes win, ambiguous texts are out."""
    items = tuple(items)
    texts = [_folded(item.text) for item in items]
    found: dict[str, tuple[str, str | None]] = {
        _folded(item.text): (item.code, None)
        for item in items
        if texts.count(_folded(item.text)) == 1
    }
    for item in items:
        if item.kind == "multiple":
            for option in item.option:
                for name in (f"{item.code}.{option.label}", f"{item.code}.{option.code}"):
                    found[_folded(name)] = found[name] = (item.code, option.code)
    for item in items:
        found.setdefault(_folded(item.code), (item.code, None))
    return found | {item.code: (item.code, None) for item in items}


def _form_number(cell: str) -> str:
    """One spelling of a form number: Excel turns 007 into 7, and hands turn A-1 into a-1."""
    text = whole(_folded(cell))
    return text.lstrip("0") or "0" if text.isdecimal() else text


def _folded(text: str) -> str:
    return plain(text).casefold()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(part) for part in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(part) for part in value.values())
