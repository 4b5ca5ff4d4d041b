"""Seeded errors of identity, object chain, prescription and names."""

from copy import deepcopy
from datetime import date, timedelta

from planchecker.commission.export import Export, new_uid
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import seed

__all__ = ["MUTATIONS"]


def _other_patient_dose(export: Export) -> None:
    export.dose.PatientID = "SEEDED-OTHER"


def _other_birth_date(export: Export) -> None:
    if not export.clean.case.plan or not export.clean.case.plan.patient.birth_date:
        raise Impossible("the plan states no birth date")
    export.structures.PatientBirthDate = "19010101"


def _dose_of_other_plan(export: Export) -> None:
    if not export.dose.get("ReferencedRTPlanSequence"):
        raise Impossible("the dose names no plan")
    export.dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = new_uid("other plan")


def _dose_names_no_plan(export: Export) -> None:
    if not export.dose.get("ReferencedRTPlanSequence"):
        raise Impossible("the dose names no plan")
    del export.dose.ReferencedRTPlanSequence


def _older_structures(export: Export) -> None:
    if not export.plan.get("ReferencedStructureSetSequence"):
        raise Impossible("the plan names no structure set")
    export.structures.SOPInstanceUID = new_uid("older structure set")


def _dose_frame(export: Export) -> None:
    export.dose.FrameOfReferenceUID = new_uid("other frame")


def _plan_frame(export: Export) -> None:
    if "FrameOfReferenceUID" not in export.plan:
        raise Impossible("the plan states no frame of reference")
    export.plan.FrameOfReferenceUID = new_uid("other frame")


def _verification(export: Export) -> None:
    export.plan.PlanIntent = "VERIFICATION"


def _rejected(export: Export) -> None:
    export.plan.ApprovalStatus = "REJECTED"


def _second_plan(export: Export) -> None:
    other = deepcopy(export.plan)
    other.SOPInstanceUID = new_uid("second plan")
    other.RTPlanLabel = "SEEDED SECOND"
    export.extra.append(other)


def _structures_newer(export: Export) -> None:
    plan = export.clean.case.plan
    if plan is None or plan.planned_on is None:
        raise Impossible("the plan states no date")
    export.structures.StructureSetDate = f"{plan.planned_on + timedelta(days=3):%Y%m%d}"


def _old_scan(export: Export) -> None:
    plan = export.clean.case.plan
    if plan is None or plan.planned_on is None:
        raise Impossible("the plan states no date")
    day: date = plan.planned_on - timedelta(days=90)
    for image in export.images:
        image.AcquisitionDate = f"{day:%Y%m%d}"


def _same_beam_number(export: Export) -> None:
    beams = export.plan.get("BeamSequence") or []
    if len(beams) < 2:
        raise Impossible("the plan has fewer than two beams")
    beams[1].BeamNumber = beams[0].BeamNumber


def _same_beam_name(export: Export) -> None:
    beams = export.beams()
    if len(beams) < 2:
        raise Impossible("the plan has fewer than two beams")
    beams[1].BeamName = beams[0].BeamName


def _no_prescription(export: Export) -> None:
    del export.reference.TargetPrescriptionDose


def _no_fractions(export: Export) -> None:
    export.group.NumberOfFractionsPlanned = None


def _two_doses(export: Export) -> None:
    other = deepcopy(export.reference)
    other.DoseReferenceNumber = 99
    other.TargetPrescriptionDose = float(other.TargetPrescriptionDose) * 0.8
    export.plan.DoseReferenceSequence.append(other)


def _swapped(export: Export) -> None:
    dose, fractions = _pair(export)
    if int(dose) != dose or dose == fractions:
        raise Impossible("the dose is no whole number of another value")
    export.reference.TargetPrescriptionDose = float(fractions)
    export.group.NumberOfFractionsPlanned = int(dose)


def _one_fewer(export: Export) -> None:
    """5 x 4 Gy becomes 4 x 5 Gy: the same total in one fraction fewer."""
    _, fractions = _pair(export)
    if fractions < 3:
        raise Impossible("the plan has fewer than three fractions")
    export.group.NumberOfFractionsPlanned = fractions - 1


def _three_more(export: Export) -> None:
    _, fractions = _pair(export)
    export.group.NumberOfFractionsPlanned = fractions + 3


def _beam_doses_of_course(export: Export) -> None:
    _, fractions = _pair(export)
    if fractions < 2:
        raise Impossible("the plan has one fraction")
    for share in export.shares():
        if "BeamDose" not in share:
            raise Impossible("a beam states no dose")
        share.BeamDose = float(share.BeamDose) * fractions


def _postoperative(export: Export) -> None:
    if not any(world.value == "stereotactic" for world in export.clean.technique.worlds):
        raise Impossible("the technique suits post-operative treatment")
    export.plan.RTPlanLabel = "POSTOP"


def _pair(export: Export) -> tuple[float, int]:
    plan = export.clean.case.plan
    stated = plan.prescription if plan else None
    if stated is None or not stated.dose_gy or not stated.fractions:
        raise Impossible("dose or fractions are not stated")
    return stated.dose_gy, stated.fractions


MUTATIONS: tuple[Mutation, ...] = (
    seed("other-patient-dose", "ID001", "fail", "dose of another patient", _other_patient_dose),
    seed("other-birth-date", "ID001", "fail", "structures of another birth date",
         _other_birth_date),
    seed("dose-of-other-plan", "ID002", "fail", "dose of another plan", _dose_of_other_plan),
    seed("dose-no-plan", "ID002", "not-evaluated", "dose names no plan", _dose_names_no_plan),
    seed("older-structures", "ID003", "fail not-evaluated", "older structure set",
         _older_structures),
    seed("dose-frame", "ID004", "fail", "dose in another frame of reference", _dose_frame),
    seed("plan-frame", "ID004", "fail", "plan in another frame of reference", _plan_frame),
    seed("verification-plan", "ID005", "fail", "verification plan", _verification),
    seed("rejected-plan", "ID006", "fail", "rejected plan", _rejected),
    seed("second-plan", "ID007", "manual", "second plan beside it", _second_plan),
    seed("structures-newer", "ID008", "manual", "structures changed after planning",
         _structures_newer),
    seed("old-scan", "ID009", "manual", "scan of three months ago", _old_scan),
    seed("same-beam-number", "ID010", "fail", "two beams of one number", _same_beam_number),
    seed("same-beam-name", "ID010", "manual", "two beams of one name", _same_beam_name),
    seed("no-prescription", "RX001", "not-evaluated manual", "prescription not exported",
         _no_prescription),
    seed("no-fractions", "RX002", "not-evaluated", "number of fractions not exported",
         _no_fractions),
    seed("no-premises", "DL005", "not-evaluated", "nothing decides which limits apply",
         _no_fractions),
    seed("two-doses", "RX003", "manual", "second dose level", _two_doses),
    seed("beam-doses-of-course", "RX004", "fail", "beam doses of the course, not of a fraction",
         _beam_doses_of_course),
    seed("one-fraction-fewer", "RX010", "fail manual warn", "5 x 4 for 4 x 5: one fraction fewer",
         _one_fewer),
    seed("three-fractions-more", "RX010", "fail manual warn", "three fractions more", _three_more),
    seed("wrong-technique", "RX011", "manual", "stereotaxy after surgery", _postoperative),
    seed("swapped", "RX020", "fail", "fractions and dose swapped", _swapped),
)  # fmt: skip
