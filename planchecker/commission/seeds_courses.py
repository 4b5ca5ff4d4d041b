"""Seeded earlier courses, and other plans treated together with this one."""

from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING

from constraints.model import Course as CourseKind
from constraints.model import Technique
from constraints.vocabulary import load_vocabulary
from planchecker.checks.limits.nesting import is_neural
from planchecker.commission.export import Export, new_uid
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import seed

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["MUTATIONS"]

_SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
_SHIFT_MM = 40.0


def _day(export: Export, months: float) -> str:
    """Return a day so many months before the plan; negative for after it."""
    plan = export.clean.case.plan
    if plan is None or plan.planned_on is None:
        raise Impossible("the plan states no date")
    return (plan.planned_on - timedelta(days=30.44 * months)).isoformat()


def _after_plan(export: Export) -> None:
    export.earlier.append(f"dose_gy=20,fractions=5,end={_day(export, -12)}")


def _no_fractions(export: Export) -> None:
    export.earlier.append(f"dose_gy=30,end={_day(export, 24)}")


def _recent(export: Export) -> None:
    export.earlier.append(f"dose_gy=20,fractions=5,end={_day(export, 2)}")


def _third_course(export: Export) -> None:
    for months in (48, 24):
        export.earlier.append(f"dose_gy=20,fractions=5,end={_day(export, months)}")


def _again(export: Export, name: str) -> "list[Dataset]":
    """Copy plan, structures and dose into objects of their own that name each other."""
    plan, structures, dose = (
        deepcopy(one) for one in (export.plan, export.structures, export.dose)
    )
    for dataset, kind in ((plan, "plan"), (structures, "structures"), (dose, "dose")):
        dataset.SOPInstanceUID = new_uid(f"{name} {kind}")
    for item in plan.get("ReferencedStructureSetSequence") or []:
        item.ReferencedSOPInstanceUID = structures.SOPInstanceUID
    for item in dose.get("ReferencedStructureSetSequence") or []:
        item.ReferencedSOPInstanceUID = structures.SOPInstanceUID
    named = list(dose.get("ReferencedRTPlanSequence") or [])
    if not named:
        raise Impossible("the dose names no plan")
    for item in named:
        item.ReferencedSOPInstanceUID = plan.SOPInstanceUID
    plan.RTPlanLabel = name.upper()
    return [plan, structures, dose]


def _same_plan_before(export: Export) -> "list[Dataset]":
    found = _again(export, "seeded earlier")
    found[0].RTPlanDate = _day(export, 24).replace("-", "")
    return found


def _needs_dose(export: Export) -> None:
    if export.clean.plan_dose.grid is None:
        raise Impossible("there is no dose of the plan")


def _needs_cord_dose(export: Export) -> None:
    _needs_dose(export)
    export.first(names=("SpinalCord", "ThecalSac", "SpinalCanal"))


def _three_times_at_cord(export: Export) -> None:
    _needs_cord_dose(export)
    plan, structures, dose = _same_plan_before(export)
    _three_times(plan, dose)
    export.earlier_objects.append([plan, structures, dose])


def _three_times(plan: "Dataset", dose: "Dataset") -> None:
    """Raise dose and prescription: twice a light course is within every rule."""
    dose.DoseGridScaling = f"{3 * float(dose.DoseGridScaling):.8g}"
    for item in plan.get("DoseReferenceSequence") or []:
        if "TargetPrescriptionDose" in item:
            item.TargetPrescriptionDose = f"{3 * float(item.TargetPrescriptionDose):.8g}"


def _same_organs(export: Export) -> None:
    _needs_dose(export)
    stated = export.clean.case.plan.prescription if export.clean.case.plan else None
    reached = [
        number
        for number in export.numbers("organ")
        if number in export.clean.dvhs
        and (export.clean.dvhs[number].metric("Dmax").value or 0.0)
        >= (stated.dose_gy / 2 if stated and stated.dose_gy else float("inf"))
    ]
    names = {match.roi_number: match.name for match in export.clean.matches}
    vocabulary = load_vocabulary()
    bones = vocabulary.words.bone_categories
    if not any(
        vocabulary.category(names[number]) not in bones
        and not is_neural(export.clean.protocol, names[number])
        for number in reached
    ):
        raise Impossible("no organ but bone and the cord gets half the prescribed dose")
    _same_dose_before(export)


def _same_dose_before(export: Export) -> None:
    export.earlier_objects.append(_same_plan_before(export))


def _three_times_conventional(export: Export) -> None:
    if export.clean.technique.worlds == (Technique.STEREOTACTIC,):
        raise Impossible("the plan is stereotactic")
    _three_times_at_cord(export)


def _registered_askew(export: Export) -> None:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

    if not export.plan.get("FrameOfReferenceUID"):
        raise Impossible("the plan states no frame of reference")
    plan, structures, dose = _same_plan_before(export)
    there = new_uid("frame of the earlier course")
    plan.FrameOfReferenceUID = dose.FrameOfReferenceUID = there
    for item in structures.StructureSetROISequence:
        item.ReferencedFrameOfReferenceUID = there
    for item in structures.get("ReferencedFrameOfReferenceSequence") or []:
        item.FrameOfReferenceUID = there
    registration = Dataset()
    registration.SOPClassUID = _SPATIAL_REGISTRATION
    registration.SOPInstanceUID = new_uid("registration of the earlier course")
    registration.Modality = "REG"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID"):
        registration.add(export.plan[keyword])
    registration.FrameOfReferenceUID = export.plan.FrameOfReferenceUID
    registration.RegistrationSequence = [
        _placed(export.plan.FrameOfReferenceUID, 0.0),
        _placed(there, _SHIFT_MM),
    ]
    export.earlier_objects.append([plan, structures, dose, registration])


def _placed(frame: str, shift_mm: float) -> "Dataset":
    """Return an item of a registration: the matrix from a frame to the registered one."""
    from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

    matrix = Dataset()
    matrix.FrameOfReferenceTransformationMatrix = [
        *(1.0, 0.0, 0.0, shift_mm),
        *(0.0, 1.0, 0.0, 0.0),
        *(0.0, 0.0, 1.0, 0.0),
        *(0.0, 0.0, 0.0, 1.0),
    ]
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    step = Dataset()
    step.MatrixSequence = [matrix]
    item = Dataset()
    item.FrameOfReferenceUID = frame
    item.MatrixRegistrationSequence = [step]
    return item


def _above_practice(export: Export) -> None:
    """Give the cord more than experts do after 20 Gy in 5 fractions."""
    number = export.group.get("NumberOfFractionsPlanned")
    if export.clean.technique.worlds != (Technique.STEREOTACTIC,):
        raise Impossible("the plan is not stereotactic")
    most = max(
        (
            row.span[1]
            for guideline in export.clean.guidelines.values()
            for row in guideline.practices
            if row.course is CourseKind.REIRRADIATION
            and number in row.fractions
            and (20, 5) in row.after
        ),
        default=None,
    )
    if most is None:
        raise Impossible("no range of practice for this number of fractions")
    cord = export.first(names=("SpinalCord",))
    planned = export.clean.dvhs[cord].metric("Dmax").value if cord in export.clean.dvhs else None
    if not planned:
        raise Impossible("the cord has no dose")
    export.scale_dose(max(1.0, 1.05 * most / planned))
    export.earlier.append(f"dose_gy=20,fractions=5,end={_day(export, 24)}")


def _treated_together(export: Export) -> None:
    _needs_cord_dose(export)
    plan, _, dose = _again(export, "seeded together")
    _three_times(plan, dose)
    for dataset in (plan, dose):
        for item in dataset.get("ReferencedStructureSetSequence") or []:
            item.ReferencedSOPInstanceUID = export.structures.SOPInstanceUID
    export.extra += [plan, dose]
    export.summed = True


MUTATIONS: tuple[Mutation, ...] = (
    seed(
        "earlier-after-plan",
        "RI001",
        "fail",
        "an earlier course that ends a year after the plan",
        "dated after the plan",
        _after_plan,
    ),
    seed(
        "earlier-no-fractions",
        "RI001",
        "not-evaluated",
        "an earlier course without its number of fractions",
        "unknown number of fractions",
        _no_fractions,
    ),
    seed(
        "earlier-askew",
        "RI003",
        "manual",
        "the earlier course registered 4 cm off",
        "mm apart in the median",
        _registered_askew,
    ),
    seed(
        "earlier-high-dose",
        "RI010",
        "fail warn borderline",
        "three times the dose given two years before, in the same place",
        "Cumulative EQD2",
        _three_times_at_cord,
    ),
    seed(
        "earlier-recent",
        "RI011",
        "fail warn",
        "an earlier course that ended two months ago",
        "Interval 2",
        _recent,
    ),
    seed(
        "earlier-high-dose-bed",
        "RI011",
        "fail warn borderline",
        "three times the dose given before, by the rules for conventional courses",
        "Cumulative BED",
        _three_times_conventional,
    ),
    seed(
        "third-course",
        "RI012",
        "manual",
        "two earlier courses",
        "course 3",
        _third_course,
    ),
    seed(
        "above-practice",
        "RI014",
        "warn",
        "cord above what experts use after an earlier course of 20 Gy in 5",
        "experts use",
        _above_practice,
    ),
    seed(
        "earlier-same-organs",
        "RI016",
        "manual",
        "organs in the high dose of both courses",
        "both courses",
        _same_organs,
    ),
    seed(
        "treated-together",
        "RI020",
        "fail manual",
        "a second plan of three times the dose, added up",
        "SEEDED TOGETHER",
        _treated_together,
    ),
)
