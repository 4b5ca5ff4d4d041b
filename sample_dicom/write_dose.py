"""The dose of a sample."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from sample_dicom.course import Course
from sample_dicom.dicom_base import PLAN_DATE, decimal_text, new_dataset, save, set_decimals, uid
from sample_dicom.dvh import cumulative_dvh, dose_in_region
from sample_dicom.write_plan import plan_uid
from sample_dicom.write_structures import roi_number, structures_uid

__all__ = ["write_dose"]

_BIN_GY = 0.02


def write_dose(course: Course, directory: Path) -> Path:
    """Write the dose and return its path."""
    wording = course.wording
    dataset = new_dataset(
        wording, sop_class=RTDoseStorage, instance=uid(wording.case_id, "dose"), date=PLAN_DATE
    )
    dataset.Modality = "RTDOSE"
    dataset.SeriesInstanceUID = uid(wording.case_id, "dose series")
    dataset.ContentDate, dataset.ContentTime = PLAN_DATE, "091500"
    _set_grid(dataset, course)
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseComment = "Analytic, synthetic"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    named = uid(wording.case_id, "another plan") if course.foreign_plan else plan_uid(course)
    dataset.ReferencedRTPlanSequence = [_reference(RTPlanStorage, named)]
    dataset.ReferencedStructureSetSequence = [
        _reference(RTStructureSetStorage, structures_uid(course))
    ]
    if course.stored_dvhs:
        dataset.DVHSequence = [_dvh(course, name) for name in course.stored_dvhs]
    return save(dataset, directory / "RD.dcm")


def _set_grid(dataset: Dataset, course: Course) -> None:
    grid = course.grid
    corner = np.array([grid.x_mm[0], grid.y_mm[0], grid.z_mm[0]]) + course.table_mm
    dataset.ImagePositionPatient = corner.round(3).tolist()
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    step = round(float(grid.x_mm[1] - grid.x_mm[0]), 3)
    dataset.PixelSpacing = [step, step]
    dataset.SliceThickness = round(float(grid.z_mm[1] - grid.z_mm[0]), 3)
    dataset.NumberOfFrames = len(grid.z_mm)
    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    set_decimals(dataset, "GridFrameOffsetVector", decimal_text(grid.z_mm - grid.z_mm[0]))
    dataset.Rows, dataset.Columns = len(grid.y_mm), len(grid.x_mm)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = course.dose_bits
    dataset.HighBit = course.dose_bits - 1
    dataset.PixelRepresentation = 0
    dataset.DoseGridScaling = course.dose_scaling
    counts = (course.dose_gy / course.dose_scaling).round()
    stored = counts.astype("<u2" if course.dose_bits == 16 else "<u4")
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"


def _reference(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def _dvh(course: Course, name: str) -> Dataset:
    patient = course.patient
    dose, volume_cc = dose_in_region(
        patient.region(name), course.grid, course.dose_gy, patient.z_mm
    )
    widths, volumes = cumulative_dvh(dose, volume_cc, bin_gy=_BIN_GY)
    reference = Dataset()
    reference.ReferencedROINumber = roi_number(course, name)
    reference.DVHROIContributionType = "INCLUDED"
    item = Dataset()
    item.DVHReferencedROISequence = [reference]
    item.DVHType, item.DoseUnits, item.DoseType = "CUMULATIVE", "GY", "PHYSICAL"
    item.DVHDoseScaling = 1
    item.DVHVolumeUnits, item.DVHNumberOfBins = "CM3", len(widths)
    pairs = np.column_stack([widths, volumes]).ravel()
    set_decimals(item, "DVHData", "\\".join(f"{value:.4g}" for value in pairs.tolist()))
    item.DVHMinimumDose = round(float(dose.min()), 3)
    item.DVHMeanDose = round(float(dose.mean()), 3)
    item.DVHMaximumDose = round(float(dose.max()), 3)
    return item
