"""Small cells: what must not be shown, so that nobody's answer can be told from a table."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.index import FamilyResult, IndexResult
from analysis.totals import Family

BELOW_MINIMUM = "n_below_minimum"
COMPLEMENTARY = "complementary"
DEFAULT_MINIMUM = 10

Reasons = NDArray[np.object_]
Cell = tuple[int, int, int]  # family, domain, part
AdditiveSet = tuple[list[Cell], list[int], Cell]  # the cells, their n, the cell of their total


def suppressed(result: IndexResult, minimum: int = DEFAULT_MINIMUM) -> list[Reasons]:
    """Say for each family which estimates are hidden: reason codes (domains, parts), '' if shown.

    Primary: an estimate resting on fewer than `minimum` answers or people (its own n).
    Complementary: where exactly one cell of an additive set is hidden while their total is shown,
    the smallest other cell is hidden too. Additive sets are the domains of a family inside each
    domain of a family with fewer columns (the whole included), and the leaves of a pooled node.
    `minimum` 0 hides nothing. The threshold is this service's own rule; the law names none.
    """
    hidden = [_too_small(family, minimum) for family in result.families]
    if minimum == 0:
        return hidden
    changed = True
    while changed:
        changed = False
        for cells, counts, where in _additive_sets(result, hidden):
            reasons = [hidden[f][d, p] for f, d, p in cells]
            f, d, p = where
            if hidden[f][d, p] or sum(bool(reason) for reason in reasons) != 1:
                continue
            others = [i for i, reason in enumerate(reasons) if not reason and counts[i] > 0]
            if others:
                smallest = min(others, key=lambda i: (counts[i], i))
                f, d, p = cells[smallest]
                hidden[f][d, p] = COMPLEMENTARY
                changed = True
    return hidden


def _too_small(family: FamilyResult, minimum: int) -> Reasons:
    n = family.values.n
    small = (n >= 0) & (n < minimum) & ~np.isnan(family.values.exact)
    return np.where(small, BELOW_MINIMUM, "").astype(object)


def _additive_sets(result: IndexResult, hidden: Sequence[Reasons]) -> Iterator[AdditiveSet]:
    """Yield every additive set in which something is hidden, those of the finest totals first.

    What protects a cell inside a narrow total often protects it inside the wide one too.
    """
    narrow_first = sorted(enumerate(result.families), key=lambda pair: -len(pair[1].family.columns))
    for f, inner in enumerate(result.families):
        for g, outer in narrow_first:
            if not set(outer.family.columns) < set(inner.family.columns):
                continue
            for total, members in _nested(outer.family, inner.family):
                for p in np.flatnonzero((hidden[f][members] != "").any(axis=0)):
                    cells = [(f, d, int(p)) for d in members]
                    yield cells, inner.values.n[members, p].tolist(), (g, total, int(p))
    yield from _pooled_sets(result, hidden)


def _pooled_sets(result: IndexResult, hidden: Sequence[Reasons]) -> Iterator[AdditiveSet]:
    position = {part.code: p for p, part in enumerate(result.parts)}
    pools = [part for part in result.index.node if part.rollup == "pooled_items"]
    for node in pools:
        leaves = [position[leaf.code] for leaf in result.index.leaves_below(node.code)]
        for f, family in enumerate(result.families):
            for d in np.flatnonzero((hidden[f][:, leaves] != "").any(axis=1)):
                cells = [(f, int(d), p) for p in leaves]
                yield cells, family.values.n[d, leaves].tolist(), (f, int(d), position[node.code])


def _nested(outer: Family, inner: Family) -> Iterator[tuple[int, list[int]]]:
    """Yield each domain of the outer family with the domains of the inner one that lie in it."""
    places = [inner.columns.index(column) for column in outer.columns]
    inside: dict[tuple[str, ...], list[int]] = {}
    for d, labels in enumerate(inner.labels):
        inside.setdefault(tuple(labels[place] for place in places), []).append(d)
    for total, labels in enumerate(outer.labels):
        if labels in inside:
            yield total, inside[labels]
