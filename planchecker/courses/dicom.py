"""A course from a DICOM export."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from constraints.model import Guideline, Protocol
from constraints.vocabulary import load_vocabulary
from planchecker.case import Case, DoseObject, Plan
from planchecker.courses.summary import NAMELESS
from planchecker.courses.technique import technique_of
from planchecker.courses.values import Course
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match, match_structures
from planchecker.plan_dose import names_plan, resolve_plan_dose
from planchecker.schemes import read_technique
from planchecker.schemes.targets import prescribed_targets

__all__ = ["Exported", "Matcher", "case_of_other", "course_of_case", "course_of_export"]

Matcher = Callable[[Iterable[Structure]], tuple[Match, ...]]
"""What matches the names of structures."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Exported:
    """A DICOM export with what somebody states beside it.

    Parameters
    ----------
    case
        One plan with its dose and structures.
    stated
        Figures that stand over those of the export; None where nothing is stated.
    """

    case: Case
    stated: Course | None = None


def course_of_case(
    case: Case,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    source: str = "export",
    concurrent: bool = False,
    matcher: Matcher | None = None,
) -> Course:
    """Turn a case into a course.

    Parameters
    ----------
    protocol, guidelines
        What tells a conventional from a stereotactic course, and how near a FRACTION dose must
        bring the target to the prescription.
    concurrent
        Whether it is treated together with the plan that is checked.
    matcher
        What matches the names of the structures; the packaged names by default.

    Returns
    -------
    Course
        Without a grid where the dose of the whole course cannot be established; without a plan
        there is no prescription either.

    Examples
    --------
    >>> from constraints.loader import load_protocol
    >>> protocol = load_protocol("bone_metastases")
    >>> course_of_case(Case(), protocol=protocol, guidelines={}).dose_problem
    'there is no RT Plan'
    """
    plan = case.plan
    structures = case.structure_set.structures if case.structure_set else ()
    course = Course(
        label="course without a plan",
        source=source,
        concurrent=concurrent,
        dose_problem="there is no RT Plan",
        structures=structures,
        matches=(matcher or _packaged)(structures),
        registrations=case.registrations,
        deformable=any("deformable" in file.reason.lower() for file in case.foreign),
        files=case.files,
    )
    if plan is None:
        return course
    course = replace(
        course,
        label=plan.label or plan.name or "unnamed plan",
        patient=plan.patient,
        plan_uid=plan.sop_instance_uid,
        planned_on=plan.planned_on,
    )
    if plan.brachy:
        return replace(course, dose_problem="the plan is of brachytherapy")
    return _with_dose(course, case, plan, protocol, guidelines)


def course_of_export(
    export: Exported,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    source: str = "export",
    matcher: Matcher | None = None,
) -> Course:
    """Turn an export into a course; what is stated beside it stands over what it holds.

    Examples
    --------
    >>> from constraints.loader import load_protocol
    >>> protocol = load_protocol("bone_metastases")
    >>> stated = Course(label="T10", source="list", fractions=10)
    >>> export = Exported(case=Case(), stated=stated)
    >>> course_of_export(export, protocol=protocol, guidelines={}).fractions
    10
    """
    course = course_of_case(
        export.case, protocol=protocol, guidelines=guidelines, source=source, matcher=matcher
    )
    stated = export.stated
    if stated is None:
        return course
    given = {
        name: value
        for name in (
            "prescribed_gy",
            "fractions",
            "started_on",
            "ended_on",
            "technique",
            "hot_spot",
        )
        if (value := getattr(stated, name)) is not None
    }
    if stated.label != NAMELESS:
        given["label"] = stated.label
    # A patient that is stated must be the one of the export too; the plan is compared with both.
    return replace(
        course,
        **given,
        doses=stated.doses,
        same_place=stated.same_place,
        source=stated.source,
        stated_patient=stated.patient,
    )


def _packaged(structures: Iterable[Structure]) -> tuple[Match, ...]:
    return match_structures(structures, load_vocabulary())


def case_of_other(case: Case, other: Plan) -> Case:
    """Return the case of another plan under the same paths, as far as references hold it.

    Examples
    --------
    >>> from planchecker.case import Patient
    >>> plan = Plan(sop_instance_uid="1.2", sop_class_uid="", label="", patient=Patient())
    >>> case_of_other(Case(), plan).plan is plan
    True
    """
    sets = (*case.other_structure_sets, *((case.structure_set,) if case.structure_set else ()))
    named = next((s for s in sets if s.sop_instance_uid == other.structure_set_uid), None)
    return Case(
        plan=other,
        structure_set=named,
        doses=tuple(d for d in (*case.other_doses, *case.doses) if names_plan(d, other)),
        registrations=case.registrations,
        foreign=case.foreign,
    )


def _with_dose(
    course: Course,
    case: Case,
    plan: Plan,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> Course:
    wanted = {m.roi_number for m in prescribed_targets(plan, course.matches)}
    dose = resolve_plan_dose(
        case,
        fraction_tolerance=protocol.criteria["prescription.fraction_reading_percent"].value / 100,
        targets=tuple(s for s in course.structures if s.roi_number in wanted),
    )
    worlds = read_technique(plan, plan.prescription, protocol, guidelines).worlds
    found = replace(
        course,
        prescribed_gy=plan.prescription.dose_gy,
        fractions=plan.prescription.fractions,
        technique=worlds[0] if len(worlds) == 1 else None,
        grid=dose.grid,
        dose_problem=dose.problem,
        frame_of_reference_uid=_frame(plan, case.doses),
        notes=dose.notes,
    )
    if found.technique is None and not worlds:
        return replace(found, technique=technique_of(found, protocol, guidelines))
    return found


def _frame(plan: Plan, doses: tuple[DoseObject, ...]) -> str:
    frames = {d.frame_of_reference_uid for d in doses if names_plan(d, plan)}
    return frames.pop() if len(frames) == 1 else ""
