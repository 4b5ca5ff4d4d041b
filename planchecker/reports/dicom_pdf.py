"""The PDF as a DICOM object: Encapsulated PDF Storage, filed with the plan."""

import io
from collections.abc import Sequence

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from planchecker.reports import pdf
from planchecker.reports.dicom_source import derived_uid, only, plan_header, reference, study_of
from planchecker.reports.style import Style
from planchecker.results import Report

__all__ = ["render"]

_SERIES_NUMBER = 9801


def render(reports: Sequence[Report], style: Style) -> bytes:
    """Write one report as an encapsulated PDF in the study of its plan.

    Raises
    ------
    PlanCheckerError
        If there are several reports, or the plan file is gone or changed.

    Notes
    -----
    DICOM PS3.3, A.45.1 (Encapsulated PDF IOD) and C.24.2 (Encapsulated Document module).
    """
    report = only(reports)
    header = plan_header(report)
    document = pdf.render([report], style)
    digest = pdf.report_digest(report)
    dataset = study_of(header)
    dataset.SOPClassUID = EncapsulatedPDFStorage
    dataset.SOPInstanceUID = derived_uid(digest, "pdf", style.lang, style.paper)
    dataset.SeriesInstanceUID = derived_uid(header.SOPInstanceUID, "planchecker pdf")
    dataset.Modality = "DOC"
    dataset.SeriesNumber = _SERIES_NUMBER
    dataset.SeriesDescription = "planchecker report"
    dataset.InstanceNumber = 1
    dataset.Manufacturer = "planchecker"
    dataset.ManufacturerModelName = "planchecker"
    dataset.SoftwareVersions = report.program_version or "unknown"
    dataset.ConversionType = "SYN"
    dataset.ContentDate = f"{style.made_at:%Y%m%d}" if style.made_at else ""
    dataset.ContentTime = f"{style.made_at:%H%M%S}" if style.made_at else ""
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = f"Plan check: {report.status.value}"
    dataset.ConceptNameCodeSequence = []
    dataset.SourceInstanceSequence = [reference(header)]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    dataset.EncapsulatedDocumentLength = len(document)
    return encoded(dataset)


def encoded(dataset: Dataset) -> bytes:
    """Return a data set as the bytes of a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    file = FileDataset(buffer, dataset, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(buffer, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return buffer.getvalue()
