"""Which places in thin planes are inside a structure."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.readings import Slabs

__all__ = ["SolidCells"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

_FULL = -1


class SolidCells:
    """Tells which places of some slabs are inside: in full cells, or behind the outline of others.

    The outline is taken as straight within a cell. How much of the cell it leaves and where the
    middle of that part lies tell how it runs.
    """

    def __init__(self, slabs: Slabs, lattice: Lattice) -> None:
        self._slabs = slabs
        self._lattice = lattice
        self._cells = lattice.shape[0] * lattice.shape[1]

    @cached_property
    def _kinds(self) -> NDArray[np.int32]:
        """Each cell of each slab: `_FULL`, one more than its number among the edges, or 0."""
        edges, full = self._slabs.edges, self._slabs.full
        slabs = len(self._slabs.positions_mm) // edges.each
        kinds = np.zeros(slabs * self._cells, dtype=np.int32)
        kinds[edges.place] = np.arange(1, len(edges.place) + 1, dtype=np.int32)
        if full is not None:
            kinds[full.place] = _FULL
        return kinds

    def at(
        self,
        planes: Sequence[int],
        cells: Sequence[Index],
        places_mm: Sequence[Floats],
    ) -> list[NDArray[np.bool_]]:
        """Look up places on several planes.

        Parameters
        ----------
        planes
            Number of the thin plane that each lies in.
        cells
            On each plane the cell of each place, shape (N,).
        places_mm
            The same along x and y, shape (2, N).
        """
        sizes = [len(some) for some in cells]
        cell, place_mm = np.concatenate(cells), np.concatenate(places_mm, axis=1)
        edges = self._slabs.edges
        slab, thin = (np.repeat(one, sizes) for one in np.divmod(planes, edges.each))
        slab *= self._cells
        slab += cell
        kind = self._kinds.take(slab)
        inside = kind == _FULL
        hit = np.flatnonzero(kind > 0)
        edge = thin.take(hit) * len(edges.place) + (kind.take(hit) - 1)
        away = place_mm.take(hit, axis=1) - np.stack(self._lattice.places(cell.take(hit)))
        away /= self._lattice.step_mm
        share = edges.share.take(edge)
        # `Slabs` give half the uncovered share times the direction inward as the shift.
        behind = (edges.shift.take(edge, axis=1) * away).sum(axis=0) >= 0.5 * (1 - share) * (
            0.5 - share
        )
        inside[hit] = behind & (share > 0)
        return np.split(inside, np.cumsum(sizes)[:-1])
