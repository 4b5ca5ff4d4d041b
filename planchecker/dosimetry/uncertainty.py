"""How sure a metric is: the interval that the export leaves open.

A structure set does not say where between two slices a structure ends, how it runs from one
slice to the next, or where within a pixel its outline lies; a dose grid does not say how the
dose runs between its nodes. Each of these is read in more than one way (`Reading`,
`DoseCurvature`); what the metric changes by is taken as the half width of that doubt. Doubts
of different origin are independent, so their widths add in quadrature, upward and downward
apart.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.ends import highest, lowest
from planchecker.dosimetry.readings import OUTLINE_MM, Reading
from planchecker.dosimetry.samples import Extreme, Samples

__all__ = ["DoseCurvature", "band", "curvature_at", "extreme_band"]

Floats = NDArray[np.floating[Any]]

# Readings of one origin: the metric lies anywhere between them. The two ends of a structure
# are drawn by the same hand on the same slices, so their doubts add up instead of averaging.
_ORIGINS: tuple[tuple[tuple[Reading, ...], ...], ...] = (
    ((Reading.OPEN_LOW, Reading.FULL_LOW), (Reading.OPEN_HIGH, Reading.FULL_HIGH)),
    ((Reading.PRISM,),),
    ((Reading.WIDER, Reading.NARROWER),),
    # Few large cells make up the ends; dose seldom runs as straight there as their spread has it.
    ((Reading.MIDDLES,),),
)
_MOST_SAMPLES = 4000
_LEVELS = 64


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DoseCurvature:
    """How far the dose between nodes may lie from its trilinear interpolation.

    Parameters
    ----------
    dose_gy
        Dose levels, rising.
    up_gy, down_gy
        At each level, by how much the true dose may be higher or lower, in Gy.
    """

    dose_gy: Floats
    up_gy: Floats
    down_gy: Floats

    def at(self, dose_gy: float) -> tuple[float, float]:
        """Return (down, up) in Gy at a dose level."""
        if not len(self.dose_gy):
            return 0.0, 0.0
        down = float(np.interp(dose_gy, self.dose_gy, self.down_gy))
        return down, float(np.interp(dose_gy, self.dose_gy, self.up_gy))

    @property
    def mean(self) -> tuple[float, float]:
        """Return (down, up) in Gy averaged over the levels."""
        if not len(self.dose_gy):
            return 0.0, 0.0
        return float(self.down_gy.mean()), float(self.up_gy.mean())


def curvature_at(samples: Samples, dose: DoseGrid) -> DoseCurvature:
    """Estimate the interpolation error from second differences of the dose grid.

    Linear interpolation of a function with second difference c between nodes is off by at most
    c / 8; the true value lies above the chord where the curve bends downward.

    Parameters
    ----------
    samples
        Cells of a structure; at most a few thousand of them are looked at.
    dose
        The grid they were interpolated from.
    """
    count = len(samples.dose_gy)
    if not count:
        empty = np.zeros(0)
        return DoseCurvature(dose_gy=empty, up_gy=empty, down_gy=empty)
    # All of the hottest and coldest cells matter, of the others a regular choice will do.
    tail = min(count, _MOST_SAMPLES // 8)
    marked = np.zeros(count, dtype=bool)
    marked[lowest(samples.dose_gy, tail)] = True
    marked[highest(samples.dose_gy, tail)] = True
    marked[:: max(1, count // (_MOST_SAMPLES // 2))] = True
    chosen = np.flatnonzero(marked)
    levels = samples.dose_gy[chosen]
    bend = _second_differences(samples.points_mm(chosen), dose)
    up, down = (side.clip(0.0, np.inf).sum(axis=0) / 8 for side in (-bend, bend))
    order = np.argsort(levels, kind="stable")
    groups = min(_LEVELS, len(order))
    # The first groups hold one more, as those of np.array_split do.
    sizes = np.full(groups, len(order) // groups)
    sizes[: len(order) % groups] += 1
    first = np.cumsum(sizes) - sizes

    def means(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values[order], first) / sizes)

    return DoseCurvature(dose_gy=means(levels), up_gy=means(up), down_gy=means(down))


def _second_differences(points_mm: NDArray[np.float64], dose: DoseGrid) -> Floats:
    """Second differences of the dose along its three axes at the nearest nodes, (3, N)."""
    nodes = (dose.plane_mm, dose.row_mm, dose.column_mm)
    index = [
        np.minimum(np.searchsorted(n, along - np.diff(n).min() / 2), len(n) - 1)
        for n, along in zip(nodes, dose.index_coordinates(points_mm).T, strict=True)
    ]
    strides = (len(nodes[1]) * len(nodes[2]), len(nodes[2]), 1)
    here = sum(i * stride for i, stride in zip(index, strides, strict=True))
    values = dose.values_gy.reshape(-1)
    result = np.zeros((3, len(points_mm)))
    for axis, n in enumerate(nodes):
        if len(n) < 3:
            continue
        # At a rim the second node tells.
        middle = np.minimum(np.maximum(index[axis], 1), len(n) - 2)
        at = here + (middle - index[axis]) * strides[axis]
        low, own, high = (
            values.take(at + offset * strides[axis]).astype(np.float64) for offset in (-1, 0, 1)
        )
        result[axis] = low - 2 * own + high
    return result


def band(
    value: float, of_reading: Callable[[Reading], float], dose_doubt: tuple[float, float]
) -> tuple[float, float]:
    """Return the interval around `value`.

    Parameters
    ----------
    value
        The metric under `Reading.BASE`.
    of_reading
        The metric under any other reading.
    dose_doubt
        (down, up) in the unit of the metric for the dose between nodes.
    """
    down2, up2 = dose_doubt[0] ** 2, dose_doubt[1] ** 2
    for origin in _ORIGINS:
        up = down = 0.0
        for readings in origin:
            changes = [of_reading(reading) - value for reading in readings]
            up += max(0.0, *changes, 0.0)
            down += min(0.0, *changes, 0.0)
        up2 += up * up
        down2 += down * down
    return value - math.sqrt(down2), value + math.sqrt(up2)


def extreme_band(
    extreme: Extreme | None, ends_gy: tuple[float, float], dose: DoseGrid
) -> tuple[float, float]:
    """Return the interval in which the highest or lowest dose lies.

    Parameters
    ----------
    extreme
        The extreme itself; None gives an interval of NaN.
    ends_gy
        The extreme with the structure's ends read short and long.
    dose
        Its slope at the place of the extreme turns the doubt of the outline into dose.
    """
    if extreme is None:
        return math.nan, math.nan
    place = np.array([extreme.position_mm])
    step = 0.25 * min(dose.spacing_mm)
    around = np.concatenate([place + step * axis for axis in (*dose.axes, *-dose.axes)])
    values = np.nan_to_num(dose.at(around), nan=extreme.dose_gy)
    slope = np.linalg.norm(values[:3] - values[3:]) / (2 * step)
    return ends_gy[0] - float(slope) * OUTLINE_MM, ends_gy[1] + float(slope) * OUTLINE_MM
