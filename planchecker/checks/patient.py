"""ID001: one patient in every object."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from planchecker.case import Case, Patient
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["compare_patients", "is_same_person", "same_patient"]

_REMEDY = "Check the objects in the planning system, and export one patient into one folder."


def same_patient(context: Context) -> Iterator[Outcome]:
    """Ask whether every object under the given paths belongs to one patient.

    What
    ----
    Patient ID, name, birth date and sex of plan, structures, doses, images and every other
    file that was read. IDs are compared after trimming and without regard to case; names
    without regard to case, accents, order and separators.

    Why
    ---
    A dose shown on the wrong patient is the worst mix-up there is, and a folder is quickly
    filled with two exports.

    Passes
    ------
    All objects state the same ID, and no name, birth date or sex contradicts another.

    Fires
    -----
    `fail` where IDs, birth dates or names differ; `manual` where one name only lacks a part
    of the other, the sex differs, or an object without an ID carries the same name.

    Not evaluated
    -------------
    Where no object states an ID, or one without an ID has no matching name either. A single
    object is listed as not applicable.

    References
    ----------
    AAPM MPPG 11.a, physicist initial check; DICOM PS3.3 C.7.1.1 Patient Module.
    """
    objects = tuple(_objects(context.case))
    status, message = _judge(objects)
    if status is Status.PASS and len(context.case.files) == 1:
        reason = "there is one object only, and none to compare it with"
        yield NotApplicable(code="ID001", subject="patient", reason=reason)
        return
    yield Finding(
        code="ID001",
        subject="patient",
        status=status,
        message=message,
        remedy="" if status is Status.PASS else _REMEDY,
    )


def is_same_person(first: Patient, second: Patient) -> bool:
    """Tell whether two objects state the same patient ID, or neither states one.

    Examples
    --------
    >>> is_same_person(Patient(id=" p01"), Patient(id="P01"))
    True
    """
    return _id(first) == _id(second)


def compare_patients(objects: Iterable[tuple[str, Patient]]) -> tuple[Status, str]:
    """Judge as ID001 does whether objects, each with a word for it, carry one patient.

    Examples
    --------
    >>> one, other = Patient(id="P01", name="A^B"), Patient(id="P01", name="C^D")
    >>> compare_patients((("plan", one), ("earlier dose", other)))[0].value
    'fail'
    """
    return _judge(tuple(dict.fromkeys(objects)))


def _objects(case: Case) -> Iterator[tuple[str, Patient]]:
    """Yield what the object is and the patient it states, each combination once."""
    owners: list[tuple[str, Patient]] = []
    if case.plan:
        owners.append(("plan", case.plan.patient))
    if case.structure_set:
        owners.append(("structure set", case.structure_set.patient))
    owners += [("dose", dose.patient) for dose in case.doses]
    owners += [("image", image.patient) for image in case.images]
    owners += [("another plan", plan.patient) for plan in case.other_plans]
    owners += [("another structure set", s.patient) for s in case.other_structure_sets]
    owners += [("another dose", dose.patient) for dose in case.other_doses]
    owners += [(file.modality or "file", file.patient) for file in case.files]
    yield from dict.fromkeys(owners)


def _judge(objects: tuple[tuple[str, Patient], ...]) -> tuple[Status, str]:
    names = {name for _, p in objects if (name := _name(p))}
    without = sorted({kind for kind, p in objects if not _id(p)})
    lacking = f"No Patient ID in {', '.join(without)}"
    one_name = len(names) == 1 and all(_name(p) for _, p in objects)
    vouched = one_name and any(_id(p) for _, p in objects)
    ids = _differ(_id(p) for _, p in objects)
    births = _differ(p.birth_date.strip() for _, p in objects)
    apart = any(not (one <= two or two <= one) for one in names for two in names)
    sexes = _differ(p.sex.strip().upper() for _, p in objects)
    return climb(
        (not objects, Status.NOT_EVALUATED, "There is no object that states a patient."),
        (ids, Status.FAIL, f"The objects carry different Patient IDs: {_groups(objects)}."),
        (births, Status.FAIL, "The objects carry different birth dates of the patient."),
        (apart, Status.FAIL, "The objects carry different names of the patient."),
        (bool(without) and vouched, Status.MANUAL, f"{lacking}; the name is the same."),
        (bool(without), Status.NOT_EVALUATED, f"{lacking}."),
        (len(names) > 1, Status.MANUAL, "One object states only part of the patient's name."),
        (sexes, Status.MANUAL, "The objects state different sex for one Patient ID."),
        (True, Status.PASS, "All objects carry the same patient."),
    )


def _differ(values: Iterable[str]) -> bool:
    return len({value for value in values if value}) > 1


def _id(patient: Patient) -> str:
    return patient.id.strip().casefold()


def _name(patient: Patient) -> frozenset[str]:
    """Parts of the alphabetic name, without what only formatting changes."""
    plain = unicodedata.normalize("NFKD", patient.name.split("=")[0].casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return frozenset(re.findall(r"[^\W_]+", letters))


def _groups(objects: tuple[tuple[str, Patient], ...]) -> str:
    """Tell which objects go together, without writing the IDs into the report."""
    kinds: dict[str, list[str]] = {}
    for kind, patient in objects:
        kinds.setdefault(_id(patient) or "none", []).append(kind)
    return " / ".join(", ".join(dict.fromkeys(group)) for group in kinds.values())
