"""Both thighs around a lesion in the shaft of the left femur."""

import numpy as np

from sample_dicom.outlines import ellipse
from sample_dicom.regions import Patient, Region, region_of_loops, region_of_solid
from sample_dicom.solids import Array, Solid, bar, grow, rounded_box
from sample_dicom.targets import Targets

__all__ = ["femur_targets", "small_femur_targets", "thighs"]

_Z_MM = np.arange(-105.0, 106.0, 3.0)
_SEMI_AXES_MM = (82.0, 72.0)
_OTHER_SIDE_MM = -185.0
"""How far to the right the middle of the other thigh lies."""


def _shaft(x_mm: float, radius_mm: float) -> Solid:
    return bar(start_mm=(x_mm, 0, -300), end_mm=(x_mm, 0, 300), radius_mm=radius_mm)


def small_femur_targets() -> Targets:
    """Return the targets of a lesion inside the shaft, with the margins of a stereotactic plan."""
    gross = rounded_box(
        centre_mm=(0.0, 0.0, 0.0), half_mm=(8.0, 8.0, 12.0), corner_mm=7.0, edge_mm=5.0
    )
    return Targets(gtv=gross, ctv=grow(gross, 6.5), ptv=grow(gross, 9.5))


def femur_targets(*, margin_mm: float) -> Targets:
    """Return the targets of a lesion that has broken out of the shaft."""
    gross = rounded_box(
        centre_mm=(3.0, -2.0, 0.0), half_mm=(15.0, 14.0, 24.0), corner_mm=12.0, edge_mm=8.0
    )
    return Targets(gtv=gross, ctv=grow(gross, 8.0), ptv=grow(gross, 8.0 + margin_mm))


def thighs(targets: Targets, *, z_mm: Array = _Z_MM) -> Patient:
    """Return the patient; x = 0 lies in the left femur, and the patient's middle at -92.5 mm.

    Parameters
    ----------
    z_mm
        Slice positions.
    """
    centres = (0.0, _OTHER_SIDE_MM)
    skin = [ellipse(centre_mm=(x, 0), semi_axes_mm=_SEMI_AXES_MM, points=120) for x in centres]
    box = (-45.0, 45.0, -45.0, 45.0)
    goals = [
        region_of_solid(name, name, z_mm, solid, box_mm=box, reach_mm=60.0)
        for name, solid in (("PTV", targets.ptv), ("CTV", targets.ctv), ("GTV", targets.gtv))
        if solid is not None
    ]

    def bone(x: float) -> list[Array]:
        return [ellipse(centre_mm=(x, 0), semi_axes_mm=(14, 14), points=48)]

    regions: list[Region] = [
        region_of_loops("External", "EXTERNAL", z_mm, lambda _: skin),
        *goals,
        region_of_loops("Femur_L", "ORGAN", z_mm, lambda _: bone(0.0)),
        region_of_loops("Femur_R", "ORGAN", z_mm, lambda _: bone(_OTHER_SIDE_MM)),
    ]
    return Patient(
        z_mm=z_mm,
        regions=tuple(regions),
        body_centre_mm=(0.0, 0.0),
        body_semi_axes_mm=_SEMI_AXES_MM,
        hounsfield=lambda x, y, z: _hounsfield(targets, x, y, z),
    )


def _hounsfield(targets: Targets, x: Array, y: Array, z: Array) -> Array:
    near = np.where(x > _OTHER_SIDE_MM / 2, x, x - _OTHER_SIDE_MM)
    relative = np.hypot(near / _SEMI_AXES_MM[0], y / _SEMI_AXES_MM[1]) + np.zeros_like(z)
    image = np.where(relative < 0.85, 55.0, -95.0)
    radius = np.broadcast_to(np.hypot(near, y), image.shape)
    image[radius < 14] = 1150.0
    image[radius < 7] = -20.0
    if targets.gtv is not None:
        image[targets.gtv(x, y, z) < 0] = 65.0
    image[relative > 1] = -1000.0
    return image
