"""Cells of large structures cut finer where the dose asks for it."""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.frame import Frame
from planchecker.dosimetry.lattice import Lattice

__all__ = ["Cells", "refined"]

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


class Cells(NamedTuple):
    """Cells wholly inside: mean dose, half the spread of dose, volume, place."""

    dose_gy: Floats
    spread_gy: Floats
    volume_mm3: Floats
    cell: Index
    position_mm: Floats


def refined(cells: Cells, *, lattice: Lattice, frame: Frame, dose: DoseGrid) -> Cells:
    """Cut the steepest cells, and the hottest and coldest, into smaller ones.

    Parameters
    ----------
    cells
        Cells inside the structure and the dose grid.
    lattice, frame
        Where they lie.
    dose
        Looked up again at the middles of the parts.

    Returns
    -------
    Cells
        The same volume in more cells; the given cells where they are small already.

    Notes
    -----
    The cells of a body are larger than a dose voxel. Over most of it the dose hardly changes;
    at field edges and in hot spots it does, and there metrics of small volumes are decided.
    """
    voxels = lattice.step_mm / min(dose.spacing_mm)
    parts = min(math.ceil(voxels / _FINE), _MOST_PARTS)
    if voxels < _WIDE or not len(cells.dose_gy):
        return cells
    chosen = _telling(cells, _MOST_SAMPLES // parts**3)
    if not len(chosen):
        return cells
    few = Cells(
        cells.dose_gy[chosen],
        cells.spread_gy[chosen],
        cells.volume_mm3[chosen],
        cells.cell[chosen],
        cells.position_mm[chosen],
    )
    height = few.volume_mm3 / lattice.step_mm**2
    middles = (np.arange(parts) + 0.5) / parts - 0.5
    flat = lattice.points(few.cell)
    doses, positions = [], []
    for x, y, across in itertools.product(middles, repeat=3):
        position = few.position_mm + across * height
        at = np.column_stack([flat + lattice.step_mm * np.array([x, y]), position])
        found = dose.at(frame.to_patient(at))
        # At the rim of the grid a part may lie outside: its cell's dose is known.
        doses.append(np.where(np.isnan(found), few.dose_gy, found))
        positions.append(position)
    times = parts**3
    left = np.ones(len(cells.dose_gy), dtype=bool)
    left[chosen] = False
    return Cells(
        dose_gy=np.concatenate([cells.dose_gy[left], *doses]),
        spread_gy=np.concatenate([cells.spread_gy[left], np.tile(few.spread_gy / parts, times)]),
        volume_mm3=np.concatenate([cells.volume_mm3[left], np.tile(few.volume_mm3 / times, times)]),
        cell=np.concatenate([cells.cell[left], np.tile(few.cell, times)]),
        position_mm=np.concatenate([cells.position_mm[left], *positions]),
    )


def _telling(cells: Cells, most: int) -> Index:
    """Choose at most so many cells: both ends of the curve, then the steepest."""
    low, high = float(cells.dose_gy.min()), float(cells.dose_gy.max())
    found = np.zeros(len(cells.dose_gy), dtype=bool)
    tail = min(math.ceil(_TAIL_MM3 / float(cells.volume_mm3.mean())), len(found), most // 3)
    if tail:
        reach = cells.dose_gy + cells.spread_gy
        found[np.argpartition(reach, -tail)[-tail:]] = True
        reach = cells.dose_gy - cells.spread_gy
        found[np.argpartition(reach, tail - 1)[:tail]] = True
    steep = np.flatnonzero((cells.spread_gy > _STEEP * (high - low)) & ~found)
    room = most - int(found.sum())
    if len(steep) > room:
        steepest = np.argpartition(cells.spread_gy[steep], len(steep) - room)
        steep = steep[steepest[len(steep) - room :]]
    found[steep] = True
    return np.flatnonzero(found)
