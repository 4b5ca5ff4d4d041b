"""Which dose of the case is the physical dose of the whole course."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planchecker.case import Case, DoseObject, Plan
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError

__all__ = ["PlanDose", "names_plan", "resolve_plan_dose", "target_median_gy"]

_EXPORT_PLAN = "export the plan dose with summation type PLAN, units GY, naming the RT Plan"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlanDose:
    """The physical dose of the whole course, or the reason why there is none.

    Parameters
    ----------
    grid
        Total dose of all fractions in Gy; None where it cannot be established.
    how
        What it was made of: ``"PLAN dose"``, ``"sum of 4 BEAM doses"``, ...
    problem, remedy
        Why there is none, and what to export instead.
    effective
        True where the dose type is EFFECTIVE (RBE-weighted): accepted and named.
    notes
        What was decided on the way, such as how a FRACTION dose was read.
    """

    grid: DoseGrid | None
    how: str = ""
    problem: str = ""
    remedy: str = ""
    effective: bool = False
    notes: tuple[str, ...] = ()


def target_median_gy(targets: Sequence[Structure], grid: DoseGrid) -> float | None:
    """Return the highest median dose (D50%) of the targets.

    The highest one belongs to the target that the stated prescription, the highest of the
    plan, is meant for.

    Returns
    -------
    float or None
        In Gy; None where no target has a volume wholly inside the grid.

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.ones((2, 2, 2)), spacing_mm=(2.0, 2.0, 2.0))
    >>> target_median_gy((), grid) is None
    True
    """
    medians = []
    for target in targets:
        try:
            median = compute_dvh(target, grid).metric("D50%").value
        except GeometryError:
            continue
        if median is not None:
            medians.append(median)
    return max(medians, default=None)


def resolve_plan_dose(
    case: Case,
    *,
    fraction_tolerance: float,
    targets: Sequence[Structure] = (),
    median: Callable[[Sequence[Structure], DoseGrid], float | None] = target_median_gy,
) -> PlanDose:
    """Establish the dose of the whole course from the RT Dose objects of a case.

    Only doses tied to the plan by a reference count. A PLAN dose is taken as it is. A complete
    set of BEAM doses is summed; it, like a FRACTION dose, may hold one fraction or the whole
    course: it is accepted only when exactly one of the two readings brings the median dose of
    the target within `fraction_tolerance` of the stated prescription. Two PLAN doses that
    differ, a MULTI_PLAN dose, relative units and an incomplete beam set are refused.

    Parameters
    ----------
    fraction_tolerance
        Accepted relative difference, such as 0.2.
    targets
        The contours the prescription is meant for.
    median
        How the median target dose in Gy is found.

    Examples
    --------
    >>> resolve_plan_dose(Case(), fraction_tolerance=0.2).problem
    'there is no RT Dose'
    """
    plan = case.plan
    if plan is None:
        return _without_plan(case.doses)
    own = tuple(dose for dose in case.doses if names_plan(dose, plan))
    if not own:
        return _nothing_named(case)
    by_summation: dict[str, list[DoseObject]] = {}
    for dose in own:
        by_summation.setdefault(dose.summation, []).append(dose)
    if "PLAN" in by_summation:
        used, chosen = _whole(by_summation["PLAN"]), "PLAN"
    elif "FRACTION" in by_summation or "BEAM" in by_summation:
        chosen = "FRACTION" if "FRACTION" in by_summation else "BEAM"
        combine = _one_fraction_dose if chosen == "FRACTION" else _sum_of_beams
        used = combine(by_summation[chosen], plan)
        if used.grid is not None:
            found_gy = median(targets, used.grid)
            used = _read(used, used.grid, plan, tolerance=fraction_tolerance, median=found_gy)
    else:
        found = ", ".join(repr(name) for name in by_summation)
        return _refuse(f"the dose has summation type {found}, which is not the dose of one plan")
    left = tuple(
        f"dose {dose.sop_instance_uid} ({dose.summation or 'no summation type'}) was not used"
        for dose in own
        if dose.summation != chosen
    )
    return replace(used, notes=used.notes + left)


def names_plan(dose: DoseObject, plan: Plan) -> bool:
    """Tell whether a reference, not only a frame of reference, ties the dose to the plan.

    Examples
    --------
    >>> from planchecker.case import Patient
    >>> plan = Plan(sop_instance_uid="1.2", sop_class_uid="", label="", patient=Patient())
    >>> dose = DoseObject(sop_instance_uid="1.3", patient=Patient(), plan_uids=("1.2",))
    >>> names_plan(dose, plan)
    True
    """
    if dose.plan_uids:
        return plan.sop_instance_uid in dose.plan_uids
    return dose.sop_instance_uid in plan.dose_uids


def _refuse(problem: str, remedy: str = _EXPORT_PLAN) -> PlanDose:
    return PlanDose(grid=None, problem=problem, remedy=remedy)


def _nothing_named(case: Case) -> PlanDose:
    if not case.doses and not case.other_doses:
        return _refuse("there is no RT Dose")
    if any(not dose.plan_uids for dose in (*case.doses, *case.other_doses)):
        return _refuse("no RT Dose names this plan; one names no plan at all")
    return _refuse("no RT Dose names this plan; those at hand belong to other plans")


def _without_plan(doses: Sequence[DoseObject]) -> PlanDose:
    """Take a lone dose as stored; serves dose-volume histograms, never a verdict."""
    if not doses:
        return _refuse("there is no RT Dose")
    if len(doses) > 1:
        return _refuse(f"there is no plan to tell which of {len(doses)} doses is meant")
    dose = doses[0]
    accepted = _accept(dose, f"{dose.summation or 'unnamed'} dose as stored")
    note = "there is no plan: the dose is taken as stored, whatever it sums up"
    return replace(accepted, notes=(*accepted.notes, note))


def _accept(dose: DoseObject, how: str) -> PlanDose:
    """Take one object's grid if it is a dose in Gy of a known kind."""
    uid = dose.sop_instance_uid
    if dose.units != "GY":
        return _refuse(
            f"dose {uid} has units {dose.units!r}, not GY",
            "export the dose in absolute units (GY)",
        )
    if dose.dose_type not in ("PHYSICAL", "EFFECTIVE"):
        return _refuse(
            f"dose {uid} has dose type {dose.dose_type!r}",
            "export the dose with dose type PHYSICAL",
        )
    if dose.grid is None:
        return _refuse(f"dose {uid}: {dose.problem or 'it holds no dose grid'}")
    effective = dose.dose_type == "EFFECTIVE"
    notes = (f"dose {uid} is EFFECTIVE (weighted by RBE), not physical",) if effective else ()
    return PlanDose(grid=dose.grid, how=how, effective=effective, notes=notes)


def _whole(doses: Sequence[DoseObject]) -> PlanDose:
    first, *others = doses
    differing = [dose for dose in others if not _same_dose(first, dose)]
    if differing:
        uids = " and ".join(dose.sop_instance_uid for dose in (first, *differing))
        return _refuse(
            f"{1 + len(differing)} different PLAN doses name this plan: {uids}",
            "leave only the dose that belongs to the approved plan",
        )
    accepted = _accept(first, "PLAN dose")
    copies = tuple(f"dose {d.sop_instance_uid} repeats the plan dose" for d in others)
    return replace(accepted, notes=accepted.notes + copies)


def _one_fraction_dose(doses: Sequence[DoseObject], plan: Plan) -> PlanDose:
    if len(doses) > 1 or plan.fraction_groups > 1:
        uids = ", ".join(dose.sop_instance_uid for dose in doses)
        return _refuse(f"the FRACTION doses do not stand for one fraction group: {uids}")
    return _accept(doses[0], "FRACTION dose")


def _sum_of_beams(doses: Sequence[DoseObject], plan: Plan) -> PlanDose:
    """Sum BEAM doses when they are every treatment beam of the plan, each once."""
    needed = {beam.number: beam.name for beam in plan.treatment_beams}
    counted = Counter(number for dose in doses for number in dose.beam_numbers)
    missing = [f"{number} ({name})" for number, name in needed.items() if number not in counted]
    if missing or not needed:
        which = ", ".join(missing) or "the plan has no treatment beams"
        return _refuse(f"the BEAM doses are incomplete; missing: {which}")
    wrong = sorted(n for n, times in counted.items() if times > 1 or n not in needed)
    if wrong or any(not dose.beam_numbers for dose in doses):
        which = ", ".join(map(str, wrong)) or "a dose names no beam"
        return _refuse(f"the BEAM doses do not stand for each treatment beam once: {which}")
    accepted = [_accept(dose, f"sum of {len(doses)} BEAM doses") for dose in doses]
    grids = []
    for one in accepted:
        if one.grid is None:
            return one
        grids.append(one.grid)
    if len({one.effective for one in accepted}) > 1:
        return _refuse("the BEAM doses mix PHYSICAL and EFFECTIVE dose")
    if not all(_same_geometry(grids[0], grid) for grid in grids[1:]):
        return _refuse("the BEAM doses lie on different grids")
    total = np.zeros(grids[0].values_gy.shape)
    for grid in grids:
        total += grid.values_gy
    return replace(
        accepted[0],
        grid=replace(grids[0], values_gy=total.astype(np.float32)),
        notes=tuple(note for one in accepted for note in one.notes),
    )


def _read(
    dose: PlanDose, grid: DoseGrid, plan: Plan, *, tolerance: float, median: float | None
) -> PlanDose:
    """Decide whether the dose holds one fraction or the whole course; refuse when unsure."""
    stated, fractions = plan.prescription.dose_gy, plan.prescription.fractions
    if not stated or not fractions or median is None:
        lacking = "the target dose" if stated and fractions else "the prescription"
        return _refuse(
            f"the {dose.how} may hold one fraction or the whole course, and {lacking} to "
            "decide it is unknown"
        )
    readings = [
        factor
        for factor in sorted({1, fractions})
        if abs(median * factor / stated - 1.0) <= tolerance
    ]
    if len(readings) != 1:
        fit = "both readings fit" if readings else "neither one fraction nor the whole course fits"
        return _refuse(
            f"the {dose.how} gives the target a median of {median:.2f} Gy, prescribed are "
            f"{stated:g} Gy in {fractions} fractions: {fit} within {tolerance:.0%}"
        )
    factor = readings[0]
    held = "the whole course" if factor == 1 else f"one fraction, multiplied by {factor}"
    note = (
        f"the {dose.how} was read as {held}: the target median is then "
        f"{median * factor:.2f} Gy for {stated:g} Gy prescribed"
    )
    return replace(
        dose,
        grid=replace(grid, values_gy=np.asarray(grid.values_gy * factor, dtype=np.float32)),
        how=f"{dose.how}, read as {held}",
        notes=(*dose.notes, note),
    )


def _same_dose(first: DoseObject, second: DoseObject) -> bool:
    if first.grid is None or second.grid is None:
        return False
    same_kind = (first.units, first.dose_type) == (second.units, second.dose_type)
    return (
        same_kind
        and _same_geometry(first.grid, second.grid)
        and np.array_equal(first.grid.values_gy, second.grid.values_gy)
    )


def _same_geometry(first: DoseGrid, second: DoseGrid) -> bool:
    if first.values_gy.shape != second.values_gy.shape:
        return False
    # Far below any voxel: only the rounding of decimal strings is forgiven.
    rounding_mm = 1e-3
    return all(
        np.allclose(getattr(first, name), getattr(second, name), rtol=0, atol=rounding_mm)
        for name in ("origin_mm", "axes", "plane_mm", "row_mm", "column_mm")
    )
