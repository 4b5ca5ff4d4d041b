"""How much of the target that misses its dose lies next to the cord."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from constraints.model import Technique
from planchecker.checks import geometry
from planchecker.checks.context import Context
from planchecker.checks.limits.cord_contours import round_cord
from planchecker.checks.targets import target_dose
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.sampling import sample
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.results import MissedTarget

__all__ = ["missed_cc", "missed_targets"]

_COVERED: Final = ("PTV", "CTV", "GTV", "ITV")
# Enough places for a share of the volume to 1 %, few enough for some hundredths of a second.
_MOST_PLACES: Final = 6_000
_LEAST_CC: Final = 0.005


def missed_targets(context: Context) -> Iterator[MissedTarget]:
    """Yield, for each target, the volume below its dose and how much of it is near the cord.

    Near is within ``coverage.near_cord_mm`` of the outermost of thecal sac, cord PRV and cord.
    Asked at the floor of D95% and, in plans that may be stereotactic, at the whole prescribed
    dose. A target that misses nothing,
    has no known dose, or a plan without such a contour, gives nothing.
    """
    contours, grid = round_cord(context), context.plan_dose.grid
    criteria = context.protocol.criteria
    margin, floor = criteria.get("coverage.near_cord_mm"), criteria.get("coverage.ptv_d95_percent")
    if not contours or grid is None or margin is None or context.case.structure_set is None:
        return
    by_number = {one.roi_number: one for one in context.case.structure_set.structures}
    # A conventional plan is prescribed to the median: half of its target gets less.
    whole = (100.0,) if Technique.STEREOTACTIC in context.technique.worlds else ()
    levels = (*whole, *((floor.value,) if floor is not None else ()))
    for match in context.matches:
        dose_gy = _dose(context, match)
        if dose_gy is None or not levels:
            continue
        try:
            found = missed_cc(
                by_number[match.roi_number],
                by_number[contours[0].roi_number],
                grid,
                levels_gy=tuple(level * dose_gy / 100 for level in levels),
                margin_mm=margin.value,
            )
        except PlanCheckerError:
            continue
        for level, (missed, near) in zip(levels, found, strict=True):
            if missed >= _LEAST_CC:
                yield MissedTarget(
                    roi_number=match.roi_number,
                    roi_name=match.roi_name,
                    contour=contours[0].roi_name,
                    margin_mm=margin.value,
                    level_percent=level,
                    dose_gy=level * dose_gy / 100,
                    missed_cc=missed,
                    near_cc=near,
                )


def _dose(context: Context, match: Match) -> float | None:
    """Return the prescribed dose of a target whose coverage can be told."""
    dvh = context.dvhs.get(match.roi_number)
    if match.category != "target" or not match.name.startswith(_COVERED) or dvh is None:
        return None
    dose_gy = target_dose(context, match).dose_gy
    lowest = dvh.metric("Dmin").value
    missing = dose_gy is not None and lowest is not None and lowest < dose_gy
    return dose_gy if missing else None


def missed_cc(
    target: Structure,
    contour: Structure,
    grid: DoseGrid,
    *,
    levels_gy: tuple[float, ...],
    margin_mm: float,
) -> tuple[tuple[float, float], ...]:
    """Measure the volume of a target below each dose, and the part of it near a contour.

    Parameters
    ----------
    target, contour
        The target, and the contour whose surroundings are asked about.
    levels_gy
        In Gy.
    margin_mm
        How far beyond the contour its surroundings reach.

    Returns
    -------
    tuple of (float, float)
        For each level the volume that gets less, and the part of it within the margin of the
        contour, in cc. Volume outside the dose grid is not counted.

    Raises
    ------
    GeometryError
        If the contours of one of them enclose no volume.

    Notes
    -----
    The cells are those of the dose-volume histogram, so the volumes agree with V<x>Gy.
    """
    cells = sample(stack_planes(target, spacing_mm=1.0), grid)
    whole_mm3 = cells.volume_mm3
    # The dose of a cell spreads evenly about its mean, as in the histogram.
    spread = np.maximum(cells.spread_gy, 1e-6)
    missed = [
        whole_mm3 * np.clip(0.5 + (level - cells.dose_gy) / (2 * spread), 0.0, 1.0)
        for level in levels_gy
    ]
    below = np.flatnonzero(np.max(missed, axis=0) > 0)
    # Every so many cells in a regular order could fall into step with the rows of the lattice.
    chosen = np.sort(np.random.default_rng(0).permutation(below)[:_MOST_PLACES])
    if not len(chosen):
        return ((0.0, 0.0),) * len(levels_gy)
    near = geometry.within(contour, cells.points_mm(chosen), margin_mm=margin_mm)
    found = []
    for volume_mm3 in missed:
        some = float(volume_mm3[chosen].sum())
        share = float(volume_mm3[chosen][near].sum()) / some if some > 0 else 0.0
        missed_mm3 = float(volume_mm3.sum())
        found.append((missed_mm3 / 1000, share * missed_mm3 / 1000))
    return tuple(found)
