"""ID002 to ID004: dose, plan and structures name each other and share a frame of reference."""

from collections.abc import Iterator

from planchecker.case import DoseObject, Plan, StructureSet
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.plan_dose import names_plan
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["dose_belongs", "one_frame", "plan_names_structures"]


def dose_belongs(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose is the dose of this plan.

    What
    ----
    The Referenced RT Plan Sequence of every RT Dose under the given paths, and the doses the
    plan itself names, against the SOP Instance UID of the plan.

    Why
    ---
    After a re-plan the old dose often lies beside the new plan; every limit would be tested
    on a dose that is never delivered. A shared frame of reference does not tell them apart.

    Passes
    ------
    A dose names this plan, and none contradicts it.

    Fires
    -----
    `fail` where the only dose at hand names a plan that is not there; `manual` where such a
    dose, or one that names no plan, lies beside the plan's own.

    Not evaluated
    -------------
    Where there is no dose, or none names a plan.

    References
    ----------
    AAPM MPPG 11.a, physicist initial check; DICOM PS3.3 C.8.8.3 RT Dose Module.
    """
    plan = context.case.plan
    if plan is None:
        yield _no_plan("ID002")
        return
    doses = (*context.case.doses, *context.case.other_doses)
    own = [dose for dose in doses if names_plan(dose, plan)]
    known = {other.sop_instance_uid: other for other in context.case.other_plans}
    strays = []
    for dose in doses:
        theirs = next((known[uid] for uid in dose.plan_uids if uid in known), None)
        if dose in own:
            continue
        if theirs is not None:
            reason = f"it is the dose of plan {theirs.label!r}, which has a report of its own"
            yield NotApplicable(code="ID002", subject=_named(dose), reason=reason)
        else:
            strays.append(dose)
    yield from _own(own, plan)
    for dose in strays:
        yield _stray(dose, has_own=bool(own))
    if not own and not strays:
        yield Finding(
            code="ID002",
            subject="dose",
            status=Status.NOT_EVALUATED,
            message="There is no RT Dose for this plan.",
            remedy="Export the plan dose (summation type PLAN) together with the plan.",
        )


def _own(own: list[DoseObject], plan: Plan) -> Iterator[Outcome]:
    for dose in own:
        yield Finding(
            code="ID002",
            subject=_named(dose),
            status=Status.PASS,
            message=f"The dose names plan {plan.label!r}.",
        )


def _stray(dose: DoseObject, *, has_own: bool) -> Finding:
    if dose.plan_uids:
        status = Status.MANUAL if has_own else Status.FAIL
        message = "The dose names a plan that is not under the given paths."
    else:
        status = Status.MANUAL if has_own else Status.NOT_EVALUATED
        message = "The dose names no plan; a frame of reference alone does not make it this plan's."
    return Finding(
        code="ID002",
        subject=_named(dose),
        status=status,
        message=message,
        remedy="Export the dose of this plan again, and keep other doses out of the folder.",
    )


def plan_names_structures(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan was made on these structures.

    What
    ----
    The Referenced Structure Set of the plan, and of each of its doses that names one, against
    the SOP Instance UID of the structure set; the ROI numbers the plan prescribes to, against
    those of the set.

    Why
    ---
    A plan read with an older or newer structure set gives volumes and doses that nobody
    approved.

    Passes
    ------
    The plan names the structure set at hand and prescribes to nothing it lacks, and no dose
    names another.

    Fires
    -----
    `fail` where the plan or a dose names another structure set, or the plan prescribes to an
    ROI that the set lacks.

    Not evaluated
    -------------
    Where there is no structure set, or the plan names none.

    References
    ----------
    AAPM MPPG 11.a, physicist initial check; DICOM PS3.3 C.8.8.9 RT General Plan Module.
    """
    plan, structures = context.case.plan, context.case.structure_set
    if plan is None:
        yield _no_plan("ID003")
        return
    remedy = "Export the structure set that the plan was made on, together with the plan."
    if structures is None:
        status, message = Status.NOT_EVALUATED, "There is no structure set for this plan."
    elif not plan.structure_set_uid:
        status, message = Status.NOT_EVALUATED, "The plan names no structure set."
    elif plan.structure_set_uid != structures.sop_instance_uid:
        status = Status.FAIL
        message = f"The plan names another structure set than {structures.label!r}."
    elif lacking := _prescribed_but_absent(plan, structures):
        status = Status.FAIL
        message = f"The plan prescribes to ROI {lacking}, which {structures.label!r} lacks."
    else:
        status, message = Status.PASS, f"The plan names structure set {structures.label!r}."
    yield Finding(
        code="ID003",
        subject="structure set",
        status=status,
        message=message,
        remedy="" if status is Status.PASS else remedy,
    )
    for dose in context.case.doses if structures else ():
        if dose.structure_set_uid not in ("", structures.sop_instance_uid if structures else ""):
            yield Finding(
                code="ID003",
                subject=_named(dose),
                status=Status.FAIL,
                message="The dose names another structure set than the one at hand.",
                remedy="Recalculate the dose on the structure set of the plan, or export that.",
            )


def _prescribed_but_absent(plan: Plan, structures: StructureSet) -> str:
    held = {structure.roi_number for structure in structures.structures}
    named = {t.roi_number for t in plan.prescription.targets if t.roi_number is not None}
    return ", ".join(map(str, sorted(named - held)))


def one_frame(context: Context) -> Iterator[Outcome]:
    """Ask whether plan, structures and dose share one frame of reference.

    What
    ----
    Frame of Reference UID of the plan and of each of its doses, and Referenced Frame of
    Reference UID of every contoured ROI.

    Why
    ---
    Coordinates of two frames of reference have nothing to do with each other until a
    registration says so; a dose-volume histogram across them is a random number.

    Passes
    ------
    All state the same frame of reference.

    Fires
    -----
    `fail` where dose or plan lies in another frame than the structures; `manual` where only
    the plan states none.

    Not evaluated
    -------------
    Where dose or structures state none; for each ROI contoured in another frame.

    References
    ----------
    AAPM TG-275, MPPG 11.a; DICOM PS3.3 C.7.4.1 Frame of Reference Module.
    """
    case = context.case
    rois = case.structure_set.structures if case.structure_set else ()
    contoured = [roi for roi in rois if roi.contours]
    frames = {
        "structures": {roi.frame_of_reference_uid for roi in contoured}
        or set(case.structure_set.frame_of_reference_uids if case.structure_set else ()),
        "dose": {dose.frame_of_reference_uid for dose in case.doses},
        "plan": {case.plan.frame_of_reference_uid} if case.plan else set(),
    }
    status, message = _compare(frames)
    yield Finding(
        code="ID004",
        subject="frame of reference",
        status=status,
        message=message,
        remedy=""
        if status is Status.PASS
        else "Export plan, structures and dose on one image set, with its frame of reference.",
    )
    if status is Status.FAIL:
        return
    stated = frames["dose"] - {""}
    for roi in contoured:
        if stated and roi.frame_of_reference_uid not in {"", *stated}:
            yield Finding(
                code="ID004",
                subject=roi.name,
                roi_number=roi.roi_number,
                status=Status.NOT_EVALUATED,
                message=f"{roi.name} is contoured in another frame of reference than the dose.",
                remedy="Copy the structure to the planning image and export it again.",
            )


def _compare(frames: dict[str, set[str]]) -> tuple[Status, str]:
    missing = [kind for kind, uids in frames.items() if not uids - {""}]
    structures, dose, plan = (frames[kind] - {""} for kind in ("structures", "dose", "plan"))
    apart = bool(dose and structures and not dose & structures)
    adrift = bool(plan and dose | structures and not plan & (dose or structures))
    partly = "" in frames["structures"] or "" in frames["dose"]
    return climb(
        (len(dose) > 1, Status.FAIL, "The doses of the plan lie in several frames of reference."),
        (apart, Status.FAIL, "Dose and structures lie in different frames of reference."),
        (adrift, Status.FAIL, "The plan lies in another frame of reference than its dose."),
        (missing == ["plan"], Status.MANUAL, "The plan states no frame of reference."),
        (
            bool(missing),
            Status.NOT_EVALUATED,
            f"No frame of reference in: {', '.join(missing)}.",
        ),
        (
            partly,
            Status.NOT_EVALUATED,
            "Some structures or doses state no frame of reference.",
        ),
        (True, Status.PASS, "Plan, structures and dose share one frame of reference."),
    )


def _named(dose: DoseObject) -> str:
    return f"dose {dose.sop_instance_uid}"


def _no_plan(code: str) -> Finding:
    return Finding(
        code=code,
        subject="plan",
        status=Status.NOT_EVALUATED,
        message="There is no RT Plan.",
        remedy="Export the RT Plan together with structures and dose.",
    )
