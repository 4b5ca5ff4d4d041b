"""Dose on the cells of a lattice."""

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.between import Between, follow
from planchecker.dosimetry.dose import DoseGrid, Places, locate
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.planes import Frame

__all__ = ["CellDose", "LatticeDose", "NodePlane"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

# What is worked on at a time stays in the cache, and its memory is used again.
_PLANES_AT_ONCE = 8
_CELLS_AT_ONCE = 16_384


class CellDose(NamedTuple):
    """Dose of what is filled of cells: in its middle, its mean, half its spread.

    The spread is that of a box in a linear dose with the same standard deviation. Where a cell
    lies outside the grid the first two are NaN.
    """

    dose_gy: Floats
    mean_gy: Floats
    spread_gy: Floats


class NodePlane(NamedTuple):
    """Dose nodes on one plane of the stack, and the lattice cells they fall into.

    `place_mm` are their coordinates along x and y, shape (2, N).
    """

    position_mm: float
    dose_gy: Floats
    cell: Index
    place_mm: Floats


class LatticeDose:
    """A dose grid as the cells of one lattice see it.

    Where the axes of the grid are parallel to those of the stack, trilinear interpolation is
    done axis by axis, which is many times faster than point by point and gives the same
    numbers.
    """

    def __init__(self, lattice: Lattice, frame: Frame, dose: DoseGrid) -> None:
        self._lattice = lattice
        self._frame = frame
        self._dose = dose
        turned = dose.axes @ frame.axes.T
        self._axis_of = tuple(int(i) for i in np.abs(turned).argmax(axis=0))
        along = np.abs(turned).max(axis=0)
        # Over half a metre this much is less than a hundredth of a millimetre.
        self._separable = bool((along > 1 - 1e-10).all()) and len(set(self._axis_of)) == 3
        self._held = np.zeros((0, 0), dtype=np.float32)
        self._held_from = 0
        if self._separable:
            self._prepare(turned)

    def _prepare(self, turned: Floats) -> None:
        start = self._dose.index_coordinates(np.zeros((1, 3)))[0]
        nodes = (self._dose.plane_mm, self._dose.row_mm, self._dose.column_mm)
        x_axis, y_axis, n_axis = self._axis_of
        signs = [float(np.sign(turned[axis, i])) for i, axis in enumerate(self._axis_of)]
        self._ways = [
            (nodes[axis], start[axis], sign)
            for axis, sign in zip(self._axis_of, signs, strict=True)
        ]
        self._x, self._y = self._places(0, self._lattice.x_mm), self._places(1, self._lattice.y_mm)
        self._n_nodes, self._n_start, self._n_sign = self._ways[2]
        self._values = self._dose.values_gy.transpose(n_axis, y_axis, x_axis)
        self._node_place = [
            sign * (nodes[axis] - start[axis])
            for sign, axis in zip(signs[:2], self._axis_of[:2], strict=True)
        ]
        self._node_columns = _taken(self._lattice.column_of(self._node_place[0]))
        self._node_rows = _taken(self._lattice.row_of(self._node_place[1]))
        self._rims = [
            _rim(sign * (nodes[axis] - start[axis]))
            for axis, sign in zip(self._axis_of, signs, strict=True)
        ]

    def _places(self, way: int, along_mm: Floats) -> Places:
        """Return where places along one axis of the stack lie among the nodes of the grid."""
        nodes_mm, start_mm, sign = self._ways[way]
        return locate(nodes_mm, start_mm + sign * along_mm)

    def at(
        self,
        positions_mm: Floats,
        thickness_mm: Floats,
        which: Index,
        cell: Index,
        shift: Floats | None = None,
    ) -> CellDose:
        """Return the dose of cells.

        Parameters
        ----------
        positions_mm, thickness_mm
            Middle and thickness of thin planes, shape (Q,).
        which
            Thin plane of each cell, shape (N,).
        cell
            Flat number of each cell, shape (N,).
        shift
            Place in the cell that is asked for, from its centre along x and y in cells, shape
            (2, N); the centre by default.
        """
        if not self._separable:
            return self._pointwise(positions_mm, thickness_mm, which, cell, shift)
        index, share, _ = self._places(2, positions_mm)
        self._hold(int(index.min()), int(index.max()) + 2)
        step = self._n_nodes[index + 1] - self._n_nodes[index]
        slopes = (self._n_sign * thickness_mm / step).astype(np.float32)
        between = Between(
            self._held,
            index - self._held_from,
            share.astype(np.float32),
            which,
            cell,
            reach=self._lattice.shape[1],
        )
        found = CellDose(*(np.empty(len(cell)) for _ in range(3)))
        for begin in range(0, len(cell), _CELLS_AT_ONCE):
            some = slice(begin, begin + _CELLS_AT_ONCE)
            part = CellDose(*(values[some] for values in found))
            across = between.rise(some)
            across *= slopes.take(which[some])
            self._look_up(between, some, part, across, None if shift is None else shift[:, some])
        within = self._inside(positions_mm, which, cell, shift)
        if within is not None:
            found.dose_gy[~within] = found.mean_gy[~within] = np.nan
        return found

    def _look_up(
        self,
        between: Between,
        some: slice,
        found: CellDose,
        across: Floats,
        shift: Floats | None,
    ) -> None:
        """Fill in the dose of some cells, whose change across the planes is known."""
        here = between.value(0, some)
        found.dose_gy[...] = found.mean_gy[...] = here
        squares = across * across
        for axis, step in enumerate((1, self._lattice.shape[1])):
            along = follow(
                found.dose_gy,
                found.mean_gy,
                between.value(step, some) - here,
                here - between.value(-step, some),
                None if shift is None else shift[axis],
            )
            squares += along * along
        found.spread_gy[...] = 0.5 * np.sqrt(squares)

    def on_planes(
        self, x_mm: Floats, y_mm: Floats, positions_mm: Floats, which: Index
    ) -> NDArray[np.float64]:
        """Return the dose at places on planes of the stack, NaN outside the grid.

        Parameters
        ----------
        x_mm, y_mm
            The places, shape (N,).
        positions_mm
            Planes, shape (Q,).
        which
            Plane of each place, shape (N,).
        """
        if not self._separable:
            local = np.column_stack([x_mm, y_mm, positions_mm.take(which)])
            return self._dose.at(self._frame.to_patient(local))
        along = [
            self._places(0, x_mm),
            self._places(1, y_mm),
            self._places(2, positions_mm).take(which),
        ]
        plane, row, column = (along[self._axis_of.index(axis)] for axis in range(3))
        return self._dose.at_places(plane, row, column)

    def _inside(
        self, positions_mm: Floats, which: Index, cell: Index, shift: Floats | None
    ) -> NDArray[np.bool_] | None:
        """Tell which places lie in the grid, the outer half voxel included; None for all."""
        low, high = self._rims[2]
        lattice = self._lattice
        # Where all outlines lie in the grid, cells that jut out hold nothing outside.
        cut = [
            axis
            for axis in (0, 1)
            if self._rims[axis][0] > lattice.outline_mm[0, axis]
            or self._rims[axis][1] < lattice.outline_mm[1, axis]
        ]
        between = (positions_mm >= low) & (positions_mm <= high)
        if not cut and between.all():
            return None
        within = between[which]
        places = lattice.places(cell)
        for axis in cut:
            low, high = self._rims[axis]
            place = places[axis]
            if shift is not None:
                place = place + shift[axis] * lattice.step_mm
            within &= (place >= low) & (place <= high)
        return np.asarray(within)

    def nodes(self, low_mm: float, high_mm: float) -> list[NodePlane]:
        """Return the planes of dose nodes between two positions.

        Nodes of oblique grids lie in no common plane of the stack: those within one cell of
        each other across the planes are taken together.
        """
        if not self._separable:
            return self._oblique_nodes(low_mm, high_mm)
        positions = self._n_sign * (self._n_nodes - self._n_start)
        cells = self._node_rows[1][:, None] * self._lattice.shape[1] + self._node_columns[1]
        # Mostly the nodes within the lattice follow one another.
        rows, columns = (
            slice(int(nodes[0][0]), int(nodes[0][-1]) + 1) if len(nodes[0]) else slice(0)
            for nodes in (self._node_rows, self._node_columns)
        )
        inner = np.ix_(
            *(nodes[0] - nodes[0][:1] for nodes in (self._node_rows, self._node_columns))
        )
        whole = cells.size == (rows.stop - (rows.start or 0)) * (
            columns.stop - (columns.start or 0)
        )
        y_mm, x_mm = np.broadcast_arrays(
            self._node_place[1][self._node_rows[0]][:, None],
            self._node_place[0][self._node_columns[0]],
        )
        place = np.stack([x_mm.ravel(), y_mm.ravel()])
        found = []
        for plane in np.flatnonzero((positions >= low_mm) & (positions < high_mm)):
            values = self._values[plane][rows, columns]
            values = values if whole else values[inner]
            found.append(NodePlane(float(positions[plane]), values.ravel(), cells.ravel(), place))
        return found

    def _oblique_nodes(self, low_mm: float, high_mm: float) -> list[NodePlane]:
        x, y, step = self._lattice.x_mm, self._lattice.y_mm, self._lattice.step_mm
        corners = np.array(list(itertools.product(x[[0, -1]], y[[0, -1]], (low_mm, high_mm))))
        along = self._dose.index_coordinates(self._frame.to_patient(corners))
        nodes = (self._dose.plane_mm, self._dose.row_mm, self._dose.column_mm)
        index = np.meshgrid(
            *(
                np.arange(*np.searchsorted(n, (along[:, a].min(), along[:, a].max())))
                for a, n in enumerate(nodes)
            ),
            indexing="ij",
        )
        flat = [i.ravel() for i in index]
        places = np.stack([n[i] for n, i in zip(nodes, flat, strict=True)], axis=1)
        local = self._frame.from_patient(self._dose.origin_mm + places @ self._dose.axes)
        column, row = self._lattice.column_of(local[:, 0]), self._lattice.row_of(local[:, 1])
        inside = (column >= 0) & (row >= 0)
        inside &= (local[:, 2] >= low_mm) & (local[:, 2] < high_mm)
        chosen = np.flatnonzero(inside)
        level = np.floor((local[chosen, 2] - low_mm) / step)
        values = self._dose.values_gy[tuple(i[chosen] for i in flat)].astype(np.float64)
        cell = row[chosen] * len(x) + column[chosen]
        return [
            NodePlane(
                float(local[chosen[at], 2].mean()), values[at], cell[at], local[chosen[at], :2].T
            )
            for at in (np.flatnonzero(level == one) for one in np.unique(level))
        ]

    def _hold(self, first: int, last: int) -> None:
        """Resample node planes `first` to `last` - 1 onto the cells, unless they are at hand."""
        if self._held_from <= first and last <= self._held_from + len(self._held):
            return
        # Only the nodes that the cells lie between.
        left, right = int(self._x.lower.min()), int(self._x.lower.max()) + 2
        planes: NDArray[np.float32] = self._values[first:last, :, left:right]
        ways = [
            (axis, places.lower - begin, places.share.astype(np.float32).reshape(shape))
            for axis, places, begin, shape in ((1, self._y, 0, (-1, 1)), (2, self._x, left, (-1,)))
        ]
        if len(self._y.lower) > planes.shape[1]:
            # Whole rows are copied faster than single values: the longer way comes last.
            ways.reverse()
        rows, columns = self._lattice.shape
        self._held = np.empty((len(planes), rows * columns), dtype=np.float32)
        for begin in range(0, len(planes), _PLANES_AT_ONCE):
            some = planes[begin : begin + _PLANES_AT_ONCE]
            for axis, index, weight in ways:
                lower, upper = (some.take(index + k, axis=axis, mode="clip") for k in (0, 1))
                upper -= lower
                upper *= weight
                upper += lower
                some = upper
            self._held[begin : begin + _PLANES_AT_ONCE] = some.reshape(len(some), -1)
        self._held_from = first

    def _pointwise(
        self,
        positions_mm: Floats,
        thickness_mm: Floats,
        which: Index,
        cell: Index,
        shift: Floats | None,
    ) -> CellDose:
        step = self._lattice.step_mm
        flat = self._lattice.points(cell)
        if shift is not None:
            flat = flat + step * shift.T
        local = np.column_stack([flat, positions_mm[which]])
        here = self._dose.at(self._frame.to_patient(local))
        mean, squares = here.copy(), np.zeros(len(here))
        for axis, size in ((0, step), (1, step), (2, thickness_mm[which])):
            place = local.copy()
            place[:, axis] += 0.5 * size
            ahead = self._dose.at(self._frame.to_patient(place)) - here
            place[:, axis] -= size
            behind = here - self._dose.at(self._frame.to_patient(place))
            # Across the planes a cell is filled from end to end.
            width = 1.0 if shift is None or axis == 2 else 1 - 2 * np.abs(shift[axis])
            # Next to the rim of the grid there is no slope to go by.
            change = np.nan_to_num(ahead + behind) * width
            squares += change * change
            if axis < 2:
                # As `follow` does; over half a cell the difference is a quarter of that over one.
                mean += np.nan_to_num(ahead - behind) * width**2 / 6
        return CellDose(here, mean, 0.5 * np.sqrt(squares))


def _rim(nodes_mm: Floats) -> tuple[float, float]:
    """Return where the grid ends on one axis: half a voxel beyond its end nodes."""
    along = np.sort(nodes_mm)
    tolerance = 1e-6
    return (
        float(along[0] - (along[1] - along[0]) / 2 - tolerance),
        float(along[-1] + (along[-1] - along[-2]) / 2 + tolerance),
    )


def _taken(cell: Index) -> tuple[Index, Index]:
    """Return which nodes fall into the lattice on one axis, and into which cells."""
    within = np.flatnonzero(cell >= 0)
    return within, cell[within]
