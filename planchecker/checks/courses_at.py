"""What several courses give one structure: added up voxel by voxel, or bounded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric
from planchecker.checks.context import Context
from planchecker.checks.course_dose import Amount, answerable, bounded
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.limits.selection import prescription
from planchecker.checks.patient import is_same_person
from planchecker.courses import Course
from planchecker.cumulative import Addend, add_up, dvhs_of_sum, fitted, metric_over
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import MetricValue
from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.radiobiology import eqd2
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.grid_parts import cropped
from planchecker.naming import Match
from planchecker.registration import Mapping4, apply, find_mapping
from planchecker.solid_points import filled

__all__ = ["Cumulative", "cumulative_at", "frame_of_plan", "way_to"]

_MAXIMUM = Metric.parse("Dmax")
_SMALL = (Metric.parse("D0.03cc"), Metric.parse("D0.1cc"))
_MARGIN_MM = 1.0
_LOOKED_AT = 5_000
# A structure on one slice states no distance to the next one.
_SINGLE_MM = 6.0
# What stays this far below the highest sum does not reach into the small volumes asked for.
_WORTH = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Cumulative:
    """Highest EQD2 of one structure over all courses.

    Parameters
    ----------
    match
        The contour of the plan that was tested.
    now, earlier
        The plan's own share and that of each course, in their order.
    total
        The sum. Where a course could not be laid over the plan, its value is the sum with hot
        spots coinciding, and its low end the sum with hot spots apart.
    voxelwise
        Whether every course was added voxel by voxel.
    near_maximum
        Doses to small volumes of the sum with their bands; empty where it is bounded only.
    """

    match: Match
    now: Amount
    earlier: tuple[Amount, ...]
    total: Amount
    voxelwise: bool
    near_maximum: tuple[MetricValue, ...] = ()


def frame_of_plan(context: Context) -> str:
    """Return the frame of reference of the plan's dose; empty where it is not one."""
    frames = {d.frame_of_reference_uid for d in context.case.doses if d.frame_of_reference_uid}
    return frames.pop() if len(frames) == 1 else ""


def way_to(context: Context, course: Course) -> Mapping4 | None:
    """Return the way from the plan's frame of reference to that of a course.

    Raises
    ------
    GeometryError
        If the registrations at hand cannot be used.
    """
    plan = context.case.plan
    registrations = [
        one
        for one in (*context.case.registrations, *course.registrations)
        if plan is None or is_same_person(one.patient, plan.patient)
    ]
    return find_mapping(frame_of_plan(context), course.frame_of_reference_uid, registrations)


def cumulative_at(
    context: Context, match: Match, courses: Sequence[Course], *, alpha_beta_gy: float
) -> Cumulative:
    """Add up the highest EQD2 of a structure over the plan and some courses.

    Raises
    ------
    PlanCheckerError
        If the plan's own dose or that of a course has no answer; the message says why.
    """
    key = (match.roi_number, alpha_beta_gy, *map(id, courses))
    if key not in context.sums:
        # The courses are kept beside the sum: as long as they live nobody else has their id.
        found = _cumulative(context, match, courses, alpha_beta_gy)
        context.sums[key] = (tuple(courses), found)
    known: Cumulative = context.sums[key][1]
    return known


def _cumulative(
    context: Context, match: Match, courses: Sequence[Course], alpha_beta_gy: float
) -> Cumulative:
    structure = drawn_structures(context)[match.roi_number]
    now = _own(context, match, alpha_beta_gy)
    laid: list[Addend] = []
    loose: list[Amount] = []
    earlier: list[Amount] = []
    for course in courses:
        answerable(course)
        addend = _addend(context, course)
        if addend is None:
            amount = bounded(context.protocol, course, match, alpha_beta_gy=alpha_beta_gy)
            loose.append(amount)
        else:
            amount, _ = _summed(context, structure, (addend,), alpha_beta_gy)
            laid.append(addend)
        earlier.append(amount)
    total = now
    small: tuple[MetricValue, ...] = ()
    if laid:
        own = _own_addend(context)
        total, small = _summed(context, structure, (own, *laid), alpha_beta_gy, small=not loose)
    total = _with_loose(total, loose)
    return Cumulative(
        match=match,
        now=now,
        earlier=tuple(earlier),
        total=_at_most(total, (now, *earlier)),
        voxelwise=not loose,
        near_maximum=small,
    )


def _with_loose(total: Amount, loose: Sequence[Amount]) -> Amount:
    """Add what is known by its highest dose only: together at one point, or far apart."""
    if not loose:
        return total
    together = total.low + sum(one.low for one in loose if one.coincides)
    apart = [one.low for one in loose if not one.coincides]
    value = total.value + sum(one.value for one in loose)
    return Amount(
        value=value,
        low=min(max(together, *apart) if apart else together, value),
        high=total.high + sum(one.high for one in loose),
        how="hot spots taken to coincide",
        location_mm=total.location_mm,
    )


def _at_most(total: Amount, parts: Sequence[Amount]) -> Amount:
    """Bound a sum by the sum of the highest doses: no place can get more."""
    value = min(total.value, sum(one.value for one in parts))
    high = max(value, min(total.high, sum(one.high for one in parts)))
    return replace(total, value=value, low=min(total.low, value), high=high)


def _own(context: Context, match: Match, alpha_beta_gy: float) -> Amount:
    metric = Metric.parse(f"EQD2({alpha_beta_gy:g}):Dmax")
    found = measure(context, match.roi_number, metric)
    if found.value is not None:
        low, high = found.band or (found.value, found.value)
        return Amount(
            value=found.value, low=low, high=high, how="this plan", location_mm=found.location_mm
        )
    if found.band is None or not math.isfinite(found.band[0]):
        raise PlanCheckerError(f"{match.roi_name} has no dose in this plan: {found.reason}")
    return Amount(value=found.band[0], low=found.band[0], high=math.inf, how=found.reason)


def _addend(context: Context, course: Course) -> Addend | None:
    """Return a course as it can be laid over the plan; None where it cannot."""
    if course.grid is None or course.fractions is None:
        return None
    way = way_to(context, course)
    if way is None:
        return None
    uncertainty = context.criterion("reirradiation.registration_mm") if way.registered else 0.0
    return Addend(
        grid=course.grid,
        fractions=course.fractions,
        matrix=way.matrix,
        uncertainty_mm=uncertainty,
    )


def _plan_grid(context: Context) -> DoseGrid:
    if context.plan_dose.grid is None:
        raise PlanCheckerError(f"there is no dose of this plan: {context.plan_dose.problem}")
    return context.plan_dose.grid


def _own_addend(context: Context) -> Addend:
    fractions = prescription(context).fractions
    if fractions is None:
        raise PlanCheckerError("the plan does not state its number of fractions")
    return Addend(grid=_plan_grid(context), fractions=fractions, matrix=np.eye(4))


def _summed(
    context: Context,
    structure: Structure,
    addends: Sequence[Addend],
    alpha_beta_gy: float,
    *,
    small: bool = False,
) -> tuple[Amount, tuple[MetricValue, ...]]:
    template = cropped(_plan_grid(context), _reach(structure), margin_mm=_MARGIN_MM)
    template = fitted(template, addends)
    worth = _WORTH * _within(structure, addends, alpha_beta_gy)
    summed = add_up(template, addends, alpha_beta_gy=alpha_beta_gy, worth_gy=worth)
    dvhs = dvhs_of_sum(structure, summed, spacing_mm=context.case.slice_thickness_mm)
    found = metric_over(dvhs, _MAXIMUM)
    if found.band is None:
        raise PlanCheckerError(f"{structure.name} has no sum of doses: {found.reason}")
    low, high = found.band
    amount = Amount(
        value=low if found.value is None else found.value,
        low=low,
        high=high,
        how="voxel by voxel",
        location_mm=found.location_mm,
    )
    return amount, tuple(metric_over(dvhs, metric) for metric in _SMALL) if small else ()


def _within(structure: Structure, addends: Sequence[Addend], alpha_beta_gy: float) -> float:
    """Return an EQD2 that the sum reaches within a structure."""
    points, _ = filled(structure, most=_LOOKED_AT)
    total = sum(
        eqd2(
            np.nan_to_num(one.grid.at(apply(one.matrix, points))),
            fractions=one.fractions,
            alpha_beta_gy=alpha_beta_gy,
        )
        for one in addends
    )
    return float(np.max(total))


def _reach(structure: Structure) -> NDArray[np.float64]:
    """Return the contour and where it would lie one slice beyond: ends may reach so far."""
    points = np.concatenate([contour.points_mm for contour in structure.contours])
    stack = stack_planes(structure, spacing_mm=_SINGLE_MM)
    step = stack.spacing_mm * stack.frame.axes[2]
    return np.concatenate([points, points - step, points + step])
