"""What all written DICOM objects share: identifiers, identity, dates and bytes."""

import hashlib
from pathlib import Path

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from sample_dicom.solids import Array
from sample_dicom.wording import Wording

__all__ = [
    "IMAGE_DATE",
    "PLAN_DATE",
    "STRUCTURES_DATE",
    "decimal_text",
    "new_dataset",
    "save",
    "set_decimals",
    "uid",
]

IMAGE_DATE, STRUCTURES_DATE, PLAN_DATE = "20240304", "20240305", "20240307"
_TIME = "101500"


def uid(*parts: str | int) -> str:
    """Return the identifier that belongs to `parts`, always the same.

    Examples
    --------
    >>> uid("case", "plan") == uid("case", "plan") != uid("case", "dose")
    True
    """
    digest = hashlib.sha256("/".join(map(str, ("sample_dicom", *parts))).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def new_dataset(wording: Wording, *, sop_class: str, instance: str, date: str) -> Dataset:
    """Return a dataset with patient, study and the identity of the object filled in."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, _TIME
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, instance
    dataset.StudyDate, dataset.StudyTime = IMAGE_DATE, _TIME
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "", ""
    dataset.Manufacturer = "planchecker sample generator"
    dataset.ManufacturerModelName = "Synthetic"
    dataset.StationName = "SAMPLE"
    dataset.SoftwareVersions = "1"
    dataset.PatientName, dataset.PatientID = wording.patient_name, wording.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = "19600101", wording.sex
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Synthetic data, no patient"
    dataset.StudyInstanceUID = uid(wording.case_id, "study")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, 1
    dataset.FrameOfReferenceUID = uid(wording.case_id, "frame")
    dataset.PositionReferenceIndicator = ""
    return dataset


def save(dataset: Dataset, path: Path) -> Path:
    """Write a dataset as explicit VR little endian with a fixed header."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # Stated here, because the library would otherwise write its own version into the bytes.
    meta.ImplementationClassUID = uid("implementation")  # type: ignore[assignment]
    meta.ImplementationVersionName = "SAMPLE_1"
    written = FileDataset(str(path), dataset, file_meta=meta, preamble=b"\x00" * 128)
    dcmwrite(path, written, enforce_file_format=True)
    return path


def decimal_text(values: Array) -> str:
    r"""Return numbers to a hundredth as one decimal string value.

    Examples
    --------
    >>> import numpy as np
    >>> print(decimal_text(np.array([[1.0, -2.341], [0.5, -0.001]])))
    1.0\-2.34\0.5\0.0
    """
    return "\\".join(map(str, (np.ravel(values).round(2) + 0.0).tolist()))


def set_decimals(dataset: Dataset, keyword: str, text: str) -> None:
    """Set a decimal string element from finished text, which spares parsing every number."""
    dataset.add(DataElement(Tag(keyword), "DS", text, already_converted=True))
