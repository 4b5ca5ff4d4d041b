"""Dose at the cells of thin planes, picked from planes that hold it for a whole lattice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Between", "follow"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

# Cells of thin planes that cost as much as one that is looked up by itself.
_WHOLE_PLANES = 6


def follow(
    dose: Floats, mean: Floats, ahead: Floats, behind: Floats, shift: Floats | None
) -> Floats:
    """Bring the dose of cells from their centres to what is filled of them, along one axis.

    The dose bends at its nodes, so what lies ahead tells nothing of what lies behind: half of a
    cell is left to either.

    Parameters
    ----------
    dose, mean
        At the centres, changed in place to that at the middle of what is filled, and to its
        mean; shape (N,).
    ahead, behind
        Its change to the next cell and from the one before.
    shift
        From the centre to the middle of what is filled, in cells; None where the cells are full.

    Returns
    -------
    ndarray of shape (N,)
        The change of dose over what is filled.
    """
    # The mean of a parabola differs from its middle by this share of the second difference.
    bend = ahead - behind
    bend /= 24
    change = ahead + behind
    change *= 0.5
    if shift is not None:
        width = 1 - 2 * np.abs(shift)
        bend *= width
        bend *= width
        change = change * width
        moved = ahead * shift.clip(0.0, 0.5)
        moved += behind * shift.clip(-0.5, 0.0)
        dose += moved
        bend += moved
    mean += bend
    return change


class Between:
    """Dose between two planes of held values, at some cells of some thin planes.

    Where the cells are many, whole thin planes are worked out first and then picked from;
    where they are few, only what they need. The numbers are the same.

    Parameters
    ----------
    held
        Dose on planes of the lattice, shape (planes, cells).
    lower, share
        Of each thin plane: the held plane below it, and how far it lies towards the next.
    which, cell
        Thin plane and lattice cell of each cell asked for.
    reach
        How many cells on or back may be asked for; no cell lies closer to either end.
    """

    def __init__(
        self,
        held: NDArray[np.float32],
        lower: Index,
        share: Floats,
        which: Index,
        cell: Index,
        *,
        reach: int,
    ) -> None:
        size = held.shape[1]
        self._planes: NDArray[np.float32] | None = None
        if len(lower) * size <= _WHOLE_PLANES * len(cell):
            below = held.take(lower, axis=0)
            self._rises = held.take(lower + 1, axis=0)
            self._rises -= below
            below += share[:, None] * self._rises
            self._planes = below.reshape(-1)
            self._at = which * size
        else:
            self._held, self._size = held.reshape(-1), size
            self._share = share.take(which)
            self._at = (lower * size).take(which)
        # Counted from the first cell in reach: no sums to be made for each offset.
        self._at += cell
        self._at -= reach
        self._reach = reach

    def rise(self, some: slice) -> NDArray[np.float32]:
        """Return for some of the cells by how much the upper of the two held planes is higher."""
        at = self._at[some]
        if self._planes is not None:
            return np.asarray(self._rises.reshape(-1)[self._reach :].take(at))
        rise = self._held[self._reach + self._size :].take(at)
        rise -= self._held[self._reach :].take(at)
        return np.asarray(rise)

    def value(self, offset: int, some: slice) -> NDArray[np.float32]:
        """Return the dose so many cells on from some of the cells."""
        first, at = self._reach + offset, self._at[some]
        if self._planes is not None:
            return np.asarray(self._planes[first:].take(at))
        below = self._held[first:].take(at)
        value = self._held[first + self._size :].take(at)
        value -= below
        value *= self._share[some]
        value += below
        return np.asarray(value)
