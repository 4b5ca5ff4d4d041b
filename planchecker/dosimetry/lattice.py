"""The sampling lattice of one structure."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.planes import PlaneStack
from planchecker.errors import GeometryError

__all__ = ["Lattice", "lattice_for"]

Index = NDArray[np.intp]

# Cells a structure is cut into at least; fewer only where a cell would be smaller than useful.
_CELLS = 30_000
_MOST_CELLS = 120_000
_CELLS_ACROSS = 16
# Shells and rods: a cell that both faces of a wall cross would be counted too full.
_CELLS_THROUGH_A_WALL = 5
_MOST_CELLS_FOR_WALLS = 200_000
_SMALLEST_MM = 0.02
# Cells kept on either side of every loop: none farther away is ever looked at.
_MARGIN_CELLS = 8
# Above this a contour lies at absurd coordinates; memory would run out before an answer came.
_MOST_CELLS_IN_PLANE = 16_000_000
# Cells of the whole box round islands that lie apart; dust a metre wide is no structure.
_MOST_CELLS_SPANNED = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lattice:
    """Square cells in the plane of the contours.

    Parameters
    ----------
    x_mm, y_mm
        Coordinates of the cell centres.
    step_mm
        Width of a cell.
    outline_mm
        Least and greatest (x, y) of the outlines, shape (2, 2).
    columns, rows
        Numbers of the columns and rows by their place in a lattice without gaps, -1 where it
        has been left out: there is nothing between islands that lie far apart.
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    step_mm: float
    outline_mm: NDArray[np.float64]
    columns: Index
    rows: Index

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return len(self.y_mm), len(self.x_mm)

    def column_of(self, x_mm: NDArray[np.float64]) -> Index:
        """Return the columns that coordinates fall into, -1 where there is none."""
        return _number_of(x_mm, self.x_mm[0], self.step_mm, self.columns)

    def row_of(self, y_mm: NDArray[np.float64]) -> Index:
        """Return the rows that coordinates fall into, -1 where there is none."""
        return _number_of(y_mm, self.y_mm[0], self.step_mm, self.rows)

    def points(self, cells: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return the centres of flat cell numbers, shape (N, 2)."""
        x, y = self.places(cells)
        return np.stack([x, y], axis=1)

    def places(
        self, cells: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the same axis by axis: x and y of the centres, each of shape (N,)."""
        columns = len(self.x_mm)
        # Far faster than divmod.
        row = cells // columns
        return self.x_mm[cells - row * columns], self.y_mm[row]


def _number_of(along_mm: NDArray[np.float64], first_mm: float, step_mm: float, of: Index) -> Index:
    place = np.rint((along_mm - first_mm) / step_mm)
    # What lies before the first or after the last finds the number that is put at the end.
    place.clip(-1, len(of), out=place)
    return np.append(of, -1).take(place.astype(np.intp))


def lattice_for(stack: PlaneStack, dose: DoseGrid) -> Lattice:
    """Choose cells small against the structure and never larger than a dose voxel.

    Raises
    ------
    GeometryError
        If the contours span an extent that no patient has.
    """
    planes = stack.planes
    areas = np.array([plane.area_mm2 for plane in planes])
    volume = float(areas.sum()) * stack.spacing_mm
    # Dose is not linear over more than a voxel, so cells stay below one unless the structure
    # is so large that its cells would count by the million.
    coarsest = max(min(dose.spacing_mm), (volume / _MOST_CELLS) ** (1 / 3))
    step = min(
        (volume / _CELLS) ** (1 / 3),
        math.sqrt(float(areas.max())) / _CELLS_ACROSS,
        coarsest,
    )
    flat = FlatLoops.of([loop for plane in planes for loop in plane.loops])
    outline = np.array([(column.min(), column.max()) for column in flat.columns()]).T
    extent = outline[1] - outline[0]
    box_mm2 = float(extent.prod())
    affordable = math.sqrt(box_mm2 * len(planes) / _MOST_CELLS_FOR_WALLS)
    step = min(step, max(_thickness_mm(stack, flat) / _CELLS_THROUGH_A_WALL, affordable))
    step = max(step, _SMALLEST_MM)
    low = outline[0] - 3 * step
    count = np.ceil((outline[1] + 3 * step - low) / step).astype(float) + 1
    # A lattice that starts on the outline would put whole columns of cells exactly on it.
    low = low + 0.37 * step
    if np.isfinite(count).all() and float(count.prod()) <= _MOST_CELLS_SPANNED:
        columns, rows = (_used(flat, axis, low, step, int(count[axis])) for axis in (0, 1))
        if np.count_nonzero(columns >= 0) * np.count_nonzero(rows >= 0) <= _MOST_CELLS_IN_PLANE:
            return Lattice(
                x_mm=low[0] + step * np.flatnonzero(columns >= 0),
                y_mm=low[1] + step * np.flatnonzero(rows >= 0),
                step_mm=step,
                outline_mm=outline,
                columns=columns,
                rows=rows,
            )
    raise GeometryError(
        f"contours span {extent[0]:g} x {extent[1]:g} mm around an area of "
        f"{float(areas.max()):g} mm²; no structure does, so some coordinates are wrong"
    )


def _used(
    flat: FlatLoops, axis: int, low_mm: NDArray[np.float64], step_mm: float, count: int
) -> Index:
    """Return the number of each column or row near a loop, -1 for the others."""
    along = flat.columns()[axis]
    ends = np.stack([flat.lowest(along), flat.highest(along)])
    first, last = np.rint((ends - low_mm[axis]) / step_mm).astype(np.intp)
    changes = np.zeros(count + 1, dtype=np.intp)
    np.add.at(changes, np.maximum(first - _MARGIN_CELLS, 0), 1)
    np.add.at(changes, np.minimum(last + _MARGIN_CELLS + 1, count), -1)
    used = np.cumsum(changes[:-1]) > 0
    return np.where(used, np.cumsum(used) - 1, -1)


def _thickness_mm(stack: PlaneStack, flat: FlatLoops) -> float:
    """Return the thickness of a wall that has the area and the outline of the structure."""
    holes = [hole for plane in stack.planes for hole in plane.holes]
    area = float((np.abs(flat.signed_areas()) * np.where(holes, -1, 1)).sum())
    along_x, along_y = (column[flat.following] - column for column in flat.columns())
    length = float(np.sqrt(along_x * along_x + along_y * along_y).sum())
    return 2 * area / length if length > 0 and area > 0 else math.inf
