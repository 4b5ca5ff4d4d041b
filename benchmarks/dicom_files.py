"""The smallest structure set and dose that every engine reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    ExplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    generate_uid,
)

from benchmarks.shapes import Floats

__all__ = ["write_dose", "write_structures"]

_STUDY, _FRAME, _PLAN = (generate_uid(entropy_srcs=["benchmarks", x]) for x in "sfp")


def write_structures(path: Path, regions: Mapping[str, Sequence[Floats]]) -> None:
    """Write a structure set; a region is its loops of shape (N, 3) in mm, by its ROI name."""
    dataset = _new(RTStructureSetStorage, path)
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetLabel = "BENCHMARK"
    dataset.StructureSetDate, dataset.StructureSetTime = "20240304", "101500"
    frame = Dataset()
    frame.FrameOfReferenceUID = _FRAME
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    named = list(enumerate(regions.items(), start=1))
    dataset.StructureSetROISequence = [_roi(number, name) for number, (name, _) in named]
    dataset.ROIContourSequence = [_contours(number, loops) for number, (_, loops) in named]
    dataset.RTROIObservationsSequence = [_observation(number) for number, _ in named]
    _save(dataset, path)


def write_dose(path: Path, values_gy: Floats, *, origin_mm: Floats, spacing_mm: float) -> None:
    """Write a dose of shape (z, y, x) in Gy on cubic voxels."""
    dataset = _new(RTDoseStorage, path)
    dataset.Modality = "RTDOSE"
    dataset.ImagePositionPatient = [round(float(c), 3) for c in origin_mm]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [spacing_mm, spacing_mm]
    dataset.SliceThickness = spacing_mm
    planes, dataset.Rows, dataset.Columns = values_gy.shape
    dataset.NumberOfFrames = planes
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.GridFrameOffsetVector = [round(spacing_mm * k, 3) for k in range(planes)]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit, dataset.PixelRepresentation = 31, 0
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = 1e-6
    plan = Dataset()
    plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID = RTPlanStorage, _PLAN
    dataset.ReferencedRTPlanSequence = [plan]
    dataset.PixelData = np.rint(values_gy * 1e6).astype("<u4").tobytes()
    dataset["PixelData"].VR = "OW"
    _save(dataset, path)


def _new(sop_class: str, path: Path) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["benchmarks", path.parent.name, path.name])
    dataset.PatientName, dataset.PatientID = "Benchmark^Synthetic", "BENCHMARK"
    dataset.PatientBirthDate, dataset.PatientSex = "", "O"
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = _STUDY, _FRAME
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["benchmarks", path.name])
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20240304", "101500", "1"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.Manufacturer = "planchecker benchmarks"
    return dataset


def _roi(number: int, name: str) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName = number, name
    item.ReferencedFrameOfReferenceUID = _FRAME
    item.ROIGenerationAlgorithm = "MANUAL"
    return item


def _contours(number: int, loops: Sequence[Floats]) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = number
    item.ROIDisplayColor = [255, 0, 0]
    item.ContourSequence = []
    for loop in loops:
        contour = Dataset()
        contour.ContourGeometricType = "CLOSED_PLANAR"
        contour.NumberOfContourPoints = len(loop)
        contour.ContourData = [f"{value:.2f}" for value in loop.ravel().tolist()]
        item.ContourSequence.append(contour)
    return item


def _observation(number: int) -> Dataset:
    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = number
    item.RTROIInterpretedType, item.ROIInterpreter = "ORGAN", ""
    return item


def _save(dataset: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
