"""Seeded errors of identity, object chain, prescription and names."""

from copy import deepcopy
from datetime import date, timedelta

from planchecker.commission.export import Export, new_uid
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import asked_of, seed
from planchecker.results import Status

__all__ = ["MUTATIONS"]


def _other_patient_dose(export: Export) -> None:
    export.dose.PatientID = "SEEDED-OTHER"


def _other_patient_structures(export: Export) -> None:
    export.structures.PatientID = "SEEDED-OTHER"
    export.structures.PatientName = "SEEDED^OTHER"


def _other_patient_images(export: Export) -> None:
    for image in export.images:
        image.PatientID = "SEEDED-OTHER"


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


def _dose_of_older_structures(export: Export) -> None:
    if not export.dose.get("ReferencedStructureSetSequence"):
        raise Impossible("the dose names no structure set")
    named = export.dose.ReferencedStructureSetSequence[0]
    named.ReferencedSOPInstanceUID = new_uid("older structure set")


def _structures_frame(export: Export) -> None:
    plan = export.clean.case.plan
    stated = {dose.frame_of_reference_uid for dose in export.clean.case.doses} - {""}
    if not stated and not (plan and plan.frame_of_reference_uid):
        raise Impossible("neither plan nor dose states a frame of reference")
    frame = new_uid("other frame")
    for item in export.structures.StructureSetROISequence:
        item.ReferencedFrameOfReferenceUID = frame
    for item in export.structures.get("ReferencedFrameOfReferenceSequence") or []:
        item.FrameOfReferenceUID = frame


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


def _newer_scan(export: Export) -> None:
    structures = export.clean.case.structure_set
    if structures is None or structures.drawn_on is None:
        raise Impossible("the structures state no date")
    for image in export.images:
        image.AcquisitionDate = f"{structures.drawn_on + timedelta(days=2):%Y%m%d}"


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


def _no_label(export: Export) -> None:
    export.plan.RTPlanLabel = ""


def _label_of_other_scheme(export: Export) -> None:
    dose, fractions = _pair(export)
    export.plan.RTPlanLabel = "20Gy/5" if (dose, fractions) != (20.0, 5) else "30Gy/10"
    for name in ("RTPlanName", "RTPlanDescription"):
        if name in export.plan:
            delattr(export.plan, name)


def _not_as_labelled(export: Export) -> None:
    _pair(export)
    if all(found.status is not Status.PASS for found in asked_of(export, "RX005")):
        raise Impossible("the label does not state the scheme of the plan")
    export.group.NumberOfFractionsPlanned = int(export.group.NumberOfFractionsPlanned) + 1


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
    if export.clean.plan_dose.grid is None:
        raise Impossible("there is no plan dose")
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
    seed("other-patient-dose", "ID001", "fail", "dose of another patient",
         r"different patient ids", _other_patient_dose),
    seed("other-patient-structures", "ID001", "fail", "structures of another patient",
         r"different patient ids", _other_patient_structures),
    seed("other-patient-images", "ID001", "fail", "images of another patient",
         r"different patient ids", _other_patient_images),
    seed("other-birth-date", "ID001", "fail", "structures of another birth date",
         r"different birth dates",
         _other_birth_date),
    seed("dose-of-other-plan", "ID002", "fail", "dose of another plan",
         r"names a plan that is not", _dose_of_other_plan),
    seed("dose-no-plan", "ID002", "not-evaluated", "dose names no plan",
         r"names no plan", _dose_names_no_plan),
    seed("older-structures", "ID003", "fail not-evaluated", "older structure set",
         r"structure set",
         _older_structures),
    seed("dose-of-older-structures", "ID003", "fail", "dose of an older structure set",
         r"dose names another structure set", _dose_of_older_structures),
    seed("structures-frame", "ID004", "fail", "structures in another frame of reference",
         r"different frames of reference|plan lies in another frame", _structures_frame),
    seed("dose-frame", "ID004", "fail", "dose in another frame of reference",
         r"different frames of reference", _dose_frame),
    seed("plan-frame", "ID004", "fail", "plan in another frame of reference",
         r"plan lies in another frame", _plan_frame),
    seed("verification-plan", "ID005", "fail", "verification plan",
         r"verification", _verification),
    seed("rejected-plan", "ID006", "fail", "rejected plan",
         r"rejected", _rejected),
    seed("second-plan", "ID007", "manual", "second plan beside it",
         r"another plan, 'seeded second'", _second_plan),
    seed("structures-newer", "ID008", "manual", "structures changed after planning",
         r"newer than the plan",
         _structures_newer),
    seed("newer-scan", "ID008", "manual", "scan newer than the structures",
         r"images .* are newer", _newer_scan),
    seed("old-scan", "ID009", "manual", "scan of three months ago",
         r"days old", _old_scan),
    seed("same-beam-number", "ID010", "fail", "two beams of one number",
         r"share a number", _same_beam_number),
    seed("same-beam-name", "ID010", "manual", "two beams of one name",
         r"share a name", _same_beam_name),
    seed("no-label", "ID010", "manual", "plan without a label", r"no label", _no_label),
    seed("label-of-other-scheme", "RX005", "manual", "label of another scheme",
         r"label says \d+ Gy in", _label_of_other_scheme),
    seed("not-as-labelled", "RX005", "manual", "one fraction more than the label says",
         r"the plan has", _not_as_labelled),
    seed("no-prescription", "RX001", "not-evaluated manual", "prescription not exported",
         r"states no (total|target) dose",
         _no_prescription),
    seed("no-fractions", "RX002", "not-evaluated", "number of fractions not exported",
         r"no number of fractions",
         _no_fractions),
    seed("no-premises", "DL005", "not-evaluated", "nothing decides which limits apply",
         r"number of fractions is unknown",
         _no_fractions),
    seed("two-doses", "RX003", "manual", "second dose level",
         r"targets are prescribed", _two_doses),
    seed("beam-doses-of-course", "RX004", "fail", "beam doses of the course, not of a fraction",
         r"off by about the number of fractions",
         _beam_doses_of_course),
    seed("one-fraction-fewer", "RX010", "fail manual warn", "5 x 4 for 4 x 5: one fraction fewer",
         r"unnamed|no table|only|exception|named for",
         _one_fewer),
    seed("three-fractions-more", "RX010", "fail manual warn", "three fractions more",
         r"unnamed|no table|only|exception|named for", _three_more),
    seed("wrong-technique", "RX011", "manual", "stereotaxy after surgery",
         r"does not recommend", _postoperative),
    seed("swapped", "RX020", "fail", "fractions and dose swapped",
         r"d50% is .* prescribed", _swapped),
)  # fmt: skip
