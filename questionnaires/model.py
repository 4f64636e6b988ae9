"""The frozen classes of a definition: what a questionnaire asks and how an index scores it."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^\S+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
ItemKind = Literal["single", "multiple", "scale", "number", "text", "note"]
Outside = Literal["dont_know", "no_answer", "not_applicable"]
Measure = Literal["favourable_share", "mean_score", "option_points", "reported", "node"]
ANSWERED: tuple[Measure, ...] = ("favourable_share", "mean_score", "option_points")
Rollup = Literal["mean", "weighted_mean", "sum", "pooled_items", "pooled_respondents"]


class Frozen(BaseModel):
    """Base of every definition class: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(Frozen):
    """Phương án trả lời: one answer option.

    `outside` says that the option lies outside the scale and why: không biết (`dont_know`),
    không trả lời (`no_answer`) or không áp dụng (`not_applicable`). `exclusive` options of a
    multiple choice cannot be ticked together with another one.
    """

    code: Code
    label: Text
    exclusive: bool = False
    outside: Outside | None = None


class Scale(Frozen):
    """Thang đo: options in their one order, shared by several items."""

    code: Code
    option: tuple[Category, ...] = Field(min_length=2)


class Item(Frozen):
    """Câu hỏi: one question.

    `option` holds every option that may be chosen, in the order of the version, the ones outside
    the scale last. `wording` is `published` when `source` prints the words and `draft` when the
    official words are not known. `headline` names the options whose joint share the official
    tables print. `min` and `max` bound a number; `max_length` counts characters of a text.
    `sensitive` asks for sensitive personal data (dữ liệu cá nhân nhạy cảm): one may always say
    that one does not wish to answer.
    """

    code: Code
    kind: ItemKind
    text: Text
    scale: Code | None = None
    option: tuple[Category, ...] = ()
    headline: tuple[Code, ...] = ()
    required: bool = True
    sensitive: bool = False
    min: Decimal | None = None
    max: Decimal | None = None
    max_length: int | None = Field(default=None, gt=0)
    asked_if: tuple[Any, ...] | None = None
    wording: Literal["published", "draft"] = "draft"
    source: Text | None = None

    @property
    def inside(self) -> tuple[Category, ...]:
        """The options on the scale, without the ones outside it."""
        return tuple(option for option in self.option if option.outside is None)

    def words(self, answer: str | Iterable[str] | None) -> tuple[str, ...]:
        """An answer in the words of the version: labels of options, a number or a text as it is."""
        codes = (answer,) if isinstance(answer, str) else answer or ()
        labels = {option.code: option.label for option in self.option}
        return tuple(labels.get(code, code) for code in codes)


class Section(Frozen):
    """Phần: items that belong on one page."""

    code: Code
    title: Text
    intro: Text | None = None
    item: tuple[Item, ...] = Field(min_length=1)


class QuestionnaireVersion(Frozen):
    """Phiên bản phiếu điều tra: one wording of a questionnaire, with its legal basis."""

    code: Code
    version: Code
    title: Text
    legal_basis: Text
    source: Text
    note: Text | None = None
    scale: tuple[Scale, ...] = ()
    section: tuple[Section, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """The name other files use: `code/version`."""
        return f"{self.code}/{self.version}"

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in the order they are asked."""
        return tuple(item for section in self.section for item in section.item)

    @property
    def draft_items(self) -> tuple[Item, ...]:
        """The items whose official wording is not known."""
        return tuple(item for item in self.items if item.wording == "draft")


class Leaf(Frozen):
    """Tiêu chí: a leaf of the score tree, bound to a measurement.

    `favourable` and `scale` default to those of the index. `points` maps each code of the scale
    to a rate in [0, 1]. `index` and `node` name a value of another index (measure `node`).
    `round` rounds the rate in per cent to that many decimals, half up; `round_points` then rounds
    the points likewise.
    """

    code: Code
    title: dict[str, Text] = {}
    measure: Measure
    item: Code | None = None
    favourable: tuple[Code, ...] | None = None
    scale: tuple[Code, ...] | None = None
    points: dict[str, Decimal] | None = None
    index: Code | None = None
    node: Code | None = None
    max_points: Decimal | None = Field(default=None, gt=0)
    round: int | None = Field(default=None, ge=0, le=12)
    round_points: int | None = Field(default=None, ge=0, le=12)


class Node(Frozen):
    """Chỉ số thành phần: a node of the score tree that rolls its children up."""

    code: Code
    title: dict[str, Text] = {}
    rollup: Rollup
    children: tuple[Code, ...] = Field(min_length=1)
    weights: tuple[Decimal, ...] | None = None
    max_points: Decimal | None = Field(default=None, gt=0)
    round: int | None = Field(default=None, ge=0, le=12)
    round_points: int | None = Field(default=None, ge=0, le=12)


class IndexDefinition(Frozen):
    """Phương pháp tính chỉ số: a score tree as data.

    `draft` marks a method that is not known for sure; `note` says why.
    """

    code: Code
    title: dict[str, Text] = {}
    legal_basis: Text | None = None
    note: Text | None = None
    draft: bool = False
    questionnaires: tuple[str, ...] = ()
    root: Code
    favourable: tuple[Code, ...] = ()
    scale: tuple[Code, ...] = ()
    node: tuple[Node, ...] = ()
    leaf: tuple[Leaf, ...] = Field(min_length=1)

    @cached_property
    def by_code(self) -> dict[str, Node | Leaf]:
        """Every node and leaf under its code."""
        parts: tuple[Node | Leaf, ...] = (*self.node, *self.leaf)
        return {part.code: part for part in parts}

    @cached_property
    def in_order(self) -> tuple[Node | Leaf, ...]:
        """Nodes and leaves from the root down, each parent before its children."""
        parts = self.by_code

        def walk(code: str) -> list[Node | Leaf]:
            part = parts[code]
            below = part.children if isinstance(part, Node) else ()
            return [part, *(found for child in below for found in walk(child))]

        return tuple(walk(self.root))

    def scale_of(self, leaf: Leaf) -> tuple[str, ...]:
        """The codes that are valid answers to a leaf, in order."""
        return self.scale if leaf.scale is None else leaf.scale

    def favourable_of(self, leaf: Leaf) -> tuple[str, ...]:
        """The codes that count as favourable for a leaf."""
        return self.favourable if leaf.favourable is None else leaf.favourable

    def leaves_below(self, code: str) -> tuple[Leaf, ...]:
        """The leaves at or below a node, in order."""
        part = self.by_code[code]
        if isinstance(part, Leaf):
            return (part,)
        return tuple(leaf for child in part.children for leaf in self.leaves_below(child))

    def max_points_of(self, part: Node | Leaf) -> Decimal | None:
        """The maximum points of a node or leaf; those of a sum are the total of its children."""
        if isinstance(part, Node) and part.rollup == "sum":
            parts = self.by_code
            found = [self.max_points_of(parts[child]) for child in part.children]
            if None in found:
                return None
            return sum((points for points in found if points is not None), Decimal(0))
        return part.max_points
