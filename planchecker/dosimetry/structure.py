"""A contoured structure as the export gives it: loops of points in patient coordinates."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from planchecker.errors import GeometryError

__all__ = ["Contour", "ContourType", "Structure"]


class ContourType(StrEnum):
    """DICOM Contour Geometric Type (3006,0042)."""

    CLOSED_PLANAR = "CLOSED_PLANAR"
    CLOSED_PLANAR_XOR = "CLOSEDPLANAR_XOR"
    OPEN_PLANAR = "OPEN_PLANAR"
    OPEN_NONPLANAR = "OPEN_NONPLANAR"
    POINT = "POINT"
    UNKNOWN = ""
    """Absent or not a defined term; never taken for a volume."""

    @property
    def is_closed(self) -> bool:
        """Whether loops of this type enclose an area."""
        return self in (ContourType.CLOSED_PLANAR, ContourType.CLOSED_PLANAR_XOR)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contour:
    """One contour.

    Parameters
    ----------
    points_mm
        Vertices in DICOM patient coordinates, ndarray of shape (N, 3), read-only.
    geometric_type
        DICOM Contour Geometric Type.
    image_uid
        SOP Instance UID of the image it was drawn on; empty where the export names none.
    """

    points_mm: NDArray[np.float64]
    geometric_type: ContourType = ContourType.CLOSED_PLANAR
    image_uid: str = ""

    def __post_init__(self) -> None:
        points = np.array(self.points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise GeometryError(f"contour points must have shape (N, 3), got {points.shape!r}")
        if not np.isfinite(points).all():
            raise GeometryError("contour points must be finite numbers")
        points.flags.writeable = False
        object.__setattr__(self, "points_mm", points)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Structure:
    """One ROI: its contours and what the export says about it.

    Parameters
    ----------
    roi_number, name
        DICOM ROI Number and ROI Name; the number is the key, names may repeat.
    interpreted_type
        RT ROI Interpreted Type (``PTV``, ``ORGAN``, ``EXTERNAL``, ...), upper case.
    contours
        All contours in the order of the file.
    frame_of_reference_uid
        Referenced Frame of Reference UID.
    codes
        (code value, coding scheme designator) pairs of the ROI identification.
    stated_volume_cc
        ROI Volume (3006,002C) where given.
    """

    roi_number: int
    name: str
    interpreted_type: str = ""
    contours: tuple[Contour, ...] = ()
    frame_of_reference_uid: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    stated_volume_cc: float | None = None
    physical_properties: tuple[tuple[str, float], ...] = ()
    """(ROI Physical Property, value) pairs such as a density override."""
    dropped_contours: int = 0
    """How many contours the file holds that could not be read: the structure is then incomplete."""
    notes: tuple[str, ...] = ()
    """What the reader dropped or assumed, in plain words."""
