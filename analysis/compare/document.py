"""A comparison of units as one document: ranks, tiers, differences and changes, ready for JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analysis.compare.change import changes_of, parts_without_change
from analysis.compare.differences import WORDS, differences_of, reason_without_test
from analysis.compare.pairs import Compared, Correction, compared, verdict
from analysis.compare.ranks import Ranking, RankTable, rank_table
from analysis.compare.simultaneous import MOST
from analysis.estimate import number
from analysis.index import FamilyResult, IndexResult
from analysis.suppress import Judged, Reasons
from questionnaires.refusal import Refusal

MEAN: Literal["mean"] = "mean"
LEAGUE = Ranking(form="max-t")
INFERENCE = ("se", "df", "ci_low", "ci_high", "p", "p_adjusted", "verdict")
UNIT = (
    *("node", "domain", "estimate", "se", "df", "ci_low", "ci_high", "n"),
    *("rank", "places", "rank_low", "rank_high", "rank_low_marginal", "rank_high_marginal"),
    *("rank_low_bonferroni", "rank_high_bonferroni", "tier", "bar_low", "bar_high"),
    *("status", "reason", "notice", "reliability"),
)


@dataclass(frozen=True)
class Comparison:
    """What is compared: nodes (the root if none), differences, correction, ranking.

    `against` is "all" for all pairs, "mean" for the plain mean of the domains shown, or the labels
    of one reference domain.
    """

    nodes: tuple[str, ...] = ()
    against: Literal["all", "mean"] | tuple[str, ...] = "all"
    correction: Correction = "holm"
    ranking: Ranking = LEAGUE


@dataclass(frozen=True)
class Shown:
    """What may be shown of a result: estimates, family by family, and sampling errors.

    `judged` says which estimates (domains, parts) are hidden and how far others can be trusted;
    `inference` is false for self-selected answers, which have no standard error and no rank.
    `notice` is what every row carries when answers are not original ones.
    """

    judged: Sequence[Judged]
    inference: bool = True
    notice: str | None = None

    @property
    def hidden(self) -> list[Reasons]:
        """The reason codes (domains, parts) of each family, '' where shown."""
        return [found.hidden for found in self.judged]


def comparison_document(
    result: IndexResult,
    shown: Shown,
    comparison: Comparison,
    before: tuple[IndexResult, Shown] | None = None,
    checksum: str = "",
) -> dict[str, Any]:
    """Everything a comparison says, ready for JSON; the caller fills `design`.

    The family is the last one of the result. `before` is the result of an earlier year. Raises
    `Refusal` for a node or a reference that is not there, and for a result without families.
    """
    family = result.families[-1]
    if not family.family.columns:
        raise Refusal("So sánh cần nêu cột đơn vị, ví dụ --by unit.")
    codes = [part.code for part in result.parts]
    nodes = comparison.nodes or (codes[0],)
    for node in nodes:
        if node not in codes:
            template = "Chỉ số {index} không có «{node}» để so sánh."
            raise Refusal(template, index=result.index.code, node=node)
    work = _Document(result, shown, comparison, family)
    units: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    places = [codes.index(node) for node in nodes]
    for p in places:
        field = compared(family, p, shown.hidden[-1][:, p] == "")
        units += work.units(p, field)
        differences += work.differences(p, field)
    document = {
        "index": result.index.code,
        "checksum": checksum,
        "design": {},
        "family": list(family.family.columns),
        "nodes": list(nodes),
        "method": _method(result, comparison, shown.inference),
        "units": units,
        "differences": differences,
        "changes": [],
        "changes_skipped": [],
    }
    if before is not None:
        earlier, earlier_shown = before
        changes = changes_of(result, earlier, shown.hidden, earlier_shown.hidden)
        inference = shown.inference and earlier_shown.inference
        notice = shown.notice or earlier_shown.notice
        wanted = (c for c in changes if c.family == family.family.columns and c.node in nodes)
        document["changes"] = [c.record(inference, notice) for c in wanted]
        document["changes_skipped"] = parts_without_change(result, earlier)
    return document


@dataclass(frozen=True)
class _Document:
    result: IndexResult
    shown: Shown
    comparison: Comparison
    family: FamilyResult

    def _inference(self, p: int) -> bool:
        """Say whether a part has sampling errors and ranks: not where people came by themselves."""
        return self.shown.inference and not bool(self.family.evaluation.tree.self_selected[p])

    def units(self, p: int, field: Compared) -> Iterator[dict[str, Any]]:
        """A row for every domain of the family, ranked or not."""
        table = None
        if self._inference(p) and len(field.at):
            table = rank_table(field, self.result.options.confidence, self.comparison.ranking)
        position = {int(d): i for i, d in enumerate(field.at)}
        for d in range(len(self.family.family.labels)):
            row: dict[str, Any] = dict.fromkeys(UNIT)
            row |= {"node": self.result.parts[p].code, "domain": self._domain(d)}
            told, n = self.shown.judged[-1], int(self.family.values.n[d, p])
            hidden, verdict = told.hidden[d, p], told.verdict[d, p]
            row |= {"notice": self.shown.notice, "reliability": verdict or None}
            if not hidden or verdict:  # a weak figure shows its n, a small cell does not
                row["n"] = None if n < 0 else n
            if hidden:
                yield row | {"status": "suppressed", "reason": hidden}
            elif d not in position:
                reason = self.family.values.reasons.get((d, p))
                yield row | {"status": "undefined", "reason": reason}
            else:
                row |= {"status": "ok", "estimate": float(self.family.values.official[d, p])}
                yield row | self._ranked(table, d, p, position[d])

    def _ranked(self, table: RankTable | None, d: int, p: int, i: int) -> dict[str, Any]:
        if table is None:
            return {"reason": "self_selected"}
        found = self.family
        ranked: dict[str, Any] = {
            "se": number(found.se[d, p]),
            "df": number(found.df[d, p]),
            "ci_low": number(found.ci_low[d, p]),
            "ci_high": number(found.ci_high[d, p]),
            "rank": int(table.rank[i]),
            "places": table.places,
        }
        if self.family.evaluation.tree.only_reported[p]:
            return ranked | {"reason": "reported"}
        for name, bounds in (
            ("", table.simultaneous),
            ("_marginal", table.marginal),
            ("_bonferroni", table.bonferroni),
        ):
            ranked |= {f"rank_low{name}": int(bounds[0, i]), f"rank_high{name}": int(bounds[1, i])}
        return ranked | {
            "tier": int(table.tier[i]),
            "bar_low": number(table.bar[0, i]),
            "bar_high": number(table.bar[1, i]),
            "reason": reason_without_test(float(self.family.se[d, p]), float(self.family.df[d, p])),
        }

    def differences(self, p: int, field: Compared) -> Iterator[dict[str, Any]]:
        """A row for every pair compared; without inference the difference alone."""
        against = self._against(field)
        if against is None:
            yield from self._without_reference(p, field)
            return
        options = self.result.options
        rows = differences_of(field, against, self.comparison.correction, options.confidence)
        for row in rows:
            reference = MEAN if row.reference is None else self._domain(row.reference)
            record = vars(row) | {"domain": self._domain(row.domain), "reference": reference}
            if self.family.evaluation.tree.only_reported[p]:
                word = verdict(row.difference, None, WORDS)
                record |= {"verdict": word, "reason": "reported"}
            if not self._inference(p):
                record |= dict.fromkeys(INFERENCE) | {"reason": "self_selected"}
            yield {"node": self.result.parts[p].code} | record | {"notice": self.shown.notice}

    def _without_reference(self, p: int, field: Compared) -> Iterator[dict[str, Any]]:
        """Rows that say that the reference itself is suppressed or undefined."""
        node, reference = self.result.parts[p].code, self.comparison.against
        named = dict(zip(self.family.family.columns, reference, strict=True))
        for d in field.at.tolist():
            row = dict.fromkeys(("difference", *INFERENCE)) | {"reason": "no_reference"}
            row["notice"] = self.shown.notice
            yield {"node": node, "domain": self._domain(d), "reference": named} | row

    def _against(self, field: Compared) -> Literal["all", "mean"] | int | None:
        """Where the reference stands in the field; None when it is not shown."""
        against = self.comparison.against
        if isinstance(against, str):
            return against
        if against not in self.family.family.labels:
            template = "Không có đơn vị «{unit}» trong cột {columns} để làm mốc so sánh."
            columns = ", ".join(self.family.family.columns)
            raise Refusal(template, unit=", ".join(against), columns=columns)
        place = np.flatnonzero(field.at == self.family.family.labels.index(against))
        return int(place[0]) if len(place) else None

    def _domain(self, d: int) -> Mapping[str, str]:
        return dict(zip(self.family.family.columns, self.family.family.labels[d], strict=True))


def _method(result: IndexResult, comparison: Comparison, inference: bool) -> dict[str, Any]:
    draws = comparison.ranking.draws
    against = comparison.against
    form = "max-t, step-down" if len(result.families[-1].family.labels) <= MOST else "Bonferroni"
    return {
        "confidence": result.options.confidence,
        "against": against if isinstance(against, str) else list(against),
        "correction": comparison.correction,
        "ranking": comparison.ranking.order,
        "rank_interval": f"simultaneous, {form}" if inference else None,
        "seed": draws.seed,
        "draws": draws.number,
        "generator": "PCG64",
        "bars": "Goldstein-Healy",
    }
