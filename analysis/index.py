"""From an index definition and totals to an estimate of every node, with the full covariance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.counting import totals_of
from analysis.dataset import Floats
from analysis.design import DesignColumns, Lonely, Sample, SampleDesign, Source, design_of
from analysis.estimate import Options, interval
from analysis.given import Given
from analysis.grouping import natural_key
from analysis.measure import Coding, Measure
from analysis.precision import Elements, RowsInMemory, design_effects, element_squares
from analysis.residuals import Residuals, calibrated_totals
from analysis.totals import CellTotals, Family, Totals, Wanted, totals_from
from analysis.tree import Evaluation, ScoreTree, Values, domains_of
from analysis.variance import (
    Contrasts,
    Scores,
    contrasts_of,
    covariance_between,
    degrees_of_freedom,
    psu_scores,
)
from questionnaires.model import IndexDefinition, Leaf, Node
from questionnaires.refusal import Refusal


@dataclass(frozen=True)
class Sampled:
    """The data behind a family of estimates: totals, scores, design and the single responses.

    `totals` are those of the survey weights, calibrated or not.
    """

    totals: Totals
    scores: Scores
    design: SampleDesign
    elements: Elements | None


@dataclass(frozen=True)
class FamilyResult:
    """The estimates of all parts of an index in one family of domains.

    Arrays are (domains, parts), parts from the root down, NaN where there is no value. `df` is
    that of the design in the domain, or Satterthwaite's where values of another index bring a
    variance of their own. `contrasts` and `given_covariance` (domains, parts, parts) together make
    the covariance matrix; `evaluation` and `sampled` are what they were computed from.
    """

    family: Family
    values: Values
    se: Floats
    df: Floats
    ci_low: Floats
    ci_high: Floats
    contrasts: Contrasts | None
    given_covariance: Floats | None
    evaluation: Evaluation
    sampled: Sampled | None

    @property
    def deff(self) -> Floats:
        """The design effect of every estimate (domains, parts): one more pass over the rows."""
        return self._design_effects[0]

    @property
    def deff_replace(self) -> Floats:
        """The design effect against a simple random sample with replacement (domains, parts)."""
        return self._design_effects[1]

    @cached_property
    def _design_effects(self) -> tuple[Floats, Floats]:
        unknown = np.full_like(self.se, np.nan)
        if self.sampled is None or self.contrasts is None or self.sampled.elements is None:
            return unknown, unknown
        squares = element_squares(self.evaluation, self.family, self.sampled.elements)
        deff, replaced = design_effects(
            self.contrasts.variances, squares, self.evaluation, self.sampled.design
        )
        undefined = np.isnan(self.values.exact)
        return np.where(undefined, np.nan, deff), np.where(undefined, np.nan, replaced)

    def between(self, part: int) -> Floats:
        """The covariance of one part between all domains: (domains, domains), NaN if unknown.

        Domains that share sampled units or strata are not independent. Values of other indices
        add to the diagonal only.
        """
        domains = len(self.family.labels)
        matrix = np.zeros((domains, domains))
        if self.sampled is not None:
            matrix = covariance_between(self.sampled.scores, part, self.sampled.design)
        matrix[np.diag_indices(domains)] = self.se[:, part] ** 2
        return matrix

    def psu_scores(self, domain: int) -> Floats:
        """Linearised totals of all first-stage units for one domain's estimates: (PSUs, parts)."""
        if self.sampled is None:
            return np.zeros((0, self.se.shape[1]))
        return psu_scores(self.sampled.scores, domain, self.sampled.design)

    def covariance(self, domain: int) -> Floats:
        """The covariance matrix of all parts in one domain: (parts, parts)."""
        parts = len(self.evaluation.tree.parts)
        matrix = np.zeros((parts, parts))
        if self.contrasts is not None:
            matrix = self.contrasts.covariance(domain)
        return matrix if self.given_covariance is None else matrix + self.given_covariance[domain]


@dataclass(frozen=True)
class IndexResult:
    """An index computed on one data set: the whole first, then each family of domains."""

    index: IndexDefinition
    parts: tuple[Node | Leaf, ...]
    families: tuple[FamilyResult, ...]
    design: SampleDesign | None
    options: Options


def compute_index(
    index: IndexDefinition,
    sample: Sample | None,
    families: Sequence[Sequence[str]] = (),
    given: Given | None = None,
    options: Options | None = None,
) -> IndexResult:
    """Compute every node and leaf of an index for the whole and for each family of domains.

    `sample` is the data with their design, None for an index whose leaves all take given values;
    its domains are then those with given values of their own. `families` lists, per family, the
    columns crossed. Raises `Refusal` when a column or a given value is missing.
    """
    tree = ScoreTree(index, given or Given())
    measures: dict[str, Measure] = {}
    if sample is not None:
        measures = {
            leaf.code: Coding.of(index, leaf).measure(sample[0].column(str(leaf.item)))
            for leaf in tree.answered
        }
    return compute_tree(tree, measures, sample, families, options or Options())


def compute_tree(
    tree: ScoreTree,
    measures: Mapping[str, Measure],
    sample: Sample | None,
    families: Sequence[Sequence[str]],
    options: Options,
) -> IndexResult:
    """Compute the parts of a tree whose leaves have been read as measures (see `compute_index`)."""
    index = tree.index
    if sample is None:
        if tree.answered:
            template = "Chỉ số {index} cần dữ liệu trả lời: nêu tệp bằng --data."
            raise Refusal(template, index=index.code)
        groups = [_given_family(tree, names) for names in ((), *families)]
        given = [
            _estimated(tree, tree.evaluate(None, group), group, None, options) for group in groups
        ]
        return IndexResult(index, tree.parts, tuple(given), None, options)
    data, design = sample
    groups = [Family.of(data, names) for names in ((), *families)]
    totals = totals_of(wanted_by(tree, measures), design, groups)
    elements = RowsInMemory(measures, design)
    return _from_totals(tree, totals, groups, (design, elements), options)


def _given_family(tree: ScoreTree, names: Sequence[str]) -> Family:
    """The domains for which the values from elsewhere are told, where there are no responses."""
    labels = tree.given.domains(tree.given_leaves, names) if names else {()}
    if not labels:
        template = (
            "Không có --data nên --by {columns} cần số liệu theo {columns} trong --reported hoặc "
            "trong kết quả --from."
        )
        raise Refusal(template, columns=",".join(names))
    order = sorted(labels, key=lambda domain: [natural_key(label) for label in domain])
    return Family(tuple(names), tuple(order), np.zeros(0, dtype=np.intp))


def wanted_by(tree: ScoreTree, measures: Mapping[str, Measure]) -> Wanted:
    """What a tree needs totalled of its measures."""
    return Wanted(
        measures,
        {code: below for code, below in tree.answered_below.items() if below},
        [node.code for node in tree.index.node if node.rollup == "pooled_respondents"],
    )


def compute_cells(
    index: IndexDefinition,
    cells: CellTotals,
    read: tuple[SampleDesign, Elements | None],
    families: Sequence[Sequence[str]] = (),
    options: Options | None = None,
) -> IndexResult:
    """Compute an index from totals of the finest cells, as `compute_index` does from rows.

    `read` is the design of `cells.keys` (see `design_of_cells`), and where the single responses
    can be read again; without them there are no design effects. An index with `node` or `reported`
    leaves is not computed this way.
    """
    design, elements = read
    tree = ScoreTree(index, Given())
    groups = [Family.of(cells.keys, names) for names in ((), *families)]
    totals = totals_from(cells, design, groups)
    return _from_totals(tree, totals, groups, (design, elements), options or Options())


def design_of_cells(
    cells: CellTotals,
    columns: DesignColumns,
    source: Source = "probability",
    lonely: Lonely = "fail",
) -> SampleDesign:
    """The sample design of totals of the finest cells; the weight of a cell is its total."""
    design = design_of(cells.keys, replace(columns, weight=None), source, lonely)
    responses = cells.counts[:, cells.responses]
    return replace(design, weights=cells.weights, columns=columns, responses=responses)


def _from_totals(
    tree: ScoreTree,
    totals: Sequence[Totals],
    groups: Sequence[Family],
    read: tuple[SampleDesign, Elements | None],
    options: Options,
) -> IndexResult:
    design, elements = read
    results = []
    for base, family in zip(totals, groups, strict=True):
        evaluation, found, scores = _evaluated(tree, base, family, design)
        sampled = Sampled(found, scores, design, elements)
        results.append(_estimated(tree, evaluation, family, sampled, options))
    return IndexResult(tree.index, tree.parts, tuple(results), design, options)


def _evaluated(
    tree: ScoreTree, base: Totals, family: Family, design: SampleDesign
) -> tuple[Evaluation, Totals, Scores]:
    """Evaluate a tree on totals, under the design's calibration if it has one."""
    if design.calibration is None:
        evaluation = tree.evaluate(base, family)
        return evaluation, base, Scores(evaluation.scores, base)
    factor = design.calibration.factor
    totals = calibrated_totals(base, factor)
    evaluation = tree.evaluate(totals, family, base)
    residuals = Residuals.of(evaluation.scores, base, design)
    assert base.calibration_cell is not None
    weighted = evaluation.scores * factor[base.calibration_cell][:, np.newaxis]
    return evaluation, totals, Scores(weighted, base, residuals)


def _estimated(
    tree: ScoreTree,
    evaluation: Evaluation,
    family: Family,
    sampled: Sampled | None,
    options: Options,
) -> FamilyResult:
    values = evaluation.values
    shape = values.exact.shape
    variance, df, contrasts = np.zeros(shape), np.full(shape, np.nan), None
    given_covariance = None
    if sampled is not None:
        contrasts = contrasts_of(sampled.scores, sampled.design)
        variance = contrasts.variances
        df[:] = degrees_of_freedom(sampled.totals, sampled.design)[:, np.newaxis]
    if tree.given_leaves:
        given_covariance, given_df = _given_covariance(tree, evaluation, family)
        extra = np.einsum("dpp->dp", given_covariance)
        df = _satterthwaite(variance, df, extra, given_df)
        variance = variance + extra
    unknown = np.isnan(values.exact) | tree.only_reported
    se = np.where(unknown, np.nan, np.sqrt(variance))
    low, high = interval(values.exact, se, df, values.n.astype(np.float64), options)
    if sampled is not None and sampled.design.complete:
        low, high = (np.where(se == 0, values.exact, limit) for limit in (low, high))
    return FamilyResult(
        family, values, se, df, low, high, contrasts, given_covariance, evaluation, sampled
    )


def _given_covariance(
    tree: ScoreTree, evaluation: Evaluation, family: Family
) -> tuple[Floats, Floats]:
    """The covariance that values of other indices bring (domains, parts, parts), and its df."""
    parts, domains = len(tree.parts), len(family.labels)
    covariance = np.zeros((domains, parts, parts))
    df = np.full((domains, parts), np.nan)
    for d, domain in enumerate(domains_of(family)):
        matrix = tree.given.covariance(tree.given_leaves, domain)
        unknown = np.isnan(matrix)
        reads_unknown = (evaluation.gradient != 0) @ unknown @ (evaluation.gradient != 0).T
        product = evaluation.gradient @ np.where(unknown, 0.0, matrix) @ evaluation.gradient.T
        covariance[d] = np.where(reads_unknown, np.nan, product)
        freedom = [tree.given.value(leaf, domain).df for leaf in tree.given_leaves]
        known = np.array([np.inf if f is None else f for f in freedom])
        reads = np.where(evaluation.gradient != 0, known, np.inf).min(axis=1)
        df[d] = np.where(np.isfinite(reads), reads, np.nan)
    return covariance, df


def _satterthwaite(variance: Floats, df: Floats, extra: Floats, extra_df: Floats) -> Floats:
    """Degrees of freedom of a sum of independent variances (Satterthwaite 1946, Biometrics 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        both = (variance + extra) ** 2 / (variance**2 / df + extra**2 / extra_df)
    only_extra = (variance == 0) & (extra > 0)
    return np.where(extra > 0, np.where(only_extra, extra_df, both), df)
