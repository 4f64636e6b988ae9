"""How the sample was drawn: strata, clusters, weights and population counts, frozen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset, Floats, Ints
from analysis.exact import ExactWeights
from analysis.grouping import group, in_natural_order
from questionnaires.refusal import Refusal

Lonely = Literal["fail", "certainty", "adjust", "average", "remove", "collapse"]
Source = Literal["probability", "census", "self-selected"]
LIGHTEST, HEAVIEST = 1e-100, 1e100  # what a survey weight may be
CELL = "Tệp {file}, dòng {row}, cột «{column}»: "


@dataclass(frozen=True)
class DesignColumns:
    """Which columns of a data set say how it was sampled; `psu` and `fpc` go stage by stage.

    An fpc column holds a population count: at the first stage the PSUs of the stratum, at a later
    stage the units within the unit above.
    """

    stratum: str | None = None
    psu: tuple[str, ...] = ()
    weight: str | None = None
    fpc: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All columns named, in a fixed order."""
        named = (self.stratum, *self.psu, self.weight, *self.fpc)
        return tuple(name for name in named if name is not None)


@dataclass(frozen=True)
class Stage:
    """One stage of sampling.

    `parent` (units,) numbers each sampled unit's parent: the stratum at the first stage, the unit
    above at a later one. `taken` (parents,) counts the sampled units of a parent and `population`
    (parents,) all its units, infinite for sampling with replacement. `parents` names them, `units`
    the units ("stratum / PSU"); `units` is empty where each row is a unit.
    """

    parent: NDArray[np.intp]
    taken: Ints
    population: Floats
    parents: tuple[str, ...]
    units: tuple[str, ...] = ()

    @property
    def lonely(self) -> NDArray[np.bool_]:
        """Which parents (parents,) gave one unit without being taken whole."""
        return np.asarray((self.taken == 1) & (self.population > 1))


@dataclass(frozen=True)
class Calibration:
    """Hiệu chỉnh quyền số theo tổng thể: survey weights are a factor of the cell x base weight.

    `cell` (n,) numbers each row's cell of the calibration, -1 for rows of weight 0; `auxiliary`
    (cells, margins) holds the x of each cell, `factor` (cells,) its g. `record` is what a result
    says about it. See `analysis.weights.calibrate`.
    """

    method: str
    cell: NDArray[np.intp]
    auxiliary: Floats
    factor: Floats
    record: Mapping[str, Any]


@dataclass(frozen=True)
class SampleDesign:
    """Thiết kế mẫu: how the rows of a data set were drawn.

    `unit` (n,) numbers each row's unit at the last stage with a variance of its own; `stages` go
    from the first to the last. As in CRAN survey (Lumley 2010, section 2.2), stages below the last
    one with a population count are taken as complete, and without any population count only the
    first stage counts, with replacement. `lonely_names` are the strata, or units above, that gave a
    single unit; `collapsed` the strata that were joined under the rule `collapse`. `responses` (n,)
    says how many responses a row stands for where rows are totals, and is None where each is one.
    """

    unit: NDArray[np.intp]
    weights: ExactWeights
    stages: tuple[Stage, ...]
    columns: DesignColumns
    source: Source = "probability"
    lonely: Lonely = "fail"
    lonely_names: tuple[str, ...] = ()
    collapsed: tuple[tuple[str, ...], ...] = ()
    calibration: Calibration | None = None
    responses: Ints | None = None

    @property
    def complete(self) -> bool:
        """Say whether everybody answered: a census without population counts, without error."""
        return self.source == "census" and not self.columns.fpc

    def psu_of(self, unit: NDArray[np.intp]) -> NDArray[np.intp]:
        """The first-stage unit in which each of some units of the last stage lies."""
        for stage in reversed(self.stages[1:]):
            unit = stage.parent[unit]
        return unit

    def walk(self, unit: NDArray[np.intp]) -> Iterator[tuple[Stage, NDArray[np.intp], Floats]]:
        """Go through the stages for some units of the last one, from the first stage down.

        Yields the stage, the unit of that stage in which each given unit lies, and the factor
        (parents,) by which the squared deviations within a parent count:
        (n_1/N_1) ... (1 - n/N) n/(n - 1). For a parent with a single unit it is without n/(n - 1)
        under the rule `adjust` and 0 under the others (for `average` see `analysis.variance`).
        """
        ancestors = [unit]
        for stage in reversed(self.stages[1:]):
            ancestors.insert(0, stage.parent[ancestors[0]])
        fraction = np.ones(len(self.stages[0].taken))
        for stage, ancestor in zip(self.stages, ancestors, strict=True):
            taken, sampled = stage.taken, stage.taken / stage.population
            correction = np.where(taken > 1, taken / np.maximum(taken - 1, 1), 1.0)
            factor = fraction * (1 - sampled) * correction
            if self.lonely != "adjust":
                factor = np.where(taken == 1, 0.0, factor)
            yield stage, ancestor, factor
            fraction = (fraction * sampled)[stage.parent]


Sample = tuple[Dataset, SampleDesign]


def design_of(
    data: Dataset, columns: DesignColumns, source: Source = "probability", lonely: Lonely = "fail"
) -> SampleDesign:
    """Read the sample design from the columns of a data set.

    Without `psu` each row is a PSU, without `stratum` there is one stratum, without `weight` every
    row weighs 1. Raises `Refusal`, naming file, row and column, for an empty or negative cell, a
    positive weight outside `LIGHTEST` to `HEAVIEST`, a population count that is not whole, differs
    within a unit or is below the number sampled, and, under the rule `fail`, for strata with a
    single PSU. Rules for these: `certainty` and `remove` (they add nothing), `adjust` (deviation
    from the mean of all), `average` (they add as much as the others on average), `collapse` (see
    `_collapsed`).
    """
    if columns.fpc and len(columns.fpc) > max(1, len(columns.psu)):
        template = "Có {fpc} cột số lượng tổng thể nhưng chỉ có {psu} cấp chọn mẫu."
        raise Refusal(template, fpc=len(columns.fpc), psu=max(1, len(columns.psu)))
    depth = max(1, len(columns.fpc))
    parent, names = _strata(data, columns.stratum)
    stages: list[Stage] = []
    unit = parent
    for level in range(depth):
        above = unit
        if columns.psu:
            column = _complete(data, columns.psu[level])
            unit, first_row = group([above, column.codes], [len(names), len(column.labels)])
            labels = tuple(
                f"{names[above[row]]} / {column.labels[column.codes[row]]}" for row in first_row
            )
        else:
            order = np.argsort(above, kind="stable")
            unit = np.empty(data.rows, dtype=np.intp)
            unit[order] = np.arange(data.rows)
            first_row = order
            labels = ()
        stage_parent = above[first_row]
        taken = np.bincount(stage_parent, minlength=len(names))
        population = _population(data, columns, level, (above, taken, names))
        if source == "census" and not columns.fpc:
            population = taken.astype(np.float64)
        stages.append(Stage(stage_parent, taken, population, names, labels))
        names = labels
    alone = _lonely_names(stages)
    joined: tuple[tuple[str, ...], ...] = ()
    if lonely == "collapse":
        stages[0], joined = _collapsed(stages[0])
    if lonely in ("fail", "collapse") and _lonely_names(stages):
        raise _alone(data, _lonely_names(stages), lonely)
    weights = _weights(data, columns.weight)
    return SampleDesign(unit, weights, tuple(stages), columns, source, lonely, alone, joined)


def _lonely_names(stages: Sequence[Stage]) -> tuple[str, ...]:
    return tuple(
        name
        for stage in stages
        for name, alone in zip(stage.parents, stage.lonely, strict=True)
        if alone
    )


def _alone(data: Dataset, names: tuple[str, ...], lonely: Lonely) -> Refusal:
    named = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    if lonely == "collapse":
        template = (
            "Tệp {file}: không có tầng liền kề để gộp với {n} tầng hoặc đơn vị cấp trên chỉ có một "
            "đơn vị chọn mẫu: {strata}; --lonely collapse chỉ gộp tầng của cấp đầu."
        )
    else:
        template = (
            "Tệp {file}: {n} tầng chỉ có một đơn vị chọn mẫu nên không ước lượng được sai số: "
            "{strata}; chọn --lonely collapse, adjust, average, certainty hoặc remove nếu chấp "
            "nhận."
        )
    return Refusal(template, file=data.name, n=len(names), strata=named)


def _collapsed(stage: Stage) -> tuple[Stage, tuple[tuple[str, ...], ...]]:
    """Join each stratum that gave one PSU to the next one in the order of the labels.

    The last one joins the stratum before it; strata taken whole are passed over. The joined
    strata count as one, which overstates the variance by their difference (Saerndal, Swensson &
    Wretman 1992, section 3.7.2).
    """
    strata = len(stage.taken)
    root = np.arange(strata)
    open_ = np.flatnonzero(stage.taken < stage.population)
    place = 0
    while place < len(open_):
        if stage.lonely[open_[place]]:
            if place + 1 < len(open_):
                place += 1
                root[open_[place]] = open_[place - 1]
            elif place:
                root[open_[place]] = root[open_[place - 1]]
        place += 1
    kept, new = np.unique(root, return_inverse=True)
    groups = [np.flatnonzero(root == first) for first in kept]
    population = np.array([stage.population[members].sum() for members in groups])
    names = [tuple(stage.parents[i] for i in members) for members in groups]
    joined = Stage(
        new[stage.parent],
        np.bincount(new[stage.parent], minlength=len(kept)),
        population,
        tuple(" + ".join(members) for members in names),
        stage.units,
    )
    return joined, tuple(members for members in names if len(members) > 1)


def _complete(data: Dataset, name: str) -> Column:
    column = in_natural_order(data.column(name))
    data.refuse_rows(column.codes < 0, name, "Tệp {file}, dòng {row}, cột «{column}»: ô để trống.")
    return column


def _strata(data: Dataset, name: str | None) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    if name is None:
        return np.zeros(data.rows, dtype=np.intp), ("toàn bộ",)
    column = _complete(data, name)
    return column.codes.astype(np.intp), column.labels


def _weights(data: Dataset, name: str | None) -> ExactWeights:
    if name is None:
        return ExactWeights.of(np.ones(data.rows))
    weights = data.numbers(name)
    template = "Tệp {file}, dòng {row}, cột «{column}»: quyền số {value} là số âm."
    data.refuse_rows(weights < 0, name, template)
    refuse_extreme(data, weights, name)
    try:
        return ExactWeights.of(weights)
    except OverflowError as error:
        template = "Tệp {file}, cột «{column}»: quyền số chênh nhau quá nhiều để cộng chính xác."
        raise Refusal(template, file=data.name, column=name) from error


def refuse_extreme(data: Dataset, weights: Floats, name: str) -> None:
    """Raise `Refusal` for a positive weight (n,) too small or too large to be summed exactly."""
    template = "{value} cho quyền số không nằm từ 1e-100 đến 1e100 nên không cộng chính xác được."
    wrong = (weights > 0) & ((weights < LIGHTEST) | (weights > HEAVIEST))
    data.refuse_rows(wrong, name, CELL + template)


def _population(
    data: Dataset,
    columns: DesignColumns,
    level: int,
    parents: tuple[NDArray[np.intp], Ints, Sequence[str]],
) -> Floats:
    """The population count of each parent (parents,): one whole number, the same on all its rows.

    `parents` are each row's parent (n,), how many units each of them gave, and their names.
    """
    above, taken, names = parents
    if level >= len(columns.fpc):
        return np.full(len(taken), np.inf)
    name = columns.fpc[level]
    column, kind = data.column(name), "đơn vị" if level else "tầng"

    def refuse(wrong: NDArray[np.bool_], template: str) -> None:
        if not wrong.any():
            return
        row = int(np.argmax(wrong))
        first = int(np.argmax(above == above[row]))
        value, other = ((*column.labels, "")[column.codes[at]] for at in (row, first))
        where = {"file": data.name, "row": row + data.first_row, "column": name, "kind": kind}
        where |= {"parent": names[above[row]], "other": other, "first": first + data.first_row}
        raise Refusal(CELL + template, value=value, **where)

    refuse(column.codes < 0, "{kind} «{parent}» thiếu số lượng tổng thể.")
    counts = data.numbers(name)
    refuse(
        counts != np.floor(counts),
        "số lượng tổng thể {value} của {kind} «{parent}» không phải là số nguyên.",
    )
    population = np.full(len(taken), -np.inf)
    population[above[::-1]] = counts[::-1]  # the first row of each parent has the last word
    refuse(
        counts != population[above],
        "số lượng tổng thể {value} của {kind} «{parent}» khác với {other} ở dòng {first}.",
    )
    refuse(
        counts < taken[above],
        "số lượng tổng thể {value} của {kind} «{parent}» nhỏ hơn số đơn vị đã chọn.",
    )
    return population
