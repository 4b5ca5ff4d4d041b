"""Axial contours as planes and masks: what the checks of shape and place measure on.

Contours of a planning CT lie on its axial slices. Each slice is kept as it was drawn, and in
the slice everything is exact or on a lattice of about a millimetre. A loop inside another one
is a hole (even-odd rule), so keyholes and rings both come out right.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import median
from planchecker.dosimetry.loops import box_of, inside_raster
from planchecker.dosimetry.planes import FARTHEST_MM
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError

__all__ = ["Lattice", "Planar", "grown", "lattice_round", "planar", "volume_cc"]

Loop = NDArray[np.float64]

_SAME_PLANE_MM = 0.1
_FLAT_MM = 0.5
_CACHED = 256
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Planar:
    """A structure as loops on axial planes.

    Parameters
    ----------
    heights_mm
        z of the planes, rising.
    loops
        Loops of each plane, each of shape (N, 2) in mm.
    spacing_mm
        Median distance between planes; the given one, or 1 mm, for a single plane.
    low_mm, high_mm
        Corners (x, y) of the box round all loops.
    """

    heights_mm: NDArray[np.float64]
    loops: tuple[tuple[Loop, ...], ...]
    spacing_mm: float
    low_mm: NDArray[np.float64]
    high_mm: NDArray[np.float64]

    def nearest(self, height_mm: float) -> int | None:
        """Return the index of the plane that stands for a height; None where there is none.

        A plane stands for half the spacing on either side.
        """
        index = int(np.argmin(np.abs(self.heights_mm - height_mm)))
        off = abs(float(self.heights_mm[index]) - height_mm)
        return index if off <= self.spacing_mm / 2 + 1e-3 else None

    @property
    def middle_mm(self) -> tuple[float, float, float]:
        """Middle of the box round the structure, in patient coordinates."""
        x, y = (self.low_mm + self.high_mm) / 2
        return float(x), float(y), float(self.heights_mm[0] + self.heights_mm[-1]) / 2

    def points(self) -> NDArray[np.float64]:
        """Return every vertex in patient coordinates, shape (N, 3)."""
        return np.concatenate(
            [
                np.column_stack([loop, np.full(len(loop), height)])
                for height, plane in zip(self.heights_mm, self.loops, strict=True)
                for loop in plane
            ]
        )


@lru_cache(maxsize=_CACHED)
def planar(structure: Structure, spacing_mm: float | None = None) -> Planar:
    """Sort the closed contours of a structure into axial planes.

    Parameters
    ----------
    spacing_mm
        Slice spacing of a structure that is drawn on one plane only.

    Raises
    ------
    GeometryError
        If no closed contour encloses an area, the contours are not axial, or a coordinate is
        one that no patient has.
    """
    flat: list[tuple[float, Loop]] = []
    for contour in structure.contours:
        points = contour.points_mm
        if not contour.geometric_type.is_closed or len(points) < 3:
            continue
        heights = points[:, 2]
        low, high = float(heights.min()), float(heights.max())
        if high - low > _FLAT_MM:
            raise GeometryError(
                f"{structure.name!r} is not contoured on axial slices, so its shape is not judged"
            )
        flat.append((low if low == high else median(heights), points[:, :2]))
    if not flat:
        raise GeometryError(f"{structure.name!r} has no closed contour that encloses an area")
    flat.sort(key=lambda item: item[0])
    planes: list[tuple[float, list[Loop]]] = []
    for height, loop in flat:
        if planes and height - planes[-1][0] <= _SAME_PLANE_MM:
            planes[-1][1].append(loop)
        else:
            planes.append((height, [loop]))
    heights = np.array([height for height, _ in planes])
    everything = np.concatenate([loop for _, loop in flat])
    x0, y0, x1, y1 = box_of(everything)
    farthest = max(abs(x0), abs(y0), abs(x1), abs(y1), float(np.abs(heights).max()))
    if farthest > FARTHEST_MM:
        raise GeometryError(
            f"{structure.name!r}: a contour lies {farthest:g} mm from the origin, where no "
            "patient is; its shape is not judged"
        )
    return Planar(
        heights_mm=heights,
        loops=tuple(tuple(plane) for _, plane in planes),
        spacing_mm=median(np.diff(heights)) if len(heights) > 1 else spacing_mm or 1.0,
        low_mm=np.array([x0, y0]),
        high_mm=np.array([x1, y1]),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lattice:
    """Evenly spaced points of an axial plane.

    Parameters
    ----------
    low_mm
        x and y of the first point.
    shape
        Number of points along y and x.
    """

    low_mm: NDArray[np.float64]
    shape: tuple[int, int]
    step_mm: float

    def mask(self, loops: Iterable[Loop]) -> NDArray[np.bool_]:
        """Mark the points inside the loops by the even-odd rule."""
        found = np.zeros(self.shape, dtype=bool)
        rows, columns = self.shape
        for loop in loops:
            x0, y0, x1, y1 = box_of(loop)
            left = max(math.floor((x0 - self.low_mm[0]) / self.step_mm), 0)
            top = max(math.floor((y0 - self.low_mm[1]) / self.step_mm), 0)
            right = min(math.ceil((x1 - self.low_mm[0]) / self.step_mm) + 1, columns)
            bottom = min(math.ceil((y1 - self.low_mm[1]) / self.step_mm) + 1, rows)
            if left < right and top < bottom:
                x = self.low_mm[0] + self.step_mm * np.arange(left, right)
                y = self.low_mm[1] + self.step_mm * np.arange(top, bottom)
                found[top:bottom, left:right] ^= inside_raster(loop, x, y)
        return found

    def centre_mm(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return x and y of the middle of the marked points."""
        rows, columns = np.nonzero(mask)
        x, y = self.low_mm + self.step_mm * np.array([columns.mean(), rows.mean()])
        return float(x), float(y)

    @property
    def cell_mm2(self) -> float:
        """Area that one point stands for."""
        return self.step_mm**2


def lattice_round(*shapes: Planar, step_mm: float = 1.0, spare_mm: float = 2.0) -> Lattice:
    """Return a lattice that holds the shapes; coarser than asked where they are very large."""
    low = np.min([shape.low_mm for shape in shapes], axis=0) - spare_mm
    size = np.max([shape.high_mm for shape in shapes], axis=0) + spare_mm - low
    step = max(step_mm, float(np.sqrt(size[0] * size[1] / _MOST_CELLS)))
    columns, rows = np.ceil(size / step).astype(int) + 1
    return Lattice(low_mm=low, shape=(int(rows), int(columns)), step_mm=step)


@lru_cache(maxsize=_CACHED)
def volume_cc(structure: Structure) -> float:
    """Return the volume in cc, each plane standing for a slab of one spacing."""
    shape = planar(structure)
    lattice = lattice_round(shape)
    cells = sum(int(lattice.mask(loops).sum()) for loops in shape.loops)
    return cells * lattice.cell_mm2 * shape.spacing_mm / 1000


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Widen a mask by one point: a contour runs through the points at the edge."""
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide
