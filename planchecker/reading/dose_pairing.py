"""Which doses belong to a plan or a structure set, and what holds them."""

from collections.abc import Iterable

from planchecker.case import DoseObject, Link, LinkKind, Plan, StructureSet
from planchecker.reading.collection import Collection
from planchecker.reading.links import bond, patients_differ

__all__ = ["dose_structures_links", "doses_of_plan", "doses_of_structures", "frames_of_plan"]


def frames_of_plan(plan: Plan, doses: Iterable[DoseObject]) -> tuple[str, ...]:
    """Return the frame of reference of a plan; of the doses that name it if it states none."""
    if plan.frame_of_reference_uid:
        return (plan.frame_of_reference_uid,)
    uids = (d.frame_of_reference_uid for d in doses if plan.sop_instance_uid in d.plan_uids)
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def doses_of_plan(
    plan: Plan, everything: Collection
) -> tuple[tuple[DoseObject, ...], tuple[Link, ...], tuple[str, ...]]:
    """Pick the doses of a plan.

    A dose that names the plan belongs to it, and so does one that names no plan but is named
    by it. Any other dose that names no plan belongs to it if it is held by the frame of
    reference or the patient, and by those of no other plan. A dose that names a plan which is
    not under the paths never does: if it shares the frame of reference or the patient, its
    link contradicts.

    Returns
    -------
    doses : tuple of DoseObject
    links : tuple of Link
        ``dose-plan`` links of these doses and of doses that contradict.
    notes : tuple of str
    """
    present = {other.sop_instance_uid for other in everything.plans}
    claimed = {uid for other in everything.plans for uid in other.dose_uids}
    doses, links, notes = [], [], []
    for dose in everything.doses:
        if plan.sop_instance_uid in dose.plan_uids:
            doses.append(dose)
            links.append(_link(dose, plan, LinkKind.REFERENCE, detail=_reservations(dose, plan)))
        elif not dose.plan_uids and dose.sop_instance_uid in plan.dose_uids:
            doses.append(dose)
            links.append(_link(dose, plan, LinkKind.REFERENCE, detail="the plan names the dose"))
        elif present.intersection(dose.plan_uids) or (
            not dose.plan_uids and dose.sop_instance_uid in claimed
        ):
            continue
        elif dose.plan_uids:
            links += _contradiction(dose, plan, everything)
        else:
            kind, note = _unnamed(dose, plan, everything)
            notes += note
            if kind is not None:
                doses.append(dose)
                links.append(_link(dose, plan, kind, detail="the dose names no plan"))
    return tuple(doses), tuple(links), tuple(notes)


def _reservations(dose: DoseObject, plan: Plan) -> str:
    details = []
    if len(dose.plan_uids) > 1:
        details.append(f"the dose names {len(dose.plan_uids)} plans")
    if patients_differ(dose.patient, plan.patient):
        details.append(f"the patient differs: {dose.patient.id!r} and {plan.patient.id!r}")
    return "; ".join(details)


def _bond_to_plan(dose: DoseObject, plan: Plan, everything: Collection) -> LinkKind | None:
    frame = dose.frame_of_reference_uid
    frames = frames_of_plan(plan, everything.doses)
    return bond(dose.patient, (frame,) if frame else (), plan.patient, frames)


def _contradiction(dose: DoseObject, plan: Plan, everything: Collection) -> list[Link]:
    kind = _bond_to_plan(dose, plan, everything)
    if kind is None and dose.patient.id and not patients_differ(dose.patient, plan.patient):
        kind = LinkKind.PATIENT
    if kind is None:
        return []
    detail = f"the dose names the plan {dose.plan_uids[0]}, which is not under the paths"
    return [_link(dose, plan, kind, contradicts=True, detail=detail)]


def _unnamed(
    dose: DoseObject, plan: Plan, everything: Collection
) -> tuple[LinkKind | None, list[str]]:
    bonds = {
        other.sop_instance_uid: _bond_to_plan(dose, other, everything) for other in everything.plans
    }
    kind = bonds[plan.sop_instance_uid]
    rivals = sum(1 for other in bonds.values() if other is not None)
    if kind is None or rivals == 1:
        return kind, []
    note = f"the dose {dose.sop_instance_uid} names no plan and fits {rivals}; it is not used"
    return None, [note]


def _link(
    dose: DoseObject, plan: Plan, kind: LinkKind, *, contradicts: bool = False, detail: str
) -> Link:
    return Link(
        child=dose.sop_instance_uid,
        parent=plan.sop_instance_uid,
        relation="dose-plan",
        kind=kind,
        contradicts=contradicts,
        detail=detail,
    )


def doses_of_structures(structures: StructureSet, everything: Collection) -> tuple[DoseObject, ...]:
    """Pick the doses of a structure set where there is no plan.

    A dose that names another structure set under the paths belongs to that one; any other is
    held by the reference or by the frame of reference.
    """
    present = {other.sop_instance_uid for other in everything.structure_sets}
    return tuple(
        dose
        for dose in everything.doses
        if dose.structure_set_uid == structures.sop_instance_uid
        or (
            dose.structure_set_uid not in present
            and _bond_to_structures(dose, structures) is LinkKind.FRAME_OF_REFERENCE
        )
    )


def dose_structures_links(
    doses: Iterable[DoseObject], structures: StructureSet | None
) -> tuple[Link, ...]:
    """Say what holds each dose and the structure set; nothing is said where nothing does."""
    if structures is None:
        return ()
    links = []
    for dose in doses:
        named = dose.structure_set_uid
        if named == structures.sop_instance_uid:
            kind: LinkKind | None = LinkKind.REFERENCE
        else:
            kind = _bond_to_structures(dose, structures)
        if kind is None:
            continue
        contradicts = bool(named) and kind is not LinkKind.REFERENCE
        links.append(
            Link(
                child=dose.sop_instance_uid,
                parent=structures.sop_instance_uid,
                relation="dose-structures",
                kind=kind,
                contradicts=contradicts,
                detail=f"the dose names the structure set {named}" if contradicts else "",
            )
        )
    return tuple(links)


def _bond_to_structures(dose: DoseObject, structures: StructureSet) -> LinkKind | None:
    frame = dose.frame_of_reference_uid
    return bond(
        dose.patient,
        (frame,) if frame else (),
        structures.patient,
        structures.frame_of_reference_uids,
    )
