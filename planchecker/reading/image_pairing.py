"""Which images belong to a case, and what holds them."""

from planchecker.case import DoseObject, ImageSlice, Link, LinkKind, Plan, StructureSet
from planchecker.reading.collection import Collection
from planchecker.reading.links import bond

__all__ = ["images_of"]


def images_of(
    holder: StructureSet | Plan | DoseObject, everything: Collection, *, frames: tuple[str, ...]
) -> tuple[tuple[ImageSlice, ...], tuple[Link, ...], tuple[str, ...]]:
    """Pick the images of a case.

    Slices that the structure set names, by series or by slice; else all of the frame of
    reference; else all of the patient that state none.

    Parameters
    ----------
    holder
        The structure set; without one the plan or the dose.
    frames
        Frame of Reference UIDs of the holder.

    Returns
    -------
    images : tuple of ImageSlice
    links : tuple of Link
        One for each series, ``structures-image``, ``plan-image`` or ``dose-image``; the parent
        is the Series Instance UID.
    notes : tuple of str
        Images under the paths that were not picked.
    """
    series: frozenset[str] = frozenset()
    slices: frozenset[str] = frozenset()
    if isinstance(holder, StructureSet):
        series, slices = frozenset(holder.series_uids), frozenset(holder.image_uids)
    kinds = [
        (image, _kind(image, holder, frames=frames, series=series, slices=slices))
        for image in everything.images
    ]
    best = next((kind for kind in LinkKind if any(found is kind for _, found in kinds)), None)
    images = tuple(image for image, found in kinds if best is not None and found is best)
    links = tuple(
        Link(
            child=holder.sop_instance_uid,
            parent=uid,
            relation=f"{_WORDS[type(holder)]}-image",
            kind=best,
            contradicts=bool(series or slices) and best is not LinkKind.REFERENCE,
            detail=f"{sum(image.series_uid == uid for image in images)} slices",
        )
        for uid in dict.fromkeys(image.series_uid for image in images)
        if best is not None
    )
    left = len(everything.images) - len(images)
    notes = (f"{left} images under the paths do not belong to the case",) if left else ()
    return images, links, notes


_WORDS = {StructureSet: "structures", Plan: "plan", DoseObject: "dose"}


def _kind(
    image: ImageSlice,
    holder: StructureSet | Plan | DoseObject,
    *,
    frames: tuple[str, ...],
    series: frozenset[str],
    slices: frozenset[str],
) -> LinkKind | None:
    if image.series_uid in series or image.sop_instance_uid in slices:
        return LinkKind.REFERENCE
    frame = image.frame_of_reference_uid
    return bond(holder.patient, frames, image.patient, (frame,) if frame else ())
