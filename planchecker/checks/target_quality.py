"""TC010 and on: quality of stereotactic targets, fracture flags, set-up robustness."""

from collections.abc import Iterator

import numpy as np

from constraints.metric import Metric
from constraints.model import Comparison, Evidence, RiskFlag, Technique
from planchecker.checks import geometry
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.cord_contours import round_cord
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.limits.selection import prescription
from planchecker.checks.plan_indices import conformity, dose_at_distance, fall_off
from planchecker.checks.saying import moot, say
from planchecker.checks.setup_robustness import setup_robustness
from planchecker.checks.targets import targets
from planchecker.dosimetry.radiobiology import eqd2
from planchecker.errors import PlanCheckerError
from planchecker.results import Status

__all__ = ["CHECKS"]

_LOWEST = Metric.parse("Dmin")


def coldest_tumour(context: Context) -> Iterator[Outcome]:
    """Show where the tumour is coldest, and whether the cord is the reason.

    What
    ----
    Dmin of each GTV of a stereotactic plan, and how far its place lies from the outermost
    contour round the cord.

    Why
    ---
    Coverage is given up next to the cord on purpose; a cold spot elsewhere is a mistake.

    Passes
    ------
    The coldest point lies within ``coverage.near_cord_mm`` of the contour round the cord, or
    receives the coverage floor of the PTV.

    Fires
    -----
    `warn` where the coldest point is below the floor and away from the cord.

    Not evaluated
    -------------
    The GTV has no dose. Conventional plans and plans without a GTV: not applicable. The
    published floor of single fractions is a dose limit, DL010.

    Where the technique of the plan is unknown.

    References
    ----------
    Lovelock et al. 2010, doi 10.1016/j.ijrobp.2009.10.003; planning study, doi
    10.1186/s13014-016-0631-9.
    """
    code = "TC013"
    gtvs, stated = targets(context, "GTV"), prescription(context).dose_gy
    if context.technique.worlds != (Technique.STEREOTACTIC,) or not gtvs or not stated:
        yield moot(code, "GTV", "asked of the GTV of stereotactic plans only")
        return
    floor = context.criterion("coverage.ctv_v90_percent") / 100 * stated
    for gtv in gtvs:
        found = measure(context, gtv.roi_number, _LOWEST)
        if found.value is None or found.location_mm is None:
            remedy = "Export a dose grid that covers the GTV."
            message = f"{gtv.roi_name} Dmin has no answer: {found.reason or 'no place is known'}."
            yield say(code, gtv.roi_name, Status.NOT_EVALUATED, message, remedy=remedy)
            continue
        near = _near_cord(context, found.location_mm)
        cold = found.value < floor
        where = {True: "next to the cord", False: "away from the cord", None: "no cord is drawn"}
        yield say(
            code,
            gtv.roi_name,
            Status.WARN if cold and not near else Status.PASS,
            f"{gtv.roi_name} Dmin {found.value:.2f} Gy, {100 * found.value / stated:.0f} % of the "
            f"prescription, {where[near]}.",
            remedy="Cover the tumour there, or let a physician accept the loss.",
            roi_number=gtv.roi_number,
            metric="Dmin",
            value=found.value,
            unit="Gy",
            band=found.band,
            location_mm=found.location_mm,
            **context.cited("coverage.ctv_v90_percent"),
        )


def fracture_flags(context: Context) -> Iterator[Outcome]:
    """Ask whether the treated vertebra is at a raised risk of fracture.

    What
    ----
    Dose per fraction, prescription and volume in the high dose of a stereotactic plan of the
    spine against the figures above which fractures were seen more often.

    Why
    ---
    A fracture after treatment is as painful as the metastasis; a surgeon may want to see the
    patient before.

    Passes
    ------
    No flag that rests on the publication itself or two transcriptions is raised.

    Fires
    -----
    `warn` for each one that is. Flags of one transcription or from memory are listed without
    status.

    Not evaluated
    -------------
    The metric has no answer. Conventional plans and targets outside the spine: not applicable.

    Where the technique of the plan is unknown.

    References
    ----------
    Sahgal et al. 2013, doi 10.1200/JCO.2013.50.1411; doi 10.1016/j.jbo.2021.100368; Jawad et
    al. 2016, J Neurosurg Spine 24:928.
    """
    code = "TC014"
    if context.technique.worlds != (Technique.STEREOTACTIC,) or context.scheme.spine is False:
        yield moot(code, "vertebra", "asked of stereotactic plans of the spine only")
        return
    fractions = prescription(context).fractions
    asked = 0
    for guideline in context.guidelines.values():
        for flag in guideline.risk_flags:
            if flag.fractions and fractions not in flag.fractions:
                continue
            value = _flag_value(context, flag)
            weak = flag.evidence in (Evidence.C, Evidence.D)
            if value is None:
                if not weak:
                    asked += 1
                    remedy = "State the prescription and export the dose of the PTV."
                    message = f"{flag.id} of {guideline.id} has no answer."
                    yield say(code, flag.id, Status.NOT_EVALUATED, message, remedy=remedy)
                continue
            raised = _raises(flag, value)
            also = f"; more so with {', '.join(flag.modifiers)}" if flag.modifiers else ""
            said = (
                f"{_flag_words(flag)} {value:.1f} {flag.unit}, flagged {flag.comparison.value} "
                f"{flag.value:g}: {flag.level if raised else 'not raised'}; {flag.endpoint}{also}"
            )
            if weak:
                reason = f"strength {flag.evidence.value}, no status: {said}"
                yield moot(code, flag.id, f"{guideline.id}: {reason}")
                continue
            asked += 1
            yield say(
                code,
                flag.id,
                Status.WARN if raised else Status.PASS,
                f"{said}.",
                remedy="Judge the stability of the vertebra, and consider more fractions.",
                value=value,
                unit=flag.unit,
                guideline=guideline.id,
                source=flag.where,
                doi=guideline.source.doi,
                evidence=flag.evidence.value,
            )
    if not asked:
        yield moot(code, "vertebra", "the protocol holds no flag for this plan")


def one_isocentre(context: Context) -> Iterator[Outcome]:
    """Ask what a rotation does to targets that share one isocentre.

    What
    ----
    For several PTVs treated about one isocentre: the distance of each from it, the shift that
    ``robustness.small_deg`` makes there, and the rotation that makes ``robustness.off_axis_mm``.

    Why
    ---
    A rotation that nobody sees at the isocentre misses a target 10 cm away.

    Passes
    ------
    The shift is at most ``robustness.off_axis_mm`` at every target.

    Fires
    -----
    `warn` for each target where it is more.

    Not evaluated
    -------------
    A single PTV, several isocentres or none stated, and conventional plans: not applicable.

    Where the technique of the plan is unknown.

    References
    ----------
    Geometry; the figures are local choices of the protocol.
    """
    code = "TC015"
    ptvs = targets(context, "PTV")
    plan = context.case.plan
    places = {p for beam in (plan.treatment_beams if plan else ()) for p in beam.isocentres_mm}
    if context.technique.worlds != (Technique.STEREOTACTIC,) or len(ptvs) < 2 or len(places) != 1:
        yield moot(code, "PTV", "asked of several stereotactic targets with one isocentre")
        return
    isocentre = np.array(places.pop())
    turn, most = (
        context.criterion("robustness.small_deg"),
        context.criterion("robustness.off_axis_mm"),
    )
    drawn = drawn_structures(context)
    for ptv in ptvs:
        points = np.concatenate([c.points_mm for c in drawn[ptv.roi_number].contours])
        away = float(np.linalg.norm(points.mean(axis=0) - isocentre))
        shift = away * float(np.sin(np.radians(turn)))
        budget = float(np.degrees(np.arcsin(min(1.0, most / away)))) if away > most else 90.0
        yield say(
            code,
            ptv.roi_name,
            Status.WARN if shift > most else Status.PASS,
            f"{ptv.roi_name} lies {away:.0f} mm from the isocentre: {turn:g} degree shifts it by "
            f"{shift:.1f} mm; {most:g} mm are reached at {budget:.1f} degrees.",
            remedy="Correct rotations, widen the margin, or give each target its isocentre.",
            roi_number=ptv.roi_number,
            value=shift,
            unit="mm",
            comparison="<=",
            limit=most,
            margin=most - shift,
            **context.cited("robustness.off_axis_mm"),
        )


CHECKS: tuple[Check, ...] = (
    Check(
        code="TC010",
        title="Conformity",
        run=conformity,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC011",
        title="Fall-off of the dose",
        run=fall_off,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC012",
        title="Dose at 2 cm",
        run=dose_at_distance,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC013",
        title="Coldest tumour and the cord",
        run=coldest_tumour,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC014",
        title="Risk of vertebral fracture",
        run=fracture_flags,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC015",
        title="Several targets, one isocentre",
        run=one_isocentre,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="TC020",
        title="Set-up robustness, approximate",
        run=setup_robustness,
        technique=Technique.STEREOTACTIC,
    ),
)


def _near_cord(context: Context, place_mm: tuple[float, float, float]) -> bool | None:
    contours = round_cord(context)
    if not contours:
        return None
    structure = drawn_structures(context)[contours[0].roi_number]
    margin = context.criterion("coverage.near_cord_mm")
    try:
        found = geometry.within(structure, np.array([place_mm]), margin_mm=margin)
    except PlanCheckerError:
        return None
    return bool(found[0])


def _flag_value(context: Context, flag: RiskFlag) -> float | None:
    stated = prescription(context)
    if flag.measure == "dose_per_fraction":
        return stated.dose_per_fraction_gy
    if flag.measure == "prescription":
        if stated.dose_gy is None or not stated.fractions:
            return None
        if flag.alpha_beta_gy is None:
            return stated.dose_gy
        return float(
            eqd2(stated.dose_gy, fractions=stated.fractions, alpha_beta_gy=flag.alpha_beta_gy)
        )
    if flag.metric is None:
        return None
    found = [
        measure(context, m.roi_number, flag.metric).value
        for kind in flag.structures
        for m in targets(context, kind)
    ]
    known = [value for value in found if value is not None]
    return max(known) if known and len(known) == len(found) else None


def _raises(flag: RiskFlag, value: float) -> bool:
    match flag.comparison:
        case Comparison.AT_LEAST:
            return value >= flag.value
        case Comparison.ABOVE:
            return value > flag.value
        case Comparison.AT_MOST:
            return value <= flag.value
        case Comparison.BELOW:
            return value < flag.value


def _flag_words(flag: RiskFlag) -> str:
    if flag.measure == "dose_per_fraction":
        return "Dose per fraction"
    if flag.measure == "prescription":
        scale = f" in EQD2({flag.alpha_beta_gy:g})" if flag.alpha_beta_gy else ""
        return f"Prescription{scale}"
    return f"{', '.join(flag.structures)} {flag.metric}"
