"""Many loops in flat arrays, so that one array operation serves all of them.

A structure may have hundreds of small loops; worked on one by one, the calls cost more than
the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.runs import runs

__all__ = ["FlatLoops", "median"]

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
        chosen = np.flatnonzero(kept)
        if len(chosen) == len(kept):
            return self
        return self._of(self.points[chosen], self._counted(chosen))

    def _counted(self, vertices: Index) -> Index:
        """Return how many of some vertices, in rising order, each loop has."""
        return np.diff(np.searchsorted(vertices, self.begin))

    def columns(self) -> tuple[Floats, ...]:
        """Return the coordinates axis by axis: along rows of two or three numpy is slow."""
        return tuple(np.ascontiguousarray(column) for column in self.points.T)

    def _from_first(self) -> list[Floats]:
        """Return the coordinates axis by axis, counted from the first vertex of each loop."""
        first = self.begin[:-1]
        return [column - column[first].take(self.loop) for column in self.columns()]

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
        x, y = self._from_first()
        return 0.5 * self.total(x * y[self.following] - x[self.following] * y)

    def vector_areas(self) -> Floats:
        """Return the vector area of each loop in space in mm², shape (loops, 3)."""
        x, y, z = self._from_first()
        x1, y1, z1 = x[self.following], y[self.following], z[self.following]
        crosses = (y * z1 - z * y1, z * x1 - x * z1, x * y1 - y * x1)
        return 0.5 * np.stack([self.total(cross) for cross in crosses], axis=1)

    def cleaned(self) -> Self:
        """Drop repeated neighbours, the closing vertex included."""
        moved = np.zeros(len(self.points), dtype=bool)
        for column in self.columns():
            moved |= column != column[self.following]
        return self.only(moved)

    def simplified(self, tolerance_mm: float) -> Self:
        """Drop vertices that lie on the line between their neighbours.

        Up to four passes, each over every other vertex, so that an outline moves by at most
        four times the tolerance. Loops of fewer than 16 vertices stay as they are.
        """
        all_x, all_y = self.columns()
        kept, begin = np.arange(len(all_x)), self.begin
        for _ in range(4):
            x, y, sizes = all_x.take(kept), all_y.take(kept), np.diff(begin)
            even = sizes - sizes % 2
            of = self.loop.take(kept)
            place = np.arange(len(kept)) - begin.take(of)
            odd = (place & 1 == 1) & (place < np.where(even >= 16, even, 0).take(of))
            middle = np.flatnonzero(odd)
            after = middle + 1
            loop = of.take(middle)
            last = np.flatnonzero(after == begin[1:].take(loop))
            after[last] = begin.take(loop.take(last))
            x0, y0 = x.take(middle - 1), y.take(middle - 1)
            chord_x, chord_y = x.take(after) - x0, y.take(after) - y0
            lever_x, lever_y = x.take(middle) - x0, y.take(middle) - y0
            cross = np.abs(chord_x * lever_y - chord_y * lever_x)
            length = np.sqrt(chord_x * chord_x + chord_y * chord_y)
            share = (chord_x * lever_x + chord_y * lever_y) / np.maximum(length, 1e-12) ** 2
            drop = (cross <= tolerance_mm * length) & (share > 0) & (share < 1)
            if not drop.any():
                break
            left = np.ones(len(kept), dtype=bool)
            left[middle[drop]] = False
            kept = kept[left]
            begin = np.searchsorted(kept, self.begin)
        if len(kept) == len(all_x):
            return self
        return self._of(self.points[kept], np.diff(begin))

    def densified(self, longest_mm: float) -> Self:
        """Cut edges into equal pieces no longer than `longest_mm`; all vertices stay."""
        columns = self.columns()
        alongs = [column[self.following] - column for column in columns]
        length = np.sqrt(alongs[0] ** 2 + alongs[1] ** 2)
        pieces = np.maximum(1, np.ceil(length / longest_mm)).astype(np.intp)
        edge, place = runs(pieces)
        share = place / pieces.take(edge)
        points = np.empty((len(share), 2))
        for axis, (column, along) in enumerate(zip(columns, alongs, strict=True)):
            points[:, axis] = column.take(edge) + share * along.take(edge)
        return self._of(points, np.add.reduceat(pieces, self.begin[:-1]))


def median(values: Floats) -> float:
    """Return the median of some numbers, at least one; that of numpy loads masked arrays first.

    Examples
    --------
    >>> median(np.array([3.0, 1.0, 2.0])), median(np.array([1.0, 4.0, 2.0, 3.0]))
    (2.0, 2.5)
    """
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)
