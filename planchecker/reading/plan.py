"""RT Plan and RT Ion Plan to `Plan`."""

from planchecker.case import Plan
from planchecker.reading.beams import read_beams
from planchecker.reading.elements import Elements
from planchecker.reading.prescription import read_prescription

__all__ = ["read_plan"]


def read_plan(elements: Elements) -> Plan:
    """Read one plan.

    A plan that holds application setups and no beams is marked `brachy`.
    """
    beams = read_beams(elements)
    prescription, fraction_groups = read_prescription(elements, beams=beams)
    stated_beams, delivered_beams = _deliveries(elements)
    applications = any(True for _ in elements.items("ApplicationSetupSequence"))
    if applications and beams:
        elements.notes.append("the plan holds brachytherapy application setups beside its beams")
    return Plan(
        sop_instance_uid=elements.text("SOPInstanceUID"),
        sop_class_uid=elements.text("SOPClassUID"),
        label=elements.text("RTPlanLabel"),
        patient=elements.patient(),
        name=elements.text("RTPlanName"),
        description=elements.text("RTPlanDescription"),
        prescription_text=elements.text("PrescriptionDescription"),
        planned_on=elements.day("RTPlanDate"),
        approval=elements.text("ApprovalStatus"),
        intent=elements.text("PlanIntent"),
        geometry=elements.text("RTPlanGeometry"),
        patient_position=_patient_position(elements),
        frame_of_reference_uid=elements.text("FrameOfReferenceUID"),
        structure_set_uid=_structure_set_uid(elements),
        dose_uids=tuple(
            uid
            for item in elements.items("ReferencedDoseSequence")
            if (uid := item.text("ReferencedSOPInstanceUID"))
        ),
        prescription=prescription,
        fraction_groups=fraction_groups,
        stated_beams=stated_beams,
        delivered_beams=delivered_beams,
        beams=beams,
        brachy=applications and not beams,
        software=_software(elements),
        tolerance_tables=_tolerance_tables(elements),
        notes=tuple(elements.notes),
    )


def _deliveries(elements: Elements) -> tuple[int | None, tuple[int, ...]]:
    """Return how many beams the fraction groups state, and which ones they name."""
    groups = tuple(elements.items("FractionGroupSequence"))
    stated = [group.integer("NumberOfBeams") for group in groups]
    known = [count for count in stated if count is not None]
    named = tuple(
        number
        for group in groups
        for item in group.items("ReferencedBeamSequence")
        if (number := item.integer("ReferencedBeamNumber")) is not None
    )
    return (sum(known) if known and len(known) == len(stated) else None), named


def _patient_position(elements: Elements) -> str:
    positions = dict.fromkeys(
        item.text("PatientPosition") for item in elements.items("PatientSetupSequence")
    )
    stated = [position for position in positions if position]
    if len(stated) > 1:
        elements.notes.append(f"the patient setups differ in position: {', '.join(stated)}")
        return "\\".join(stated)
    return stated[0] if stated else ""


def _structure_set_uid(elements: Elements) -> str:
    uids = [
        uid
        for item in elements.items("ReferencedStructureSetSequence")
        if (uid := item.text("ReferencedSOPInstanceUID"))
    ]
    if len(uids) > 1:
        elements.notes.append(f"the plan names {len(uids)} structure sets; the first is taken")
    return uids[0] if uids else ""


def _software(elements: Elements) -> str:
    parts = (
        elements.text("Manufacturer"),
        elements.text("ManufacturerModelName"),
        elements.text("SoftwareVersions"),
    )
    return " ".join(part for part in parts if part)


def _tolerance_tables(elements: Elements) -> tuple[int, ...]:
    numbers = (
        item.integer("ToleranceTableNumber")
        for keyword in ("ToleranceTableSequence", "IonToleranceTableSequence")
        for item in elements.items(keyword)
    )
    return tuple(number for number in numbers if number is not None)
