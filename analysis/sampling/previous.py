"""What the previous wave says about rates, spread and likeness, for planning the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from analysis.sampling.size import homogeneity
from questionnaires.refusal import Refusal

FEW_DF = 8  # below it a design effect is mostly noise: its relative error is about sqrt(2/df)


@dataclass(frozen=True)
class Finding:
    """What the previous wave found in one domain.

    `rate` is the estimate, `se` its standard error, `df` its degrees of freedom, `deff` the design
    effect, `forms` the completed forms (estimated for a domain: its n times forms per n in the
    whole), `finite` whether the design effect compares with sampling without replacement.
    """

    rate: float
    se: float
    df: float
    deff: float
    forms: float
    finite: bool

    @property
    def reliable(self) -> bool:
        """Whether enough PSUs lie behind the standard error to plan on it."""
        return self.df >= FEW_DF

    def sd(self, population: float) -> float:
        """The standard deviation that one form stands for: S = s sqrt(n / (deff (1 - n/N))).

        Item non-response is in it, and for a mean of many items the small spread of that mean, so
        a plan of as many forms in as many PSUs gives back the standard error s. `population` is N.
        """
        open_ = 1 - self.forms / population if self.finite else 1.0
        return self.se * sqrt(self.forms / (self.deff * open_)) if open_ > 0 else 0.5

    def rho(self, take: float, weight_effect: float) -> float:
        """The likeness within PSUs, kept in [0, 1]: see `sampling.homogeneity`."""
        return min(1.0, max(0.0, homogeneity(self.deff, take, weight_effect)))


@dataclass(frozen=True)
class PreviousWave:
    """The result of the previous wave for one node: the whole, and units by name.

    `take` is its mean number of forms per PSU, `weight_effect` Kish's 1 + cv^2 of its weights.
    """

    name: str
    index: str
    node: str
    take: float
    weight_effect: float
    whole: Finding
    units: Mapping[str, Finding]

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        name: str,
        node: str | None = None,
        by: str | None = None,
        weight_effect: float = 1.0,
    ) -> "PreviousWave":
        """Read the parsed JSON result of `python -m analysis index`.

        `node` is the code of the row to plan for, the first row (the root) when None; `by` the
        column whose values are the units of the frame, "unit" when None. Raises `Refusal` when
        the file is no such result, or has no standard error of the node for the whole.
        """
        try:
            results = document["results"]
            node = results[0]["node"] if node is None else node
            rows = [row for row in results if row["node"] == node]
            whole = next((row for row in rows if not row["domain"] and _usable(row)), None)
            if whole is None:
                template = "Kết quả {file} không có sai số chuẩn của «{node}» cho toàn bộ."
                raise Refusal(template, file=name, node=node)
            column = by or "unit"
            units = {row["domain"][column]: row for row in rows if [*row["domain"]] == [column]}
            if by and not units:
                template = "Kết quả {file} không có kết quả riêng theo cột «{column}»."
                raise Refusal(template, file=name, column=by)
            design = document["design"]
            reader = _Reader.of(design, whole)
            return cls(
                name,
                str(document["index"]),
                str(whole["node"]),
                float(design["rows"]) / float(design["psus"]),
                weight_effect,
                reader.read(whole),
                {unit: reader.read(row) for unit, row in units.items() if _usable(row)},
            )
        except (KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError) as error:
            template = "Tệp {file} không phải kết quả tính chỉ số từ phiếu, dạng JSON."
            raise Refusal(template, file=name) from error


def _usable(row: Mapping[str, Any]) -> bool:
    numbers = [row[key] for key in ("estimate", "se", "deff", "n", "df")]
    return all(number is not None and number > 0 for number in numbers) and row["estimate"] < 1


@dataclass(frozen=True)
class _Reader:
    forms_per_n: float
    finite: bool

    @classmethod
    def of(cls, design: Mapping[str, Any], whole: Mapping[str, Any]) -> "_Reader":
        forms = float(design["rows"]) / float(whole["n"])
        return cls(forms, design.get("deff") == "without_replacement")

    def read(self, row: Mapping[str, Any]) -> Finding:
        rate, se, df, deff = (float(row[key]) for key in ("estimate", "se", "df", "deff"))
        return Finding(rate, se, df, deff, float(row["n"]) * self.forms_per_n, self.finite)
