"""Results as rows: suppression, ranks and the rules of the source, applied for every outlet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.compare import Ranks, ranks_of
from analysis.dataset import Dataset
from analysis.design import Sample, SampleDesign
from analysis.estimate import Estimate, Options
from analysis.given import Given
from analysis.index import FamilyResult, IndexResult
from analysis.precision import expands
from analysis.suppress import DEFAULT_MINIMUM, Reasons, suppressed
from questionnaires.model import Node

NOTICE = "minh họa, không phải sai số của cuộc khảo sát thật"
SELF_SELECTED = "self_selected"
NO_FREEDOM = "no_degrees_of_freedom"
REPORTED = "reported"
UNKNOWN_COVARIANCE = "covariance_unknown"


@dataclass(frozen=True)
class Showing:
    """What may be shown: the smallest n, and whether self-selected answers count as a sample.

    Answers that people gave of their own accord (kiosk, QR code) say nothing about those who gave
    none, so they get no interval and no rank unless `assume_srs` takes them for a simple random
    sample, which the result then states.
    """

    minimum: int = DEFAULT_MINIMUM
    assume_srs: bool = False

    def inference(self, design: SampleDesign | None) -> bool:
        """Say whether standard errors, intervals and ranks may be shown at all."""
        return self.assume_srs or design is None or design.source != "self-selected"


def estimates_of(
    result: IndexResult, showing: Showing, notice: str | None = None
) -> Iterator[Estimate]:
    """Yield a row for every part of the index, for the whole and for each domain in turn."""
    inference = showing.inference(result.design)
    for family, hidden in zip(result.families, suppressed(result, showing.minimum), strict=True):
        ranks: dict[int, Ranks] = {}
        if family.family.columns and inference:
            confidence = result.options.confidence
            for p in range(len(result.parts)):
                ranks[p] = ranks_of(family, p, hidden[:, p] == "", confidence)
        rows = _Rows(result, family, hidden, ranks, inference, notice)
        for d in range(len(family.family.labels)):
            for p in range(len(result.parts)):
                yield rows.row(d, p)


def index_document(
    result: IndexResult, data: Dataset | None, given: Given | None, showing: Showing, checksum: str
) -> dict[str, Any]:
    """Everything a computed index says, ready for JSON: what the command writes and a Run keeps.

    `checksum` is that of the index file.
    """
    index = result.index
    sample = None if data is None or result.design is None else (data, result.design)
    notice = notice_for(data, given)
    return {
        "index": index.code,
        "checksum": checksum,
        "draft": index.draft,
        "note": index.note,
        "design": design_record(sample, result.options, showing, notice),
        "results": [vars(estimate) for estimate in estimates_of(result, showing, notice)],
        "covariance": list(covariances_of(result, showing)),
    }


def covariances_of(result: IndexResult, showing: Showing) -> Iterator[dict[str, Any]]:
    """Yield, per domain, the covariance matrix of the nodes that are shown.

    Other indices need it to give a combination of these nodes its standard error.
    """
    if not showing.inference(result.design):
        return
    nodes = [p for p, part in enumerate(result.parts) if isinstance(part, Node)]
    for family, hidden in zip(result.families, suppressed(result, showing.minimum), strict=True):
        for d, labels in enumerate(family.family.labels):
            shown = [p for p in nodes if not hidden[d, p] and np.isfinite(family.se[d, p])]
            if len(shown) > 1:
                yield {
                    "domain": dict(zip(family.family.columns, labels, strict=True)),
                    "nodes": [result.parts[p].code for p in shown],
                    "matrix": family.covariance(d)[np.ix_(shown, shown)].tolist(),
                }


def design_record(
    sample: Sample | None, options: Options, showing: Showing, notice: str | None = None
) -> dict[str, Any]:
    """Say how the figures came about: source, design, rules and options, ready for JSON."""
    record: dict[str, Any] = {
        "confidence": options.confidence,
        "interval": options.method,
        "min_n": showing.minimum,
    }
    if notice:
        record["notice"] = notice
    if sample is None:
        return record
    data, design = sample
    columns, stage = design.columns, design.stages[0]
    record |= {
        "source": design.source,
        "data": data.name,
        "rows": data.rows,
        "stratum": columns.stratum,
        "psu": list(columns.psu),
        "weight": columns.weight,
        "fpc": list(columns.fpc),
        "strata": len(stage.taken),
        "psus": len(stage.parent),
        "lonely": design.lonely,
        "lonely_strata": list(design.lonely_parents),
        "deff": "without_replacement" if expands(design) else "with_replacement",
        "rank_interval": "simultaneous, Bonferroni" if showing.inference(design) else None,
    }
    if design.source == "self-selected" and showing.assume_srs:
        record["assumption"] = "phiếu tự nguyện được coi như mẫu ngẫu nhiên đơn giản (--assume-srs)"
    if design.source == "census" and not columns.fpc:
        record["assumption"] = "toàn bộ danh sách đã trả lời: không có sai số chọn mẫu"
    if data.provenance:
        record["provenance"] = list(data.provenance)
    return record


def notice_for(data: Dataset | None, given: Given | None = None) -> str | None:
    """The notice that every interval carries when some of the answers are not original ones."""
    if data is not None and data.provenance:
        return NOTICE
    return None if given is None else given.notice


@dataclass(frozen=True)
class _Rows:
    """The rows of one family."""

    result: IndexResult
    family: FamilyResult
    hidden: Reasons
    ranks: Mapping[int, Ranks]
    inference: bool
    notice: str | None

    def row(self, d: int, p: int) -> Estimate:
        part, family, values = self.result.parts[p], self.family, self.family.values
        maximum = self.result.index.max_points_of(part)
        row: dict[str, Any] = dict.fromkeys(Estimate.__dataclass_fields__)
        row |= {
            "node": part.code,
            "title": part.title.get("vi", part.code),
            "domain": dict(zip(family.family.columns, family.family.labels[d], strict=True)),
            "max_points": None if maximum is None else float(maximum),
            "notice": self.notice,
        }
        if self.hidden[d, p]:
            return Estimate(**row | {"status": "suppressed", "reason": self.hidden[d, p]})
        n = int(values.n[d, p])
        row["n"] = None if n < 0 else n
        if np.isnan(values.exact[d, p]):
            return Estimate(**row | {"status": "undefined", "reason": values.reasons[d, p]})
        row |= {
            "status": "ok",
            "estimate": float(values.official[d, p]),
            "estimate_exact": float(values.exact[d, p]),
            "points": _number(values.points[d, p]),
            "points_exact": _number(values.points_exact[d, p]),
        }
        return Estimate(
            **row | (self._precision(d, p, n) if self.inference else {"reason": SELF_SELECTED})
        )

    def _precision(self, d: int, p: int, n: int) -> dict[str, Any]:
        family = self.family
        se, df = _number(family.se[d, p]), _number(family.df[d, p])
        deff = _number(family.deff[d, p])
        found: dict[str, Any] = {
            "se": se,
            "df": df,
            "ci_low": _number(family.ci_low[d, p]),
            "ci_high": _number(family.ci_high[d, p]),
            "deff": deff,
            "n_effective": n / deff if deff and n > 0 else None,
        }
        if se is None:
            found["reason"] = (
                REPORTED if self.family.evaluation.tree.only_reported[p] else UNKNOWN_COVARIANCE
            )
        elif found["ci_low"] is None:
            found["reason"] = NO_FREEDOM
        if p in self.ranks:
            ranks = self.ranks[p]
            found |= {
                "rank": int(ranks.rank[d]) or None,
                "rank_low": int(ranks.low[d]) or None,
                "rank_high": int(ranks.high[d]) or None,
            }
        return found


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
