"""Level sets of planes, and what lies between and beyond them.

A plane's loops are turned into a level function that is positive inside, zero on the outline
and negative outside. Between two planes the level is interpolated along the normal, cell by
cell, and the shape there is where it is positive.

For one loop the level is s (2 a - s), with s the signed distance to the outline and a the
radius of the largest circle inside. For a circle of radius r this is r² - ρ²: a quadric. The
level of spheres, cylinders, cones and ellipsoids of revolution is therefore a quadratic
function of the position across the planes, whichever way they lie, and a quadratic
interpolation gives them back without the loss that a linear one shows where a shape rounds
off. Loops are combined by the even-odd rule as min and max of their levels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.outline import Outline
from planchecker.dosimetry.planes import Plane

__all__ = ["Field", "PlaneLevel", "between", "beyond", "coverage", "distance"]

Floats = NDArray[np.float64]


class Field(NamedTuple):
    """A level in mm² and the inscribed radius squared in mm² that it was made with."""

    level: Floats
    radius2: Floats


class PlaneLevel:
    """The level function of one plane on a lattice, computed where it is asked for."""

    def __init__(self, plane: Plane, lattice: Lattice) -> None:
        self.position_mm = plane.position_mm
        self._lattice = lattice
        shape = lattice.shape
        self._outlines = [Outline(loop, lattice) for loop in plane.loops]
        self.radius_mm = max((outline.radius_mm for outline in self._outlines), default=0.0)
        self._level = np.full(shape[0] * shape[1], np.nan)
        self._radius2 = np.zeros(shape[0] * shape[1])
        self.inside = np.zeros(shape, dtype=bool)
        self.touched = np.zeros(shape, dtype=bool)
        for outline in self._outlines:
            self.inside[outline.window] ^= outline.inside
            self.touched[outline.window] |= outline.touched

    def at(self, cells: NDArray[np.intp], *, near_only: bool = False) -> Field:
        """Return the level and its radius at flat cell numbers.

        Parameters
        ----------
        near_only
            Where only the neighbourhood of the outline matters: cells farther off may be given
            a distance that is too short.
        """
        if near_only:
            return self._evaluate(cells, near_only=True)
        missing = cells[np.isnan(self._level[cells])]
        if len(missing):
            found = self._evaluate(missing, near_only=False)
            self._level[missing], self._radius2[missing] = found
        return Field(self._level[cells], self._radius2[cells])

    def _evaluate(self, cells: NDArray[np.intp], *, near_only: bool) -> Field:
        first, *others = self._outlines
        depth = first.signed_distance(cells, near_only=near_only)
        level = _level(depth, first.radius_mm)
        radius2 = np.full(len(cells), first.radius_mm**2)
        for outline in others:
            other = outline.signed_distance(cells, near_only=near_only)
            # max(min(a, -b), min(-a, b)): whichever outline is nearer decides, in millimetres,
            # since levels of loops of different size have different scales.
            nearer = np.abs(other) < np.abs(depth)
            sign = np.where(np.where(nearer, depth, other) > 0, -1.0, 1.0)
            chosen = np.where(nearer, _level(other, outline.radius_mm), level)
            level = sign * chosen
            depth = sign * np.where(nearer, other, depth)
            radius2 = np.where(nearer, outline.radius_mm**2, radius2)
        return Field(level, radius2)


def _level(depth_mm: Floats, radius_mm: float) -> Floats:
    # The scan for the largest circle may fall short of it by a little: flat top beyond.
    depth = np.minimum(depth_mm, radius_mm)
    return depth * (2 * radius_mm - depth)


def between(
    levels: Sequence[Floats | None],
    positions_mm: tuple[float, float, float, float],
    shares: Floats,
) -> Floats:
    """Interpolate levels between the second and third of four planes.

    Parameters
    ----------
    levels
        Levels of four neighbouring planes at the same cells; the outer ones may be missing.
    positions_mm
        Their positions.
    shares
        Places between the planes, 0 to 1, shape (M,).

    Returns
    -------
    ndarray of shape (M, cells)

    Notes
    -----
    Linear interpolation plus the curvature that both neighbours agree on (the smaller of the
    two, none where they differ in sign), which keeps a step between planes from ringing.
    """
    before, low, high, after = levels
    if low is None or high is None:
        raise AssertionError("the inner two planes are always there")
    z = positions_mm
    curvature = np.zeros_like(low)
    left = None if before is None else _curvature((before, low, high), z[:3])
    right = None if after is None else _curvature((low, high, after), z[1:])
    if left is not None and right is not None:
        agree = left * right > 0
        curvature[agree] = np.where(np.abs(left) < np.abs(right), left, right)[agree]
    elif left is not None:
        curvature = left
    elif right is not None:
        curvature = right
    gap = z[2] - z[1]
    t = shares[:, None]
    return np.asarray((1 - t) * low + t * high - 0.5 * t * (1 - t) * gap**2 * curvature)


def _curvature(levels: tuple[Floats, Floats, Floats], z: tuple[float, ...]) -> Floats:
    first = (levels[1] - levels[0]) / (z[1] - z[0])
    second = (levels[2] - levels[1]) / (z[2] - z[1])
    return np.asarray(2 * (second - first) / (z[2] - z[0]))


def beyond(
    levels: Sequence[Floats | None],
    positions_mm: tuple[float, ...],
    distances_mm: Floats,
) -> Floats:
    """Extrapolate levels past the last plane; the shape only ever shrinks there.

    Parameters
    ----------
    levels
        The end plane and its two neighbours inward; the neighbours may be missing.
    positions_mm
        Their positions.
    distances_mm
        Rising distances outward from the end plane, shape (M,).

    Returns
    -------
    ndarray of shape (M, cells)
    """
    end, second, third = levels
    if end is None:
        raise AssertionError("the end plane is always there")
    out = np.repeat(end[None, :], len(distances_mm), axis=0)
    if second is None:
        return out
    step = abs(positions_mm[1] - positions_mm[0])
    slope = (end - second) / step
    d = distances_mm[:, None]
    if third is None:
        out = end + slope * d
    else:
        far = abs(positions_mm[2] - positions_mm[0])
        curve = (slope - (second - third) / (far - step)) / far
        out = end + slope * d + curve * d * (d + step)
    out = np.minimum(out, end)
    return np.asarray(np.minimum.accumulate(out, axis=0))


def distance(level: Floats, radius2: Floats) -> Floats:
    """Turn levels back into signed distances from the outline, in mm, positive inside.

    The inverse of s (2 a - s); exact for circles, and to first order near any outline.
    """
    radius = np.sqrt(np.maximum(radius2, 0.0))
    return np.asarray(radius - np.sqrt(np.maximum(radius2 - level, 0.0)))


def coverage(level: Floats, dx: Floats, dy: Floats) -> Floats:
    """Return the share of each cell where the level is positive.

    Parameters
    ----------
    level
        At the cell centres.
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
    alpha = np.where(steep, level / scale, np.sign(level)) + 0.5
    alpha = np.minimum(np.maximum(alpha, 0.0), 1.0)
    small = np.minimum(dx, dy) / scale
    low = np.minimum(alpha, 1 - alpha)
    corner = low * low / np.maximum(2 * small * (1 - small), 1e-12)
    area = np.where(low < small, corner, (low - small / 2) / (1 - small))
    return np.where(alpha <= 0.5, area, 1 - area)
