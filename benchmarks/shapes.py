"""Solids in a linear dose whose dose-volume histograms are known in closed form."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "METRICS",
    "Phantom",
    "Solid",
    "closed_form",
    "cone",
    "cylinder",
    "lying",
    "ring",
    "sphere",
]

Floats = NDArray[np.float64]
METRICS = ("Dmean", "D99%", "D95%", "D5%", "D1%", "D0.03cc")
"""What every engine is asked, beside the volume."""

_STEPS = 40_001


@dataclass(frozen=True, kw_only=True, slots=True)
class Solid:
    """A solid around the origin.

    Parameters
    ----------
    half_mm
        Half its size along x, y and z.
    outlines
        The loops of shape (N, 2) at a height z in mm; they combine by the even-odd rule.
    section_z_mm2, section_y_mm2
        Area of the sections across z and across y, at distances of shape (N,) from the centre.
    """

    name: str
    half_mm: tuple[float, float, float]
    outlines: Callable[[float, int], tuple[Floats, ...]]
    section_z_mm2: Callable[[Floats], Floats]
    section_y_mm2: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Phantom:
    """A solid at a place."""

    solid: Solid
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


def closed_form(
    section_mm2: Callable[[Floats], Floats],
    *,
    half_mm: float,
    centre_gy: float,
    gradient_gy_mm: float,
) -> dict[str, float]:
    """Return volume in cc and `METRICS` in Gy, from the areas of the sections across the gradient.

    Examples
    --------
    >>> truth = closed_form(
    ...     lambda t: np.full_like(t, 100.0), half_mm=5.0, centre_gy=20.0, gradient_gy_mm=1.0
    ... )
    >>> {name: round(value, 3) for name, value in truth.items()}["D95%"]
    15.5
    """
    edges = np.linspace(-half_mm, half_mm, _STEPS)
    middles = (edges[1:] + edges[:-1]) / 2
    slices = section_mm2(middles) * (edges[1] - edges[0]) / 1000
    above = np.append(np.cumsum(slices[::-1])[::-1], 0.0)
    volume = float(above[0])

    def dose(cc: float) -> float:
        at = float(np.interp(cc, above[::-1], edges[::-1]))
        return centre_gy + gradient_gy_mm * at

    mean = centre_gy + gradient_gy_mm * float(middles @ slices) / volume
    shares = {f"D{percent}%": dose(percent / 100 * volume) for percent in (99, 95, 5, 1)}
    return {"volume": volume, "Dmean": mean, **shares, "D0.03cc": dose(0.03)}


def sphere(radius: float) -> Solid:
    """Return a sphere."""

    def disc(t: Floats) -> Floats:
        return np.pi * np.maximum(radius**2 - t**2, 0)

    def outlines(z: float, points: int) -> tuple[Floats, ...]:
        return (_circle(float(np.sqrt(radius**2 - z**2)), points),)

    return Solid(
        name=f"sphere {2 * radius:g}",
        half_mm=(radius, radius, radius),
        outlines=outlines,
        section_z_mm2=disc,
        section_y_mm2=disc,
    )


def cylinder(radius: float, length: float) -> Solid:
    """Return a cylinder along z."""
    return ring(radius, 0.0, length, name=f"cylinder {2 * radius:g}x{length:g}")


def ring(outer: float, inner: float, length: float, *, name: str = "") -> Solid:
    """Return a tube along z, drawn as nested loops."""

    def outlines(_: float, points: int) -> tuple[Floats, ...]:
        return tuple(_circle(radius, points) for radius in (outer, inner) if radius)

    def across(t: Floats) -> Floats:
        return length * (_chord(outer, t) - _chord(inner, t))

    return Solid(
        name=name or f"ring {2 * outer:g}-{2 * inner:g}x{length:g}",
        half_mm=(outer, outer, length / 2),
        outlines=outlines,
        section_z_mm2=lambda t: np.full_like(t, np.pi * (outer**2 - inner**2)),
        section_y_mm2=across,
    )


def lying(radius: float, length: float) -> Solid:
    """Return a cylinder along x."""

    def outlines(z: float, _: int) -> tuple[Floats, ...]:
        x, y = length / 2, float(np.sqrt(radius**2 - z**2))
        return (np.array([[-x, -y], [x, -y], [x, y], [-x, y]]),)

    def across(t: Floats) -> Floats:
        return length * _chord(radius, t)

    return Solid(
        name=f"lying cylinder {2 * radius:g}x{length:g}",
        half_mm=(length / 2, radius, radius),
        outlines=outlines,
        section_z_mm2=across,
        section_y_mm2=across,
    )


def cone(radius: float, length: float) -> Solid:
    """Return a cone that stands on its base."""

    def width(z: Floats | float) -> Floats | float:
        return radius * (0.5 - z / length)

    return Solid(
        name=f"cone {2 * radius:g}x{length:g}",
        half_mm=(radius, radius, length / 2),
        outlines=lambda z, points: (_circle(float(width(z)), points),),
        section_z_mm2=lambda t: np.asarray(np.pi * np.square(width(t))),
    )


def _circle(radius: float, points: int) -> Floats:
    angle = np.linspace(0.0, 2 * np.pi, points, endpoint=False)
    # Between circumscribed and inscribed: the polygon has the area of the circle.
    step = 2 * np.pi / points
    fitted = radius * np.sqrt(step / np.sin(step))
    return np.column_stack([fitted * np.cos(angle), fitted * np.sin(angle)])


def _chord(radius: float, t: Floats) -> Floats:
    return np.asarray(2 * np.sqrt(np.maximum(radius**2 - t**2, 0)))
