"""RI002: other plans of the patient under the same paths, and whether their doses meet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric, MetricKind
from planchecker.case import Plan
from planchecker.checks.context import Context, Outcome
from planchecker.checks.courses_at import way_to
from planchecker.checks.limits import judging
from planchecker.checks.patient import is_same_person
from planchecker.checks.saying import say
from planchecker.courses import Course, case_of_other, course_of_case
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.flat import median
from planchecker.errors import PlanCheckerError
from planchecker.registration import apply, inverted
from planchecker.results import Finding, Status

__all__ = ["Overlap", "OverlapClass", "capped", "other_plans", "overlap_of"]

CODE = "RI002"
_MOST_POINTS = 4_000
_MOST_NEAR = 12_000
_MOST_VOXELS = 400_000
_POINT_LIKE = (MetricKind.DMAX, MetricKind.DOSE_AT_VOLUME, MetricKind.VOLUME_AT_DOSE)


class OverlapClass(StrEnum):
    """How the 50 % isodoses of two plans lie to each other."""

    OVERLAPPING = "overlapping"
    """They share volume."""
    NEIGHBOURING = "neighbouring"
    """They are nearer than ``reirradiation.neighbour_mm``."""
    APART = "apart"
    """They are farther apart than that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Overlap of the isodoses of half the prescription.

    Parameters
    ----------
    shared_cc
        Volume inside both.
    along_mm
        Extent of that volume along the patient.
    gap_mm
        Shortest distance between the two where they share nothing, else 0.
    kind
        What follows.
    """

    shared_cc: float
    along_mm: float
    gap_mm: float
    kind: OverlapClass


def other_plans(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose of another plan of the patient meets that of this one.

    What
    ----
    Every other plan of the patient under the given paths with its date, the volume and length
    that the isodoses of half its and half this plan's prescription share, and the class that
    follows: overlapping, neighbouring or apart.

    Why
    ---
    An earlier course or a second target in reach of the same cord turns two good plans into
    one overdose; nobody sees it in either plan alone.

    Passes
    ------
    There is no other plan, it was given as an earlier course or summed, or the isodoses lie
    apart.

    Fires
    -----
    `manual` where they overlap or are neighbours: until the sum is evaluated no finding on a
    point dose is better than `manual`.

    Not evaluated
    -------------
    Where the dose of the other plan is missing or lies in another frame of reference without a
    registration, so that the overlap cannot be told.

    References
    ----------
    AAPM TG-275: dose of other plans and courses; ``reirradiation.neighbour_mm``.
    """
    plan = context.case.plan
    if plan is None:
        return
    found = [p for p in context.case.other_plans if _of_patient(p, plan)]
    for other in found:
        yield _about(context, other)
    if not found:
        yield say(CODE, "plan", Status.PASS, "No other plan of this patient is under the paths.")


def overlap_of(context: Context, course: Course) -> Overlap:
    """Measure how the half-prescription isodoses of the plan and a course lie to each other.

    Raises
    ------
    PlanCheckerError
        If a dose, a prescription or the way between the frames of reference is missing.
    """
    own, stated = context.plan_dose.grid, context.case.plan
    prescribed = stated.prescription.dose_gy if stated else None
    if own is None or not prescribed:
        raise PlanCheckerError("this plan has no dose or no prescription")
    if course.grid is None or not course.prescribed_gy:
        raise PlanCheckerError(course.dose_problem or "it states no prescribed dose")
    way = way_to(context, course)
    if way is None:
        raise PlanCheckerError("it lies in another frame of reference and no registration is there")
    points, voxel_cc = _above(own, prescribed / 2)
    back = inverted(way.matrix)
    theirs, _ = _above(course.grid, course.prescribed_gy / 2)
    there = course.grid.at(apply(way.matrix, points))
    shared = points[np.nan_to_num(there) >= course.prescribed_gy / 2]
    if len(shared):
        step = own.spacing_mm[0]
        return Overlap(
            shared_cc=len(shared) * voxel_cc,
            along_mm=float(np.ptp(shared[:, 2])) + step,
            gap_mm=0.0,
            kind=OverlapClass.OVERLAPPING,
        )
    gap = _gap(points, apply(back, theirs))
    near = gap <= context.criterion("reirradiation.neighbour_mm")
    kind = OverlapClass.NEIGHBOURING if near else OverlapClass.APART
    return Overlap(shared_cc=0.0, along_mm=0.0, gap_mm=gap, kind=kind)


def capped(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Let no limit on a point dose be better than `manual` while another plan overlaps."""
    found = tuple(outcomes)
    meets = any(
        isinstance(o, Finding) and o.code == CODE and o.status is Status.MANUAL and o.value
        for o in found
    )
    return tuple(_cap(o) for o in found) if meets else found


def _cap(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Finding) or not outcome.code.startswith("DL") or not outcome.metric:
        return outcome
    if Metric.parse(outcome.metric).kind not in _POINT_LIKE:
        return outcome
    return replace(
        outcome,
        status=judging.at_least(outcome.status, Status.MANUAL),
        message=f"{outcome.message} Another plan overlaps: {CODE}.",
        remedy=outcome.remedy or "Check again with --sum, or with the other plan as --prior.",
    )


def _about(context: Context, other: Plan) -> Finding:
    when = f", dated {other.planned_on}," if other.planned_on else ", without a date,"
    subject = f"plan {other.label}"
    if any(c.plan_uid == other.sop_instance_uid for c in context.courses):
        message = f"The other plan {other.label!r}{when} is added up with this one."
        return say(CODE, subject, Status.PASS, message)
    course = course_of_case(
        case_of_other(context.case, other),
        protocol=context.protocol,
        guidelines=context.guidelines,
    )
    said = f"The other plan {other.label!r}{when} of {course.scheme}"
    try:
        overlap = overlap_of(context, course)
    except PlanCheckerError as error:
        return say(
            CODE,
            subject,
            Status.NOT_EVALUATED,
            f"{said}: whether its dose meets this one cannot be told: {error}.",
            remedy="Export its dose and a rigid registration, or give it as --prior.",
        )
    if overlap.kind is OverlapClass.OVERLAPPING:
        how = f"share {overlap.shared_cc:.1f} cc over {overlap.along_mm:.0f} mm"
    else:
        how = f"are {overlap.gap_mm:.0f} mm apart"
    apart = overlap.kind is OverlapClass.APART
    return say(
        CODE,
        subject,
        Status.PASS if apart else Status.MANUAL,
        f"{said} is {overlap.kind.value}: the isodoses of half the prescription {how}.",
        remedy="Check again with --sum, or give it as --prior if it is an earlier course.",
        value=overlap.shared_cc,
        unit="cc",
    )


def _of_patient(other: Plan, plan: Plan) -> bool:
    same = other.sop_instance_uid == plan.sop_instance_uid
    return not same and is_same_person(other.patient, plan.patient)


def _above(grid: DoseGrid, level_gy: float) -> tuple[NDArray[np.float64], float]:
    """Return the nodes at or above a dose, thinned where there are many, and their share in cc."""
    high = np.flatnonzero(grid.values_gy >= level_gy)
    if not len(high):
        raise PlanCheckerError(f"no voxel reaches {level_gy:g} Gy")
    kept = high[:: max(1, -(-len(high) // _MOST_VOXELS))]
    plane, row, column = np.unravel_index(kept, grid.values_gy.shape)
    along = np.column_stack([grid.plane_mm[plane], grid.row_mm[row], grid.column_mm[column]])
    sizes = [median(np.diff(n)) for n in (grid.plane_mm, grid.row_mm, grid.column_mm)]
    voxel_cc = float(np.prod(sizes)) / 1000 * len(high) / len(along)
    return np.asarray(grid.origin_mm + along @ grid.axes), voxel_cc


def _gap(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the shortest distance between two clouds of points.

    A coarse look bounds it; only what lies within that bound of the other cloud's box is then
    looked at closely.
    """
    coarse = _nearest(*(p[:: max(1, len(p) // _MOST_POINTS)] for p in (first, second)))
    near = _within(first, second, coarse), _within(second, first, coarse)
    if not len(near[0]) or not len(near[1]):
        return coarse
    return _nearest(*(p[:: max(1, len(p) // _MOST_NEAR)] for p in near))


def _within(
    points: NDArray[np.float64], others: NDArray[np.float64], away_mm: float
) -> NDArray[np.float64]:
    low, high = others.min(axis=0) - away_mm, others.max(axis=0) + away_mm
    return np.asarray(points[((points >= low) & (points <= high)).all(axis=1)])


def _nearest(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    least = np.inf
    for start in range(0, len(one), 500):
        part = one[start : start + 500, None, :] - other[None, :, :]
        least = min(least, float((part**2).sum(axis=-1).min()))
    return float(np.sqrt(least))
