"""Samples that are kept: cells of one kind with their dose."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kept", "join"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]


class Kept(NamedTuple):
    """Samples of one kind from some slabs."""

    dose_gy: Floats
    spread_gy: Floats
    cell: Index
    position_mm: Floats

    @classmethod
    def joined(cls, parts: list["Kept"]) -> "Kept":
        """Return all samples together."""
        return cls(
            join([part.dose_gy for part in parts]),
            join([part.spread_gy for part in parts]),
            np.concatenate([np.zeros(0, dtype=np.intp), *(part.cell for part in parts)]),
            join([part.position_mm for part in parts]),
        )

    def only(self, chosen: Index) -> "Kept":
        """Return some of the samples."""
        return Kept(
            self.dose_gy.take(chosen),
            self.spread_gy.take(chosen),
            self.cell.take(chosen),
            self.position_mm.take(chosen),
        )


def join(parts: list[Floats]) -> Floats:
    """Return all values together; none without parts."""
    return np.concatenate([np.zeros(0), *parts])
