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
        self._order: Index | None = None

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
        if not len(cells):
            return np.zeros(0, dtype=bool)
        edges, full = self._slabs.edges, self._slabs.full
        if self._order is None:
            self._order = np.lexsort((edges.cell, edges.thin))
            self._thin = edges.thin[self._order]
            if full is not None:
                self._by_block = np.argsort(full.block, kind="stable")
                self._block = full.block[self._by_block]
        inside = np.zeros(len(cells), dtype=bool)
        if full is not None:
            block = int(np.abs(full.positions_mm - position_mm).argmin())
            first, last = np.searchsorted(self._block, (block, block + 1))
            inside |= np.isin(cells, full.cell[self._by_block[first:last]])
        first, last = np.searchsorted(self._thin, (thin, thin + 1))
        if first == last:
            return inside
        here = self._order[first:last]
        known = edges.cell[here]
        found = np.minimum(np.searchsorted(known, cells), len(known) - 1)
        hit = np.flatnonzero(known[found] == cells)
        edge = here[found[hit]]
        away = (place_mm[:, hit] - self._lattice.points(cells[hit]).T) / self._lattice.step_mm
        share = edges.share[edge]
        # `Slabs` give half the uncovered share times the direction inward as the shift.
        behind = (edges.shift[:, edge] * away).sum(axis=0) >= 0.5 * (1 - share) * (0.5 - share)
        inside[hit] |= behind & (share > 0)
        return inside
