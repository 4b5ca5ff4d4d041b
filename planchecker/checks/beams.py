"""Family BM: beams, monitor units and machines."""

from collections.abc import Iterator

import numpy as np

from constraints.model import Technique
from planchecker.case import Beam
from planchecker.checks.beams_aim import aims_at_target, clearance, isocentre_place, one_isocentre
from planchecker.checks.beams_extras import accessories, complexity, setup, skin_distance
from planchecker.checks.beams_points import angles, control_points, jaws_and_leaves, leaf_pairs
from planchecker.checks.beams_site import foreign_to_site
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.saying import moot, say
from planchecker.results import Status
from planchecker.schemes.inference import INFERRED

__all__ = ["CHECKS"]

_PHOTON = "PHOTON"
_UNITS = ("", "MU")


def monitor_units(context: Context) -> Iterator[Outcome]:
    """Ask whether every treatment beam has monitor units.

    What
    ----
    Beam Meterset of every treatment beam; set-up beams are left out.

    Why
    ---
    A beam without monitor units is not delivered; one with very few is delivered badly.

    Passes
    ------
    Every treatment beam has at least the protocol's number for its kind.

    Fires
    -----
    `fail` where a beam has none or less than none; `warn` below ``beams.min_mu_static``,
    ``beams.min_mu_wedged`` or ``beams.min_mu_arc``.

    Not evaluated
    -------------
    Where the plan has no treatment beam, or one states no meterset or one in another unit than
    MU.

    References
    ----------
    DICOM Beam Meterset (300A,0086), Primary Dosimeter Unit (300A,00B3); PLANCHECK and
    raystation-scripts for the numbers.
    """
    plan = context.case.plan
    beams = plan.treatment_beams if plan else ()
    if not beams:
        yield say(
            "BM001",
            "beams",
            Status.NOT_EVALUATED,
            "The plan has no treatment beam.",
            remedy="Export the plan with its beams.",
        )
        return
    least = {beam.number: context.criterion(_least_mu(beam)) for beam in beams}
    silent = [b.name for b in beams if b.meterset is None]
    none = [b.name for b in beams if b.meterset is not None and b.meterset <= 0]
    few = [b for b in beams if b.meterset is not None and 0 < b.meterset < least[b.number]]
    other = [f"{b.name} ({b.dosimeter_unit})" for b in beams if b.dosimeter_unit not in _UNITS]
    said = ", ".join(f"{b.name} {b.meterset:.4g} of {least[b.number]:g} MU" for b in few)
    total = sum(beam.meterset or 0.0 for beam in beams)
    status, message = climb(
        (bool(none), Status.FAIL, f"No monitor units: {', '.join(none)}."),
        (bool(silent), Status.NOT_EVALUATED, f"No meterset is stated: {', '.join(silent)}."),
        (bool(other), Status.NOT_EVALUATED, f"Metersets are not in MU: {', '.join(other)}."),
        (bool(few), Status.WARN, f"Few monitor units: {said}."),
        (True, Status.PASS, f"Treatment beams: {len(beams)}, with {total:.1f} MU in all."),
    )
    yield say(
        "BM001",
        "beams",
        status,
        message,
        remedy="Calculate the plan again, and export it with its monitor units.",
        metric="MU",
        value=None if other else total,
        unit="MU",
    )


def per_dose(context: Context) -> Iterator[Outcome]:
    """Ask whether the monitor units fit the dose.

    What
    ----
    The sum of the metersets of all treatment beams over the prescribed dose of one fraction,
    against the protocol's range for static, modulated and stereotactic plans.

    Why
    ---
    Ten times the units, or the units of a whole course in one fraction, can be delivered; an
    extreme ratio is their first trace.

    Passes
    ------
    The ratio lies in the range.

    Fires
    -----
    `warn` above the lower bound of the technique, `manual` above the upper one or below
    ``delivery.mu_per_cgy_least``.

    Not evaluated
    -------------
    Where a meterset, the stated dose or the fractions are missing. Not asked of particles.

    References
    ----------
    PLANCHECK; see ``delivery.mu_per_cgy_static_warn``, ``delivery.mu_per_cgy_static_error``,
    ``delivery.mu_per_cgy_modulated_warn``, ``delivery.mu_per_cgy_stereotactic_warn`` and
    ``delivery.mu_per_cgy_modulated_error``.
    """
    plan = context.case.plan
    beams = plan.treatment_beams if plan else ()
    if any(beam.radiation not in ("", _PHOTON) for beam in beams):
        yield moot("BM002", "beams", "monitor units of particles are not comparable")
        return
    stated = plan.prescription if plan else None
    dose = stated.dose_per_fraction_gy if stated and stated.source != INFERRED else None
    if not beams or not dose or any(_units(beam) is None for beam in beams):
        yield say(
            "BM002",
            "beams",
            Status.NOT_EVALUATED,
            "Monitor units are not compared with the dose: one of them is not stated.",
            remedy="Export the plan with prescription and monitor units.",
        )
        return
    ratio = sum(_units(beam) or 0.0 for beam in beams) / (100 * dose)
    usual, gross = _range(context)
    lower, upper = context.criterion(usual), context.criterion(gross)
    low = context.criterion("delivery.mu_per_cgy_least")
    said = f"The plan has {ratio:.2f} MU per cGy"
    status, message = climb(
        (ratio > upper, Status.MANUAL, f"{said}, above {upper:g}."),
        (ratio < low, Status.MANUAL, f"{said}, below {low:g}."),
        (ratio > lower, Status.WARN, f"{said}, above the usual {lower:g}."),
        (True, Status.PASS, f"{said}."),
    )
    yield say(
        "BM002",
        "beams",
        status,
        message,
        remedy="Check dose per fraction and monitor units by an independent calculation.",
        metric="MU per cGy",
        value=ratio,
        unit="MU/cGy",
        comparison="<=",
        limit=lower,
        margin=lower - ratio,
        **context.cited(usual),
    )


def _units(beam: Beam) -> float | None:
    """Return the monitor units of a beam; None where it states none, or a time."""
    return beam.meterset if beam.dosimeter_unit in _UNITS else None


def point_doses(context: Context) -> Iterator[Outcome]:
    """Ask whether the beam doses at one point add up to the plan dose there.

    What
    ----
    The sum of Beam Dose over the treatment beams, times the fractions, against the plan dose at
    the Beam Dose Specification Point, where all beams name the same point within
    ``delivery.point_mm``.

    Why
    ---
    A beam dose is the dose at its point, whatever a vendor prescribes to; where the sum and the
    dose grid disagree, plan and dose are not of one calculation.

    Passes
    ------
    The difference is at most ``prescription.beam_dose_warn_percent``.

    Fires
    -----
    `warn` above it, `manual` above ``prescription.beam_dose_tolerance_percent``.

    Not evaluated
    -------------
    Where the point lies outside the dose grid or the fractions are not stated. Without a common
    point or a plan dose it does not apply.

    References
    ----------
    AAPM MPPG 11.a; DICOM Beam Dose (300A,0084), Beam Dose Specification Point (300A,0082).
    """
    plan, grid = context.case.plan, context.plan_dose.grid
    beams = plan.treatment_beams if plan else ()
    points = [beam.dose_point_mm for beam in beams]
    known = [beam.dose_gy for beam in beams if beam.dose_gy is not None]
    near = context.criterion("delivery.point_mm")
    weighted = context.plan_dose.effective
    common = bool(beams) and len(known) == len(beams) and _one_point(points, near)
    if not common or grid is None or weighted:
        why = "there is no physical plan dose" if grid is None or weighted else ""
        yield moot("BM003", "beams", why or "the beam doses are not stated for one common point")
        return
    there = float(grid.at(np.array([points[0]], dtype=float))[0])
    fractions = plan.prescription.fractions if plan else None
    if not fractions or not there > 0:
        yield say(
            "BM003",
            "beams",
            Status.NOT_EVALUATED,
            "The beam doses are not compared: fractions or dose at their point are unknown.",
            remedy="State the number of fractions, and export a dose grid that holds the point.",
        )
        return
    total = sum(known) * fractions
    off = 100 * (total / there - 1)
    said = f"The beam doses add up to {total:.2f} Gy where the plan dose is {there:.2f} Gy"
    status, message = climb(
        (
            abs(off) > context.criterion("prescription.beam_dose_tolerance_percent"),
            Status.MANUAL,
            f"{said} ({off:+.1f} %).",
        ),
        (
            abs(off) > context.criterion("prescription.beam_dose_warn_percent"),
            Status.WARN,
            f"{said} ({off:+.1f} %).",
        ),
        (True, Status.PASS, f"{said}."),
    )
    yield say(
        "BM003",
        "beams",
        status,
        message,
        remedy="Check that plan and dose are of one calculation.",
        metric="sum of beam doses",
        value=total,
        unit="Gy",
        location_mm=points[0],
        **context.cited("prescription.beam_dose_warn_percent"),
    )


def machine(context: Context) -> Iterator[Outcome]:
    """Ask whether machine, radiation and energy are stated and uniform.

    What
    ----
    Treatment Machine Name, Radiation Type and Nominal Beam Energy of every treatment beam.

    Why
    ---
    One beam left on another machine or energy is a copy of an older plan.

    Passes
    ------
    One machine, one radiation, one photon energy; they and the fluence mode are named.

    Fires
    -----
    `manual` where they differ between beams, and where the machine list of a site file does
    not hold the machine, its energy or the technique on it.

    Not evaluated
    -------------
    Where a beam states no machine, no radiation or no energy. Whether the centre has this
    machine needs its list, in a site file.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.8.8.14 RT Beams Module.
    """
    plan = context.case.plan
    beams = plan.treatment_beams if plan else ()
    if not beams:
        yield moot("BM004", "beams", "the plan has no treatment beam; BM001 reports it")
        return
    machines = sorted({beam.machine for beam in beams})
    kinds = sorted({beam.radiation for beam in beams if beam.radiation})
    photons = sorted({e for b in beams if b.radiation in ("", _PHOTON) for e in _energies(b)})
    modes = sorted({beam.fluence_mode for beam in beams if beam.fluence_mode})
    listed = ", ".join(f"{energy:g}" for energy in photons)
    foreign = foreign_to_site(context)
    status, message = climb(
        (bool(foreign), Status.MANUAL, " ".join(foreign)),
        (
            len(set(machines) - {""}) > 1,
            Status.MANUAL,
            f"Several machines: {', '.join(name for name in machines if name)}.",
        ),
        (len(kinds) > 1, Status.MANUAL, f"Several kinds of radiation: {', '.join(kinds)}."),
        (len(photons) > 1, Status.MANUAL, f"Several photon energies: {listed} MV."),
        ("" in machines, Status.NOT_EVALUATED, "No machine is stated."),
        (
            any(not beam.radiation for beam in beams),
            Status.NOT_EVALUATED,
            "A beam states no kind of radiation.",
        ),
        (
            any(not _energies(beam) for beam in beams),
            Status.NOT_EVALUATED,
            "A beam states no energy.",
        ),
        (
            True,
            Status.PASS,
            f"Machine {machines[0]}, {', '.join(kinds)}"
            + (f" {listed} MV" if listed else "")
            + (f", {'; '.join(modes)}." if modes else "."),
        ),
    )
    remedy = "Check machine and energy of every beam in the planning system."
    yield say("BM004", "beams", status, message, remedy=remedy)


def _least_mu(beam: Beam) -> str:
    if beam.is_arc or beam.has_moving_leaves:
        return "beams.min_mu_arc"
    return "beams.min_mu_wedged" if beam.wedges else "beams.min_mu_static"


def _range(context: Context) -> tuple[str, str]:
    """Return the criteria above which a person is warned, and asked."""
    technique = context.technique
    if technique.delivery in ("static conformal", "conformal arc"):
        names = ("static_warn", "static_error")
    elif Technique.STEREOTACTIC in technique.worlds:
        names = ("stereotactic_warn", "modulated_error")
    else:
        names = ("modulated_warn", "modulated_error")
    return f"delivery.mu_per_cgy_{names[0]}", f"delivery.mu_per_cgy_{names[1]}"


def _one_point(points: list[tuple[float, float, float] | None], near_mm: float) -> bool:
    first = points[0]
    return first is not None and all(
        point is not None and max(abs(a - b) for a, b in zip(point, first, strict=True)) <= near_mm
        for point in points
    )


def _energies(beam: Beam) -> set[float]:
    return {point.energy for point in beam.control_points if point.energy is not None}


CHECKS: tuple[Check, ...] = (
    Check(code="BM001", title="Monitor units of every beam", run=monitor_units),
    Check(code="BM002", title="Monitor units against dose", run=per_dose),
    Check(code="BM003", title="Beam doses at one point", run=point_doses),
    Check(code="BM004", title="Machine and energy", run=machine),
    Check(code="BM005", title="Control points", run=control_points),
    Check(code="BM006", title="Angles of gantry, collimator and couch", run=angles),
    Check(code="BM007", title="Leaf pairs and jaws valid", run=leaf_pairs),
    Check(code="BM008", title="Jaws against leaves", run=jaws_and_leaves),
    Check(code="BM009", title="One isocentre", run=one_isocentre),
    Check(code="BM010", title="Isocentre in body and target", run=isocentre_place),
    Check(code="BM011", title="Clearance between gantry and patient", run=clearance),
    Check(code="BM012", title="Distance from source to skin", run=skin_distance),
    Check(code="BM013", title="Wedges, blocks and boluses", run=accessories),
    Check(code="BM014", title="Tolerance tables and set-up beams", run=setup),
    Check(code="BM015", title="Complexity of the apertures", run=complexity),
    Check(code="BM016", title="Fields aim at the target", run=aims_at_target),
)
