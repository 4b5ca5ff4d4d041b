"""BM012 to BM015: skin distance, accessories, set-up and complexity."""

from collections.abc import Iterator

import numpy as np

from planchecker.case import Beam
from planchecker.checks.beam_view import axes_of, leaves_of, states
from planchecker.checks.body import bodies, way_to_skin_mm
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.saying import moot, say
from planchecker.results import Status
from planchecker.schemes.technique import is_modulated

__all__ = ["accessories", "complexity", "setup", "skin_distance"]


def skin_distance(context: Context) -> Iterator[Outcome]:
    """Ask whether the stated distance from source to skin fits the contours.

    What
    ----
    Source to Surface Distance of the plan against the one traced from the source to the body
    contour along the beam axis. Beams with a bolus are left out.

    Why
    ---
    A distance that does not fit shows a moved isocentre, another body contour or another scan
    than the plan was calculated on.

    Passes
    ------
    Each stated distance is within ``delivery.ssd_mm`` of the traced one.

    Fires
    -----
    `manual` where one is not.

    Not evaluated
    -------------
    Where no axial body contour lies on the beam axis, or isocentre, angles, axis distance or
    patient position are missing. A plan that states no distance is listed as not applicable.

    References
    ----------
    DICOM Source to Surface Distance (300A,0130); see ``delivery.ssd_mm``.
    """
    beams = [b for b in _beams(context) if not b.boli and _stated_ssd(b) is not None]
    if not beams:
        yield moot("BM012", "beams", "the plan states no distance from source to skin")
        return
    limit = context.criterion("delivery.ssd_mm")
    for beam in beams:
        stated, traced = _stated_ssd(beam) or 0.0, _traced_ssd(context, beam)
        said = f"Beam {beam.name} states {stated:.1f} mm"
        off = abs(stated - traced) if traced is not None else 0.0
        status, message = climb(
            (
                traced is None,
                Status.NOT_EVALUATED,
                f"The skin distance of beam {beam.name} cannot be traced.",
            ),
            (
                off > limit,
                Status.MANUAL,
                f"{said} to the skin; the contours give {traced or 0.0:.1f} mm.",
            ),
            (True, Status.PASS, f"{said}, as the contours do."),
        )
        yield say(
            "BM012",
            beam.name,
            status,
            message,
            remedy="Check isocentre and body contour, and export both with the plan.",
            metric="SSD",
            value=stated,
            unit="mm",
            **context.cited("delivery.ssd_mm"),
        )


def _stated_ssd(beam: Beam) -> float | None:
    return next((p.ssd_mm for p in beam.control_points if p.ssd_mm), None)


def _traced_ssd(context: Context, beam: Beam) -> float | None:
    point = next((p for p in states(beam) if p.ssd_mm), None)
    if point is None or point.gantry_deg is None or point.couch_deg is None:
        return None
    around = bodies(context)
    plan = context.case.plan
    if not around or plan is None or beam.source_axis_mm is None or point.isocentre_mm is None:
        return None
    toward = axes_of(point.gantry_deg, point.couch_deg, plan.patient_position)
    if toward is None:
        return None
    way = way_to_skin_mm(around, np.array(point.isocentre_mm), toward)
    return None if way is None else beam.source_axis_mm - way


def accessories(context: Context) -> Iterator[Outcome]:
    """Ask whether wedges, blocks and boluses fit the technique.

    What
    ----
    Number of wedges, blocks and boluses of every treatment beam, the bolus structures, and
    which beam names which bolus.

    Why
    ---
    A bolus that was calculated and is linked to no beam is not laid on the patient.

    Passes
    ------
    Every bolus structure is named by a beam and every named one is contoured; no modulated
    beam or arc has a wedge or block.

    Fires
    -----
    `manual` where one of these does not hold.

    Not evaluated
    -------------
    Where a beam does not state how many wedges, blocks or boluses it has. Without treatment
    beams BM001 says so.

    References
    ----------
    DICOM Referenced Bolus Sequence (300C,00B0); rule of a published tool for unlinked boluses.
    """
    beams = _beams(context)
    if not beams:
        yield moot("BM013", "accessories", "the plan has no treatment beam; BM001 reports it")
        return
    drawn = drawn_structures(context)
    linked = {roi for beam in beams for roi in beam.bolus_rois}
    contoured = {n for n, s in drawn.items() if s.interpreted_type == "BOLUS"}
    loose = [drawn[n].name for n in sorted(contoured - linked)]
    lost = sorted(linked - set(drawn))
    odd = [
        b.name
        for b in beams
        if (b.wedges or b.blocks) and (b.is_arc or (b.has_moving_leaves and b.blocks))
    ]
    wedges, blocks = (sum(getattr(b, kind) or 0 for b in beams) for kind in ("wedges", "blocks"))
    short = [b.name for b in beams if b.boli != len(b.bolus_rois) and b.bolus_rois]
    silent = [b.name for b in beams if None in (b.wedges, b.blocks, b.boli)]
    status, message = climb(
        (bool(loose), Status.MANUAL, f"No beam names the bolus {', '.join(loose)}."),
        (bool(lost), Status.MANUAL, f"A beam names a bolus that is not contoured: ROI {lost}."),
        (bool(short), Status.MANUAL, f"Number and names of boluses differ: {', '.join(short)}."),
        (bool(odd), Status.MANUAL, f"Wedge or block in a modulated beam: {', '.join(odd)}."),
        (
            bool(silent),
            Status.NOT_EVALUATED,
            f"Wedges, blocks and boluses are not all stated: {', '.join(silent)}.",
        ),
        (True, Status.PASS, f"Wedges: {wedges}; blocks: {blocks}; boluses: {len(linked)}."),
    )
    remedy = "Check the accessories of every beam; link each bolus to its beams or delete it."
    yield say("BM013", "accessories", status, message, remedy=remedy)


def setup(context: Context) -> Iterator[Outcome]:
    """Ask whether tolerance tables and set-up beams are in order.

    What
    ----
    The tolerance table that each beam names against those of the plan; monitor units of
    set-up beams.

    Why
    ---
    Without its table the machine accepts any couch position; a set-up beam with monitor units
    can be delivered.

    Passes
    ------
    Every named table exists, every treatment beam names one where the plan has any, and
    set-up beams have no monitor units.

    Fires
    -----
    `manual` where one of these does not hold.

    Not evaluated
    -------------
    Never; a plan without any tolerance table is listed as not applicable, for whether it needs
    one is the centre's rule.

    References
    ----------
    DICOM Tolerance Table Sequence (300A,0040), Treatment Delivery Type (300A,00CE).
    """
    plan = context.case.plan
    if plan is None or not plan.beams:
        yield moot("BM014", "beams", "the plan has no beams; BM001 reports it")
        return
    tables = set(plan.tolerance_tables)
    named = {b.tolerance_table for b in plan.treatment_beams if b.tolerance_table is not None}
    armed = [b.name for b in plan.beams if not b.is_treatment and (b.meterset or 0) > 0]
    without = [b.name for b in plan.treatment_beams if b.tolerance_table is None]
    status, message = climb(
        (bool(armed), Status.MANUAL, f"Set-up beams have monitor units: {', '.join(armed)}."),
        (
            bool(named - tables),
            Status.MANUAL,
            f"Beams name tolerance tables that the plan lacks: {sorted(named - tables)}.",
        ),
        (
            bool(tables) and bool(without),
            Status.MANUAL,
            f"Beams without a tolerance table: {', '.join(without)}.",
        ),
        (
            any(not beam.is_treatment for beam in plan.beams)
            and any(beam.meterset is not None for beam in plan.beams),
            Status.PASS,
            "Every beam has its tolerance table; set-up beams have no units.",
        ),
        (True, Status.PASS, "Every beam has its tolerance table."),
    )
    if status is Status.PASS and not tables:
        yield moot("BM014", "tolerance tables", "the plan has none; the centre's rule decides")
        return
    yield say(
        "BM014", "beams", status, message, remedy="Set the tolerance tables and set-up beams."
    )


def complexity(context: Context) -> Iterator[Outcome]:
    """State how complex the apertures are.

    What
    ----
    The modulation complexity score of every modulated beam, weighted by its monitor units:
    1 for a plain rectangle, towards 0 for many small shifted openings.

    Why
    ---
    For information: a score that no plan reaches shows leaves that were damaged. Its
    correlation with measured quality is weak.

    Passes
    ------
    The score is at most two deviations (``delivery.complexity_sd``) below the mean
    (``delivery.complexity_mean``).

    Fires
    -----
    `manual` where it is lower still.

    Not evaluated
    -------------
    Never; beams without moving leaves are listed as not applicable.

    References
    ----------
    McNiven et al., Med Phys 2010;37:505, doi 10.1118/1.3276775; mean and deviation from
    ray_scripts.
    """
    beams = [b for b in _beams(context) if b.has_moving_leaves]
    scores = [(score, b.meterset or 1.0) for b in beams if (score := _score(b)) is not None]
    if not is_modulated(context.technique.delivery) or not scores:
        yield moot("BM015", "beams", "no beam is modulated by leaves")
        return
    total = sum(weight for _, weight in scores)
    score = sum(score * weight for score, weight in scores) / total
    mean, deviation = (context.criterion(f"delivery.complexity_{n}") for n in ("mean", "sd"))
    least = mean - 2 * deviation
    yield say(
        "BM015",
        "beams",
        Status.PASS if score >= least else Status.MANUAL,
        f"The modulation complexity score is {score:.2f} (mean {mean:g}, for information).",
        remedy="Look at the apertures of every beam.",
        metric="complexity score",
        value=score,
    )


def _score(beam: Beam) -> float | None:
    """Return the modulation complexity score of one beam (McNiven et al. 2010)."""
    found = [leaves_of(point) for point in states(beam)]
    shapes = [leaves for _, leaves in filter(None, found)]
    if len(shapes) < len(found) or len({s.shape for s in shapes}) != 1:
        return None
    stack = np.array(shapes)
    opened = stack[..., 1] - stack[..., 0] > 0.5
    used = opened.any(axis=0)
    if used.sum() < 2:
        return None
    widest = float((stack[:, used, 1].max(axis=0) - stack[:, used, 0].min(axis=0)).sum())
    scores = []
    for shape, is_open in zip(stack, opened, strict=True):
        rows = shape[is_open]
        area = float((rows[:, 1] - rows[:, 0]).sum())
        variability = 1.0
        for bank in rows.T:
            reach = float(bank.max() - bank.min()) if len(bank) > 1 else 0.0
            if reach > 0:
                steps = np.abs(bank[1:] - bank[:-1])
                variability *= float((reach - steps).sum()) / ((len(bank) - 1) * reach)
        scores.append(variability * area / widest)
    return float(np.mean(scores))


def _beams(context: Context) -> tuple[Beam, ...]:
    return context.case.plan.treatment_beams if context.case.plan else ()
