"""Headers of image slices; pixels stay in the file."""

from planchecker.case import ImageSlice
from planchecker.reading.elements import Elements

__all__ = ["read_image"]


def read_image(elements: Elements, *, path: str, modality: str) -> ImageSlice:
    """Read the header of one CT, MR or PET slice.

    Parameters
    ----------
    path
        Where the pixels can be read later.
    modality
        By SOP class, not by the Modality the file states.
    """
    spacing = elements.numbers("PixelSpacing")
    scanner = (
        elements.text("Manufacturer"),
        elements.text("ManufacturerModelName"),
        elements.text("StationName"),
    )
    return ImageSlice(
        sop_instance_uid=elements.text("SOPInstanceUID"),
        series_uid=elements.text("SeriesInstanceUID"),
        patient=elements.patient(),
        path=path,
        modality=modality,
        frame_of_reference_uid=elements.text("FrameOfReferenceUID"),
        position_mm=elements.point("ImagePositionPatient"),
        orientation=elements.numbers("ImageOrientationPatient"),
        spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 else None,
        rows=elements.integer("Rows") or 0,
        columns=elements.integer("Columns") or 0,
        thickness_mm=elements.number("SliceThickness"),
        tilt_deg=elements.number("GantryDetectorTilt"),
        patient_position=elements.text("PatientPosition"),
        acquired_on=elements.day("AcquisitionDate"),
        manufacturer=elements.text("Manufacturer"),
        reconstruction_diameter_mm=elements.number("ReconstructionDiameter"),
        contrast=elements.text("ContrastBolusAgent"),
        scanner=" ".join(part for part in scanner if part),
        tube_voltage_kv=elements.number("KVP"),
        kernel=elements.text("ConvolutionKernel"),
    )
