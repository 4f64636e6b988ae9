"""What calibration does: totals times the factors of cells, residuals of scores on the margins."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats
from analysis.design import Calibration, SampleDesign
from analysis.exact import joined, steady_sums
from analysis.totals import Totals


def calibrated_totals(base: Totals, factor: Floats) -> Totals:
    """Totals under calibrated weights from those of base weights by calibration cell.

    `factor` (calibration cells,) is g. A total is the sum over cells of g times an exact sum, each
    product rounded once, so the digits do not depend on the order of the rows.
    """
    assert base.calibration_cell is not None
    weighted = joined(base.sums) * factor[base.calibration_cell][:, np.newaxis]
    changed = np.diff(base.domain, prepend=-1) | np.diff(base.unit, prepend=-1)
    first = np.flatnonzero(changed)
    of_cell = np.cumsum(changed != 0) - 1
    counts = np.add.reduceat(base.counts, first, axis=0) if len(first) else base.counts
    return replace(
        base,
        unit=base.unit[first],
        domain=base.domain[first],
        sums=steady_sums(weighted, of_cell, len(first))[np.newaxis],
        counts=counts,
        calibration_cell=None,
        exact=False,
    )


@dataclass(frozen=True)
class Residuals:
    """What the margins explain of the scores: for each domain x_c'B, part by part.

    `unit`, `cell` and `weight` (entries,) list the calibrated weight (in ticks) that each sampled
    unit holds of each calibration cell; `fitted` (domains, calibration cells, parts) is x_c'B.
    The score of a unit is the sum of w (u - x'B) over its rows, inside the domain or not.
    """

    unit: NDArray[np.intp]
    cell: NDArray[np.intp]
    weight: Floats
    fitted: Floats

    @classmethod
    def of(cls, scores: Floats, base: Totals, design: SampleDesign) -> "Residuals":
        """Regress the scores on the margins with the base weights.

            B = (sum of d x x')^-1 (sum of d x u)

        `scores` (cells of `base`, parts) are sums of d u, d the base weight: the estimator of
        Deville & Saerndal (1992, J. Am. Stat. Assoc. 87, section 3) with design weights, as
        `calibrate` in CRAN survey, and not the unweighted sweep of its `rake`. Margins are
        collinear, so the inverse is the Moore-Penrose one.
        """
        calibration = design.calibration
        assert calibration is not None
        assert base.calibration_cell is not None
        cells, parts = len(calibration.factor), scores.shape[1]
        base_weight = _weight_of_cells(design, calibration)
        place = base.domain * cells + base.calibration_cell
        sums = steady_sums(scores, place, base.domains * cells)
        x = calibration.auxiliary
        inverse = np.linalg.pinv(x.T @ (base_weight[:, np.newaxis] * x), hermitian=True)
        projection = x @ inverse @ x.T
        fitted = np.einsum("ck,dkp->dcp", projection, sums.reshape(base.domains, cells, parts))
        return cls(*_entries(design, calibration), fitted)

    def of_domain(self, domain: int) -> Floats:
        """What is taken away from the score of each entry (entries, parts) in one domain."""
        return np.asarray(-self.weight[:, np.newaxis] * self.fitted[domain][self.cell])

    def of_part(self, part: int) -> Floats:
        """The same of one part in every domain: (entries, domains)."""
        return np.asarray(-self.weight[:, np.newaxis] * self.fitted[:, self.cell, part].T)


def _weight_of_cells(design: SampleDesign, calibration: Calibration) -> Floats:
    inside = calibration.cell >= 0
    weights = design.weights.take(np.flatnonzero(inside))
    return joined(weights.sums(calibration.cell[inside], len(calibration.factor)))


def _entries(
    design: SampleDesign, calibration: Calibration
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    inside = np.flatnonzero(calibration.cell >= 0)
    cells = len(calibration.factor)
    key = design.unit[inside] * cells + calibration.cell[inside]
    keys, place = np.unique(key, return_inverse=True)
    base = joined(design.weights.take(inside).sums(place, len(keys)))
    unit, cell = keys // cells, keys % cells
    return unit, cell, base * calibration.factor[cell]
