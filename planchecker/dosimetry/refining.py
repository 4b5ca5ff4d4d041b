"""Cells of large structures cut finer where the dose asks for it."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.cells import Cells
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.ends import highest, lowest
from planchecker.dosimetry.frame import Frame, swaps_of
from planchecker.dosimetry.lattice import Lattice

__all__ = ["refined"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

# Cells no wider than a dose voxel, but for rounding, follow the dose as they are.
_WIDE = 1.05
_FINE = 0.75
_MOST_PARTS = 4
_MOST_SAMPLES = 80_000
# Cells whose doses spread by less than this share of the structure's range are even enough.
_STEEP = 0.01
# Metrics of small volumes, such as D0.03cc, are made of this much of either end of the curve.
_TAIL_MM3 = 1500.0


def refined(
    cells: Sequence[Cells], *, lattice: Lattice, frame: Frame, dose: DoseGrid
) -> list[Cells]:
    """Cut the steepest cells, and the hottest and coldest, into smaller ones.

    Parameters
    ----------
    cells
        Cells inside the structure and the dose grid, in pieces.
    lattice, frame
        Where they lie.
    dose
        Looked up again at the middles of the parts.

    Returns
    -------
    list of Cells
        The same volume in more cells; the given cells where they are small already.

    Notes
    -----
    The cells of a body are larger than a dose voxel. Over most of it the dose hardly changes;
    at field edges and in hot spots it does, and there metrics of small volumes are decided.
    """
    voxels = lattice.step_mm / min(dose.spacing_mm)
    parts = min(math.ceil(voxels / _FINE), _MOST_PARTS)
    if voxels < _WIDE or not any(len(some.dose_gy) for some in cells):
        return list(cells)
    together = Cells.joined(cells)
    chosen = _telling(together, _MOST_SAMPLES // parts**3)
    if not len(chosen):
        return list(cells)
    few = together.only(chosen)
    height = few.volume_mm3 / lattice.step_mm**2
    middles = (np.arange(parts) + 0.5) / parts - 0.5
    look_up = _looked_up(few, height, middles, lattice, frame, dose)
    spread, volume = few.spread_gy / parts, few.volume_mm3 / parts**3
    cut = []
    for x, y, across in itertools.product(range(parts), repeat=3):
        found = look_up(x, y, across)
        missing = np.isnan(found)
        if missing.any():
            # At the rim of the grid a part may lie outside: its cell's dose is known.
            found[missing] = few.dose_gy[missing]
        position = few.position_mm + middles[across] * height
        cut.append(Cells(found, spread, volume, few.cell, position))
    # The first part takes the place of its cell.
    for values, of_first in zip(together, cut[0], strict=True):
        values[chosen] = of_first
    return [together, *cut[1:]]


def _looked_up(
    few: Cells, height: Floats, middles: Floats, lattice: Lattice, frame: Frame, dose: DoseGrid
) -> Callable[[int, int, int], Floats]:
    """Return what tells the dose of a part of each cell by its number along x, y and across."""
    flat = lattice.points(few.cell)

    def points(x: int, y: int, across: int) -> NDArray[np.float64]:
        place = flat + lattice.step_mm * middles[[x, y]]
        local = np.column_stack([place, few.position_mm + middles[across] * height])
        return frame.to_patient(local)

    to_patient, to_grid = swaps_of(frame.axes), swaps_of(dose.axes.T)
    if to_patient is None or to_grid is None:
        return lambda x, y, across: dose.at(points(x, y, across))
    # Along each axis of the grid a place depends on one axis of the stack only.
    along = [dose.places_of(points(part, part, part)) for part in range(len(middles))]
    depends_on = [to_patient[source][0] for source, _ in to_grid]

    def by_axis(*part: int) -> Floats:
        plane, row, column = (along[part[depends_on[axis]]][axis] for axis in range(3))
        return dose.at_places(plane, row, column)

    return by_axis


def _telling(cells: Cells, most: int) -> Index:
    """Choose at most so many cells: both ends of the curve, then the steepest."""
    low, high = float(cells.dose_gy.min()), float(cells.dose_gy.max())
    found = np.zeros(len(cells.dose_gy), dtype=bool)
    tail = min(math.ceil(_TAIL_MM3 / float(cells.volume_mm3.mean())), len(found), most // 3)
    if tail:
        reach = cells.dose_gy + cells.spread_gy
        found[highest(reach, tail)] = True
        reach = cells.dose_gy - cells.spread_gy
        found[lowest(reach, tail)] = True
    steep = np.flatnonzero((cells.spread_gy > _STEEP * (high - low)) & ~found)
    room = most - int(found.sum())
    if len(steep) > room:
        steep = steep[highest(cells.spread_gy[steep], room)]
    found[steep] = True
    return np.flatnonzero(found)
