"""A report as an object that an archive or a planning system can keep."""

from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError
from planchecker.results import Report

__all__ = ["DICOM_RESULT", "FORMS", "write_dicom"]

DICOM_RESULT: Final = "report.dcm"
FORMS: Final = {"pdf": "dicom", "sr": "dicom-sr"}
"""What a result can be: Encapsulated PDF, or a structured report; and the renderer of each."""


def write_dicom(report: Report, folder: Path, *, form: str = "pdf") -> Path | None:
    """Write the report as a DICOM object of the plan's patient and study.

    Parameters
    ----------
    form
        A key of `FORMS`.

    Returns
    -------
    Path or None
        The file; None where the report can be filed under no plan and study, which is no
        reason to withhold it.

    Notes
    -----
    The UIDs follow from the content of the report: the same verdict on the same input is the
    same object, so that sending it twice leaves one.
    """
    from planchecker.reports import render_document  # noqa: PLC0415 - heavy

    try:
        content = render_document(report, FORMS[form])
    except PlanCheckerError:
        return None
    path = folder / DICOM_RESULT
    path.write_bytes(content)
    return path
