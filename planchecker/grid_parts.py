"""Parts of a dose grid, finer axes, and what lies near each of its nodes."""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid

__all__ = ["cropped", "divided", "filtered", "nearest_nodes", "node_axes"]

Floats = NDArray[np.float64]


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


def node_axes(grid: DoseGrid) -> tuple[Floats, Floats, Floats]:
    """Return the positions of the nodes along planes, rows and columns, in mm.

    Examples
    --------
    >>> grid = DoseGrid.regular(np.zeros((2, 2, 3)), spacing_mm=(3.0, 2.0, 1.0))
    >>> [len(nodes) for nodes in node_axes(grid)]
    [2, 2, 3]
    """
    return grid.plane_mm, grid.row_mm, grid.column_mm


def divided(nodes: Floats, parts: int) -> Floats:
    """Return an axis with every interval cut into equal parts.

    Examples
    --------
    >>> divided(np.array([0.0, 2.0, 6.0]), 2)
    array([0., 1., 2., 4., 6.])
    """
    at = np.arange(parts * (len(nodes) - 1) + 1) / parts
    return np.asarray(np.interp(at, np.arange(len(nodes)), nodes))


def filtered(
    values: NDArray[np.float32], axis: int, reach: int, pick: np.ufunc
) -> NDArray[np.float32]:
    """Return the lowest or highest of each node and its neighbours along one axis.

    Parameters
    ----------
    reach
        How many neighbours on either side.
    pick
        `numpy.minimum` or `numpy.maximum`.

    Examples
    --------
    >>> row = np.array([[[0.0, 5.0, 0.0, 0.0]]], dtype=np.float32)
    >>> filtered(row, 2, 1, np.maximum)
    array([[[5., 5., 5., 0.]]], dtype=float32)
    """
    found = values.copy()
    for step in range(1, min(reach, values.shape[axis] - 1) + 1):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
        for here, there in ((ahead, behind), (behind, ahead)):
            pick(found[tuple(here)], values[tuple(there)], out=found[tuple(here)])
    return found


def nearest_nodes(nodes: Floats, along: Floats) -> NDArray[np.intp]:
    """Return the index of the node nearest to each coordinate, the end nodes beyond the ends.

    Examples
    --------
    >>> nearest_nodes(np.array([0.0, 2.0, 4.0]), np.array([-9.0, 0.9, 1.1, 9.0]))
    array([0, 0, 1, 2])
    """
    after = np.clip(np.searchsorted(nodes, along), 1, len(nodes) - 1)
    return np.asarray(after - (along - nodes[after - 1] < nodes[after] - along))


def _span(nodes: Floats, low: float, high: float) -> slice:
    """Return the nodes of an axis from the one at or before `low` to the one after `high`."""
    first = int(np.searchsorted(nodes, low, side="right")) - 1
    last = int(np.searchsorted(nodes, high, side="left"))
    # One node more on either side keeps the interpolation of the whole grid near the edge.
    first, last = max(first - 1, 0), min(last + 1, len(nodes) - 1)
    first, last = min(first, len(nodes) - 2), max(last, 1)
    return slice(first, max(last, first + 1) + 1)
