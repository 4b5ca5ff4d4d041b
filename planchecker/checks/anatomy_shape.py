"""ST010 to ST012: gaps, stray pieces and volumes."""

from collections.abc import Iterable, Iterator

import numpy as np

from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_stack import slice_heights
from planchecker.checks.limits.nesting import contoured, drawn_structures, is_neural
from planchecker.checks.pieces import gaps, pieces
from planchecker.checks.planar import Planar, planar, volume_cc
from planchecker.checks.saying import moot, say
from planchecker.dosimetry.flat import median
from planchecker.errors import GeometryError
from planchecker.naming import Match
from planchecker.results import Finding, Status

__all__ = [
    "axial_shapes",
    "graves",
    "is_grave",
    "missing_slices",
    "not_axial",
    "stated_volume",
    "stray_pieces",
]


NONE_DRAWN = "no structure with a known name is contoured on axial slices; ST001 reports it"


def missing_slices(context: Context) -> Iterator[Outcome]:
    """Ask whether slices are missing inside a structure.

    What
    ----
    Distances between neighbouring contoured planes of every named structure, and whether the
    outlines on both sides overlap.

    Why
    ---
    A slice that was forgotten or lost in the export is filled by guesswork, or holds no organ
    at all.

    Passes
    ------
    No distance is larger than ``contours.gap_spacings`` times the usual one, unless the
    structure is truly in pieces.

    Fires
    -----
    `manual` for a target or the cord, `warn` for another structure; the place is given. Also
    `manual` for a target or cord that is drawn on every second or third slice only.

    Not evaluated
    -------------
    Where a target or cord is not contoured on axial slices. Without any contour of a structure
    with a known name it does not apply.

    References
    ----------
    Local; see ``contours.gap_spacings``.
    """
    if context.case.structure_set is None:
        yield moot("ST010", "structures", "there is no structure set; ST001 reports it")
        return
    findings = list(not_axial(context, "ST010", graves(context)))
    factor = context.criterion("contours.gap_spacings")
    heights = slice_heights(context.case.images) if context.case.images else None
    slices = median(np.diff(heights)) if heights is not None and len(heights) > 1 else 0.0
    shapes = tuple(axial_shapes(context))
    for match, shape in shapes:
        found = tuple(gaps(shape, largest_mm=factor * shape.spacing_mm))
        grave = is_grave(context, match)
        if found:
            first = found[0]
            findings.append(
                say(
                    "ST010",
                    match.roi_name,
                    Status.MANUAL if grave else Status.WARN,
                    f"{match.roi_name} is not contoured between z {first.low_mm:g} and "
                    f"{first.high_mm:g} mm"
                    + (f", and in {len(found) - 1} other places." if len(found) > 1 else "."),
                    roi_number=match.roi_number,
                    remedy="Contour the missing slices.",
                    location_mm=first.place_mm,
                )
            )
        elif grave and slices and len(shape.heights_mm) > 1 and shape.spacing_mm > factor * slices:
            findings.append(
                say(
                    "ST010",
                    match.roi_name,
                    Status.MANUAL,
                    f"{match.roi_name} is drawn every {shape.spacing_mm:g} mm on slices of "
                    f"{slices:g} mm.",
                    roi_number=match.roi_number,
                    remedy="Contour every slice, or interpolate in the planning system.",
                )
            )
    yield from findings
    if not findings and not shapes:
        yield moot("ST010", "structures", NONE_DRAWN)
    elif not findings:
        said = f"No slice is missing inside a structure; looked at: {len(shapes)}."
        yield say("ST010", "structures", Status.PASS, said)


def stray_pieces(context: Context) -> Iterator[Outcome]:
    """Ask whether structures have stray pieces.

    What
    ----
    Separate pieces of every named structure, by overlap from slice to slice.

    Why
    ---
    A stray click far from the target turns into dose, and one of an organ into a wrong
    maximum.

    Passes
    ------
    Every piece but the largest has at least ``contours.stray_piece_cc``.

    Fires
    -----
    `manual` for a smaller piece of a target, a PRV or the cord, `warn` for another structure;
    volume and place are given.

    Not evaluated
    -------------
    Where a structure is not contoured on axial slices: ST010 says so for targets and the cord.
    Without any contour of a structure with a known name it does not apply.

    References
    ----------
    Local; see ``contours.stray_piece_cc``.
    """
    if context.case.structure_set is None:
        yield moot("ST011", "structures", "there is no structure set; ST001 reports it")
        return
    least = context.criterion("contours.stray_piece_cc")
    shapes = tuple(axial_shapes(context))
    clean = True
    for match, shape in shapes:
        found = pieces(shape)
        stray = [piece for piece in found[1:] if piece.volume_cc < least]
        if not stray:
            continue
        clean = False
        grave = is_grave(context, match) or match.category == "prv"
        x, y, z = stray[0].place_mm
        yield say(
            "ST011",
            match.roi_name,
            Status.MANUAL if grave else Status.WARN,
            f"{match.roi_name} has {len(stray)} stray of {len(found)} pieces; the largest of them "
            f"has {stray[0].volume_cc:.2f} cc at x {x:.0f}, y {y:.0f}, z {z:.0f} mm.",
            roi_number=match.roi_number,
            remedy="Delete the stray pieces, or confirm that they are meant.",
            location_mm=stray[0].place_mm,
        )
    if clean and not shapes:
        yield moot("ST011", "structures", NONE_DRAWN)
    elif clean:
        said = f"No structure has stray pieces; looked at: {len(shapes)}."
        yield say("ST011", "structures", Status.PASS, said)


def stated_volume(context: Context) -> Iterator[Outcome]:
    """Ask whether volumes are those the planning system stated.

    What
    ----
    ROI Volume of the export against the volume of the contours, for structures above
    ``stored_dvh.min_volume_cc``.

    Why
    ---
    The stated volume was computed from the contours at that time; another one means that
    contours were changed, lost or read with another slice spacing.

    Passes
    ------
    The difference is at most ``stored_dvh.volume_percent``.

    Fires
    -----
    `manual` where it is more.

    Not evaluated
    -------------
    Never; an export that states no volume is listed as not applicable. Whether a volume is
    usual for the organ needs the centre's ranges.

    References
    ----------
    DICOM ROI Volume (3006,002C); criteria as for stored histograms.
    """
    drawn = drawn_structures(context)
    least = context.criterion("stored_dvh.min_volume_cc")
    most = context.criterion("stored_dvh.volume_percent")
    asked, clean = 0, True
    for match in context.matches:
        structure = drawn.get(match.roi_number)
        stated = structure.stated_volume_cc if structure else None
        if structure is None or not stated:
            continue
        dvh = context.dvhs.get(match.roi_number)
        try:
            ours = dvh.volume_cc if dvh else volume_cc(structure)
        except GeometryError:
            continue
        if max(ours, stated) < least:
            continue
        asked += 1
        off = 100 * (ours / stated - 1)
        if abs(off) > most:
            clean = False
            yield say(
                "ST012",
                match.roi_name,
                Status.MANUAL,
                f"{match.roi_name} has {ours:.4g} cc; the export states {stated:.4g} cc "
                f"({off:+.1f} %).",
                roi_number=match.roi_number,
                remedy="Find out whether contours were changed or lost after planning.",
                metric="volume",
                value=ours,
                unit="cc",
            )
    if not asked:
        yield moot("ST012", "structures", "the export states no volume of a structure to compare")
    elif clean:
        yield say("ST012", "structures", Status.PASS, f"{asked} stated volumes agree.")


def is_grave(context: Context, match: Match) -> bool:
    """Tell whether a structure is a target or of the cord's family."""
    return match.category == "target" or is_neural(context.protocol, match.name)


def axial_shapes(context: Context, *, unnamed: bool = False) -> Iterator[tuple[Match, Planar]]:
    """Yield the structures that are contoured on axial slices, the body included.

    Parameters
    ----------
    unnamed
        Those without a TG-263 name too.
    """
    drawn = drawn_structures(context)
    for match in context.matches:
        if match.roi_number not in drawn or not (match.name or unnamed):
            continue
        try:
            yield match, planar(drawn[match.roi_number])
        except GeometryError:
            continue


def graves(context: Context) -> tuple[Match, ...]:
    """Return the contoured targets and the contours of the cord's family."""
    return tuple(match for match in contoured(context) if is_grave(context, match))


def not_axial(context: Context, code: str, asked: Iterable[Match]) -> Iterator[Finding]:
    """Yield a finding for each structure whose shape is asked for and cannot be judged."""
    drawn = drawn_structures(context)
    for match in asked:
        try:
            planar(drawn[match.roi_number])
        except GeometryError as error:
            yield say(
                code,
                match.roi_name,
                Status.NOT_EVALUATED,
                f"The shape is not judged: {error}.",
                roi_number=match.roi_number,
                remedy="Export closed contours on axial slices.",
            )
