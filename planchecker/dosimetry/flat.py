"""Many loops in flat arrays, so that one array operation serves all of them.

A structure may have hundreds of small loops; worked on one by one, the calls cost more than
the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["FlatLoops"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FlatLoops:
    """The vertices of several closed loops, one loop after the other.

    Parameters
    ----------
    points
        Vertices in mm, shape (N, dimensions).
    begin
        Number of the first vertex of each loop, and N at the end, shape (loops + 1,). A loop
        without vertices stands only where `without` put it.
    loop
        Loop of each vertex, shape (N,).
    following
        Number of the next vertex along its loop, shape (N,).

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0]])
    >>> flat = FlatLoops.of([square, 2 * square])
    >>> flat.signed_areas().tolist()
    [6.0, 24.0]
    """

    points: Floats
    begin: Index
    loop: Index
    following: Index

    @classmethod
    def of(cls, loops: Sequence[Floats]) -> Self:
        """Join loops, at least one."""
        return cls._of(np.concatenate(loops), np.array([len(loop) for loop in loops]))

    @classmethod
    def _of(cls, points: Floats, sizes: Index) -> Self:
        begin = np.concatenate([[0], np.cumsum(sizes)])
        following = np.arange(1, len(points) + 1)
        filled = sizes > 0
        following[begin[1:][filled] - 1] = begin[:-1][filled]
        loop = np.repeat(np.arange(len(sizes)), sizes)
        return cls(points=points, begin=begin, loop=loop, following=following)

    @property
    def sizes(self) -> Index:
        """Number of vertices of each loop."""
        return np.diff(self.begin)

    def split(self) -> list[Floats]:
        """Return the loops apart, as views."""
        return [
            self.points[first:last]
            for first, last in zip(self.begin[:-1].tolist(), self.begin[1:].tolist(), strict=True)
        ]

    def only(self, kept: NDArray[np.bool_]) -> Self:
        """Leave out vertices; a loop may be left with none."""
        sizes = np.bincount(self.loop[kept], minlength=len(self.begin) - 1)
        return self._of(self.points[kept], sizes)

    def total(self, values: Floats) -> Floats:
        """Sum values of vertices loop by loop; every loop needs a vertex."""
        return np.asarray(np.add.reduceat(values, self.begin[:-1], axis=0))

    def lowest(self, values: Floats) -> Floats:
        """Return the least value of each loop; every loop needs a vertex."""
        return np.asarray(np.minimum.reduceat(values, self.begin[:-1], axis=0))

    def highest(self, values: Floats) -> Floats:
        """Return the greatest value of each loop; every loop needs a vertex."""
        return np.asarray(np.maximum.reduceat(values, self.begin[:-1], axis=0))

    def signed_areas(self) -> Floats:
        """Return the area of each loop in mm², positive where it turns from x to y."""
        x, y = (self.points - self.points[self.begin[:-1]][self.loop]).T
        return 0.5 * self.total(x * y[self.following] - x[self.following] * y)

    def vector_areas(self) -> Floats:
        """Return the vector area of each loop in space in mm², shape (loops, 3)."""
        x, y, z = (self.points - self.points[self.begin[:-1]][self.loop]).T
        x1, y1, z1 = x[self.following], y[self.following], z[self.following]
        crosses = (y * z1 - z * y1, z * x1 - x * z1, x * y1 - y * x1)
        return 0.5 * np.stack([self.total(cross) for cross in crosses], axis=1)

    def cleaned(self) -> Self:
        """Drop repeated neighbours, the closing vertex included."""
        return self.only((self.points != self.points[self.following]).any(axis=1))

    def simplified(self, tolerance_mm: float) -> Self:
        """Drop vertices that lie on the line between their neighbours.

        Up to four passes, each over every other vertex, so that an outline moves by at most
        four times the tolerance. Loops of fewer than 16 vertices stay as they are.
        """
        flat = self
        for _ in range(4):
            sizes, begin = flat.sizes, flat.begin[:-1]
            place = np.arange(len(flat.loop)) - begin[flat.loop]
            even = sizes - sizes % 2
            odd = (place % 2 == 1) & (place < np.where(even >= 16, even, 0)[flat.loop])
            middle = np.flatnonzero(odd)
            x, y = flat.points.T
            x0, y0 = x[middle - 1], y[middle - 1]
            after = flat.following[middle]
            chord_x, chord_y = x[after] - x0, y[after] - y0
            lever_x, lever_y = x[middle] - x0, y[middle] - y0
            cross = np.abs(chord_x * lever_y - chord_y * lever_x)
            length = np.sqrt(chord_x * chord_x + chord_y * chord_y)
            share = (chord_x * lever_x + chord_y * lever_y) / np.maximum(length, 1e-12) ** 2
            drop = (cross <= tolerance_mm * length) & (share > 0) & (share < 1)
            if not drop.any():
                break
            kept = np.ones(len(flat.loop), dtype=bool)
            kept[middle[drop]] = False
            flat = flat.only(kept)
        return flat

    def densified(self, longest_mm: float) -> Self:
        """Cut edges into equal pieces no longer than `longest_mm`; all vertices stay."""
        along = self.points[self.following] - self.points
        length = np.sqrt(along[:, 0] ** 2 + along[:, 1] ** 2)
        pieces = np.maximum(1, np.ceil(length / longest_mm)).astype(np.intp)
        edge = np.repeat(np.arange(len(pieces)), pieces)
        share = (np.arange(len(edge)) - (np.cumsum(pieces) - pieces)[edge]) / pieces[edge]
        sizes = np.bincount(self.loop, pieces, len(self.begin) - 1).astype(np.intp)
        return self._of(self.points[edge] + share[:, None] * along[edge], sizes)
