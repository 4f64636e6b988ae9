"""Results as text: JSON for machines, CSV for spreadsheets, a table to read."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = Mapping[str, Any]


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
    """Write rows with their domain spread over one column per domain variable."""
    out = io.StringIO()
    writer = None
    for row in rows:
        flat = _flat(row, domain_columns)
        if writer is None:
            writer = csv.DictWriter(out, list(flat), lineterminator="\n")
            writer.writeheader()
        writer.writerow(flat)
    return out.getvalue()


def to_table(rows: Sequence[Row], columns: Sequence[tuple[str, str]]) -> str:
    """Align rows under headings for reading; `columns` are (heading, key of the row)."""
    body = [[_cell(row.get(key)) for _, key in columns] for row in rows]
    headings = [heading for heading, _ in columns]
    widths = [max(map(len, column)) for column in zip(headings, *body, strict=True)]
    numeric = [all(_is_numeric(row.get(key)) for row in rows) for _, key in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        )
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(headings), rule, *(line(cells) for cells in body)]) + "\n"


def heading(title: str, design: Mapping[str, Any], draft_note: str | None = None) -> str:
    """The lines above a table: what it is, from how many answers, and how sure."""
    lines = [title]
    if draft_note:
        lines.append(f"Phương pháp dự thảo. {draft_note}")
    if "rows" in design:
        lines.append(
            f"{design['rows']} phiếu ({design['data']}), {design['strata']} tầng, "
            f"{design['psus']} đơn vị chọn mẫu, nguồn: {design['source']}"
        )
        confidence = f"{100 * design['confidence']:g}".replace(".", ",")
        lines.append(f"Khoảng tin cậy {confidence} % ({design['interval']})")
    lines += [design[key] for key in ("assumption", "notice") if key in design]
    return "\n".join(lines) + "\n\n"


def index_table(rows: Iterable[Row]) -> str:
    """A table of an index: a block for the whole and for each domain, rates in per cent."""
    blocks = []
    for title, members in _by_domain(rows):
        lines = [
            {
                "code": row["node"],
                "title": _shortened(row["title"]),
                "rate": percent(row["estimate"], row),
                "interval": _interval(row),
                "points": _points(row),
                "n": row["n"],
                "rank": _rank(row),
            }
            for row in members
        ]
        columns = [("Mã", "code"), ("Nội dung", "title"), ("Tỷ lệ %", "rate")]
        columns += [
            ("Khoảng tin cậy %", "interval"),
            ("Điểm", "points"),
            ("n", "n"),
            ("Hạng", "rank"),
        ]
        shown = [(h, k) for h, k in columns if any(line[k] not in ("", None) for line in lines)]
        blocks.append(f"{title}\n{to_table(lines, shown)}")
    return "\n".join(blocks)


def describe_table(rows: Iterable[Row]) -> str:
    """Tables of items: a block per item and domain, shares in per cent."""
    blocks = []
    for (item, domain), members in _grouped(
        rows, lambda r: (r["item"], _domain_title(r["domain"]))
    ):
        lines = [
            {
                "option": row["option"],
                "label": _shortened(row["label"]),
                "count": row["count"],
                "rate": "" if row["status"] == "outside" else percent(row["estimate"], row),
                "interval": _interval(row),
                "n": row["n"],
            }
            for row in members
        ]
        columns = [("Mã", "option"), ("Phương án", "label"), ("Số phiếu", "count")]
        columns += [("Tỷ lệ %", "rate"), ("Khoảng tin cậy %", "interval"), ("n", "n")]
        draft = " [lời văn dự thảo]" if members[0]["wording"] == "draft" else ""
        blocks.append(f"{item}: {members[0]['text']}{draft} — {domain}\n{to_table(lines, columns)}")
    return "\n".join(blocks)


def percent(rate: float | None, row: Row) -> str:
    """A rate in per cent with two decimals and a comma, or the word for why there is none."""
    if row["status"] == "suppressed":
        return "ẩn (ít phiếu)"
    if rate is None:
        return "không có"
    return _decimal(100 * Decimal(repr(rate)), 2)


def _decimal(value: Decimal, digits: int) -> str:
    """Round half up, as the official tables do, and write with a decimal comma."""
    return str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)).replace(".", ",")


def _interval(row: Row) -> str:
    if row["ci_low"] is None:
        return ""
    low, high = (_decimal(100 * Decimal(repr(row[key])), 2) for key in ("ci_low", "ci_high"))
    return f"{low} – {high}"


def _points(row: Row) -> str:
    if row["points"] is None:
        return ""
    most = f"{row['max_points']:g}".replace(".", ",")
    return f"{_decimal(Decimal(repr(row['points'])), 4)} / {most}"


def _rank(row: Row) -> str:
    if row["rank"] is None:
        return ""
    return f"{row['rank']} ({row['rank_low']}–{row['rank_high']})"


def _domain_title(domain: Mapping[str, str]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in domain.items()) or "Toàn bộ"


def _by_domain(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    return _grouped(rows, lambda row: _domain_title(row["domain"]))


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> Iterator[tuple[Any, list[Row]]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    yield from groups.items()


def _flat(row: Row, domain_columns: Sequence[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key == "domain":
            flat |= {column: value.get(column, "") for column in domain_columns}
        else:
            flat[key] = "" if value is None else value
    return flat


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _is_numeric(value: Any) -> bool:
    return value is None or not isinstance(value, str) or not value or value[0].isdigit()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
