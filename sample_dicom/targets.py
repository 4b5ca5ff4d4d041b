"""Target volumes and metal of the samples, as solids and as regions."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.regions import Region, region_of_solid
from sample_dicom.solids import Array, Solid, bar, grow, rounded_box, union
from sample_dicom.thorax import body_depth
from sample_dicom.vertebra import (
    CANAL_CENTRE_MM,
    SAC_SEMI_AXES_MM,
    canal_distance,
    vertebra,
    vertebral_body,
)

__all__ = [
    "Targets",
    "compression_targets",
    "hardware",
    "postoperative_targets",
    "stereotactic_targets",
    "target_regions",
]

_BOX_MM = (-40.0, 40.0, -22.0, 74.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """GTV (where there is one), CTV and PTV."""

    gtv: Solid | None
    ctv: Solid
    ptv: Solid


def stereotactic_targets(*, margin_mm: float, sac_gap_mm: float) -> Targets:
    """Return the targets of a lesion in the whole vertebra, the canal spared.

    The CTV is the whole vertebra: every sector is involved, which is when a ring is allowed.
    The PTV keeps `sac_gap_mm` from the thecal sac, hence from the cord.
    """
    bone = vertebra()

    def trimmed(x: Array, y: Array, z: Array) -> Array:
        spared = sac_gap_mm - canal_distance(x, y, z, SAC_SEMI_AXES_MM)
        return np.maximum(bone(x, y, z) - margin_mm, spared)

    return Targets(gtv=grow(bone, -1.6), ctv=bone, ptv=trimmed)


def compression_targets(*, margin_mm: float) -> Targets:
    """Return the targets of a body lesion that fills the canal at its level."""
    canal = rounded_box(
        centre_mm=(0.0, CANAL_CENTRE_MM[1], 0.0),
        half_mm=(12.0, 12.0, 12.4),
        corner_mm=9.0,
        edge_mm=1.5,
    )
    arch = [
        bar(start_mm=(15.2 * s, 11, 3), end_mm=(13.0 * s, 32, 1), radius_mm=5.0, rise_mm=5)
        for s in (-1.0, 1.0)
    ]
    ctv = union(vertebral_body(), canal, *arch)
    gross = rounded_box(
        centre_mm=(2.0, 8.0, 0.0), half_mm=(11.0, 14.0, 9.4), corner_mm=8.0, edge_mm=2.0
    )

    def gtv(x: Array, y: Array, z: Array) -> Array:
        return np.maximum(gross(x, y, z), ctv(x, y, z) + 1.0)

    return Targets(gtv=gtv, ctv=ctv, ptv=grow(ctv, margin_mm))


def hardware() -> Solid:
    """Return two rods with screws in the vertebra above and the one below."""
    parts = []
    for side in (-1.0, 1.0):
        parts.append(bar(start_mm=(21 * side, 41, -39), end_mm=(21 * side, 41, 39), radius_mm=3.5))
        parts.extend(
            bar(start_mm=(21 * side, 41, level), end_mm=(9 * side, 2, level), radius_mm=3.2)
            for level in (-27.0, 27.0)
        )
    return union(*parts)


def postoperative_targets(*, margin_mm: float, skin_gap_mm: float) -> Targets:
    """Return the targets of an operated vertebra: bone, all the metal and the scar.

    The CTV stays 12 mm and the PTV `skin_gap_mm` below the skin.
    """
    bed = rounded_box(
        centre_mm=(0.0, 40.0, 0.0), half_mm=(14.0, 26.0, 45.0), corner_mm=8.0, edge_mm=4.0
    )
    whole = union(grow(vertebra(), 3.0), grow(hardware(), 3.0), bed)

    def below_skin(solid: Solid, gap_mm: float) -> Solid:
        return lambda x, y, z: np.maximum(solid(x, y, z), gap_mm - body_depth(x, y))

    return Targets(
        gtv=None, ctv=below_skin(whole, 12.0), ptv=below_skin(grow(whole, margin_mm), skin_gap_mm)
    )


def target_regions(targets: Targets, z_mm: Array, *, reach_mm: float) -> tuple[Region, ...]:
    """Return the contoured targets, the outermost first."""
    named = (("PTV", targets.ptv), ("CTV", targets.ctv), ("GTV", targets.gtv))
    return tuple(
        region_of_solid(name, name, z_mm, solid, box_mm=_BOX_MM, step_mm=0.7, reach_mm=reach_mm)
        for name, solid in named
        if solid is not None
    )
