"""Results as text: JSON for machines, CSV for spreadsheets, a table to read."""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from textwrap import wrap
from typing import Any

from analysis.wording import HIDDEN, sentences, verdict_notes, verdict_word

Row = Mapping[str, Any]
Columns = Sequence[tuple[str, str]]  # (heading, key of the row)

WIDTH = 120  # of a table and of the lines above it
NARROWEST, WIDEST = 24, 60  # of the column with titles
VERDICT, VERDICT_WIDTH = "Kết luận", 17
GAP = "  "


def to_json(document: Mapping[str, Any]) -> str:
    """Write a document with one line per result, full precision, no NaN."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines = ",\n  ".join(_compact(row) for row in value)
            parts.append(f"{_compact(key)}: [\n  {lines}\n ]")
        else:
            parts.append(f"{_compact(key)}: {_compact(value)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def to_csv(rows: Iterable[Row], domain_columns: Sequence[str]) -> str:
    """Write rows with their domain spread over one column per domain variable.

    A domain variable that is called like a key of the rows gets the prefix by_.
    """
    out = io.StringIO()
    writer = None
    for row in rows:
        flat = _flat(row, domain_columns)
        if writer is None:
            writer = csv.DictWriter(out, list(flat), lineterminator="\n")
            writer.writeheader()
        writer.writerow(flat)
    return out.getvalue()


def to_table(rows: Sequence[Row], columns: Columns) -> str:
    """Align rows under headings for reading; a cell of several lines makes the row as high."""
    body = [[_cell(row.get(key)).split("\n") for _, key in columns] for row in rows]
    headings = [heading for heading, _ in columns]
    widths = [
        max(len(title), *(len(line) for cells in body for line in cells[i]), 0)
        for i, title in enumerate(headings)
    ]
    numeric = [all(_is_numeric(row.get(key)) for row in rows) for _, key in columns]
    numeric[0] = False  # codes, even where they are digits

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        )
        return GAP.join(padded).rstrip()

    lines = [line(headings), GAP.join("-" * width for width in widths)]
    for cells in body:
        for i in range(max(map(len, cells))):
            lines.append(line([cell[i] if i < len(cell) else "" for cell in cells]))
    return "\n".join(lines) + "\n"


def filled(rows: Sequence[Row], columns: Columns) -> list[tuple[str, str]]:
    """The columns in which any row has something to show, all where there are no rows."""
    shown = [(h, k) for h, k in columns if any(row.get(k) not in ("", None) for row in rows)]
    return shown or list(columns)


def heading(title: str, design: Mapping[str, Any], draft_note: str | None = None) -> str:
    """The lines above a table: what it is, from how many answers, and how sure."""
    lines = [title]
    if draft_note:
        lines.append(f"Phương pháp dự thảo. {draft_note}")
    lines += sentences(design)
    return "\n".join(part for line in lines for part in wrap(line, WIDTH)) + "\n\n"


def index_table(rows: Iterable[Row]) -> str:
    """A table of an index: a block for the whole and for each domain, rates in per cent.

    Below stand the notes on what is hidden and on what cannot be trusted.
    """
    every = list(rows)
    blocks = []
    for title, members in _grouped(every, lambda row: _domain_title(row["domain"])):
        if unseen := _all_hidden(members):
            blocks.append(f"{title}\n{unseen}: cả {len(members)} dòng\n")
            continue
        lines = [
            {
                "code": row["node"],
                "title": row["title"],
                "rate": percent(row["estimate"], row),
                "interval": _interval(row),
                "points": _points(row),
                "n": row["n"],
                "df": _df(row),
                "rank": _rank(row),
                "change": _change(row),
                "verdict": "\n".join(wrap(row.get("change_verdict") or "", VERDICT_WIDTH)),
                "trust": verdict_word(row),
            }
            for row in members
        ]
        columns = [
            ("Mã", "code"), ("Nội dung", "title"), ("Tỷ lệ %", "rate"),
            ("Khoảng tin cậy %", "interval"), ("Điểm", "points"), ("n", "n"), ("df", "df"),
            ("Hạng", "rank"), ("Thay đổi", "change"), (VERDICT, "verdict"), ("Tin cậy", "trust"),
        ]  # fmt: skip
        blocks.append(f"{title}\n{_fitted(lines, columns, 'title')}")
    return "\n".join([*blocks, *_notes(every)])


def describe_table(rows: Iterable[Row]) -> str:
    """Tables of items: a block per item and domain, shares in per cent, means as they are."""
    every = list(rows)
    blocks = []
    for (item, domain), members in _grouped(
        every, lambda r: (r["item"], _domain_title(r["domain"]))
    ):
        lines = [
            {
                "option": row["option"],
                "label": row["label"],
                "count": row["count"],
                "rate": "" if row["status"] == "outside" else _value(row),
                "interval": _interval(row),
                "n": row["n"],
                "df": _df(row),
                "trust": verdict_word(row),
            }
            for row in members
        ]
        means = [_is_mean(row) for row in members if row["status"] != "outside"]
        value = "Giá trị" if all(means) else "% / giá trị" if any(means) else "Tỷ lệ %"
        columns = [
            ("Mã", "option"),
            ("Phương án", "label"),
            ("Số phiếu", "count"),
            (value, "rate"),
            ("Khoảng tin cậy" if all(means) else "Khoảng tin cậy %", "interval"),
            ("n", "n"),
            ("df", "df"),
            ("Tin cậy", "trust"),
        ]
        title = "\n".join(wrap(_item_title(item, domain, members[0]), WIDTH))
        blocks.append(f"{title}\n{_fitted(lines, columns, 'label')}")
    return "\n".join([*blocks, *_notes(every)])


def _all_hidden(rows: Sequence[Row]) -> str:
    """The word for rows that are all hidden for the same reason, '' for others."""
    words = {percent(None, row) if row["status"] == "suppressed" else "" for row in rows}
    return words.pop() if len(words) == 1 else ""


def _fitted(lines: Sequence[dict[str, Any]], columns: Columns, wide: str) -> str:
    """A table without empty columns, its texts wrapped so that it fits the width.

    Where there is no room for a column of verdicts they stand below the titles.
    """
    shown = filled(lines, columns)
    room = _room(lines, shown, wide)
    below = room < NARROWEST and (VERDICT, "verdict") in shown
    if below:
        shown.remove((VERDICT, "verdict"))
        room = _room(lines, shown, wide)
    for line in lines:
        text = wrap(line[wide], min(WIDEST, max(NARROWEST, room)))
        if below and line["verdict"]:
            text += wrap(f"→ {line['verdict']}", max(NARROWEST, room))
        line[wide] = "\n".join(text)
    return to_table(lines, shown)


def _room(lines: Sequence[Row], columns: Columns, wide: str) -> int:
    """How much of the width the other columns leave to the wide one."""
    others = [
        max(len(h), *(len(part) for line in lines for part in _cell(line[k]).split("\n")))
        for h, k in columns
        if k != wide
    ]
    return WIDTH - sum(others) - len(GAP) * len(others)


def _notes(rows: Iterable[Row]) -> list[str]:
    notes = verdict_notes(rows)
    return ["\n".join(part for note in notes for part in wrap(note, WIDTH)) + "\n"] if notes else []


def _item_title(item: str, domain: str, row: Row) -> str:
    draft = " [lời văn dự thảo]" if row["wording"] == "draft" else ""
    answered = row.get("response_rate")
    rate = "" if answered is None else f" (tỷ lệ trả lời {_per_cent(answered)} %)"
    return f"{item}: {row['text']}{draft} — {domain}{rate}"


def percent(rate: float | None, row: Row) -> str:
    """A rate in per cent with two decimals and a comma, or the word for why there is none."""
    if row["status"] == "suppressed":
        return HIDDEN.get(row.get("reason"), HIDDEN[None])
    return "không có" if rate is None else _per_cent(rate)


def _value(row: Row) -> str:
    if _is_mean(row) and row["estimate"] is not None:
        return _decimal(Decimal(repr(row["estimate"])), 2)
    return percent(row["estimate"], row)


def _is_mean(row: Row) -> bool:
    return row.get("option") == "mean"


def _per_cent(rate: float) -> str:
    return _decimal(100 * Decimal(repr(rate)), 2)


def _decimal(value: Decimal, digits: int) -> str:
    """Round half up, as the official tables do, and write with a decimal comma."""
    return str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)).replace(".", ",")


def _interval(row: Row) -> str:
    if row["ci_low"] is None:
        return ""
    factor = 1 if _is_mean(row) else 100
    low, high = (_decimal(factor * Decimal(repr(row[key])), 2) for key in ("ci_low", "ci_high"))
    return f"{low} – {high}"


def _df(row: Row) -> str:
    """Degrees of freedom: whole numbers, or one decimal where variances of two sources meet."""
    if row.get("df") is None:
        return ""
    return f"{row['df']:.1f}".removesuffix(".0").replace(".", ",")


def _change(row: Row) -> str:
    if row.get("change") is None:
        return ""
    text = _per_cent(row["change"])
    return text.removeprefix("-") if text == "-0,00" else text if text[0] == "-" else f"+{text}"


def _points(row: Row) -> str:
    if row["points"] is None:
        return ""
    most = f"{row['max_points']:g}".replace(".", ",")
    return f"{_decimal(Decimal(repr(row['points'])), 4)} / {most}"


def _rank(row: Row) -> str:
    if row["rank"] is None or row.get("places") == 1:
        return ""
    place = f"{row['rank']}/{row['places']}" if row.get("places") else f"{row['rank']}"
    return f"{place} ({row['rank_low']}–{row['rank_high']})" if row["rank_low"] else place


def _domain_title(domain: Mapping[str, str]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in domain.items()) or "Toàn bộ"


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> Iterator[tuple[Any, list[Row]]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    yield from groups.items()


def _flat(row: Row, domain_columns: Sequence[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key == "domain" and isinstance(value, Mapping):
            taken = {*row, *domain_columns} - {"domain"}
            for column in domain_columns:
                flat[_free(column, taken) if column in row else column] = value.get(column, "")
        else:
            flat[key] = "" if value is None else value
    return flat


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = f"by_{name}"
    return name


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _is_numeric(value: Any) -> bool:
    """Say whether a cell may stand on the right: a number, or the word for why there is none."""
    if not isinstance(value, str) or not value:
        return True
    return bool(re.match(r"[+-]?\d", value)) or value == "không có" or value in HIDDEN.values()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
