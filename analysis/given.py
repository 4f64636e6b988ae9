"""Values that come from elsewhere: nodes of another index, and reported numbers with evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from analysis.dataset import Dataset, Floats
from questionnaires.model import IndexDefinition, Leaf
from questionnaires.refusal import Refusal

Domain = tuple[tuple[str, str], ...]  # (column, value) pairs in the order of the columns
WHOLE: Domain = ()
NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class GivenValue:
    """One value from elsewhere: an exact rate, or None with the reason code why there is none."""

    rate: Fraction | None
    reason: str | None = None
    variance: float = 0.0
    df: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class OtherResult:
    """The computed result of another index, as written by the command in JSON."""

    code: str
    notice: str | None
    values: Mapping[tuple[str, frozenset[tuple[str, str]]], GivenValue]
    covariances: Mapping[frozenset[tuple[str, str]], tuple[tuple[str, ...], Floats]]
    self_selected: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any], name: str) -> "OtherResult":
        """Read a parsed result; numbers must have been parsed as Decimal to stay exact."""
        try:
            values = {(row["node"], _domain(row)): _given_value(row) for row in document["results"]}
            covariances = {
                _domain(block): (
                    tuple(block["nodes"]),
                    np.array(block["matrix"], dtype=np.float64),
                )
                for block in document.get("covariance", ())
            }
            design = document["design"]
            notice = design.get("notice")
            chosen = design.get("source") == "self-selected" and not design.get("assumption")
            return cls(_text(document["index"]), notice, values, covariances, chosen)
        except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            template = "Tệp {file} không phải kết quả tính chỉ số dạng JSON."
            raise Refusal(template, file=name) from error


@dataclass(frozen=True)
class Given:
    """Everything an index may take from elsewhere; `unknown` says that it is all not known.

    The values of a previous wave are not known: those of this wave say nothing about a change.
    """

    results: Mapping[str, OtherResult] = field(default_factory=dict)
    reported: Mapping[tuple[str, frozenset[tuple[str, str]]], Fraction] = field(
        default_factory=dict
    )
    unknown: bool = False

    def value(self, leaf: Leaf, domain: Domain) -> GivenValue:
        """The value of a `node` or `reported` leaf in a domain, or else in the whole.

        Raises `Refusal` when the other index, its node or the reported number is not there at all.
        """
        if self.unknown:
            return GivenValue(None, NOT_KNOWN)
        for key in (frozenset(domain), frozenset(WHOLE)):
            if leaf.measure == "reported":
                rate = self.reported.get((leaf.code, key))
                if rate is not None:
                    return GivenValue(rate)
            else:
                found = self._other(leaf).values.get((str(leaf.node), key))
                if found is not None:
                    return found
        if leaf.measure == "reported":
            template = "Tiêu chí {leaf} là số liệu báo cáo nhưng tệp --reported chưa có giá trị."
            raise Refusal(template, leaf=leaf.code)
        template = "Tiêu chí {leaf} cần «{node}» của chỉ số {index}, nhưng kết quả --from không có."
        raise Refusal(template, leaf=leaf.code, node=leaf.node, index=leaf.index)

    def domains(self, leaves: Sequence[Leaf], columns: Sequence[str]) -> set[tuple[str, ...]]:
        """The labels of the domains by some columns in which a leaf has a value of its own."""
        found = []
        for leaf in leaves:
            if leaf.measure == "reported":
                found += [domain for code, domain in self.reported if code == leaf.code]
            else:
                found += [domain for node, domain in self._other(leaf).values if node == leaf.node]
        by_column = (dict(domain) for domain in found)
        return {
            tuple(domain[name] for name in columns)
            for domain in by_column
            if domain.keys() == set(columns)
        }

    def self_selected(self, leaf: Leaf) -> bool:
        """Say whether a leaf takes its value from answers that people gave of their own accord."""
        other = self.results.get(str(leaf.index)) if leaf.measure == "node" else None
        return other is not None and other.self_selected

    @property
    def notice(self) -> str | None:
        """What the other results say about answers that are not original ones."""
        notices = (other.notice for other in self.results.values())
        return next((notice for notice in notices if notice), None)

    def covariance(self, leaves: Sequence[Leaf], domain: Domain) -> Floats:
        """The covariance matrix of given leaves (leaves, leaves); NaN where it is not known.

        Different indices are taken as independent, a reported number as free of sampling error.
        """
        size = len(leaves)
        matrix = np.zeros((size, size))
        for i, a in enumerate(leaves):
            matrix[i, i] = self.value(a, domain).variance
            for j, b in enumerate(leaves[:i]):
                if a.measure == b.measure == "node" and a.index == b.index:
                    matrix[i, j] = matrix[j, i] = self._shared(a, b, domain)
        return matrix

    def _shared(self, a: Leaf, b: Leaf, domain: Domain) -> float:
        other = self._other(a)
        for key in (frozenset(domain), frozenset(WHOLE)):
            if (str(a.node), key) in other.values:
                nodes, matrix = other.covariances.get(key, ((), np.zeros((0, 0))))
                if a.node in nodes and b.node in nodes:
                    return float(matrix[nodes.index(str(a.node)), nodes.index(str(b.node))])
                return np.nan
        return np.nan

    def _other(self, leaf: Leaf) -> OtherResult:
        if leaf.index not in self.results:
            template = "Tiêu chí {leaf} cần kết quả của chỉ số {index}: nêu tệp bằng --from."
            raise Refusal(template, leaf=leaf.code, index=leaf.index)
        return self.results[str(leaf.index)]


def reported_values(
    data: Dataset, index: IndexDefinition
) -> dict[tuple[str, frozenset[tuple[str, str]]], Fraction]:
    """Read reported numbers: columns leaf, value and any domain columns; a value is a rate.

    Raises `Refusal` for an unknown leaf, a value outside [0, 1] or the same place named twice.
    """
    leaves = data.column("leaf")
    rounded = data.numbers("value")
    values = data.column("value")
    known = {leaf.code for leaf in index.leaf if leaf.measure == "reported"}
    others = [name for name in data.columns if name not in ("leaf", "value", "source")]
    reported: dict[tuple[str, frozenset[tuple[str, str]]], Fraction] = {}
    for row in range(data.rows):
        where = {"file": data.name, "row": row + data.first_row}
        code = leaves.labels[leaves.codes[row]] if leaves.codes[row] >= 0 else ""
        if code not in known:
            template = (
                "Tệp {file}, dòng {row}, cột «leaf»: chỉ số không có tiêu chí báo cáo «{leaf}»."
            )
            raise Refusal(template, leaf=code, **where)
        # What rounds to 0 may have an exponent too long to write out as a fraction.
        rate = Fraction(values.labels[values.codes[row]]) if rounded[row] else Fraction(0)
        if not 0 <= rate <= 1:
            template = (
                "Tệp {file}, dòng {row}, cột «value»: {value} không nằm từ 0 đến 1 (80 % viết 0.8)."
            )
            raise Refusal(template, value=values.labels[values.codes[row]], **where)
        cells = [(name, data.columns[name]) for name in others]
        domain = frozenset((n, c.labels[c.codes[row]]) for n, c in cells if c.codes[row] >= 0)
        if (code, domain) in reported:
            template = "Tệp {file}, dòng {row}: tiêu chí «{leaf}» đã có giá trị ở dòng trước."
            raise Refusal(template, leaf=code, **where)
        reported[code, domain] = rate
    return reported


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a name that is no text")
    return value


def _domain(row: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((_text(name), _text(label)) for name, label in row["domain"].items())


def _given_value(row: Mapping[str, Any]) -> GivenValue:
    if row["estimate"] is None:
        reason = "source_suppressed" if row["status"] == "suppressed" else "source_undefined"
        return GivenValue(None, reason)
    se, df = row["se"], row["df"]
    return GivenValue(
        Fraction(row["estimate"]),
        None,
        float("nan") if se is None else float(se) ** 2,
        None if df is None else float(df),
        None if row["n"] is None else int(row["n"]),
    )
