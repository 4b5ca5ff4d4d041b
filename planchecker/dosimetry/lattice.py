"""The sampling lattice of one structure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.loops import are_holes, signed_area
from planchecker.dosimetry.planes import PlaneStack
from planchecker.errors import GeometryError

__all__ = ["Lattice", "lattice_for"]

# Cells a structure is cut into at least; fewer only where a cell would be smaller than useful.
_CELLS = 20_000
_MOST_CELLS = 250_000
_CELLS_ACROSS = 16
# Shells and rods: a cell that both faces of a wall cross would be counted too full.
_CELLS_THROUGH_A_WALL = 5
_MOST_CELLS_FOR_WALLS = 400_000
_SMALLEST_MM = 0.02
# Above this a contour lies at absurd coordinates; memory would run out before an answer came.
_MOST_CELLS_IN_PLANE = 16_000_000


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
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    step_mm: float
    outline_mm: NDArray[np.float64]

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
    # Dose is not linear over more than a voxel, so cells stay below one unless the structure
    # is so large that its cells would count by the million.
    coarsest = max(min(dose.spacing_mm), (volume / _MOST_CELLS) ** (1 / 3))
    step = min(
        (volume / _CELLS) ** (1 / 3),
        math.sqrt(float(areas.max())) / _CELLS_ACROSS,
        coarsest,
    )
    vertices = np.concatenate([loop for plane in stack.planes for loop in plane.loops])
    box_mm2 = float(np.ptp(vertices, axis=0).prod())
    affordable = math.sqrt(box_mm2 * len(stack.planes) / _MOST_CELLS_FOR_WALLS)
    step = min(step, max(_thickness_mm(stack) / _CELLS_THROUGH_A_WALL, affordable))
    step = max(step, _SMALLEST_MM)
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
    return Lattice(
        x_mm=low[0] + step * columns,
        y_mm=low[1] + step * rows,
        step_mm=step,
        outline_mm=np.stack([vertices.min(axis=0), vertices.max(axis=0)]),
    )


def _thickness_mm(stack: PlaneStack) -> float:
    """Return the thickness of a wall that has the area and the outline of the structure."""
    area = length = 0.0
    for plane in stack.planes:
        for loop, hole in zip(plane.loops, are_holes(plane.loops), strict=True):
            area += math.copysign(signed_area(loop), -1 if hole else 1)
            length += float(np.hypot(*(loop - np.roll(loop, 1, axis=0)).T).sum())
    return 2 * area / length if length > 0 and area > 0 else math.inf
