"""Small indices, data sets and designs for the tests; a test names only what matters to it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analysis.dataset import Dataset
from analysis.design import DesignColumns, SampleDesign, design_of
from analysis.estimate import Options
from analysis.given import Given
from analysis.index import FamilyResult, IndexResult, compute_index
from questionnaires.check import problems_in_index, require_sound
from questionnaires.model import IndexDefinition

FIVE = ("1", "2", "3", "4", "5")


def leaf(code: str, **changes: Any) -> dict[str, Any]:
    """A favourable-share leaf reading the column of its own name."""
    return {"code": code, "item": code, "measure": "favourable_share"} | changes


def given_leaf(code: str, **changes: Any) -> dict[str, Any]:
    """A leaf that takes a reported number."""
    return {"code": code, "measure": "reported"} | changes


def node(
    code: str, children: Sequence[str], rollup: str = "mean", **changes: Any
) -> dict[str, Any]:
    """A node over children."""
    return {"code": code, "rollup": rollup, "children": tuple(children)} | changes


def index_of(*parts: dict[str, Any], **changes: Any) -> IndexDefinition:
    """A sound index; its root is the first part."""
    definition = {
        "code": "thu",
        "root": parts[0]["code"],
        "favourable": ("4", "5"),
        "scale": FIVE,
        "node": tuple(part for part in parts if "children" in part),
        "leaf": tuple(part for part in parts if "children" not in part),
    }
    index = IndexDefinition.model_validate(definition | changes)
    require_sound(problems_in_index(index))
    return index


def computed(
    index: IndexDefinition,
    data: Dataset,
    by: Sequence[Sequence[str]] = (),
    given: Given | None = None,
    design: SampleDesign | None = None,
    options: Options | None = None,
    **columns: Any,
) -> IndexResult:
    """Compute an index; `columns` are the fields of DesignColumns."""
    if design is None:
        design = design_of(data, DesignColumns(**columns))
    return compute_index(index, (data, design), by, given, options)


def rate(result: IndexResult, code: str, domain: int = 0, family: int = 0) -> float:
    """The exact rate of a part in a domain."""
    return float(result.families[family].values.exact[domain, position(result, code)])


def error(result: IndexResult, code: str, domain: int = 0, family: int = 0) -> float:
    """The standard error of a part in a domain."""
    return float(result.families[family].se[domain, position(result, code)])


def position(result: IndexResult, code: str) -> int:
    """Where a part stands in the arrays."""
    return [part.code for part in result.parts].index(code)


def family_of(result: IndexResult, *columns: str) -> FamilyResult:
    """The family of domains by some columns."""
    return next(found for found in result.families if found.family.columns == columns)


def dec(text: str) -> Decimal:
    """A decimal number, as TOML gives it."""
    return Decimal(text)
