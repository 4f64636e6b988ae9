"""Changes between two years of the same index, with the covariance of sampling units kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.compare.pairs import Words, p_values, quantile, roots, settled, verdict
from analysis.compare.panel import Panel
from analysis.dataset import Floats
from analysis.estimate import number
from analysis.index import FamilyResult, IndexResult
from analysis.suppress import Reasons
from questionnaires.model import IndexDefinition, Leaf
from questionnaires.refusal import Refusal

WORDS: Words = ("tăng", "giảm", "thay đổi chưa đủ ý nghĩa thống kê", "không đổi")
NAMES = {"title", "item"}  # what may differ between two years: wording, column of the answers


@dataclass(frozen=True)
class Change:
    """The change of one part in one domain since the year before, unrounded.

    Rates lie in [0, 1], so a change lies in [-1, 1]; a value that does not exist is None and
    `change_reason` says why, as a code. The fields have the names that the rows of an index use.
    """

    family: tuple[str, ...]
    domain: tuple[str, ...]
    node: str
    change: float | None = None
    change_se: float | None = None
    change_df: float | None = None
    change_p: float | None = None
    change_ci_low: float | None = None
    change_ci_high: float | None = None
    change_verdict: str | None = None
    change_reason: str | None = None

    def record(self, inference: bool = True, notice: str | None = None) -> dict[str, Any]:
        """The change as a row for JSON; without `inference` (self-selected) no sampling error.

        `notice` is what the row carries when the answers of either year are not original ones.
        """
        domain = dict(zip(self.family, self.domain, strict=True))
        row: dict[str, Any] = {"node": self.node, "domain": domain}
        row |= {name: value for name, value in vars(self).items() if name.startswith("change")}
        if not inference and self.change is not None:
            row |= dict.fromkeys(INFERENCE) | {"change_reason": "self_selected"}
        return row | {"notice": notice}


INFERENCE = (
    *("change_se", "change_df", "change_p", "change_ci_low", "change_ci_high"),
    "change_verdict",
)


def changes_of(
    now: IndexResult,
    before: IndexResult,
    hidden_now: Sequence[Reasons] | None = None,
    hidden_before: Sequence[Reasons] | None = None,
) -> Iterator[Change]:
    """Yield the change of every part of `now` in the whole and in each domain of each family.

    Families, domains and parts are matched by their columns, labels and codes. The variance is
    V1 + V2 - 2 C, C from the sampling units that both years have in common (see
    `analysis.compare.panel`); where each row is a unit, or no unit came back, C is 0. What later
    stages have in common is left out. Degrees of freedom: df_1 + df_2 less the common units with
    rows of the domain in both years minus their strata, at least 1. A census has an error of 0,
    reported values have none.

    `hidden_now` and `hidden_before` are the reason codes of suppressed estimates, family by family
    (domains, parts); a change of a suppressed estimate is not shown. Raises `Refusal` when the
    results are of two indices.
    """
    if now.index.code != before.index.code:
        template = "Không so sánh được chỉ số {now} với chỉ số {before}."
        raise Refusal(template, now=now.index.code, before=before.index.code)
    skipped = {row["node"]: row["reason"] for row in parts_without_change(now, before)}
    panel = Panel.of(now.design, before.design)
    position = {part.code: p for p, part in enumerate(before.parts)}
    place = np.array([position.get(part.code, -1) for part in now.parts], dtype=np.intp)
    earlier = {family.family.columns: g for g, family in enumerate(before.families)}
    for f, family in enumerate(now.families):
        g = earlier.get(family.family.columns)
        labels_before = () if g is None else before.families[g].family.labels
        domain_of = {labels: e for e, labels in enumerate(labels_before)}
        for d, labels in enumerate(family.family.labels):
            if g is None or labels not in domain_of:
                yield from _unmatched(family, d)
                continue
            e = domain_of[labels]
            years = _Years(family, before.families[g], place, panel, now.options.confidence)
            now_hidden = None if hidden_now is None else hidden_now[f][d]
            before_hidden = None
            if hidden_before is not None:
                padded = np.append(hidden_before[g][e], "")
                before_hidden = padded[place]  # a part that was not there has nothing to hide
            yield from _hiding(years.rows(d, e, skipped), now_hidden, before_hidden)


def parts_without_change(now: IndexResult, before: IndexResult) -> list[dict[str, str]]:
    """Nodes and leaves of either result whose years cannot be compared, with the reason code.

    `not_in_previous`, `only_in_previous`, or `definition_changed` when scale, favourable answers,
    roll-up, weights or anything else below it differs: then the earlier year is to be computed
    again under the new rule.
    """
    earlier = {part.code for part in before.parts}
    rows = []
    for part in now.parts:
        if part.code not in earlier:
            rows.append({"node": part.code, "reason": "not_in_previous"})
        elif _meaning(now.index, part.code) != _meaning(before.index, part.code):
            rows.append({"node": part.code, "reason": "definition_changed"})
    present = {part.code for part in now.parts}
    gone = [part.code for part in before.parts if part.code not in present]
    return rows + [{"node": code, "reason": "only_in_previous"} for code in gone]


def _meaning(index: IndexDefinition, code: str) -> Any:
    """Everything that the value of a part depends on, with all parts below it."""
    part = index.by_code[code]
    own = part.model_dump(exclude=NAMES)
    if isinstance(part, Leaf):
        return own | {"scale": index.scale_of(part), "favourable": set(index.favourable_of(part))}
    return own, [_meaning(index, child) for child in part.children]


@dataclass(frozen=True)
class _Tested:
    """Changes (parts,) of one domain and their tests, NaN where a part has no counterpart."""

    change: Floats
    se: Floats
    df: Floats
    half: Floats
    p: Floats


@dataclass(frozen=True)
class _Years:
    """One family of domains in both years.

    `place` (parts,) is where a part of this year stands in the year before, -1 where it does not.
    """

    now: FamilyResult
    before: FamilyResult
    place: NDArray[np.intp]
    panel: Panel
    confidence: float

    def tested(self, d: int, e: int) -> _Tested:
        """Test the changes of domain d, which was domain e the year before."""
        here, there = np.flatnonzero(self.place >= 0), self.place[self.place >= 0]

        def both(now: Floats, before: Floats) -> tuple[Floats, Floats]:
            earlier = np.full_like(now[d], np.nan)
            earlier[here] = before[e, there]
            return now[d], earlier

        first, second = both(self.now.values.exact, self.before.values.exact)
        change = settled(first - second)
        se_now, se_before = both(self.now.se, self.before.se)
        terms = se_now**2 + se_before**2
        covariance, shared = np.zeros_like(change), 0.0
        if len(self.panel.now):
            scores = self.now.psu_scores(d)[:, here], self.before.psu_scores(e)[:, there]
            covariance[here] = self.panel.covariance(*scores)
            shared = self.panel.shared_df(_holding(self.now, d), _holding(self.before, e))
        se = roots(terms - 2 * covariance, terms)
        df_now, df_before = both(self.now.df, self.before.df)
        usable = (df_now > 0) & (df_before > 0)
        df = np.where(usable, np.maximum(df_now + df_before - shared, 1.0), np.nan)
        half = np.where(se == 0, 0.0, quantile(df, (1 + self.confidence) / 2) * se)
        p = p_values(change, se, df)
        return _Tested(change, se, df, np.where(np.isnan(p), np.nan, half), p)

    def rows(self, d: int, e: int, skipped: Mapping[str, str]) -> Iterator[Change]:
        """The changes of all parts in one domain."""
        tested = self.tested(d, e)
        tree = self.now.evaluation.tree
        for p, part in enumerate(tree.parts):
            row = Change(self.now.family.columns, self.now.family.labels[d], part.code)
            if part.code in skipped:
                yield replace(row, change_reason=skipped[part.code])
            elif np.isnan(self.now.values.exact[d, p]):
                yield replace(row, change_reason="undefined")
            elif np.isnan(tested.change[p]):
                yield replace(row, change_reason="previous_undefined")
            else:
                yield self._row(row, tested, p)

    def _row(self, row: Change, tested: _Tested, p: int) -> Change:
        change, se = float(tested.change[p]), float(tested.se[p])
        half, p_value = float(tested.half[p]), float(tested.p[p])
        if self.now.evaluation.tree.only_reported[p]:
            words = verdict(change, None, WORDS)
            return replace(row, change=change, change_verdict=words, change_reason="reported")
        if np.isnan(p_value):
            reason = "covariance_unknown" if np.isnan(se) else "no_degrees_of_freedom"
            return replace(row, change=change, change_se=number(se), change_reason=reason)
        significant = None if se == 0 else p_value <= 1 - self.confidence
        return replace(
            row,
            change=change,
            change_se=se,
            change_df=float(tested.df[p]),
            change_p=p_value,
            change_ci_low=change - half,
            change_ci_high=change + half,
            change_verdict=verdict(change, significant, WORDS),
        )


def _unmatched(family: FamilyResult, d: int) -> Iterator[Change]:
    for part in family.evaluation.tree.parts:
        columns, labels = family.family.columns, family.family.labels[d]
        yield Change(columns, labels, part.code, change_reason="no_previous")


def _holding(family: FamilyResult, domain: int) -> NDArray[np.bool_]:
    """Which first-stage units (units,) hold a row of the domain with a positive weight."""
    assert family.sampled is not None
    totals = family.sampled.totals
    stage, psu = family.sampled.design.stages[0], family.sampled.design.psu_of(totals.unit)
    holding = np.zeros(len(stage.parent), dtype=bool)
    holding[psu[totals.domain == domain]] = True
    return holding


def _hiding(
    rows: Iterator[Change], now: Reasons | None, before: Reasons | None
) -> Iterator[Change]:
    """Take away the changes (parts,) of which one of the two estimates is suppressed."""
    for p, row in enumerate(rows):
        reason = None
        if before is not None and before[p]:
            reason = "previous_suppressed"
        if now is not None and now[p]:
            reason = "suppressed"
        hidden = Change(row.family, row.domain, row.node, change_reason=reason)
        yield row if reason is None else hidden
