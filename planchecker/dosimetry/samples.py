"""A structure in a dose, cut into cells: dose, spread of dose and volume of each cell.

Every cell carries several volumes, one for each way of reading what the contours leave open
(`Reading`); the spread between them is where the uncertainty band comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.frame import Frame
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.readings import Reading

__all__ = ["Extreme", "Samples"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, slots=True)
class Extreme:
    """The highest or lowest dose of a structure and where it is."""

    dose_gy: float
    position_mm: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """Cells of one structure: those on the outline first, then those wholly inside.

    Parameters
    ----------
    dose_gy, spread_gy
        Mean dose of each cell and half the width over which it spreads, shape (N,).
    volume_mm3
        Volume of each cell under `Reading.BASE`, shape (N,).
    edges
        Number of cells on the outline; the volumes of others are the same under every reading.
    changes
        By how much other readings differ: numbers of cells and their change of volume.
    total_mm3
        Volume inside the dose grid under each `Reading`, shape (readings,).
    outside_mm3
        Volume outside the dose grid under each `Reading`, shape (readings,).
    places
        Lattice cell and position across the planes of each sample, in pieces.
    highest, lowest
        The extremes, end caps of half a slice included; None when all lies outside.
    highest_gy, lowest_gy
        The extremes without end caps and with caps that reach the next slice: the least and
        the most extreme of the three.
    """

    dose_gy: Floats
    spread_gy: Floats
    volume_mm3: Floats
    edges: int
    changes: Mapping[Reading, tuple[Index, Floats]]
    total_mm3: Floats
    outside_mm3: Floats
    places: tuple[tuple[Index, Floats], ...]
    lattice: Lattice
    frame: Frame
    highest: Extreme | None
    lowest: Extreme | None
    highest_gy: tuple[float, float]
    lowest_gy: tuple[float, float]

    def points_mm(self, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the patient coordinates of some samples, numbered in rising order.

        Of shape (len(chosen), 3).
        """
        begin = np.cumsum([0, *(len(cell) for cell, _ in self.places)])
        found = [
            (cell.take(some - first), position.take(some - first))
            for (cell, position), first, some in zip(
                self.places,
                begin.tolist(),
                np.split(chosen, np.searchsorted(chosen, begin[1:-1])),
                strict=False,
            )
        ]
        flat = self.lattice.points(np.concatenate([cell for cell, _ in found]))
        position = np.concatenate([position for _, position in found])
        return self.frame.to_patient(np.column_stack([flat, position]))
