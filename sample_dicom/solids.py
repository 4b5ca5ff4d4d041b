"""Solids as signed distances in mm: negative inside, positive outside, exact outside."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Solid", "bar", "grow", "rounded_box", "union"]

Array = NDArray[np.float64]
Solid = Callable[[Array, Array, Array], Array]
"""Signed distance in mm of points given as broadcastable arrays x, y, z in mm."""


def rounded_box(
    *,
    centre_mm: tuple[float, float, float],
    half_mm: tuple[float, float, float],
    corner_mm: float,
    edge_mm: float,
) -> Solid:
    """Return an upright block, rounded by `corner_mm` seen from above and `edge_mm` at its ends.

    Parameters
    ----------
    half_mm
        Half lengths along x, y and z, rounding included.

    Examples
    --------
    >>> import numpy as np
    >>> block = rounded_box(
    ...     centre_mm=(0, 0, 0), half_mm=(10, 10, 5), corner_mm=4, edge_mm=1
    ... )
    >>> float(block(np.array(13.0), np.array(0.0), np.array(0.0)))
    3.0
    """
    inner_x, inner_y = (half - corner_mm for half in half_mm[:2])
    inner_z = half_mm[2] - edge_mm

    def distance(x: Array, y: Array, z: Array) -> Array:
        side_x = np.abs(x - centre_mm[0]) - inner_x
        side_y = np.abs(y - centre_mm[1]) - inner_y
        across = (
            np.hypot(np.maximum(side_x, 0), np.maximum(side_y, 0))
            + np.minimum(np.maximum(side_x, side_y), 0)
            - (corner_mm - edge_mm)
        )
        along = np.abs(z - centre_mm[2]) - inner_z
        outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
        return np.asarray(outside + np.minimum(np.maximum(across, along), 0) - edge_mm)

    return distance


def bar(
    *,
    start_mm: tuple[float, float, float],
    end_mm: tuple[float, float, float],
    radius_mm: float,
    rise_mm: float = 0.0,
) -> Solid:
    """Return a round bar between two points, stretched along z by `rise_mm` both ways.

    Examples
    --------
    >>> import numpy as np
    >>> rod = bar(start_mm=(0, 0, -10), end_mm=(0, 0, 10), radius_mm=3)
    >>> float(rod(np.array(0.0), np.array(5.0), np.array(0.0)))
    2.0
    """
    axis = np.subtract(end_mm, start_mm)
    length_squared = float(axis @ axis)

    def distance(x: Array, y: Array, z: Array) -> Array:
        offset_x, offset_y = x - start_mm[0], y - start_mm[1]
        offset_z = z - start_mm[2]
        offset_z = offset_z - np.clip(offset_z, -rise_mm, rise_mm)
        along = (offset_x * axis[0] + offset_y * axis[1] + offset_z * axis[2]) / length_squared
        along = np.clip(along, 0.0, 1.0)
        squared = (
            (offset_x - along * axis[0]) ** 2
            + (offset_y - along * axis[1]) ** 2
            + (offset_z - along * axis[2]) ** 2
        )
        return np.asarray(np.sqrt(squared) - radius_mm)

    return distance


def union(*solids: Solid) -> Solid:
    """Return what lies in any of `solids`."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        nearest = solids[0](x, y, z)
        for solid in solids[1:]:
            nearest = np.minimum(nearest, solid(x, y, z))
        return nearest

    return distance


def grow(solid: Solid, margin_mm: float) -> Solid:
    """Return `solid` with a margin on all sides; a negative margin shrinks it."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        return solid(x, y, z) - margin_mm

    return distance
