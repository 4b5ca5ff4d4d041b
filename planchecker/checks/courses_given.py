"""RI001 and RI003: the earlier courses as they were given, and how they are laid over the plan."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.context import Context, Outcome
from planchecker.checks.course_dose import answerable
from planchecker.checks.courses_at import way_to
from planchecker.checks.ladder import climb
from planchecker.checks.limits.nesting import CORD, base_of, drawn_structures, in_family
from planchecker.checks.patient import compare_patients
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
    `fail` where a date of it is after the plan, or another ID, name or birth date stands in one
    of its files; `manual` where its export names no patient or only part of the name.

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
    dates = (course.planned_on, course.started_on, course.ended_on)
    late = planned is not None and any(day is not None and day > planned for day in dates)
    nameless = course.patient is not None and not course.patient.id.strip()
    same, apart = _person(context, course)
    interval = interval_between(
        course, planned, unknown_days=context.criterion("reirradiation.course_days")
    )
    months = interval.longest_months
    time = interval.how if months is None else f"{months:.1f} months: {interval.how}"
    said = f"{course.label} ({course.source}): {course.scheme}; {time}"
    status, message = climb(
        (late, Status.FAIL, f"{said}. It is dated after the plan, so it is no earlier course."),
        (
            same is Status.FAIL,
            Status.FAIL,
            f"{said}. Plan and course contradict each other: {apart}",
        ),
        (bool(lacking), Status.NOT_EVALUATED, f"{said}. It cannot be added up: {lacking}."),
        (nameless, Status.MANUAL, f"{said}. Its export names no patient."),
        (same is not Status.PASS, Status.MANUAL, f"{said}. Plan and course: {apart}"),
        (True, Status.PASS, f"{said}."),
    )
    return say(
        "RI001",
        course.label,
        status,
        message,
        remedy="State dose, fractions and dates of the course as they were treated.",
    )


def _person(context: Context, course: Course) -> tuple[Status, str]:
    """Judge whether plan and course, with every file it was read from, carry one patient."""
    plan = context.case.plan
    if plan is None or course.patient is None:
        return Status.PASS, ""
    files = ((f"earlier {file.modality or 'file'}", file.patient) for file in course.files)
    return compare_patients((("plan", plan.patient), ("earlier course", course.patient), *files))


def courses_laid(context: Context) -> Iterator[Outcome]:
    """Ask how the dose of each course is laid over this plan.

    What
    ----
    Whether the dose of a course lies in the plan's frame of reference or a rigid or affine
    registration leads there, and how well contours of both then agree. Deformable registrations
    are not used.

    Why
    ---
    A registration taken the wrong way round puts the old dose next to the cord instead of onto
    it. The cord shows it.

    Passes
    ------
    Same frame of reference, or a registration under which the cord contours agree within
    ``reirradiation.agreement_mm``. Without cord contours those of a bone or an organ that both
    have are compared.

    Fires
    -----
    `manual` where the contours disagree, with a word where the inverse would agree, where an
    affine registration stretches by more than ``reirradiation.affine_percent``, or where only a
    deformable registration is there; `warn` where nothing can be compared, and where no
    registration is there and the sum is bounded instead: hot spots coincide, or lie apart.

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
    kind = "" if way.rigid else f"; it is affine and stretches by {way.scale_percent:.1f} %"
    stretched = way.scale_percent > context.criterion("reirradiation.affine_percent")
    said = f"{course.label} is added voxel by voxel: {way.how}{kind}"
    what, here, inverse = _agreement(context, course, way)
    most = context.criterion("reirradiation.agreement_mm")
    uncertainty = context.criterion("reirradiation.registration_mm")
    if way.registered:
        said = f"{said}, taken as certain within {uncertainty:g} mm"
    if here is None:
        status = Status.WARN if way.registered else Status.PASS
        status = Status.MANUAL if stretched else status
        message = f"{said}; no contours of one structure to compare."
        return say("RI003", course.label, status, message, remedy=remedy)
    off = f"the contours of {what} lie {here:.1f} mm apart in the median"
    turned = inverse is not None and inverse < here and inverse <= most
    hint = " The inverse would agree: the direction may be wrong." if turned else ""
    return say(
        "RI003",
        course.label,
        Status.MANUAL if here > most or stretched else Status.PASS,
        f"{said}; {off}.{hint if here > most else ''}",
        remedy=remedy,
        value=here,
        unit="mm",
        comparison="<=",
        limit=most,
        margin=most - here,
        **context.cited("reirradiation.agreement_mm"),
    )


def _agreement(
    context: Context, course: Course, way: Mapping4
) -> tuple[str, float | None, float | None]:
    """Return what was compared and how far it lies apart, as registered and with the inverse.

    The cord comes first, then what lies round it, then any bone or organ both exports hold.
    """
    drawn = drawn_structures(context)
    own = {m.name: drawn[m.roi_number] for m in context.matches if m.roi_number in drawn}
    theirs = {s.roi_number: s for s in course.structures if s.contours}
    shared = [
        match
        for match in course.matches
        if match.name in own and match.roi_number in theirs and match.category in ("organ", "prv")
    ]
    if not shared:
        return "", None, None
    family = [m for m in shared if in_family(context.protocol, base_of(m.name))]
    match = min(family, key=lambda m: m.name != CORD) if family else shared[0]
    here, there = _points(own[match.name]), _points(theirs[match.roi_number])
    return (
        match.name,
        _median_mm(here, apply(inverted(way.matrix), there)),
        _median_mm(here, apply(way.matrix, there)),
    )


def _points(structure: Structure) -> NDArray[np.float64]:
    points = np.concatenate([contour.points_mm for contour in structure.contours])
    return np.asarray(points[:: max(1, len(points) // _MOST_POINTS)])


def _median_mm(here: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """Return the median distance of the nearer half of one contour's points to the other.

    The two cords are drawn over different lengths: only where both are can they agree.
    """
    nearest = np.sqrt(((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=-1)).min(axis=1)
    return float(np.median(np.sort(nearest)[: max(1, len(nearest) // 2)]))
