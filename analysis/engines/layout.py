"""What a table of totals holds: which cells, which classes of answers, which columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from math import lcm

from analysis.design import DesignColumns
from analysis.given import Given
from analysis.measure import Coding
from analysis.totals import LeafColumns, PeopleColumns
from analysis.tree import ScoreTree
from questionnaires.model import IndexDefinition


@dataclass(frozen=True)
class CellLayout:
    """Which cells are told apart, and what is totalled in them.

    `families` lists the columns crossed per family of domains, `calibration` the columns that the
    margins of a calibration name.
    """

    index: IndexDefinition
    design: DesignColumns
    families: tuple[tuple[str, ...], ...] = ()
    calibration: tuple[str, ...] = ()

    @cached_property
    def tree(self) -> ScoreTree:
        """The score tree whose leaves and nodes are totalled."""
        return ScoreTree(self.index, Given())

    @cached_property
    def codings(self) -> dict[str, Coding]:
        """How each leaf that is read from answers is coded."""
        return {leaf.code: Coding.of(self.index, leaf) for leaf in self.tree.answered}

    @cached_property
    def items(self) -> dict[str, str]:
        """The column that each leaf is read from."""
        return {leaf.code: str(leaf.item) for leaf in self.tree.answered}

    @cached_property
    def nodes(self) -> dict[str, tuple[str, ...]]:
        """The leaves below each node, without nodes that have none read from answers."""
        return {code: tuple(below) for code, below in self.tree.answered_below.items() if below}

    @cached_property
    def own_means(self) -> frozenset[str]:
        """The nodes that average people's own means."""
        pooled = {n.code for n in self.index.node if n.rollup == "pooled_respondents"}
        return frozenset(pooled & set(self.nodes))

    @property
    def sampled(self) -> tuple[str, ...]:
        """The columns that place a response in the sample, where no cell may be empty."""
        depth = max(1, len(self.design.fpc))
        stratum = () if self.design.stratum is None else (self.design.stratum,)
        return (*stratum, *self.design.psu[:depth], *self.design.fpc)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose labels tell the cells apart, each once."""
        return tuple(dict.fromkeys((*self.sampled, *chain(*self.families), *self.calibration)))

    def own_scale(self, node: str) -> int:
        """The common scale of the leaves below a node, of which own sums are whole numbers."""
        return lcm(*(self.codings[leaf].scale for leaf in self.nodes[node]))

    @cached_property
    def columns(self) -> "CellColumns":
        """Where each total stands: leaves, then people of nodes, then the whole and all rows."""
        sums, counts = count(), count()
        leaves = {}
        for code, coding in self.codings.items():
            weight, value = next(sums), next(sums)
            square = value if coding.binary else next(sums)
            leaves[code] = LeafColumns(weight, value, square, next(counts), coding.scale)
        people = {}
        for code, below in self.nodes.items():
            weight, n, complete = next(sums), next(counts), next(counts)
            if code in self.own_means:
                answered = tuple(next(sums) for _ in below)
                scale = self.own_scale(code)
                people[code] = PeopleColumns(weight, n, complete, answered, scale)
            else:
                people[code] = PeopleColumns(weight, n, complete)
        return CellColumns(leaves, people, next(sums), next(counts))


@dataclass(frozen=True)
class CellColumns:
    """Where each total stands: as in `CellTotals`, all rows in the last column of counts."""

    leaves: Mapping[str, LeafColumns]
    people: Mapping[str, PeopleColumns]
    weight: int
    responses: int

    @property
    def rows(self) -> int:
        """The column of counts that holds all rows, those without weight included."""
        return self.responses + 1
