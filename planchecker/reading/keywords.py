"""Tag and VR of the keywords that are read (PS3.6): loading the whole dictionary takes longer.

What is not listed is looked up in pydicom's dictionary.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from planchecker.reading.items import Tag

__all__ = ["KEYWORDS", "tag_of", "vr_of"]

KEYWORDS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "Receiver": (0x00000300, "AE"),
        "Status": (0x00000900, "US"),
        "NumberOfFailedSuboperations": (0x00001022, "US"),
        "MediaStorageSOPClassUID": (0x00020002, "UI"),
        "TransferSyntaxUID": (0x00020010, "UI"),
        "SOPClassUID": (0x00080016, "UI"),
        "SOPInstanceUID": (0x00080018, "UI"),
        "AcquisitionDate": (0x00080022, "DA"),
        "Modality": (0x00080060, "CS"),
        "Manufacturer": (0x00080070, "LO"),
        "CodeValue": (0x00080100, "SH"),
        "CodingSchemeDesignator": (0x00080102, "SH"),
        "LongCodeValue": (0x00080119, "UC"),
        "StationName": (0x00081010, "SH"),
        "ManufacturerModelName": (0x00081090, "LO"),
        "ReferencedSOPInstanceUID": (0x00081155, "UI"),
        "PatientName": (0x00100010, "PN"),
        "PatientID": (0x00100020, "LO"),
        "PatientBirthDate": (0x00100030, "DA"),
        "PatientSex": (0x00100040, "CS"),
        "ContrastBolusAgent": (0x00180010, "LO"),
        "SliceThickness": (0x00180050, "DS"),
        "KVP": (0x00180060, "DS"),
        "SoftwareVersions": (0x00181020, "LO"),
        "ReconstructionDiameter": (0x00181100, "DS"),
        "GantryDetectorTilt": (0x00181120, "DS"),
        "ConvolutionKernel": (0x00181210, "SH"),
        "PatientPosition": (0x00185100, "CS"),
        "StudyInstanceUID": (0x0020000D, "UI"),
        "SeriesInstanceUID": (0x0020000E, "UI"),
        "ImagePositionPatient": (0x00200032, "DS"),
        "ImageOrientationPatient": (0x00200037, "DS"),
        "FrameOfReferenceUID": (0x00200052, "UI"),
        "SamplesPerPixel": (0x00280002, "US"),
        "NumberOfFrames": (0x00280008, "IS"),
        "Rows": (0x00280010, "US"),
        "Columns": (0x00280011, "US"),
        "PixelSpacing": (0x00280030, "DS"),
        "BitsAllocated": (0x00280100, "US"),
        "BitsStored": (0x00280101, "US"),
        "HighBit": (0x00280102, "US"),
        "PixelRepresentation": (0x00280103, "US"),
        "DeformableRegistrationSequence": (0x00640002, "SQ"),
        "SourceFrameOfReferenceUID": (0x00640003, "UI"),
        "RegistrationSequence": (0x00700308, "SQ"),
        "MatrixRegistrationSequence": (0x00700309, "SQ"),
        "MatrixSequence": (0x0070030A, "SQ"),
        "PrimaryFluenceModeSequence": (0x30020050, "SQ"),
        "FluenceMode": (0x30020051, "CS"),
        "FluenceModeID": (0x30020052, "SH"),
        "DVHType": (0x30040001, "CS"),
        "DoseUnits": (0x30040002, "CS"),
        "DoseType": (0x30040004, "CS"),
        "DoseComment": (0x30040006, "LO"),
        "DoseSummationType": (0x3004000A, "CS"),
        "GridFrameOffsetVector": (0x3004000C, "DS"),
        "DoseGridScaling": (0x3004000E, "DS"),
        "TissueHeterogeneityCorrection": (0x30040014, "CS"),
        "DVHSequence": (0x30040050, "SQ"),
        "DVHDoseScaling": (0x30040052, "DS"),
        "DVHVolumeUnits": (0x30040054, "CS"),
        "DVHData": (0x30040058, "DS"),
        "DVHReferencedROISequence": (0x30040060, "SQ"),
        "DVHROIContributionType": (0x30040062, "CS"),
        "DVHMinimumDose": (0x30040070, "DS"),
        "DVHMaximumDose": (0x30040072, "DS"),
        "DVHMeanDose": (0x30040074, "DS"),
        "StructureSetLabel": (0x30060002, "SH"),
        "StructureSetDate": (0x30060008, "DA"),
        "ReferencedFrameOfReferenceSequence": (0x30060010, "SQ"),
        "RTReferencedStudySequence": (0x30060012, "SQ"),
        "RTReferencedSeriesSequence": (0x30060014, "SQ"),
        "ContourImageSequence": (0x30060016, "SQ"),
        "StructureSetROISequence": (0x30060020, "SQ"),
        "ROINumber": (0x30060022, "IS"),
        "ReferencedFrameOfReferenceUID": (0x30060024, "UI"),
        "ROIName": (0x30060026, "LO"),
        "ROIVolume": (0x3006002C, "DS"),
        "ROIContourSequence": (0x30060039, "SQ"),
        "ContourSequence": (0x30060040, "SQ"),
        "ContourGeometricType": (0x30060042, "CS"),
        "ContourOffsetVector": (0x30060045, "DS"),
        "ContourData": (0x30060050, "DS"),
        "RTROIObservationsSequence": (0x30060080, "SQ"),
        "ReferencedROINumber": (0x30060084, "IS"),
        "RTROIIdentificationCodeSequence": (0x30060086, "SQ"),
        "RTROIInterpretedType": (0x300600A4, "CS"),
        "ROIPhysicalPropertiesSequence": (0x300600B0, "SQ"),
        "ROIPhysicalProperty": (0x300600B2, "CS"),
        "ROIPhysicalPropertyValue": (0x300600B4, "DS"),
        "FrameOfReferenceTransformationMatrix": (0x300600C6, "DS"),
        "RTPlanLabel": (0x300A0002, "SH"),
        "RTPlanName": (0x300A0003, "LO"),
        "RTPlanDescription": (0x300A0004, "ST"),
        "RTPlanDate": (0x300A0006, "DA"),
        "PlanIntent": (0x300A000A, "CS"),
        "RTPlanGeometry": (0x300A000C, "CS"),
        "PrescriptionDescription": (0x300A000E, "ST"),
        "DoseReferenceSequence": (0x300A0010, "SQ"),
        "DoseReferenceNumber": (0x300A0012, "IS"),
        "DoseReferenceStructureType": (0x300A0014, "CS"),
        "DoseReferenceDescription": (0x300A0016, "LO"),
        "DoseReferencePointCoordinates": (0x300A0018, "DS"),
        "DoseReferenceType": (0x300A0020, "CS"),
        "TargetMinimumDose": (0x300A0025, "DS"),
        "TargetPrescriptionDose": (0x300A0026, "DS"),
        "TargetMaximumDose": (0x300A0027, "DS"),
        "ToleranceTableSequence": (0x300A0040, "SQ"),
        "ToleranceTableNumber": (0x300A0042, "IS"),
        "FractionGroupSequence": (0x300A0070, "SQ"),
        "NumberOfFractionsPlanned": (0x300A0078, "IS"),
        "NumberOfBeams": (0x300A0080, "IS"),
        "BeamDoseSpecificationPoint": (0x300A0082, "DS"),
        "BeamDose": (0x300A0084, "DS"),
        "BeamMeterset": (0x300A0086, "DS"),
        "BeamSequence": (0x300A00B0, "SQ"),
        "TreatmentMachineName": (0x300A00B2, "SH"),
        "PrimaryDosimeterUnit": (0x300A00B3, "CS"),
        "SourceAxisDistance": (0x300A00B4, "DS"),
        "BeamLimitingDeviceSequence": (0x300A00B6, "SQ"),
        "RTBeamLimitingDeviceType": (0x300A00B8, "CS"),
        "NumberOfLeafJawPairs": (0x300A00BC, "IS"),
        "LeafPositionBoundaries": (0x300A00BE, "DS"),
        "BeamNumber": (0x300A00C0, "IS"),
        "BeamName": (0x300A00C2, "LO"),
        "BeamType": (0x300A00C4, "CS"),
        "RadiationType": (0x300A00C6, "CS"),
        "HighDoseTechniqueType": (0x300A00C7, "CS"),
        "TreatmentDeliveryType": (0x300A00CE, "CS"),
        "NumberOfWedges": (0x300A00D0, "IS"),
        "NumberOfBoli": (0x300A00ED, "IS"),
        "NumberOfBlocks": (0x300A00F0, "IS"),
        "FinalCumulativeMetersetWeight": (0x300A010E, "DS"),
        "NumberOfControlPoints": (0x300A0110, "IS"),
        "ControlPointSequence": (0x300A0111, "SQ"),
        "ControlPointIndex": (0x300A0112, "IS"),
        "NominalBeamEnergy": (0x300A0114, "DS"),
        "DoseRateSet": (0x300A0115, "DS"),
        "BeamLimitingDevicePositionSequence": (0x300A011A, "SQ"),
        "LeafJawPositions": (0x300A011C, "DS"),
        "GantryAngle": (0x300A011E, "DS"),
        "GantryRotationDirection": (0x300A011F, "CS"),
        "BeamLimitingDeviceAngle": (0x300A0120, "DS"),
        "PatientSupportAngle": (0x300A0122, "DS"),
        "IsocenterPosition": (0x300A012C, "DS"),
        "SourceToSurfaceDistance": (0x300A0130, "DS"),
        "CumulativeMetersetWeight": (0x300A0134, "DS"),
        "PatientSetupSequence": (0x300A0180, "SQ"),
        "ApplicationSetupSequence": (0x300A0230, "SQ"),
        "ScanMode": (0x300A0308, "CS"),
        "IonToleranceTableSequence": (0x300A03A0, "SQ"),
        "IonBeamSequence": (0x300A03A2, "SQ"),
        "IonBeamLimitingDeviceSequence": (0x300A03A4, "SQ"),
        "IonControlPointSequence": (0x300A03A8, "SQ"),
        "ReferencedRTPlanSequence": (0x300C0002, "SQ"),
        "ReferencedBeamSequence": (0x300C0004, "SQ"),
        "ReferencedBeamNumber": (0x300C0006, "IS"),
        "ReferencedFractionGroupSequence": (0x300C0020, "SQ"),
        "ReferencedFractionGroupNumber": (0x300C0022, "IS"),
        "ReferencedStructureSetSequence": (0x300C0060, "SQ"),
        "ReferencedDoseSequence": (0x300C0080, "SQ"),
        "ReferencedToleranceTableNumber": (0x300C00A0, "IS"),
        "ReferencedBolusSequence": (0x300C00B0, "SQ"),
        "ApprovalStatus": (0x300E0002, "CS"),
        "PixelData": (0x7FE00010, "OB or OW"),
        "Item": (0xFFFEE000, "NONE"),
    }
)
"""Tag and VR by keyword."""


@cache
def tag_of(keyword: str) -> Tag:
    """Return the tag of a keyword.

    Raises
    ------
    KeyError
        If it is none of DICOM's.

    Examples
    --------
    >>> str(tag_of("ContourData"))
    '(3006,0050)'
    """
    known = KEYWORDS.get(keyword)
    if known is not None:
        return Tag(known[0])
    from pydicom.datadict import tag_for_keyword  # noqa: PLC0415 - slow to load

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword!r} is no DICOM keyword")
    return Tag(tag)


@cache
def vr_of(keyword: str) -> str:
    """Return the VR of a keyword.

    Raises
    ------
    KeyError
        If it is none of DICOM's.

    Examples
    --------
    >>> vr_of("PatientName")
    'PN'
    """
    known = KEYWORDS.get(keyword)
    if known is not None:
        return known[1]
    tag = tag_of(keyword)
    from pydicom.datadict import dictionary_VR  # noqa: PLC0415 - slow to load

    return dictionary_VR(tag)
