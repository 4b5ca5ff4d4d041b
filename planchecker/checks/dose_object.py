"""Family DG: the dose object and its grid."""

from collections.abc import Iterator

from constraints.model import Technique
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.hot_spot import device_dose
from planchecker.checks.ladder import climb
from planchecker.results import Finding, NotApplicable, Status
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import is_one_of

__all__ = ["CHECKS"]


def right_object(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose of the whole course can be established.

    What
    ----
    Dose Units, Dose Type and Dose Summation Type of the doses that name the plan. A plan of
    brachytherapy is refused.

    Why
    ---
    One fraction taken for the course, one beam for the plan or percent for Gy makes every
    limit look met.

    Passes
    ------
    One dose in GY, PHYSICAL, of summation type PLAN; EFFECTIVE for protons is accepted and
    named.

    Fires
    -----
    `warn` where the dose was summed from the complete set of beams, or read as one fraction
    or as the whole course; `manual` where it is EFFECTIVE and the beams are not of protons.

    Not evaluated
    -------------
    Relative units, an incomplete beam set, several different plan doses, several plans in one
    dose, a dose that neither reading of a fraction fits, brachytherapy, no dose at all.

    References
    ----------
    DICOM PS3.3 C.8.8.3 RT Dose Module; AAPM MPPG 11.a.
    """
    plan, dose = context.case.plan, context.plan_dose
    notes = "".join(f" Note: {note}." for note in dose.notes)
    brachy = plan is not None and plan.brachy
    status, message = climb(
        (brachy, Status.NOT_EVALUATED, "Plans of brachytherapy are not judged."),
        (dose.grid is None, Status.NOT_EVALUATED, f"There is no plan dose: {dose.problem}."),
        (
            dose.effective and context.technique.delivery != "proton",
            Status.MANUAL,
            f"The {dose.how} is weighted by RBE (EFFECTIVE) though the beams are not of protons.",
        ),
        (dose.how != "PLAN dose", Status.WARN, f"The dose was established as {dose.how}."),
        (True, Status.PASS, f"The {dose.how} is in Gy."),
    )
    remedy = dose.remedy or "Export the plan dose in GY, PHYSICAL, summation type PLAN."
    yield Finding(
        code="DG001",
        subject="dose",
        status=status,
        message=message + notes,
        remedy="Check this plan with a tool for brachytherapy."
        if brachy
        else ""
        if status is Status.PASS
        else remedy,
    )


def spacing(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose grid is fine enough for the technique.

    What
    ----
    The largest distance between neighbouring voxels against the protocol's spacing for
    conventional and for stereotactic plans. A plain palliative field is asked for none.

    Why
    ---
    Between coarse voxels the steep fall towards the cord is guessed, not calculated.

    Passes
    ------
    The spacing is at most that of the technique; of the finer one where it may be either.

    Fires
    -----
    `warn` where it is larger in a conventional plan, `manual` where it is so by
    ``coarse.gross_factor`` or the plan is or may be stereotactic.

    Not evaluated
    -------------
    Without a dose, or where the technique is unknown.

    References
    ----------
    See ``grid.max_spacing_conventional_mm`` and ``grid.max_spacing_stereotactic_mm``.
    """
    grid, worlds = context.plan_dose.grid, context.technique.worlds
    if grid is None or not worlds:
        lacking = "no plan dose" if grid is None else "no known technique"
        yield _not_evaluated(
            "DG002", f"The grid spacing is not judged: there is {lacking}.", context
        )
        return
    if worlds == (Technique.CONVENTIONAL,) and _is_plain(context):
        reason = "a plain palliative field is asked for no grid spacing"
        yield NotApplicable(code="DG002", subject="dose grid", reason=reason)
        return
    asked = min((f"grid.max_spacing_{w.value}_mm" for w in worlds), key=context.criterion)
    limit = context.criterion(asked)
    largest = max(grid.spacing_mm)
    # Decimal strings of the export round spacings; 0.01 mm is far below any voxel.
    fine = largest <= limit + 0.01
    gross = largest > context.criterion("coarse.gross_factor") * limit
    excess = Status.MANUAL if gross or Technique.STEREOTACTIC in worlds else Status.WARN
    yield Finding(
        code="DG002",
        subject="dose grid",
        status=Status.PASS if fine else excess,
        message=f"The dose grid has a spacing of up to {largest:.2f} mm; asked are {limit:g} mm.",
        metric="spacing",
        value=largest,
        unit="mm",
        comparison="<=",
        limit=limit,
        margin=limit - largest,
        **context.cited(asked),
        remedy="" if fine else "Calculate the dose on a finer grid.",
    )


def _is_plain(context: Context) -> bool:
    stated = context.case.plan.prescription if context.case.plan else None
    if stated is None or stated.dose_gy is None or not stated.fractions:
        return False
    pairs = context.protocol.grid_exempt_pairs
    return context.technique.delivery == "static conformal" and is_one_of(
        pairs, stated.dose_gy, stated.fractions, context.protocol
    )


def covers_targets(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose grid holds every target.

    What
    ----
    The volume of each target outside the dose grid.

    Why
    ---
    Where there is no dose, coverage is unknown; a tool that leaves that part out reports a
    target as covered that is not.

    Passes
    ------
    No part of the target lies outside.

    Fires
    -----
    Never: what is outside is not known to be wrong.

    Not evaluated
    -------------
    Where a part lies outside, and where no target or no histogram of it is there.

    References
    ----------
    AAPM TG-275, MPPG 11.a: the calculation volume holds the target.
    """
    targets = tuple(context.targets(""))
    if not targets:
        yield _not_evaluated("DG003", "No structure was recognised as a target.", context)
    for match in targets:
        dvh = context.dvhs.get(match.roi_number)
        outside = dvh.outside_cc if dvh else None
        problem = context.dvh_problems.get(match.roi_number) or context.plan_dose.problem
        status, message = climb(
            (
                outside is None,
                Status.NOT_EVALUATED,
                f"{match.roi_name} has no histogram: {problem}.",
            ),
            (
                bool(outside),
                Status.NOT_EVALUATED,
                f"{match.roi_name} lies with {outside or 0:.2f} cc outside the dose grid.",
            ),
            (True, Status.PASS, f"{match.roi_name} lies wholly inside the dose grid."),
        )
        yield Finding(
            code="DG003",
            subject=match.roi_name,
            roi_number=match.roi_number,
            status=status,
            message=message,
            metric="volume outside the grid",
            value=outside,
            unit="cc",
            remedy=""
            if status is Status.PASS
            else "Calculate the dose on a grid that holds the whole target, and export it again.",
        )


def scaling(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose has the size of the prescription.

    What
    ----
    The highest dose of the grid over the prescribed dose, against the protocol's range for
    the technique, and against the same range times the number of fractions.

    Why
    ---
    A dose that is off by the number of fractions is the usual trace of a wrong summation.

    Passes
    ------
    The ratio lies in the range of the technique.

    Fires
    -----
    `fail` where the ratio is off by about the number of fractions or the dose never reaches
    the prescription; `manual` far above the range; `warn` where a conventional plan has a
    maximum above its own range.

    Not evaluated
    -------------
    Without a dose or a stated prescription.

    References
    ----------
    See ``scaling.conventional_min``, ``scaling.conventional_max``, ``scaling.stereotactic_min``
    and ``scaling.stereotactic_max``.
    """
    grid = context.plan_dose.grid
    stated = context.case.plan.prescription if context.case.plan else None
    if grid is None or stated is None or not stated.dose_gy or stated.source == INFERRED:
        lacking = "plan dose" if grid is None else "stated prescription"
        yield _not_evaluated("DG004", f"The dose maximum is not judged: no {lacking}.", context)
        return
    ratio, fractions = grid.max_gy / stated.dose_gy, stated.fractions or 1
    conventional = context.technique.worlds == (Technique.CONVENTIONAL,)
    kind = "conventional" if conventional else "stereotactic"
    low, high = (context.criterion(f"scaling.{kind}_{end}") for end in ("min", "max"))
    gross = context.criterion("scaling.stereotactic_max")
    wrong = fractions > 1 and any(low <= r <= high for r in (ratio / fractions, ratio * fractions))
    said = f"The dose maximum is {ratio:.2f} times the prescription"
    by_factor = f"{said}; a sum over the wrong number of {fractions} fractions would explain it."
    surely = Status.FAIL if stated.source == "target prescription dose" else Status.MANUAL
    status, message = climb(
        (low <= ratio <= high, Status.PASS, f"{said}."),
        (wrong, Status.FAIL, by_factor),
        (ratio < low, surely, f"{said}: no voxel reaches it."),
        (ratio > gross, Status.MANUAL, f"{said}: a unit or summation may be wrong."),
        (True, Status.WARN, f"{said}, above the {high:g} usual for conventional plans."),
    )
    yield Finding(
        code="DG004",
        subject="dose",
        status=status,
        message=message,
        metric="Dmax / prescription",
        value=ratio,
        **context.cited(f"scaling.{kind}_max"),
        remedy="" if status is Status.PASS else "Check units, summation type and prescription.",
    )


def heterogeneity(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose was calculated in the patient and not in water.

    What
    ----
    Tissue Heterogeneity Correction of the doses that name the plan.

    Why
    ---
    A calculation that takes the patient for water is wrong beside lung and metal.

    Passes
    ------
    A correction by image or by structure is stated.

    Fires
    -----
    `manual` where the only one stated is WATER.

    Not evaluated
    -------------
    Never; an export that states none is listed as not applicable.

    References
    ----------
    DICOM PS3.3 C.8.8.3, Tissue Heterogeneity Correction.
    """
    stated = {term for dose in context.case.doses for term in dose.heterogeneity if term}
    if not stated:
        reason = "the export does not state the heterogeneity correction"
        yield NotApplicable(code="DG005", subject="dose", reason=reason)
        return
    water = stated == {"WATER"}
    yield Finding(
        code="DG005",
        subject="dose",
        status=Status.MANUAL if water else Status.PASS,
        message=f"Heterogeneity correction: {', '.join(sorted(stated))}.",
        remedy="Calculate the dose with heterogeneity correction." if water else "",
    )


def _not_evaluated(code: str, message: str, context: Context) -> Finding:
    return Finding(
        code=code,
        subject="dose",
        status=Status.NOT_EVALUATED,
        message=message,
        remedy=context.plan_dose.remedy
        or "Export plan, structures and dose with prescription and named targets.",
    )


CHECKS: tuple[Check, ...] = (
    Check(code="DG001", title="Dose of the whole course", run=right_object),
    Check(code="DG002", title="Dose grid spacing", run=spacing),
    Check(code="DG003", title="Targets inside the dose grid", run=covers_targets),
    Check(code="DG004", title="Dose maximum against prescription", run=scaling),
    Check(code="DG005", title="Heterogeneity correction", run=heterogeneity),
    Check(code="DG006", title="Dose to a device", run=device_dose),
)
