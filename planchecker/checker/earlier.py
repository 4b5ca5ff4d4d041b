"""The courses that are added to a plan: those that were given, and parallel plans."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from constraints.model import Guideline, Protocol
from planchecker.case import Case, Patient
from planchecker.checks.patient import is_same_person
from planchecker.courses import (
    Course,
    Exported,
    Matcher,
    case_of_other,
    course_of_case,
    course_of_export,
    parse_summary,
)
from planchecker.errors import PlanCheckerError

__all__ = ["Prior", "courses_for", "in_words"]

Prior = Course | Exported | Case | str
"""An earlier course: a value, an export, a case that was read, or a typed summary."""


def courses_for(
    case: Case,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    *,
    prior: Sequence[Prior],
    summed: bool,
    matcher: Matcher | None = None,
) -> tuple[Course, ...]:
    """Return earlier courses in the order given, then the plans that are summed.

    Parameters
    ----------
    matcher
        What matches the names of their structures; the packaged names by default.

    Raises
    ------
    PlanCheckerError
        If an earlier course is of another patient or is the plan itself, or a typed summary
        cannot be read.
    """
    earlier = tuple(_course(one, protocol, guidelines, matcher) for one in prior)
    for course in earlier:
        _refuse_stranger(case, course)
    if not summed or case.plan is None:
        return earlier
    known = {course.plan_uid for course in earlier if course.plan_uid}
    known.add(case.plan.sop_instance_uid)
    patient = case.plan.patient
    others = [
        plan
        for plan in case.other_plans
        if plan.sop_instance_uid not in known and is_same_person(plan.patient, patient)
    ]
    parallel = tuple(
        course_of_case(
            case_of_other(case, plan),
            protocol=protocol,
            guidelines=guidelines,
            source="same folder",
            concurrent=True,
            matcher=matcher,
        )
        for plan in others
    )
    return earlier + parallel


def in_words(one: Prior) -> str:
    """Say in one line which earlier course was given, with every figure somebody stated.

    Examples
    --------
    >>> in_words("dose_gy=30,fractions=10")
    'dose_gy=30,fractions=10'
    """
    match one:
        case str():
            return one
        case Course():
            return _stated_figures(one)
        case Exported():
            plan = in_words(one.case)
            return f"{plan}; {_stated_figures(one.stated)}" if one.stated else plan
        case _:
            plan_uid = one.plan.sop_instance_uid if one.plan else "no plan"
            return f"export {plan_uid}"


_FROM_FILES = ("grid", "structures", "matches", "registrations", "files", "patient")


def _stated_figures(course: Course) -> str:
    """List what is set, but for what stands in the files, whose hashes the report holds."""
    values = ((f.name, f.default, getattr(course, f.name)) for f in fields(course))
    return ", ".join(
        f"{name}={value}"
        for name, default, value in values
        if name not in _FROM_FILES and name != "stated_patient" and value != default
    )


def _course(
    one: Prior,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    matcher: Matcher | None,
) -> Course:
    match one:
        case Course():
            return one
        case str():
            return parse_summary(one)
        case Exported():
            return course_of_export(one, protocol=protocol, guidelines=guidelines, matcher=matcher)
        case _:
            return course_of_case(one, protocol=protocol, guidelines=guidelines, matcher=matcher)


def _refuse_stranger(case: Case, course: Course) -> None:
    plan = case.plan
    if plan is None:
        return
    if course.plan_uid and course.plan_uid == plan.sop_instance_uid:
        raise PlanCheckerError(
            f"the earlier course {course.label!r} is the plan that is checked; give an older export"
        )
    for patient in (course.patient, course.stated_patient):
        if patient and _stated(patient) and not is_same_person(patient, plan.patient):
            raise PlanCheckerError(
                f"the earlier course {course.label!r} is of patient {patient.id!r}, the plan of "
                f"{plan.patient.id!r}; give the course of the same patient"
            )


def _stated(patient: Patient) -> bool:
    return bool(patient.id.strip())
