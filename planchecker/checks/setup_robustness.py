"""TC020: set-up errors on the static dose."""

from collections.abc import Iterator

import numpy as np

from constraints.metric import MetricKind
from constraints.model import Kind, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.cord_contours import nearest_contours
from planchecker.checks.limits.nesting import CORD, drawn_structures, in_family
from planchecker.checks.limits.selection import cord_governors, questions
from planchecker.checks.saying import moot, say
from planchecker.checks.targets import targets
from planchecker.errors import PlanCheckerError
from planchecker.results import Status
from planchecker.robustness import Range, setup_errors, spread
from planchecker.solid_points import filled

__all__ = ["setup_robustness"]

_CORD_POINTS, _TARGET_POINTS = 12_000, 4_000


def setup_robustness(context: Context) -> Iterator[Outcome]:
    """Ask what set-up errors do to cord and target, approximately.

    What
    ----
    Contours are shifted along each axis by up to ``robustness.shift_mm`` and turned about each
    by up to ``robustness.turn_deg`` about the isocentre, in the dose as planned; the range of
    cord D0.03cc and PTV D95% is shown; without a cord the nearest contour round it is taken.
    Approximate: the dose is taken not to change, and each
    error stands for the whole course.

    Why
    ---
    The steepest fall-off of all lies at the cord, one millimetre from a limit.

    Passes
    ------
    The cord keeps its governing limit within ``robustness.small_mm`` and
    ``robustness.small_deg``, or it does not keep it as planned, which DL001 says.

    Fires
    -----
    `warn` where it keeps the limit as planned and not within those errors.

    Not evaluated
    -------------
    Where no range is known because the contour runs out of a hot side of the dose grid. Without
    a contour of cord, sac or canal, and for conventional plans: not applicable.

    Where the technique of the plan is unknown.

    References
    ----------
    Static dose approximation; the sizes are local choices of the protocol.
    """
    code = "TC020"
    cord = next((one.match for one in nearest_contours(context)), None)
    if context.technique.worlds != (Technique.STEREOTACTIC,) or cord is None:
        yield moot(code, CORD, "asked of stereotactic plans with a contour of the cord or round it")
        return
    shifts = np.arange(1.0, context.criterion("robustness.shift_mm") + 0.5)
    turns = np.arange(1.0, context.criterion("robustness.turn_deg") + 0.5)
    wide = _range(context, cord.roi_number, tuple(shifts), tuple(turns), volume_cc=0.03)
    small_mm = context.criterion("robustness.small_mm")
    small_deg = context.criterion("robustness.small_deg")
    small = _range(context, cord.roi_number, (small_mm,), (small_deg,), volume_cc=0.03)
    if wide is None or small is None:
        remedy = "Export a dose grid that holds the cord with all dose it gets."
        message = f"The range of {cord.roi_name} is not known: it runs out of the dose grid."
        yield say(code, cord.roi_name, Status.NOT_EVALUATED, message, remedy=remedy)
        return
    bound = _cord_bound(context)
    over = bound is not None and wide.planned <= bound < small.high
    first = (
        f"Approximate, static dose: {cord.roi_name} D0.03cc {wide.planned:.1f} Gy as planned, "
        f"{small.low:.1f} to {small.high:.1f} Gy within {small_mm:g} mm or {small_deg:g} deg, "
        f"{wide.low:.1f} to {wide.high:.1f} Gy within {shifts[-1]:g} mm or {turns[-1]:g} deg"
    )
    parts = [first]
    for ptv in targets(context, "PTV"):
        found = _range(context, ptv.roi_number, tuple(shifts), tuple(turns), percent=95.0)
        if found is not None:
            parts.append(
                f"{ptv.roi_name} D95% {found.planned:.1f} Gy, {found.low:.1f} to {found.high:.1f}"
            )
    limit = f"; governing limit {bound:g} Gy" if bound is not None else ""
    yield say(
        code,
        cord.roi_name,
        Status.WARN if over else Status.PASS,
        f"{'; '.join(parts)}{limit}.",
        remedy="Tighten set-up tolerance and imaging, or lower the dose of the cord.",
        roi_number=cord.roi_number,
        value=small.high,
        unit="Gy",
        band=(wide.low, wide.high),
        **context.cited("robustness.small_mm"),
    )


def _cord_bound(context: Context) -> float | None:
    """Return the highest mandatory point limit of the governing guideline on the cord."""
    world = Technique.STEREOTACTIC
    deciding = cord_governors(context, world)
    found = [
        q.limit.value
        for q in questions(context, world)
        if q.guideline.id in deciding
        and in_family(context.protocol, q.structure)
        and q.limit.metric.kind is MetricKind.DMAX
        and q.limit.kind is not Kind.OPTIMAL
    ]
    return max(found, default=None)


def _range(
    context: Context,
    roi_number: int,
    shifts_mm: tuple[float, ...],
    turns_deg: tuple[float, ...],
    *,
    volume_cc: float | None = None,
    percent: float | None = None,
) -> Range | None:
    grid, plan = context.plan_dose.grid, context.case.plan
    if grid is None:
        return None
    most = _TARGET_POINTS if volume_cc is None else _CORD_POINTS
    try:
        points, share_cc = filled(drawn_structures(context)[roi_number], most=most)
    except PlanCheckerError:
        return None
    places = {p for beam in (plan.treatment_beams if plan else ()) for p in beam.isocentres_mm}
    about = np.array(places.pop()) if len(places) == 1 else points.mean(axis=0)
    return spread(
        points,
        grid,
        setup_errors(shifts_mm=shifts_mm, turns_deg=turns_deg),
        about_mm=about,
        share_cc=share_cc,
        volume_cc=volume_cc,
        percent=percent,
    )
