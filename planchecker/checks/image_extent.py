"""IM007 and IM008: whether the scan holds what is irradiated and what is drawn."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Beam, ImageSlice
from planchecker.checks.beam_view import field_corners, states
from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_stack import whole_scan
from planchecker.checks.limits.nesting import contoured, drawn_structures
from planchecker.checks.planar import Planar, planar
from planchecker.checks.saying import moot, say
from planchecker.dosimetry.flat import median
from planchecker.errors import GeometryError
from planchecker.results import Status

__all__ = ["body_in_view", "room_in_view", "scan_length", "target_planes"]

_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def scan_length(context: Context) -> Iterator[Outcome]:
    """Ask whether the scan reaches beyond the target and the fields.

    What
    ----
    First and last slice against the ends of every target, and against the edges of the fields
    at the isocentre for couch angle 0.

    Why
    ---
    Scatter from tissue that was not scanned is not calculated, and an organ that continues
    beyond the scan has no dose there.

    Passes
    ------
    The scan reaches at least ``image.beyond_target_mm`` beyond the targets and holds the fields.

    Fires
    -----
    `fail` where a target is contoured beyond the scan; `manual` where less is scanned beyond it
    than asked, or a field reaches beyond the scan.

    Not evaluated
    -------------
    Where slices are not axial or state no position, no target is contoured on axial slices, or
    a beam states no isocentre, couch angle or jaws. Fields with a turned couch are left out,
    and the message says so. Without images IM001 says so.

    References
    ----------
    See ``image.beyond_target_mm`` of the protocol.
    """
    if not context.case.images:
        yield moot("IM007", "images", "there are no images of this plan; IM001 reports it")
        return
    found, shapes = _axial_heights(context.case.images), target_planes(context)
    if found is None or not shapes:
        lacking = "stack of axial slices" if found is None else "axial contour of a target"
        yield say(
            "IM007",
            "scan",
            Status.NOT_EVALUATED,
            f"The length of the scan is not judged: there is no {lacking}.",
            remedy="Export an axial planning CT and the contours of the target.",
        )
        return
    low, high = found
    ends = [(float(s.heights_mm[0]) - low, high - float(s.heights_mm[-1])) for s in shapes]
    least = min(min(pair) for pair in ends)
    asked = context.criterion("image.beyond_target_mm")
    known, turned, silent = _fields(context)
    reach = max(_beyond(context, known, low, high), default=0.0)
    if least < -0.5:
        status, message = Status.FAIL, f"A target ends {-least:.0f} mm beyond the scan."
    elif least < asked:
        status = Status.MANUAL
        message = f"The scan reaches only {least:.0f} mm beyond the target; asked are {asked:g} mm."
    elif reach > 0:
        status, message = Status.MANUAL, f"A field reaches {reach:.0f} mm beyond the scan."
    elif silent or not known + turned:
        status = Status.NOT_EVALUATED
        message = (
            f"The scan reaches {least:.0f} mm beyond the target; of the fields it cannot be told."
        )
    else:
        status = Status.PASS
        message = f"The scan reaches {least:.0f} mm beyond the target and holds the fields" + (
            f", but for {len(turned)} with a turned couch." if turned else "."
        )
    yield say(
        "IM007",
        "scan",
        status,
        message,
        remedy="Export isocentre, couch angle and jaws of every beam."
        if status is Status.NOT_EVALUATED
        else "Scan farther along the patient.",
        metric="scan beyond target",
        value=least,
        unit="mm",
        comparison=">=",
        limit=asked,
        margin=least - asked,
        **context.cited("image.beyond_target_mm"),
    )


def body_in_view(context: Context) -> Iterator[Outcome]:
    """Ask whether the field of view of the scanner cuts the body or a target.

    What
    ----
    Contours of body and targets against the edges of the images and the reconstruction circle.

    Why
    ---
    What lies outside the field of view has no density: the dose behind it is wrong.

    Passes
    ------
    All of them stay ``image.fov_touch_mm`` or more inside.

    Fires
    -----
    `fail` where a target touches the edge, `manual` where the body does.

    Not evaluated
    -------------
    Where the images are not axial, state no geometry or differ in it, slices that the structures
    name are missing, or no body is contoured. Without images IM001 says so.

    References
    ----------
    DICOM PS3.3 C.8.2.1 Reconstruction Diameter (0018,1100); see ``image.fov_touch_mm``.
    """
    if not context.case.images:
        yield moot("IM008", "images", "there are no images of this plan; IM001 reports it")
        return
    drawn = drawn_structures(context)
    bodies = [m for m in contoured(context) if m.category == "external"]
    geometry = {(i.position_mm or ())[:2] + (i.spacing_mm or ()) for i in context.case.images}
    first = context.case.images[0]
    clear = len(geometry) == 1 and len(next(iter(geometry))) == 4 and _is_axial(first)
    if not clear or not bodies:
        lacking = "contour of the body" if clear else "common axial geometry of the images"
        yield say(
            "IM008",
            "field of view",
            Status.NOT_EVALUATED,
            f"The field of view is not judged: there is no {lacking}.",
            remedy="Export an axial planning CT, and contour the body (ROI type EXTERNAL).",
        )
        return
    asked = context.criterion("image.fov_touch_mm")
    cut = []
    for match in contoured(context):
        if match.category not in ("target", "external"):
            continue
        points = np.concatenate([c.points_mm for c in drawn[match.roi_number].contours])
        room = room_in_view(first, points)
        nearest = int(np.argmin(room))
        if room[nearest] < asked:
            cut.append((match, float(room[nearest]), points[nearest]))
    for match, room_mm, (x, y, z) in cut:
        yield say(
            "IM008",
            match.roi_name,
            Status.FAIL if match.category == "target" else Status.MANUAL,
            f"{match.roi_name} lies {room_mm:.1f} mm inside the field of view, which cuts it."
            if room_mm >= 0
            else f"{match.roi_name} reaches {-room_mm:.1f} mm beyond the field of view.",
            roi_number=match.roi_number,
            remedy="Reconstruct the scan with a larger field of view.",
            location_mm=(float(x), float(y), float(z)),
        )
    if not cut:
        yield whole_scan(context, say("IM008", "field of view", Status.PASS, _held(context)))


def _held(context: Context) -> str:
    """Say what the field of view holds: what is not contoured is not named."""
    targets = any(match.category == "target" for match in contoured(context))
    said = "It holds the body and every target" if targets else "It holds the body"
    if all(image.reconstruction_diameter_mm for image in context.case.images):
        return f"{said}."
    return f"{said}, by the edges of the images; no reconstruction diameter is stated."


def room_in_view(image: ImageSlice, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far inside the field of view of an axial image points lie, in mm."""
    corner = np.array(image.position_mm or (0.0, 0.0, 0.0))[:2]
    row_mm, column_mm = image.spacing_mm or (0.0, 0.0)
    half = np.array([column_mm * image.columns, row_mm * image.rows]) / 2
    middle = corner - np.array([column_mm, row_mm]) / 2 + half
    # Column by column: far faster than along rows of two.
    across, down = points_mm[:, 0] - middle[0], points_mm[:, 1] - middle[1]
    room = np.minimum(half[0] - np.abs(across), half[1] - np.abs(down))
    if image.reconstruction_diameter_mm:
        circle = image.reconstruction_diameter_mm / 2 - np.hypot(across, down)
        room = np.minimum(room, circle)
    return np.asarray(room)


def target_planes(context: Context) -> tuple[Planar, ...]:
    """Return the targets that are contoured on axial slices."""
    drawn, shapes = drawn_structures(context), []
    for match in contoured(context):
        if match.category == "target":
            try:
                shapes.append(planar(drawn[match.roi_number]))
            except GeometryError:
                continue
    return tuple(shapes)


def _fields(context: Context) -> tuple[list[Beam], list[Beam], list[Beam]]:
    """Return the beams whose length is known, those with a turned couch, and the others."""
    plan = context.case.plan
    known: list[Beam] = []
    turned: list[Beam] = []
    silent: list[Beam] = []
    for beam in plan.treatment_beams if plan else ():
        couch = [point.couch_deg for point in states(beam)]
        if not beam.isocentres_mm or None in couch or not len(field_corners(beam)):
            silent.append(beam)
        else:
            (turned if any(couch) else known).append(beam)
    return known, turned, silent


def _beyond(context: Context, beams: list[Beam], low: float, high: float) -> Iterator[float]:
    """Yield how far each field reaches beyond the scan, in mm; negative where it does not."""
    plan = context.case.plan
    feet_first = plan is not None and plan.patient_position.upper().startswith("FF")
    for beam in beams:
        along = field_corners(beam)[:, 1] * (-1 if feet_first else 1)
        z = beam.isocentres_mm[0][2]
        yield max(low - (z + float(along.min())), z + float(along.max()) - high)


def _axial_heights(images: tuple[ImageSlice, ...]) -> tuple[float, float] | None:
    """Return z of the outer faces of the first and last slice."""
    positions = [image.position_mm[2] for image in images if image.position_mm]
    if len(positions) < len(images) or len(positions) < 2 or not all(map(_is_axial, images)):
        return None
    heights = np.sort(positions)
    half = median(np.diff(heights)) / 2
    return float(heights[0]) - half, float(heights[-1]) + half


def _is_axial(image: ImageSlice) -> bool:
    stated = np.abs(np.array(image.orientation))
    return len(stated) == 6 and bool(np.allclose(stated, _AXIAL, rtol=0, atol=1e-3))
