"""RI020: the sum of the plans that are treated together."""

import math
from collections.abc import Iterator

from planchecker.checks.context import Context, Outcome
from planchecker.checks.courses_at import Cumulative, cumulative_at
from planchecker.checks.limits import judging
from planchecker.checks.limits.nesting import CORD, Role, StandIn
from planchecker.checks.reirradiation_rules import contours_for
from planchecker.checks.saying import moot, say
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, Status

__all__ = ["parallel_plans"]

CODE = "RI020"


def parallel_plans(context: Context) -> Iterator[Outcome]:
    """Ask whether the cord bears all plans that are treated together.

    What
    ----
    With ``--sum``: the highest EQD2 of the cord over this plan and every other plan of the
    patient under the same paths, added voxel by voxel where the frames of reference allow it.

    Why
    ---
    Each plan keeps its limit; the patient gets their sum.

    Passes
    ------
    The sum is at most ``cord.eqd2_pass_gy`` and every plan is known; this plan must keep its
    own limits besides.

    Fires
    -----
    `fail` above ``cord.eqd2_fail_gy``, `manual` between the two and in a stereotactic plan,
    whose limits are not made for sums; `borderline` where the upper figure lies in the band.

    Not evaluated
    -------------
    A dose, a number of fractions or the contour of the cord is missing.

    References
    ----------
    PMID 26029031 and QUANTEC 2010, doi 10.1016/j.ijrobp.2009.04.095, as in DL002.
    """
    together = tuple(course for course in context.courses if course.concurrent)
    if not together:
        reason = "no other plan is there to sum" if context.summed else "no sum was asked for"
        yield moot(CODE, "plans", reason)
        return
    names = ", ".join(course.label for course in together)
    found = contours_for(context, CORD)
    if not found and context.scheme.spine is False:
        yield moot(CODE, CORD, "the target is known not to be spine and no cord is contoured")
    elif not found:
        message = f"The sum with {names} was not evaluated: no cord is contoured."
        yield say(CODE, CORD, Status.NOT_EVALUATED, message, remedy="Contour the cord.")
    for stand_in in found:
        yield _summed(context, stand_in, names)


def _summed(context: Context, stand_in: StandIn, names: str) -> Finding:
    alpha_beta = context.criterion("cord.eqd2_alpha_beta_gy")
    try:
        sums = cumulative_at(context, stand_in.match, context.courses, alpha_beta_gy=alpha_beta)
    except PlanCheckerError as error:
        message = f"The sum with {names} has no answer: {error}."
        remedy = "Export dose and prescription of every plan."
        return say(CODE, stand_in.match.roi_name, Status.NOT_EVALUATED, message, remedy=remedy)
    remedy = "Lower the dose of the cord over all plans, or let a physician decide."
    return _judged(context, sums, names, stand_in.role, alpha_beta, remedy)


def _judged(
    context: Context, sums: Cumulative, names: str, role: Role, alpha_beta: float, remedy: str
) -> Finding:
    fine, grave = context.criterion("cord.eqd2_pass_gy"), context.criterion("cord.eqd2_fail_gy")
    total = sums.total
    status = Status.MANUAL
    if total.low > grave:
        status = Status.FAIL
    elif total.high > grave:
        status = Status.BORDERLINE
    elif total.high <= fine and not _reserved(context, role):
        status = Status.PASS
    how = "added voxel by voxel" if sums.voxelwise else "hot spots taken to coincide"
    return say(
        CODE,
        sums.match.roi_name,
        status,
        f"{sums.match.roi_name} receives {judging.number(total.value, beside=grave)} Gy "
        f"EQD2({alpha_beta:g}) together with {names}, {how}; {fine:g} pass, above {grave:g} fail.",
        remedy=remedy,
        roi_number=sums.match.roi_number,
        value=total.value,
        unit="Gy",
        band=(total.low, total.high) if math.isfinite(total.high) else None,
        comparison="<=",
        limit=fine if status in (Status.PASS, Status.MANUAL) else grave,
        margin=(fine if status in (Status.PASS, Status.MANUAL) else grave) - total.value,
        **context.cited("cord.eqd2_fail_gy"),
        location_mm=total.location_mm,
    )


def _reserved(context: Context, role: Role) -> bool:
    """Tell whether the sum cannot pass whatever it is."""
    conventional = [world.value for world in context.technique.worlds] == ["conventional"]
    earlier = any(not course.concurrent for course in context.courses)
    return role is Role.INSIDE or not conventional or earlier
