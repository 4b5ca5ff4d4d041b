"""IM009 to IM011: what the images show besides tissue, and what overrides it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.case import ImageSlice
from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_extent import target_planes
from planchecker.checks.image_stack import whole_scan
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.planar import Lattice, Planar, grown, planar
from planchecker.checks.saying import moot, say, words_in
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError, ReadError
from planchecker.results import Status

__all__ = ["contrast", "metal", "overrides"]

_OUTER = {"external": "the body", "target": "a target"}
_RELATIVE = ("REL_MASS_DENSITY", "REL_ELEC_DENSITY", "REL_STOP_RATIO")


def contrast(context: Context) -> Iterator[Outcome]:
    """Ask whether contrast in the images was accounted for.

    What
    ----
    Contrast/Bolus Agent of the images, and density overrides of the structure set.

    Why
    ---
    Contrast is gone at treatment: vessels and bowel that are bright in the scan attenuate less.

    Passes
    ------
    No contrast agent is stated, or a structure that is no implant has a density override.

    Fires
    -----
    `manual` where an agent is stated and nothing is overridden.

    Not evaluated
    -------------
    Where slices that the structures name are missing. An export that states no agent is taken
    for one without. Without images IM001 says so.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.7.6.4 Contrast/Bolus Module. The criterion is local.
    """
    if not context.case.images:
        yield moot("IM009", "images", "there are no images of this plan; IM001 reports it")
        return
    stated = {image.contrast for image in context.case.images if image.contrast}
    agents = sorted(agent for agent in stated if not words_in(context, "no_contrast", agent))
    overridden = [
        s.name
        for s in drawn_structures(context).values()
        if _densities(s) and not words_in(context, "implants", s.name)
    ]
    if not agents:
        none = say("IM009", "contrast", Status.PASS, "The images state no contrast agent.")
        yield whole_scan(context, none)
        return
    listed = ", ".join(agents)
    yield say(
        "IM009",
        "contrast",
        Status.PASS if overridden else Status.MANUAL,
        f"The images were taken with contrast ({listed}); "
        + (
            f"overridden: {', '.join(overridden)}."
            if overridden
            else "nothing of it is overridden."
        ),
        remedy="Override the density of what is filled, or note that it does not matter.",
    )


def overrides(context: Context) -> Iterator[Outcome]:
    """Ask whether density overrides are plausible.

    What
    ----
    ROI Physical Property of every contoured structure.

    Why
    ---
    An override that was typed in the wrong unit, or left on the body after a test plan,
    changes every dose behind it.

    Passes
    ------
    Every relative density lies between ``density.lowest`` and ``density.highest``, and neither
    body nor target is overridden; the overrides are listed.

    Fires
    -----
    `manual` for an absurd value, and for an override of the body or of a target.

    Not evaluated
    -------------
    Never; without a structure set ST001 says so.

    References
    ----------
    AAPM MPPG 11.a: overrides are listed and reviewed; DICOM PS3.3 C.8.8.8.
    """
    if context.case.structure_set is None:
        yield moot("IM010", "structures", "there is no structure set; ST001 reports it")
        return
    low, high = context.criterion("density.lowest"), context.criterion("density.highest")
    drawn = drawn_structures(context)
    listed, odd = [], False
    for match in context.matches:
        structure = drawn.get(match.roi_number)
        for kind, value in _densities(structure) if structure else ():
            said = f"{match.roi_name} has {kind} {value:g}"
            listed.append(said)
            absurd = not low <= value <= high
            if absurd or match.category in ("external", "target"):
                odd = True
                why = "which is absurd" if absurd else f"though it is {_OUTER[match.category]}"
                yield say(
                    "IM010",
                    match.roi_name,
                    Status.MANUAL,
                    f"{said}, {why}.",
                    roi_number=match.roi_number,
                    remedy="Check the density override in the planning system.",
                )
    if not odd:
        told = "; ".join(listed) or "no structure states one"
        yield say("IM010", "density overrides", Status.PASS, f"Density overrides: {told}.")


def metal(context: Context) -> Iterator[Outcome]:
    """Ask whether metal in the images near a target is contoured.

    What
    ----
    CT numbers of at least ``metal.least_hu`` within ``metal.reach_mm`` of a target, outside
    every structure that has a density override or is named as an implant.

    Why
    ---
    Rods, screws and dense cement shadow the target, and their streaks falsify the density
    around them. Cement of lower CT numbers cannot be told from dense bone and is not found.

    Passes
    ------
    Less than ``metal.min_volume_cc`` of it.

    Fires
    -----
    `manual` where there is more; the volume and its middle are given.

    Not evaluated
    -------------
    Where the images are no CT, their pixels cannot be read, they do not span the targets, slices
    that the structures name are missing, or no target is contoured. Without images IM001 says
    so.

    References
    ----------
    See ``metal.least_hu`` of the protocol; AAPM report 63 on high-density implants.
    """
    if not context.case.images:
        yield moot("IM011", "images", "there are no images of this plan; IM001 reports it")
        return
    try:
        cells = _metal_cells(context)
    except (ReadError, GeometryError) as error:
        yield say(
            "IM011",
            "metal",
            Status.NOT_EVALUATED,
            f"Metal is not looked for: {error}.",
            remedy="Export axial CT slices with their pixels, and contour the target.",
        )
        return
    volume = float(sum(cell[3] for cell in cells)) / 1000
    least = context.criterion("metal.min_volume_cc")
    found = volume >= least
    x, y, z = np.mean([cell[:3] for cell in cells], axis=0) if cells else (0.0, 0.0, 0.0)
    told = say(
        "IM011",
        "metal",
        Status.MANUAL if found else Status.PASS,
        f"{volume:.1f} cc of metal near a target are in no contour."
        if found
        else "No metal without a contour lies near a target.",
        remedy="Contour the metal and set its density.",
        metric="metal without a contour",
        value=volume,
        unit="cc",
        comparison="<",
        limit=least,
        margin=least - volume,
        **context.cited("metal.min_volume_cc"),
        location_mm=(float(x), float(y), float(z)) if found else None,
    )
    yield whole_scan(context, told)


def _densities(structure: Structure) -> tuple[tuple[str, float], ...]:
    return tuple((k, v) for k, v in structure.physical_properties if k in _RELATIVE)


def _metal_cells(context: Context) -> list[tuple[float, float, float, float]]:
    """Return middle (x, y, z) in mm and volume in mm3 of the metal of each slice."""
    targets, read = target_planes(context), context.case.hounsfield
    if not targets:
        raise GeometryError("no target is contoured on axial slices")
    if read is None or any(image.modality != "CT" for image in context.case.images):
        raise ReadError("the images are not CT slices whose pixels can be read")
    reach, least = context.criterion("metal.reach_mm"), context.criterion("metal.least_hu")
    low = min(float(t.heights_mm[0]) for t in targets) - reach
    high = max(float(t.heights_mm[-1]) for t in targets) + reach
    if not _span(context.case.images, targets):
        raise ReadError("the slices at hand do not span every target")
    covers = tuple(_covers(context))
    cells = []
    for image in context.case.images:
        lattice = _pixels_of(image)
        z = image.position_mm[2] if image.position_mm else 0.0
        if not low <= z <= high:
            continue
        mask = read(image) >= least
        mask &= _near(targets, lattice, z, reach)
        if not mask.any():
            continue
        for cover in covers:
            index = cover.nearest(z)
            if index is not None:
                mask &= ~grown(lattice.mask(cover.loops[index]))
        if mask.any():
            x, y = lattice.centre_mm(mask)
            thick = image.thickness_mm or 1.0
            cells.append((x, y, z, float(mask.sum()) * lattice.cell_mm2 * thick))
    return cells


def _span(images: tuple[ImageSlice, ...], targets: tuple[Planar, ...]) -> bool:
    """Tell whether the slices reach from the lowest to the highest contour of a target."""
    heights = [image.position_mm[2] for image in images if image.position_mm]
    half = max((image.thickness_mm or 0.0 for image in images), default=0.0) / 2 + 0.5
    return bool(heights) and all(
        min(heights) <= float(target.heights_mm[0]) + half
        and max(heights) >= float(target.heights_mm[-1]) - half
        for target in targets
    )


def _pixels_of(image: ImageSlice) -> Lattice:
    square = image.spacing_mm is not None and abs(image.spacing_mm[0] - image.spacing_mm[1]) < 1e-6
    upright = len(image.orientation) == 6 and np.allclose(
        image.orientation, (1, 0, 0, 0, 1, 0), rtol=0, atol=1e-3
    )
    if image.position_mm is None or image.spacing_mm is None or not square or not upright:
        raise ReadError("the slices are not axial with square pixels and a position")
    return Lattice(
        low_mm=np.array(image.position_mm[:2]),
        shape=(image.rows, image.columns),
        step_mm=image.spacing_mm[0],
    )


def _near(
    targets: tuple[Planar, ...], lattice: Lattice, z: float, reach: float
) -> NDArray[np.bool_]:
    """Mark the pixels in the boxes round the targets, widened by the reach."""
    rows, columns = np.indices(lattice.shape)
    x = lattice.low_mm[0] + lattice.step_mm * columns
    y = lattice.low_mm[1] + lattice.step_mm * rows
    found = np.zeros(lattice.shape, dtype=bool)
    for target in targets:
        if float(target.heights_mm[0]) - reach <= z <= float(target.heights_mm[-1]) + reach:
            low, high = target.low_mm - reach, target.high_mm + reach
            found |= (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    return found


def _covers(context: Context) -> Iterator[Planar]:
    """Yield the structures that account for metal: those with an override or an implant's name."""
    for structure in drawn_structures(context).values():
        if _densities(structure) or words_in(context, "implants", structure.name):
            try:
                yield planar(structure)
            except GeometryError:
                continue
