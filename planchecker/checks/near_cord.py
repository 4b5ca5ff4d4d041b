"""How much of a target's missing dose was given up for the cord."""

from dataclasses import dataclass

import numpy as np

from planchecker.checks import geometry
from planchecker.checks.context import Context
from planchecker.checks.limits.cord_contours import round_cord
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match

__all__ = ["AwayFromCord", "away_from_cord"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AwayFromCord:
    """A target without the part that lies next to the cord.

    Parameters
    ----------
    contour
        ROI name of the contour round the cord.
    margin_mm
        How far beyond it the part next to the cord reaches.
    near_percent
        Share of the target that lies next to the cord.
    doses_gy
        Dose at evenly spread points of the rest, ascending.
    """

    contour: str
    margin_mm: float
    near_percent: float
    doses_gy: tuple[float, ...]

    def dose_at_percent(self, percent: float) -> float:
        """Return the dose in Gy that the hottest `percent` of the rest receive at least."""
        return float(np.quantile(self.doses_gy, 1 - percent / 100))

    def percent_at_dose(self, dose_gy: float) -> float:
        """Return the share of the rest that receives at least `dose_gy`."""
        return 100 * float(np.mean(np.asarray(self.doses_gy) >= dose_gy))


def away_from_cord(context: Context, target: Match) -> AwayFromCord | None:
    """Return the target away from the cord; None where that cannot be worked out.

    The part next to the cord lies within ``coverage.near_cord_mm`` of the outermost of thecal
    sac, cord PRV and cord. At least half the target must remain.
    """
    contours = round_cord(context)
    grid = context.plan_dose.grid
    criterion = context.protocol.criteria.get("coverage.near_cord_mm")
    if not contours or grid is None or criterion is None or context.case.structure_set is None:
        return None
    by_number = {s.roi_number: s for s in context.case.structure_set.structures}
    outermost = contours[0]
    try:
        points = geometry.interior_points(by_number[target.roi_number])
        near = geometry.within(by_number[outermost.roi_number], points, margin_mm=criterion.value)
    except PlanCheckerError:
        return None
    doses = grid.at(points[~near])
    if 2 * len(doses) < len(points) or not near.any() or np.isnan(doses).any():
        return None
    return AwayFromCord(
        contour=outermost.roi_name,
        margin_mm=criterion.value,
        near_percent=100 * float(near.mean()),
        doses_gy=tuple(np.sort(doses).tolist()),
    )
