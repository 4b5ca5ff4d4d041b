"""A report as an object that an archive or a planning system can keep: Encapsulated PDF."""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planchecker.results import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["DICOM_RESULT", "write_dicom"]

DICOM_RESULT: Final = "report.dcm"
_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_PLANS: Final = ("1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.8")
_PATIENT: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "IssuerOfPatientID",
    "SpecificCharacterSet",
)
_STUDY: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)


def write_dicom(report: Report, folder: Path) -> Path | None:
    """Write the report as a DICOM object of the plan's patient and study.

    Returns
    -------
    Path or None
        The file; None where the report has no plan and so belongs to no study.

    Notes
    -----
    The UIDs follow from the content of the report: the same verdict on the same input is the
    same object, so that sending it twice leaves one.
    """
    from planchecker.reports import RENDERERS  # noqa: PLC0415 - heavy

    source = next((file for file in report.inputs if file.sop_class_uid in _PLANS), None)
    if report.plan is None or source is None:
        return None
    path = folder / DICOM_RESULT
    ready: Any = RENDERERS["dicom"]([report]) if "dicom" in RENDERERS else None
    if isinstance(ready, bytes):
        path.write_bytes(ready)
        return path
    document: Any = RENDERERS["pdf"]([report]) if "pdf" in RENDERERS else None
    pdf = document if isinstance(document, bytes) else _plain_pdf(RENDERERS["terminal"]([report]))
    plan_path = next(
        file.path for file in report.inputs if file.sop_instance_uid == report.plan.sop_instance_uid
    )
    _encapsulated(report, pdf, Path(plan_path)).save_as(path, enforce_file_format=True)
    return path


def _encapsulated(report: Report, pdf: bytes, plan_path: Path) -> "Dataset":
    from pydicom import Dataset, dcmread  # noqa: PLC0415 - heavy
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid  # noqa: PLC0415

    plan = dcmread(plan_path, stop_before_pixels=True, force=True)
    seed = [hashlib.sha256(repr((report.inputs, report.findings)).encode()).hexdigest()]
    result = Dataset()
    for keyword in (*_PATIENT, *_STUDY):
        if keyword in plan:
            result[keyword] = plan[keyword]
        elif keyword not in ("IssuerOfPatientID", "SpecificCharacterSet"):
            setattr(result, keyword, "")
    result.SOPClassUID = _ENCAPSULATED_PDF
    result.SOPInstanceUID = generate_uid(entropy_srcs=["planchecker instance", *seed])
    result.SeriesInstanceUID = generate_uid(entropy_srcs=["planchecker series", *seed])
    result.SeriesNumber = 1
    result.InstanceNumber = 1
    result.Modality = "DOC"
    result.ConversionType = "WSD"
    result.Manufacturer = "planchecker"
    result.SoftwareVersions = report.program_version or "unknown"
    result.SeriesDescription = f"Plan check: {report.status.value}"
    result.ContentDate = result.ContentTime = result.AcquisitionDateTime = ""
    result.BurnedInAnnotation = "YES"
    result.DocumentTitle = f"Plan check: {report.status.value}"
    result.ConceptNameCodeSequence = []
    result.MIMETypeOfEncapsulatedDocument = "application/pdf"
    result.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    result.file_meta = FileMetaDataset()
    result.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return result


def _plain_pdf(text: str) -> bytes:
    """Set the text of the terminal on pages, for an installation without a PDF renderer."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - heavy
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    stream = BytesIO()
    # Without `invariant` the time of day would be part of the bytes.
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    lines = text.encode("latin-1", errors="replace").decode("latin-1").splitlines() or [""]
    for start in range(0, len(lines), 80):
        page = canvas.beginText(30, A4[1] - 40)
        page.setFont("Courier", 7)
        page.setLeading(9.5)
        page.textLines("\n".join(lines[start : start + 80]))
        canvas.drawText(page)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()
