"""The structure set of a sample."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, RTStructureSetStorage

from sample_dicom.course import Course
from sample_dicom.dicom_base import (
    STRUCTURES_DATE,
    decimal_text,
    new_dataset,
    save,
    set_decimals,
    uid,
)
from sample_dicom.regions import Region
from sample_dicom.write_images import image_uid

__all__ = ["roi_number", "structures_uid", "write_structures"]

_COLOURS = (
    (0, 180, 0), (230, 30, 30), (240, 120, 200), (255, 0, 255), (255, 220, 0), (255, 160, 0),
    (0, 220, 255), (150, 90, 40), (200, 0, 60), (250, 100, 100), (70, 130, 250), (120, 200, 250),
)  # fmt: skip
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, retired, but what structure sets still name."""


def structures_uid(course: Course) -> str:
    """Return the SOP Instance UID of the structure set."""
    return uid(course.wording.case_id, "structures")


def roi_number(course: Course, name: str) -> int:
    """Return the ROI Number of a region."""
    return [region.name for region in course.patient.regions].index(name) + 1


def write_structures(course: Course, directory: Path) -> Path:
    """Write the structure set and return its path."""
    wording = course.wording
    dataset = new_dataset(
        wording,
        sop_class=RTStructureSetStorage,
        instance=structures_uid(course),
        date=STRUCTURES_DATE,
    )
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = uid(wording.case_id, "structures series")
    dataset.StructureSetLabel = wording.structures_label
    dataset.StructureSetDate, dataset.StructureSetTime = STRUCTURES_DATE, "143000"
    images = [_image_reference(course, index) for index in range(len(course.patient.z_mm))]
    dataset.ReferencedFrameOfReferenceSequence = [_frame(course, images)]
    regions = list(enumerate(course.patient.regions, start=1))
    dataset.StructureSetROISequence = [_roi(course, number, region) for number, region in regions]
    dataset.ROIContourSequence = [
        _contours(course, images, number, region) for number, region in regions
    ]
    dataset.RTROIObservationsSequence = [_observation(number, region) for number, region in regions]
    dataset.ApprovalStatus = "UNAPPROVED"
    return save(dataset, directory / "RS.dcm")


def _frame(course: Course, images: list[Dataset]) -> Dataset:
    case_id = course.wording.case_id
    series = Dataset()
    series.SeriesInstanceUID = uid(case_id, "ct series")
    series.ContourImageSequence = images
    study = Dataset()
    study.ReferencedSOPClassUID = _STUDY_CLASS
    study.ReferencedSOPInstanceUID = uid(case_id, "study")
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = uid(case_id, "frame")
    frame.RTReferencedStudySequence = [study]
    return frame


def _image_reference(course: Course, index: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = image_uid(course, index)
    return item


def _roi(course: Course, number: int, region: Region) -> Dataset:
    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = uid(course.wording.case_id, "frame")
    item.ROIName = region.name
    item.ROIGenerationAlgorithm = "MANUAL"
    return item


def _contours(course: Course, images: list[Dataset], number: int, region: Region) -> Dataset:
    item = Dataset()
    item.ROIDisplayColor = list(_COLOURS[(number - 1) % len(_COLOURS)])
    item.ReferencedROINumber = number
    contours = []
    for index, loop in region.outlines:
        points = np.column_stack([loop, np.full(len(loop), course.patient.z_mm[index])])
        contour = Dataset()
        contour.ContourImageSequence = [images[index]]
        contour.ContourGeometricType = "CLOSED_PLANAR"
        contour.NumberOfContourPoints = len(points)
        set_decimals(contour, "ContourData", decimal_text(points + course.table_mm))
        contours.append(contour)
    item.ContourSequence = contours
    return item


def _observation(number: int, region: Region) -> Dataset:
    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = number
    item.RTROIInterpretedType = region.kind
    item.ROIInterpreter = ""
    if region.density is not None:
        physical = Dataset()
        physical.ROIPhysicalProperty = "REL_MASS_DENSITY"
        physical.ROIPhysicalPropertyValue = region.density
        item.ROIPhysicalPropertiesSequence = [physical]
    return item
