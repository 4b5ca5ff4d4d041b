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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry import loops
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.planes import Plane

__all__ = ["Field", "Outlines"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

_LOOK_CELLS = 3
_BESIDE = np.arange(-2, 3)


class Field(NamedTuple):
    """A level in mm² and the radius squared it was made with, in mm², negative for holes."""

    level: Floats
    radius2: Floats


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
    """

    def __init__(self, planes: Sequence[Plane], lattice: Lattice) -> None:
        self._lattice = lattice
        self.positions_mm = np.array([plane.position_mm for plane in planes])
        tolerance = max(0.002, 0.005 * lattice.step_mm)
        simple = [
            [loops.simplify(loop, tolerance_mm=tolerance) for loop in plane.loops]
            for plane in planes
        ]
        self._edges = _Edges(simple)
        self._pieces = _Edges(
            [[loops.densify(loop, 0.5 * lattice.step_mm) for loop in plane] for plane in simple]
        )
        self._radius = self._edges.radii_mm()
        self._hole = np.array([hole for plane in simple for hole in loops.are_holes(plane)], bool)
        shape = (len(planes), *lattice.shape)
        piece_in = np.full(shape, -1, dtype=np.int32)
        column = np.rint((self._pieces.x - lattice.x_mm[0]) / lattice.step_mm).astype(np.intp)
        row = np.rint((self._pieces.y - lattice.y_mm[0]) / lattice.step_mm).astype(np.intp)
        piece_in[self._pieces.plane, row, column] = np.arange(len(row), dtype=np.int32)
        self.touched = piece_in >= 0
        self.inside = self._edges.inside(lattice, len(planes))
        _spread(piece_in)
        self._piece_in = piece_in.reshape(len(planes), -1)
        self._known: NDArray[np.bool_] | None = None
        self._level_of = self._radius2_of = np.zeros((0, 0))
        self.radius_mm = np.zeros(len(planes))
        np.maximum.at(self.radius_mm, self._edges.loop_plane, self._radius)

    @property
    def cells(self) -> int:
        """Number of lattice cells in a plane."""
        return self._lattice.shape[0] * self._lattice.shape[1]

    def measure(self, wanted: NDArray[np.bool_], exact: NDArray[np.bool_]) -> None:
        """Work out level and radius where they are wanted, each cell once.

        Parameters
        ----------
        wanted
            Shape (planes, cells).
        exact
            Where False, a cell farther than a few steps from the outline may be given that
            distance instead of its own; shape (planes, cells).
        """
        known = self._known if self._known is not None else np.zeros(wanted.shape, dtype=bool)
        if self._known is None:
            self._level_of = np.zeros(wanted.shape)
            self._radius2_of = np.zeros(wanted.shape)
        plane, cell = np.nonzero(wanted & ~known)
        self._known = known | (wanted & exact)
        points = self._lattice.points(cell)
        piece = self._piece_in[plane, cell]
        near = np.flatnonzero(piece >= 0)
        depth = np.full(len(cell), _LOOK_CELLS * self._lattice.step_mm)
        loop = self._edges.first_loop[plane]
        loop[near] = self._pieces.loop[piece[near]]
        depth[near] = self._pieces.distance(points[near], piece[near])
        far = np.flatnonzero((piece < 0) & exact[plane, cell])
        if len(far):
            self._measure_far(far, plane, points, depth, loop)
        field = self._level(plane, cell, depth, loop)
        self._level_of[plane, cell] = field.level
        self._radius2_of[plane, cell] = field.radius2

    def field(self, plane: Index, cell: Index) -> Field:
        """Return level and radius at cells of planes that were measured, shape (N,)."""
        return Field(self._level_of[plane, cell], self._radius2_of[plane, cell])

    def _measure_far(
        self, which: Index, plane: Index, points: Floats, depth: Floats, loop: Index
    ) -> None:
        # Cells come plane by plane.
        for group in np.split(which, np.flatnonzero(np.diff(plane[which])) + 1):
            depth[group], loop[group] = self._edges.search(int(plane[group[0]]), points[group])

    def _level(self, plane: Index, cell: Index, depth: Floats, loop: Index) -> Field:
        inside = self.inside.reshape(len(self.positions_mm), -1)[plane, cell]
        radius, hole = self._radius[loop], self._hole[loop]
        within = inside ^ hole
        # Beyond the radius the level of a circle would fall again: flat from there on.
        inner = np.minimum(depth, radius)
        size = np.where(within, inner * (2 * radius - inner), depth * (2 * radius + depth))
        return Field(
            np.where(inside, size, -size), np.where(hole, -radius * radius, radius * radius)
        )


class _Edges:
    """Edges of all loops of all planes in flat arrays."""

    def __init__(self, planes: list[list[loops.Loop]]) -> None:
        flat = [loop for plane in planes for loop in plane]
        sizes = np.array([len(loop) for loop in flat])
        self.loop_plane = np.repeat(np.arange(len(planes)), [len(plane) for plane in planes])
        self.first_loop = np.searchsorted(self.loop_plane, np.arange(len(planes)))
        self._begin = np.concatenate([[0], np.cumsum(sizes)])
        self.loop = np.repeat(np.arange(len(flat)), sizes)
        self.plane = self.loop_plane[self.loop]
        points = np.concatenate(flat)
        self.x, self.y = points[:, 0].copy(), points[:, 1].copy()
        following = np.arange(1, len(points) + 1)
        following[self._begin[1:] - 1] = self._begin[:-1]
        self._along_x = self.x[following] - self.x
        self._along_y = self.y[following] - self.y
        self._length2 = np.maximum(self._along_x**2 + self._along_y**2, 1e-18)

    def radii_mm(self) -> Floats:
        """Return a radius for every loop: exact for circles, fair for strips and squares.

        The smaller of twice area over perimeter and of the half axis of the ellipse with the
        same smallest second moment.
        """
        start = self._begin[:-1]
        first_x, first_y = self.x[start][self.loop], self.y[start][self.loop]
        x0, y0 = self.x - first_x, self.y - first_y
        x1, y1 = x0 + self._along_x, y0 + self._along_y
        cross = x0 * y1 - x1 * y0

        def total(values: Floats) -> Floats:
            return np.asarray(np.add.reduceat(values, start))

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
        perimeter = total(np.sqrt(self._length2))
        compact = 2 * np.abs(area) / np.maximum(perimeter, 1e-12)
        radius = np.minimum(compact, 2 * np.sqrt(np.maximum(smallest, 0.0)))
        return np.asarray(np.where(np.abs(area) > 1e-9, radius, 0.0))

    def inside(self, lattice: Lattice, planes: int) -> NDArray[np.bool_]:
        """Mark lattice points inside by the even-odd rule, shape (planes, rows, columns)."""
        rows, columns = lattice.shape
        end_y = self.y + self._along_y
        low, high = np.minimum(self.y, end_y), np.maximum(self.y, end_y)
        # Rows with low <= y < high: a vertex on a row is counted once by the half-open interval.
        first = np.searchsorted(lattice.y_mm, low, side="left")
        count = np.searchsorted(lattice.y_mm, high, side="left") - first
        edge = np.repeat(np.arange(len(first)), count)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        share = (lattice.y_mm[row] - self.y[edge]) / self._along_y[edge]
        crossing = self.x[edge] + share * self._along_x[edge]
        column = np.searchsorted(lattice.x_mm, crossing, side="right")
        flat = (self.plane[edge] * rows + row) * (columns + 1) + column
        toggles = np.bincount(flat, minlength=planes * rows * (columns + 1)) & 1
        parity = np.bitwise_xor.accumulate(
            toggles.astype(np.uint8).reshape(planes, rows, columns + 1), axis=2
        )
        return np.ascontiguousarray(parity[:, :, :-1]).view(np.bool_)

    def distance(self, points: Floats, piece: NDArray[np.int32]) -> Floats:
        """Return the distance to a piece and its neighbours along the loop."""
        begin = self._begin[self.loop[piece]][:, None]
        size = self._begin[self.loop[piece] + 1][:, None] - begin
        index = begin + (piece[:, None] - begin + _BESIDE) % size
        along_x, along_y = self._along_x[index], self._along_y[index]
        dx = points[:, :1] - self.x[index]
        dy = points[:, 1:] - self.y[index]
        t = (dx * along_x + dy * along_y) / self._length2[index]
        np.minimum(np.maximum(t, 0.0, out=t), 1.0, out=t)
        dx -= t * along_x
        dy -= t * along_y
        return np.asarray(np.sqrt((dx * dx + dy * dy).min(axis=1)))

    def search(self, plane: int, points: Floats) -> tuple[Floats, Index]:
        """Return the distance to the nearest edge of a plane and the loop it belongs to."""
        lower = self.first_loop[plane]
        upper = np.searchsorted(self.loop_plane, plane, side="right")
        edges = slice(self._begin[lower], self._begin[upper])
        distance, nearest = loops.nearest_edge(
            points,
            np.stack([self.x[edges], self.y[edges]], axis=1),
            np.stack([self._along_x[edges], self._along_y[edges]], axis=1),
        )
        return distance, self.loop[edges][nearest]


def _spread(piece_in: NDArray[np.int32]) -> None:
    """Let empty cells take the piece of a neighbour, as often as there are cells to look."""
    for _ in range(_LOOK_CELLS):
        for axis in (1, 2):
            before = piece_in.copy()
            for step in (1, -1):
                target = [slice(None)] * 3
                source = [slice(None)] * 3
                target[axis] = slice(1, None) if step > 0 else slice(None, -1)
                source[axis] = slice(None, -1) if step > 0 else slice(1, None)
                view = piece_in[tuple(target)]
                np.copyto(view, before[tuple(source)], where=view < 0)
