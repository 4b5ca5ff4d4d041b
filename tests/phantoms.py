"""Shapes with known volume in linear dose, cut into contours the way a planning system would.

A shape is an implicit function, positive inside. Its contours are the zero lines of that
function on slice planes; its truth comes from the function itself, never from the contours.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Contour, Structure

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """An implicit solid around the origin.

    Parameters
    ----------
    inside
        Function of points of shape (N, 3) in mm: positive inside, roughly a distance.
    half_mm
        Half the size of a box around it.
    """

    name: str
    inside: Callable[[Floats], Floats]
    half_mm: tuple[float, float, float]

    def truth(self, points: int = 400_000) -> Floats:
        """Return points spread evenly over the solid, shape (M, 3)."""
        # A rank-1 lattice covers the box far more evenly than random points would.
        generators = np.array([1.0, 0.8191725133961645, 0.6710436067037893])
        unit = (np.arange(1, points + 1)[:, None] * generators[None] * 0.5 + 0.5) % 1.0
        unit[:, 0] = (np.arange(points) + 0.5) / points
        box = (2 * unit - 1) * np.array(self.half_mm)
        return box[self.inside(box) > 0]

    def volume_cc(self, points: int = 400_000) -> float:
        """Volume by counting; exact to about 0.05 %."""
        box = 8 * float(np.prod(self.half_mm)) / 1000
        return box * len(self.truth(points)) / points


def sphere(radius: float) -> Shape:
    return Shape(
        name=f"sphere {2 * radius:g} mm",
        inside=lambda p: radius - np.linalg.norm(p, axis=1),
        half_mm=(radius, radius, radius),
    )


def ellipsoid(a: float, b: float, c: float) -> Shape:
    half = np.array([a, b, c])
    return Shape(
        name=f"ellipsoid {a:g} {b:g} {c:g}",
        inside=lambda p: (1 - np.linalg.norm(p / half, axis=1)) * half.min(),
        half_mm=(a, b, c),
    )


def cylinder(radius: float, length: float, axis: Floats) -> Shape:
    axis = axis / np.linalg.norm(axis)

    def inside(p: Floats) -> Floats:
        along = p @ axis
        across = np.linalg.norm(p - along[:, None] * axis, axis=1)
        return np.minimum(radius - across, length / 2 - np.abs(along))

    half = np.abs(axis) * length / 2 + radius * np.sqrt(1 - axis**2)
    return Shape(
        name=f"cylinder r {radius:.3g} l {length:.3g} axis {np.round(axis, 2)}",
        inside=inside,
        half_mm=tuple(half),
    )


def cone(radius: float, length: float, axis: Floats) -> Shape:
    axis = axis / np.linalg.norm(axis)

    def inside(p: Floats) -> Floats:
        along = p @ axis
        across = np.linalg.norm(p - along[:, None] * axis, axis=1)
        wall = radius * (0.5 - along / length) - across
        return np.minimum(wall, along + length / 2)

    half = np.abs(axis) * length / 2 + radius * np.sqrt(1 - axis**2)
    return Shape(
        name=f"cone r {radius:.3g} l {length:.3g} axis {np.round(axis, 2)}",
        inside=inside,
        half_mm=tuple(half),
    )


def ring(outer: float, inner: float, length: float) -> Shape:
    def inside(p: Floats) -> Floats:
        across = np.linalg.norm(p[:, :2], axis=1)
        wall = np.minimum(outer - across, across - inner)
        return np.minimum(wall, length / 2 - np.abs(p[:, 2]))

    return Shape(
        name=f"ring {outer:g} {inner:g} {length:g}",
        inside=inside,
        half_mm=(outer, outer, length / 2),
    )


def contours(
    shape: Shape, *, centre_mm: Floats, spacing_mm: float, offset_mm: float, pixel_mm: float = 0.25
) -> tuple[Contour, ...]:
    """Cut the shape on axial planes at ``offset + k * spacing``."""
    half = np.array(shape.half_mm)
    margin = 4 * pixel_mm
    x = np.arange(-half[0] - margin, half[0] + margin, pixel_mm)
    y = np.arange(-half[1] - margin, half[1] + margin, pixel_mm)
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    first = np.ceil((centre_mm[2] - half[2] - offset_mm) / spacing_mm)
    last = np.floor((centre_mm[2] + half[2] - offset_mm) / spacing_mm)
    found = []
    for k in np.arange(first, last + 1):
        z = offset_mm + k * spacing_mm
        flat = np.stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, z - centre_mm[2])], 1)
        level = shape.inside(flat).reshape(grid_x.shape)
        for line in find_contours(level, 0.0):
            points = np.column_stack(
                [
                    x[0] + line[:-1, 1] * pixel_mm + centre_mm[0],
                    y[0] + line[:-1, 0] * pixel_mm + centre_mm[1],
                    np.full(len(line) - 1, z),
                ]
            )
            found.append(Contour(points_mm=np.round(points, 2)))
    return tuple(found)


def structure(name: str, parts: tuple[Contour, ...]) -> Structure:
    return Structure(roi_number=1, name=name, interpreted_type="ORGAN", contours=parts)


@dataclass(frozen=True, kw_only=True)
class LinearDose:
    """Dose that rises evenly along a direction; trilinear interpolation is exact in it."""

    at_origin_gy: float
    gradient_gy_mm: Floats

    def at(self, points_mm: Floats) -> Floats:
        return self.at_origin_gy + points_mm @ self.gradient_gy_mm

    def grid(
        self,
        *,
        centre_mm: Floats,
        half_mm: float,
        spacing_mm: tuple[float, float, float],
        axes: Floats | None = None,
    ) -> DoseGrid:
        """Put the dose on a grid around a centre, oblique where `axes` say so."""
        axes = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]]) if axes is None else axes
        count = [int(np.ceil(2 * half_mm / s)) + 1 for s in spacing_mm]
        steps = [s * np.arange(n) for s, n in zip(spacing_mm, count, strict=True)]
        size = np.array([steps[a][-1] for a in range(3)])
        origin = centre_mm - (size / 2) @ axes
        k, j, i = np.meshgrid(*steps, indexing="ij")
        points = origin + np.stack([k, j, i], axis=-1) @ axes
        values = self.at(points.reshape(-1, 3)).reshape(count)
        return DoseGrid.regular(values, spacing_mm=spacing_mm, origin_mm=origin, axes=axes)


def true_dose_at(doses_gy: Floats, volume_cc: float, hottest_cc: float) -> float:
    """Dose that the hottest part of an evenly sampled solid receives at least."""
    ordered = np.sort(doses_gy)[::-1]
    index = hottest_cc / volume_cc * len(ordered) - 0.5
    return float(np.interp(index, np.arange(len(ordered)), ordered))
