"""Six sectors of a vertebra from the contours of vertebra and canal.

The canal gives the axis and the centre, the vertebra lies mainly in front of it and so gives
the front. Seen along the axis, with the canal's own depth and width:

- body: in front of the canal,
- pedicles, left and right: beside the front half of the canal,
- transverse process with lamina, left and right: beside the rear half and behind the canal,
  away from the midline,
- spinous process: behind the canal, at the midline.

Left is the patient's left. The division is geometry; it follows no published planes, and an
anatomist may draw the borders a few millimetres elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError
from planchecker.solid_points import filled, holds

__all__ = [
    "SECTORS_OF",
    "Part",
    "Pose",
    "VertebraSectors",
    "divide",
    "gather",
    "pose_of",
    "shares",
]

Points = NDArray[np.float64]

_POINTS = 80_000
_PART_WIDTH = "U40"


class Part(StrEnum):
    """One of the six sectors, in their usual order."""

    BODY = "body"
    PEDICLE_LEFT = "left pedicle"
    ARCH_LEFT = "left transverse process and lamina"
    SPINOUS = "spinous process"
    ARCH_RIGHT = "right transverse process and lamina"
    PEDICLE_RIGHT = "right pedicle"


SECTORS_OF: Mapping[str, Part] = {
    "body": Part.BODY,
    "pedicle_left": Part.PEDICLE_LEFT,
    "transverse_left": Part.ARCH_LEFT,
    "lamina_left": Part.ARCH_LEFT,
    "spinous": Part.SPINOUS,
    "transverse_right": Part.ARCH_RIGHT,
    "lamina_right": Part.ARCH_RIGHT,
    "pedicle_right": Part.PEDICLE_RIGHT,
}
"""Sector of each part of a vertebra as `constraints.delineation` names them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pose:
    """How a vertebra lies in the patient.

    Parameters
    ----------
    centre_mm
        Middle of the canal at the vertebra.
    axes
        Unit vectors to the left, to the front and along the canal, shape (3, 3).
    half_width_mm, half_depth_mm
        Half the canal from side to side and from front to back.
    """

    centre_mm: Points
    axes: Points
    half_width_mm: float
    half_depth_mm: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VertebraSectors:
    """Points that fill a vertebra, each in one sector.

    Parameters
    ----------
    pose
        None where the sectors were contoured.
    points_mm, parts, share_cc
        Places, sectors and volumes of the points, shapes (N, 3), (N,) and (N,).
    """

    pose: Pose | None
    points_mm: Points
    parts: NDArray[np.str_]
    share_cc: Points

    def volume_cc(self, part: Part) -> float:
        """Return the volume of a sector."""
        return float(self.share_cc[self.parts == part.value].sum())

    def middle_mm(self, part: Part) -> tuple[float, float, float] | None:
        """Return the middle of a sector; None where it is empty."""
        inside = self.points_mm[self.parts == part.value]
        if not len(inside):
            return None
        x, y, z = inside.mean(axis=0)
        return float(x), float(y), float(z)


def divide(vertebra: Structure, canal: Structure) -> VertebraSectors:
    """Divide a vertebra into its six sectors.

    Parameters
    ----------
    vertebra
        The whole vertebra with its arch; the canal may be in it or not.
    canal
        Spinal canal, or the thecal sac where no canal is contoured, at least over the height of
        the vertebra.

    Raises
    ------
    GeometryError
        If one encloses no volume, they do not lie at the same height, or the canal is not
        behind a body.
    """
    points, share_cc = filled(vertebra, most=_POINTS)
    pose = pose_of(points, canal)
    outside = ~holds(canal, points)
    points = points[outside]
    return VertebraSectors(
        pose=pose,
        points_mm=points,
        parts=_parts(pose, points),
        share_cc=np.full(len(points), share_cc),
    )


def gather(contours: Mapping[Part, Sequence[Structure]]) -> VertebraSectors:
    """Make sectors of their own contours, which stand as they were drawn.

    Parameters
    ----------
    contours
        One or more contours of each sector, such as lamina and transverse process.

    Raises
    ------
    GeometryError
        If one of them encloses no volume.
    """
    points, parts, volumes = [], [], []
    for part, structures in contours.items():
        for structure in structures:
            inside, share_cc = filled(structure, most=_POINTS // len(Part))
            points.append(inside)
            parts.append(np.full(len(inside), part.value, dtype=_PART_WIDTH))
            volumes.append(np.full(len(inside), share_cc))
    return VertebraSectors(
        pose=None,
        points_mm=np.concatenate(points),
        parts=np.concatenate(parts),
        share_cc=np.concatenate(volumes),
    )


def shares(sectors: VertebraSectors, *structures: Structure) -> dict[Part, tuple[float, float]]:
    """Return, for each sector, the share and volume in cc that structures cover together.

    Raises
    ------
    GeometryError
        If the contours of one enclose no volume.
    """
    inside = np.zeros(len(sectors.points_mm), dtype=bool)
    for structure in structures:
        inside |= holds(structure, sectors.points_mm)
    found = {}
    for part in Part:
        here = sectors.parts == part.value
        whole = sectors.volume_cc(part)
        hit = float(sectors.share_cc[inside & here].sum())
        found[part] = (hit / whole if whole else 0.0, hit)
    return found


def pose_of(vertebra_mm: Points, canal: Structure) -> Pose:
    """Find how a vertebra lies from points that fill it and its canal.

    Raises
    ------
    GeometryError
        If the canal does not pass the vertebra, or does not lie behind a body.
    """
    inner, _ = filled(canal)
    normal = stack_planes(canal, spacing_mm=1.0).frame.axes[2]
    axis = _axis(inner, normal)
    # Whole layers: a cut across the axis would leave slanted ends and turn the axis.
    along = vertebra_mm @ normal
    low, high = np.quantile(along, [0.02, 0.98])
    beside = inner[(inner @ normal >= low) & (inner @ normal <= high)]
    if len(beside) < 10:
        raise GeometryError(f"{canal.name!r} does not pass the vertebra")
    # The canal bends: its direction at this vertebra, not over its whole length.
    if np.ptp(beside @ normal) > 5:
        axis = _axis(beside, normal)
    centre = beside.mean(axis=0)
    forward = vertebra_mm.mean(axis=0) - centre
    forward -= (forward @ axis) * axis
    length = float(np.linalg.norm(forward))
    if length < 2:
        raise GeometryError(f"{canal.name!r} does not lie behind the body of the vertebra")
    forward /= length
    left = np.cross(forward, axis)
    if left[0] < 0:
        left, axis = -left, -axis
    outline = np.concatenate([contour.points_mm for contour in canal.contours])
    here = (outline @ normal >= low) & (outline @ normal <= high)
    relative = (outline[here] if here.any() else beside) - centre
    return Pose(
        centre_mm=centre,
        axes=np.array([left, forward, axis]),
        half_width_mm=float(np.quantile(np.abs(relative @ left), 0.98)),
        half_depth_mm=float(np.quantile(np.abs(relative @ forward), 0.98)),
    )


def _axis(points: Points, normal: Points) -> Points:
    """Return the direction along which the middles of layers of points advance.

    A canal over one vertebra may be wider than high, so the direction of largest spread may be
    across it. Layers across `normal` have their middles on the axis, however it is tilted.
    """
    centred = points - points.mean(axis=0)
    along = centred @ normal
    direction = centred.T @ along
    length = float(np.linalg.norm(direction))
    return np.asarray(direction / length) if length > 0 else normal


def _parts(pose: Pose, points: Points) -> NDArray[np.str_]:
    left, front, _ = ((points - pose.centre_mm) @ pose.axes.T).T
    behind = front <= -pose.half_depth_mm
    conditions = [
        front > pose.half_depth_mm,
        (front > 0) & (left >= 0),
        (front > 0) & (left < 0),
        behind & (np.abs(left) <= pose.half_width_mm / 2),
        left >= 0,
    ]
    choices = [
        Part.BODY,
        Part.PEDICLE_LEFT,
        Part.PEDICLE_RIGHT,
        Part.SPINOUS,
        Part.ARCH_LEFT,
    ]
    return np.select(conditions, [c.value for c in choices], default=Part.ARCH_RIGHT.value)
