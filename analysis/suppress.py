"""Small cells and weak figures: what must not be told, and what must not be trusted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import effective_n, korn_graubard
from analysis.index import FamilyResult, IndexResult
from analysis.totals import Family
from questionnaires.model import Leaf, Node

BELOW_MINIMUM = "n_below_minimum"
COMPLEMENTARY = "complementary"
DEFAULT_MINIMUM = 10

RELIABLE = "ok"
FEW_ANSWERS = "unreliable_n"
FEW_EFFECTIVE = "unreliable_n_effective"
WIDE = "unreliable_width"
RELATIVELY_WIDE = "unreliable_relative_width"
FEW_DF = "review_df"
UNRELIABLE = (FEW_ANSWERS, FEW_EFFECTIVE, WIDE, RELATIVELY_WIDE)
FEWEST_ANSWERS, FEWEST_DF = 30, 8

Reliability = Literal["flag", "suppress", "off"]
Reasons = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """What may be told of the estimates of one family, arrays (domains, parts) of codes.

    `hidden` is the reason why an estimate is not shown, '' where it is; `verdict` says how far an
    estimate that is no matter of disclosure can be trusted, '' where no rule applies.
    """

    hidden: Reasons
    verdict: Reasons


def judged(result: IndexResult, minimum: int, reliability: Reliability) -> list[Judged]:
    """Apply both rules to each family; every outlet shows what is left and nothing else.

    Under `suppress` an estimate with an unreliable verdict is hidden with the verdict as reason,
    its n is not: that is no matter of disclosure, so nothing else is hidden with it. What is only
    to be reviewed stays. Under `off` there is no verdict.
    """
    found = []
    verdicts = None if reliability == "off" else verdicts_of(result)
    for f, hidden in enumerate(suppressed(result, minimum)):
        verdict = np.full(hidden.shape, "", dtype=object)
        if verdicts is not None:
            verdict = np.where(hidden == "", verdicts[f], "")
        if reliability == "suppress":
            hidden = np.where((hidden == "") & np.isin(verdict, UNRELIABLE), verdict, hidden)
        found.append(Judged(hidden, verdict))
    return found


def verdicts_of(result: IndexResult) -> list[Reasons]:
    """Judge the shares of each family: codes (domains, parts), '' for what is not judged.

    The presentation standards for proportions of NCHS (Parker et al. 2017, Series 2 no. 175), with
    95 % Korn-Graubard limits whatever interval is shown; the first rule that applies counts:
    fewer than 30 answers; fewer than 30 effective answers, `effective_n`; an interval 0.30 wide or
    wider, or none for want of degrees of freedom; an interval wider than 0.05 and than 130 % of
    the share; fewer than 8 degrees of freedom, which is a flag for review only. A wide interval
    for 1 - p gets a footnote there, no verdict, and so it has none here. Judged are leaves that are
    a share of answers and nodes made of these only; not means, points and reported numbers, and
    not a census, which has no sampling error.
    """
    design = result.design
    without_error = design is None or (design.source == "census" and not design.columns.fpc)
    shares = np.array([not without_error and _is_share(result, part) for part in result.parts])
    return [_verdicts(family, shares) for family in result.families]


def _is_share(result: IndexResult, part: Node | Leaf) -> bool:
    leaves = [part] if isinstance(part, Leaf) else result.index.leaves_below(part.code)
    return all(leaf.measure == "favourable_share" for leaf in leaves)


def _verdicts(family: FamilyResult, shares: Mask) -> Reasons:
    p, se, df = family.values.exact, family.se, family.df
    n = family.values.n.astype(np.float64)
    judged = shares & ~np.isnan(p) & ~np.isnan(se)
    found = np.full(p.shape, "", dtype=object)
    p, se, df, n = p[judged], se[judged], df[judged], n[judged]
    low, high = korn_graubard(p, se, df, n, 0.95)
    width = np.where(np.isnan(high), 1.0, high - low)
    rules = [
        (n < FEWEST_ANSWERS, FEW_ANSWERS),
        (effective_n(p, se, n) < FEWEST_ANSWERS, FEW_EFFECTIVE),
        (width >= 0.30, WIDE),
        ((width > 0.05) & (width > 1.30 * p), RELATIVELY_WIDE),
        (df < FEWEST_DF, FEW_DF),
    ]
    conditions, codes = zip(*rules, strict=True)
    found[judged] = np.select(conditions, codes, RELIABLE)
    return found


def suppressed(result: IndexResult, minimum: int = DEFAULT_MINIMUM) -> list[Reasons]:
    """Say for each family which estimates are hidden: reason codes (domains, parts), '' if shown.

    Primary: an estimate resting on fewer than `minimum` answers or people (its own n).
    Complementary: more is hidden until no hidden estimate, and none of fewer than `minimum`
    answers, can be computed back from what is shown. What is left of a shown total when the shown
    cells are taken away must be two hidden cells or more, and `minimum` answers or more; else the
    smallest shown cell is hidden too. Totals and cells are domains of one family that hold
    domains of another, the whole included, whether by their columns or by their rows (communes in
    districts), and parts of the index with their children. People of no domain of a family are
    hidden cells of it. Last, the equations of all totals together must not determine a hidden cell
    (Willenborg & de Waal 2001, Elements of Statistical Disclosure Control, chapter 4).

    `minimum` 0 hides nothing. The threshold is this service's own rule; the law names none.
    """
    hidden = [_too_small(family, minimum) for family in result.families]
    if minimum > 0:
        work = _Work(result, minimum, hidden, list(_totals(result)))
        while work.protect_domains() or work.protect_children() or work.protect_solved():
            pass
    return hidden


def _too_small(family: FamilyResult, minimum: int) -> Reasons:
    """An estimate of few answers, and the number of answers where there is no estimate either."""
    n = family.values.n
    small = (n >= 0) & (n < minimum) & ((n > 0) | ~np.isnan(family.values.exact))
    return np.where(small, BELOW_MINIMUM, "").astype(object)


@dataclass(frozen=True)
class _Total:
    """A domain of the outer family and the domains of the inner family that lie in it."""

    outer: int
    domain: int
    inner: int
    members: NDArray[np.intp]


@dataclass(frozen=True)
class _Work:
    """The reason codes while more and more is hidden; each step says whether it hid anything."""

    result: IndexResult
    minimum: int
    hidden: list[Reasons]
    totals: Sequence[_Total]

    def protect_domains(self) -> bool:
        """Protect what is left of each total, all parts at once."""
        return sum(map(self._protect_total, self.totals)) > 0

    def _protect_total(self, total: _Total) -> bool:
        n, left = self._numbers(total)
        cells = self.hidden[total.inner][total.members] != ""
        group = np.where(cells, n, 0).sum(axis=0) + left
        some = cells.any(axis=0) | (left > 0)
        alone = (cells.sum(axis=0) == 1) & (left == 0)
        shown = self.hidden[total.outer][total.domain] == ""
        exposed = shown & some & (left >= 0) & (alone | (group < self.minimum))
        # A hidden total must not be the sum of cells that are all shown.
        exposed |= ~shown & ~cells.any(axis=0) & (left == 0)
        changed = False
        for p in np.flatnonzero(exposed):
            if self._hide_smallest(total, int(p)):
                changed = True
            elif shown[p] and alone[p]:  # the only cell there is: it equals its total
                self.hidden[total.outer][total.domain, p] = COMPLEMENTARY
                changed = True
        return changed

    def protect_children(self) -> bool:
        """Protect a hidden child of a node, which the node and its other children would tell.

        Means and sums are such equations. The leaves of a pooled node are cells of its total; with
        respondents' own means there is an equation where everybody answered every leaf.
        """
        changed = False
        place = {part.code: p for p, part in enumerate(self.result.parts)}
        for part in self.result.parts:
            if isinstance(part, Leaf):
                continue
            below: Sequence[str] = part.children
            if part.rollup.startswith("pooled"):
                below = [leaf.code for leaf in self.result.index.leaves_below(part.code)]
            at = [place[code] for code in below]
            for family, hidden in zip(self.result.families, self.hidden, strict=True):
                n = family.values.n[:, at]
                cells = hidden[:, at] != ""
                exposed = cells.sum(axis=1) == 1
                if part.rollup == "pooled_items":
                    group = np.where(cells, n, 0).sum(axis=1)
                    exposed |= cells.any(axis=1) & (group < self.minimum)
                node = place[part.code]
                exposed &= (hidden[:, node] == "") & ~np.isnan(family.values.exact[:, node])
                open_ = ~cells & (n > 0)
                smallest = np.where(open_, n, np.iinfo(n.dtype).max).argmin(axis=1)
                for d in np.flatnonzero(exposed):
                    hidden[d, at[smallest[d]] if open_[d].any() else node] = COMPLEMENTARY
                    changed = True
        return changed

    def protect_solved(self) -> bool:
        """Protect a hidden cell that the equations of several totals together determine."""
        done: dict[bytes, list[_Total]] = {}
        changed = False
        for p in range(len(self.result.parts)):
            pattern = b"".join((codes[:, p] != "").tobytes() for codes in self.hidden)
            if pattern not in done:
                done[pattern] = self._solving(p)
            # One at a time: what is hidden for one cell may protect the others.
            changed |= any(self._hide_smallest(total, p) for total in done[pattern])
        return changed

    def _solving(self, p: int) -> list[_Total]:
        """The totals that hold a cell of a part which all equations together determine."""
        start = np.cumsum([0, *(len(codes) for codes in self.hidden)])
        unknown = np.flatnonzero(np.concatenate([codes[:, p] != "" for codes in self.hidden]))
        equations, of = [], []
        for total in self.totals:
            if self._numbers(total)[1][p] == 0:
                row = np.zeros(start[-1])
                row[start[total.inner] + total.members] = 1
                row[start[total.outer] + total.domain] = -1
                if row[unknown].any():
                    equations.append(row[unknown])
                    of.append(total)
        if not equations:
            return []
        matrix = np.array(equations)
        spanned = np.diag(np.linalg.pinv(matrix) @ matrix)
        told = np.abs(spanned - 1) < 1e-9
        return [total for total, row in zip(of, matrix, strict=True) if (row[told] > 0).any()]

    def _numbers(self, total: _Total) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The answers of each member (members, parts) and of no member (parts,), -1 unknown."""
        n = self.result.families[total.inner].values.n[total.members]
        whole = self.result.families[total.outer].values.n[total.domain]
        known = (whole >= 0) & (n >= 0).all(axis=0)
        return n, np.where(known, whole - n.sum(axis=0), -1)

    def _hide_smallest(self, total: _Total, p: int) -> bool:
        """Hide the smallest shown member of a total.

        Domains are compared by their part of most answers first, so that the same domain is hidden
        in all parts and no part of it can be computed back from others.
        """
        n = self.result.families[total.inner].values.n[total.members]
        hidden = self.hidden[total.inner]
        open_ = np.flatnonzero((hidden[total.members, p] == "") & (n[:, p] > 0))
        if not len(open_):
            return False
        smallest = min(open_.tolist(), key=lambda i: (n[i].max(), n[i, p], i))
        hidden[total.members[smallest], p] = COMPLEMENTARY
        return True


def _totals(result: IndexResult) -> Iterator[_Total]:
    """Yield each domain that holds domains of another family, the finest totals first.

    What protects a cell inside a narrow total often protects it inside the wide one too.
    """
    narrow_first = sorted(enumerate(result.families), key=lambda pair: -len(pair[1].family.columns))
    for f, inner in enumerate(result.families):
        for g, outer in narrow_first:
            if f == g or set(inner.family.columns) < set(outer.family.columns):
                continue
            above = _above(outer.family, inner.family)
            for domain in np.unique(above[above >= 0]):
                yield _Total(g, int(domain), f, np.flatnonzero(above == domain))


def _above(outer: Family, inner: Family) -> NDArray[np.intp]:
    """The domain of the outer family in which each of the inner one lies (domains,), -1 if none."""
    if set(outer.columns) < set(inner.columns):
        places = [inner.columns.index(column) for column in outer.columns]
        number = {labels: d for d, labels in enumerate(outer.labels)}
        found = [number.get(tuple(labels[i] for i in places), -1) for labels in inner.labels]
        return np.array(found, dtype=np.intp)
    width = len(outer.labels) + 1
    inside = inner.of_row >= 0
    pairs = inner.of_row[inside] * width + outer.of_row[inside] + 1
    met = np.bincount(pairs, minlength=len(inner.labels) * width).reshape(-1, width) > 0
    single = (met.sum(axis=1) == 1) & ~met[:, 0]
    return np.where(single, met.argmax(axis=1) - 1, -1)
