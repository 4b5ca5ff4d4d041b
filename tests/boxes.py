"""Boxes of contours, and doses in which their metrics can be worked out by hand."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Contour, ContourType, Structure

Floats = NDArray[np.float64]

AXIAL = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Dose grid axes: planes along z, rows along y, columns along x."""

PLANES_MM = tuple(float(z) for z in np.arange(-9.0, 10.0, 2.0))
"""Ten planes whose half-slice caps end at -10 and 10 mm."""


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Floats:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=float)


SQUARE = rectangle(-10, -10, 10, 10)
"""20 mm by 20 mm around the origin; on PLANES_MM a box of 8 cc."""


def loop(flat: ArrayLike, z_mm: float, *, kind: ContourType = ContourType.CLOSED_PLANAR) -> Contour:
    flat = np.asarray(flat, dtype=float)
    points = np.column_stack([flat, np.full(len(flat), z_mm)])
    return Contour(points_mm=points, geometric_type=kind)


def stack(flat: ArrayLike, planes_mm: Iterable[float] = PLANES_MM) -> tuple[Contour, ...]:
    """One and the same loop on several planes."""
    return tuple(loop(flat, z) for z in planes_mm)


def structure(contours: Iterable[Contour], name: str = "Box") -> Structure:
    return Structure(roi_number=1, name=name, contours=tuple(contours))


def moved(
    contours: Iterable[Contour], rotation: Floats, shift_mm: ArrayLike
) -> tuple[Contour, ...]:
    """Turn contours about the origin, then shift them."""
    return tuple(
        Contour(points_mm=c.points_mm @ rotation.T + np.asarray(shift_mm)) for c in contours
    )


def grid_of(
    dose_at: Callable[[Floats], Floats],
    *,
    half_mm: float = 30.0,
    spacing_mm: tuple[float, float, float] = (2.0, 2.0, 2.0),
    centre_mm: ArrayLike = (0.0, 0.0, 0.0),
    axes: Floats = AXIAL,
) -> DoseGrid:
    """Put a function of patient coordinates on the nodes of a grid around a centre."""
    steps = [s * np.arange(int(np.ceil(2 * half_mm / s)) + 1) for s in spacing_mm]
    size = np.array([nodes[-1] for nodes in steps])
    origin = np.asarray(centre_mm, dtype=float) - (size / 2) @ axes
    nodes = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    values = dose_at((origin + nodes @ axes).reshape(-1, 3)).reshape(nodes.shape[:3])
    return DoseGrid.regular(values, spacing_mm=spacing_mm, origin_mm=origin, axes=axes)


def ramp(gradient: ArrayLike, at_origin_gy: float = 60.0) -> Callable[[Floats], Floats]:
    """Dose that rises evenly; trilinear interpolation is exact in it."""
    return lambda points: at_origin_gy + points @ np.asarray(gradient, dtype=float)


def rotation(axis: ArrayLike, degrees: float) -> Floats:
    x, y, z = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
