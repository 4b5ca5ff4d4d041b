"""What the plan says is prescribed: dose references, fraction groups, beam doses."""

from planchecker.case import Beam, PrescribedTarget, Prescription
from planchecker.reading.elements import Elements

__all__ = ["read_prescription"]


def read_prescription(plan: Elements, *, beams: tuple[Beam, ...]) -> tuple[Prescription, int]:
    """Read the prescription and the number of fraction groups.

    The dose is the highest Target Prescription Dose (300A,0026), which DICOM defines as the
    total of the plan. Without one it is the sum of the Beam Doses (300A,0084) of the treatment
    beams times the fractions, if there is exactly one fraction group and every beam states
    its dose. Nothing is scaled to make numbers agree.
    """
    targets = tuple(_target(item) for item in plan.items("DoseReferenceSequence"))
    groups = tuple(plan.items("FractionGroupSequence"))
    fractions = _fractions(groups, plan.notes)
    stated = [
        t.prescription_gy
        for t in targets
        if t.prescription_gy is not None and t.reference_type != "ORGAN_AT_RISK"
    ]
    positive = {dose for dose in stated if dose > 0}
    if len(positive) < len(set(stated)):
        plan.notes.append("a Target Prescription Dose of 0 Gy or less is not taken as one")
    if len(positive) > 1:
        listed = ", ".join(f"{dose:g}" for dose in sorted(positive, reverse=True))
        plan.notes.append(
            f"several targets with different doses ({listed} Gy); the highest is taken"
        )
    dose_gy, source = (max(positive), "target prescription dose") if positive else (None, "")
    if dose_gy is None:
        dose_gy = _from_beams(beams, fractions, plan.notes)
        source = "" if dose_gy is None else "beam doses"
    prescription = Prescription(
        dose_gy=dose_gy, fractions=fractions, source=source, targets=targets
    )
    return prescription, len(groups)


def _target(item: Elements) -> PrescribedTarget:
    number = item.integer("DoseReferenceNumber")
    return PrescribedTarget(
        number=0 if number is None else number,
        structure_type=item.text("DoseReferenceStructureType"),
        reference_type=item.text("DoseReferenceType"),
        description=item.text("DoseReferenceDescription"),
        roi_number=item.integer("ReferencedROINumber"),
        prescription_gy=item.number("TargetPrescriptionDose"),
        minimum_gy=item.number("TargetMinimumDose"),
        maximum_gy=item.number("TargetMaximumDose"),
        point_mm=item.point("DoseReferencePointCoordinates"),
    )


def _fractions(groups: tuple[Elements, ...], notes: list[str]) -> int | None:
    planned = [group.integer("NumberOfFractionsPlanned") for group in groups]
    if len(groups) > 1:
        listed = ", ".join("?" if count is None else str(count) for count in planned)
        notes.append(f"{len(groups)} fraction groups ({listed} fractions): not one prescription")
        return None
    if not planned or planned[0] is None:
        return None
    if planned[0] < 1:
        notes.append(f"Number of Fractions Planned is {planned[0]}; at least 1 would be right")
        return None
    return planned[0]


def _from_beams(beams: tuple[Beam, ...], fractions: int | None, notes: list[str]) -> float | None:
    doses = [beam.dose_gy for beam in beams if beam.is_treatment]
    known = [dose for dose in doses if dose is not None]
    if fractions is None or not known or len(known) < len(doses) or sum(known) <= 0:
        return None
    notes.append(
        "no Target Prescription Dose: the sum of the beam doses times the fractions stands in "
        "for it; beam doses may refer to different points"
    )
    return sum(known) * fractions
