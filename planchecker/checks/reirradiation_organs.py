"""RI016 and RI030: other organs in both courses, and the logistic risk of the cord."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from constraints.model import Technique
from constraints.vocabulary import load_vocabulary
from planchecker.checks.context import Context, Outcome
from planchecker.checks.courses_at import cumulative_at, way_to
from planchecker.checks.courses_given import earlier_courses
from planchecker.checks.limits.nesting import CORD, contoured, drawn_structures, is_neural
from planchecker.checks.limits.selection import prescription
from planchecker.checks.reirradiation_rules import contour_for
from planchecker.checks.saying import moot, say
from planchecker.courses import Course, technique_of
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.radiobiology import log_logistic_risk
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.grid_parts import cropped
from planchecker.isodose_volume import reaches_edge
from planchecker.registration import apply, inverted
from planchecker.results import Status
from planchecker.solid_points import filled, holds

__all__ = ["cord_risk", "organ_sums"]

_NO_COURSE = "no earlier course was given"


def organ_sums(context: Context) -> Iterator[Outcome]:
    """Ask what other organs get in both courses.

    What
    ----
    The cumulative EQD2 maximum of every organ but bone and the cord's family that the isodose of
    half the prescription of this plan and of an earlier course reach, with the alpha/beta of
    the protocol.

    Why
    ---
    Oesophagus, bowel and kidney were in the first field too.

    Passes
    ------
    No organ lies in the high dose of both.

    Fires
    -----
    `manual` for each that does: no cumulative limit is published for it.

    Not evaluated
    -------------
    Organs cannot be asked of a course whose dose is not laid over this plan: not applicable.

    References
    ----------
    alpha/beta of the protocol; half the prescription as in RI002.
    """
    courses = [c for c in earlier_courses(context) if _laid(context, c)]
    if not courses:
        reason = "no earlier course with a dose laid over this plan" if context.courses else ""
        yield moot("RI016", "organs", reason or _NO_COURSE)
        return
    for course in earlier_courses(context):
        if course not in courses:
            reason = "its dose is not laid over this plan, so no organ was asked of it"
            yield moot("RI016", course.label, reason)
    names = ", ".join(course.label for course in courses)
    vocabulary = load_vocabulary()
    hit = 0
    for match in contoured(context):
        bone = vocabulary.category(match.name) in vocabulary.words.bone_categories
        if match.category != "organ" or bone or is_neural(context.protocol, match.name):
            continue
        alpha_beta = _alpha_beta(context, match.name)
        remedy = "Let a physician judge the organ over both courses."
        try:
            if not _in_both(context, match.roi_number, courses):
                continue
            hit += 1
            sums = cumulative_at(context, match, courses, alpha_beta_gy=alpha_beta)
        except PlanCheckerError as error:
            hit += 1
            message = f"{match.roi_name}: {error}."
            yield say("RI016", match.roi_name, Status.NOT_EVALUATED, message, remedy=remedy)
            continue
        yield say(
            "RI016",
            match.roi_name,
            Status.MANUAL,
            f"{match.roi_name} lies in the high dose of both courses: {sums.total.value:.1f} Gy "
            f"EQD2({alpha_beta:g}) together with {names}; no cumulative limit is published.",
            remedy=remedy,
            roi_number=match.roi_number,
            value=sums.total.value,
            unit="Gy",
            band=(sums.total.low, sums.total.high) if np.isfinite(sums.total.high) else None,
            location_mm=sums.total.location_mm,
        )
    if not hit:
        message = f"No other organ is in the high dose of this plan and of {names}."
        yield say("RI016", "organs", Status.PASS, message)


def cord_risk(context: Context) -> Iterator[Outcome]:
    """Show the logistic risk of myelopathy after conventional fractionation.

    What
    ----
    P = 1 / (1 + (D50 / D)^k) of the highest EQD2 of the cord over all courses, with the
    alpha/beta of the curve.

    Why
    ---
    It turns a dose into a risk a patient can be told, within its range: once daily, about 2 Gy
    a fraction, full cross-section, cervical cord, one course. Above
    ``cord_risk.largest_fraction_gy`` a fraction the figure is said to be an extrapolation.

    Passes
    ------
    Never: no status is given, the figure is listed with its range.

    Fires
    -----
    Never.

    Not evaluated
    -------------
    Never. Outside conventional fractionation it is not shown at all.

    References
    ----------
    Schultheiss 2008, doi 10.1016/j.ijrobp.2007.11.075; QUANTEC 2010,
    doi 10.1016/j.ijrobp.2009.04.095. The slope is derived.
    """
    names = tuple(
        f"cord_risk.{name}" for name in ("d50_gy", "slope", "alpha_beta_gy", "largest_fraction_gy")
    )
    conventional = context.technique.worlds == (Technique.CONVENTIONAL,) and all(
        technique_of(c, context.protocol, context.guidelines) is Technique.CONVENTIONAL
        for c in context.courses
    )
    stand_in = contour_for(context, CORD)
    if (
        not conventional
        or stand_in is None
        or any(n not in context.protocol.criteria for n in names)
    ):
        yield moot("RI030", CORD, "the curve is for conventional fractionation of the cord only")
        return
    d50, slope, alpha_beta, _ = (context.criterion(name) for name in names)
    try:
        sums = cumulative_at(context, stand_in.match, context.courses, alpha_beta_gy=alpha_beta)
    except PlanCheckerError as error:
        yield moot("RI030", CORD, f"no answer: {error}")
        return
    dose = sums.total.value
    risk = log_logistic_risk(dose, d50_gy=d50, slope=slope)
    beyond = "; recovery between courses is not in it" if context.courses else ""
    yield moot(
        "RI030",
        stand_in.match.roi_name,
        f"shown without status: {100 * risk:.2g} % at {dose:.1f} Gy EQD2({alpha_beta:g}); valid "
        f"for once-daily treatment of the full cervical cord at about 2 Gy a fraction{beyond}"
        f"{_beyond_range(context)}",
    )


def _beyond_range(context: Context) -> str:
    """Say where a course leaves the fractionation the curve was fitted to."""
    own = prescription(context).dose_per_fraction_gy
    each = [own, *(course.dose_per_fraction_gy for course in context.courses)]
    most = context.criterion("cord_risk.largest_fraction_gy")
    largest = max((dose for dose in each if dose is not None), default=0.0)
    if largest <= most:
        return ""
    return (
        f"; {largest:g} Gy a fraction is above {most:g} Gy, so the figure is an extrapolation that "
        "only ranks schedules"
    )


def _laid(context: Context, course: Course) -> bool:
    try:
        way = way_to(context, course)
    except PlanCheckerError:
        return False
    return course.grid is not None and course.fractions is not None and way is not None


def _in_both(context: Context, roi_number: int, courses: list[Course]) -> bool:
    """Tell whether an organ reaches half the prescription of this plan and of an earlier one."""
    stated, grid = prescription(context).dose_gy, context.plan_dose.grid
    if stated is None or grid is None:
        return False
    structure = drawn_structures(context)[roi_number]
    if not _reached(structure, grid, stated / 2, np.eye(4)):
        return False
    for course in courses:
        way = way_to(context, course)
        if way is None or course.grid is None:
            continue
        # Without a prescription its high dose is not known: whatever it reaches counts.
        prescribed = course.prescribed_gy or 0.0
        if _reached(structure, course.grid, prescribed / 2, way.matrix):
            return True
    return False


def _reached(
    structure: Structure, grid: DoseGrid, level_gy: float, matrix: NDArray[np.float64]
) -> bool:
    """Tell whether a dose level reaches a structure anywhere, its inside included.

    Interpolated dose is highest at a node of the grid or on the surface: nodes within the
    structure, its contour and points that fill it are looked at. What lies outside the grid
    counts as reached where the level itself runs out of the grid.
    """
    vertices = np.concatenate([contour.points_mm for contour in structure.contours])
    doses = grid.at(apply(matrix, np.concatenate([vertices, filled(structure)[0]])))
    if (doses >= level_gy).any():
        return True
    if np.isnan(doses).any() and reaches_edge(grid, level_gy):
        return True
    return bool(holds(structure, _nodes_at(grid, level_gy, vertices, matrix)).any())


def _nodes_at(
    grid: DoseGrid, level_gy: float, vertices: NDArray[np.float64], matrix: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the nodes at or above a level near a structure, in the structure's frame."""
    there = apply(matrix, vertices)
    part = cropped(grid, there, margin_mm=max(grid.spacing_mm))
    plane, row, column = np.nonzero(part.values_gy >= level_gy)
    along = np.column_stack([part.plane_mm[plane], part.row_mm[row], part.column_mm[column]])
    return apply(inverted(matrix), part.origin_mm + along @ part.axes)


def _alpha_beta(context: Context, name: str) -> float:
    given = context.protocol.alpha_beta_gy
    return given[name] if name in given else given["default"]
