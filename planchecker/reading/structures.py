"""RT Structure Set to `StructureSet`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from planchecker.case import StructureSet
from planchecker.dosimetry.structure import Structure
from planchecker.reading.contours import RoiContours, read_contours
from planchecker.reading.elements import Elements

__all__ = ["read_structure_set"]


@dataclass(kw_only=True, slots=True)
class _Observed:
    """What the RT ROI Observations Sequence says of one ROI."""

    types: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    properties: list[tuple[str, float]] = field(default_factory=list)


def read_structure_set(elements: Elements) -> StructureSet:
    """Read every ROI, also those without contours.

    Contours of an ROI number that is listed more than once cannot be told apart: such ROIs
    come out without contours.
    """
    rois = tuple(elements.items("StructureSetROISequence"))
    contours = _contours(elements)
    observed = _observations(elements)
    numbers = Counter(roi.integer("ROINumber") for roi in rois)
    structures = [
        _structure(roi, number, contours.pop(number, RoiContours()), observed)
        for roi in rois
        if (number := roi.integer("ROINumber")) is not None and numbers[number] == 1
    ]
    structures += _ambiguous(rois, numbers, contours, elements.notes)
    for number, orphan in contours.items():
        elements.notes.append(f"contours of ROI number {number}, which is not in the list of ROIs")
        structures.append(
            Structure(
                roi_number=number,
                name="",
                contours=orphan.contours,
                dropped_contours=orphan.dropped,
                notes=("the list of ROIs does not hold this number", *orphan.notes),
            )
        )
    series_uids, image_uids = _images(elements, structures)
    return StructureSet(
        sop_instance_uid=elements.text("SOPInstanceUID"),
        label=elements.text("StructureSetLabel"),
        patient=elements.patient(),
        structures=tuple(structures),
        drawn_on=elements.day("StructureSetDate"),
        frame_of_reference_uids=_frames(elements, structures),
        series_uids=series_uids,
        image_uids=image_uids,
        notes=tuple(elements.notes),
    )


def _structure(
    roi: Elements, number: int, read: RoiContours, observed: Mapping[int, _Observed]
) -> Structure:
    seen = observed.get(number, _Observed())
    types = list(dict.fromkeys(seen.types))
    notes = list(read.notes)
    if len(types) > 1:
        notes.append(f"several interpreted types ({', '.join(types)}); the first is taken")
    return Structure(
        roi_number=number,
        name=roi.text("ROIName"),
        interpreted_type=types[0] if types else "",
        contours=read.contours,
        frame_of_reference_uid=roi.text("ReferencedFrameOfReferenceUID"),
        codes=tuple(dict.fromkeys(seen.codes)),
        stated_volume_cc=roi.number("ROIVolume"),
        physical_properties=tuple(dict.fromkeys(seen.properties)),
        dropped_contours=read.dropped,
        notes=tuple(notes),
    )


def _ambiguous(
    rois: Iterable[Elements],
    numbers: Counter[int | None],
    contours: dict[int, RoiContours],
    notes: list[str],
) -> list[Structure]:
    """Return the ROIs whose number is not theirs alone, without contours."""
    structures = []
    for roi in rois:
        number = roi.integer("ROINumber")
        if number is None:
            notes.append(f"the ROI {roi.text('ROIName')!r} has no ROI number and is left out")
        elif numbers[number] > 1:
            lost = contours.get(number, RoiContours())
            why = f"ROI number {number} is used {numbers[number]} times; its contours are left out"
            structures.append(
                Structure(
                    roi_number=number,
                    name=roi.text("ROIName"),
                    dropped_contours=len(lost.contours) + lost.dropped,
                    notes=(why,),
                )
            )
    for number, times in numbers.items():
        if number is not None and times > 1:
            contours.pop(number, None)
            notes.append(f"ROI number {number} is used {times} times")
    return structures


def _contours(elements: Elements) -> dict[int, RoiContours]:
    found: dict[int, RoiContours] = {}
    for item in elements.items("ROIContourSequence"):
        number = item.integer("ReferencedROINumber")
        read = read_contours(item)
        if number is None:
            if read.contours or read.dropped:
                elements.notes.append("contours without an ROI number are left out")
            continue
        before = found.get(number, RoiContours())
        found[number] = RoiContours(
            contours=before.contours + read.contours,
            dropped=before.dropped + read.dropped,
            notes=before.notes + read.notes,
        )
    return found


def _observations(elements: Elements) -> Mapping[int, _Observed]:
    observed: defaultdict[int, _Observed] = defaultdict(_Observed)
    for item in elements.items("RTROIObservationsSequence"):
        number = item.integer("ReferencedROINumber")
        if number is None:
            continue
        if kind := item.text("RTROIInterpretedType").upper():
            observed[number].types.append(kind)
        for code in item.items("RTROIIdentificationCodeSequence"):
            value = code.text("CodeValue") or code.text("LongCodeValue")
            if value:
                observed[number].codes.append((value, code.text("CodingSchemeDesignator")))
        for physical in item.items("ROIPhysicalPropertiesSequence"):
            amount = physical.number("ROIPhysicalPropertyValue")
            if amount is not None:
                observed[number].properties.append((physical.text("ROIPhysicalProperty"), amount))
    return observed


def _frames(elements: Elements, structures: Iterable[Structure]) -> tuple[str, ...]:
    uids = [
        item.text("FrameOfReferenceUID")
        for item in elements.items("ReferencedFrameOfReferenceSequence")
    ]
    uids += [structure.frame_of_reference_uid for structure in structures]
    uids.append(elements.text("FrameOfReferenceUID"))
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def _images(
    elements: Elements, structures: Iterable[Structure]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    series = [
        item
        for frame in elements.items("ReferencedFrameOfReferenceSequence")
        for study in frame.items("RTReferencedStudySequence")
        for item in study.items("RTReferencedSeriesSequence")
    ]
    series_uids = [item.text("SeriesInstanceUID") for item in series]
    image_uids = [
        image.text("ReferencedSOPInstanceUID")
        for item in series
        for image in item.items("ContourImageSequence")
    ]
    image_uids += [c.image_uid for structure in structures for c in structure.contours]
    return (
        tuple(dict.fromkeys(uid for uid in series_uids if uid)),
        tuple(dict.fromkeys(uid for uid in image_uids if uid)),
    )
