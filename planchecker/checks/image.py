"""Family IM: the images the plan was made on."""

from collections.abc import Iterator

import numpy as np

from planchecker.case import Case, ImageSlice
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.image_extent import body_in_view, scan_length
from planchecker.checks.image_pixels import contrast, metal, overrides
from planchecker.checks.image_stack import absent_slices, spacing_suits, tilt, uniform
from planchecker.checks.ladder import climb
from planchecker.checks.saying import moot, say
from planchecker.results import Status

__all__ = ["CHECKS"]

_RE_EXPORT = "Export the planning CT, every slice of it, together with plan and structures."


def drawn_on_these(context: Context) -> Iterator[Outcome]:
    """Ask whether the structures were drawn on the images at hand.

    What
    ----
    Series and slices that the structure set and its contours name, against the images under
    the given paths.

    Why
    ---
    A plan reviewed beside another scan of the same patient looks right slice by slice and is
    not; no reader in studies of simulated errors noticed the wrong CT.

    Passes
    ------
    Every slice that is named is there, and no image is of another series.

    Fires
    -----
    `fail` where the images at hand are not those that are named; `manual` where images of
    another series stand among them.

    Not evaluated
    -------------
    Without images, where some of the named slices are missing, or where none is named.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.8.8.5 Structure Set Module, Contour Image Sequence.
    """
    structures, images = context.case.structure_set, context.case.images
    if structures is None:
        yield moot("IM001", "images", "there is no structure set; ID003 reports it")
        return
    named, series = set(structures.image_uids), set(structures.series_uids)
    here = {image.sop_instance_uid for image in images}
    strangers = [file for file in context.case.files if file.modality in ("CT", "MR", "PT")]
    missing, _ = absent_slices(context)
    other = {image.series_uid for image in images} - series
    wrong = bool(named or series) and not (named & here or series & {i.series_uid for i in images})
    status, message = climb(
        (
            wrong and bool(images or strangers),
            Status.FAIL,
            "The images at hand are not those the structures were drawn on.",
        ),
        (not images, Status.NOT_EVALUATED, "There are no images of this structure set."),
        (
            not named and not series,
            Status.NOT_EVALUATED,
            "The structure set does not name the images it was drawn on.",
        ),
        (
            missing > 0,
            Status.NOT_EVALUATED,
            f"{missing} of {len(named)} slices that the structures name are missing.",
        ),
        (
            bool(series) and bool(other),
            Status.MANUAL,
            f"Images of {len(other)} other series stand among those of the structures.",
        ),
        (True, Status.PASS, f"The structures were drawn on the {len(images)} images at hand."),
    )
    yield say("IM001", "images", status, message, remedy=_RE_EXPORT)


def one_frame(context: Context) -> Iterator[Outcome]:
    """Ask whether images, structures and dose share one frame of reference.

    What
    ----
    Frame of Reference UID of every image against those of the structures and doses.

    Why
    ---
    Contours shown on images of another frame of reference lie anywhere.

    Passes
    ------
    All images state the frame of reference of the structures, or of the dose where there are
    no structures.

    Fires
    -----
    `fail` where images lie in another frame of reference.

    Not evaluated
    -------------
    Where images, or structures and dose, state none. Without images IM001 says so.

    References
    ----------
    AAPM TG-275, MPPG 11.a; DICOM PS3.3 C.7.4.1 Frame of Reference Module.
    """
    case = context.case
    if not case.images:
        yield _no_images("IM002")
        return
    stated = {image.frame_of_reference_uid for image in case.images}
    frames = set(case.structure_set.frame_of_reference_uids if case.structure_set else ())
    frames = frames or {d.frame_of_reference_uid for d in case.doses if d.frame_of_reference_uid}
    status, message = climb(
        (
            bool(frames) and bool(stated - {""} - frames),
            Status.FAIL,
            "Images lie in another frame of reference than structures and dose.",
        ),
        ("" in stated, Status.NOT_EVALUATED, "Some images state no frame of reference."),
        (not frames, Status.NOT_EVALUATED, "Neither structures nor dose state one."),
        (
            len(stated) > 1,
            Status.MANUAL,
            f"The images lie in {len(stated)} frames of reference, all named by structures.",
        ),
        (True, Status.PASS, _sharing(case, frames)),
    )
    remedy = "Export images, structures and dose of one image set."
    yield say("IM002", "frame of reference", status, message, remedy=remedy)


def orientation(context: Context) -> Iterator[Outcome]:
    """Ask whether plan and images agree on how the patient lies.

    What
    ----
    Patient Position of the images and of the plan's set-up; Image Orientation of every slice.

    Why
    ---
    Head first taken for feet first puts left to right and the field on another level.

    Passes
    ------
    One position in all images and in the plan; one orientation of all slices. A position
    other than head first supine is named.

    Fires
    -----
    `fail` where plan and images state different positions, or the images differ among
    themselves.

    Not evaluated
    -------------
    Where images or plan state no position. Without images IM001 says so.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.7.3.1.1.2 Patient Position.
    """
    images, plan = context.case.images, context.case.plan
    if not images or plan is None:
        yield _no_images("IM003")
        return
    stated = {image.patient_position.upper() for image in images}
    planned = plan.patient_position.upper()
    position = next(iter(stated))
    status, message = climb(
        (len(stated) > 1, Status.FAIL, f"Images are mixed: {', '.join(sorted(stated))}."),
        (_turned(images), Status.FAIL, "The slices differ in orientation."),
        (not position, Status.NOT_EVALUATED, "The images state no patient position."),
        (not planned, Status.NOT_EVALUATED, "The plan states no patient position."),
        (
            position != planned,
            Status.FAIL,
            f"The images were taken {position}, the plan says {planned}.",
        ),
        (True, Status.PASS, f"Images and plan state {position}."),
    )
    remedy = "Check the orientation of the scan in the planning system, and export again."
    yield say("IM003", "patient position", status, message, remedy=remedy)


def _sharing(case: Case, frames: set[str]) -> str:
    """Say what shares the frame of reference: what is not there or states none is not named."""
    drawn = case.structure_set is not None and bool(case.structure_set.frame_of_reference_uids)
    dosed = bool(case.doses) and all(d.frame_of_reference_uid in frames for d in case.doses)
    if drawn and dosed:
        return "Images, structures and dose share one frame of reference."
    if drawn:
        return "Images and structures share one frame of reference."
    return "Images and dose share one frame of reference."


def _turned(images: tuple[ImageSlice, ...]) -> bool:
    first = images[0].orientation
    return any(
        len(image.orientation) != len(first)
        or not np.allclose(image.orientation, first, rtol=0, atol=1e-3)
        for image in images
    )


def _no_images(code: str) -> Outcome:
    return moot(code, "images", "there are no images of this plan; IM001 reports it")


CHECKS: tuple[Check, ...] = (
    Check(code="IM001", title="Contours drawn on these images", run=drawn_on_these),
    Check(code="IM002", title="Images share the frame of reference", run=one_frame),
    Check(code="IM003", title="Patient position agrees", run=orientation),
    Check(code="IM004", title="Slices evenly spaced, none missing", run=uniform),
    Check(code="IM005", title="Slice spacing suits the technique", run=spacing_suits),
    Check(code="IM006", title="Gantry of the scanner not tilted", run=tilt),
    Check(code="IM007", title="Scan long enough", run=scan_length),
    Check(code="IM008", title="Body and target inside the field of view", run=body_in_view),
    Check(code="IM009", title="Contrast agent", run=contrast),
    Check(code="IM010", title="Density overrides", run=overrides),
    Check(code="IM011", title="Metal without a contour", run=metal),
)
