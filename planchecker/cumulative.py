"""Adding up courses voxel by voxel in EQD2, and what a rule leaves for the next course."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.radiobiology import eqd2
from planchecker.registration import apply

__all__ = ["Addend", "SummedDose", "add_up", "cropped", "largest_retreatment_eqd2"]

Floats = NDArray[np.float64]

_BLOCK_POINTS = 200_000
_CORNERS = np.array(
    [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)], dtype=np.float64
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Addend:
    """One course to add.

    Parameters
    ----------
    grid
        Physical dose of the whole course.
    fractions
        Number of equal fractions.
    matrix
        Takes points in mm from the frame of the sum to the frame of `grid`, shape (4, 4).
    uncertainty_mm
        How far the two frames may be off against each other.
    """

    grid: DoseGrid
    fractions: int
    matrix: Floats
    uncertainty_mm: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SummedDose:
    """A sum in EQD2 with what it may lie between.

    Parameters
    ----------
    value
        The sum, without dose outside the grid of a course.
    low, high
        Lowest and highest sum within the uncertainty of the registrations. Outside the grid of
        a course its dose is unknown: `high` then takes the course's highest dose.
    outside
        Share of the nodes that lie outside the grid of a course.
    """

    value: DoseGrid
    low: DoseGrid
    high: DoseGrid
    outside: float


def add_up(template: DoseGrid, addends: Sequence[Addend], *, alpha_beta_gy: float) -> SummedDose:
    """Add courses at the nodes of a grid.

    Physical dose is interpolated first and converted after, each course with its own number of
    fractions; sums are made voxel by voxel only. Memory: three grids in single precision, and
    blocks of a fixed number of points.

    Parameters
    ----------
    template
        Where to add; its own dose does not count.
    alpha_beta_gy
        In Gy.

    Returns
    -------
    SummedDose
        In Gy EQD2, without any recovery between courses.

    Notes
    -----
    The uncertainty is sampled at 26 directions on a sphere of that radius round each node, and
    at the node itself.

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.full((2, 2, 2), 30.0), spacing_mm=(2.0, 2.0, 2.0))
    >>> course = Addend(grid=grid, fractions=10, matrix=np.eye(4))
    >>> add_up(grid, (course, course), alpha_beta_gy=2.0).value.max_gy
    75.0
    """
    shape = template.values_gy.shape
    count = int(np.prod(shape))
    value, low, high = (np.zeros(count, dtype=np.float32) for _ in range(3))
    outside = np.zeros(count, dtype=bool)
    for first in range(0, count, _BLOCK_POINTS):
        part = slice(first, min(first + _BLOCK_POINTS, count))
        points = _nodes(template, part)
        for addend in addends:
            at, least, most, missing = _contribution(addend, points, alpha_beta_gy)
            value[part] += at
            low[part] += least
            high[part] += most
            outside[part] |= missing
    grids = (_as_grid(template, values.reshape(shape)) for values in (value, low, high))
    return SummedDose(
        value=next(grids), low=next(grids), high=next(grids), outside=float(outside.mean())
    )


def cropped(grid: DoseGrid, points_mm: Floats, *, margin_mm: float = 0.0) -> DoseGrid:
    """Return the part of a grid round some points, at least two nodes along each axis.

    Parameters
    ----------
    points_mm
        Patient coordinates, shape (N, 3).

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.zeros((9, 9, 9)), spacing_mm=(1.0, 1.0, 1.0))
    >>> cropped(grid, np.array([[4.0, 4.0, 4.0]]), margin_mm=0.5).values_gy.shape
    (5, 5, 5)
    """
    along = grid.index_coordinates(points_mm)
    low, high = along.min(axis=0) - margin_mm, along.max(axis=0) + margin_mm
    axes = (grid.plane_mm, grid.row_mm, grid.column_mm)
    parts = [_span(nodes, a, b) for nodes, a, b in zip(axes, low, high, strict=True)]
    starts = np.array([nodes[part.start] for nodes, part in zip(axes, parts, strict=True)])
    plane, row, column = (
        nodes[part] - nodes[part.start] for nodes, part in zip(axes, parts, strict=True)
    )
    return DoseGrid(
        values_gy=grid.values_gy[tuple(parts)],
        origin_mm=grid.origin_mm + starts @ grid.axes,
        axes=grid.axes,
        plane_mm=plane,
        row_mm=row,
        column_mm=column,
    )


def largest_retreatment_eqd2(
    earlier_gy: float, *, cumulative_gy: float, course_gy: float, share: float | None = None
) -> float:
    """Return the highest EQD2 of a further course that keeps a rule, 0 where there is none.

    Parameters
    ----------
    earlier_gy
        EQD2 of the earlier courses at the same point.
    cumulative_gy, course_gy
        Bounds of the sum and of the further course.
    share
        Bound of the further course's share of the sum; None where it is not asked.

    Examples
    --------
    >>> largest_retreatment_eqd2(50.0, cumulative_gy=70.0, course_gy=25.0)
    20.0
    >>> largest_retreatment_eqd2(20.0, cumulative_gy=70.0, course_gy=25.0, share=0.5)
    20.0
    """
    most = min(course_gy, cumulative_gy - earlier_gy)
    if share is not None and share < 1:
        most = min(most, earlier_gy * share / (1 - share))
    return max(most, 0.0)


def _span(nodes: Floats, low: float, high: float) -> slice:
    """Return the nodes of an axis from the one at or before `low` to the one after `high`."""
    first = int(np.searchsorted(nodes, low, side="right")) - 1
    last = int(np.searchsorted(nodes, high, side="left"))
    # One node more on either side keeps the interpolation of the whole grid near the edge.
    first, last = max(first - 1, 0), min(last + 1, len(nodes) - 1)
    first, last = min(first, len(nodes) - 2), max(last, 1)
    return slice(first, max(last, first + 1) + 1)


def _nodes(grid: DoseGrid, part: slice) -> Floats:
    flat = np.arange(part.start, part.stop)
    plane, row, column = np.unravel_index(flat, grid.values_gy.shape)
    along = np.column_stack([grid.plane_mm[plane], grid.row_mm[row], grid.column_mm[column]])
    return np.asarray(grid.origin_mm + along @ grid.axes)


def _contribution(
    addend: Addend, points: Floats, alpha_beta_gy: float
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return EQD2 at the points, its lowest and highest within the uncertainty, and what is out."""
    moved = apply(addend.matrix, points)
    dose = addend.grid.at(moved)
    missing = np.isnan(dose)
    low, high = dose.copy(), dose.copy()
    if addend.uncertainty_mm > 0:
        for corner in _CORNERS:
            if not corner.any():
                continue
            step = addend.uncertainty_mm * corner / np.linalg.norm(corner)
            near = addend.grid.at(moved + step)
            missing |= np.isnan(near)
            low, high = np.fmin(low, near), np.fmax(high, near)
    # Outside its grid nothing is known of a course but that its highest dose was exported.
    dose = np.where(np.isnan(dose), 0.0, dose)
    low = np.where(missing, 0.0, low)
    high = np.where(missing, addend.grid.max_gy, high)
    scaled = (
        eqd2(values, fractions=addend.fractions, alpha_beta_gy=alpha_beta_gy)
        for values in (dose, low, high)
    )
    return next(scaled), next(scaled), next(scaled), missing


def _as_grid(template: DoseGrid, values: NDArray[np.float32]) -> DoseGrid:
    return DoseGrid(
        values_gy=values,
        origin_mm=template.origin_mm,
        axes=template.axes,
        plane_mm=template.plane_mm,
        row_mm=template.row_mm,
        column_mm=template.column_mm,
    )
