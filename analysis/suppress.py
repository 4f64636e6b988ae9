"""Small cells and weak figures: what must not be told, and what must not be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats, Ints
from analysis.estimate import effective_n, korn_graubard
from analysis.index import FamilyResult, IndexResult
from analysis.nesting import Mask, Total, totals_between
from analysis.overlaps import Overlaps
from analysis.tree import ScoreTree
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
    without_error = design is None or design.complete
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
    Complementary: more is hidden until no secret estimate, and none of fewer than `minimum`
    answers, can be computed back from what is shown. Secret is what `secret_of` says: every hidden
    estimate but a composite whose children are all shown. What is left of a shown total when the
    shown cells are taken away must be two hidden cells or more, and `minimum` answers or more; else
    the smallest shown cell is hidden too. Totals and cells are domains of one family that hold
    domains of another, the whole included, whether by their columns or by their rows (communes in
    districts), the domains that two crossed families have in common though none lists them
    (`unit,sex` and `unit,band`: the units), and parts of the index with their children. People of
    no domain of a family are hidden cells of it. Of two shown cells of crossed families one must
    not hold the other and fewer than `minimum` people more. Last, no sum and difference of shown
    cells of any families must be a secret cell (Willenborg & de Waal 2001, Elements of Statistical
    Disclosure Control, chapter 4).

    What is protected are sums of answers over people, part by part and between a node and its
    children; not bounds on a hidden figure, standard errors, or what other documents tell. From
    stored totals who answered a part is only known domain by domain (`Overlaps.n`).
    `minimum` 0 hides nothing. The threshold is this service's own rule; the law names none.
    """
    hidden = [_too_small(family, minimum) for family in result.families]
    work = _Work(result, minimum, hidden) if minimum > 0 else None
    while work and work.protect():
        pass
    return hidden


def secret_of(tree: ScoreTree, hidden: Reasons, values: Floats) -> Mask:
    """Which hidden estimates (domains, parts) are a matter of disclosure; `values` are the rates.

    Not one that is hidden as unreliable. Nor a mean or sum whose children are all shown (or such
    means themselves), hidden because few people answered all its items (its own n): anybody can
    compute it from what others said too. Its n and standard error stay untold; to hide anything
    else for its sake would protect nobody.
    """
    told = (hidden == "") & ~np.isnan(values)
    for code, (children, *_) in reversed(tree.combinations.items()):
        p = tree.position[code]
        told[:, p] |= (hidden[:, p] == BELOW_MINIMUM) & told[:, children].all(axis=1)
    return np.asarray(np.isin(hidden, (BELOW_MINIMUM, COMPLEMENTARY)) & ~told)


def _too_small(family: FamilyResult, minimum: int) -> Reasons:
    """An estimate of few answers, and the number of answers where there is no estimate either."""
    n = family.values.n
    small = (n >= 0) & (n < minimum) & ((n > 0) | ~np.isnan(family.values.exact))
    return np.where(small, BELOW_MINIMUM, "").astype(object)


class _Work:
    """The reason codes while more and more is hidden; each step says whether it hid anything."""

    def __init__(self, result: IndexResult, minimum: int, hidden: list[Reasons]) -> None:
        self.result = result
        self.minimum = minimum
        self.hidden = hidden
        self.secret: list[Mask] = []
        self.totals = list(totals_between(result))
        self.overlaps = Overlaps(result) if len(result.families) > 2 else None
        self.close = list(self.overlaps.close(minimum)) if self.overlaps else []

    def protect(self) -> bool:
        """One round of all rules, the cheapest first."""
        self.secret = [
            secret_of(family.evaluation.tree, hidden, family.values.exact)
            for family, hidden in zip(self.result.families, self.hidden, strict=True)
        ]
        steps = self._protect_domains, self._protect_children, self._protect_close
        return any(step() for step in steps) or self._protect_solved()

    def _hide(self, family: int, domain: int, p: int) -> bool:
        if self.hidden[family][domain, p]:
            return False
        self.hidden[family][domain, p] = COMPLEMENTARY
        self.secret[family][domain, p] = True
        return True

    def _protect_domains(self) -> bool:
        """Protect what is left of each total, all parts at once."""
        return sum(map(self._protect_total, self.totals)) > 0

    def _protect_total(self, total: Total) -> bool:
        n, left = self._numbers(total)
        cells = self.secret[total.inner][total.members]
        outer = self.secret[total.outer][total.domains]
        if not (cells.any() or outer.any() or (left > 0).any()):
            return False
        group = np.where(cells, n, 0).sum(axis=0) + left
        some = cells.any(axis=0) | (left > 0)
        alone = (cells.sum(axis=0) == 1) & (left == 0)
        told = np.logical_not(outer.any(axis=0))
        exposed = told & some & (left >= 0) & (alone | (group < self.minimum))
        if len(outer) == 1:  # a hidden total must not be the sum of cells that are all shown
            exposed |= ~told & ~cells.any(axis=0) & (left == 0)
        changed = False
        for p in np.flatnonzero(exposed):
            hid = self._hide_smallest(total.inner, total.members, int(p))
            if not hid and told[p] and alone[p]:  # the only cell there is: it equals its total
                hid = self._hide_smallest(total.outer, total.domains, int(p))
            changed |= hid
        return changed

    def _protect_children(self) -> bool:
        """Protect a secret child of a node, which the node and its other children would tell.

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
            for f, family in enumerate(self.result.families):
                n, node = family.values.n[:, at], place[part.code]
                cells = self.secret[f][:, at]
                exposed = cells.sum(axis=1) == 1
                if part.rollup == "pooled_items":
                    group = np.where(cells, n, 0).sum(axis=1)
                    exposed |= cells.any(axis=1) & (group < self.minimum)
                exposed &= ~self.secret[f][:, node] & ~np.isnan(family.values.exact[:, node])
                open_ = (self.hidden[f][:, at] == "") & (n > 0)
                smallest = np.where(open_, n, np.iinfo(n.dtype).max).argmin(axis=1)
                for d in np.flatnonzero(exposed):
                    hide = at[smallest[d]] if open_[d].any() else node
                    changed |= self._hide(f, int(d), hide)
        return changed

    def _protect_close(self) -> bool:
        """Protect the few people by whom a shown cell is more than another one."""
        changed = False
        for outer, inner, parts in self.close:
            (f, d), (g, e) = self._place(outer), self._place(inner)
            for p in parts[self.hidden[f][d, parts] == ""]:
                changed |= self._hide(g, e, int(p))
        return changed

    def _protect_solved(self) -> bool:
        """Protect a secret cell that is a sum and difference of shown ones.

        Of these the smallest is hidden, which may protect other secret cells too.
        """
        if self.overlaps is None or not any(secret.any() for secret in self.secret):
            return False
        secret, hidden = np.concatenate(self.secret), np.concatenate(self.hidden)
        n = np.concatenate([family.values.n for family in self.result.families])
        most, changed = n.max(axis=1), False
        for p in np.flatnonzero(secret.any(axis=0) & (n >= 0).all(axis=0)):
            shown, unknown = hidden[:, p] == "", secret[:, p]
            while told := self.overlaps.told(int(p), shown, unknown):
                for used in told:
                    if shown[used].all():
                        smallest = int(used[np.lexsort((used, n[used, p], most[used]))[0]])
                        shown[smallest], unknown[smallest] = False, True
                        changed |= self._hide(*self._place(smallest), int(p))
        return changed

    def _place(self, cell: int) -> tuple[int, int]:
        """The family of a cell (see `Overlaps`) and its domain there."""
        family = 0
        while cell >= len(self.hidden[family]):
            cell -= len(self.hidden[family])
            family += 1
        return family, cell

    def _numbers(self, total: Total) -> tuple[Ints, Ints]:
        """The answers of each member (members, parts) and of no member (parts,), -1 unknown."""
        n = self.result.families[total.inner].values.n[total.members]
        whole = self.result.families[total.outer].values.n[total.domains]
        known = (whole >= 0).all(axis=0) & (n >= 0).all(axis=0)
        return n, np.where(known, whole.sum(axis=0) - n.sum(axis=0), -1)

    def _hide_smallest(self, family: int, domains: NDArray[np.intp], p: int) -> bool:
        """Hide the smallest shown one of some domains of a family.

        Domains are compared by their part of most answers first, so that the same domain is hidden
        in all parts and no part of it can be computed back from others.
        """
        n = self.result.families[family].values.n[domains]
        open_ = np.flatnonzero((self.hidden[family][domains, p] == "") & (n[:, p] > 0))
        if not len(open_):
            return False
        smallest = min(open_.tolist(), key=lambda i: (n[i].max(), n[i, p], i))
        return self._hide(family, int(domains[smallest]), p)
