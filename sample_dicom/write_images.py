"""The CT series of a sample."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from sample_dicom.course import Course
from sample_dicom.dicom_base import IMAGE_DATE, new_dataset, save, uid
from sample_dicom.solids import Array

__all__ = ["image_uid", "write_images"]

_PIXELS = 96
_SPACING_MM = 4.0
_FARTHEST_HU, _NEAREST_HU = -1000, 3071


def image_uid(course: Course, index: int) -> str:
    """Return the SOP Instance UID of a slice."""
    return uid(course.wording.case_id, "ct", index)


def write_images(course: Course, directory: Path) -> list[Path]:
    """Write one file per slice and return their paths."""
    patient = course.patient
    outline = patient.points_mm("External")
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    offset = _SPACING_MM * (np.arange(_PIXELS) - (_PIXELS - 1) / 2)
    x, y = middle[0] + offset, middle[1] + offset
    image = patient.hounsfield(x[None, None, :], y[None, :, None], patient.z_mm[:, None, None])
    pixels = _with_noise(image)
    common = _common(course)
    paths = []
    for index, z in enumerate(patient.z_mm):
        corner = np.array([x[0], y[0], z]) + course.table_mm
        dataset = Dataset(common)
        dataset.SOPInstanceUID = image_uid(course, index)
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = corner.round(3).tolist()
        dataset.SliceLocation = round(float(corner[2]), 3)
        dataset.PixelData = pixels[index].tobytes()
        paths.append(save(dataset, directory / f"CT.{index + 1:03d}.dcm"))
    return paths


def _with_noise(image: Array) -> Array:
    """Return stored pixel values; tissue gets a few HU of noise that is the same every time."""
    raw = np.random.PCG64(1).random_raw(image.size).reshape(image.shape)
    noise = (raw >> np.uint64(40)).astype(np.int64) % 25 - 12
    quiet = (image <= _FARTHEST_HU) | (image >= _NEAREST_HU)
    return np.asarray(np.where(quiet, image, image + noise).round() + 1024).astype("<i2")


def _common(course: Course) -> Dataset:
    wording, z_mm = course.wording, course.patient.z_mm
    dataset = new_dataset(wording, sop_class=CTImageStorage, instance="", date=IMAGE_DATE)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = uid(wording.case_id, "ct series")
    dataset.SeriesDescription = "Planning CT, synthetic"
    for name in ("SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(dataset, name, IMAGE_DATE)
    for name in ("SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(dataset, name, "101500")
    dataset.AcquisitionNumber = 1
    dataset.PatientPosition = "HFS"
    dataset.KVP = 120
    dataset.ConvolutionKernel = "STANDARD"
    dataset.GantryDetectorTilt = 0
    dataset.SliceThickness = round(float(z_mm[1] - z_mm[0]), 3)
    dataset.ReconstructionDiameter = _PIXELS * _SPACING_MM
    dataset.DataCollectionDiameter = 500
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [_SPACING_MM, _SPACING_MM]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = _PIXELS
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    return dataset
