"""The text of the one GROUP BY that totals responses, the same for DuckDB and PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import frexp

from analysis.engines.layout import CellLayout
from analysis.exact import DECIMALS, EXACT, HEADROOM, LIMB, LIMB_BITS
from questionnaires.model import Node

# With a WITH of its own a query is no part of the one around it to PostgreSQL, which otherwise
# computes each expression again wherever it is used, four times as slow. DuckDB does not mind.
APART = "WITH apart AS (SELECT 1) SELECT"
MOST_LIMBS = 6
LEAST_EXPONENT = -900  # below, powers of two leave the range of doubles
DOUBLE = "double precision"


@dataclass(frozen=True)
class Ticks:
    """How weights become whole ticks in SQL: weight = sum over i of limb i x 2**(26 i) x `tick`.

    The same tick and the same limbs as `exact.ExactWeights` would choose for these weights.
    """

    tick: Fraction
    limbs: int

    @classmethod
    def of(cls, decimals: int, lightest: float, heaviest: float, total: float) -> "Ticks | None":
        """Choose from what is known of all weights; None where they need too many limbs.

        `decimals` is the number of decimals that write every weight, 5 where four do not do;
        `lightest` is the smallest positive weight and `total` the sum of all.
        """
        if decimals < len(DECIMALS) and heaviest * DECIMALS[decimals] < EXACT:
            scale = DECIMALS[decimals]
            # The sum that the database made may differ in its last digits; a limb more is no loss.
            return cls(Fraction(1, scale), 1 if total * scale * HEADROOM < EXACT else 2)
        _, exponent = frexp(lightest)
        _, bits = frexp(heaviest)
        if exponent < LEAST_EXPONENT:
            return None
        limbs = -(-(bits - exponent + 53) // LIMB_BITS)
        return cls(Fraction(2) ** (exponent - 53), limbs) if limbs <= MOST_LIMBS else None

    def whole(self, weight: str) -> str:
        """The ticks of a weight, a whole number in a double; exact, as `exact` says why."""
        if self.tick.denominator in DECIMALS:
            return f"round({weight} * {self.tick.denominator})"
        return f"{weight} * {double(1 / float(self.tick))}"

    def limb(self, position: int, whole: str) -> str:
        """One limb of whole ticks."""
        if self.limbs == 1:
            return whole
        below = f"floor({whole} / {double(LIMB**position)})"
        if position == self.limbs - 1:
            return below
        return f"{below} - floor({whole} / {double(LIMB ** (position + 1))}) * {int(LIMB)}"


@dataclass(frozen=True)
class Source:
    """A table as SQL sees it: its text, and for each leaf the literals of each class of answers.

    `table` is what follows FROM; `literals[leaf][k]` are the raw cells that mean class k, and
    `integers` the columns that hold integers, whose literals can be joined to ranges. `real` are
    columns to be read as doubles.
    """

    table: str
    literals: Mapping[str, Sequence[Sequence[str]]]
    integers: frozenset[str]
    real: frozenset[str]

    def column(self, name: str) -> str:
        """A column as an expression."""
        return f"CAST({quoted(name)} AS {DOUBLE})" if name in self.real else quoted(name)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def double(value: float) -> str:
    """A finite number as SQL writes it, with all its digits."""
    return f"CAST('{value!r}' AS {DOUBLE})"


def weights_text(source: Source, weight: str | None) -> str:
    """Ask what must be known of the weights before they can be summed exactly.

    One row: rows, weights that are there, their smallest, the smallest positive one, the largest,
    the sum and the decimals they need (5: more than four).
    """
    if weight is None:
        return f"SELECT count(*) AS n FROM {source.table}"
    w = f"CAST({quoted(weight)} AS {DOUBLE})"
    fits = " ".join(
        f"WHEN round({w} * {scale}) / {scale} = {w} THEN {k}" for k, scale in enumerate(DECIMALS)
    )
    return (
        f"SELECT count(*) AS n, count({quoted(weight)}) AS present, min({w}) AS lowest, "
        f"min(CASE WHEN {w} > 0 THEN {w} END) AS lightest, max({w}) AS heaviest, "
        f"sum({w}) AS total, max(CASE {fits} ELSE {len(DECIMALS)} END) AS decimals "
        f"FROM {source.table}"
    )


def distinct_text(source: Source, name: str, most: int) -> str:
    """Ask which cells a column holds, one more than `most` at most."""
    return f"SELECT DISTINCT {quoted(name)} AS cell FROM {source.table} LIMIT {most + 1}"


def rows_text(
    source: Source, layout: CellLayout, keys: Sequence[str], ticks: Ticks, where: str = ""
) -> str:
    """Each response: keys k0, k1, ..., ticks t, and the class c0, c1, ... of each leaf's answer.

    The class is NULL where the answer is missing.
    """
    weight = layout.design.weight
    w = "1" if weight is None else f"CAST({quoted(weight)} AS {DOUBLE})"
    parts = [f"{source.column(name)} AS k{i}" for i, name in enumerate(keys)]
    parts.append(f"CAST({ticks.whole(w)} AS {DOUBLE}) AS t")
    for i, (code, item) in enumerate(layout.items.items()):
        parts.append(f"{_class(source, code, item)} AS c{i}")
    return f"{APART} {', '.join(parts)} FROM {source.table}{where and ' WHERE ' + where}"


def responses_text(
    source: Source, layout: CellLayout, keys: Sequence[str], ticks: Ticks, where: str = ""
) -> str:
    """Each response of positive weight: keys k0, ..., ticks t and classes c0, ...

    A missing answer to a leaf has the class after its last one.
    """
    columns = [*(f"k{i}" for i in range(len(keys))), "t"]
    for i, coding in enumerate(layout.codings.values()):
        columns.append(f"coalesce(c{i}, CAST({len(coding.values)} AS smallint)) AS c{i}")
    rows = rows_text(source, layout, keys, ticks, where)
    return f"SELECT {', '.join(columns)} FROM ({rows}) AS responses WHERE t > 0"


def totals_text(source: Source, layout: CellLayout, keys: Sequence[str], ticks: Ticks) -> str:
    """Total all responses by the raw cells of the key columns: the one pass over the rows.

    A row per combination of keys and of whether the weight is positive. Columns: the keys k0, ...,
    `positive`, `n` rows, the largest ticks `heaviest`, and for each limb l of the ticks
    `w_l` the sum, `c_i_k_l` that of leaf i in class k, `p_i_l` that of people with an answer below
    node i and `m_i_a_l` that of ticks x own sum over people with a answers below node i; `c_i`
    counts valid answers to leaf i, `p_i` people with some and `e_i` people with every answer.
    """
    limbs = ", ".join(f"{ticks.limb(i, 't')} AS t{i}" for i in range(ticks.limbs))
    rows = rows_text(source, layout, keys, ticks)
    rows = f"{APART} *, {limbs}, t > 0 AS positive FROM ({rows}) AS responses"
    for people in _people(layout):
        rows = f"{APART} *, {', '.join(people)} FROM ({rows}) AS people"
    by = ", ".join([*(f"k{i}" for i in range(len(keys))), "positive"])
    wanted = ", ".join(
        ["count(*) AS n", "max(t) AS heaviest", *_totals(layout, ticks)],
    )
    return f"SELECT {by}, {wanted} FROM ({rows}) AS coded GROUP BY {by}"


def _totals(layout: CellLayout, ticks: Ticks) -> Iterator[str]:
    for limb in range(ticks.limbs):
        yield f"sum(t{limb}) AS w_{limb}"
    for i, coding in enumerate(layout.codings.values()):
        yield f"count(c{i}) AS c_{i}"
        for k in range(len(coding.values)):
            for limb in range(ticks.limbs):
                yield f"sum(CASE WHEN c{i} = {k} THEN t{limb} ELSE 0 END) AS c_{i}_{k}_{limb}"
    for i, (code, below) in enumerate(layout.nodes.items()):
        yield f"count(CASE WHEN a{i} > 0 THEN 1 END) AS p_{i}"
        yield f"count(CASE WHEN a{i} = {len(below)} THEN 1 END) AS e_{i}"
        for limb in range(ticks.limbs):
            yield f"sum(CASE WHEN a{i} > 0 THEN t{limb} ELSE 0 END) AS p_{i}_{limb}"
            if code in layout.own_means:
                for a in range(1, len(below) + 1):
                    own = f"CASE WHEN a{i} = {a} THEN t{limb} * s{i} ELSE 0 END"
                    yield f"sum({own}) AS m_{i}_{a}_{limb}"


def _people(layout: CellLayout) -> Iterator[list[str]]:
    """Level by level up the tree: the number a_i of answers below each node i of that height.

    Where own means are wanted also the sum s_i of the whole numbers of these answers.
    """
    number = {code: i for i, code in enumerate(layout.nodes)}
    leaf = {code: i for i, code in enumerate(layout.items)}
    waiting = list(layout.nodes)
    while waiting:
        ready = [code for code in waiting if not set(waiting) & set(_children(layout, code))]
        found = []
        for code in ready:
            children = _children(layout, code)
            answers = [f"a{number[child]}" for child in children if child in number]
            answers += [
                f"CASE WHEN c{leaf[child]} IS NULL THEN CAST(0 AS smallint) "
                "ELSE CAST(1 AS smallint) END"
                for child in children
                if child in leaf
            ]
            found.append(f"{' + '.join(answers)} AS a{number[code]}")
            if code in layout.own_means:
                found.append(f"{_own_sum(layout, code, leaf)} AS s{number[code]}")
        yield found
        waiting = [code for code in waiting if code not in ready]


def _children(layout: CellLayout, code: str) -> tuple[str, ...]:
    part = layout.index.by_code[code]
    return part.children if isinstance(part, Node) else ()


def _own_sum(layout: CellLayout, node: str, leaf: Mapping[str, int]) -> str:
    scale = layout.own_scale(node)
    terms = []
    for code in layout.nodes[node]:
        coding = layout.codings[code]
        cases = " ".join(
            f"WHEN {k} THEN {value * (scale // coding.scale)}"
            for k, value in enumerate(coding.values)
        )
        terms.append(f"CASE c{leaf[code]} {cases} ELSE 0 END")
    return " + ".join(terms)


def _class(source: Source, leaf: str, item: str) -> str:
    cases = [
        f"WHEN {condition} THEN CAST({k} AS smallint)"
        for k, literals in enumerate(source.literals[leaf])
        if (condition := among(source, item, literals))
    ]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS smallint)"


def among(source: Source, item: str, literals: Sequence[str]) -> str:
    """Say whether a cell is one of some literals; ranges are several times faster than lists."""
    column = source.column(item)
    if item not in source.integers:
        return f"{column} IN ({', '.join(literals)})" if literals else ""
    ranges: list[list[int]] = []
    for code in sorted(map(int, literals)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return " OR ".join(f"{column} BETWEEN {low} AND {high}" for low, high in ranges)
