"""Contour Data (3006,0050) from raw bytes; pydicom's own conversion takes ten times as long."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.structure import Contour, ContourType
from planchecker.errors import GeometryError
from planchecker.reading.decimals import parse_decimals
from planchecker.reading.elements import Elements
from planchecker.reading.items import RawElement, Tag

__all__ = ["RoiContours", "read_contours"]

_CONTOUR_DATA = Tag(0x30060050)
_CONTOUR_IMAGES = Tag(0x30060016)
_CONTOUR_OFFSET = Tag(0x30060045)
_MOST_NOTES = 20
_TYPES = frozenset(ContourType)
# Referenced SOP Instance UID in little endian, explicit or implicit; a UID has 64 bytes at most.
_IMAGE_UID = re.compile(
    rb"\x08\x00\x55\x11(?:UI([\x00-\x40])\x00|([\x00-\x40])\x00\x00\x00)([0-9.]*)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoiContours:
    """The contours of one ROI; `dropped` counts those that could not be read."""

    contours: tuple[Contour, ...] = ()
    dropped: int = 0
    notes: tuple[str, ...] = ()


def read_contours(roi: Elements) -> RoiContours:
    """Read one item of the ROI Contour Sequence.

    A contour whose coordinates are malformed is left out, with a note: no coordinate is ever
    guessed, and the rest of the ROI stays readable.
    """
    contours: list[Contour] = []
    problems: list[str] = []
    notes: list[str] = []
    view = roi.with_notes(notes)
    for position, item in enumerate(view.items("ContourSequence"), start=1):
        try:
            contours.append(_contour(item))
        except (ValueError, GeometryError) as error:
            problems.append(f"contour {position} is left out: {error}")
    if notes and not contours and not problems:
        problems.append("contours are lost: the sequence is malformed")
    dropped = len(problems)
    if dropped > _MOST_NOTES:
        problems[_MOST_NOTES:] = [f"{dropped - _MOST_NOTES} more contours are left out"]
    return RoiContours(contours=tuple(contours), dropped=dropped, notes=(*problems, *notes))


def _contour(item: Elements) -> Contour:
    values = _coordinates(item)
    if values.size == 0:
        raise ValueError("it has no coordinates")
    if values.size % 3:
        raise ValueError(f"{values.size} coordinates do not make points of three")
    if _CONTOUR_OFFSET in item.item and any(item.numbers("ContourOffsetVector")):
        raise ValueError("it is displaced by a Contour Offset Vector, which is not supported")
    return Contour(
        points_mm=values.reshape(-1, 3),
        geometric_type=_geometric_type(item.text("ContourGeometricType")),
        image_uid=_image_uid(item),
    )


def _coordinates(item: Elements) -> NDArray[np.float64]:
    element = item.item.get(_CONTOUR_DATA)
    if not isinstance(element, RawElement):
        return np.empty(0)
    return parse_decimals(element.value)


def _geometric_type(text: str) -> ContourType:
    return ContourType(text) if text in _TYPES else ContourType.UNKNOWN


def _image_uid(item: Elements) -> str:
    """Find the image in the raw bytes where possible; parsing the sequence costs 40 µs each."""
    element = item.item.get(_CONTOUR_IMAGES)
    if isinstance(element, RawElement):
        found = _IMAGE_UID.search(element.value)
        if found:
            length = ord(found[1] or found[2])
            return found[3][:length].decode("ascii")
    images = item.items("ContourImageSequence")
    return next((image.text("ReferencedSOPInstanceUID") for image in images), "")
