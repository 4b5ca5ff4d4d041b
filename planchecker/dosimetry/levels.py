"""What lies between planes and beyond the last one: levels interpolated and turned into area.

A plane's outlines are a level function (`planchecker.dosimetry.outlines`): positive inside,
zero on the outline, negative outside. Between two planes the level is interpolated along the
normal, cell by cell, and the shape there is where it is positive.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curvature", "between", "beyond", "coverage", "curvature", "distance"]

Floats = NDArray[np.float64]


class Curvature(NamedTuple):
    """Second derivative across the planes at one of them, and where it is known."""

    value: Floats
    known: NDArray[np.bool_]


def curvature(levels: tuple[Floats, Floats, Floats], positions_mm: tuple[Floats, ...]) -> Floats:
    """Return the second derivative from three planes, per mm², cell by cell."""
    below, here, above = positions_mm
    first = (levels[1] - levels[0]) / (here - below)
    second = (levels[2] - levels[1]) / (above - here)
    return np.asarray(2 * (second - first) / (above - below))


def between(
    low: Floats,
    high: Floats,
    *,
    gap_mm: Floats,
    sides: tuple[Curvature, Curvature],
    shares: Floats,
) -> Floats:
    """Interpolate levels between two planes.

    Parameters
    ----------
    low, high
        Levels at the same cells, shape (N,).
    gap_mm
        Distance of the planes, shape (N,).
    sides
        Curvature at the lower and at the upper plane.
    shares
        Places between the planes, 0 to 1, shape (M,).

    Returns
    -------
    ndarray of shape (M, N)

    Notes
    -----
    Linear interpolation plus the curvature that both planes agree on (the smaller of the two,
    none where they differ in sign, the one that is known at an end), which keeps a step between
    planes from ringing.
    """
    left, right = sides
    agree = left.value * right.value > 0
    smaller = np.where(np.abs(left.value) < np.abs(right.value), left.value, right.value)
    bend = np.where(agree & left.known & right.known, smaller, 0.0)
    bend = np.where(left.known & ~right.known, left.value, bend)
    bend = np.where(right.known & ~left.known, right.value, bend)
    bow = 0.5 * gap_mm * gap_mm * bend
    t = shares[:, None]
    return np.asarray(low + t * (high - low) - t * (1 - t) * bow)


def beyond(
    levels: tuple[Floats, Floats | None, Floats | None],
    steps_mm: tuple[float, float],
    distances_mm: Floats,
) -> Floats:
    """Extrapolate levels past the last plane; the shape only ever shrinks there.

    Parameters
    ----------
    levels
        The end plane and its two neighbours inward; the neighbours may be missing.
    steps_mm
        Distance of the end plane from either neighbour.
    distances_mm
        Rising distances outward from the end plane, shape (M,).

    Returns
    -------
    ndarray of shape (M, N)
    """
    end, second, third = levels
    d = distances_mm[:, None]
    if second is None:
        return np.repeat(end[None, :], len(distances_mm), axis=0)
    near, far = steps_mm
    slope = (end - second) / near
    out = end + slope * d
    if third is not None:
        out = out + (slope - (second - third) / (far - near)) / far * d * (d + near)
    return np.asarray(np.minimum.accumulate(np.minimum(out, end), axis=0))


def distance(level: Floats, radius2: Floats) -> Floats:
    """Turn levels back into signed distances from the outline, in mm, positive inside.

    The inverse of s (2 a - s), or of s (2 a + s) where `radius2` is negative: a hole. Exact for
    circles, and to first order near any outline.
    """
    side = np.where(radius2 < 0, -1.0, 1.0)
    size = np.abs(radius2)
    return np.asarray(side * (np.sqrt(size) - np.sqrt(np.maximum(size - side * level, 0.0))))


def coverage(depth: Floats, dx: Floats, dy: Floats) -> Floats:
    """Return the share of each cell that lies inside.

    Parameters
    ----------
    depth
        Signed distance of the cell centre from the outline, positive inside.
    dx, dy
        Its change over one cell along x and y.

    Notes
    -----
    The outline is taken as straight within a cell; the area of the cut-off square is exact.
    """
    dx, dy = np.abs(dx), np.abs(dy)
    total = dx + dy
    steep = total > 0
    scale = np.where(steep, total, 1.0)
    alpha = np.where(steep, depth / scale, np.sign(depth)) + 0.5
    alpha = np.minimum(np.maximum(alpha, 0.0), 1.0)
    small = np.minimum(dx, dy) / scale
    low = np.minimum(alpha, 1 - alpha)
    corner = low * low / np.maximum(2 * small * (1 - small), 1e-12)
    area = np.where(low < small, corner, (low - small / 2) / (1 - small))
    return np.where(alpha <= 0.5, area, 1 - area)
