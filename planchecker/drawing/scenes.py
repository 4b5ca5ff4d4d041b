"""The surroundings of the voxels that drive some findings."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from planchecker.case import Case
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Structure
from planchecker.drawing.images import ImageStack, SliceReader
from planchecker.drawing.isodoses import isodoses
from planchecker.drawing.outlines import outlines
from planchecker.drawing.windows import Window, windows
from planchecker.figures import Scene, View
from planchecker.results import Finding

__all__ = ["MOST_SCENES", "draw_scenes"]

MOST_SCENES: Final = 7
"""As many as a report shows at its head."""


def draw_scenes(
    case: Case,
    findings: Iterable[Finding],
    *,
    dose: DoseGrid,
    reference_gy: float,
    shown: Sequence[int] = (),
    reader: SliceReader | None = None,
) -> tuple[Scene, ...]:
    """Draw the first findings that have a place, at most `MOST_SCENES`.

    Parameters
    ----------
    findings
        In the order of their importance.
    dose
        Of the whole course.
    reference_gy
        What 100 % of the isodoses means, such as the prescribed dose.
    shown
        ROI numbers of the structures to outline, beside that of the finding.
    reader
        Reads the pixels of a CT slice; without it only dose and outlines are drawn.
    """
    structures = case.structure_set.structures if case.structure_set else ()
    frames = {s.frame_of_reference_uid for s in structures if s.frame_of_reference_uid}
    stack = ImageStack(case.images, reader, frames=frames)
    placed = [finding for finding in findings if finding.location_mm is not None]
    views: dict[tuple[object, ...], tuple[View, ...]] = {}
    scenes = []
    for finding in placed[:MOST_SCENES]:
        where = finding.location_mm or (0.0, 0.0, 0.0)
        if not np.isfinite(where).all():
            continue
        drawn = [s for s in structures if s.roi_number in {*shown, finding.roi_number}]
        key = (*where, finding.roi_number)
        if key not in views:
            views[key] = tuple(
                _view(window, finding, drawn, dose=dose, reference_gy=reference_gy, stack=stack)
                for window in windows(where)
            )
        there = float(dose.at(np.array([where]))[0])
        scenes.append(
            Scene(
                finding=finding.id,
                location_mm=where,
                dose_gy=None if np.isnan(there) else there,
                reference_gy=reference_gy,
                views=views[key],
            )
        )
    return tuple(scenes)


def _view(
    window: Window,
    finding: Finding,
    structures: Iterable[Structure],
    *,
    dose: DoseGrid,
    reference_gy: float,
    stack: ImageStack,
) -> View:
    image, missing = stack.png(window)
    tested = () if finding.roi_number is None else (finding.roi_number,)
    u, v = (sum(ends) / 2 for ends in (window.u_mm, window.v_mm))
    return View(
        plane=window.plane,
        u_mm=window.u_mm,
        v_mm=window.v_mm,
        cross_mm=(u, v),
        isodoses=isodoses(window, dose, reference_gy=reference_gy),
        outlines=outlines(window, structures, tested=tested),
        image_png=image,
        missing=missing,
    )
