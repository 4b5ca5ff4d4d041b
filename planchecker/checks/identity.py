"""Family ID: identity, the object chain, and the state of the plan."""

from collections.abc import Iterator

from planchecker.case import DoseObject, Plan
from planchecker.checks.chain import dose_belongs, one_frame, plan_names_structures
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.dates import dates_in_order, names_hold, scan_age
from planchecker.checks.patient import is_same_person, same_patient
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["CHECKS"]

_TREATED = ("", "CURATIVE", "PALLIATIVE", "PROPHYLACTIC")
_NEVER_TREATED = ("VERIFICATION", "MACHINE_QA", "SERVICE")


def intent(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan is meant for the patient.

    What
    ----
    Plan Intent and RT Plan Geometry.

    Why
    ---
    A verification plan carries the beams of the real one on a phantom: its dose says nothing
    about the patient.

    Passes
    ------
    The geometry is PATIENT and the intent, where stated, is one of treatment.

    Fires
    -----
    `fail` for the intents VERIFICATION, MACHINE_QA and SERVICE; `manual` for any other
    word that is none of treatment, and for the geometry TREATMENT_DEVICE.

    Not evaluated
    -------------
    Where the plan states no geometry.

    References
    ----------
    DICOM PS3.3 C.8.8.9 RT General Plan Module.
    """
    plan = context.case.plan
    if plan is None:
        return
    status, message = Status.PASS, f"Geometry PATIENT, intent {plan.intent or 'not stated'}."
    if plan.intent in _NEVER_TREATED:
        status, message = Status.FAIL, f"The plan's intent is {plan.intent}."
    elif not plan.geometry:
        status, message = Status.NOT_EVALUATED, "The plan states no geometry."
    elif plan.geometry != "PATIENT" or plan.intent not in _TREATED:
        status = Status.MANUAL
        message = f"The plan has geometry {plan.geometry} and intent {plan.intent or 'not stated'}."
    yield Finding(
        code="ID005",
        subject="plan",
        status=status,
        message=message,
        remedy="" if status is Status.PASS else "Export the plan that is to treat the patient.",
    )


def approval(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan has been rejected.

    What
    ----
    Approval Status of the plan. Whether a plan must be approved depends on the step of the
    workflow and is a matter of the centre.

    Why
    ---
    A rejected plan stays in the data base and can be exported by mistake.

    Passes
    ------
    The plan is APPROVED or UNAPPROVED.

    Fires
    -----
    `fail` where it is REJECTED; `manual` for any other word.

    Not evaluated
    -------------
    Never; a plan without the Approval Module is listed as not applicable.

    References
    ----------
    DICOM PS3.3 C.8.8.16 Approval Module.
    """
    plan = context.case.plan
    if plan is None:
        return
    if not plan.approval:
        reason = "the export states no approval status"
        yield NotApplicable(code="ID006", subject="plan", reason=reason)
        return
    status = {"APPROVED": Status.PASS, "UNAPPROVED": Status.PASS, "REJECTED": Status.FAIL}.get(
        plan.approval, Status.MANUAL
    )
    yield Finding(
        code="ID006",
        subject="plan",
        status=status,
        message=f"The plan is {plan.approval}.",
        remedy="" if status is Status.PASS else "Export the plan that is to treat the patient.",
    )


def other_plans(context: Context) -> Iterator[Outcome]:
    """Ask whether other plans of the same patient add dose.

    What
    ----
    Every other plan under the given paths that belongs to the same patient and is meant for
    treatment.

    Why
    ---
    Two plans on neighbouring vertebrae may each respect the cord and exceed its limit
    together.

    Passes
    ------
    There is no other plan of this patient, or every one is added up with this one.

    Fires
    -----
    `manual` for each other plan: what this report says of serial organs holds for this plan
    alone until the doses are summed.

    Not evaluated
    -------------
    Never.

    References
    ----------
    AAPM TG-275: dose of other plans and courses.
    """
    plan = context.case.plan
    if plan is None:
        return
    doses = context.case.other_doses + context.case.doses
    added = {course.plan_uid for course in context.courses}
    rivals = [
        p
        for p in context.case.other_plans
        if _adds_dose(p, plan) and p.sop_instance_uid not in added
    ]
    for rival in rivals:
        yield Finding(
            code="ID007",
            subject=f"plan {rival.label}",
            status=Status.MANUAL,
            message=_about(rival, doses),
            remedy="Sum the plans if both are treated, or keep the one that is treated.",
        )
    if not rivals:
        yield Finding(
            code="ID007",
            subject="plan",
            status=Status.PASS,
            message="No other plan of this patient is under the given paths, or it is added.",
        )


def _adds_dose(other: Plan, plan: Plan) -> bool:
    return (
        other.sop_instance_uid != plan.sop_instance_uid
        and is_same_person(other.patient, plan.patient)
        and other.intent not in _NEVER_TREATED
    )


def _about(rival: Plan, doses: tuple[DoseObject, ...]) -> str:
    has_dose = any(rival.sop_instance_uid in dose.plan_uids for dose in doses)
    dose = "with a dose" if has_dose else "whose dose is not there"
    return (
        f"The patient has another plan, {rival.label!r}, {dose}; doses to serial organs may add "
        "up and are judged here for this plan alone."
    )


CHECKS: tuple[Check, ...] = (
    Check(code="ID001", title="Same patient in all objects", run=same_patient),
    Check(code="ID002", title="Dose belongs to this plan", run=dose_belongs),
    Check(code="ID003", title="Plan names this structure set", run=plan_names_structures),
    Check(code="ID004", title="One frame of reference", run=one_frame),
    Check(code="ID005", title="Plan is meant for the patient", run=intent),
    Check(code="ID006", title="Plan is not rejected", run=approval),
    Check(code="ID007", title="Other plans of the patient", run=other_plans),
    Check(code="ID008", title="Dates in order", run=dates_in_order),
    Check(code="ID009", title="Age of the scan", run=scan_age),
    Check(code="ID010", title="Labels and names", run=names_hold),
)
