"""SO: the same structures and dose as others see them."""

from collections.abc import Iterator

from planchecker.checks.context import Check, Context, Outcome
from planchecker.dosimetry.dvh import DVH
from planchecker.dosimetry.second_opinion import Opinion, dicompyler_opinion, stored_opinion
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["CHECKS"]

_BIN_GY = 0.01
"""Width of the bins of dicompyler-core; below it a histogram is empty."""


def stored_dvhs(context: Context) -> Iterator[Outcome]:
    """Compare every DVH with the one the planning system stored.

    What
        Volume and mean dose of each structure against those of the curve in the RT Dose, for
        structures above ``stored_dvh.min_volume_cc`` that the dose grid does not cut.
    Why
        A structure set or dose that was changed after the plan was calculated, a wrong frame
        of reference or a wrong dose scale shows as a disagreement that nothing else explains.
    Passes
        Volume within ``stored_dvh.volume_percent`` and mean dose within
        ``stored_dvh.dose_percent``.
    Fires
        ``warn`` for each structure beyond either.
    Not evaluated
        Nothing: an export without stored DVHs is listed as not applicable.

    References
    ----------
        Criteria of the protocol. Stated minimum, mean and maximum are not used: files are
        known in which they are percentages under units of Gy.
    """
    stored = [(dvh, dose) for dose in context.case.doses for dvh in dose.stored_dvhs if dose.grid]
    if not stored:
        yield NotApplicable(
            code="SO001", subject="plan", reason="the planning system stored no DVH in the dose"
        )
        return
    for item, dose in stored:
        ours = context.dvhs.get(item.roi_number)
        if ours is None:
            continue
        if dose.summation != "PLAN":
            yield _left_out("SO001", ours, f"the stored DVH belongs to a {dose.summation} dose")
            continue
        opinion = stored_opinion(
            item.dose,
            item.volume,
            volume_units=item.volume_units,
            dose_units=item.dose_units,
            # The reader has summed up a differential curve.
            dvh_type="CUMULATIVE" if item.dvh_type == "DIFFERENTIAL" else item.dvh_type,
            prescription_gy=_prescription(context),
            stated_mean=item.stated_mean,
        )
        yield _compared(context, "SO001", ours, opinion)


def dicompyler(context: Context) -> Iterator[Outcome]:
    """Compare every DVH with one computed by dicompyler-core.

    What
        Volume, mean dose and D50% of each structure above ``stored_dvh.min_volume_cc`` against
        dicompyler-core in its plain mode. Only where it is asked for.
    Why
        Two programs written apart do not share a mistake.
    Passes
        Volume within ``stored_dvh.volume_percent``, doses within ``stored_dvh.dose_percent`` of
        the prescription.
    Fires
        ``warn`` for each structure beyond either.
    Not evaluated
        ``not-evaluated`` where dicompyler-core cannot compute the structure.

    References
    ----------
        Panchal and Keyes, Med Phys 2010;37:3451 (dicompyler). Small structures are left out:
        dicompyler-core counts voxel centres.
    """
    structures = context.case.structure_set
    grid = context.plan_dose.grid
    if not context.second_opinion or structures is None or grid is None:
        why_not = "there is no dose to compare" if context.second_opinion else "not asked for"
        yield NotApplicable(code="SO002", subject="plan", reason=why_not)
        return
    for structure in structures.structures:
        ours = context.dvhs.get(structure.roi_number)
        if ours is None:
            continue
        if (reason := _unfit(context, ours) or _undosed(ours)) is not None:
            yield _left_out("SO002", ours, reason)
            continue
        try:
            opinion = dicompyler_opinion(structure, grid)
        except PlanCheckerError as error:
            yield Finding(
                code="SO002",
                subject=ours.roi_name,
                roi_number=ours.roi_number,
                status=Status.NOT_EVALUATED,
                message=f"No second opinion: {error}",
                remedy="Check without the second opinion, or export axial contours and dose.",
            )
            continue
        yield _compared(context, "SO002", ours, opinion)


CHECKS: tuple[Check, ...] = (
    Check(code="SO001", title="Stored DVHs", run=stored_dvhs),
    Check(code="SO002", title="dicompyler-core", run=dicompyler),
)


def _prescription(context: Context) -> float | None:
    plan = context.case.plan
    return None if plan is None else plan.prescription.dose_gy


def _left_out(code: str, ours: DVH, reason: str) -> NotApplicable:
    return NotApplicable(code=code, subject=ours.roi_name, reason=reason)


def _unfit(context: Context, ours: DVH) -> str | None:
    """Say why a structure is not compared, or None."""
    smallest = context.criterion("stored_dvh.min_volume_cc")
    if ours.volume_cc < smallest:
        return f"{ours.volume_cc:.3g} cc: engines differ on structures under {smallest:g} cc"
    if ours.outside_cc > 0 or ours.overhang_mm > 0:
        return "the dose grid cuts it, and engines differ in what they leave out"
    return None


def _undosed(ours: DVH) -> str | None:
    """Say that a structure receives less than one bin of dicompyler-core, or None."""
    highest = ours.metric("Dmax").value
    if highest is not None and highest < _BIN_GY:
        return f"it receives less than {_BIN_GY:g} Gy, the first bin of dicompyler-core"
    return None


def _compared(context: Context, code: str, ours: DVH, opinion: Opinion) -> Outcome:
    if (reason := _unfit(context, ours)) is not None:
        return _left_out(code, ours, reason)
    asked = (
        ("volume", "cc", ours.volume_cc, opinion.volume_cc, "stored_dvh.volume_percent"),
        ("mean", "Gy", ours.metric("Dmean").value, opinion.mean_gy, "stored_dvh.dose_percent"),
        ("D50%", "Gy", ours.metric("D50%").value, opinion.d50_gy, "stored_dvh.dose_percent"),
    )
    # Counting voxel centres moves the dose of a small organ by more than it moves the plan.
    whole = _prescription(context) if code == "SO002" else None
    differences = [
        (
            name,
            unit,
            mine,
            theirs,
            100 * (mine - theirs) / (whole if whole and unit == "Gy" else theirs),
            context.criterion(criterion),
        )
        for name, unit, mine, theirs, criterion in asked
        if mine is not None and theirs and (name != "D50%" or code == "SO002")
    ]
    if not differences:
        reason = "; ".join(opinion.notes) or "it states neither volume nor dose"
        return _left_out(code, ours, f"the {opinion.source} cannot be compared: {reason}")
    beyond = [d for d in differences if abs(d[4]) > d[5]]
    shown = beyond or differences
    told = ", ".join(
        f"{name} {mine:.4g} {unit} against {theirs:.4g} {unit} ({percent:+.1f} %)"
        for name, unit, mine, theirs, percent, _ in shown
    )
    remedy = "Find out whether structures or dose changed after calculation." if beyond else ""
    noted = f"; {'; '.join(opinion.notes)}" if opinion.notes else ""
    return Finding(
        code=code,
        subject=ours.roi_name,
        roi_number=ours.roi_number,
        status=Status.WARN if beyond else Status.PASS,
        message=f"{opinion.source}: {told}{noted}.",
        **context.cited("stored_dvh.volume_percent"),
        remedy=remedy,
    )
