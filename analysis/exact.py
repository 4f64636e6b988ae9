"""Exact sums of weights: integer arithmetic, so the same digits whatever the order of the rows."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Floats

DECIMALS = (1, 10, 100, 1_000, 10_000)
LIMB_BITS = 26  # with up to 2**27 rows a sum of limbs stays below 2**53 and is exact in a float64
LIMB = 2.0**LIMB_BITS
EXACT = 2.0**53
CUTS = 2
HEADROOM = 2.0**8  # for answers as multipliers of a sum that has a single limb


@dataclass(frozen=True)
class ExactWeights:
    """Survey weights as whole ticks: weight = sum over i of limbs[i] * 2**(26 i) * tick.

    `limbs` (l, n) holds whole numbers in float64, and the sum of a limb over all rows stays below
    2**53. Weights with at most four decimals have a tick of 10**-k and almost always one limb;
    any other weight is a dyadic fraction and is kept whole with a tick of 2**-k, never rounded.
    """

    limbs: Floats
    tick: Fraction

    @classmethod
    def of(cls, weights: Floats) -> "ExactWeights":
        """Keep non-negative finite weights (n,) exactly."""
        for scale in DECIMALS:
            ticks = np.rint(weights * scale)
            if ticks.max(initial=0.0) < EXACT and bool((ticks / scale == weights).all()):
                return cls(_split(ticks), Fraction(1, scale))
        # A double is m * 2**e with a 53-bit m; counting in units of the smallest e loses nothing.
        _, exponents = np.frexp(weights[weights > 0])
        shift = int(exponents.min()) - 53
        with np.errstate(over="ignore"):  # refused below
            ticks = np.ldexp(weights, -shift)
        return cls(_split_doubles(ticks), Fraction(2) ** shift)

    def sums(self, group: NDArray[np.intp], size: int, factor: Floats | None = None) -> Floats:
        """Sum the ticks by group: (l, size), exact.

        `group` (n,) numbers each row's group; `factor` (n,) multiplies each row by a whole number
        first. Raises `OverflowError` when a product could pass 2**53.
        """
        limbs = self.limbs
        if factor is not None:
            if float(limbs.sum(axis=1).max()) * float(factor.max(initial=1.0)) >= EXACT:
                raise OverflowError("weights are too large to be summed exactly")
            limbs = limbs * factor
        return np.stack([np.bincount(group, weights=limb, minlength=size) for limb in limbs])

    @property
    def values(self) -> Floats:
        """The weights themselves (n,), float64; decimals come back as the numbers read."""
        return self.scaled(joined(self.limbs))

    def scaled(self, ticks: Floats) -> Floats:
        """Turn sums of ticks, of any shape, into sums of weights, rounded once.

        Dividing by 10 000 rounds to the decimal that was meant, multiplying by 0.0001 does not.
        """
        if self.tick.numerator == 1 and self.tick.denominator in DECIMALS:
            return np.asarray(ticks / self.tick.denominator)
        return np.asarray(ticks * float(self.tick))  # a power of two

    def take(self, rows: slice | NDArray[np.intp]) -> "ExactWeights":
        """Keep only some rows."""
        return ExactWeights(self.limbs[:, rows], self.tick)


def joined(limbs: Floats) -> Floats:
    """Round sums kept as limbs (l, ...) once to the nearest float64 (...)."""
    if len(limbs) == 1:
        return np.asarray(limbs[0])
    if len(limbs) == 2:
        return np.asarray(limbs[1] * LIMB + limbs[0])
    return np.array(whole(limbs), dtype=np.float64).reshape(limbs.shape[1:])


def whole(limbs: Floats) -> list[int]:
    """The sums kept as limbs (l, ...) as Python integers, flattened."""
    totals = [0] * limbs[0].size
    for position, limb in enumerate(limbs):
        shift = LIMB_BITS * position
        totals = [t + (int(part) << shift) for t, part in zip(totals, limb.ravel(), strict=True)]
    return totals


def steady_sums(values: Floats, group: NDArray[np.intp], size: int) -> Floats:
    """Sum floats (n, ...) by group: (size, ...), the same digits whatever the order of the rows.

    Each value is cut into parts on fixed grids so coarse that the sums of the parts are exact
    (prerounding; Demmel & Hida 2003, SIAM J. Sci. Comput. 25, p. 1214). What two cuts leave out is
    below any digit of a float64.
    """
    width = prod(values.shape[1:])
    columns = values.reshape(len(values), width)
    place = group if width == 1 else (group[:, np.newaxis] * width + np.arange(width)).ravel()
    room = len(values).bit_length() + 1
    _, exponent = np.frexp(np.abs(columns).max(axis=0, initial=0.0))
    rest = np.ldexp(columns, -exponent)
    total = np.zeros((size, width))
    for cut in range(1, CUTS + 1):
        grid = 2.0 ** (cut * (room - 53))
        part = np.rint(rest / grid)
        sums = np.bincount(place, weights=part.ravel(), minlength=size * width)
        total += sums.reshape(size, width) * grid
        rest = rest - part * grid
    return np.ldexp(total, exponent).reshape(size, *values.shape[1:])


def _split(ticks: Floats) -> Floats:
    if float(ticks.sum()) * HEADROOM < EXACT:
        return ticks[np.newaxis, :]
    high = np.floor(ticks / LIMB)
    return np.stack([ticks - high * LIMB, high])


def _split_doubles(ticks: Floats) -> Floats:
    """Cut whole numbers held in doubles, of any size, into limbs; every step is exact."""
    if not np.isfinite(ticks).all():
        raise OverflowError("weights differ by more than a double can hold")
    _, bits = np.frexp(ticks.max(initial=1.0))
    limbs = []
    rest = ticks
    for position in reversed(range(-(-int(bits) // LIMB_BITS))):
        unit = 2.0 ** (LIMB_BITS * position)
        limb = np.floor(rest / unit)
        rest = rest - limb * unit
        limbs.append(limb)
    return np.stack(limbs[::-1])
