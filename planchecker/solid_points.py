"""Points that fill a structure evenly, and which points lie in one."""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.loops import inside_raster, signed_area
from planchecker.dosimetry.planes import Plane, PlaneStack, stack_planes
from planchecker.dosimetry.structure import Structure

__all__ = ["fill_plane", "filled", "holds", "in_plane"]

_FINEST_MM = 0.4
_PAIRS = 2_000_000


def filled(structure: Structure, *, most: int = 20_000) -> tuple[NDArray[np.float64], float]:
    """Return points that fill a structure evenly in all directions.

    Each plane stands for a slab of one plane spacing, filled in thin layers.

    Parameters
    ----------
    most
        About how many points at most.

    Returns
    -------
    points_mm : ndarray of shape (N, 3)
        Patient coordinates.
    share_cc : float
        Volume each point stands for.

    Raises
    ------
    GeometryError
        If the contours enclose no volume.

    Examples
    --------
    >>> from planchecker.dosimetry.structure import Contour
    >>> square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    >>> planes = [Contour(points_mm=np.column_stack([square, np.full(4, z)])) for z in (1.0, 3.0)]
    >>> points, share_cc = filled(Structure(roi_number=1, name="Box", contours=tuple(planes)))
    >>> round(len(points) * share_cc, 2)
    0.4
    """
    stack = stack_planes(structure, spacing_mm=1.0)
    volume_mm3 = stack.spacing_mm * sum(plane.area_mm2 for plane in stack.planes)
    step = max(_FINEST_MM, float(np.cbrt(volume_mm3 / most)))
    layers = max(1, round(stack.spacing_mm / step))
    offsets = stack.spacing_mm * ((np.arange(layers) + 0.5) / layers - 0.5)
    parts = []
    for plane in stack.planes:
        flat = fill_plane(plane, step)
        for offset in offsets:
            heights = np.full(len(flat), plane.position_mm + offset)
            parts.append(np.column_stack([flat, heights]))
    local = np.concatenate(parts)
    share_cc = step * step * stack.spacing_mm / layers / 1000
    return stack.frame.to_patient(local), share_cc


def holds(structure: Structure, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the points that lie in a structure.

    Parameters
    ----------
    points_mm
        Patient coordinates, shape (N, 3).

    Raises
    ------
    GeometryError
        If the contours enclose no volume.
    """
    stack = stack_planes(structure, spacing_mm=1.0)
    local = stack.frame.from_patient(points_mm)
    return _in_stack(stack, local)


def _in_stack(stack: PlaneStack, local: NDArray[np.float64]) -> NDArray[np.bool_]:
    found = np.zeros(len(local), dtype=bool)
    heights = np.array([plane.position_mm for plane in stack.planes])
    nearest = np.abs(local[:, 2:] - heights[None, :])
    index = nearest.argmin(axis=1)
    near = nearest[np.arange(len(local)), index] <= stack.spacing_mm / 2 + 1e-6
    for number, plane in enumerate(stack.planes):
        here = np.flatnonzero(near & (index == number))
        if len(here):
            found[here] = in_plane(local[here, :2], plane)
    return found


def fill_plane(plane: Plane, step_mm: float) -> NDArray[np.float64]:
    """Return points every `step_mm` that fill a plane, in its own coordinates, shape (N, 2)."""
    vertices = np.concatenate(plane.loops)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    x, y = (
        np.arange(a + step_mm / 2, b + step_mm, step_mm) for a, b in zip(low, high, strict=True)
    )
    mask = np.zeros((len(y), len(x)), dtype=bool)
    for loop in plane.loops:
        if abs(signed_area(loop)) > 0:
            mask ^= inside_raster(loop, x, y)
    row, column = np.nonzero(mask)
    return np.column_stack([x[column], y[row]])


def in_plane(points: NDArray[np.float64], plane: Plane) -> NDArray[np.bool_]:
    """Mark the points of shape (N, 2) inside a plane, by the even-odd rule over all its loops."""
    found = np.zeros(len(points), dtype=bool)
    for loop in plane.loops:
        after = np.roll(loop, -1, axis=0)
        block = max(1, _PAIRS // len(loop))
        for first in range(0, len(points), block):
            part = points[first : first + block]
            y = part[:, 1:]
            spans = (loop[:, 1] > y) != (after[:, 1] > y)
            rise = np.where(after[:, 1] == loop[:, 1], 1.0, after[:, 1] - loop[:, 1])
            crossing = loop[:, 0] + (y - loop[:, 1]) / rise * (after[:, 0] - loop[:, 0])
            hits = (spans & (part[:, :1] < crossing)).sum(axis=1)
            found[first : first + block] ^= hits % 2 == 1
    return found
