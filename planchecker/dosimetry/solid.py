"""Which places in thin planes are inside a structure."""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.readings import Slabs

__all__ = ["SolidCells"]

Floats = NDArray[np.floating]
Index = NDArray[np.intp]


class SolidCells:
    """Tells which places of some slabs are inside: in full cells, or behind the outline of others.

    The outline is taken as straight within a cell. How much of the cell it leaves and where the
    middle of that part lies tell how it runs.
    """

    def __init__(self, slabs: Slabs, lattice: Lattice) -> None:
        self._slabs = slabs
        self._lattice = lattice
        self._cells = lattice.shape[0] * lattice.shape[1]
        self._edges: _Sorted | None = None
        self._full: _Sorted | None = None

    def at(
        self, thin: int, position_mm: float, cells: Index, place_mm: Floats
    ) -> NDArray[np.bool_]:
        """Look places up in one thin plane and the block of full cells around it.

        Parameters
        ----------
        cells
            The cell of each place, shape (N,).
        place_mm
            Along x and y, shape (2, N).
        """
        inside = np.zeros(len(cells), dtype=bool)
        if not len(cells):
            return inside
        edges, full = self._slabs.edges, self._slabs.full
        if full is not None:
            self._full = self._full or _Sorted(full.block * self._cells + full.cell)
            block = int(np.abs(full.positions_mm - position_mm).argmin())
            hit, _ = self._full.find(block * self._cells + cells)
            inside[hit] = True
        self._edges = self._edges or _Sorted(edges.thin * self._cells + edges.cell)
        hit, edge = self._edges.find(thin * self._cells + cells)
        away = (place_mm[:, hit] - self._lattice.points(cells[hit]).T) / self._lattice.step_mm
        share = edges.share[edge]
        # `Slabs` give half the uncovered share times the direction inward as the shift.
        behind = (edges.shift[:, edge] * away).sum(axis=0) >= 0.5 * (1 - share) * (0.5 - share)
        inside[hit] |= behind & (share > 0)
        return inside


class _Sorted:
    """Numbers that can be looked up."""

    def __init__(self, numbers: Index) -> None:
        # Mostly they come in order.
        rising = bool((numbers[1:] >= numbers[:-1]).all())
        self._order = None if rising else np.argsort(numbers)
        self._numbers = numbers if self._order is None else numbers[self._order]

    def find(self, wanted: Index) -> tuple[Index, Index]:
        """Return which of `wanted` are there, and where."""
        if not len(self._numbers):
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        at = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        hit = np.flatnonzero(self._numbers[at] == wanted)
        found = at[hit]
        return hit, found if self._order is None else self._order[found]
