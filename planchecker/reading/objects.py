"""One file's bytes to one object of the case, by SOP Class UID alone."""

import hashlib
from dataclasses import dataclass

from planchecker.case import (
    DoseObject,
    ImageSlice,
    InputFile,
    Plan,
    Registration,
    StructureSet,
)
from planchecker.errors import ReadError
from planchecker.reading.dataset import DataSet, parse
from planchecker.reading.decimals import strict_parsing
from planchecker.reading.dose import read_dose
from planchecker.reading.elements import Elements
from planchecker.reading.image import read_image
from planchecker.reading.limits import ReadLimits
from planchecker.reading.plan import read_plan
from planchecker.reading.registration import read_registrations
from planchecker.reading.sop_classes import SOP_CLASSES, Kind, SopClass, why_foreign
from planchecker.reading.structures import read_structure_set

__all__ = ["ReadObject", "read_object"]

DicomObject = Plan | StructureSet | DoseObject | ImageSlice | tuple[Registration, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadObject:
    """A file that was read and what it holds."""

    file: InputFile
    content: DicomObject


def read_object(data: bytes, *, label: str, limits: ReadLimits) -> ReadObject:
    """Read one object.

    Raises
    ------
    ReadError
        If the bytes are malformed or of a SOP class that is not used; the message is the
        reason alone, without the path.
    """
    with strict_parsing():
        return _read(data, label=label, limits=limits)


def _read(data: bytes, *, label: str, limits: ReadLimits) -> ReadObject:
    dataset = parse(data, limits=limits)
    elements = Elements(dataset.elements, [], character_sets=dataset.character_sets)
    sop_class_uid, assumed = _sop_class_uid(elements, dataset)
    sop_class = SOP_CLASSES.get(sop_class_uid)
    if sop_class is None:
        raise ReadError(why_foreign(sop_class_uid))
    uid = elements.text("SOPInstanceUID")
    if not uid:
        raise ReadError("it has no SOP Instance UID (0008,0018), so nothing can refer to it")
    stated = elements.text("Modality")
    if stated and stated != sop_class.modality:
        assumed = (*assumed, f"Modality says {stated!r}; the SOP class is {sop_class.modality}")
    content = _content(elements, dataset, sop_class, label=label, limits=limits)
    frame = elements.text("FrameOfReferenceUID")
    if isinstance(content, StructureSet) and not frame:
        frame = next(iter(content.frame_of_reference_uids), "")
    file = InputFile(
        path=label,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=uid,
        modality=stated or sop_class.modality,
        sha256=hashlib.sha256(data).hexdigest(),
        patient=elements.patient(),
        frame_of_reference_uid=frame,
        notes=assumed if hasattr(content, "notes") else (*assumed, *elements.notes),
    )
    return ReadObject(file=file, content=content)


def _sop_class_uid(elements: Elements, dataset: DataSet) -> tuple[str, tuple[str, ...]]:
    """Take the SOP class from the data set, else from the file meta; return it with the notes."""
    stated, in_meta = elements.text("SOPClassUID"), dataset.media_sop_class_uid
    notes = dataset.notes
    if not stated and not in_meta:
        raise ReadError("it has no SOP Class UID (0008,0016), so what it is stays unknown")
    if not stated:
        notes = (*notes, "SOP class taken from the file meta")
    elif in_meta and stated != in_meta:
        notes = (*notes, f"the file meta name another SOP class, {in_meta!r}")
    return stated or in_meta, notes


def _content(
    elements: Elements, dataset: DataSet, sop_class: SopClass, *, label: str, limits: ReadLimits
) -> DicomObject:
    match sop_class.kind:
        case Kind.PLAN:
            return read_plan(elements)
        case Kind.STRUCTURES:
            return read_structure_set(elements)
        case Kind.DOSE:
            return read_dose(elements, dataset, limits=limits)
        case Kind.IMAGE:
            return read_image(elements, path=label, modality=sop_class.modality)
        case Kind.REGISTRATION:
            return read_registrations(elements)
