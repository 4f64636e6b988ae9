"""What tables say in words: how sure a figure is, why one is hidden, how the sample was drawn."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.estimate import normal_quantile
from analysis.suppress import (
    BELOW_MINIMUM,
    COMPLEMENTARY,
    FEW_ANSWERS,
    FEW_DF,
    FEW_EFFECTIVE,
    RELATIVELY_WIDE,
    UNRELIABLE,
    WIDE,
)

UNTRUSTED = "ẩn (kém tin cậy)"
HIDDEN: Mapping[str | None, str] = {
    None: "ẩn (ít phiếu)",
    BELOW_MINIMUM: "ẩn (ít phiếu)",
    COMPLEMENTARY: "ẩn (kèm)",
    **dict.fromkeys(UNRELIABLE, UNTRUSTED),
}
TRUST = {  # verdict: the mark in a table, and what it means
    FEW_ANSWERS: ("n < 30", "dưới 30 phiếu"),
    FEW_EFFECTIVE: ("n* < 30", "cỡ mẫu hiệu dụng dưới 30"),
    WIDE: ("rộng", "khoảng Korn-Graubard rộng từ 30 điểm phần trăm, hoặc không có khoảng"),
    RELATIVELY_WIDE: ("rộng so với %", "khoảng Korn-Graubard rộng hơn 130 % của tỷ lệ"),
    FEW_DF: ("df < 8", "dưới 8 bậc tự do, cần xem lại trước khi công bố"),
}
INTERVALS = {"kg": "Korn-Graubard"}
LONELY = {
    "certainty": "coi như được chọn chắc chắn nên không góp vào sai số",
    "adjust": "tính độ lệch so với trung bình chung, sai số thường cao hơn thực tế",
    "average": "lấy sai số trung bình của các tầng khác",
    "remove": "bỏ ra khỏi sai số, nên sai số thấp hơn thực tế",
    "collapse": "gộp với tầng liền kề",
}
CALIBRATION = {
    "poststratify": "phân tầng sau",
    "rake": "cân bằng theo biên (raking)",
    "linear": "hiệu chỉnh tuyến tính",
}
MOST_NAMES = 10


def verdict_word(row: Mapping[str, Any]) -> str:
    """The mark of a figure that cannot be trusted, '' for one that can or is not judged."""
    return TRUST.get(row.get("reliability") or "", ("", ""))[0]


def verdict_notes(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for the marks and hidden figures that occur in the rows, if any do."""
    every = list(rows)
    verdicts = {row.get("reliability") for row in every}
    reasons = {row["reason"] for row in every if row["status"] == "suppressed"}
    notes = []
    marks = [f"«{mark}» {text}" for code, (mark, text) in TRUST.items() if code in verdicts]
    if marks:
        notes.append(f"Tin cậy (chuẩn NCHS 2017, khoảng 95 %): {'; '.join(marks)}.")
    if COMPLEMENTARY in reasons:
        notes.append(f"«{HIDDEN[COMPLEMENTARY]}» ẩn để không tính ngược được ô ít phiếu.")
    return notes


def sentences(design: Mapping[str, Any]) -> Iterator[str]:
    """How figures came about and how sure they are, from the record of the design."""
    if "rows" in design:
        yield (
            f"{design['rows']} phiếu ({design['data']}), {design['strata']} tầng, "
            f"{design['psus']} đơn vị chọn mẫu, nguồn: {design['source']}"
        )
        method = INTERVALS.get(design["interval"], design["interval"])
        if design["source"] != "self-selected" or design.get("assumption"):
            yield f"Khoảng tin cậy {_number(100 * design['confidence'])} % ({method})"
    if design.get("few_psus"):
        yield _few_psus(design["few_psus"], design["confidence"])
    if design.get("lonely_strata"):
        names = _listed(design["lonely_strata"])
        how = LONELY[design["lonely"]]
        joined = "; ".join(" + ".join(group) for group in design.get("collapsed_strata", ()))
        how += f" ({joined})" if joined else ""
        yield f"Tầng chỉ có một đơn vị chọn mẫu: {names} — {how}."
    if design.get("calibration"):
        yield _calibration(design["calibration"])
    if before := design.get("previous"):
        yield (
            f"Đợt trước: {before['rows']} phiếu ({before['data']}), {before['shared_psus']} đơn vị "
            "chọn mẫu có trong cả hai đợt."
        )
    yield from (design[key] for key in ("assumption", "notice") if design.get(key))


def _few_psus(few: Mapping[str, Any], confidence: float) -> str:
    carried = f"Sai số chỉ dựa vào {few['psus']} đơn vị chọn mẫu trong {few['strata']} tầng"
    if few["t"] is None:
        return f"{carried}: không có bậc tự do nào nên không có khoảng tin cậy."
    normal = normal_quantile(confidence)
    return (
        f"{carried} (df = {few['df']}): khoảng tin cậy dùng t = {_number(few['t'], 2)} thay cho "
        f"{_number(normal, 2)} nên rộng gấp {_number(few['t'] / normal, 2)} lần."
    )


def _calibration(record: Mapping[str, Any]) -> str:
    method = CALIBRATION.get(record.get("method", ""), record.get("method", ""))
    text = f"Quyền số hiệu chỉnh: {method}"
    if record.get("margins"):
        text += f" theo {_listed(record['margins'])}"
    if "g_min" in record and "g_max" in record:
        text += f", hệ số từ {_number(record['g_min'], 3)} đến {_number(record['g_max'], 3)}"
    if record.get("kish_after") is not None:
        text += f", hiệu ứng quyền số (Kish) {_number(record['kish_after'], 3)}"
    return f"{text}."


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:MOST_NAMES]) + (", …" if len(every) > MOST_NAMES else "")


def _number(value: float, digits: int | None = None) -> str:
    return (f"{value:g}" if digits is None else f"{value:.{digits}f}").replace(".", ",")
