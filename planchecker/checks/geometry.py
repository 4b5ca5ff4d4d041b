"""Where structures lie to each other, by points: overlap, nearness, planes without contour."""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import median
from planchecker.dosimetry.loops import unsigned_distance
from planchecker.dosimetry.planes import PlaneStack, stack_planes
from planchecker.dosimetry.structure import Structure
from planchecker.solid_points import fill_plane, in_plane

__all__ = ["interior_points", "overlaps", "planes_without", "within"]

# Enough points for a share of the volume to 1 % and few enough for a fraction of a second.
_POINTS = 40_000


def interior_points(structure: Structure) -> NDArray[np.float64]:
    """Return points that fill the structure evenly, plane by plane.

    Returns
    -------
    ndarray of shape (N, 3)
        Patient coordinates in mm.

    Raises
    ------
    GeometryError
        If the contours enclose no volume.
    """
    stack = _stack(structure)
    area_mm2 = sum(plane.area_mm2 for plane in stack.planes)
    step = max(0.5, float(np.sqrt(area_mm2 / _POINTS)))
    filled = [
        np.insert(fill_plane(plane, step), 2, plane.position_mm, axis=1)
        for plane in stack.planes
        if plane.loops
    ]
    return stack.frame.to_patient(np.concatenate(filled))


def within(
    structure: Structure, points_mm: NDArray[np.float64], *, margin_mm: float = 0.0
) -> NDArray[np.bool_]:
    """Mark the points that lie in the structure or at most `margin_mm` outside it.

    Each plane stands for a slab of one plane spacing.

    Parameters
    ----------
    points_mm
        Patient coordinates, shape (N, 3).
    """
    stack = _stack(structure)
    local = stack.frame.from_patient(points_mm)
    found = np.zeros(len(local), dtype=bool)
    for plane in stack.planes:
        if not plane.loops:
            continue
        across = np.abs(local[:, 2] - plane.position_mm) - stack.spacing_mm / 2
        near = np.flatnonzero((across <= margin_mm) & ~found)
        vertices = np.concatenate(plane.loops)
        flat = local[near, :2]
        boxed = (
            (flat >= vertices.min(axis=0) - margin_mm) & (flat <= vertices.max(axis=0) + margin_mm)
        ).all(axis=1)
        near, flat = near[boxed], flat[boxed]
        if len(near):
            aside = np.where(
                in_plane(flat, plane),
                0.0,
                np.min([unsigned_distance(flat, p) for p in plane.loops], axis=0),
            )
            found[near] = aside**2 + np.maximum(across[near], 0.0) ** 2 <= margin_mm**2
    return found


def overlaps(first: Structure, second: Structure) -> bool:
    """Tell whether two structures share volume.

    Raises
    ------
    GeometryError
        If the contours of one of them enclose no volume.
    """
    return bool(
        within(second, interior_points(first)).any() or within(first, interior_points(second)).any()
    )


def planes_without(target: Structure, covers: tuple[Structure, ...]) -> tuple[float, ...]:
    """Return the heights at which the target is contoured and none of `covers` is.

    A plane of the target counts as covered where a contour lies at most three quarters of the
    larger plane spacing away along the patient's long axis.

    Returns
    -------
    tuple of float
        z of the planes in mm.
    """
    heights = _heights(target)
    drawn = [other for other in map(_heights, covers) if len(other)]
    reach = [0.75 * max(_spacing(heights), _spacing(other)) for other in drawn]
    return tuple(
        float(height)
        for height in heights
        if not any(
            np.abs(other - height).min() <= mm for other, mm in zip(drawn, reach, strict=True)
        )
    )


def _stack(structure: Structure) -> PlaneStack:
    # The spacing matters for a structure on one plane only, whose thickness nothing tells.
    return stack_planes(structure, spacing_mm=1.0)


def _heights(structure: Structure) -> NDArray[np.float64]:
    closed = [c.points_mm for c in structure.contours if c.geometric_type.is_closed]
    return np.unique([round(median(points[:, 2]), 2) for points in closed])


def _spacing(heights: NDArray[np.float64]) -> float:
    return median(np.diff(heights)) if len(heights) > 1 else 1.0
