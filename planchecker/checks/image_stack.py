"""IM004 to IM006: how the slices lie to each other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from constraints.model import Technique
from planchecker.case import ImageSlice
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.saying import moot, say
from planchecker.dosimetry.flat import median
from planchecker.results import Finding, Status
from planchecker.schemes.tables import is_one_of

__all__ = [
    "absent_slices",
    "is_plain_field",
    "slice_heights",
    "spacing_suits",
    "tilt",
    "uniform",
    "whole_scan",
]


def uniform(context: Context) -> Iterator[Outcome]:
    """Ask whether the slices are alike and evenly spaced, and none is missing.

    What
    ----
    Distances between neighbouring slices, along the normal of the slices, against their median;
    rows, columns and pixel spacing of every slice against those of most.

    Why
    ---
    Where a slice is missing, contours and dose are interpolated over a gap that nobody sees.

    Passes
    ------
    Every distance equals the median within ``image.gap_tolerance_mm``, and all slices have the
    same pixels.

    Fires
    -----
    `manual` where one is larger or smaller, two slices share a place, or one has other pixels
    than the rest; the place is given.

    Not evaluated
    -------------
    Where slices state no position or there is only one. Without images IM001 says so.

    References
    ----------
    See ``image.gap_tolerance_mm`` of the protocol.
    """
    images = context.case.images
    if not images:
        yield moot("IM004", "images", "there are no images of this plan; IM001 reports it")
        return
    series = {image.series_uid for image in images}
    heights = slice_heights(images)
    if heights is None or len(heights) < 2 or len(series) > 1:
        lacking = "several series stand together" if len(series) > 1 else _unplaced(images)
        yield say(
            "IM004",
            "slices",
            Status.NOT_EVALUATED,
            f"The spacing of the slices is not judged: {lacking}.",
            remedy="Export one series with Image Position and Image Orientation.",
        )
        return
    gaps = np.diff(heights)
    usual = median(gaps)
    # The tolerance is a decimal; the difference of two positions is not.
    off = np.abs(gaps - usual) > context.criterion("image.gap_tolerance_mm") + 1e-6
    worst = int(np.argmax(np.abs(gaps - usual)))
    said = f"{gaps[worst]:g} mm after the slice at {heights[worst]:g} mm"
    odd = _other_pixels(images)
    status, message = climb(
        (
            bool(odd),
            Status.MANUAL,
            f"Slices with other rows, columns or pixel spacing than the rest: {len(odd)}.",
        ),
        (
            bool((gaps < 1e-3).any()),
            Status.MANUAL,
            f"{int((gaps < 1e-3).sum())} slices share their place with another.",
        ),
        (
            bool(off.any()),
            Status.MANUAL,
            f"{int(off.sum())} gaps differ from the usual {usual:g} mm, such as {said}.",
        ),
        (True, Status.PASS, f"{len(heights)} slices lie {usual:g} mm apart."),
    )
    yield say(
        "IM004",
        "slices",
        status,
        message,
        remedy="Export every slice of the planning CT; if all are there, ask for a new scan.",
        metric="" if odd else "gap",
        value=None if odd else float(gaps[worst]),
        unit="" if odd else "mm",
        **context.cited("image.gap_tolerance_mm"),
        location_mm=None
        if status is Status.PASS
        else (odd or _lowest_first(images)[worst:])[0].position_mm,
    )


def spacing_suits(context: Context) -> Iterator[Outcome]:
    """Ask whether the slices are thin enough for the technique.

    What
    ----
    The median distance of the slices against the protocol's number for conventional and for
    stereotactic plans. A plain palliative field is asked for none.

    Why
    ---
    On thick slices the ends of target and cord are guessed.

    Passes
    ------
    The distance is at most that of the technique; of the smaller where it may be either.

    Fires
    -----
    `warn` where it is larger in a conventional plan, `manual` in one that is or may be
    stereotactic.

    Not evaluated
    -------------
    Where the technique is unknown or positions are missing. Without images IM001 says so.

    References
    ----------
    See ``image.max_spacing_conventional_mm`` and ``image.max_spacing_stereotactic_mm``.
    """
    images, worlds = context.case.images, context.technique.worlds
    if not images:
        yield moot("IM005", "images", "there are no images of this plan; IM001 reports it")
        return
    if is_plain_field(context):
        yield moot("IM005", "slices", "a plain palliative field is asked for no slice spacing")
        return
    heights = slice_heights(images)
    if not worlds or heights is None or len(heights) < 2:
        lacking = _unplaced(images) if worlds else "the technique is unknown"
        yield say(
            "IM005",
            "slices",
            Status.NOT_EVALUATED,
            f"The slice spacing is not judged: {lacking}.",
            remedy="Export the planning CT with positions, and the plan with its beams.",
        )
        return
    asked = min((f"image.max_spacing_{w.value}_mm" for w in worlds), key=context.criterion)
    limit = context.criterion(asked)
    usual = median(np.diff(heights))
    excess = Status.MANUAL if Technique.STEREOTACTIC in worlds else Status.WARN
    yield say(
        "IM005",
        "slices",
        # Positions are decimals of a thousandth of a mm.
        Status.PASS if usual <= limit + 1e-3 else excess,
        f"The slices lie {usual:g} mm apart; asked are at most {limit:g} mm.",
        remedy="Scan with thinner slices, or let a physicist accept these.",
        metric="slice spacing",
        value=usual,
        unit="mm",
        comparison="<=",
        limit=limit,
        margin=limit - usual,
        **context.cited(asked),
    )


def tilt(context: Context) -> Iterator[Outcome]:
    """Ask whether the scanner's gantry was upright.

    What
    ----
    Gantry/Detector Tilt, and the angle between the normal of the slices and the direction in
    which they follow each other.

    Why
    ---
    Planning systems stack slices at right angles: a tilted scan is sheared.

    Passes
    ------
    Both are zero within ``image.tilt_tolerance_deg``.

    Fires
    -----
    `fail` where either is not.

    Not evaluated
    -------------
    Where neither can be told, or slices that the structures name are missing. Without images
    IM001 says so.

    References
    ----------
    DICOM PS3.3 C.8.2.1 CT Image Module, Gantry/Detector Tilt (0018,1120).
    """
    images = context.case.images
    if not images:
        yield moot("IM006", "images", "there are no images of this plan; IM001 reports it")
        return
    angles = [abs(image.tilt_deg) for image in images if image.tilt_deg is not None]
    sheared = _shear_deg(images)
    if sheared is not None:
        angles.append(sheared)
    largest = max(angles, default=None)
    status, message = climb(
        (largest is None, Status.NOT_EVALUATED, "Neither tilt nor positions are stated."),
        (
            (largest or 0.0) > context.criterion("image.tilt_tolerance_deg"),
            Status.FAIL,
            f"The scan is tilted by {largest or 0.0:.1f} degrees.",
        ),
        (True, Status.PASS, "The scan is not tilted."),
    )
    yield whole_scan(
        context,
        say("IM006", "images", status, message, remedy="Repeat the scan without tilt."),
    )


def absent_slices(context: Context) -> tuple[int, int]:
    """Return how many of the slices that the structures name are not at hand, and of how many."""
    structures = context.case.structure_set
    named = set(structures.image_uids) if structures else set()
    here = {image.sop_instance_uid for image in context.case.images}
    read = {file.sop_instance_uid for file in context.case.files}
    return len(named - here - read), len(named)


def whole_scan(context: Context, finding: Finding) -> Finding:
    """Return a finding of all slices; a pass is none where some of the slices are missing.

    What belongs to a series, such as its frame of reference and patient position, is told by
    any slice of it; what each slice states or shows for itself is not.
    """
    missing, named = absent_slices(context)
    if finding.status is not Status.PASS or not missing:
        return finding
    return replace(
        finding,
        status=Status.NOT_EVALUATED,
        message=f"{missing} of {named} slices are missing, and only the others were looked at.",
        value=None,
        margin=None,
        remedy="Export the planning CT, every slice of it, together with plan and structures.",
    )


def _unplaced(images: tuple[ImageSlice, ...]) -> str:
    return "there is only one slice" if len(images) == 1 else "a position is missing"


def slice_heights(images: tuple[ImageSlice, ...]) -> NDArray[np.float64] | None:
    """Return the sorted positions of the slices along their normal, in mm; None if unknown."""
    first = images[0].orientation
    if len(first) != 6 or any(image.position_mm is None for image in images):
        return None
    normal = np.cross(first[:3], first[3:])
    positions = np.array([image.position_mm for image in images], dtype=float)
    return np.asarray(np.sort(positions @ normal))


def _other_pixels(images: tuple[ImageSlice, ...]) -> list[ImageSlice]:
    """Return the slices whose pixels are not those of most slices."""

    def pixels(image: ImageSlice) -> tuple[int, int, tuple[float, ...]]:
        spacing = tuple(round(mm, 4) for mm in image.spacing_mm or ())
        return image.rows, image.columns, spacing

    usual, _ = Counter(map(pixels, images)).most_common(1)[0]
    return [image for image in images if pixels(image) != usual]


def _lowest_first(images: tuple[ImageSlice, ...]) -> list[ImageSlice]:
    first = images[0].orientation
    normal = np.cross(first[:3], first[3:])
    return sorted(images, key=lambda image: float(np.dot(image.position_mm or (0, 0, 0), normal)))


def is_plain_field(context: Context) -> bool:
    """Tell whether the plan is a plain palliative field of the protocol's exempt pairs."""
    stated = context.case.plan.prescription if context.case.plan else None
    if stated is None or stated.dose_gy is None or not stated.fractions:
        return False
    return (
        context.technique.worlds == (Technique.CONVENTIONAL,)
        and context.technique.delivery == "static conformal"
        and is_one_of(
            context.protocol.grid_exempt_pairs, stated.dose_gy, stated.fractions, context.protocol
        )
    )


def _shear_deg(images: tuple[ImageSlice, ...]) -> float | None:
    """Return the angle between the stacking direction and the normal of the slices."""
    first = images[0].orientation
    if len(first) != 6 or len(images) < 2 or any(i.position_mm is None for i in images):
        return None
    normal = np.cross(first[:3], first[3:])
    positions = np.array([image.position_mm for image in images], dtype=float)
    along = positions @ normal
    step = positions[int(np.argmax(along))] - positions[int(np.argmin(along))]
    length = float(np.linalg.norm(step) * np.linalg.norm(normal))
    if length < 1e-6:
        return None
    cosine = min(1.0, abs(float(step @ normal)) / length)
    return float(np.degrees(np.arccos(cosine)))
