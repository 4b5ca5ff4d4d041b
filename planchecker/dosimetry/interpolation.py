"""The shape between two planes: levels interpolated along the normal, cell by cell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.covering import Region
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.levels import Curvature, bow, curvature, distance
from planchecker.dosimetry.outlines import Outlines

__all__ = ["interpolated"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


def interpolated(
    outlines: Outlines,
    gaps: Index,
    straight: Mask,
    region: Region,
    shares: Floats,
    lattice: Lattice,
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Depths and radii at the wide cells on thin planes, and those of the two planes."""
    slab, cell = region.wide
    cells = outlines.cells
    z = outlines.positions_mm
    place = (gaps * cells).take(slab)
    place += cell
    bent = ~straight[gaps]
    curved, behind, ahead = (
        np.flatnonzero(some.take(slab))
        for some in (bent, bent & (gaps > 0), bent & (gaps + 2 < len(z)))
    )
    _measure(outlines, place, curved, behind, ahead)
    low, high = outlines.field(place), outlines.field(place + cells)
    before = outlines.field(place.take(behind) - cells)
    after = outlines.field(place.take(ahead) + 2 * cells)
    bows = _Bows(z, gaps.take(slab), behind, ahead)
    level, radius2 = (bows.between(low[i], high[i], before[i], after[i], shares) for i in (0, 1))
    depth_low, depth_high = distance(*low), distance(*high)
    gap = (z[gaps + 1] - z[gaps]).astype(np.float32).take(slab)
    for end, other, own, known, outer, nearer in (
        (depth_high, depth_low, high, ahead, after, shares > 0.5),
        (depth_low, depth_high, low, behind, before, shares < 0.5),
    ):
        further = end.copy()
        further[known] = distance(*outer)
        ends_here = _breaks_off(end, other, further, gap, lattice)
        if len(ends_here):
            level[np.ix_(nearer, ends_here)] = own.level[ends_here]
            radius2[np.ix_(nearer, ends_here)] = own.radius2[ends_here]
    ends = np.stack([depth_low, depth_high]), np.stack([low.radius2, high.radius2])
    return distance(level, radius2), radius2, ends


def _measure(outlines: Outlines, place: Index, curved: Index, behind: Index, ahead: Index) -> None:
    """Have the planes below and above the cells measured, and one more where walls curve."""
    cells = outlines.cells
    wanted = np.zeros(cells * len(outlines.positions_mm), dtype=bool)
    exact = np.zeros_like(wanted)
    wanted[place] = wanted[place + cells] = True
    curved = place.take(curved)
    exact[curved] = exact[curved + cells] = True
    for outer in (place.take(behind) - cells, place.take(ahead) + 2 * cells):
        wanted[outer] = exact[outer] = True
    outlines.measure(wanted, exact)


class _Bows:
    """Interpolation between two planes, curved where a third plane is known.

    Parameters
    ----------
    positions_mm
        Positions of the planes, shape (P,).
    lower
        The plane below each cell, shape (N,).
    behind, ahead
        Cells for which the plane before these two, or the one after, is known.
    """

    def __init__(self, positions_mm: Floats, lower: Index, behind: Index, ahead: Index) -> None:
        steps = np.diff(positions_mm)
        self._gap_mm = steps.astype(np.float32).take(lower)
        self._sides = []
        for known, offset in ((behind, -1), (ahead, 0)):
            mask = np.zeros(len(lower), dtype=bool)
            mask[known] = True
            at = lower.take(known) + offset
            both = positions_mm[2:] - positions_mm[:-2]
            self._sides.append((known, mask, (steps.take(at), steps.take(at + 1), both.take(at))))

    def between(
        self, low: Floats, high: Floats, before: Floats, after: Floats, shares: Floats
    ) -> Floats:
        """Return the level on thin planes, shape (shares, N)."""
        t = shares.astype(np.float32)[:, None]
        level = t * (high - low)
        level += low
        (behind, *_), (ahead, *_) = self._sides
        if not len(behind) and not len(ahead):
            return np.asarray(level)
        left = self._curvature(0, (before, low.take(behind), high.take(behind)))
        right = self._curvature(1, (low.take(ahead), high.take(ahead), after))
        bend = bow(gap_mm=self._gap_mm, sides=(left, right))
        level -= t * (1 - t) * bend
        return np.asarray(level)

    def _curvature(self, side: int, levels: tuple[Floats, Floats, Floats]) -> Curvature:
        """Return the curvature at a plane, from three planes where they are known."""
        known, mask, steps = self._sides[side]
        value = np.zeros(len(mask), dtype=np.float32)
        if len(known):
            value[known] = curvature(levels, steps)
        return Curvature(value, mask)


def _breaks_off(
    here: Floats, gone: Floats, further: Floats, gap_mm: Floats, lattice: Lattice
) -> Index:
    """Return the cells in which a wall ends at a plane instead of leaning towards the next.

    So it does where the other plane's outline is farther than one and a half times their
    distance and the wall had hardly moved up to here. Interpolation would pull such a wall back
    to the plane; like the end of a structure it is taken to go on for half the gap.

    Parameters
    ----------
    here, gone, further
        Signed distances on the plane, on the one where the wall is missing, and on the plane
        behind.
    """
    found = np.flatnonzero(gone < -1.5 * gap_mm)
    found = found[here[found] > -2 * lattice.step_mm]
    return found[np.abs(further[found] - here[found]) < 0.5 * gap_mm[found]]
