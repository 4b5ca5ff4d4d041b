"""The surface of patient and couch as the contours give it."""

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.context import Context
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.planar import Planar, planar
from planchecker.errors import GeometryError

__all__ = ["bodies", "couches", "inside", "way_to_skin_mm"]

_STEP_MM = 0.5
_FARTHEST_MM = 700.0
_BOX_SPARE_MM = 1.0


def bodies(context: Context) -> tuple[Planar, ...]:
    """Return the external contours that are drawn on axial slices."""
    return _of(context, "external")


def couches(context: Context) -> tuple[Planar, ...]:
    """Return the contours of couch and supports that are drawn on axial slices."""
    return _of(context, "support")


def inside(shapes: tuple[Planar, ...], points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the points that lie in any of the shapes.

    Parameters
    ----------
    points_mm
        Patient coordinates, shape (N, 3).
    """
    from skimage.measure import points_in_poly  # noqa: PLC0415 - heavy, needed only here

    found = np.zeros(len(points_mm), dtype=bool)
    heights, at = np.unique(np.round(points_mm[:, 2], 3), return_inverse=True)
    for index, height in enumerate(heights):
        here = np.flatnonzero(at.reshape(-1) == index)
        for shape in shapes:
            plane = shape.nearest(float(height))
            if plane is None:
                continue
            near = here[_boxed(points_mm[here, :2], shape)]
            odd = np.zeros(len(near), dtype=bool)
            for loop in shape.loops[plane]:
                odd ^= points_in_poly(points_mm[near, :2], loop)  # type: ignore[no-untyped-call]
            found[near] |= odd
    return found


def way_to_skin_mm(
    shapes: tuple[Planar, ...], isocentre_mm: NDArray[np.float64], toward: NDArray[np.float64]
) -> float | None:
    """Return the distance from the isocentre to the outermost skin towards the source.

    None where the ray leaves the contoured heights inside the body, or never meets it.
    """
    steps = np.arange(-_FARTHEST_MM, _FARTHEST_MM, _STEP_MM)
    points = isocentre_mm + steps[:, None] * toward
    held = inside(shapes, points)
    if not held.any():
        return None
    last = int(np.flatnonzero(held)[-1])
    low = min(float(s.heights_mm[0]) - s.spacing_mm / 2 for s in shapes)
    high = max(float(s.heights_mm[-1]) + s.spacing_mm / 2 for s in shapes)
    if last + 1 >= len(points) or not low <= points[last + 1, 2] <= high:
        return None
    return float(steps[last]) + _STEP_MM / 2


def _boxed(flat: NDArray[np.float64], shape: Planar) -> NDArray[np.bool_]:
    """Mark the points in the box round a shape; no other can lie in one of its loops."""
    low, high = shape.low_mm - _BOX_SPARE_MM, shape.high_mm + _BOX_SPARE_MM
    return np.asarray(((flat >= low) & (flat <= high)).all(axis=1))


def _of(context: Context, category: str) -> tuple[Planar, ...]:
    drawn, shapes = drawn_structures(context), []
    for match in context.matches:
        if match.category == category and match.roi_number in drawn:
            try:
                shapes.append(planar(drawn[match.roi_number]))
            except GeometryError:
                continue
    return tuple(shapes)
