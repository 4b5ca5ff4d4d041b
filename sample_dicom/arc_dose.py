"""Analytic dose of a stereotactic arc treatment of one vertebra that spares the canal."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.dose_grid import Grid
from sample_dicom.solids import Array, Solid, rounded_box
from sample_dicom.thorax import body_depth
from sample_dicom.vertebra import SAC_SEMI_AXES_MM, canal_distance

__all__ = ["ArcDose", "arc_dose"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArcDose:
    """Shape of the dose.

    Parameters
    ----------
    edge_gy
        Plateau dose at the surface of the target; it rises by `hot` towards the inside.
    hot
        Relative rise of dose deep inside the target.
    shoulder_mm, fall_mm
        Where outside the target the dose has fallen half way to the bath, and how fast it
        falls there (logistic, the usual stand-in for an error function).
    core
        Dose in the middle of the canal relative to the dose without sparing.
    rise_mm, rise_width_mm
        Distance from the thecal sac at which half of that loss is regained, and its width.
    halo_gy
        Dose just outside the convex outline of the target, which no arc can avoid.
    bath_gy
        Dose of the rotating beam beside the target.
    """

    edge_gy: float
    hot: float
    shoulder_mm: float
    fall_mm: float
    core: float
    rise_mm: float
    rise_width_mm: float
    halo_gy: float
    bath_gy: float


_HULL = rounded_box(
    centre_mm=(0.0, 20.0, 0.0), half_mm=(32.0, 37.0, 1000.0), corner_mm=26.0, edge_mm=1.0
)


def arc_dose(
    grid: Grid, *, target: Solid, centre_mm: tuple[float, float, float], shape: ArcDose
) -> Array:
    """Return the dose of all fractions in Gy at the nodes, shape (z, y, x).

    Parameters
    ----------
    target
        The volume to be treated, as if the canal were not there; only nodes within 60 mm of
        the origin see its fall-off.
    """
    x, y, _ = grid.mesh
    depth = body_depth(x, y)
    build_up = 1 - 0.65 * np.exp(-np.maximum(depth, 0) / 5.0)
    bath = build_up * _bath(grid, centre_mm, shape)
    near = grid.part(-60.0, 62.0)
    inner = grid.crop(near)
    distance = target(*inner.mesh)
    plateau = shape.edge_gy * (1 + shape.hot * (1 - np.exp(np.minimum(distance, 0) / 6.0)))
    local = bath[near] + (plateau - bath[near]) * _logistic(
        (shape.shoulder_mm - distance) / shape.fall_mm
    )
    from_sac = canal_distance(*inner.mesh, SAC_SEMI_AXES_MM)
    regained = _logistic((from_sac - shape.rise_mm) / shape.rise_width_mm)
    bath[near] = local * (shape.core + (1 - shape.core) * regained)
    return np.where(depth >= 0, bath, 0.0)


def _bath(grid: Grid, centre_mm: tuple[float, float, float], shape: ArcDose) -> Array:
    """Return the dose of a rotating beam: full inside its slab, thinning out with the radius."""
    x, y, z = grid.mesh
    across, deep = x - centre_mm[0], y - centre_mm[1]
    radius = np.hypot(across, deep)
    seen = np.arcsin(np.minimum(1.0, 24.0 / np.maximum(radius, 1e-3))) * 2 / np.pi
    angle = np.arctan2(deep, across)
    spokes = 1 + 0.1 * np.cos(11 * angle + 0.6) * radius / (radius + 40.0)
    posterior = 1 + 0.3 * np.tanh(deep / 60.0)
    halo = shape.halo_gy * _logistic((2.0 - _HULL(x, y, np.array(0.0))) / 8.0)
    plane = halo + shape.bath_gy * seen * spokes * posterior
    height = np.abs(z - centre_mm[2])
    return np.asarray(plane * (_logistic((17.0 - height) / 1.9) + 0.04 * np.exp(-height / 30.0)))


def _logistic(argument: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(argument, -40, 40))))
