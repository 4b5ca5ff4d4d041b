"""Distance from lattice cells to an outline: near ones by looking around, far ones by search."""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry import loops
from planchecker.dosimetry.lattice import Lattice

__all__ = ["Outline"]

Floats = NDArray[np.float64]

_LOOK_CELLS = 3
_ALL, _ON, _BACK = slice(None), slice(1, None), slice(None, -1)
_NEIGHBOURS = (
    ((_ON, _ALL), (_BACK, _ALL)),
    ((_BACK, _ALL), (_ON, _ALL)),
    ((_ALL, _ON), (_ALL, _BACK)),
    ((_ALL, _BACK), (_ALL, _ON)),
    ((_ON, _ON), (_BACK, _BACK)),
    ((_ON, _BACK), (_BACK, _ON)),
    ((_BACK, _ON), (_ON, _BACK)),
    ((_BACK, _BACK), (_ON, _ON)),
)
_BESIDE = np.arange(-3, 4)


class Outline:
    """One loop on a lattice.

    Parameters
    ----------
    loop
        Vertices in mm, shape (N, 2).
    lattice
        The cells.

    Notes
    -----
    The outline is cut into pieces of half a cell and each piece is entered into the cell it
    starts in. The foot of a nearby point lies on a piece close to the one in the nearest such
    cell, so only a few pieces are measured instead of all.
    """

    def __init__(self, loop: loops.Loop, lattice: Lattice) -> None:
        self._lattice = lattice
        step = lattice.step_mm
        self._loop = loops.simplify(loop, tolerance_mm=max(0.002, 0.005 * step))
        self._pieces = loops.densify(self._loop, 0.5 * step)
        column = np.rint((self._pieces[:, 0] - lattice.x_mm[0]) / step).astype(np.intp)
        row = np.rint((self._pieces[:, 1] - lattice.y_mm[0]) / step).astype(np.intp)
        start_x, start_y = self._pieces.T.copy()
        along_x = np.concatenate([start_x[1:], start_x[:1]]) - start_x
        along_y = np.concatenate([start_y[1:], start_y[:1]]) - start_y
        length2 = np.maximum(along_x * along_x + along_y * along_y, 1e-18)
        self._table = start_x, start_y, along_x, along_y, length2
        column = np.rint((start_x - lattice.x_mm[0]) / step).astype(np.intp)
        row = np.rint((start_y - lattice.y_mm[0]) / step).astype(np.intp)
        rows, columns = _window(row, lattice.shape[0]), _window(column, lattice.shape[1])
        self.window = rows, columns
        shape = rows.stop - rows.start, columns.stop - columns.start
        piece_in = np.full(shape, -1, dtype=np.int32)
        piece_in[row - rows.start, column - columns.start] = np.arange(len(row), dtype=np.int32)
        self.touched = piece_in >= 0
        self.inside = loops.inside_raster(self._loop, lattice.x_mm[columns], lattice.y_mm[rows])
        self._piece_in = _spread(piece_in)
        self.radius_mm = loops.inscribed_radius(self._loop)

    def signed_distance(self, cells: NDArray[np.intp], *, near_only: bool = False) -> Floats:
        """Return the distance of cell centres from the outline in mm, positive inside.

        Parameters
        ----------
        cells
            Flat numbers of lattice cells, shape (M,).
        near_only
            Give cells farther than a few steps from the outline that distance instead of
            measuring it.
        """
        points = self._lattice.points(cells)
        row, column = np.divmod(cells, self._lattice.shape[1])
        rows, columns = self.window
        row, column = row - rows.start, column - columns.start
        within = (row >= 0) & (row < self.inside.shape[0])
        within &= (column >= 0) & (column < self.inside.shape[1])
        piece = np.full(len(cells), -1, dtype=np.int32)
        piece[within] = self._piece_in[row[within], column[within]]
        distance = np.full(len(cells), _LOOK_CELLS * self._lattice.step_mm)
        near = piece >= 0
        distance[near] = self._to_pieces(points[near], piece[near])
        if not near_only and not near.all():
            distance[~near] = loops.unsigned_distance(points[~near], self._loop)
        inside = np.zeros(len(cells), dtype=bool)
        inside[within] = self.inside[row[within], column[within]]
        return np.where(inside, distance, -distance)

    def _to_pieces(self, points: Floats, piece: NDArray[np.int32]) -> Floats:
        count = len(self._pieces)
        index = (piece[:, None] + _BESIDE) % count
        start_x, start_y, along_x, along_y, length2 = self._table
        dx = points[:, :1] - start_x[index]
        dy = points[:, 1:] - start_y[index]
        along_x, along_y = along_x[index], along_y[index]
        t = (dx * along_x + dy * along_y) / length2[index]
        np.minimum(np.maximum(t, 0.0, out=t), 1.0, out=t)
        dx -= t * along_x
        dy -= t * along_y
        return np.asarray(np.sqrt((dx * dx + dy * dy).min(axis=1)))


def _window(index: NDArray[np.intp], count: int) -> slice:
    """Return the cells around an outline on one axis, with room to look around."""
    first, last = int(index.min()), int(index.max())
    return slice(max(first - _LOOK_CELLS, 0), min(last + _LOOK_CELLS + 1, count))


def _spread(piece_in: NDArray[np.int32]) -> NDArray[np.int32]:
    """Let empty cells take the piece of a neighbour, as often as there are cells to look."""
    for _ in range(_LOOK_CELLS):
        before = piece_in
        piece_in = before.copy()
        for target, source in _NEIGHBOURS:
            np.maximum(
                piece_in[target], before[source], out=piece_in[target], where=before[target] < 0
            )
    return piece_in
