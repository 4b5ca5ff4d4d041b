"""Analytic structures and dose grids for the tests, shared by `case_factory`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Contour, Structure

FRAME_UID = "1.2.3.9"
Point = tuple[float, float, float]


# Structures


def loops(
    name: str,
    outline: Callable[[float], np.ndarray | None],
    *,
    number: int,
    low_mm: float,
    high_mm: float,
    step_mm: float = 2.0,
    interpreted_type: str = "ORGAN",
    **overrides: Any,
) -> Structure:
    """Stack axial loops; planes stand half a step inside both ends so that caps close it."""
    heights = np.arange(low_mm + step_mm / 2, high_mm, step_mm)
    drawn = ((z, outline(float(z))) for z in heights)
    contours = tuple(
        Contour(points_mm=np.column_stack([xy, np.full(len(xy), z)]))
        for z, xy in drawn
        if xy is not None
    )
    values: dict[str, Any] = {
        "roi_number": number,
        "name": name,
        "interpreted_type": interpreted_type,
        "contours": contours,
        "frame_of_reference_uid": FRAME_UID,
    }
    return Structure(**(values | overrides))


def box(
    name: str = "PTV",
    *,
    number: int = 1,
    centre_mm: Point = (0.0, 0.0, 0.0),
    size_mm: Point = (50.0, 50.0, 40.0),
    step_mm: float = 2.0,
    **overrides: Any,
) -> Structure:
    """Axis-parallel box; name `PTV`, `CTV` and `GTV` set the interpreted type."""
    x, y, z = centre_mm
    a, b, c = (s / 2 for s in size_mm)
    square = np.array([[x - a, y - b], [x + a, y - b], [x + a, y + b], [x - a, y + b]])
    kind = next((t for t in ("PTV", "CTV", "GTV") if name.upper().startswith(t)), "ORGAN")
    return loops(
        name,
        lambda _: square,
        number=number,
        low_mm=z - c,
        high_mm=z + c,
        step_mm=step_mm,
        **({"interpreted_type": kind} | overrides),
    )


def cylinder(
    name: str = "SpinalCord",
    *,
    number: int = 2,
    centre_mm: Point = (0.0, 0.0, 0.0),
    radius_mm: float = 6.0,
    length_mm: float = 80.0,
    step_mm: float = 2.0,
    **overrides: Any,
) -> Structure:
    """Cylinder along z, 72 vertices a plane."""
    x, y, z = centre_mm
    return loops(
        name,
        lambda _: _circle(x, y, radius_mm),
        number=number,
        low_mm=z - length_mm / 2,
        high_mm=z + length_mm / 2,
        step_mm=step_mm,
        **overrides,
    )


def sphere(
    name: str = "GTV",
    *,
    number: int = 3,
    centre_mm: Point = (0.0, 0.0, 0.0),
    radius_mm: float = 10.0,
    step_mm: float = 1.0,
    **overrides: Any,
) -> Structure:
    """Sphere, 72 vertices a plane."""
    x, y, z = centre_mm

    def outline(height: float) -> np.ndarray | None:
        squared = radius_mm**2 - (height - z) ** 2
        return _circle(x, y, math.sqrt(squared)) if squared > 0 else None

    return loops(
        name,
        outline,
        number=number,
        low_mm=z - radius_mm,
        high_mm=z + radius_mm,
        step_mm=step_mm,
        **overrides,
    )


def _circle(x: float, y: float, radius: float) -> np.ndarray:
    angle = np.linspace(0.0, 2 * np.pi, 72, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


# Dose grids


def dose_of(
    function: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    *,
    half_mm: Point = (80.0, 80.0, 60.0),
    spacing_mm: float = 2.0,
    centre_mm: Point = (0.0, 0.0, 0.0),
) -> DoseGrid:
    """Dose grid of a function of x, y, z in mm (arrays of the grid's shape), in Gy."""
    x, y, z = (
        c + np.arange(-h, h + spacing_mm / 2, spacing_mm)
        for c, h in zip(centre_mm, half_mm, strict=True)
    )
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    return DoseGrid.regular(
        np.broadcast_to(function(xx, yy, zz), xx.shape),
        spacing_mm=(spacing_mm,) * 3,
        origin_mm=(x[0], y[0], z[0]),
    )


def uniform_dose(dose_gy: float = 30.0, **grid: Any) -> DoseGrid:
    """Dose grid with the same dose everywhere; keywords as `dose_of`."""
    return dose_of(lambda x, _y, _z: np.full_like(x, dose_gy), **grid)


def ramp_dose(
    at_origin_gy: float = 30.0, *, slope_gy_per_mm: Point = (0.1, 0.0, 0.0), **grid: Any
) -> DoseGrid:
    """Dose that rises linearly, never below zero; keywords as `dose_of`."""
    a, b, c = slope_gy_per_mm
    return dose_of(lambda x, y, z: np.maximum(at_origin_gy + a * x + b * y + c * z, 0), **grid)


def ring_dose(
    dose_gy: float = 24.0, *, core_gy: float = 10.0, inner_mm: float = 10.0, **grid: Any
) -> DoseGrid:
    """Stereotactic ring round the z axis: `core_gy` on the axis, `dose_gy` from `inner_mm` on."""

    def value(x: np.ndarray, y: np.ndarray, _z: np.ndarray) -> np.ndarray:
        return core_gy + (dose_gy - core_gy) * np.clip(np.hypot(x, y) / inner_mm, 0, 1)

    return dose_of(value, **grid)
