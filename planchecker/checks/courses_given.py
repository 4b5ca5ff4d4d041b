"""RI001 and RI003: the earlier courses as they were given, and how they are laid over the plan."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.context import Context, Outcome
from planchecker.checks.course_dose import answerable
from planchecker.checks.courses_at import way_to
from planchecker.checks.ladder import climb
from planchecker.checks.limits.nesting import CORD, base_of, drawn_structures, in_family
from planchecker.checks.saying import moot, say
from planchecker.courses import Course, interval_between
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.registration import Mapping4, apply, inverted
from planchecker.results import Finding, Status

__all__ = ["courses_given", "courses_laid", "earlier_courses"]

_MOST_POINTS = 1_500
_NO_COURSE = "no earlier course was given"


def earlier_courses(context: Context) -> tuple[Course, ...]:
    """Return the courses that came before the plan."""
    return tuple(course for course in context.courses if not course.concurrent)


def courses_given(context: Context) -> Iterator[Outcome]:
    """Ask whether each earlier course is known well enough to be added up.

    What
    ----
    Patient, dates, dose and number of fractions of every earlier course that was given.

    Why
    ---
    A course of another patient, without its fractions or dated after the plan gives a sum that
    looks like an answer and is none. A course of another patient is refused before any check.

    Passes
    ------
    Dose and fractions are known, the course names the same patient or was typed, and it is not
    dated after the plan.

    Fires
    -----
    `fail` where it ended after the plan was made; `manual` where its export names no patient.

    Not evaluated
    -------------
    Where the number of fractions or every dose is missing.

    References
    ----------
    Sahgal et al. 2021, doi 10.1016/j.ijrobp.2019.09.038: sums need dose, fractions and time.
    """
    found = earlier_courses(context)
    for course in found:
        yield _given(context, course)
    if not found:
        yield moot("RI001", "earlier courses", _NO_COURSE)


def _given(context: Context, course: Course) -> Finding:
    planned = context.case.plan.planned_on if context.case.plan else None
    lacking = ""
    try:
        answerable(course)
    except PlanCheckerError as error:
        lacking = str(error)
    known = course.ended_on or course.started_on or course.planned_on
    late = known is not None and planned is not None and known > planned
    nameless = course.patient is not None and not course.patient.id.strip()
    interval = interval_between(
        course, planned, unknown_days=context.criterion("reirradiation.course_days")
    )
    months = interval.longest_months
    time = interval.how if months is None else f"{months:.1f} months: {interval.how}"
    said = f"{course.label} ({course.source}): {course.scheme}; {time}"
    status, message = climb(
        (late, Status.FAIL, f"{said}. It is dated after the plan, so it is no earlier course."),
        (bool(lacking), Status.NOT_EVALUATED, f"{said}. It cannot be added up: {lacking}."),
        (nameless, Status.MANUAL, f"{said}. Its export names no patient."),
        (True, Status.PASS, f"{said}."),
    )
    return say(
        "RI001",
        course.label,
        status,
        message,
        remedy="State dose, fractions and dates of the course as they were treated.",
    )


def courses_laid(context: Context) -> Iterator[Outcome]:
    """Ask how the dose of each course is laid over this plan.

    What
    ----
    Whether the dose of a course lies in the plan's frame of reference or a rigid or affine
    registration leads there, and how well the cord contours of both then agree. Deformable
    registrations are not used.

    Why
    ---
    A registration taken the wrong way round puts the old dose next to the cord instead of onto
    it. The cord shows it.

    Passes
    ------
    Same frame of reference, or a registration under which the cord contours agree within
    ``reirradiation.agreement_mm``, or one without cord contours to compare.

    Fires
    -----
    `manual` where the contours disagree, with a word where the inverse would agree, or where
    only a deformable registration is there; `warn` where no registration is there and the sum
    is bounded instead: hot spots coincide, or lie apart.

    Not evaluated
    -------------
    Where registrations contradict each other, mirror the patient or change the size.

    References
    ----------
    DICOM PS3.3 C.20.2: the matrix takes points of the item's frame to that of the object.
    """
    with_dose = [course for course in context.courses if course.grid is not None]
    for course in with_dose:
        yield _laid(context, course)
    if not with_dose:
        reason = "no course with a dose was given; its dose is bounded" if context.courses else ""
        yield moot("RI003", "earlier courses", reason or _NO_COURSE)


def _laid(context: Context, course: Course) -> Finding:
    bounds = "Its dose is not added voxel by voxel: hot spots are taken to coincide or lie apart."
    remedy = "Export a rigid registration between the two images, and check its direction."
    try:
        way = way_to(context, course)
    except PlanCheckerError as error:
        return say("RI003", course.label, Status.NOT_EVALUATED, f"{error}.", remedy=remedy)
    if way is None:
        why = (
            "only a deformable registration is there, which is not used"
            if (course.deformable or any("deformable" in f.reason for f in context.case.foreign))
            else "no registration leads to it"
        )
        status = Status.MANUAL if why.startswith("only") else Status.WARN
        message = f"{course.label} lies in another frame of reference and {why}. {bounds}"
        return say("RI003", course.label, status, message, remedy=remedy)
    kind = "" if way.rigid else "; it is affine, not rigid"
    said = f"{course.label} is added voxel by voxel: {way.how}{kind}"
    here, inverse = _agreement(context, course, way)
    most = context.criterion("reirradiation.agreement_mm")
    uncertainty = context.criterion("reirradiation.registration_mm")
    if way.registered:
        said = f"{said}, taken as certain within {uncertainty:g} mm"
    if here is None:
        return say("RI003", course.label, Status.PASS, f"{said}; no cord contours to compare.")
    off = f"the cord contours lie {here:.1f} mm apart in the median"
    turned = inverse is not None and inverse < here and inverse <= most
    hint = " The inverse would agree: the direction may be wrong." if turned else ""
    return say(
        "RI003",
        course.label,
        Status.PASS if here <= most else Status.MANUAL,
        f"{said}; {off}.{hint if here > most else ''}",
        remedy=remedy,
        value=here,
        unit="mm",
        comparison="<=",
        limit=most,
        margin=most - here,
    )


def _agreement(
    context: Context, course: Course, way: Mapping4
) -> tuple[float | None, float | None]:
    """Return how far the cord contours lie apart, as registered and with the inverse."""
    drawn = drawn_structures(context)
    own = {m.name: drawn[m.roi_number] for m in context.matches if m.roi_number in drawn}
    theirs = {s.roi_number: s for s in course.structures if s.contours}
    for match in course.matches:
        base = base_of(match.name)
        usable = in_family(context.protocol, base or CORD) and match.roi_number in theirs
        if match.name and usable and match.name in own:
            here = _points(own[match.name])
            there = _points(theirs[match.roi_number])
            return (
                _median_mm(here, apply(inverted(way.matrix), there)),
                _median_mm(here, apply(way.matrix, there)),
            )
    return None, None


def _points(structure: Structure) -> NDArray[np.float64]:
    points = np.concatenate([contour.points_mm for contour in structure.contours])
    return np.asarray(points[:: max(1, len(points) // _MOST_POINTS)])


def _median_mm(here: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """Return the median distance of the nearer half of one contour's points to the other.

    The two cords are drawn over different lengths: only where both are can they agree.
    """
    nearest = np.sqrt(((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=-1)).min(axis=1)
    return float(np.median(np.sort(nearest)[: max(1, len(nearest) // 2)]))
