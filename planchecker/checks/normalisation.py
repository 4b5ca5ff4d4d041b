"""RX021: the dose where it is prescribed, a stated point or a usual statistic of the target."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from constraints.metric import Metric
from constraints.model import Technique
from planchecker.case import PrescribedTarget
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.saying import moot, say
from planchecker.checks.targets import target_dose
from planchecker.dosimetry.structure import ContourType
from planchecker.naming import Match
from planchecker.results import Status
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.targets import prescribed_targets

__all__ = ["normalised"]

CODE = "RX021"
_STATISTICS = tuple(Metric.parse(name) for name in ("D50%", "Dmean", "D95%", "D98%", "D90%"))
Place = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Figure:
    """What a dose may be normalised to, and how far it lies from the prescription in percent."""

    name: str
    dose_gy: float
    off_percent: float

    @property
    def words(self) -> str:
        """The figure in words."""
        return f"{self.name} {self.dose_gy:.2f} Gy ({self.off_percent:+.1f} %)"


def normalised(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose agrees with the prescription where it is prescribed.

    What
    ----
    The plan dose at every point for which a dose reference states a target dose. Without such a
    point, the usual statistics a plan is normalised to, for each target that the prescription is
    meant for: D50%, Dmean, D95%, D98% and D90% of it, and the dose at the common isocentre and
    at the common Beam Dose Specification Point. DICOM does not say which of them was used.

    Why
    ---
    A dose that was scaled, or calculated again with other monitor units, and a prescription that
    was changed by a few percent keep every coarse bound.

    Passes
    ------
    The dose at the stated points is within ``prescription.normalisation_tolerance_percent`` of
    what is prescribed there; without one, at least one of the statistics is. The one that fits
    best is named, and whether it fits within ``prescription.normalisation_tight_percent``.

    Fires
    -----
    `manual` where a stated point gets another dose: plan and dose contradict each other; `warn`
    where no usual statistic of a conventional plan fits. A stereotactic plan may be prescribed
    to any isodose and give up coverage near the cord: there the statistics are listed without a
    status.

    Not evaluated
    -------------
    Where a stated point lies outside the dose grid or a target has no histogram. Without a plan
    dose, a stated prescription or a target RX020 says so; targets of which the plan does not
    say what dose they get are listed as not applicable.

    References
    ----------
    AAPM MPPG 11.a; raystation-scripts for the figures; DICOM PS3.3 C.8.8.10, Dose Reference
    Point Coordinates (300A,0018) and Target Prescription Dose (300A,0026).
    """
    plan = context.case.plan
    if plan is None:
        return
    stated, grid = plan.prescription, context.plan_dose.grid
    known = bool(stated.dose_gy) and stated.source != INFERRED
    points = [(item, place) for item in stated.targets if (place := _place(context, item))]
    found = prescribed_targets(plan, context.matches) if known else ()
    if grid is None or not known or not (points or found):
        lacking = "stated prescription" if not known else "plan dose" if not grid else "target"
        yield moot(CODE, "target", f"there is no {lacking}; RX020 reports it")
        return
    for item, place in points:
        yield _at_point(context, item, place)
    if not any(item.prescription_gy == stated.dose_gy for item, _ in points):
        for match in found:
            yield _of_target(context, match)


def _place(context: Context, item: PrescribedTarget) -> Place | None:
    """Return where a target dose is prescribed to a point; None where it is to none."""
    if not item.prescription_gy or item.reference_type == "ORGAN_AT_RISK":
        return None
    if item.point_mm is not None:
        return item.point_mm
    structure = drawn_structures(context).get(item.roi_number or -1)
    if structure is None or len(structure.contours) != 1:
        return None
    contour = structure.contours[0]
    if contour.geometric_type is not ContourType.POINT or len(contour.points_mm) != 1:
        return None
    x, y, z = (float(value) for value in contour.points_mm[0])
    return x, y, z


def _at_point(context: Context, item: PrescribedTarget, place: Place) -> Outcome:
    asked, name = item.prescription_gy or 0.0, item.description or f"point {item.number}"
    there = _dose_at(context, place)
    if there is None:
        return say(
            CODE,
            name,
            Status.NOT_EVALUATED,
            f"{asked:.4g} Gy are prescribed to a point outside the dose grid.",
            remedy="Export a dose grid that holds the point of prescription.",
            location_mm=place,
        )
    off = 100 * (there / asked - 1)
    fits = abs(off) <= context.criterion("prescription.normalisation_tolerance_percent")
    return say(
        CODE,
        name,
        Status.PASS if fits else Status.MANUAL,
        f"The point of prescription gets {there:.2f} Gy of {asked:.4g} Gy ({off:+.1f} %).",
        remedy="Find out what the plan is normalised to, and whether plan and dose are of one "
        "calculation.",
        metric="dose at the point",
        value=there,
        unit="Gy",
        location_mm=place,
        **context.cited("prescription.normalisation_tolerance_percent"),
    )


def _of_target(context: Context, match: Match) -> Outcome:
    meant = target_dose(context, match)
    if meant.dose_gy is None or not meant.sure:
        return moot(CODE, match.roi_name, meant.how)
    figures = tuple(_figures(context, match, meant.dose_gy))
    if not any(figure.name in map(str, _STATISTICS) for figure in figures):
        return say(
            CODE,
            match.roi_name,
            Status.NOT_EVALUATED,
            f"What the dose is normalised to is not looked for: {match.roi_name} has no dose.",
            remedy=context.plan_dose.remedy or "Export a dose grid that covers the target.",
        )
    best = min(figures, key=lambda figure: abs(figure.off_percent))
    tight = context.criterion("prescription.normalisation_tight_percent")
    most = context.criterion("prescription.normalisation_tolerance_percent")
    asked = f"{meant.dose_gy:.4g} Gy"
    if abs(best.off_percent) <= most:
        near = "is" if abs(best.off_percent) <= tight else "is about"
        said = f"{best.words} {near} the {asked} prescribed to {match.roi_name}."
        return say(CODE, match.roi_name, Status.PASS, said, roi_number=match.roi_number)
    listed = ", ".join(figure.words for figure in figures)
    if context.technique.worlds == (Technique.STEREOTACTIC,):
        reason = (
            f"a stereotactic plan may be prescribed to any isodose; {asked} are prescribed, shown: "
            f"{listed}"
        )
        return moot(CODE, match.roi_name, reason)
    return say(
        CODE,
        match.roi_name,
        Status.WARN,
        f"No usual statistic of {match.roi_name} is within {most:g} % of the prescribed {asked}: "
        f"{listed}.",
        roi_number=match.roi_number,
        remedy="Find out what the plan is normalised to, and whether plan and dose are of one "
        "calculation.",
    )


def _figures(context: Context, match: Match, asked_gy: float) -> Iterator[_Figure]:
    """Yield what has an answer."""
    for metric in _STATISTICS:
        value = measure(context, match.roi_number, metric).value
        if value is not None:
            yield _Figure(name=str(metric), dose_gy=value, off_percent=100 * (value / asked_gy - 1))
    plan = context.case.plan
    beams = plan.treatment_beams if plan else ()
    for name, places in (
        ("Isocentre", {place for beam in beams for place in beam.isocentres_mm}),
        ("Beam dose point", {beam.dose_point_mm for beam in beams}),
    ):
        place = next(iter(places)) if len(places) == 1 else None
        there = _dose_at(context, place) if place is not None else None
        if there is not None:
            yield _Figure(name=name, dose_gy=there, off_percent=100 * (there / asked_gy - 1))


def _dose_at(context: Context, place: Place) -> float | None:
    grid = context.plan_dose.grid
    there = float(grid.at(np.array([place]))[0]) if grid is not None else float("nan")
    return None if np.isnan(there) else there
