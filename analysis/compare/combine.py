"""One index of a province from those of its units: the plain mean, and two weighted means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.compare.differences import reason_without_test
from analysis.compare.pairs import Compared, compared
from analysis.dataset import Dataset, Floats
from analysis.estimate import Options, interval, number
from analysis.exact import joined
from analysis.index import FamilyResult, Sampled
from analysis.nesting import Mask
from analysis.residuals import Residuals
from analysis.suppress import BELOW_MINIMUM, COMPLEMENTARY, Reasons, secret_of
from analysis.variance import Scores, contrasts_of
from questionnaires.model import Leaf
from questionnaires.refusal import Refusal

Name = Literal["mean_of_units", "dossier_weighted", "respondent_weighted"]

TITLES: dict[Name, str] = {
    "mean_of_units": "trung bình cộng của các đơn vị",
    "dossier_weighted": "bình quân các đơn vị theo số hồ sơ",
    "respondent_weighted": "bình quân các đơn vị theo số người trả lời",
}
DOSSIERS = "dossiers"


@dataclass(frozen=True)
class Combination:
    """One part of an index combined over the units of one outer domain (the whole if empty).

    `estimate`, `se` and the limits are rates in [0, 1], `points` = estimate x `max_points`; `n`
    is the sum over the units. `status` is ok, suppressed or undefined, `reason` a code.
    """

    combination: Name
    title: str
    node: str
    domain: dict[str, str]
    units: int
    estimate: float | None = None
    se: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    points: float | None = None
    max_points: float | None = None
    status: Literal["ok", "suppressed", "undefined"] = "ok"
    reason: str | None = None

    def record(self, inference: bool = True, notice: str | None = None) -> dict[str, Any]:
        """The row for JSON; without `inference` (self-selected answers) no sampling error.

        `notice` is what the row carries when answers are not original ones.
        """
        row = dict(vars(self))
        if not inference and self.estimate is not None:
            row |= dict.fromkeys(("se", "df", "ci_low", "ci_high")) | {"reason": "self_selected"}
        return row | {"notice": notice}


def combinations_of(
    family: FamilyResult,
    unit: str,
    options: Options,
    dossiers: Dataset | None = None,
    hidden: Reasons | None = None,
) -> Iterator[Combination]:
    """Combine every part over the units, column `unit` of the family, inside its other columns.

    Three indices that are not the same thing, so each has its name:

        mean_of_units        R = sum_u R_u / J
        dossier_weighted     R = sum_u H_u R_u / sum H,  H_u the dossiers of unit u, known numbers
        respondent_weighted  R = sum_u W_u R_u / sum W,  W_u the weight of the unit's people with
                             an answer below the part: for a leaf the rate of all units together

    The variance is a'Va, V the covariance of the units and a their shares. In
    `respondent_weighted` the W_u come from the sample themselves, so the linearised score has the
    term sum_u (R_u - R) dW_u / W too. Degrees of freedom are those of independent units
    (Satterthwaite), else, and for estimated shares, those of the design.

    `dossiers` holds the column `unit`, perhaps further columns of the family, and `dossiers`;
    without it there is no `dossier_weighted`. `hidden` (domains, parts) are the reason codes of
    suppressed units; combinations that would tell a hidden unit are hidden too, as
    `complementary` (see `_telling`). A part that is undefined in one unit is undefined. Raises
    `Refusal` when units are unknown to or missing from the table, or a number of dossiers is
    negative.
    """
    columns = family.family.columns
    if unit not in columns:
        raise Refusal("Không tính riêng theo cột đơn vị «{column}».", column=unit)
    shares: dict[Name, Floats | None] = {"mean_of_units": np.ones(len(family.family.labels))}
    if dossiers is not None:
        shares["dossier_weighted"] = _dossiers(family, unit, dossiers)
    shares["respondent_weighted"] = None
    at = columns.index(unit)
    groups: dict[tuple[str, ...], list[int]] = {}
    for d, labels in enumerate(family.family.labels):
        groups.setdefault(labels[:at] + labels[at + 1 :], []).append(d)
    others = columns[:at] + columns[at + 1 :]
    for labels, members in groups.items():
        outer = dict(zip(others, labels, strict=True))
        telling = np.zeros(len(family.evaluation.tree.parts), dtype=bool)
        if hidden is not None:
            telling = _telling(family, np.array(members), list(shares.values()), hidden)
        for name, known in shares.items():
            work = _Combined(family, np.array(members), name, known, options)
            yield from work.rows(outer, telling)


@dataclass(frozen=True)
class _Combined:
    """One of the three indices over some units: domains `members` of the family."""

    family: FamilyResult
    members: NDArray[np.intp]
    name: Name
    known: Floats | None
    options: Options

    def rows(self, outer: dict[str, str], telling: Mask) -> Iterator[Combination]:
        index = self.family.evaluation.tree.index
        for p, part in enumerate(self.family.evaluation.tree.parts):
            maximum = index.max_points_of(part)
            row = Combination(self.name, TITLES[self.name], part.code, outer, len(self.members))
            row = replace(row, max_points=None if maximum is None else float(maximum))
            missing = np.flatnonzero(np.isnan(self.family.values.exact[self.members, p]))
            if len(missing):
                labels = self.family.family.labels[self.members[missing[0]]]
                yield replace(row, status="undefined", reason=f"undefined:{' / '.join(labels)}")
            elif telling[p]:
                yield replace(row, status="suppressed", reason=COMPLEMENTARY)
            else:
                yield self._row(row, p)

    def _row(self, row: Combination, p: int) -> Combination:
        weights = self.family.evaluation.weight[:, p] if self.known is None else self.known
        weights = weights[self.members]
        total = float(weights.sum())
        if not total > 0:
            return replace(row, status="undefined", reason="no_weight")
        shown = np.zeros(len(self.family.values.n), dtype=bool)
        shown[self.members] = True
        field = compared(self.family, p, shown)
        _, se, df = field.combination(weights / total)
        # Divided once, so that units of rate 1 have a mean of 1, which has limits of its own.
        estimate = float((weights * field.exact).sum() / total)
        if self.known is None:
            se, df = self._estimated_shares(p, field, weights, estimate)
        n = self.family.values.n[self.members, p]
        counted = int(n.sum()) if bool((n >= 0).all()) else None
        reason = reason_without_test(se, df)
        if self.family.evaluation.tree.only_reported[p]:
            reason = "reported"
        one = np.array([[estimate], [se], [df], [np.nan if counted is None else counted]])
        low, high = interval(one[0], one[1], one[2], one[3], self.options)
        return replace(
            row,
            estimate=estimate,
            se=number(se),
            df=number(df),
            ci_low=number(low[0]),
            ci_high=number(high[0]),
            n=counted,
            points=None if row.max_points is None else estimate * row.max_points,
            reason=reason,
        )

    def _estimated_shares(
        self, p: int, field: Compared, weights: Floats, estimate: float
    ) -> tuple[float, float]:
        """Standard error and df when the shares W_u / W are estimated from the sample."""
        sampled = self.family.sampled
        assert sampled is not None
        shares = np.zeros(len(self.family.values.n))
        shares[self.members] = weights / weights.sum()
        slopes = np.zeros_like(shares)
        slopes[self.members] = (field.exact - estimate) / weights.sum()
        domain = sampled.scores.totals.domain
        own = self.family.evaluation.scores[:, p] * shares[domain]
        scores = own + self._weight_of_cells(sampled, p) * slopes[domain]
        variance = _variance(sampled, scores)
        if self.family.given_covariance is not None:  # values of other indices add their own
            given = self.family.given_covariance[:, p, p]
            variance += float((shares[self.members] ** 2 * given[self.members]).sum())
        usable = bool((np.diag(field.df) > 0).all())
        return float(np.sqrt(variance)), field.df_together if usable else np.nan

    def _weight_of_cells(self, sampled: Sampled, p: int) -> Floats:
        """The base weight of the people with an answer below a part, cell by cell (cells,)."""
        totals, part = sampled.scores.totals, self.family.evaluation.tree.parts[p]
        columns: Mapping[str, Any] = totals.leaves if isinstance(part, Leaf) else totals.people
        return np.asarray(joined(totals.sums)[:, columns[part.code].weight])


def _telling(
    family: FamilyResult,
    members: NDArray[np.intp],
    shares: Sequence[Floats | None],
    hidden: Reasons,
) -> Mask:
    """For which parts (parts,) the combinations of some units would tell what is hidden.

    The k combinations are linear equations in the h secret units (`suppress.secret_of`), with
    known coefficients; for a leaf `respondent_weighted` is the row of all units together, shown
    anyway. All k are hidden, not some, where

    - h is 1 to 2k - 2. With h <= k they can be solved. Rows of districts, were they shown, tell
      the sum of two or more secret units each, so at least h / 2 unknowns are left, and k - 1
      combinations beside that of the whole.
    - more units are secret, but the coefficients (some are 0) single one out: a unit vector lies
      in their row space.
    - units are combined inside other columns and one is secret: the total of these need not be a
      row of any family, so that its cells have not been protected from it.
    - every unit is hidden: the combination is one of as few people as they are.
    """
    codes = hidden[members]
    secret = secret_of(family.evaluation.tree, hidden, family.values.exact)[members]
    found = np.logical_and.reduce(np.isin(codes, (BELOW_MINIMUM, COMPLEMENTARY)), axis=0)
    inside = len(family.family.columns) > 1
    for p in np.flatnonzero(secret.any(axis=0) & ~found):
        unknown = members[secret[:, p]]
        weights = [family.evaluation.weight[:, p] if known is None else known for known in shares]
        equations = np.array([weight[unknown] / (weight[members].sum() or 1) for weight in weights])
        found[p] = inside or len(unknown) <= 2 * len(shares) - 2 or _solved(equations)
    return np.asarray(found)


def _solved(equations: Floats) -> bool:
    """Whether equations (k, unknowns) determine an unknown: a unit vector is in the row space."""
    known = np.nan_to_num(equations)  # no weight, no combination
    spanned = np.diag(np.linalg.pinv(known, rcond=1e-9) @ known)
    return bool((spanned > 1 - 1e-9).any())


def _variance(sampled: Sampled, scores: Floats) -> float:
    """The design variance of one estimate from its scores (cells,) of base weights."""
    cells, design = sampled.scores.totals, sampled.design
    one = replace(cells, domain=np.zeros_like(cells.domain), domains=1)
    values, residuals = scores[:, np.newaxis], None
    if design.calibration is not None:
        residuals = Residuals.of(values, one, design)
        values = values * design.calibration.factor[cells.calibration_cell][:, np.newaxis]
    return float(contrasts_of(Scores(values, one, residuals), design).variances[0, 0])


def _dossiers(family: FamilyResult, unit: str, table: Dataset) -> Floats:
    """The number of dossiers of each domain (domains,)."""
    table.column(unit)
    keys = [name for name in family.family.columns if name in table.columns]
    numbers = table.numbers(DOSSIERS)
    template = "Tệp {file}, dòng {row}, cột «{column}»: số hồ sơ {value} là số âm."
    table.refuse_rows(numbers < 0, DOSSIERS, template)
    places = [family.family.columns.index(name) for name in keys]
    domains = {tuple(labels[i] for i in places): d for d, labels in enumerate(family.family.labels)}
    if len(domains) < len(family.family.labels):
        template = "Tệp {file} cần thêm cột để phân biệt các đơn vị cùng tên: {columns}."
        raise Refusal(template, file=table.name, columns=", ".join(family.family.columns))
    found = np.full(len(domains), np.nan)
    cells = [table.columns[name] for name in keys]
    for row in range(table.rows):
        key = tuple(c.labels[c.codes[row]] if c.codes[row] >= 0 else "" for c in cells)
        where = {"file": table.name, "row": row + table.first_row, "column": unit}
        if key not in domains:
            template = "Tệp {file}, dòng {row}, cột «{column}»: dữ liệu không có đơn vị «{unit}»."
            raise Refusal(template, unit=" / ".join(key), **where)
        if not np.isnan(found[domains[key]]):
            template = "Tệp {file}, dòng {row}, cột «{column}»: đơn vị «{unit}» đã có ở dòng trước."
            raise Refusal(template, unit=" / ".join(key), **where)
        found[domains[key]] = numbers[row]
    missing = [" / ".join(key) for key, d in domains.items() if np.isnan(found[d])]
    if missing:
        template = "Tệp {file}, cột «{column}»: thiếu {n} đơn vị: {units}."
        named = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise Refusal(template, file=table.name, column=unit, n=len(missing), units=named)
    return found
