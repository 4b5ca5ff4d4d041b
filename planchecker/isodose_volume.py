"""Volume within an isodose, from the interpolated dose."""

import itertools

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid

__all__ = ["isodose_cc", "reaches_edge"]

_PER_EDGE = 5
_CELLS = 20_000


def isodose_cc(grid: DoseGrid, level_gy: float) -> float:
    """Return the volume at or above a level, of the same interpolated dose as a DVH.

    A cell between eight nodes that are all at the level counts whole; one that the level cuts
    counts by points spread evenly in it. The outer half voxel of the grid is left out: ask
    `reaches_edge` first.

    Examples
    --------
    >>> grid = DoseGrid.regular(np.full((3, 3, 3), 2.0), spacing_mm=(10.0, 10.0, 10.0))
    >>> isodose_cc(grid, 1.0), isodose_cc(grid, 3.0)
    (8.0, 0.0)
    """
    high = grid.values_gy >= level_gy
    count = np.zeros([n - 1 for n in high.shape], dtype=np.uint8)
    for corner in itertools.product((0, 1), repeat=3):
        count += high[tuple(slice(c, n - 1 + c) for c, n in zip(corner, high.shape, strict=True))]
    sizes = [np.diff(nodes) for nodes in (grid.plane_mm, grid.row_mm, grid.column_mm)]
    planes, rows, columns = np.nonzero(count)
    volumes = sizes[0][planes] * sizes[1][rows] * sizes[2][columns] / 1000
    whole = count[planes, rows, columns] == 8
    cut = np.column_stack([planes, rows, columns])[~whole]
    shares = [
        _share_at(grid, cut[first : first + _CELLS], level_gy)
        for first in range(0, len(cut), _CELLS)
    ]
    partly = float(volumes[~whole] @ np.concatenate(shares)) if shares else 0.0
    return float(volumes[whole].sum()) + partly


def reaches_edge(grid: DoseGrid, level_gy: float) -> bool:
    """Tell whether a dose level runs out of the grid on one of its six sides.

    Examples
    --------
    >>> grid = DoseGrid.regular(np.full((3, 3, 3), 2.0), spacing_mm=(10.0, 10.0, 10.0))
    >>> reaches_edge(grid, 1.0), reaches_edge(grid, 3.0)
    (True, False)
    """
    return any(
        bool((np.take(grid.values_gy, end, axis=axis) >= level_gy).any())
        for axis in range(3)
        for end in (0, -1)
    )


def _share_at(grid: DoseGrid, cells: NDArray[np.intp], level_gy: float) -> NDArray[np.float64]:
    """Return the share of each cell, by its lowest node, that is at or above a level."""
    steps = (np.arange(_PER_EDGE) + 0.5) / _PER_EDGE
    values = np.zeros((len(cells), _PER_EDGE, _PER_EDGE, _PER_EDGE))
    for corner in itertools.product((0, 1), repeat=3):
        a, b, c = (steps if bit else 1 - steps for bit in corner)
        dose = grid.values_gy[tuple((cells + np.array(corner)).T)]
        values += dose[:, None, None, None] * np.einsum("i,j,k->ijk", a, b, c)
    return np.asarray((values >= level_gy).mean(axis=(1, 2, 3)))
