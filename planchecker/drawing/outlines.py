"""Where a window cuts the contoured structures."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.structure import Structure
from planchecker.drawing.isodoses import traced
from planchecker.drawing.windows import Window, thinned
from planchecker.figures import Line, Outline

__all__ = ["outlines"]

_STEP_MM = 0.5
_FLAT_MM = 0.1
# A contour stands for its slice: half the usual distance to the next, and a little for rounding.
_HALF = 0.51


def outlines(
    window: Window, structures: Iterable[Structure], *, tested: Collection[int] = ()
) -> tuple[Outline, ...]:
    """Cut structures by a window.

    Only loops drawn on planes across the patient's long axis are cut. In the two other planes
    every slice shows as the step it is: nothing is interpolated.

    Parameters
    ----------
    tested
        ROI numbers that the finding is about.
    """
    found = []
    for structure in structures:
        loops = _loops(structure)
        if not loops:
            continue
        cut = _drawn(window, loops) if window.across == 2 else _stepped(window, loops)
        if lines := tuple(cut):
            found.append(
                Outline(
                    roi_number=structure.roi_number,
                    roi_name=structure.name,
                    lines=lines,
                    tested=structure.roi_number in tested,
                )
            )
    return tuple(found)


def _loops(structure: Structure) -> dict[float, list[NDArray[np.float64]]]:
    """Return the closed loops of axial planes by height in mm."""
    found: dict[float, list[NDArray[np.float64]]] = {}
    for contour in structure.contours:
        points = contour.points_mm
        if contour.geometric_type.is_closed and len(points) > 2 and np.ptp(points[:, 2]) < _FLAT_MM:
            found.setdefault(round(float(points[0, 2]), 2), []).append(points)
    return found


def _spacing(heights: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(heights))) if len(heights) > 1 else 1.0


def _drawn(window: Window, loops: dict[float, list[NDArray[np.float64]]]) -> Iterator[Line]:
    heights = np.array(sorted(loops))
    nearest = float(heights[np.abs(heights - window.plane.at_mm).argmin()])
    if abs(nearest - window.plane.at_mm) > _HALF * _spacing(heights):
        return
    for loop in loops[nearest]:
        closed = np.vstack([loop, loop[:1]])[:, :2]
        if window.shows(closed):
            yield thinned(closed)


def _stepped(window: Window, loops: dict[float, list[NDArray[np.float64]]]) -> Iterable[Line]:
    u, v = window.centres(_STEP_MM)
    heights = np.array(sorted(loops))
    reach = _HALF * _spacing(heights)
    mask = np.zeros((len(v), len(u)))
    for height in heights[np.abs(heights + (v[0] + v[-1]) / 2) <= (v[-1] - v[0]) / 2 + reach]:
        ends = np.sort(np.concatenate([_crossings(window, loop) for loop in loops[height]]))
        inside = np.searchsorted(ends, u) % 2 == 1
        if inside.any():
            mask[np.ix_(np.abs(-v - height) <= reach, inside)] = 1.0
    return traced(mask, 0.5, u=u, v=v) if mask.any() else ()


def _crossings(window: Window, loop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return u where a loop crosses the plane of the window."""
    across, u = loop[:, window.across], loop[:, window.u_axis]
    after, u_after = np.roll(across, -1), np.roll(u, -1)
    spans = (across > window.plane.at_mm) != (after > window.plane.at_mm)
    share = (window.plane.at_mm - across[spans]) / (after[spans] - across[spans])
    return np.asarray(u[spans] + share * (u_after[spans] - u[spans]))
