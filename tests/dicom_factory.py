"""Small synthetic RT objects as pydicom data sets, and every way of writing them badly."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
RT_ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"
RT_STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
RT_IMAGE = "1.2.840.10008.5.1.4.1.1.481.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"

PLAN_UID, STRUCTURES_UID, DOSE_UID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
SERIES_UID, FRAME_UID = "1.2.3.4", "1.2.3.5"

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def item(**elements: Any) -> Dataset:
    dataset = Dataset()
    # Invalid values are wanted here, and pydicom would warn of them.
    with config.disable_value_validation():
        for keyword, value in elements.items():
            is_items = isinstance(value, list) and value and isinstance(value[0], Dataset)
            setattr(dataset, keyword, Sequence(value) if is_items else value)
    return dataset


def header(sop_class: str, uid: str, **elements: Any) -> Dataset:
    dataset = item(
        SOPClassUID=sop_class, SOPInstanceUID=uid, PatientID="P1", PatientName="Doe^Jane"
    )
    dataset.update(item(**elements))
    return dataset


def make_plan(
    uid: str = PLAN_UID,
    *,
    structures: str = STRUCTURES_UID,
    dose_gy: float | None = 30.0,
    fractions: int = 10,
    beam_doses: tuple[float | None, ...] = (1.0, 2.0),
    **elements: Any,
) -> Dataset:
    references = [
        item(ReferencedBeamNumber=n, BeamMeterset=100.0 * n) for n in range(1, len(beam_doses) + 1)
    ]
    for reference, dose in zip(references, beam_doses, strict=True):
        if dose is not None:
            reference.BeamDose = dose
    plan = header(
        RT_PLAN,
        uid,
        Modality="RTPLAN",
        RTPlanLabel="T10",
        RTPlanDate="20240229",
        FrameOfReferenceUID=FRAME_UID,
        FractionGroupSequence=[
            item(
                FractionGroupNumber=1,
                NumberOfFractionsPlanned=fractions,
                ReferencedBeamSequence=references,
            )
        ],
        BeamSequence=[make_beam(n) for n in range(1, len(beam_doses) + 1)],
    )
    if structures:
        plan.ReferencedStructureSetSequence = Sequence([item(ReferencedSOPInstanceUID=structures)])
    if dose_gy is not None:
        plan.DoseReferenceSequence = Sequence(
            [
                item(
                    DoseReferenceNumber=1,
                    DoseReferenceType="TARGET",
                    TargetPrescriptionDose=dose_gy,
                )
            ]
        )
    plan.update(item(**elements))
    return plan


def make_beam(number: int, **elements: Any) -> Dataset:
    jaws = item(RTBeamLimitingDeviceType="X", LeafJawPositions=[-50, 50])
    beam = item(
        BeamNumber=number,
        BeamName=f"B{number}",
        BeamType="STATIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType="TREATMENT",
        SourceAxisDistance=1000,
        FinalCumulativeMetersetWeight=1,
        PrimaryFluenceModeSequence=[item(FluenceMode="NON_STANDARD", FluenceModeID="FFF")],
        BeamLimitingDeviceSequence=[item(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs=1)],
        ReferencedBolusSequence=[item(ReferencedROINumber=7)],
        ControlPointSequence=[
            item(
                ControlPointIndex=0,
                CumulativeMetersetWeight=0,
                GantryAngle=180,
                GantryRotationDirection="NONE",
                NominalBeamEnergy=6,
                IsocenterPosition=[1, 2, 3],
                BeamLimitingDevicePositionSequence=[jaws],
            ),
            item(ControlPointIndex=1, CumulativeMetersetWeight=1),
        ],
    )
    beam.update(item(**elements))
    return beam


def contour(z_mm: float, *, points: tuple[tuple[float, float], ...] = SQUARE) -> Dataset:
    data = [value for x, y in points for value in (x, y, z_mm)]
    return item(
        ContourImageSequence=[item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID="1.2.9.1")],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
        ContourData=data,
    )


def make_structures(
    uid: str = STRUCTURES_UID,
    *,
    rois: dict[int, str] | None = None,
    contours: dict[int, list[Dataset]] | None = None,
    frame: str = FRAME_UID,
    **elements: Any,
) -> Dataset:
    names = rois or {1: "SpinalCord"}
    drawn = {1: [contour(0), contour(3)]} if contours is None else contours
    structures = header(
        RT_STRUCTURES,
        uid,
        Modality="RTSTRUCT",
        StructureSetLabel="S",
        StructureSetROISequence=[
            item(ROINumber=n, ReferencedFrameOfReferenceUID=frame, ROIName=name)
            for n, name in names.items()
        ],
        ROIContourSequence=[
            item(ReferencedROINumber=n, ContourSequence=found) for n, found in drawn.items()
        ],
        RTROIObservationsSequence=[
            item(ObservationNumber=n, ReferencedROINumber=n, RTROIInterpretedType="ORGAN")
            for n in names
        ],
    )
    if frame:
        series = item(SeriesInstanceUID=SERIES_UID)
        structures.ReferencedFrameOfReferenceSequence = Sequence(
            [
                item(
                    FrameOfReferenceUID=frame,
                    RTReferencedStudySequence=[item(RTReferencedSeriesSequence=[series])],
                )
            ]
        )
    structures.update(item(**elements))
    return structures


def make_dose(
    uid: str = DOSE_UID,
    *,
    stored: Any = None,
    plan: str = PLAN_UID,
    structures: str = "",
    bits: int = 16,
    **elements: Any,
) -> Dataset:
    voxels = np.arange(24).reshape(2, 3, 4) if stored is None else np.asarray(stored)
    dose = header(
        RT_DOSE,
        uid,
        Modality="RTDOSE",
        FrameOfReferenceUID=FRAME_UID,
        ImagePositionPatient=[-10, -20, 30],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[2, 3],
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        NumberOfFrames=voxels.shape[0],
        Rows=voxels.shape[1],
        Columns=voxels.shape[2],
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=0,
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseSummationType="PLAN",
        GridFrameOffsetVector=[2.5 * n for n in range(voxels.shape[0])],
        DoseGridScaling="0.1",
    )
    dose.PixelData = voxels.astype(f"<u{bits // 8}").tobytes()
    dose["PixelData"].VR = "OW"
    if plan:
        dose.ReferencedRTPlanSequence = Sequence([item(ReferencedSOPInstanceUID=plan)])
    if structures:
        dose.ReferencedStructureSetSequence = Sequence([item(ReferencedSOPInstanceUID=structures)])
    for keyword, value in elements.items():
        if value is None:
            delattr(dose, keyword)
        else:
            dose.update(item(**{keyword: value}))
    return dose


def make_image(uid: str = "1.2.9.1", *, z_mm: float = 0.0, **elements: Any) -> Dataset:
    image = header(
        CT,
        uid,
        Modality="CT",
        SeriesInstanceUID=SERIES_UID,
        FrameOfReferenceUID=FRAME_UID,
        ImagePositionPatient=[-100, -100, z_mm],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[1, 2],
        Rows=2,
        Columns=2,
        SliceThickness=3,
        AcquisitionDate="20240101",
        PatientPosition="HFS",
        BitsAllocated=16,
    )
    image.PixelData = bytes(8)
    image["PixelData"].VR = "OW"
    image.update(item(**elements))
    return image


def make_registration(matrix: Any, *, source: str = "1.2.8.1", **elements: Any) -> Dataset:
    step = item(
        FrameOfReferenceTransformationMatrixType="RIGID",
        FrameOfReferenceTransformationMatrix=[float(v) for v in np.asarray(matrix).ravel()],
    )
    registration = header(
        REGISTRATION,
        "1.2.3.9",
        Modality="REG",
        FrameOfReferenceUID=FRAME_UID,
        RegistrationSequence=[
            item(
                FrameOfReferenceUID=source,
                MatrixRegistrationSequence=[item(MatrixSequence=[step])],
            )
        ],
    )
    registration.update(item(**elements))
    return registration


def encode(
    dataset: Dataset,
    *,
    syntax: str = ImplicitVRLittleEndian,
    preamble: bool = True,
    meta: bool = True,
    state_syntax: bool = True,
) -> bytes:
    """Write a data set to bytes, with or without what should stand before it."""
    stream = BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.preamble = b"\0" * 128
    big = syntax == "1.2.840.10008.1.2.2"
    if big and "PixelData" in dataset:
        width = dataset.BitsAllocated // 8
        dataset.PixelData = (
            np.frombuffer(dataset.PixelData, f"<u{width}").astype(f">u{width}").tobytes()
        )
    with config.disable_value_validation():
        dataset.save_as(stream, enforce_file_format=True)
    data = stream.getvalue()
    start = 144 + int.from_bytes(data[140:144], "little")
    if not meta:
        return data[start:]
    if not state_syntax:
        uid = syntax + "\0" * (len(syntax) % 2)
        element = b"\x02\x00\x10\x00UI" + len(uid).to_bytes(2, "little") + uid.encode()
        shorter = data[132:start].replace(element, b"")
        length = (len(shorter) - 12).to_bytes(4, "little")
        data = data[:132] + shorter[:8] + length + shorter[12:] + data[start:]
    return data if preamble else data[128 + 4 :]


def encode_rle(dataset: Dataset) -> bytes:
    copy = Dataset(dataset)
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    copy.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    copy.compress(RLELossless, generate_instance_uid=False)
    stream = BytesIO()
    copy.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def save(dataset: Dataset | bytes, path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dataset if isinstance(dataset, bytes) else encode(dataset, **options))
    return path
