"""Which places in thin planes are inside a structure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.readings import Slabs

__all__ = ["SolidCells"]

Floats = NDArray[np.floating[Any]]
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

    def at(
        self,
        planes: Sequence[tuple[int, float]],
        cells: Sequence[Index],
        places_mm: Sequence[Floats],
    ) -> list[NDArray[np.bool_]]:
        """Look up places on several planes.

        Parameters
        ----------
        planes
            Number of the thin plane that each lies in, and its position.
        cells
            On each plane the cell of each place, shape (N,).
        places_mm
            The same along x and y, shape (2, N).
        """
        sizes = [len(some) for some in cells]
        cell, place_mm = np.concatenate(cells), np.concatenate(places_mm, axis=1)
        inside = np.zeros(len(cell), dtype=bool)
        edges, full = self._slabs.edges, self._slabs.full
        if full is not None:
            blocks = [int(np.abs(full.positions_mm - at).argmin()) for _, at in planes]
            slab = np.repeat(blocks, sizes) // full.each
            hit, _ = _find(full.place, slab * self._cells + cell)
            inside[hit] = True
        slab, thin = np.divmod(np.repeat([thin for thin, _ in planes], sizes), edges.each)
        hit, found = _find(edges.place, slab * self._cells + cell)
        edge = thin[hit] * len(edges.place) + found
        away = place_mm.take(hit, axis=1) - np.stack(self._lattice.places(cell[hit]))
        away /= self._lattice.step_mm
        share = edges.share[edge]
        # `Slabs` give half the uncovered share times the direction inward as the shift.
        behind = (edges.shift.take(edge, axis=1) * away).sum(axis=0) >= 0.5 * (1 - share) * (
            0.5 - share
        )
        inside[hit] |= behind & (share > 0)
        return np.split(inside, np.cumsum(sizes)[:-1])


def _find(numbers: Index, wanted: Index) -> tuple[Index, Index]:
    """Return which of `wanted` are among rising numbers, and where."""
    if not len(numbers):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    at = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    hit = np.flatnonzero(numbers[at] == wanted)
    return hit, at[hit]
