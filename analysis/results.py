"""Results as rows: suppression, ranks and the rules of the source, applied for every outlet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.compare.change import Change
from analysis.compare.ranks import Order, Ranking, Ranks, ranks_of
from analysis.dataset import Dataset
from analysis.design import Sample, SampleDesign
from analysis.estimate import Estimate, Options, number, t_quantile
from analysis.given import Given
from analysis.index import FamilyResult, IndexResult
from analysis.precision import expands
from analysis.suppress import (
    DEFAULT_MINIMUM,
    FEWEST_DF,
    Judged,
    Reasons,
    Reliability,
    judged,
)
from questionnaires.model import Node

NOTICE = "minh họa, không phải sai số của cuộc khảo sát thật"
SELF_SELECTED = "self_selected"
NO_FREEDOM = "no_degrees_of_freedom"
REPORTED = "reported"
UNKNOWN_COVARIANCE = "covariance_unknown"


@dataclass(frozen=True)
class Showing:
    """What is shown: the smallest n, and whether self-selected answers count as a sample.

    Answers that people gave of their own accord (kiosk, QR code) say nothing about those who gave
    none, so they get no interval and no rank unless `assume_srs` takes them for a simple random
    sample, which the result then states. `reliability` says what becomes of weak figures (see
    `analysis.suppress`). `ranking` counts ranks as 1, 2, 2, 4 or, dense, as 1, 2, 2, 3, or None for
    no ranks; only units that are shown are ranked and counted, so no rank tells of a hidden one.
    `changes` are those since a previous wave, None without one: `changes_of` in
    `analysis.compare.change` makes them when told what is hidden in either wave (`hidden`).
    """

    minimum: int = DEFAULT_MINIMUM
    assume_srs: bool = False
    reliability: Reliability = "flag"
    ranking: Order | None = "competition"
    changes: tuple[Change, ...] | None = None

    def inference(self, design: SampleDesign | None) -> bool:
        """Say whether standard errors, intervals and ranks may be shown at all."""
        return self.assume_srs or design is None or design.source != "self-selected"

    def judged(self, result: IndexResult) -> list[Judged]:
        """What is hidden, and what is to be trusted, family by family."""
        verdicts = self.reliability if self.inference(result.design) else "off"
        return judged(result, self.minimum, verdicts)

    def hidden(self, result: IndexResult) -> list[Reasons]:
        """The reason codes (domains, parts) of what is hidden in each family, '' where shown."""
        return [found.hidden for found in self.judged(result)]


def estimates_of(
    result: IndexResult, showing: Showing, notice: str | None = None
) -> Iterator[Estimate]:
    """Yield a row for every part of the index, for the whole and for each domain in turn."""
    inference = showing.inference(result.design)
    changes = {(c.family, c.domain, c.node): c for c in showing.changes or ()}
    for family, told in zip(result.families, showing.judged(result), strict=True):
        ranks: dict[int, Ranks] = {}
        if family.family.columns and inference and showing.ranking:
            confidence, ranking = result.options.confidence, Ranking(showing.ranking)
            ranked = (told.hidden == "") & ~family.evaluation.tree.self_selected
            for p in range(len(result.parts)):
                ranks[p] = ranks_of(family, p, ranked[:, p], confidence, ranking)
        shown = _Shown(told, ranks, changes, inference, notice)
        rows = _Rows(result, family, shown)
        for d in range(len(family.family.labels)):
            for p in range(len(result.parts)):
                yield rows.row(d, p)


def index_document(
    result: IndexResult, data: Dataset | None, given: Given | None, showing: Showing, checksum: str
) -> dict[str, Any]:
    """Everything a computed index says, ready for JSON: what the command writes and a Run keeps.

    `checksum` is that of the index file. Rows speak of changes where there was a previous wave.
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
        "results": [
            estimate.record(showing.changes is not None)
            for estimate in estimates_of(result, showing, notice)
        ],
        "covariance": list(covariances_of(result, showing)),
    }


def covariances_of(result: IndexResult, showing: Showing) -> Iterator[dict[str, Any]]:
    """Yield, per domain, the covariance matrix of the nodes that are shown.

    Other indices need it to give a combination of these nodes its standard error. None is a
    covariance that is not known: of nodes that read another index which does not tell it.
    """
    if not showing.inference(result.design):
        return
    nodes = [p for p, part in enumerate(result.parts) if isinstance(part, Node)]
    for family, hidden in zip(result.families, showing.hidden(result), strict=True):
        for d, labels in enumerate(family.family.labels):
            shown = [p for p in nodes if not hidden[d, p] and np.isfinite(family.se[d, p])]
            if len(shown) > 1:
                yield {
                    "domain": dict(zip(family.family.columns, labels, strict=True)),
                    "nodes": [result.parts[p].code for p in shown],
                    "matrix": [
                        [number(value) for value in row]
                        for row in family.covariance(d)[np.ix_(shown, shown)].tolist()
                    ],
                }


def design_record(
    sample: Sample | None, options: Options, showing: Showing, notice: str | None = None
) -> dict[str, Any]:
    """Say how the figures came about: source, design, rules and options, ready for JSON.

    `df` are the degrees of freedom of the whole. Where they are below 8, `few_psus` says how many
    PSUs and strata carry the inference, and the t that widens intervals. `previous` is for the
    caller who compares with another wave. What does not apply is None or empty; without a sample
    only what speaks of one is missing.
    """
    record: dict[str, Any] = {
        "confidence": options.confidence,
        "interval": options.method,
        "min_n": showing.minimum,
        "notice": notice,
        "few_psus": None,
        "collapsed_strata": [],
        "calibration": None,
        "assumption": None,
        "provenance": [],
        "previous": None,
    }
    if sample is None:
        return record
    data, design = sample
    columns, inference = design.columns, showing.inference(design)
    psus, strata = _carrying(design)
    record |= {
        "collapsed_strata": [list(names) for names in design.collapsed],
        "provenance": list(data.provenance),
        "source": design.source,
        "data": data.name,
        "rows": data.rows,
        "stratum": columns.stratum,
        "psu": list(columns.psu),
        "weight": columns.weight,
        "fpc": list(columns.fpc),
        "strata": len(design.stages[0].taken),
        "psus": len(design.stages[0].parent),
        "lonely": design.lonely,
        "lonely_strata": list(design.lonely_names),
        "deff": "without_replacement" if expands(design) else "with_replacement",
        "rank_interval": "simultaneous, Bonferroni" if inference and showing.ranking else None,
        "ranking": showing.ranking,
        "reliability": showing.reliability,
        "df": psus - strata,
    }
    if inference and not design.complete and psus - strata < FEWEST_DF:
        t = t_quantile(np.array([float(psus - strata)]), options.confidence)[0]
        record["few_psus"] = {"psus": psus, "strata": strata, "df": psus - strata, "t": number(t)}
    if design.calibration is not None:
        record["calibration"] = dict(design.calibration.record)
    if design.source == "self-selected" and showing.assume_srs:
        drawn = (
            "rút theo các cột tầng, đơn vị chọn mẫu đã nêu"
            if columns.stratum or columns.psu
            else "đơn giản"
        )
        record["assumption"] = f"phiếu tự nguyện được coi như mẫu ngẫu nhiên {drawn} (--assume-srs)"
    if design.complete:
        record["assumption"] = "toàn bộ danh sách đã trả lời: không có sai số chọn mẫu"
    return record


def _carrying(design: SampleDesign) -> tuple[int, int]:
    """How many PSUs hold a row of positive weight, and how many strata hold these."""
    positive = design.weights.limbs.sum(axis=0) > 0
    held = np.zeros(len(design.stages[-1].parent), dtype=bool)
    held[design.unit[positive]] = True
    stage, psu = design.stages[0], design.psu_of(np.flatnonzero(held))
    psus = np.unique(psu)
    return len(psus), len(np.unique(stage.parent[psus]))


def notice_for(data: Dataset | None, given: Given | None = None) -> str | None:
    """The notice that every interval carries when some of the answers are not original ones."""
    if data is not None and data.provenance:
        return NOTICE
    return None if given is None else given.notice


@dataclass(frozen=True)
class _Shown:
    """What of one family is shown, beside the estimates themselves."""

    told: Judged
    ranks: Mapping[int, Ranks]
    changes: Mapping[tuple[tuple[str, ...], tuple[str, ...], str], Change]
    inference: bool
    notice: str | None


@dataclass(frozen=True)
class _Rows:
    """The rows of one family."""

    result: IndexResult
    family: FamilyResult
    shown: _Shown

    def row(self, d: int, p: int) -> Estimate:
        part, family, values = self.result.parts[p], self.family, self.family.values
        maximum = self.result.index.max_points_of(part)
        row: dict[str, Any] = dict.fromkeys(Estimate.__dataclass_fields__)
        row |= {
            "node": part.code,
            "title": part.title.get("vi", part.code),
            "domain": dict(zip(family.family.columns, family.family.labels[d], strict=True)),
            "max_points": None if maximum is None else float(maximum),
            "notice": self.shown.notice,
        }
        hidden, verdict = self.shown.told.hidden[d, p], self.shown.told.verdict[d, p]
        row["reliability"] = verdict or None
        n = int(values.n[d, p])
        if not hidden or verdict:  # a weak figure shows its n, a small cell does not
            row["n"] = None if n < 0 else n
        if hidden:
            return Estimate(**row | {"status": "suppressed", "reason": hidden})
        if np.isnan(values.exact[d, p]):
            return Estimate(**row | {"status": "undefined", "reason": values.reasons[d, p]})
        row |= {
            "status": "ok",
            "estimate": float(values.official[d, p]),
            "estimate_exact": float(values.exact[d, p]),
            "points": number(values.points[d, p]),
            "points_exact": number(values.points_exact[d, p]),
        }
        inference = self.shown.inference
        row |= self._precision(d, p, n) if inference else {"reason": SELF_SELECTED}
        if self.shown.changes:
            row |= self._change(d, p)
        return Estimate(**row)

    def _precision(self, d: int, p: int, n: int) -> dict[str, Any]:
        family = self.family
        se, df = number(family.se[d, p]), number(family.df[d, p])
        deff = number(family.deff[d, p])
        found: dict[str, Any] = {
            "se": se,
            "df": df,
            "ci_low": number(family.ci_low[d, p]),
            "ci_high": number(family.ci_high[d, p]),
            "deff": deff,
            "deff_replace": number(family.deff_replace[d, p]),
            "n_effective": n / deff if deff and n > 0 else None,
        }
        tree = family.evaluation.tree
        if se is None:
            found["reason"] = (
                REPORTED
                if tree.only_reported[p]
                else SELF_SELECTED
                if tree.self_selected[p]
                else UNKNOWN_COVARIANCE
            )
        elif found["ci_low"] is None:
            found["reason"] = NO_FREEDOM
        if p in self.shown.ranks:
            ranks = self.shown.ranks[p]
            found |= {
                "rank": int(ranks.rank[d]) or None,
                "rank_low": int(ranks.low[d]) or None,
                "rank_high": int(ranks.high[d]) or None,
                "places": ranks.places or None,
            }
        return found

    def _change(self, d: int, p: int) -> dict[str, Any]:
        """The change since the previous wave."""
        labels, columns = self.family.family.labels[d], self.family.family.columns
        change = self.shown.changes.get((columns, labels, self.result.parts[p].code))
        found = {} if change is None else change.record(self.shown.inference)
        return {name: found[name] for name in found if name.startswith("change")}
