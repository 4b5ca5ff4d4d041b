"""Which structure set belongs to a plan, and what holds it."""

from planchecker.case import Link, LinkKind, Plan, StructureSet
from planchecker.reading.collection import Collection
from planchecker.reading.links import bond, patients_differ

__all__ = ["structures_of_plan"]


def structures_of_plan(
    plan: Plan, everything: Collection, *, frames: tuple[str, ...]
) -> tuple[StructureSet | None, tuple[Link, ...], tuple[str, ...]]:
    """Pick the structure set of a plan.

    The one the plan names; else the only one of the same frame of reference; else, for a plan
    that names none, the only one of the same patient where a frame of reference is not stated.
    Where the plan names one that is not under the paths, the link contradicts.

    Parameters
    ----------
    frames
        Frame of Reference UIDs of the plan.

    Returns
    -------
    structure_set : StructureSet or None
    links : tuple of Link
    notes : tuple of str
        Why there is none.
    """
    named = plan.structure_set_uid
    for structures in everything.structure_sets:
        if structures.sop_instance_uid == named:
            link = _link(plan, structures, LinkKind.REFERENCE, detail=_differ(plan, structures))
            return structures, (link,), ()
    detail = (
        f"the plan names the structure set {named}, which is not under the paths"
        if named
        else "the plan names no structure set"
    )
    bonds = [
        (
            structures,
            bond(plan.patient, frames, structures.patient, structures.frame_of_reference_uids),
        )
        for structures in everything.structure_sets
    ]
    # A name that contradicts is only overlooked for the sake of the frame of reference.
    kinds = [LinkKind.FRAME_OF_REFERENCE] if named else [*LinkKind][1:]
    for kind in kinds:
        held = [structures for structures, found in bonds if found is kind]
        if len(held) == 1:
            link = _link(plan, held[0], kind, contradicts=bool(named), detail=detail)
            return held[0], (link,), ()
        if held:
            return None, (), (f"{detail}; {len(held)} share its {kind.value}, none is used",)
    return None, (), (detail,)


def _differ(plan: Plan, structures: StructureSet) -> str:
    if not patients_differ(plan.patient, structures.patient):
        return ""
    return f"the patient differs: {plan.patient.id!r} and {structures.patient.id!r}"


def _link(
    plan: Plan,
    structures: StructureSet,
    kind: LinkKind,
    *,
    contradicts: bool = False,
    detail: str = "",
) -> Link:
    return Link(
        child=plan.sop_instance_uid,
        parent=structures.sop_instance_uid,
        relation="plan-structures",
        kind=kind,
        contradicts=contradicts,
        detail=detail,
    )
