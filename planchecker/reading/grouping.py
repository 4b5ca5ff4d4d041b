"""Sorting objects into cases: by references, then frame of reference, then patient.

Only what belongs together beyond doubt is put together. Everything else under the same paths
goes to the `other_` fields, where the identity checks see it; nothing is dropped.

The two words of `Link.relation` are child and parent: ``dose-plan`` says that the dose names
the plan, or was paired with it.
"""

from planchecker.case import Case, DoseObject, ImageSlice, Link, Plan, StructureSet
from planchecker.reading.collection import Collection
from planchecker.reading.dose_pairing import (
    dose_structures_links,
    doses_of_plan,
    doses_of_structures,
    frames_of_plan,
)
from planchecker.reading.image_pairing import images_of
from planchecker.reading.pixels import read_hounsfield
from planchecker.reading.structure_pairing import structures_of_plan

__all__ = ["group"]


def group(everything: Collection) -> tuple[Case, ...]:
    """Sort objects into cases.

    Returns
    -------
    tuple of Case
        One for each plan; without plans one for each structure set; without those one for each
        frame of reference of the doses; else one for the images; else none.
    """
    if everything.plans:
        return tuple(_plan_case(plan, everything) for plan in everything.plans)
    if everything.structure_sets:
        return tuple(_structures_case(s, everything) for s in everything.structure_sets)
    if everything.doses:
        frames = dict.fromkeys(dose.frame_of_reference_uid for dose in everything.doses)
        return tuple(_dose_case(frame, everything) for frame in frames)
    if everything.images or everything.registrations:
        return (_case(everything, images=everything.images),)
    return ()


def _plan_case(plan: Plan, everything: Collection) -> Case:
    doses, dose_links, dose_notes = doses_of_plan(plan, everything)
    frames = frames_of_plan(plan, everything.doses)
    structures, links, notes = structures_of_plan(plan, everything, frames=frames)
    holder: StructureSet | Plan = structures or plan
    images, image_links, image_notes = images_of(
        holder, everything, frames=structures.frame_of_reference_uids if structures else frames
    )
    return _case(
        everything,
        plan=plan,
        structures=structures,
        doses=doses,
        images=images,
        links=(*dose_links, *links, *dose_structures_links(doses, structures), *image_links),
        notes=(*dose_notes, *notes, *image_notes),
    )


def _structures_case(structures: StructureSet, everything: Collection) -> Case:
    doses = doses_of_structures(structures, everything)
    images, links, notes = images_of(
        structures, everything, frames=structures.frame_of_reference_uids
    )
    return _case(
        everything,
        structures=structures,
        doses=doses,
        images=images,
        links=(*dose_structures_links(doses, structures), *links),
        notes=notes,
    )


def _dose_case(frame: str, everything: Collection) -> Case:
    doses = tuple(d for d in everything.doses if d.frame_of_reference_uid == frame)
    images, links, notes = images_of(doses[0], everything, frames=(frame,) if frame else ())
    return _case(everything, doses=doses, images=images, links=links, notes=notes)


def _case(
    everything: Collection,
    *,
    plan: Plan | None = None,
    structures: StructureSet | None = None,
    doses: tuple[DoseObject, ...] = (),
    images: tuple[ImageSlice, ...] = (),
    links: tuple[Link, ...] = (),
    notes: tuple[str, ...] = (),
) -> Case:
    return Case(
        plan=plan,
        structure_set=structures,
        doses=doses,
        images=images,
        links=links,
        other_plans=tuple(p for p in everything.plans if p is not plan),
        other_structure_sets=tuple(s for s in everything.structure_sets if s is not structures),
        other_doses=tuple(d for d in everything.doses if all(d is not own for own in doses)),
        registrations=everything.registrations,
        files=everything.files,
        foreign=everything.foreign,
        notes=(*everything.notes, *notes),
        hounsfield=read_hounsfield if images else None,
    )
