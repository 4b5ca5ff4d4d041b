"""What lies between planes and beyond the last one: levels interpolated and turned into area.

A plane's outlines are a level function (`planchecker.dosimetry.outlines`): positive inside,
zero on the outline, negative outside. Between two planes the level is interpolated along the
normal, cell by cell, and the shape there is where it is positive.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coverage", "Curvature", "beyond", "bow", "curvature", "distance"]

Floats = NDArray[np.floating[Any]]


class Curvature(NamedTuple):
    """Second derivative across the planes at one of them, and where it is known."""

    value: Floats
    known: NDArray[np.bool_]


def curvature(
    levels: tuple[Floats, Floats, Floats], steps_mm: tuple[Floats, Floats, Floats]
) -> Floats:
    """Return the second derivative from three planes, per mm², cell by cell.

    Parameters
    ----------
    levels
        On three planes, each of shape (N,).
    steps_mm
        Distances from the first to the second, the second to the third, the first to the third.
    """
    below, above, both = steps_mm
    first = (levels[1] - levels[0]) / below
    second = (levels[2] - levels[1]) / above
    second -= first
    second *= 2
    second /= both
    return np.asarray(second)


def bow(*, gap_mm: Floats, sides: tuple[Curvature, Curvature]) -> Floats:
    """Return by how much a level between two planes bends away from the straight line.

    Parameters
    ----------
    gap_mm
        Distance of the planes, shape (N,).
    sides
        Curvature at the lower and at the upper plane, zero where it is not known.

    Returns
    -------
    ndarray of shape (N,)
        In mm²; at a share t of the way up, t (1 - t) of it is to be taken off.

    Notes
    -----
    The curvature is the one that both planes agree on (the smaller of the two, none where they
    differ in sign, the one that is known at an end), which keeps a step between planes from
    ringing.
    """
    left, right = sides
    # Where one is not known the other stands in for it.
    first = left.value + right.value * ~left.known
    second = right.value + left.value * ~right.known
    bend = np.minimum(np.abs(first), np.abs(second))
    bend *= first * second > 0
    np.copysign(bend, first, out=bend)
    bend *= 0.5 * gap_mm * gap_mm
    return np.asarray(bend)


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
    hole = radius2 < 0
    if not hole.any():
        # A clip with two bounds is several times faster than one maximum.
        return np.asarray(np.sqrt(radius2) - np.sqrt((radius2 - level).clip(0.0, np.inf)))
    # Products are many times faster than a choice between two arrays.
    sign = (1 - 2 * hole).astype(level.dtype)
    size = np.abs(radius2)
    found = np.sqrt(size) - np.sqrt((size - sign * level).clip(0.0, np.inf))
    found *= sign
    return np.asarray(found)


class Coverage:
    """Shares of cells that lie inside an outline, which may be moved.

    Parameters
    ----------
    depth
        Signed distance of the cell centres from the outline, positive inside, in cells.
    dx, dy
        Its change over one cell along x and y.

    Notes
    -----
    The outline is taken as straight within a cell; the area of the cut-off square is exact.

    Examples
    --------
    >>> half = Coverage(np.zeros(1), np.ones(1), np.zeros(1))
    >>> half.shares().tolist(), half.shares(0.25).tolist()
    ([0.5], [0.75])
    """

    def __init__(self, depth: Floats, dx: Floats, dy: Floats) -> None:
        dx, dy = np.abs(dx), np.abs(dy)
        total = dx + dy
        self._depth = depth
        self._even = np.flatnonzero(total <= 0)
        total.reshape(-1)[self._even] = 1.0
        self._inverse = 1 / total
        self._small = np.minimum(dx, dy) * self._inverse
        self._corner = 1 / (2 * self._small * (1 - self._small)).clip(1e-12, np.inf)
        self._rest = 1 / (1 - self._small)
        self._half = 0.5 * self._small

    def shares(self, outward: float = 0.0) -> Floats:
        """Return the covered shares with the outline moved outward by so many cells."""
        depth = self._depth + outward if outward else self._depth
        alpha = depth * self._inverse
        if len(self._even):
            alpha.reshape(-1)[self._even] = np.sign(depth.reshape(-1).take(self._even))
        low = np.abs(alpha)
        np.subtract(0.5, low, out=low).clip(0.0, np.inf, out=low)
        # Products are many times faster than a choice between two arrays.
        corner = low < self._small
        area = low * low
        area *= self._corner
        area *= corner
        low -= self._half
        low *= self._rest
        low *= ~corner
        area += low
        area -= alpha > 0
        return np.asarray(np.abs(area, out=area))
