"""Cells with their dose and volume, as they are collected."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "join"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]


class Cells(NamedTuple):
    """Some cells: mean dose, half the spread of dose, volume, place; each of shape (N,)."""

    dose_gy: Floats
    spread_gy: Floats
    volume_mm3: Floats
    cell: Index
    position_mm: Floats

    @classmethod
    def joined(cls, parts: Sequence["Cells"]) -> "Cells":
        """Return all cells together, in arrays that are nobody else's."""
        return cls(
            join([part.dose_gy for part in parts]),
            join([part.spread_gy for part in parts]),
            join([part.volume_mm3 for part in parts]),
            np.concatenate([np.zeros(0, dtype=np.intp), *(part.cell for part in parts)]),
            join([part.position_mm for part in parts]),
        )

    def only(self, chosen: Index) -> "Cells":
        """Return some of the cells."""
        return Cells(
            self.dose_gy.take(chosen),
            self.spread_gy.take(chosen),
            self.volume_mm3.take(chosen),
            self.cell.take(chosen),
            self.position_mm.take(chosen),
        )


def join(parts: Sequence[Floats]) -> Floats:
    """Return all values together; none without parts."""
    return np.concatenate([np.zeros(0), *parts])
