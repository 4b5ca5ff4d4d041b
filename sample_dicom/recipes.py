"""How each sample is made: anatomy, targets, beams and dose."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from sample_dicom.arc_dose import ArcDose, arc_dose
from sample_dicom.beams import Beam
from sample_dicom.course import Course
from sample_dicom.delivery import Field, arc_beam, static_beam
from sample_dicom.dose_grid import Grid, covering_grid
from sample_dicom.regions import Patient, region_of_solid
from sample_dicom.solids import Array, grow, rounded_box, union
from sample_dicom.static_dose import Quality, static_dose
from sample_dicom.targets import (
    compression_targets,
    hardware,
    postoperative_targets,
    stereotactic_targets,
    target_regions,
)
from sample_dicom.thighs import femur_targets, small_femur_targets, thighs
from sample_dicom.thorax import Thorax, thorax
from sample_dicom.vertebra import CANAL_CENTRE_MM, vertebra
from sample_dicom.wording import Wording

__all__ = ["RECIPES", "conformal_course", "femur_arc_course", "stereotactic_course"]

_TABLE_MM = np.array([1.5, -148.0, -652.0])
_TEN_MV = Quality(attenuation_per_mm=0.003, build_up_mm=7.0)
_ORGANS_WITH_DVH = (
    "PTV", "CTV", "GTV", "SpinalCord", "ThecalSac", "Esophagus", "A_Aorta", "Heart", "Lung_L",
    "Lung_R",
)  # fmt: skip

_SPARED = ArcDose(
    edge_gy=26.15,
    hot=0.14,
    shoulder_mm=3.6,
    fall_mm=1.7,
    core=0.36,
    rise_mm=1.62,
    rise_width_mm=1.25,
    halo_gy=12.0,
    bath_gy=11.0,
)
_NOT_SPARED = replace(_SPARED, core=0.56, rise_mm=0.7, rise_width_mm=2.2)


_T10 = Thorax(level=10, z_mm=(-90.0, 110.0, 2.0), lung_mm=(-62.0, 106.0), heart_z_mm=45.0)


def _stereotactic(
    wording: Wording, shape: ArcDose, *, kind: Thorax = _T10, dvhs: tuple[str, ...] = ()
) -> Course:
    targets = stereotactic_targets(margin_mm=2.0, sac_gap_mm=1.5)
    patient = thorax(kind, target_regions(targets, _slices(kind), reach_mm=22.0))
    isocentre = np.array([0.0, 12.0, 0.0])
    filled = union(
        vertebra(),
        rounded_box(
            centre_mm=(0.0, CANAL_CENTRE_MM[1], 0.0),
            half_mm=(12.0, 12.0, 9.0),
            corner_mm=9.0,
            edge_mm=1.5,
        ),
    )
    grid = covering_grid(patient, step_mm=2.0)
    dose = arc_dose(grid, target=grow(filled, 2.0), centre_mm=(0.0, 12.0, -1.0), shape=shape)
    arcs = (
        ("ARC1 CW", tuple(float((181 + 3 * step) % 360) for step in range(120)), 30.0, 1652.4),
        ("ARC2 CCW", tuple(float((179 - 3 * step) % 360) for step in range(120)), 330.0, 1587.9),
    )
    beams = tuple(
        arc_beam(
            patient,
            number=number,
            name=name,
            gantry_deg=angles,
            collimator_deg=collimator,
            isocentre_mm=isocentre,
            meterset=meterset,
            dose_gy=wording.dose_gy / wording.fractions / len(arcs),
        )
        for number, (name, angles, collimator, meterset) in enumerate(arcs, start=1)
    )
    return Course(
        wording=wording,
        patient=patient,
        grid=grid,
        dose_gy=dose,
        dose_scaling=0.0005,
        dose_bits=16,
        beams=beams,
        isocentre_mm=isocentre,
        dose_point_mm=None,
        table_mm=_TABLE_MM,
        stored_dvhs=dvhs,
    )


def _conformal(
    wording: Wording,
    patient: Patient,
    *,
    isocentre_mm: Array,
    fields: tuple[Field, ...],
    margin_mm: float,
    level: float,
) -> tuple[Grid, Array, tuple[Beam, ...]]:
    """Return grid, dose and beams of a static plan; `level` is isocentre over prescribed dose."""
    built = tuple(
        static_beam(
            patient,
            field,
            number=number,
            isocentre_mm=isocentre_mm,
            margin_mm=margin_mm,
            fraction_dose_gy=wording.dose_gy / wording.fractions,
            energy_mv=10.0,
        )
        for number, field in enumerate(fields, start=1)
    )
    grid = covering_grid(patient, step_mm=2.5)
    dose = static_dose(
        grid,
        beams=built,
        weights_gy=tuple(level * field.share * wording.dose_gy for field in fields),
        isocentre_mm=isocentre_mm,
        body=(patient.body_centre_mm, patient.body_semi_axes_mm),
        quality=_TEN_MV,
    )
    return grid, dose, built


def _compression(
    wording: Wording, *, dvhs: tuple[str, ...] = (), foreign: bool = False, level: int = 8
) -> Course:
    kind = Thorax(level=level, z_mm=(-105.0, 105.0, 3.0), lung_mm=(-96.0, 93.0), heart_z_mm=-40.0)
    targets = compression_targets(margin_mm=6.0)
    patient = thorax(kind, target_regions(targets, _slices(kind), reach_mm=26.0))
    isocentre = np.array([0.0, 8.0, 0.0])
    fields = (
        Field(name="AP", gantry_deg=0.0, share=0.456, meterset=158.2),
        Field(name="LPO", gantry_deg=110.0, share=0.272, meterset=108.6),
        Field(name="RPO", gantry_deg=250.0, share=0.272, meterset=108.4),
    )
    grid, dose, built = _conformal(
        wording, patient, isocentre_mm=isocentre, fields=fields, margin_mm=7.0, level=1.0065
    )
    return Course(
        wording=wording,
        patient=patient,
        grid=grid,
        dose_gy=dose,
        dose_scaling=1e-6,
        dose_bits=32,
        beams=built,
        isocentre_mm=isocentre,
        dose_point_mm=None,
        table_mm=_TABLE_MM,
        stored_dvhs=dvhs,
        foreign_plan=foreign,
    )


def _postoperative(wording: Wording) -> Course:
    kind = Thorax(level=10, z_mm=(-90.0, 110.0, 2.5), lung_mm=(-62.0, 106.0), heart_z_mm=45.0)
    targets = postoperative_targets(margin_mm=5.0, skin_gap_mm=6.0)
    slices, metal = _slices(kind), hardware()
    metal_region = region_of_solid(
        "Hardware",
        "CONTROL",
        slices,
        metal,
        box_mm=(-28.0, 28.0, -4.0, 48.0),
        reach_mm=45.0,
        density=4.5,
    )
    regions = (*target_regions(targets, slices, reach_mm=60.0), metal_region)
    patient = thorax(kind, regions, metal)
    isocentre = np.array([0.0, 24.0, 0.0])
    fields = (
        Field(name="AP", gantry_deg=0.0, share=0.44, meterset=438.6),
        Field(name="LPO", gantry_deg=120.0, share=0.28, meterset=276.3),
        Field(name="RPO", gantry_deg=240.0, share=0.28, meterset=276.1),
    )
    grid, dose, built = _conformal(
        wording, patient, isocentre_mm=isocentre, fields=fields, margin_mm=7.0, level=1.0025
    )
    return Course(
        wording=wording,
        patient=patient,
        grid=grid,
        dose_gy=dose,
        dose_scaling=1e-6,
        dose_bits=32,
        beams=built,
        isocentre_mm=isocentre,
        dose_point_mm=None,
        table_mm=_TABLE_MM,
    )


def _femur(wording: Wording) -> Course:
    patient = thighs(femur_targets(margin_mm=6.0))
    isocentre = np.array([3.0, -2.0, 0.0])
    fields = (
        Field(name="AP", gantry_deg=0.0, share=0.5, meterset=436.2),
        Field(name="PA", gantry_deg=180.0, share=0.5, meterset=439.8),
    )
    grid, dose, built = _conformal(
        wording, patient, isocentre_mm=isocentre, fields=fields, margin_mm=8.0, level=1.0
    )
    return Course(
        wording=wording,
        patient=patient,
        grid=grid,
        dose_gy=dose,
        dose_scaling=1e-6,
        dose_bits=32,
        beams=built,
        isocentre_mm=isocentre,
        dose_point_mm=isocentre,
        table_mm=_TABLE_MM + np.array([92.5, 0.0, -410.0]),
    )


def stereotactic_course(
    wording: Wording, *, core: float, rise_mm: float, kind: Thorax = _T10
) -> Course:
    """Return the stereotactic course of T10 with another sparing of the canal; see `ArcDose`."""
    return _stereotactic(wording, replace(_SPARED, core=core, rise_mm=rise_mm), kind=kind)


def femur_arc_course(wording: Wording) -> Course:
    """Return a stereotactic course of the shaft of the left femur, by two arcs."""
    targets = small_femur_targets()
    patient = thighs(targets, z_mm=np.arange(-70.0, 70.5, 2.0))
    isocentre = np.zeros(3)
    grid = covering_grid(patient, step_mm=2.0)
    away = targets.ptv(*grid.mesh)
    # A plateau that rises inside, and half of the dose 9 mm outside the target.
    shape = np.where(
        away <= 0, 1.015 + 0.12 * (1 - np.exp(np.minimum(away, 0) / 6)), 1.015 * np.exp(-away / 13)
    )
    x, y, _ = grid.mesh
    semi = patient.body_semi_axes_mm
    inside = np.hypot(x / semi[0], y / semi[1]) <= 1
    angles = tuple(float((181 + 3 * step) % 360) for step in range(120))
    beams = tuple(
        arc_beam(
            patient,
            number=number,
            name=name,
            gantry_deg=turn,
            collimator_deg=collimator,
            isocentre_mm=isocentre,
            meterset=meterset,
            dose_gy=wording.dose_gy / wording.fractions / 2,
        )
        for number, name, turn, collimator, meterset in (
            (1, "ARC1 CW", angles, 30.0, 982.4),
            (2, "ARC2 CCW", angles[::-1], 330.0, 941.7),
        )
    )
    return Course(
        wording=wording,
        patient=patient,
        grid=grid,
        dose_gy=np.asarray(wording.dose_gy * shape * inside),
        dose_scaling=0.0008,
        dose_bits=16,
        beams=beams,
        isocentre_mm=isocentre,
        dose_point_mm=None,
        table_mm=_TABLE_MM + np.array([92.5, 0.0, -410.0]),
    )


def conformal_course(wording: Wording, *, level: int) -> Course:
    """Return the three fields of the cord compression at another thoracic vertebra."""
    return _compression(wording, level=level)


def _slices(kind: Thorax) -> Array:
    first, last, step = kind.z_mm
    return np.asarray(np.arange(first, last + step / 2, step))


RECIPES: Mapping[str, Callable[[Wording], Course]] = MappingProxyType(
    {
        "spine-sbrt-24-in-2": lambda w: _stereotactic(w, _SPARED, dvhs=_ORGANS_WITH_DVH),
        "spine-sbrt-24-in-2-cord-over": lambda w: _stereotactic(w, _NOT_SPARED),
        "cord-compression-30-in-10": lambda w: _compression(w, dvhs=_ORGANS_WITH_DVH),
        "postoperative-8-in-1": _postoperative,
        "dose-of-another-plan": lambda w: _compression(w, foreign=True),
        "long-bone-8-in-1": _femur,
    }
)
"""What builds each sample, by its id."""
