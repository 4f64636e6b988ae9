"""Totals and their cells: which domains of one family hold the people of which of another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.index import IndexResult
from analysis.totals import Family

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Total:
    """Domains of the outer family, and the domains of the inner family that lie in them.

    One outer domain that holds others whole, or, of families that cross, the fewest domains of
    both that hold the same people: of `unit,sex` and `unit,band` those of one unit.
    """

    outer: int
    domains: NDArray[np.intp]
    inner: int
    members: NDArray[np.intp]


def totals_between(result: IndexResult) -> Iterator[Total]:
    """Yield each domain that holds domains of another family, the finest totals first.

    What protects a cell inside a narrow total often protects it inside the wide one too. Among
    them are totals that two crossed families have in common, though no family lists them.
    """
    families = [found.family for found in result.families]
    narrow_first = sorted(enumerate(families), key=lambda pair: -len(pair[1].columns))
    for f, inner in enumerate(families):
        found, crossed = [], []
        for g, outer in narrow_first:
            if f == g or set(inner.columns) < set(outer.columns):
                continue
            above = _above(outer, inner)
            at = np.unique(above[above >= 0])
            found.append(
                [Total(g, at[i:][:1], f, np.flatnonzero(above == d)) for i, d in enumerate(at)]
            )
            if not nested(inner, outer):
                shared = _shared(inner, outer)
                crossed.append([Total(g, domains, f, members) for members, domains in shared])
        for totals in crossed:
            wider = (i for i, other in enumerate(found) if len(other) < len(totals))
            found.insert(next(wider, len(found)), totals)
        for totals in found:
            yield from totals


def nested(a: Family, b: Family) -> bool:
    """Whether one of two families crosses all columns of the other."""
    return set(a.columns) <= set(b.columns) or set(a.columns) >= set(b.columns)


def _above(outer: Family, inner: Family) -> NDArray[np.intp]:
    """The domain of the outer family in which each of the inner one lies (domains,), -1 if none."""
    if set(outer.columns) < set(inner.columns):
        places = [inner.columns.index(column) for column in outer.columns]
        number = {labels: d for d, labels in enumerate(outer.labels)}
        found = [number.get(tuple(labels[i] for i in places), -1) for labels in inner.labels]
        return np.array(found, dtype=np.intp)
    met = _met(inner, outer)
    single = (met.sum(axis=1) == 1) & ~met[:, 0]
    return np.where(single, met.argmax(axis=1) - 1, -1)


def _met(inner: Family, outer: Family) -> Mask:
    """Which domains have people in common (inner, 1 + outer), the first column: with none."""
    width = len(outer.labels) + 1
    inside = inner.of_row >= 0
    pairs = inner.of_row[inside] * width + outer.of_row[inside] + 1
    return np.bincount(pairs, minlength=len(inner.labels) * width).reshape(-1, width) > 0


def _shared(inner: Family, outer: Family) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The fewest domains of both families, two or more of each, that hold the same people."""
    a, b = np.nonzero(_met(inner, outer)[:, 1:])
    of_inner, of_outer = linked(a, b, len(inner.labels), len(outer.labels))
    if len(np.unique(of_inner)) == 1:  # the whole is a family of its own
        return
    for number in np.unique(of_inner):
        members, domains = np.flatnonzero(of_inner == number), np.flatnonzero(of_outer == number)
        if len(members) > 1 and len(domains) > 1:
            yield members, domains


def linked(
    a: NDArray[np.intp], b: NDArray[np.intp], m: int, n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the connected components of m and n nodes with edges from a (m) to b (n)."""
    left, right = np.arange(m), np.arange(m, m + n)
    while True:
        before = left.copy()
        np.minimum.at(right, b, left[a])
        np.minimum.at(left, a, right[b])
        if (left == before).all():
            return left, right
