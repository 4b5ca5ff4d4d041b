"""A thorax around one vertebra: organs, targets, metal and CT numbers."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from sample_dicom.outlines import ellipse, offset_ellipse, section
from sample_dicom.regions import Patient, Region, on_slices, region_of_loops, region_of_solid
from sample_dicom.solids import Array, Solid
from sample_dicom.vertebra import (
    CANAL_CENTRE_MM,
    CORD_SEMI_AXES_MM,
    PITCH_MM,
    SAC_SEMI_AXES_MM,
    canal_distance,
    spine_offset_mm,
    vertebra,
    vertebral_body,
)

__all__ = ["BODY_CENTRE_MM", "BODY_SEMI_AXES_MM", "Thorax", "body_depth", "thorax"]

BODY_CENTRE_MM = (0.0, -38.0)
BODY_SEMI_AXES_MM = (172.0, 112.0)
_HEART_CENTRE_MM = (18.0, -90.0)
_HEART_MM = (50.0, 40.0, 50.0)
_LUNG_BOX_MM = (-145.0, 145.0, -140.0, 60.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thorax:
    """What differs between the thoracic samples.

    Parameters
    ----------
    level
        Number of the thoracic vertebra at z = 0.
    z_mm
        First slice, last slice and slice spacing.
    lung_mm
        Lowest and highest point of the lungs.
    heart_z_mm
        Height of the centre of the heart.
    """

    level: int
    z_mm: tuple[float, float, float]
    lung_mm: tuple[float, float]
    heart_z_mm: float


def body_depth(x: Array, y: Array) -> Array:
    """Return the depth in mm below the skin, measured towards the middle; negative outside."""
    across, deep = x - BODY_CENTRE_MM[0], y - BODY_CENTRE_MM[1]
    relative = np.hypot(across / BODY_SEMI_AXES_MM[0], deep / BODY_SEMI_AXES_MM[1])
    outward = np.hypot(across, deep) * (1 / np.maximum(relative, 1e-3) - 1)
    return np.asarray(np.where(relative < 1e-3, min(BODY_SEMI_AXES_MM), outward))


def thorax(kind: Thorax, targets: tuple[Region, ...], metal: Solid | None = None) -> Patient:
    """Return the patient with its organs, the given targets and, if any, metal in the CT."""
    z_mm = np.arange(kind.z_mm[0], kind.z_mm[1] + 0.5, kind.z_mm[2])
    body = ellipse(centre_mm=BODY_CENTRE_MM, semi_axes_mm=BODY_SEMI_AXES_MM, points=180)
    organs = [
        region_of_loops("External", "EXTERNAL", z_mm, lambda _: [body]),
        *targets,
        *_canal_contents(z_mm),
        *_mediastinum(kind, z_mm),
        *_lungs(kind, z_mm),
        *_levels(kind, z_mm),
    ]
    return Patient(
        z_mm=z_mm,
        regions=tuple(organs),
        body_centre_mm=BODY_CENTRE_MM,
        body_semi_axes_mm=BODY_SEMI_AXES_MM,
        hounsfield=lambda x, y, z: _hounsfield(kind, metal, x, y, z),
    )


def _canal_contents(z_mm: Array) -> list[Region]:
    """Return cord, planning volume and sac; the planning volume outreaches the cord by a slice."""

    def tube(semi_axes: tuple[float, float], margin_mm: float, z: float) -> list[Array]:
        left, back = spine_offset_mm(np.array(z))
        centre = CANAL_CENTRE_MM[0] + float(left), CANAL_CENTRE_MM[1] + float(back)
        return [
            offset_ellipse(centre_mm=centre, semi_axes_mm=semi_axes, margin_mm=margin_mm, points=48)
        ]

    rows = (
        ("SpinalCord", "ORGAN", CORD_SEMI_AXES_MM, 0.0, 2),
        ("SpinalCord_PRV02", "AVOIDANCE", CORD_SEMI_AXES_MM, 2.0, 1),
        ("ThecalSac", "ORGAN", SAC_SEMI_AXES_MM, 0.0, 1),
    )
    return [
        region_of_loops(name, kind, z_mm, partial(tube, semi_axes, margin_mm), spare=spare)
        for name, kind, semi_axes, margin_mm, spare in rows
    ]


def _oesophagus(z: float) -> list[Array]:
    return [ellipse(centre_mm=(5 + z / 40, -38), semi_axes_mm=(8, 6), points=36)]


def _aorta(z: float) -> list[Array]:
    return [ellipse(centre_mm=(24 - z / 60, -27), semi_axes_mm=(11, 11), points=48)]


def _heart_loops(kind: Thorax, z: float) -> list[Array]:
    scale = np.sqrt(max(0.0, 1 - ((z - kind.heart_z_mm) / _HEART_MM[2]) ** 2))
    axes = _HEART_MM[0] * scale, _HEART_MM[1] * scale
    return (
        [ellipse(centre_mm=_HEART_CENTRE_MM, semi_axes_mm=axes, points=72)] if scale > 0.1 else []
    )


def _mediastinum(kind: Thorax, z_mm: Array) -> list[Region]:
    return [
        region_of_loops("Esophagus", "ORGAN", z_mm, _oesophagus, spare=1),
        region_of_loops("A_Aorta", "ORGAN", z_mm, _aorta, spare=1),
        region_of_loops("Heart", "ORGAN", z_mm, lambda z: _heart_loops(kind, z)),
    ]


def _from_heart(kind: Thorax, x: Array, y: Array, z: Array, spare_mm: float = 0.0) -> Array:
    """Return the distance from the middle of the heart in units of its size."""
    across, deep, high = (half + spare_mm for half in _HEART_MM)
    squared = ((x - _HEART_CENTRE_MM[0]) / across) ** 2 + ((y - _HEART_CENTRE_MM[1]) / deep) ** 2
    return np.asarray(np.sqrt(squared + ((z - kind.heart_z_mm) / high) ** 2))


def _lung(kind: Thorax, x: Array, y: Array, z: Array) -> Array:
    """Return a field that is negative in the lungs; about a distance in mm."""
    middle, half = np.mean(kind.lung_mm), np.ptp(kind.lung_mm) / 2
    taper = np.sqrt(np.maximum(1 - np.abs((z - middle) / half) ** 3, 1e-6))
    across, deep = (np.abs(x) - 76.0) / (58.0 * taper), (y + 44.0) / (82.0 * taper)
    lobe = (np.hypot(across, deep) - 1) * 60.0
    heart = (_from_heart(kind, x, y, z, spare_mm=4.0) - 1) * _HEART_MM[1]
    spine = np.hypot(x, y - 8.0) - 37.0
    vessels = np.hypot(x - 20.0, y + 27.0) - 19.0
    return np.asarray(np.maximum.reduce(np.broadcast_arrays(lobe, -heart, -spine, -vessels)))


def _lungs(kind: Thorax, z_mm: Array) -> list[Region]:
    def loops(z: float) -> list[Array]:
        if not kind.lung_mm[0] < z < kind.lung_mm[1]:
            return []
        return section(
            lambda x, y, height: _lung(kind, x, y, height),
            z_mm=z,
            box_mm=_LUNG_BOX_MM,
            step_mm=2.5,
            spacing_mm=4.0,
        )

    both = on_slices(z_mm, 0, len(z_mm) - 1, loops)
    left = tuple((index, loop) for index, loop in both if loop[:, 0].mean() > 0)
    right = tuple((index, loop) for index, loop in both if loop[:, 0].mean() < 0)
    return [
        Region(name="Lung_L", kind="ORGAN", outlines=left),
        Region(name="Lung_R", kind="ORGAN", outlines=right),
        Region(name="Lungs", kind="ORGAN", outlines=both),
    ]


def _levels(kind: Thorax, z_mm: Array) -> list[Region]:
    """Return the bodies of the treated vertebra and its neighbours."""
    regions = []
    for step in (-1, 0, 1):
        height = -step * PITCH_MM
        region = region_of_solid(
            f"VB_T{kind.level + step:02d}",
            "ORGAN",
            z_mm,
            vertebral_body(height),
            box_mm=(-20.0, 20.0, -18.0, 18.0),
            reach_mm=45.0,
        )
        regions.append(region)
    return regions


def _hounsfield(kind: Thorax, metal: Solid | None, x: Array, y: Array, z: Array) -> Array:
    """Return CT numbers: fat under the skin, muscle, lungs, vessels, spine and metal."""
    depth = body_depth(x, y)
    lung = _lung(kind, x, y, z)
    image = np.where(depth < 12, -95.0, 45.0) + np.zeros_like(lung)
    image[lung < 0] = -760.0
    image[_from_heart(kind, x, y, z) < 1] = 42.0
    image[np.hypot(x - 24 + z / 60, y + 27) < 11] = 38.0
    image[np.hypot((x - 5 - z / 40) / 8, (y + 38) / 6) < 1] = 25.0
    columns, rows = np.abs(x.ravel()) < 40, np.abs(y.ravel() - 20) < 45
    middle = np.ix_(np.arange(len(z)), rows, columns)
    image[middle] = _spine(image[middle], metal, x[..., columns], y[:, rows], z)
    image[np.broadcast_to(depth < 0, image.shape)] = -1000.0
    return image


def _spine(image: Array, metal: Solid | None, x: Array, y: Array, z: Array) -> Array:
    """Return the CT numbers with vertebrae, discs, canal and metal put in."""
    left, back = spine_offset_mm(z)
    folded = z - PITCH_MM * np.round(z / PITCH_MM)
    bone = vertebra()(x - left, y - back, folded)
    image[(np.hypot((x - left) / 16, (y - back) / 14) < 1) & (bone > 0)] = 85.0
    image[bone < 0] = 240.0
    image[(bone < 0) & (bone > -2)] = 620.0
    image[canal_distance(x, y, z, SAC_SEMI_AXES_MM) < 0] = 14.0
    image[canal_distance(x, y, z, CORD_SEMI_AXES_MM) < 0] = 36.0
    if metal is not None:
        image[metal(x, y, z) < -0.3] = 3071.0
    return image
