"""What a report says beside its findings."""

from collections.abc import Iterator, Mapping

from planchecker.checks.context import Context
from planchecker.dosimetry.dvh import DVH
from planchecker.naming import Match
from planchecker.results import Curve, PlanSummary, StructureRow

__all__ = ["curves", "notes", "row", "summary"]

_CURVE_POINTS = 200
_DRAWN = ("target", "organ", "prv")


def summary(context: Context) -> PlanSummary | None:
    """Return the plan as the head of the report shows it; None where there is none."""
    plan = context.case.plan
    if plan is None:
        return None
    worlds = " or ".join(world.value for world in context.technique.worlds)
    return PlanSummary(
        label=plan.label,
        sop_instance_uid=plan.sop_instance_uid,
        patient_id=plan.patient.id,
        patient_name=plan.patient.name,
        prescribed_dose_gy=plan.prescription.dose_gy,
        fractions=plan.prescription.fractions,
        prescription_source=plan.prescription.source,
        technique=", ".join(part for part in (context.technique.delivery, worlds) if part),
        scheme=context.scheme.match,
    )


def row(match: Match, dvhs: Mapping[int, DVH]) -> StructureRow:
    """Return how one ROI was matched and how large it is."""
    dvh = dvhs.get(match.roi_number)
    return StructureRow(
        roi_number=match.roi_number,
        roi_name=match.roi_name,
        matched=match.name,
        how=match.how,
        volume_cc=dvh.volume_cc if dvh else None,
        outside_grid_cc=dvh.outside_cc if dvh else None,
    )


def curves(context: Context) -> Iterator[Curve]:
    """Yield the histograms of targets and organs, thinned for drawing."""
    for match in context.matches:
        dvh = context.dvhs.get(match.roi_number)
        if dvh is None or match.category not in _DRAWN or dvh.volume_cc <= 0:
            continue
        dose, volume = dvh.curve(_CURVE_POINTS)
        if len(dose):
            yield Curve(
                roi_number=match.roi_number,
                roi_name=match.roi_name,
                dose_gy=tuple(round(float(value), 4) for value in dose),
                volume_percent=tuple(
                    round(100 * float(value) / dvh.volume_cc, 4) for value in volume
                ),
                volume_cc=dvh.volume_cc,
            )


def notes(context: Context) -> Iterator[str]:
    """Yield what was assumed, decided or left out, in the order of reading."""
    case = context.case
    yield from case.notes
    for file in case.files:
        yield from (f"{file.path}: {note}" for note in file.notes)
    yield from (f"{file.path} was not used: {file.reason}" for file in case.foreign)
    if case.plan:
        yield from (f"plan: {note}" for note in case.plan.notes)
    if case.structure_set:
        yield from (f"structure set: {note}" for note in case.structure_set.notes)
        for structure in case.structure_set.structures:
            yield from (f"{structure.name}: {note}" for note in structure.notes)
    for dose in case.doses:
        yield from (f"dose {dose.sop_instance_uid}: {note}" for note in dose.notes)
    for course in context.courses:
        yield f"{course.label}: {course.scheme}, from {course.source}"
        yield from (f"{course.label}: {note}" for note in course.notes)
    yield from (f"plan dose: {note}" for note in context.plan_dose.notes)
    yield from (f"{dvh.roi_name}: {note}" for dvh in context.dvhs.values() for note in dvh.notes)
