"""How the samples are delivered: static conformal beams and modulated arcs fitted to a target."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.beams import (
    LEAF_BOUNDARIES_MM,
    LEAST_GAP_MM,
    Beam,
    Shape,
    beam_axes,
    fit_leaves,
    project,
    surface_distance,
)
from sample_dicom.regions import Patient
from sample_dicom.solids import Array

__all__ = ["Field", "arc_beam", "static_beam"]

_JAW_GAP_MM = 5.0
"""How far the X jaws stand behind the leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A static beam as it is ordered: direction, share of the dose and monitor units."""

    name: str
    gantry_deg: float
    share: float
    meterset: float


def static_beam(
    patient: Patient,
    field: Field,
    *,
    number: int,
    isocentre_mm: Array,
    margin_mm: float,
    fraction_dose_gy: float,
    energy_mv: float,
) -> Beam:
    """Return a beam whose leaves follow the PTV with a margin for the penumbra."""
    across, along = project(patient.points_mm("PTV"), isocentre_mm, beam_axes(field.gantry_deg))
    leaves = fit_leaves(across, along, margin_mm=margin_mm)
    return Beam(
        number=number,
        name=field.name,
        gantry_deg=(field.gantry_deg,),
        direction="",
        collimator_deg=0.0,
        shapes=_behind_jaws(leaves[None]),
        weights=(0.0, 1.0),
        meterset=field.meterset,
        dose_gy=round(field.share * fraction_dose_gy, 4),
        energy_mv=energy_mv,
        filter_free=False,
        ssd_mm=_skin(patient, isocentre_mm, field.gantry_deg),
    )


def arc_beam(
    patient: Patient,
    *,
    number: int,
    name: str,
    gantry_deg: tuple[float, ...],
    collimator_deg: float,
    isocentre_mm: Array,
    meterset: float,
    dose_gy: float,
) -> Beam:
    """Return a modulated arc of a flattening-filter-free beam around the PTV."""
    points = patient.points_mm("PTV")[::2]
    fitted = []
    for angle in gantry_deg:
        across, along = project(points, isocentre_mm, beam_axes(angle, collimator_deg))
        fitted.append(fit_leaves(across, along, margin_mm=1.0))
    clockwise = (gantry_deg[1] - gantry_deg[0]) % 360 < 180
    return Beam(
        number=number,
        name=name,
        gantry_deg=gantry_deg,
        direction="CW" if clockwise else "CC",
        collimator_deg=collimator_deg,
        shapes=_behind_jaws(_modulate(np.array(fitted), phase=float(number))),
        weights=_arc_weights(len(gantry_deg)),
        meterset=meterset,
        dose_gy=dose_gy,
        energy_mv=6.0,
        filter_free=True,
        ssd_mm=_skin(patient, isocentre_mm, gantry_deg[0]),
    )


def _modulate(leaves: Array, *, phase: float) -> Array:
    """Return leaves that sweep in turn over the target so that the canal is often covered."""
    point = np.arange(len(leaves))[:, None]
    pair = np.arange(leaves.shape[1])[None, :]
    width = leaves[..., 1] - leaves[..., 0]
    spare = np.maximum(width - LEAST_GAP_MM, 0.0)
    left = 0.3 * (1 + np.sin(0.35 * point + 0.5 * pair + phase))
    right = 0.2 * (1 + np.cos(0.27 * point - 0.4 * pair + phase))
    swept = np.array(leaves)
    swept[..., 0] += spare * left
    swept[..., 1] -= spare * np.minimum(right, 1 - left)
    return swept


def _behind_jaws(leaves: Array) -> tuple[Shape, ...]:
    """Return shapes whose fixed jaws stand behind all leaves; unused pairs close at a jaw."""
    leaves = leaves.round(1)
    jaw_low = float(np.floor(np.nanmin(leaves[..., 0]) - _JAW_GAP_MM))
    jaw_high = float(np.ceil(np.nanmax(leaves[..., 1]) + _JAW_GAP_MM))
    used = np.flatnonzero(np.isfinite(leaves[..., 0]).any(axis=0))
    rows = float(LEAF_BOUNDARIES_MM[used[0]]), float(LEAF_BOUNDARIES_MM[used[-1] + 1])
    closed = np.where(np.isnan(leaves), jaw_low, leaves)
    return tuple(
        Shape(jaws_x_mm=(jaw_low, jaw_high), jaws_y_mm=rows, leaves_mm=shape) for shape in closed
    )


def _arc_weights(count: int) -> tuple[float, ...]:
    """Return cumulative weights of an arc that dwells a little at some angles."""
    steps = 1 + 0.35 * np.sin(0.19 * np.arange(count - 1)) ** 2
    running = np.concatenate([[0.0], np.cumsum(steps)])
    return tuple((running / running[-1]).round(6).tolist())


def _skin(patient: Patient, isocentre_mm: Array, gantry_deg: float) -> float:
    return surface_distance(
        centre_mm=patient.body_centre_mm,
        semi_axes_mm=patient.body_semi_axes_mm,
        isocentre_mm=isocentre_mm,
        gantry_deg=gantry_deg,
    )
