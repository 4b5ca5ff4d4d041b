"""What several courses give one structure: added up voxel by voxel, or bounded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
from planchecker.cumulative import Addend, SummedDose, add_up, cropped
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.registration import Mapping4, find_mapping

__all__ = ["Cumulative", "cumulative_at", "frame_of_plan", "way_to"]

_MAXIMUM = Metric.parse("Dmax")
_MARGIN_MM = 6.0


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
    """

    match: Match
    now: Amount
    earlier: tuple[Amount, ...]
    total: Amount
    voxelwise: bool


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
            amount = _summed(context, structure, (addend,), alpha_beta_gy)
            laid.append(addend)
        earlier.append(amount)
    total = now
    if laid:
        own = _own_addend(context)
        total = _summed(context, structure, (own, *laid), alpha_beta_gy)
    return Cumulative(
        match=match,
        now=now,
        earlier=tuple(earlier),
        total=_with_loose(total, loose),
        voxelwise=not loose,
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
    context: Context, structure: Structure, addends: Sequence[Addend], alpha_beta_gy: float
) -> Amount:
    template = cropped(_plan_grid(context), _points(structure), margin_mm=_MARGIN_MM)
    summed = add_up(template, addends, alpha_beta_gy=alpha_beta_gy)
    return _highest(structure, summed, context)


def _highest(structure: Structure, summed: SummedDose, context: Context) -> Amount:
    stated = {image.thickness_mm for image in context.case.images if image.thickness_mm}
    spacing = stated.pop() if len(stated) == 1 else None
    found = compute_dvh(structure, summed.value, spacing_mm=spacing).metric(_MAXIMUM)
    sure = np.array_equal(summed.low.values_gy, summed.high.values_gy)
    ends = [
        compute_dvh(structure, grid, spacing_mm=spacing).metric(_MAXIMUM)
        for grid in (() if sure else (summed.low, summed.high))
    ]
    ends.append(found)
    bands = [one.band for one in ends if one.band is not None]
    if not bands:
        raise PlanCheckerError(f"{structure.name} has no sum of doses: {found.reason}")
    low, high = min(band[0] for band in bands), max(band[1] for band in bands)
    value = low if found.value is None else found.value
    return Amount(
        value=value, low=low, high=high, how="voxel by voxel", location_mm=found.location_mm
    )


def _points(structure: Structure) -> NDArray[np.float64]:
    return np.concatenate([contour.points_mm for contour in structure.contours])
