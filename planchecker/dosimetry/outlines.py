"""The outlines of several planes on one lattice: inside, distance and level of every cell.

All planes are worked on at once. The cost of a structure is then that of its cells, not that
of its contours.

For one loop the level is s (2 a - s), with s the signed distance to the outline and a a radius
of the loop. For a circle of radius r this is r² - ρ²: a quadric. The level of spheres,
cylinders, cones and ellipsoids of revolution is therefore a quadratic function of the position
across the planes, whichever way they lie, and a quadratic interpolation gives them back without
the loss that a linear one shows where a shape rounds off. For a hole the level is s (2 a + s),
the negative of the level of the loop around it.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.planes import Plane
from planchecker.dosimetry.runs import runs

__all__ = ["Field", "Outlines"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Index = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]

_LOOK_CELLS = 3
# Pieces measured around the nearest one, and the vertices that takes.
_BESIDE = 1
_MORE = 2 * _BESIDE + 1
_MOST_MOVES = 1
# As many pieces as a loop is followed straight on.
_FARTHEST = 6
# Points worked on at a time, to stay in the cache.
_CHUNK = 16_384
_PAIRS = 40_000


class Field(NamedTuple):
    """A level in mm² and the radius squared it was made with, in mm², negative for holes."""

    level: Singles
    radius2: Singles


class Outlines:
    """Loops of several planes on a lattice.

    Parameters
    ----------
    planes
        In rising order.
    lattice
        The cells.

    Notes
    -----
    Outlines are cut into pieces of half a cell and each piece is entered into the cell it
    starts in. The foot of a nearby point lies on a piece close to the one in the nearest such
    cell, so only a few pieces are measured instead of all. Where a plane has several loops the
    nearest decides, and whether a cell is inside follows from all of them by the even-odd rule.

    Distances and levels are held in single precision: a hundredth of a micrometre of a body.
    """

    def __init__(self, planes: Sequence[Plane], lattice: Lattice) -> None:
        self._lattice = lattice
        self.positions_mm = np.array([plane.position_mm for plane in planes])
        tolerance = max(0.002, 0.005 * lattice.step_mm)
        counts = [len(plane.loops) for plane in planes]
        loop_plane = np.repeat(np.arange(len(planes)), counts)
        simple = FlatLoops.of([loop for plane in planes for loop in plane.loops])
        simple = simple.simplified(tolerance)
        self._edges = _Edges(simple, loop_plane)
        self._pieces = _Pieces(simple.densified(0.5 * lattice.step_mm))
        self._radius = self._edges.radii_mm()
        self._hole = np.array([hole for plane in planes for hole in plane.holes], dtype=bool)
        self._piece_in = self._entered(loop_plane, len(planes))
        self.inside = self._edges.inside(lattice, len(planes))
        self._slot = np.full(self._piece_in.shape, -1, dtype=np.int32)
        self._level_of = self._radius2_of = np.zeros(0, dtype=np.float32)
        self.radius_mm = np.zeros(len(planes))
        np.maximum.at(self.radius_mm, loop_plane, self._radius)

    def _entered(self, loop_plane: Index, planes: int) -> NDArray[np.int32]:
        """Enter the pieces into their cells and let cells nearby take the nearest of them."""
        lattice, flat = self._lattice, self._pieces.flat
        rows, columns = lattice.shape
        column, row = lattice.column_of(flat.points[:, 0]), lattice.row_of(flat.points[:, 1])
        cell = (loop_plane[flat.loop] * rows + row) * columns + column
        piece_in = np.full(planes * rows * columns, -1, dtype=np.int32)
        piece_in[cell] = np.arange(len(cell), dtype=np.int32)
        self.touched = (piece_in >= 0).reshape(planes, rows, columns)
        cell = np.flatnonzero(self.touched)
        piece = piece_in[cell]
        # The nearest comes last and stays; the lattice has a margin of so many cells.
        cell -= _LOOK_CELLS * (columns + 1)
        for across, along in _LOOK:
            piece_in[(across + _LOOK_CELLS) * columns + along + _LOOK_CELLS :][cell] = piece
        return piece_in

    @property
    def cells(self) -> int:
        """Number of lattice cells in a plane."""
        return self._lattice.shape[0] * self._lattice.shape[1]

    def measure(self, wanted: Mask, exact: Mask) -> None:
        """Work out level and radius where they are wanted, each cell once.

        Parameters
        ----------
        wanted
            By number of the cell, counted through all planes: plane times `cells` plus cell.
        exact
            Where False, a cell farther than a few steps from the outline may be given that
            distance instead of its own; of the same shape.
        """
        place = np.flatnonzero(wanted)
        piece = self._piece_in[place]
        # Rough distances are worked out again, in case they are wanted exactly this time.
        fresh = (self._slot[place] < 0) | ((piece < 0) & exact[place])
        place, piece = place[fresh], piece[fresh]
        plane = place // self.cells
        x, y = self._lattice.places(place - plane * self.cells)
        near = np.flatnonzero(piece >= 0)
        depth = np.full(len(place), _LOOK_CELLS * self._lattice.step_mm, dtype=np.float32)
        loop = self._edges.first_loop[plane]
        loop[near] = self._pieces.flat.loop.take(piece.take(near))
        depth[near] = self._pieces.distance(x.take(near), y.take(near), piece.take(near))
        far = np.flatnonzero((piece < 0) & exact[place])
        # Cells come plane by plane.
        for group in np.split(far, np.flatnonzero(np.diff(plane[far])) + 1) if len(far) else ():
            depth[group], loop[group] = self._edges.search(
                int(plane[group[0]]), x.take(group), y.take(group)
            )
        self._slot[place] = np.arange(len(place), dtype=np.int32) + len(self._level_of)
        field = self._level(place, depth, loop)
        self._level_of = np.concatenate([self._level_of, field.level])
        self._radius2_of = np.concatenate([self._radius2_of, field.radius2])

    def field(self, place: Index) -> Field:
        """Return level and radius at measured cells, numbered as for `measure`."""
        slot = self._slot[place]
        return Field(self._level_of[slot], self._radius2_of[slot])

    def _level(self, place: Index, depth: Singles, loop: Index) -> Field:
        radius = self._radius.astype(np.float32)[loop]
        within = self.inside.reshape(-1)[place]
        radius2 = radius * radius
        holes = bool(self._hole.any())
        if holes:
            hole = self._hole[loop]
            within = within ^ hole
        # Beyond the radius the level of a circle would fall again: flat from there on.
        # Products are many times faster than a choice between two arrays.
        signed = depth - within * (depth - np.minimum(depth, radius))
        signed *= _sign(within)
        level = signed * (2 * radius - signed)
        if holes:
            sign = _sign(~hole)
            level *= sign
            radius2 *= sign
        return Field(np.asarray(level, dtype=np.float32), radius2)


def _sign(positive: Mask) -> Singles:
    return np.asarray(2 * positive.view(np.int8) - 1, dtype=np.float32)


def _look() -> list[tuple[int, int]]:
    reach = range(-_LOOK_CELLS, _LOOK_CELLS + 1)
    around = [(row, column) for row in reach for column in reach]
    return sorted(around, key=lambda at: -(at[0] ** 2 + at[1] ** 2))


_LOOK = tuple(_look())


class _Pieces:
    """Loops cut into pieces, to be measured from nearby."""

    def __init__(self, flat: FlatLoops) -> None:
        self.flat = flat
        self._sizes = flat.sizes
        self._shortest = int(flat.sizes.min())
        # Every loop begins with its last vertices and ends with its first ones once more.
        loop, place = runs(flat.sizes + _MORE)
        vertex = flat.begin.take(loop) + self._on_loop(place - _BESIDE, loop)
        self._x, self._y = (column.take(vertex) for column in flat.columns())

    def distance(self, x_mm: Floats, y_mm: Floats, piece: Index) -> Singles:
        """Return the distance to a piece and those along the loop to where it is least."""
        found = np.empty(len(piece), dtype=np.float32)
        for start in range(0, len(piece), _CHUNK):
            part = slice(start, start + _CHUNK)
            found[part] = self._descend(x_mm[part], y_mm[part], piece[part])
        return np.sqrt(found)

    def _descend(self, x_mm: Floats, y_mm: Floats, piece: Index) -> Singles:
        loop = self.flat.loop.take(piece)
        piece = self._moved(piece, loop, self._offset(x_mm, y_mm, piece, loop))
        best, ahead = self._nearest(x_mm, y_mm, piece, loop)
        moving = np.flatnonzero(ahead != 0)
        if len(moving):
            of = loop.take(moving)
            piece = self._moved(piece.take(moving), of, ahead.take(moving) * (_BESIDE + 1))
            closer, _ = self._nearest(x_mm.take(moving), y_mm.take(moving), piece, of)
            best[moving] = np.minimum(best.take(moving), closer)
        return best

    def _moved(self, piece: Index, loop: Index, by: Index) -> Index:
        begin = self.flat.begin.take(loop)
        on = piece - begin
        on += by
        return np.asarray(begin + self._on_loop(on, loop))

    def _on_loop(self, place: Index, loop: Index) -> Index:
        """Return places along loops counted from 0 to the size of the loop."""
        size = self._sizes.take(loop)
        if self._shortest <= _FARTHEST:
            return np.asarray(place % size)
        # Far faster than the remainder; no move is longer than a loop.
        place += size * (place < 0)
        place -= size * (place >= size)
        return place

    def _offset(self, x_mm: Floats, y_mm: Floats, piece: Index, loop: Index) -> NDArray[np.int8]:
        """Return how many pieces on the foot of a point lies if the loop ran on straight."""
        first = piece + _MORE * loop
        x, y = (along[_BESIDE:].take(first) for along in (self._x, self._y))
        ax, ay = (along[_BESIDE + 1 :].take(first) for along in (self._x, self._y))
        ax -= x
        ay -= y
        t = (x_mm - x) * ax
        t += (y_mm - y) * ay
        ax *= ax
        ay *= ay
        ax += ay
        # A clip with two bounds is several times faster than one maximum.
        t /= ax.clip(1e-18, np.inf, out=ax)
        t.clip(-_FARTHEST, _FARTHEST, out=t)
        return np.asarray(np.floor(t, out=t), dtype=np.int8)

    def _nearest(
        self, x_mm: Floats, y_mm: Floats, piece: Index, loop: Index
    ) -> tuple[Singles, NDArray[np.int8]]:
        """Return the least squared distance, and on which side of the pieces it falls on."""
        first = piece + _MORE * loop
        x0 = (self._x.take(first) - x_mm).astype(np.float32)
        y0 = (self._y.take(first) - y_mm).astype(np.float32)
        for step in range(1, _MORE + 1):
            x1 = (self._x[step:].take(first) - x_mm).astype(np.float32)
            y1 = (self._y[step:].take(first) - y_mm).astype(np.float32)
            ax, ay = x1 - x0, y1 - y0
            t = x0 * ax
            t += y0 * ay
            length2 = ax * ax
            length2 += ay * ay
            t /= np.negative(length2.clip(1e-18, np.inf, out=length2), out=length2)
            t.clip(0.0, 1.0, out=t)
            ax *= t
            ay *= t
            ax += x0
            ay += y0
            ax *= ax
            ay *= ay
            ax += ay
            if step == 1:
                best, least = ax, ax
            else:
                best = np.minimum(best, ax)
            x0, y0 = x1, y1
        ahead = ((ax <= best) & (ax < least)).view(np.int8)
        # Where the first piece is as near as any there is nothing ahead.
        ahead -= (least <= best).view(np.int8)
        return best, ahead


class _Edges:
    """Edges of all loops of all planes in flat arrays."""

    def __init__(self, flat: FlatLoops, loop_plane: Index) -> None:
        self._flat = flat
        self._loop_plane = loop_plane
        self.first_loop = np.searchsorted(loop_plane, np.arange(int(loop_plane[-1]) + 1))
        self._x, self._y = flat.points.T.copy()
        self._along_x = self._x[flat.following] - self._x
        self._along_y = self._y[flat.following] - self._y

    def radii_mm(self) -> Floats:
        """Return a radius for every loop: exact for circles, fair for strips and squares.

        The smaller of twice area over perimeter and of the half axis of the ellipse with the
        same smallest second moment.
        """
        total, start = self._flat.total, self._flat.begin[:-1]
        x0, y0 = (
            self._x - self._x[start][self._flat.loop],
            self._y - self._y[start][self._flat.loop],
        )
        x1, y1 = x0 + self._along_x, y0 + self._along_y
        cross = x0 * y1 - x1 * y0
        area = total(cross) / 2
        safe = np.where(np.abs(area) > 1e-9, area, 1.0)
        mean_x = total(cross * (x0 + x1)) / (6 * safe)
        mean_y = total(cross * (y0 + y1)) / (6 * safe)
        xx = total(cross * (x0 * x0 + x0 * x1 + x1 * x1)) / (12 * safe) - mean_x**2
        yy = total(cross * (y0 * y0 + y0 * y1 + y1 * y1)) / (12 * safe) - mean_y**2
        xy = (
            total(cross * (2 * x0 * y0 + x0 * y1 + x1 * y0 + 2 * x1 * y1)) / (24 * safe)
            - mean_x * mean_y
        )
        smallest = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        perimeter = total(np.sqrt(self._along_x**2 + self._along_y**2))
        compact = 2 * np.abs(area) / np.maximum(perimeter, 1e-12)
        radius = np.minimum(compact, 2 * np.sqrt(np.maximum(smallest, 0.0)))
        return np.asarray(np.where(np.abs(area) > 1e-9, radius, 0.0))

    def inside(self, lattice: Lattice, planes: int) -> Mask:
        """Mark lattice points inside by the even-odd rule, shape (planes, rows, columns)."""
        rows, columns = lattice.shape
        end_y = self._y + self._along_y
        low, high = np.minimum(self._y, end_y), np.maximum(self._y, end_y)
        # Rows with low <= y < high: a vertex on a row is counted once by the half-open interval.
        first = np.searchsorted(lattice.y_mm, low, side="left")
        count = np.searchsorted(lattice.y_mm, high, side="left") - first
        edge, place = runs(count)
        row = first[edge] + place
        share = (lattice.y_mm[row] - self._y[edge]) / self._along_y[edge]
        crossing = self._x[edge] + share * self._along_x[edge]
        column = np.searchsorted(lattice.x_mm, crossing, side="right")
        flat = (self._loop_plane[self._flat.loop[edge]] * rows + row) * (columns + 1) + column
        toggles = np.zeros(planes * rows * (columns + 1), dtype=np.uint8)
        # Several edges may cross in one cell: each turns it round once.
        np.bitwise_xor.at(toggles, flat, 1)
        parity = np.bitwise_xor.accumulate(toggles.reshape(planes, rows, columns + 1), axis=2)
        return np.ascontiguousarray(parity[:, :, :-1]).view(np.bool_)

    def search(self, plane: int, x_mm: Floats, y_mm: Floats) -> tuple[Singles, Index]:
        """Return the distance to the nearest edge of a plane and the loop it belongs to."""
        lower = self.first_loop[plane]
        upper = np.searchsorted(self._loop_plane, plane, side="right")
        edges = slice(self._flat.begin[lower], self._flat.begin[upper])
        (middle_x, middle_y), along, aside, half = self._turned
        along, aside, half = along[:, edges], aside[:, edges], half[edges]
        points = np.ones((len(x_mm), 3), dtype=np.float32)
        points[:, 0], points[:, 1] = x_mm - middle_x, y_mm - middle_y
        distance = np.empty(len(x_mm), dtype=np.float32)
        nearest = np.empty(len(x_mm), dtype=np.intp)
        step = max(1, _PAIRS // len(half))
        for first in range(0, len(x_mm), step):
            some = points[first : first + step]
            distance2 = some @ along
            np.abs(distance2, out=distance2)
            distance2 -= half
            distance2.clip(0.0, np.inf, out=distance2)
            distance2 *= distance2
            away = some @ aside
            away *= away
            distance2 += away
            found = distance2.argmin(axis=1)
            nearest[first : first + step] = found
            distance[first : first + step] = distance2[np.arange(len(found)), found]
        return np.sqrt(distance), self._flat.loop[edges][nearest]

    @cached_property
    def _turned(self) -> tuple[tuple[float, float], Singles, Singles, Singles]:
        """What turns points (x, y, 1) into places along each edge and aside from it.

        Points count from the middle that comes first, places along an edge from its own middle.
        Half the length of each edge comes last.
        """
        middle = float(self._x.mean()), float(self._y.mean())
        along_x, along_y = self._along_x, self._along_y
        length = np.sqrt(along_x * along_x + along_y * along_y)
        safe = np.maximum(length, 1e-12)
        unit_x, unit_y = along_x / safe, along_y / safe
        x, y = self._x + along_x / 2 - middle[0], self._y + along_y / 2 - middle[1]
        along = np.stack([unit_x, unit_y, -(unit_x * x + unit_y * y)])
        aside = np.stack([unit_y, -unit_x, unit_x * y - unit_y * x])
        single = np.float32
        return middle, along.astype(single), aside.astype(single), (length / 2).astype(single)
