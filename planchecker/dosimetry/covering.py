"""Cells near an outline, and the share of each that lies inside."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.levels import Coverage

__all__ = ["Region", "Shape", "grow"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]


def grow(mask: Mask, times: int) -> Mask:
    """Add the neighbours of marked cells, shape (slabs, rows, columns), so many times."""
    for _ in range(times):
        for axis in (1, 2):
            before = mask
            mask = before.copy()
            lower = (slice(None),) * axis + (slice(None, -1),)
            upper = (slice(None),) * axis + (slice(1, None),)
            mask[upper] |= before[lower]
            mask[lower] |= before[upper]
    return mask


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Region:
    """Cells near an outline, and the cells around them that slopes are taken from.

    `edge` and `wide` number the slab and the cell; `around` finds cells among the wide ones.
    """

    edge: tuple[Index, Index]
    wide: tuple[Index, Index]
    around: tuple[Index, Index, Index, Index, Index]
    """Places among the wide cells of the edge cells and of their right, left, up, down."""

    @classmethod
    def of(cls, near: Mask) -> "Region":
        """Take the marked cells, shape (slabs, rows, columns); those on the rim are left out."""
        near[:, [0, -1]] = near[:, :, [0, -1]] = False
        _, rows, columns = near.shape
        place = np.flatnonzero(near)
        wide = near.reshape(-1).copy()
        # Counted from the neighbour that comes first: no sums to be made for each.
        first = place - columns
        offsets = (columns, columns + 1, columns - 1, 2 * columns, 0)
        for offset in offsets[1:]:
            wide[offset:][first] = True
        chosen = np.flatnonzero(wide)
        number = np.empty(len(wide), dtype=np.intp)
        number[chosen] = np.arange(len(chosen))
        here, right, left, up, down = (number[offset:].take(first) for offset in offsets)
        return cls(
            edge=_slab_and_cell(place, rows * columns),
            wide=_slab_and_cell(chosen, rows * columns),
            around=(here, right, left, up, down),
        )


def _slab_and_cell(place: Index, cells: int) -> tuple[Index, Index]:
    # Far faster than divmod.
    slab = place // cells
    return slab, place - slab * cells


class Shape:
    """Signed distances on thin planes, turned into covered shares of the edge cells.

    Parameters
    ----------
    depth_mm, radius2
        Signed distance and radius squared at the wide cells, shape (thin planes, cells).
    """

    def __init__(self, region: Region, depth_mm: Floats, radius2: Floats, lattice: Lattice) -> None:
        here, right, left, up, down = region.around
        step = lattice.step_mm
        s = depth_mm * (1 / step)
        # `take` is many times faster than an index along the second axis.
        self._dx = s.take(right, axis=1)
        self._dx -= s.take(left, axis=1)
        self._dx *= 0.5
        self._dy = s.take(up, axis=1)
        self._dy -= s.take(down, axis=1)
        self._dy *= 0.5
        self._coverage = Coverage(s.take(here, axis=1), self._dx, self._dy)
        # Two outlines in one cell look like one: a shape never covers more than its width.
        size = np.abs(radius2)
        narrow = bool((size < (0.5 * step) ** 2).any())
        self._width = np.sqrt(size.take(here, axis=1)) * (2 / step) if narrow else None
        self._step = step

    def shares(self, outward_mm: float = 0.0) -> Floats:
        """Covered share of edge cells, with the outline moved outward."""
        share = self._coverage.shares(outward_mm / self._step)
        if self._width is not None:
            share = np.minimum(share, self._width + 2 * max(outward_mm, 0.0) / self._step)
        return share

    def shift(self, shares: Floats) -> Floats:
        """Offset of the covered part along x and y, in cells; exact for outlines along axes."""
        steepest = np.maximum(np.abs(self._dx), np.abs(self._dy)).clip(1e-30, np.inf)
        away = 0.5 * (1 - shares) / steepest
        return np.stack([away * self._dx, away * self._dy])
