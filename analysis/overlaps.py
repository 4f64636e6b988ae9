"""Where families of domains overlap: who is in which cells, and what cells together tell."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats, Ints
from analysis.grouping import group
from analysis.index import IndexResult
from analysis.nesting import Mask, linked, nested
from analysis.precision import ElementRows, RowsInMemory
from analysis.totals import Family
from questionnaires.model import Leaf, Node

RIDGE = 1e-9  # makes a matrix of dependent cells one that can be solved
SPANNED = 1e-6  # what is left of a cell that others span; of any other cell it is far more
SHARE = 1e-3  # a smaller coefficient is rounding noise


class Overlaps:
    """The people of a result by the domains of all its families at once, the atoms.

    Cells are the domains of all families, one family after the other.
    """

    def __init__(self, result: IndexResult) -> None:
        self.result = result
        self.families = [found.family for found in result.families]
        self.start = np.cumsum([0, *(len(family.labels) for family in self.families)])
        self.done: dict[bytes, list[NDArray[np.intp]]] = {}

    @cached_property
    def _atom_of_row(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The atom of each row (n,), and one row of each atom."""
        number = np.zeros(len(self.families[0].of_row), dtype=np.intp)
        first = number[:1]
        for family in self.families[1:]:
            codes, sizes = [number, family.of_row + 1], [len(first), len(family.labels) + 1]
            number, first = group(codes, sizes)
        return number, first

    @cached_property
    def cell_of(self) -> NDArray[np.intp]:
        """The cell of each atom in each family (atoms, families), -1 where it is in none."""
        first = self._atom_of_row[1]
        codes = np.stack([family.of_row[first] for family in self.families], axis=1)
        return np.where(codes >= 0, codes + self.start[:-1], -1)

    @cached_property
    def responses(self) -> Ints:
        """The responses of positive weight of each atom (atoms,)."""
        design = self.result.design
        assert design is not None
        rows = design.weights.limbs.sum(axis=0) > 0
        many = rows if design.responses is None else np.where(rows, design.responses, 0)
        number, first = self._atom_of_row
        return np.bincount(number, weights=many, minlength=len(first)).astype(np.int64)

    @cached_property
    def n(self) -> Ints:
        """The answers or people of each atom (atoms, parts), one more pass over the rows.

        Where single responses cannot be read again (stored totals), the most there can be.
        """
        number, first = self._atom_of_row
        sampled = self.result.families[0].sampled
        assert sampled is not None
        elements = sampled.elements
        if elements is None:
            n = np.repeat(self.responses[:, np.newaxis], len(self.result.parts), axis=1)
            cells = np.concatenate([found.values.n for found in self.result.families])
            for cell in self.cell_of.T:
                n = np.where((cell >= 0)[:, np.newaxis], np.minimum(n, cells[cell]), n)
            return n
        if isinstance(elements, RowsInMemory):  # a calibrated weight may be none, n counts it
            elements = replace(elements, design=replace(elements.design, calibration=None))
        n = np.zeros((len(first), len(self.result.parts)), dtype=np.int64)
        atoms = Family((), tuple((str(i),) for i in range(len(first))), number)
        for rows in elements.batches(atoms):
            self._count(rows, n)
        return n

    def _count(self, rows: ElementRows, n: Ints) -> None:
        """Count as `ScoreTree.evaluate` does: answers, people with all answers, or with any."""
        valid = {code: measure.valid for code, measure in rows.measures.items()}
        answers = {
            code: np.bincount(rows.domain[mask], minlength=len(n)) for code, mask in valid.items()
        }
        for p, part in enumerate(self.result.parts):
            below = [part] if isinstance(part, Leaf) else self.result.index.leaves_below(part.code)
            codes = [leaf.code for leaf in below if leaf.code in valid]
            if not codes:
                continue
            if (isinstance(part, Node) and part.rollup == "pooled_items") or len(codes) == 1:
                n[:, p] += sum(answers[code] for code in codes)
                continue
            pooled = isinstance(part, Node) and part.rollup == "pooled_respondents"
            combine = np.logical_or if pooled else np.logical_and
            people = combine.reduce([valid[code] for code in codes])
            n[:, p] += np.bincount(rows.domain[people], minlength=len(n))

    def close(self, minimum: int) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
        """Pairs of cells of families that cross: all people of the second one are in the first,
        and fewer than `minimum` others; with the parts (numbers) for which it is so."""
        n = np.concatenate([found.values.n for found in self.result.families])
        for f, outer in enumerate(self.families):
            for g, inner in enumerate(self.families):
                if f == g or nested(outer, inner):
                    continue
                cells = self.cell_of[:, [f, g]]
                both = np.flatnonzero((cells >= 0).all(axis=1))
                key = cells[both, 0] * len(n) + cells[both, 1]
                pairs, of_atom = np.unique(key, return_inverse=True)
                first, second = pairs // len(n), pairs % len(n)
                a, b = n[first], n[second]
                near = (b > 0) & (a > b) & (a - b < minimum)
                rows = np.bincount(of_atom, weights=self.responses[both], minlength=len(pairs))
                near &= rows[:, np.newaxis] * self._most >= b
                if near.any():
                    common = np.zeros_like(a)
                    np.add.at(common, of_atom, self.n[both])
                    near &= common == b
                for i in np.flatnonzero(near.any(axis=1)):
                    yield int(first[i]), int(second[i]), np.flatnonzero(near[i])

    @cached_property
    def _most(self) -> Ints:
        """The most that one response can count for each part (parts,): the leaves of a pool."""
        parts = self.result.parts
        return np.array(
            [
                len(self.result.index.leaves_below(part.code))
                if isinstance(part, Node) and part.rollup == "pooled_items"
                else 1
                for part in parts
            ]
        )

    def told(self, p: int, shown: Mask, secret: Mask) -> list[NDArray[np.intp]]:
        """Which secret cells are a sum and difference of shown ones, and of which (cells,).

        A cell is a vector over the atoms with an answer to part `p`, 1 inside. What is left of it
        when it is projected on the shown cells is nothing if these determine it. The cells of one
        family do not overlap, so the largest family is taken out first, cell by cell.
        """
        live = self.n[:, p] > 0
        key = b"".join(np.packbits(mask).tobytes() for mask in (live, shown, secret))
        if key not in self.done:
            self.done[key] = self._told(self.cell_of[live], shown, secret)
        return self.done[key]

    def _told(self, cells: NDArray[np.intp], shown: Mask, secret: Mask) -> list[NDArray[np.intp]]:
        size = np.bincount(cells[cells >= 0], minlength=self.start[-1])
        counts = [np.count_nonzero((shown & (size > 0))[a:b]) for a, b in self._spans]
        base = int(np.argmax(counts))
        inside = np.zeros(len(size), dtype=bool)
        inside[slice(*self._spans[base])] = True
        known = np.flatnonzero(shown & inside & (size > 0))
        work = _Projection(cells, base, size, known)
        others = np.flatnonzero(shown & ~inside & (size > 0))
        wanted = np.flatnonzero(secret & (size > 0))
        return work.told(others, wanted)

    @property
    def _spans(self) -> list[tuple[int, int]]:
        return list(zip(self.start[:-1].tolist(), self.start[1:].tolist(), strict=True))


@dataclass(frozen=True)
class _Projection:
    """Cells as vectors over atoms, less their projections on the shown cells of one family.

    `cells` (atoms, families) as in `Overlaps.cell_of`, `size` (cells,) the atoms of each cell,
    `known` the shown cells of the family `base`.
    """

    cells: NDArray[np.intp]
    base: int
    size: Ints
    known: NDArray[np.intp]

    def told(self, others: NDArray[np.intp], wanted: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """The wanted cells that others and the known ones determine, and the cells used."""
        others, wanted = self._near(others, wanted)
        rows = np.concatenate([others, wanted])
        crossed = self._common(rows, self.known)
        left = self._common(rows, rows) - (crossed / self.size[self.known]) @ crossed.T
        a = len(others)
        solved = np.linalg.solve(left[:a, :a] + RIDGE * np.eye(a), left[:a, a:])
        rest = np.diag(left)[a:] - (left[:a, a:] * solved).sum(axis=0)
        shares = (crossed[a:] - solved.T @ crossed[:a]) / self.size[self.known]
        found = []
        for h in np.flatnonzero(rest < SPANNED * self.size[wanted]):
            used = [others[np.abs(solved[:, h]) > SHARE], self.known[np.abs(shares[h]) > SHARE]]
            found.append(np.concatenate(used))
        return found

    def _near(
        self, others: NDArray[np.intp], wanted: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The others that are tied to a wanted cell by something that the known do not tell."""
        rows = np.concatenate([others, wanted])
        place = self._places(rows)
        of_base = self._places(self.known)[self.cells[:, self.base]]
        free = np.flatnonzero(of_base < 0)
        columns = of_base.copy()
        columns[free] = len(self.known) + np.arange(len(free))
        width = len(self.known) + len(free)
        row = place[self.cells]
        at, _ = np.nonzero(row >= 0)
        pairs, held = np.unique(row[row >= 0] * width + columns[at], return_counts=True)
        a, b = pairs // max(width, 1), pairs % max(width, 1)
        whole = np.concatenate([self.size[self.known], np.full(len(free), 2)])
        part = held < whole[b]  # a known cell that is held whole says nothing
        component, _ = linked(a[part], b[part], len(rows), width)
        tied = np.isin(component[: len(others)], component[len(others) :])
        return others[tied], wanted

    def _places(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where each cell stands among some (cells + 1,), -1 for the rest and for no cell."""
        place = np.full(len(self.size) + 1, -1, dtype=np.intp)
        place[cells] = np.arange(len(cells))
        return place

    def _common(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> Floats:
        """How many atoms each of some cells has in common with each of others."""
        first, second = self._places(a)[self.cells], self._places(b)[self.cells]
        found = np.zeros(len(a) * len(b))
        for one in first.T:
            for other in second.T:
                both = (one >= 0) & (other >= 0)
                pairs = one[both] * len(b) + other[both]
                found += np.bincount(pairs, minlength=len(found))
        return found.reshape(len(a), len(b))
