"""The sampling lattice of one structure and the dose on it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid, locate
from planchecker.dosimetry.planes import Frame, PlaneStack
from planchecker.errors import GeometryError

__all__ = ["Lattice", "LatticeDose", "lattice_for"]

# Cells a structure is cut into at least; fewer only where a cell would be smaller than useful.
_CELLS = 60_000
_CELLS_ACROSS = 16
_SMALLEST_MM = 0.02
# Above this a contour lies at absurd coordinates; memory would run out before an answer came.
_MOST_CELLS_IN_PLANE = 16_000_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lattice:
    """Square cells in the plane of the contours; coordinates are cell centres in mm."""

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    step_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return len(self.y_mm), len(self.x_mm)

    def points(self, cells: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the centres of flat cell numbers, shape (N, 2)."""
        row, column = np.divmod(cells, len(self.x_mm))
        return np.stack([self.x_mm[column], self.y_mm[row]], axis=1)


def lattice_for(stack: PlaneStack, dose: DoseGrid) -> Lattice:
    """Choose cells small against the structure and never larger than a dose voxel.

    Raises
    ------
    GeometryError
        If the contours span an extent that no patient has.
    """
    areas = np.array([plane.area_mm2 for plane in stack.planes])
    volume = float(areas.sum()) * stack.spacing_mm
    step = min(
        (volume / _CELLS) ** (1 / 3),
        math.sqrt(float(areas.max())) / _CELLS_ACROSS,
        *dose.spacing_mm,
    )
    step = max(step, _SMALLEST_MM)
    vertices = np.concatenate([loop for plane in stack.planes for loop in plane.loops])
    low = vertices.min(axis=0) - 3 * step
    count = np.ceil((vertices.max(axis=0) + 3 * step - low) / step).astype(float) + 1
    if not np.isfinite(count).all() or float(count.prod()) > _MOST_CELLS_IN_PLANE:
        extent = np.ptp(vertices, axis=0)
        raise GeometryError(
            f"contours span {extent[0]:g} x {extent[1]:g} mm around an area of "
            f"{float(areas.max()):g} mm²; no structure does, so some coordinates are wrong"
        )
    # A lattice that starts on the outline would put whole columns of cells exactly on it.
    low = low + 0.37 * step
    columns, rows = (np.arange(int(n)) for n in count)
    return Lattice(x_mm=low[0] + step * columns, y_mm=low[1] + step * rows, step_mm=step)


class LatticeDose:
    """Dose on a lattice, plane after plane.

    Where the axes of the dose grid are parallel to those of the stack, trilinear
    interpolation is done axis by axis, which is many times faster than point by point and
    gives the same numbers.
    """

    def __init__(self, lattice: Lattice, frame: Frame, dose: DoseGrid) -> None:
        self._lattice = lattice
        self._frame = frame
        self._dose = dose
        self._cache: dict[int, NDArray[np.float64]] = {}
        turned = dose.axes @ frame.axes.T
        self._axis_of = tuple(int(i) for i in np.abs(turned).argmax(axis=0))
        along = np.abs(turned).max(axis=0)
        self._separable = bool((along > 1 - 1e-6).all()) and len(set(self._axis_of)) == 3
        if self._separable:
            self._prepare(turned)

    def _prepare(self, turned: NDArray[np.float64]) -> None:
        start = self._dose.index_coordinates(np.zeros((1, 3)))[0]
        nodes = (self._dose.plane_mm, self._dose.row_mm, self._dose.column_mm)
        x_axis, y_axis, n_axis = self._axis_of
        signs = [float(np.sign(turned[axis, i])) for i, axis in enumerate(self._axis_of)]
        self._x = locate(nodes[x_axis], start[x_axis] + signs[0] * self._lattice.x_mm)
        self._y = locate(nodes[y_axis], start[y_axis] + signs[1] * self._lattice.y_mm)
        self._n_nodes, self._n_start, self._n_sign = nodes[n_axis], start[n_axis], signs[2]
        self._values = self._dose.values_gy.transpose(n_axis, y_axis, x_axis)
        self._node_rows = _nodes_on(signs[1] * (nodes[y_axis] - start[y_axis]), self._lattice.y_mm)
        self._node_columns = _nodes_on(
            signs[0] * (nodes[x_axis] - start[x_axis]), self._lattice.x_mm
        )
        self._outside = ~(self._y[2][:, None] & self._x[2][None, :])

    def block(self, positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dose on whole planes.

        Parameters
        ----------
        positions_mm
            Positions across the planes, shape (M,).

        Returns
        -------
        ndarray of shape (M, rows, columns)
            In Gy, NaN outside the grid.
        """
        if not self._separable:
            return self._pointwise(positions_mm)
        index, fraction, inside = locate(self._n_nodes, self._n_start + self._n_sign * positions_mm)
        needed = set(index.tolist()) | set((index + 1).tolist())
        self._cache = {i: plane for i, plane in self._cache.items() if i in needed}
        out = np.empty((len(positions_mm), *self._lattice.shape))
        for at, (lower, share, within) in enumerate(zip(index, fraction, inside, strict=True)):
            if not within:
                out[at] = np.nan
                continue
            out[at] = (1 - share) * self._resampled(int(lower))
            out[at] += share * self._resampled(int(lower) + 1)
        return out

    def nodes_between(
        self, low_mm: float, high_mm: float
    ) -> Iterator[tuple[float, NDArray[np.float64], NDArray[np.intp]]]:
        """Yield the planes of dose nodes that lie between two positions.

        Yields
        ------
        position_mm : float
        dose_gy : ndarray of shape (N,)
            Dose at the nodes that fall into the lattice.
        cells : ndarray of shape (N,)
            Flat number of the lattice cell each node falls into.

        Notes
        -----
        Oblique grids yield nothing: their nodes lie in no common plane of the stack.
        """
        if not self._separable:
            return
        positions = self._n_sign * (self._n_nodes - self._n_start)
        for plane in np.flatnonzero((positions >= low_mm) & (positions < high_mm)):
            values = self._values[plane][np.ix_(self._node_rows[0], self._node_columns[0])]
            cells = self._node_rows[1][:, None] * self._lattice.shape[1] + self._node_columns[1]
            yield float(positions[plane]), values.ravel().astype(np.float64), cells.ravel()

    def _resampled(self, plane: int) -> NDArray[np.float64]:
        if plane not in self._cache:
            values = self._values[plane].astype(np.float64)
            row, share, _ = self._y
            values = values[row] * (1 - share)[:, None] + values[row + 1] * share[:, None]
            column, share, _ = self._x
            values = values[:, column] * (1 - share) + values[:, column + 1] * share
            values[self._outside] = np.nan
            self._cache[plane] = values
        return self._cache[plane]

    def _pointwise(self, positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        y, x = np.meshgrid(self._lattice.y_mm, self._lattice.x_mm, indexing="ij")
        flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        out = np.empty((len(positions_mm), *self._lattice.shape))
        for at, position in enumerate(positions_mm):
            flat[:, 2] = position
            out[at] = self._dose.at(self._frame.to_patient(flat)).reshape(self._lattice.shape)
        return out


def _nodes_on(
    nodes_mm: NDArray[np.float64], lattice_mm: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which nodes fall into the lattice on one axis, and into which cells."""
    cell = np.rint((nodes_mm - lattice_mm[0]) / (lattice_mm[1] - lattice_mm[0])).astype(np.intp)
    within = np.flatnonzero((cell >= 0) & (cell < len(lattice_mm)))
    return within, cell[within]
