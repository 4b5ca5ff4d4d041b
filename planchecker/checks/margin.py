"""Distance in space from one structure to the outline of another round it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.planar import Planar
from planchecker.dosimetry.loops import densify, unsigned_distance

__all__ = ["Margins", "margins"]

_VERTEX_MM = 4.0
_NEXT_SPACINGS = 1.5
# Larger margins are measured on the plane only.
_FARTHEST_MM = 8.0
_CACHED = 32


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Margins:
    """How far inside the outer structure points of the inner one lie.

    Parameters
    ----------
    points_mm
        Points of the inner outline, shape (N, 3).
    margin_mm
        Distance to the outer surface at each point, negative where it sticks out.
    """

    points_mm: NDArray[np.float64]
    margin_mm: NDArray[np.float64]

    def least(self, keep: NDArray[np.bool_] | None = None) -> tuple[float, int]:
        """Return the smallest margin in mm and the index of its point."""
        values = self.margin_mm if keep is None else np.where(keep, self.margin_mm, np.inf)
        index = int(np.argmin(values))
        return float(values[index]), index


def margins(inner: Planar, outer: Planar, *, in_plane: bool = False) -> Margins:
    """Measure the margin from every point of the inner outline to the outer surface.

    The distance on the plane of a point is exact; towards the neighbouring planes the surface
    runs straight from outline to outline. Both shapes end half a spacing beyond their last
    plane.

    Parameters
    ----------
    in_plane
        Measure on the plane of each point only.
    """
    points, values = [], []
    for height, flat in zip(inner.heights_mm.tolist(), _outline(inner), strict=True):
        here = outer.nearest(height)
        if here is None:
            off = np.abs(outer.heights_mm - height) - outer.spacing_mm / 2
            least = np.full(len(flat), -float(off.min()))
        else:
            least = _signed(flat, outer.loops[here])
        if not in_plane and here is not None:
            least = _through_planes(flat, height, least, inner, outer)
        points.append(np.column_stack([flat, np.full(len(flat), height)]))
        values.append(least)
    return Margins(points_mm=np.concatenate(points), margin_mm=np.concatenate(values))


@lru_cache(maxsize=_CACHED)
def _outline(shape: Planar) -> tuple[NDArray[np.float64], ...]:
    """Return the points of each plane at which margins are measured, shape (N, 2)."""
    return tuple(
        np.concatenate([densify(loop, _VERTEX_MM) for loop in loops]) for loops in shape.loops
    )


def _through_planes(
    flat: NDArray[np.float64],
    height: float,
    least: NDArray[np.float64],
    inner: Planar,
    outer: Planar,
) -> NDArray[np.float64]:
    """Lower the margins to what the planes above and below, and the ends, leave."""
    found = least.copy()
    half = outer.spacing_mm / 2
    for index, other in enumerate(outer.heights_mm.tolist()):
        way = abs(other - height)
        if way <= half or way > _FARTHEST_MM:
            continue
        at = np.flatnonzero(found > way / 2)
        if not len(at):
            continue
        here, signed = least[at], _signed(flat[at], outer.loops[index])
        if way <= _NEXT_SPACINGS * outer.spacing_mm:
            # Between two planes the surface is the straight line from outline to outline.
            near = here * way / np.hypot(way, here - signed)
            near = np.where(signed < here, near, np.inf)
        else:
            near = np.hypot(np.maximum(signed, 0.0), way)
        found[at] = np.minimum(found[at], near)
    # Both shapes end half a slice beyond their last plane.
    ends = (
        height - inner.spacing_mm / 2 - (float(outer.heights_mm[0]) - half),
        float(outer.heights_mm[-1]) + half - height - inner.spacing_mm / 2,
    )
    return np.asarray(np.where(found > 0, np.minimum(found, max(min(ends), 0.0)), found))


def _signed(
    flat: NDArray[np.float64], loops: tuple[NDArray[np.float64], ...]
) -> NDArray[np.float64]:
    from skimage.measure import points_in_poly  # noqa: PLC0415 - heavy, needed only here

    odd = np.zeros(len(flat), dtype=bool)
    distance = np.full(len(flat), np.inf)
    for loop in loops:
        odd ^= points_in_poly(flat, loop)  # type: ignore[no-untyped-call]
        distance = np.minimum(distance, unsigned_distance(flat, loop))
    return np.where(odd, distance, -distance)
