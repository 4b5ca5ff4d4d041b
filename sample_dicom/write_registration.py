"""The registration of two samples, and an older date for one of them."""

from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from sample_dicom.course import Course
from sample_dicom.dicom_base import PLAN_DATE, decimal_text, new_dataset, save, set_decimals, uid
from sample_dicom.solids import Array

__all__ = ["redate", "write_registration"]

_SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"


def write_registration(now: Course, before: Course, directory: Path) -> Path:
    """Write the rigid registration that takes points of the earlier course to the later one."""
    wording = now.wording
    dataset = new_dataset(
        wording,
        sop_class=_SPATIAL_REGISTRATION,
        instance=uid(wording.case_id, "registration"),
        date=PLAN_DATE,
    )
    dataset.Modality = "REG"
    dataset.SeriesInstanceUID = uid(wording.case_id, "registration series")
    dataset.ContentDate, dataset.ContentTime = PLAN_DATE, "080000"
    dataset.ContentLabel, dataset.ContentDescription = "CT_CT", "Earlier course to this scan"
    dataset.ContentCreatorName = ""
    moved = np.eye(4)
    moved[:3, 3] = now.table_mm - before.table_mm
    dataset.RegistrationSequence = [
        _item(uid(wording.case_id, "frame"), np.eye(4)),
        _item(uid(before.wording.case_id, "frame"), moved),
    ]
    return save(dataset, directory / "REG.dcm")


def redate(path: Path, *, year: str) -> Path:
    """Put every date of a file into another year."""
    dataset = dcmread(path)
    for element in dataset:
        if element.VR == "DA" and element.value and element.tag.group != 0x0010:
            element.value = year + str(element.value)[4:]
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _item(frame: str, matrix: Array) -> Dataset:
    step = Dataset()
    step.FrameOfReferenceTransformationMatrixType = "RIGID"
    set_decimals(step, "FrameOfReferenceTransformationMatrix", decimal_text(matrix))
    registered = Dataset()
    registered.MatrixSequence = [step]
    item = Dataset()
    item.FrameOfReferenceUID = frame
    item.MatrixRegistrationSequence = [registered]
    return item
